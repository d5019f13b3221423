"""The market: all that is known now about every instrument."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import overload

import msgspec

from tui.market.announced import Notices, VenueMetrics
from tui.market.built_candles import BuiltSeries
from tui.market.candle_series import CandleSeries, Past
from tui.market.order_book import OrderBook
from tui.market.studies import Studies
from tui.market.tape import Tape
from tui.market.watcher import Watcher
from tui.model.events import Candle, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe

_KEPT = 100
"""Instruments that nobody wants any more and whose data is kept, in case somebody returns."""


class CarriedCandles(Sequence[Candle]):
    """Candles with another one in the newest one's place; those are not copied."""

    def __init__(self, candles: Sequence[Candle], newest: Candle) -> None:
        """Begin with at least one candle."""
        self._candles = candles
        self._newest = newest

    def __len__(self) -> int:
        return len(self._candles)

    @overload
    def __getitem__(self, index: int) -> Candle: ...

    @overload
    def __getitem__(self, index: slice) -> list[Candle]: ...

    def __getitem__(self, index: int | slice) -> Candle | list[Candle]:
        last = len(self._candles) - 1
        if isinstance(index, int):
            return self._newest if index in (-1, last) else self._candles[index]
        found = list(self._candles[index])
        places = range(*index.indices(last + 1))
        if last in places:
            found[places.index(last)] = self._newest
        return found


