"""The books of one venue: what stays of those that nobody watches."""

from __future__ import annotations

from tui.adapters.binance import BinanceAdapter
from tui.feed.book_flow import BookFlow
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.market.market import Market
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
