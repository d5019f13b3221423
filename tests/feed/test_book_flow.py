"""The books of one venue: what stays of those that nobody watches."""

from __future__ import annotations

import pytest

from tui.adapters.base import POLLED_BOOK, BookPolicy
from tui.adapters.binance import BinanceAdapter
from tui.feed.book_flow import BookFlow
from tui.feed.books import Verdict
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.market.market import Market
from tui.model.events import BookDelta, BookSnapshot
from tui.model.instrument import Instrument

BTC = Instrument("BINANCE", "BTCUSDT")


def test_only_the_best_levels_stay_of_a_book_that_nobody_watches() -> None:
    adapter, clock, market = BinanceAdapter(), ManualClock(), Market()
    books = BookFlow(
        adapter.book_policy,
        market,
        Subscriptions(adapter, FeedSettings(), clock, lambda entry: None),
        clock=clock,
        errors=ErrorLog(clock),
        needs_snapshot=lambda instrument: None,
    )
    books.watch(BTC)
    book = market[BTC].book
    book.replace(
        [(str(price), "1") for price in range(1, 1001)],
        [(str(price), "1") for price in range(1001, 2001)],
    )

    books.forget(BTC)

    assert (len(book.bids), len(book.asks)) == (200, 200)
    assert (book.bids.best_price, book.asks.best_price) == (1000.0, 1001.0)
    assert book.bids.top_raw(200)[-1] == ("801", "1")
    assert market[BTC].book_revision == 1


def make(market: Market, policy: BookPolicy) -> tuple[BookFlow, list[Instrument]]:
    adapter, clock = BinanceAdapter(), ManualClock()
    asked: list[Instrument] = []
    books = BookFlow(
        policy,
        market,
        Subscriptions(adapter, FeedSettings(), clock, lambda entry: None),
        clock=clock,
        errors=ErrorLog(clock),
        needs_snapshot=asked.append,
    )
    books.watch(BTC)
    return books, asked


def snapshot(number: int) -> BookSnapshot:
    return BookSnapshot(BTC, [("99", str(number))], [("101", "1")], number, 0, 0)


def test_many_changes_of_a_live_book_are_told_as_one() -> None:
    market = Market()
    books, _ = make(market, POLLED_BOOK)
    books.add_snapshot(snapshot(1))
    assert market[BTC].book_revision == 1

    for number in (2, 3, 4):
        assert books.add_snapshot(snapshot(number)) is Verdict.APPLIED
    assert market[BTC].book_revision == 1
    books.tell_changed([Instrument("BINANCE", "ETHUSDT")])
    assert market[BTC].book_revision == 1

    books.tell_changed([BTC])
    books.tell_changed()
    assert market[BTC].book_revision == 2


def test_a_book_is_called_wrong_before_anybody_hears_of_its_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market, told = Market(), list[str]()
    books, _ = make(market, BinanceAdapter().book_policy)
    books.add_snapshot(snapshot(10))
    books.add_delta(BookDelta(BTC, [("98", "1")], [], 11, 11, 0, 0))
    monkeypatch.setattr(books._subscriptions, "syncing", lambda *_: told.append("status"))
    monkeypatch.setattr(market, "book_changed", lambda _: told.append("levels"))

    assert books.add_delta(BookDelta(BTC, [], [], 20, 20, 0, 0)) is Verdict.NEEDS_SNAPSHOT

    assert told == ["status", "levels"]


def test_a_book_that_nobody_watches_is_nobodys_business() -> None:
    books, _ = make(Market(), POLLED_BOOK)

    assert books.add_snapshot(BookSnapshot(Instrument("X", "Y"), [], [], 1, 0, 0)) is None


def test_another_way_of_bringing_books_begins_each_anew_and_keeps_its_levels_until_then() -> None:
    market = Market()
    books, asked = make(market, BinanceAdapter().book_policy)
    books.add_snapshot(snapshot(10))
    books.add_delta(BookDelta(BTC, [("98", "1")], [], 11, 11, 0, 0))
    assert not books.is_waiting(BTC)

    books.use(POLLED_BOOK)
    assert books.is_waiting(BTC)
    assert market[BTC].book.bids.best_price == 99.0

    assert books.add_snapshot(snapshot(3)) is Verdict.APPLIED
    assert market[BTC].book.bids.top_raw(5) == [("99", "3")]
    assert asked == []


def test_the_same_way_again_disturbs_nothing() -> None:
    books, _ = make(Market(), POLLED_BOOK)
    books.add_snapshot(snapshot(1))

    books.use(BookPolicy(name="snapshot", snapshot_by_rest=False))

    assert not books.is_waiting(BTC)
