"""A described feed without a stream: what is asked again and again, and what of an answer is news."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tui.adapters.base import POLLED_BOOK
from tui.adapters.generic import DescribedAdapter
from tui.model.events import BookSnapshot, Candle, Event, Gap, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, StreamRequest, TransportKind

Make = Callable[[str], DescribedAdapter]
GOLD = Instrument("DESK", "GOLD")
TRADES = Subscription(GOLD, Channel.TRADES)
BOOK = Subscription(GOLD, Channel.BOOK)
CANDLES = Subscription(GOLD, Channel.CANDLES, Timeframe.parse("1h"))
NOW = 1_700_000_000 * 10**9

POLLED = """
rest = "https://desk.example"
symbol_case = "lower"
timeframes = { "1h" = "hour" }

[requests.trades]
url = "/trades/{symbol}?n={limit}"
every_s = 2
id = "/id"
price = "/p"
size = "/q"
time = "/t"
rows = ""

[requests.book]
url = "https://books.example/{symbol}"
every_s = 1.5
bids = "/b"
asks = "/a"

[requests.candles]
url = "/candles?symbol={symbol}&span={timeframe}&n={limit}&from={start}"
every_s = 5
rows = "/rows"
time = "/t"
open = "/o"
high = "/o"
low = "/o"
close = "/o"
volume = "/o"
"""


def ask(adapter: DescribedAdapter, *wanted: Subscription) -> StreamRequest:
    return adapter.stream(TransportKind.POLL, wanted)


def answer(adapter: DescribedAdapter, key: str, body: object) -> list[Event]:
    return adapter.decode(EventFrame(json.dumps(body).encode(), key), NOW)


def trade(number: int, at: int) -> dict[str, Any]:
    return {"id": f"x{number}", "p": number, "q": 1, "t": at}


def test_each_wish_is_an_address_of_its_own(described: Make) -> None:
    adapter = described(POLLED)

    polls = ask(adapter, TRADES, BOOK, CANDLES).polls

    assert adapter.transports == (TransportKind.POLL,)
    assert adapter.channels == {Channel.TRADES, Channel.BOOK, Channel.CANDLES}
    assert [(poll.url, poll.params, poll.min_interval_s) for poll in polls] == [
        ("https://desk.example/trades/gold", {"n": "100"}, 2.0),
        ("https://books.example/gold", {}, 1.5),
        ("https://desk.example/candles", {"symbol": "gold", "span": "hour", "n": "3"}, 5.0),
    ]
    assert len({poll.key for poll in polls}) == 3


def test_asking_where_it_connects_forgets_no_question(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, BOOK).polls

    adapter.stream(TransportKind.POLL)

    assert isinstance(answer(adapter, poll.key, {"b": [], "a": []})[0], BookSnapshot)


def test_a_polled_book_is_the_whole_book(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, BOOK).polls

    (book,) = answer(adapter, poll.key, {"b": {"99": 1}, "a": {"101": 2}})

    assert isinstance(book, BookSnapshot)
    assert (book.instrument, book.bids, book.asks) == (GOLD, [("99", "1")], [("101", "2")])
    assert adapter.book_policy_by(TransportKind.POLL) == POLLED_BOOK


def test_the_first_answers_trades_are_history_and_later_only_the_new_ones_count(
    described: Make,
) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, TRADES).polls

    first = answer(adapter, poll.key, [trade(2, 2), trade(1, 1)])
    second = answer(adapter, poll.key, [trade(3, 3), trade(2, 2)])
    third = answer(adapter, poll.key, [trade(3, 3), trade(2, 2)])

    assert [(one.price, one.from_history) for one in first if isinstance(one, Trade)] == [
        (1.0, True),
        (2.0, True),
    ]
    assert [(one.price, one.from_history) for one in second if isinstance(one, Trade)] == [
        (3.0, False)
    ]
    assert third == []


def test_answers_without_a_trade_in_common_may_have_missed_some(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, TRADES).polls
    answer(adapter, poll.key, [trade(1, 1)])

    gap, fresh = answer(adapter, poll.key, [trade(9, 9)])

    assert gap == Gap("trades between two answers may be missing", NOW, TRADES)
    assert isinstance(fresh, Trade)


def test_an_empty_answer_misses_nothing(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, TRADES).polls

    assert answer(adapter, poll.key, []) == []
    assert [type(one) for one in answer(adapter, poll.key, [trade(1, 1)])] == [Trade]


def test_trades_without_ids_are_told_apart_by_all_that_is_known_of_them(described: Make) -> None:
    adapter = described(POLLED.replace('id = "/id"\n', ""))
    (poll,) = ask(adapter, TRADES).polls
    answer(adapter, poll.key, [trade(1, 1), trade(1, 1)])

    fresh = answer(adapter, poll.key, [trade(1, 1), trade(1, 1), trade(1, 1), trade(2, 1)])

    assert [getattr(one, "price", 0) for one in fresh] == [1.0, 2.0]


def test_after_a_new_connection_the_first_answer_is_history_again(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, TRADES).polls
    answer(adapter, poll.key, [trade(1, 1)])

    adapter.connection_lost()
    (again,) = answer(adapter, poll.key, [trade(1, 1)])

    assert isinstance(again, Trade)
    assert again.from_history


def test_polled_candles_are_closed_by_the_next_whatever_their_order(described: Make) -> None:
    adapter = described(POLLED)
    (poll,) = ask(adapter, CANDLES).polls
    rows = [{"t": hour * 3_600_000, "o": 1} for hour in (3, 2)]

    for body in ({"rows": rows}, {"rows": rows[::-1]}):
        adapter.connection_lost()
        events = answer(adapter, poll.key, body)
        last = {one.open_time: one.closed for one in events if isinstance(one, Candle)}

        assert last == {2 * 3_600 * 10**9: True, 3 * 3_600 * 10**9: False}


def test_one_question_for_all_symbols_is_asked_once(described: Make) -> None:
    adapter = described("rates")
    wanted = [
        Subscription(Instrument("RATES", symbol), Channel.TICKER)
        for symbol in ("EUR-USD", "GBP-USD")
    ]

    (poll,) = ask(adapter, *wanted).polls
    body = {"at": "2024-08-08T12:00:00Z", "rates": {"EUR-USD": {"bid": 1.08, "ask": "1.0900"}}}
    (ticker,) = answer(adapter, poll.key, body)

    assert poll.params == {"pairs": "EUR-USD,GBP-USD"}
    assert isinstance(ticker, Ticker)
    assert (ticker.instrument, ticker.bid, ticker.ask) == (wanted[0].instrument, "1.08", "1.0900")
    assert ticker.ts_exchange == 1_723_118_400 * 10**9
