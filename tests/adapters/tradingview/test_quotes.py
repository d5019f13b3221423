"""Quotes: one session for all tickers, messages of only what changed, and symbols that are refused."""

from __future__ import annotations

import pytest
from talk import AAPL, BTC, CANDLES, NOW, NS, START, TICKER, Talk, message, of, read, said

from tui.adapters.tradingview.symbols import decimals_of, write_price
from tui.model.events import (
    Event,
    Loaded,
    ParseFailure,
    Rejection,
    Reply,
    Status,
    Ticker,
    VenueNotice,
)
from tui.model.instrument import InstrumentInfo
from tui.model.subscription import Channel, Subscription

FIELDS = (
    "lp lp_time chp volume bid ask bid_size ask_size open_price high_price low_price pricescale minmov "
    "short_name currency_code update_mode current_session"
)
BTC_TICKER = Subscription(BTC, Channel.TICKER)


def quote(session: str, **values: object) -> dict[str, object]:
    return message("qsd", session, {"n": "NASDAQ:AAPL", "s": "ok", "v": values})


def ticker(events: list[Event]) -> Ticker:
    (found,) = of(Ticker, events)
    assert isinstance(found, Ticker)
    return found


def test_all_tickers_share_one_session(talk: Talk) -> None:
    first = talk.adapter.subscribe([TICKER])
    second = talk.adapter.subscribe([BTC_TICKER])
    session = read(first[2].text)[1]

    assert said(first) == [
        ["set_auth_token", "unauthorized_user_token"],
        ["set_locale", "en", "US"],
        ["quote_create_session", session],
        ["quote_set_fields", session, *FIELDS.split()],
        ["quote_add_symbols", session, "NASDAQ:AAPL"],
    ]
    assert said(second) == [["quote_add_symbols", session, "BINANCE:BTCUSDT"]]
    assert (first[-1].request_id, first[-1].subscriptions) == (1, (TICKER,))
    assert (second[-1].request_id, second[-1].subscriptions) == (2, (BTC_TICKER,))


def test_who_asks_again_removes_the_symbol_first(talk: Talk) -> None:
    session = talk.open_quotes()

    assert talk.ask(TICKER) == [
        ["quote_remove_symbols", session, "NASDAQ:AAPL"],
        ["quote_add_symbols", session, "NASDAQ:AAPL"],
    ]


def test_what_is_given_up_is_removed_and_heard_of_no_more(talk: Talk) -> None:
    session = talk.open_quotes()

    gone = said(talk.adapter.unsubscribe([TICKER, CANDLES]))

    assert gone == [["quote_remove_symbols", session, "NASDAQ:AAPL"]]
    assert of(Ticker, talk.tell(quote(session, lp=1.0))) == []


def test_a_message_tells_only_what_changed(talk: Talk) -> None:
    session = talk.open_quotes()
    first = talk.tell(
        quote(session, lp=180.96, lp_time=START, chp=0.22, volume=5, pricescale=100, minmov=1)
    )
    second = talk.tell(quote(session, bid=180.9, ask=181))

    assert ticker(first) == Ticker(
        instrument=AAPL,
        ts_exchange=START * NS,
        ts_local=NOW,
        last=180.96,
        last_text="180.96",
        volume=5.0,
        change_percent=0.22,
    )
    assert ticker(second) == Ticker(
        instrument=AAPL, ts_exchange=START * NS, ts_local=NOW, bid="180.90", ask="181.00"
    )


def test_a_price_without_a_time_is_as_new_as_the_last_one(talk: Talk) -> None:
    session = talk.open_quotes()
    talk.tell(quote(session, lp=180.96, lp_time=START))

    assert ticker(talk.tell(quote(session, lp=180.97))).ts_exchange == START * NS


def test_an_empty_message_is_a_sign_of_life(talk: Talk) -> None:
    events = talk.tell(quote(talk.open_quotes()))

    assert ticker(events).last is None
    assert of(Loaded, events) == [Loaded(TICKER, "unofficial")]


def test_the_delay_is_told_with_the_first_price_and_when_it_changes(talk: Talk) -> None:
    session = talk.open_quotes()

    first = talk.tell(quote(session, lp=1.0, update_mode="delayed_streaming_900"))
    same = talk.tell(quote(session, lp=1.1, update_mode="delayed_streaming_900"))
    then = talk.tell(quote(session, update_mode="streaming"))

    assert of(Loaded, first) == [Loaded(TICKER, "15m late, unofficial")]
    assert of(Loaded, same) == []
    assert of(Loaded, then) == [Loaded(TICKER, "unofficial")]


