"""Whoever watches an instrument is told of each fact of it that is news, and of no other."""

from __future__ import annotations

from typing import Any

from tui.market.market import Market
from tui.model.events import Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
TRADES = Subscription(BTC, Channel.TRADES)
LIVE = Truth(SubscriptionStatus.LIVE)


class Diary:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def traded(self, trade: Trade) -> None:
        self.told.append(trade)

    def ticker_told(self, told: Ticker, held: Ticker) -> None:
        self.told.append((told, held))

    def book_changed(self) -> None:
        self.told.append("book")

    def candle_told(self, candle: Candle) -> None:
        self.told.append(candle)

    def truth_told(self, subscription: Subscription, truth: Truth) -> None:
        self.told.append((subscription, truth))

    def forgotten(self) -> None:
        self.told.append("forgotten")


def trade(number: int, instrument: Instrument = BTC) -> Trade:
    return Trade(instrument, 10.5, 1.0, Side.BUY, number, number, number, "10.50", "1.0")


def watched() -> tuple[Market, Diary]:
    market, diary = Market(), Diary()
    market.watch(BTC, diary)
    return market, diary


def test_every_new_trade_is_told_and_no_double() -> None:
    market, diary = watched()

    for number in (1, 2, 2, 1, 3):
        market.apply_trade(trade(number))

    assert diary.told == [trade(1), trade(2), trade(3)]


def test_trades_that_were_fetched_are_not_told() -> None:
    market, diary = watched()

    market.merge_trades(BTC, [trade(1), trade(2)])

    assert diary.told == []


def test_other_instruments_are_not_told() -> None:
    market, diary = watched()

    market.apply_trade(trade(1, ETH))
    market.book_changed(ETH)

    assert diary.told == []


def test_a_ticker_is_told_with_what_is_known_now() -> None:
    market, diary = watched()
    first = Ticker(instrument=BTC, ts_exchange=1, ts_local=1, bid="9")
    second = Ticker(instrument=BTC, ts_exchange=2, ts_local=2, last=10.0)

    market.apply_ticker(first)
    market.apply_ticker(second)

    assert [told for told, _ in diary.told] == [first, second]
    held = diary.told[1][1]
    assert (held.bid, held.last) == ("9", 10.0)


def test_a_candle_is_told_when_it_is_news() -> None:
    market, diary = watched()
    candle = Candle(BTC, Timeframe(1, "m"), 60, 1.0, 1.0, 1.0, 1.0, 1.0, True, 1)

    market.apply_candle(candle)
    market.apply_candle(candle)

    assert diary.told == [candle]


def test_books_truths_and_forgetting_are_told() -> None:
    market, diary = watched()

    market.set_truth(TRADES, LIVE)
    market.book_changed(BTC)
    market.forget("BINANCE")

    assert diary.told == [(TRADES, LIVE), "book", "forgotten"]


def test_an_instrument_that_was_let_go_and_came_back_is_still_watched() -> None:
    market = Market(kept=0)
    diary = Diary()
    market.watch(BTC, diary)
    market.apply_trade(trade(1))

    market.apply_trade(trade(2))

    assert diary.told == [trade(1), trade(2)]


def test_who_watches_no_longer_is_told_no_longer_and_others_still_are() -> None:
    market, diary = watched()
    other = Diary()
    market.watch(BTC, other)
    market.apply_trade(trade(1))

    market.unwatch(BTC, diary)
    market.apply_trade(trade(2))

    assert diary.told == [trade(1)]
    assert other.told == [trade(1), trade(2)]