class InstrumentState:
    """One instrument's state. Read freely; written through `Market` only.

    Attributes:
        last_price: newest price from any channel; `last_text` in the venue's digits.
        ticker: holds the best bid and ask in the venue's digits; `book` has them too.
        watchers: who is told of every fact.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.info: InstrumentInfo | None = None
        self.ticker: Ticker | None = None
        self.ticker_revision = 0
        self.last_price: float | None = None
        self.last_text = ""
        self.last_price_ts = 0
        self.book = OrderBook()
        self.book_revision = 0
        self.tape = Tape()
        self.candles: dict[Timeframe, CandleSeries] = {}
        self.watchers: tuple[Watcher, ...] = ()

    def series(self, timeframe: Timeframe) -> CandleSeries:
        """The candles of a timeframe; an empty series when none came yet."""
        found = self.candles.get(timeframe)
        if found is None:
            found = self.candles[timeframe] = CandleSeries()
        return found

    def carried_candles(self, timeframe: Timeframe) -> Sequence[Candle]:
        """The held candles, the open one carried on to the newest price; do not keep across a change."""
        series = self.candles.get(timeframe)
        if series is None or series.last is None:
            return ()
        last, price = series.last, self.last_price
        if (
            price is None
            or last.closed
            or self.last_price_ts < last.ts_exchange
            or timeframe.floor(self.last_price_ts) != last.open_time
        ):
            return series.candles
        carried = msgspec.structs.replace(
            last, close=price, high=max(last.high, price), low=min(last.low, price)
        )
        return CarriedCandles(series.candles, carried)

    def note_price(self, price: float, text: str, ts_exchange: int) -> None:
        self.last_price = price
        self.last_text = text or f"{price:.10f}".rstrip("0").rstrip(".")
        self.last_price_ts = ts_exchange

    def clear(self) -> None:
        """Forget everything but what the venue tells of the instrument; revisions run on."""
        self.ticker = None
        self.ticker_revision += 1
        self.last_price = None
        self.last_text = ""
        self.last_price_ts = 0
        self.book.replace((), ())
        self.book_revision += 1
        self.tape.clear()
        for series in self.candles.values():
            series.clear()


class Market:
    """The single store that feeds write and the screen reads; one thread only.

    What changed is told by revisions: every tape, series, book and ticker counts its changes. Of the
    instruments that nobody is subscribed to, only those looked at last keep their data.

    Attributes:
        metrics: named figures that venues publish. notices: their alerts and states.
        studies: what venues compute of their candles.
    """

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._kept = kept
        self._instruments: dict[Instrument, InstrumentState] = {}
        self._truths: dict[Subscription, Truth] = {}
        self._wanted: dict[Instrument, set[Subscription]] = {}
        self._unwanted: OrderedDict[Instrument, None] = OrderedDict()
        self._watchers: dict[Instrument, tuple[Watcher, ...]] = {}
        # Candles that are built, and those they are built of.
        self._built: dict[Subscription, Subscription] = {}
        self.metrics = VenueMetrics()
        self.notices = Notices()
        self.studies = Studies()

    def __getitem__(self, instrument: Instrument) -> InstrumentState:
        """The state of an instrument, made empty when it is asked for first."""
        found = self._instruments.get(instrument)
        if found is None:
            found = self._instruments[instrument] = InstrumentState(instrument)
            found.watchers = self._watchers.get(instrument, ())
            if instrument not in self._wanted:
                self._let_go(instrument)
        return found

    def __len__(self) -> int:
        return len(self._instruments)

    def instruments(self) -> list[Instrument]:
        return list(self._instruments)

    def watch(self, instrument: Instrument, watcher: Watcher) -> None:
        """Tell `watcher` of every fact of an instrument from now on."""
        self._set_watchers(instrument, (*self._watchers.get(instrument, ()), watcher))

    def unwatch(self, instrument: Instrument, watcher: Watcher) -> None:
        """Tell it no longer."""
        held = self._watchers.get(instrument, ())
        self._set_watchers(instrument, tuple(one for one in held if one is not watcher))

    def _set_watchers(self, instrument: Instrument, watchers: tuple[Watcher, ...]) -> None:
        self._watchers[instrument] = watchers
        if not watchers:
            del self._watchers[instrument]
        if instrument in self._instruments:
            self._instruments[instrument].watchers = watchers

    # -- truth of each subscription --------------------------------------------------------

    def truth(self, subscription: Subscription) -> Truth:
        """How a subscription stands; candles that are built stand as those they are built of."""
        return self._truths.get(self._built.get(subscription, subscription), _UNKNOWN)

    def set_truth(self, subscription: Subscription, truth: Truth) -> None:
        """Say how a subscription stands; one that is OFF is wanted no longer."""
        self._truths[subscription] = truth
        instrument = subscription.instrument
        if truth.status is not SubscriptionStatus.OFF:
            self._wanted.setdefault(instrument, set()).add(subscription)
            self._unwanted.pop(instrument, None)
        elif instrument in self._wanted:
            self._wanted[instrument].discard(subscription)
            if not self._wanted[instrument]:
                del self._wanted[instrument]
                self._let_go(instrument)
        for watcher in self._watchers.get(instrument, ()):
            watcher.truth_told(subscription, truth)

    def touch(self, subscription: Subscription, ts_local: int) -> None:
        """Note that data came for a subscription at `ts_local` (ns)."""
        truth = self._truths.get(subscription, _UNKNOWN)
        self._truths[subscription] = msgspec.structs.replace(truth, last_data=ts_local)

    # -- facts -----------------------------------------------------------------------------

    def apply_ticker(self, ticker: Ticker) -> bool:
        """Merge a ticker: fields that a message leaves out keep their last value, and an older
        message only fills in what is not known yet; False when it said nothing new."""
        state = self[ticker.instrument]
        held = state.ticker
        if held is None:
            state.ticker = ticker
        else:
            merged = _merge_tickers(held, ticker)
            if merged is None:
                return False
            state.ticker = merged
        state.ticker_revision += 1
        if ticker.last is not None and ticker.ts_exchange >= state.last_price_ts:
            state.note_price(ticker.last, ticker.last_text or "", ticker.ts_exchange)
        for watcher in state.watchers:
            watcher.ticker_told(ticker, state.ticker)
        return True

    def apply_trade(self, trade: Trade) -> bool:
        """Append a trade to the tape; False for a duplicate or an old one."""
        state = self[trade.instrument]
        if not state.tape.add(trade):
            return False
        if trade.ts_exchange >= state.last_price_ts:
            state.note_price(trade.price, trade.price_text, trade.ts_exchange)
        for watcher in state.watchers:
            watcher.traded(trade)
        return True

    def merge_trades(self, instrument: Instrument, trades: list[Trade]) -> int:
        """Merge fetched trades; returns how many were new."""
        state = self[instrument]
        added = state.tape.merge(trades)
        if added:
            newest = state.tape.last
            if newest is not None and newest.ts_exchange >= state.last_price_ts:
                state.note_price(newest.price, newest.price_text, newest.ts_exchange)
        return added

    def mark_missed(self, instrument: Instrument, count: int) -> None:
        """Say on the tape that `count` trades were missed."""
        self[instrument].tape.mark_missed(count)

    def mark_some_missed(self, instrument: Instrument) -> None:
        """Say on the tape that trades may have been missed, nobody knows how many."""
        self[instrument].tape.mark_some_missed()

    def apply_candle(self, candle: Candle) -> bool:
        """Put a candle into its series; False for older news than what is held."""
        state = self[candle.instrument]
        if not state.series(candle.timeframe).upsert(candle):
            return False
        for watcher in state.watchers:
            watcher.candle_told(candle)
        return True

    def merge_candles(
        self, instrument: Instrument, timeframe: Timeframe, candles: list[Candle]
    ) -> int:
        """Merge fetched candles; returns how many were new or newer."""
        return self[instrument].series(timeframe).merge(candles)

    def build_candles(self, built: Subscription, parts: Subscription) -> None:
        """Let the candles of a timeframe be what those of a shorter one add up to, from now on."""
        assert built.timeframe is not None
        assert parts.timeframe is not None
        state = self[built.instrument]
        series = state.series(parts.timeframe)
        held = state.candles.get(built.timeframe)
        if not isinstance(held, BuiltSeries) or held.parts is not series:
            state.candles[built.timeframe] = BuiltSeries(series, built.timeframe)
        self._built[built] = parts

    def tell_past(self, subscription: Subscription, past: Past) -> None:
        """Say what there is before the oldest candle of a series."""
        assert subscription.timeframe is not None
        self[subscription.instrument].series(subscription.timeframe).tell_past(past)

    def book_changed(self, instrument: Instrument) -> None:
        """Note that the synchroniser wrote to the instrument's book."""
        state = self[instrument]
        state.book_revision += 1
        for watcher in state.watchers:
            watcher.book_changed()

    def set_info(self, info: InstrumentInfo) -> None:
        self[info.instrument].info = info

    def forget(self, venue: str) -> None:
        """Drop all facts of a venue, as when a replay is moved to another moment.

        The books, tapes and series stay the same objects, so that whoever holds one sees it empty.
        """
        for instrument, state in self._instruments.items():
            if instrument.venue == venue:
                state.clear()
                for watcher in state.watchers:
                    watcher.forgotten()
        self.metrics.forget(venue)
        self.notices.forget(venue)
        self.studies.forget(venue)

    def _let_go(self, instrument: Instrument) -> None:
        """Nobody wants this instrument: keep it only while it is among the last of its kind."""
        self._unwanted[instrument] = None
        self._unwanted.move_to_end(instrument)
        while len(self._unwanted) > self._kept:
            oldest, _ = self._unwanted.popitem(last=False)
            self._instruments.pop(oldest, None)
            for known in (self._truths, self._built):
                for subscription in [one for one in known if one.instrument == oldest]:
                    del known[subscription]


def _merge_tickers(held: Ticker, ticker: Ticker) -> Ticker | None:
    """The two as one; None when the older message says nothing that was not known."""
    # A bookTicker of Binance has no time (0): such prices are the newest by arrival.
    is_older = 0 < ticker.ts_exchange < held.ts_exchange
    news = {
        name: value
        for name in ticker.__struct_fields__
        if (value := getattr(ticker, name)) is not None
        and (not is_older or getattr(held, name) is None)
    }
    if is_older and not news:
        return None
    if not ticker.ts_exchange:
        del news["ts_exchange"]
    if ticker.bid is None and ticker.ask is None:
        news.pop("sequence", None)  # it belongs to bid and ask, which stay
    return msgspec.structs.replace(held, **news)


_UNKNOWN = Truth(SubscriptionStatus.OFF)