def test_the_state_of_the_market_is_told_once(talk: Talk) -> None:
    session = talk.open_quotes()

    closed = talk.tell(quote(session, current_session="out_of_session"))
    same = talk.tell(quote(session, current_session="out_of_session"))

    assert of(Status, closed) == [Status("TRADINGVIEW", AAPL, "out_of_session", "", 0, NOW)]
    assert of(Status, same) == []


def test_the_price_step_may_come_in_pieces(talk: Talk) -> None:
    session = talk.open_quotes()

    first = talk.tell(quote(session, short_name="AAPL", currency_code="USD", pricescale=100))
    second = talk.tell(quote(session, minmov=1))

    assert of(InstrumentInfo, first) == []
    assert of(InstrumentInfo, second) == [InstrumentInfo(AAPL, "AAPL", "USD", "0.01")]


def test_no_value_is_none(talk: Talk) -> None:
    found = ticker(talk.tell(quote(talk.open_quotes(), lp=1e100, volume=1e100, bid_size=0)))

    assert (found.last, found.last_text, found.volume, found.bid_size) == (None, None, None, None)


def test_a_time_that_cannot_be_is_named(talk: Talk) -> None:
    events = talk.tell(quote(talk.open_quotes(), lp=5.0, lp_time=-1))

    assert of(ParseFailure, events)[0].message == "-1.0 is not a time - at `$.p[1].v.lp_time`"
    assert ticker(events).last == 5.0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"s": "error", "errmsg": "invalid symbol"}, "unknown symbol (invalid symbol)"),
        (
            {"s": "permission_denied"},
            "the symbol is not in this account's plan (permission_denied)",
        ),
        ({"s": "error"}, "error"),
    ],
)
def test_a_symbol_that_is_refused_is_rejected_alone(
    talk: Talk, body: dict[str, str], reason: str
) -> None:
    session = talk.open_quotes()
    talk.ask(BTC_TICKER)

    refused = talk.tell(message("qsd", session, {"n": "NASDAQ:AAPL", **body}))
    completed = talk.tell(message("quote_completed", session, "NASDAQ:AAPL"))
    other = talk.tell(message("qsd", session, {"n": "BINANCE:BTCUSDT", "s": "ok", "v": {"lp": 7}}))

    assert of(Rejection, refused) == [Rejection(reason, subscription=TICKER)]
    assert of(Ticker, completed) == []
    assert ticker(other).last == 7.0


def test_a_session_that_ends_is_opened_again_once(talk: Talk) -> None:
    session = talk.open_quotes()

    reopened = talk.tell(message("critical_error", session, "unknown_session_id"))
    second = read(of(Reply, reopened)[0].text)[1]
    ended = talk.tell(message("critical_error", second, "unknown_session_id"))
    later = talk.ask(TICKER)

    assert [read(one.text)[0] for one in of(Reply, reopened)] == [
        "quote_create_session",
        "quote_set_fields",
        "quote_add_symbols",
    ]
    assert of(VenueNotice, reopened)[0].message == (
        "quotes are asked for again: the session is gone (unknown_session_id)"
    )
    assert of(Rejection, ended) == [
        Rejection("the session is gone (unknown_session_id)", subscription=TICKER)
    ]
    assert later[0][0] == "quote_create_session"


def test_many_symbols_are_asked_for_in_several_messages(talk: Talk) -> None:
    talk.open_quotes()
    talk.adapter.unsubscribe([TICKER])
    asked = talk.adapter._decoder.quotes.add(f"X:{number}" for number in range(120))

    assert [len(read(one)) - 2 for one in asked] == [50, 50, 20]


@pytest.mark.parametrize(
    ("pricescale", "decimals"),
    [(1, 0), (100, 2), (10**8, 8), (32, None), (None, None), (0, None), (1e300, None)],
)
def test_digits_come_from_the_price_scale(pricescale: float | None, decimals: int | None) -> None:
    assert decimals_of(pricescale) == decimals


@pytest.mark.parametrize(
    ("price", "decimals", "text"),
    [
        (180.9, 2, "180.90"),
        (8004.8000000000001819, None, "8004.8"),
        (1e-7, None, "0.0000001"),
        (None, 2, None),
        (1e20, None, "100000000000000000000"),
    ],
)
def test_prices_are_written_with_their_digits(
    price: float | None, decimals: int | None, text: str | None
) -> None:
    assert write_price(price, decimals) == text
