"""Where no stream gets through, Kraken's REST answers bring the same events."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tui.adapters.base import POLLED_BOOK
from tui.adapters.kraken import KrakenAdapter
from tui.model.errors import InstrumentError, TransportError
from tui.model.events import BookSnapshot, ParseFailure, Ticker
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import EventFrame, PollRequest, TransportKind

BTC = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe(1, "m")
BASE = "https://api.kraken.com/0/public"
REFUSED = b'{"error":["EQuery:Unknown asset pair"]}'


@pytest.fixture
def adapter() -> KrakenAdapter:
    return KrakenAdapter()


def polls(adapter: KrakenAdapter, *wanted: Subscription) -> dict[str, PollRequest]:
    request = adapter.stream(TransportKind.POLL, wanted)
    return {poll.key: poll for poll in request.polls}


def answer(adapter: KrakenAdapter, key: str, body: bytes) -> list[Any]:
    return list(adapter.decode(EventFrame(body, key), 5))


def result(**fields: Any) -> bytes:
    return json.dumps({"error": [], "result": fields}).encode()


def trades(*numbers: int) -> bytes:
    rows = [["100.5", "0.1", 1790733000 + n, "b", "l", "", n] for n in numbers]
    return result(XXBTZUSD=rows, last=f"{1790733000 + max(numbers, default=0)}000000000")


def candles(*minutes: int) -> bytes:
    rows = [[60 * n, "1.0", "3.0", "0.5", "2.0", "1.5", "9.0", 2] for n in minutes]
    return result(XXBTZUSD=rows, last=60 * minutes[-2])


def ticker(last: str) -> dict[str, Any]:
    return {
        "a": ["101.0", "2", "2.5"], "b": ["99.0", "1", "1.5"], "c": [last, "0.1"],
        "v": ["1", "5"], "p": ["1", "100"], "l": ["1", "98"], "h": ["1", "102"],
    }  # fmt: skip


def learn(adapter: KrakenAdapter, *pairs: str) -> None:
    listed = {
        pair.replace("/", ""): {"altname": pair.replace("/", ""), "wsname": pair} for pair in pairs
    }
    adapter.instruments_request().decode(result(**listed), 1)


# -- what is asked ---------------------------------------------------------------------------


def test_each_channel_has_an_address_of_its_own(adapter: KrakenAdapter) -> None:
    channels = (Channel.TICKER, Channel.TRADES, Channel.BOOK)

    asked = polls(
        adapter,
        *(Subscription(BTC, channel) for channel in channels),
        Subscription(BTC, Channel.CANDLES, Timeframe(4, "h")),
    )

    assert {key: (poll.url, poll.params) for key, poll in asked.items()} == {
        "ticker@BTC/USD": (f"{BASE}/Ticker", {"pair": "XBTUSD"}),
        "trades@BTC/USD": (f"{BASE}/Trades", {"pair": "XBTUSD", "count": "1"}),
        "book@BTC/USD": (f"{BASE}/Depth", {"pair": "XBTUSD", "count": "100"}),
        "candles_240@BTC/USD": (f"{BASE}/OHLC", {"pair": "XBTUSD", "interval": "240"}),
    }


def test_all_polls_together_take_half_of_the_venues_budget_at_most(adapter: KrakenAdapter) -> None:
    wanted = [Subscription(Instrument("KRAKEN", f"C{n}/USD"), Channel.BOOK) for n in range(20)]

    asked = polls(adapter, *wanted)

    assert {poll.min_interval_s for poll in asked.values()} == {32.0}
    assert sum(1 / poll.min_interval_s for poll in asked.values()) == pytest.approx(0.625)


def test_tickers_of_listed_pairs_share_requests_and_an_unknown_one_harms_none(
    adapter: KrakenAdapter,
) -> None:
    names = [f"C{n}/USD" for n in range(21)]
    learn(adapter, *names)

    asked = polls(
        adapter,
        *(
            Subscription(Instrument("KRAKEN", name), Channel.TICKER)
            for name in (*names, "GONE/USD")
        ),
    )

    assert [poll.params["pair"].count(",") + 1 for poll in asked.values()] == [1, 20, 1]
    assert asked["ticker@GONE/USD"].params == {"pair": "GONEUSD"}


def test_an_old_name_is_no_instrument_here_either(adapter: KrakenAdapter) -> None:
    with pytest.raises(InstrumentError):
        polls(adapter, Subscription(Instrument("KRAKEN", "XBT/USD"), Channel.BOOK))


def test_trades_go_on_from_the_newest_moment(adapter: KrakenAdapter) -> None:
    cursor = polls(adapter, Subscription(BTC, Channel.TRADES))["trades@BTC/USD"].cursor

    assert cursor is not None
    assert cursor(trades(8, 9), {}) == {"since": "1790733008999999999", "count": "1000"}
    assert cursor(trades(), {}) == {}


def test_candles_go_on_from_the_last_one_that_is_over(adapter: KrakenAdapter) -> None:
    cursor = polls(adapter, Subscription(BTC, Channel.CANDLES, MINUTE))["candles_1@BTC/USD"].cursor

    assert cursor is not None
    assert cursor(candles(7, 8, 9), {}) == {"since": "479"}


@pytest.mark.parametrize(
    ("words", "status", "wait_s", "fatal"),
    [
        ("EQuery:Unknown asset pair", 400, None, True),
        ("EAPI:Rate limit exceeded", 429, 5.0, False),
        ("EService:Unavailable", 503, None, False),
    ],
)
def test_a_refusal_in_a_good_answer_is_one(
    adapter: KrakenAdapter, words: str, status: int, wait_s: float | None, fatal: bool
) -> None:
    check = polls(adapter, Subscription(BTC, Channel.BOOK))["book@BTC/USD"].check
    assert check is not None

    with pytest.raises(TransportError, match=words) as caught:
        check(json.dumps({"error": [words]}).encode(), 1)

    error = caught.value
    assert (error.status, error.retry_after_s, error.fatal) == (status, wait_s, fatal)
    check(trades(1), 1)
    check(b"not even an answer", 1)


# -- what comes ------------------------------------------------------------------------------


def test_a_polled_book_is_whole_and_no_checksum_is_claimed_for_it(adapter: KrakenAdapter) -> None:
    body = result(XXBTZUSD={"asks": [["101.0", "2.000", 1]], "bids": [["99.0", "1.000", 1]]})

    assert answer(adapter, "book@BTC/USD", body) == [
        BookSnapshot(BTC, [("99.0", "1.000")], [("101.0", "2.000")], 0, 0, 5)
    ]
    assert adapter.book_policy_by(TransportKind.POLL) == POLLED_BOOK
    assert adapter.book_policy_by(TransportKind.WEBSOCKET).name == "checksum"


def test_the_first_trades_are_history_and_none_is_told_twice(adapter: KrakenAdapter) -> None:
    first = answer(adapter, "trades@BTC/USD", trades(7))
    second = answer(adapter, "trades@BTC/USD", trades(7, 8, 9))
    third = answer(adapter, "trades@BTC/USD", trades(9))
    adapter.connection_lost()
    fourth = answer(adapter, "trades@BTC/USD", trades(9))

    found = [(trade.trade_id, trade.from_history) for trade in first + second + third + fourth]
    assert found == [(7, True), (8, False), (9, False), (9, True)]


def test_trades_that_the_first_protocol_tells_without_ids_are_not_told_twice_either() -> None:
    adapter = KrakenAdapter({"protocol": "v1"})
    answer(adapter, "trades@BTC/USD", trades(7))

    (trade,) = answer(adapter, "trades@BTC/USD", trades(7, 8))

    assert (trade.trade_id, trade.ts_exchange) == (None, 1790733008 * NS)


def test_of_the_first_candles_only_the_newest_are_told(adapter: KrakenAdapter) -> None:
    first = answer(adapter, "candles_1@BTC/USD", candles(*range(1, 100)))
    later = answer(adapter, "candles_1@BTC/USD", candles(*range(98, 103)))

    assert [(one.open_time // (60 * NS), one.closed) for one in first] == [
        (97, True),
        (98, True),
        (99, False),
    ]
    assert [(one.open_time // (60 * NS), one.closed) for one in later] == [
        (98, True),
        (99, True),
        (100, True),
        (101, True),
        (102, False),
    ]
    assert {one.ts_exchange for one in first + later} == {0}


def test_a_polled_ticker_is_of_now(adapter: KrakenAdapter) -> None:
    body = result(XXBTZUSD=ticker("100.0"))

    (before,) = answer(adapter, "ticker@BTC/USD", body)
    answer(adapter, "trades@BTC/USD", trades(7))
    (after,) = answer(adapter, "ticker@BTC/USD", body)

    assert isinstance(before, Ticker)
    assert (before.instrument, before.last_text, before.bid) == (BTC, "100.0", "99.0")
    assert before.ts_exchange == 5  # when it came: the venue told no time yet
    assert after.ts_exchange == 1790733007 * NS  # no older than the trade that was told before


def test_one_answer_brings_several_tickers(adapter: KrakenAdapter) -> None:
    body = result(XXBTZUSD=ticker("100.0"), XETHZEUR=ticker("7.0"))

    found = answer(adapter, "ticker@BTC/USD,ETH/EUR", body)

    assert [(one.instrument.symbol, one.last_text) for one in found] == [
        ("BTC/USD", "100.0"),
        ("ETH/EUR", "7.0"),
    ]


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        ("book@BTC/USD", b"<html>", "book@BTC/USD: "),
        ("book@BTC/USD", REFUSED, "book@BTC/USD: EQuery:Unknown asset pair"),
        ("trades@BTC/USD", b'{"error":[],"result":{"X":[[1]],"last":"1"}}', "trades@BTC/USD: "),
        ("candles_1@BTC/USD", b'{"error":[],"result":{"X":[]}}', r"missing - at `$.result.last`"),
        ("candles_3@BTC/USD", b"{}", "an answer to an unknown question 'candles_3@BTC/USD'"),
        ("", b"{}", "an answer to an unknown question ''"),
    ],
)
def test_an_answer_that_cannot_be_read_is_an_error_that_names_it(
    adapter: KrakenAdapter, key: str, body: bytes, words: str
) -> None:
    (failure,) = answer(adapter, key, body)

    assert isinstance(failure, ParseFailure)
    assert words in failure.message


def test_every_field_of_an_answer_may_be_garbage(adapter: KrakenAdapter) -> None:
    kinds = ("ticker", "trades", "book", "candles_1")
    for kind in kinds:
        for garbage in (None, -1, 1e400, "x", [], {}, [[]], [None] * 8, {"X": {"asks": 1}}):
            body = msgspec.json.encode({"error": [], "result": garbage})
            events = answer(adapter, f"{kind}@BTC/USD", body)
            assert all(isinstance(event, ParseFailure) for event in events)
