"""The market: all that is known now about every instrument."""

from __future__ import annotations

import msgspec

from tui.market.candle_series import CandleSeries
from tui.market.order_book import OrderBook
from tui.market.tape import Tape
from tui.model.events import Candle, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe


class InstrumentState:
    """One instrument's state. Read freely; written through `Market` only.

    Attributes:
        last_price: newest price from any channel; `last_text` in the venue's digits.
        ticker: holds the best bid and ask in the venue's digits; `book` has them too.
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

    def series(self, timeframe: Timeframe) -> CandleSeries:
        """The candles of a timeframe; an empty series when none came yet."""
        found = self.candles.get(timeframe)
        if found is None:
            found = self.candles[timeframe] = CandleSeries()
        return found

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

    What changed is told by revisions: every tape, series, book and ticker counts its changes.
    """

    def __init__(self) -> None:
        self._instruments: dict[Instrument, InstrumentState] = {}
        self._truths: dict[Subscription, Truth] = {}

    def __getitem__(self, instrument: Instrument) -> InstrumentState:
        """The state of an instrument, made empty when it is asked for first."""
        found = self._instruments.get(instrument)
        if found is None:
            found = self._instruments[instrument] = InstrumentState(instrument)
        return found

    def __len__(self) -> int:
        return len(self._instruments)

    def instruments(self) -> list[Instrument]:
        return list(self._instruments)

    # -- truth of each subscription --------------------------------------------------------

    def truth(self, subscription: Subscription) -> Truth:
        return self._truths.get(subscription, _UNKNOWN)

    def set_truth(self, subscription: Subscription, truth: Truth) -> None:
        self._truths[subscription] = truth

    def touch(self, subscription: Subscription, ts_local: int) -> None:
        """Note that data came for a subscription at `ts_local` (ns)."""
        truth = self._truths.get(subscription, _UNKNOWN)
        self._truths[subscription] = msgspec.structs.replace(truth, last_data=ts_local)

    # -- facts -----------------------------------------------------------------------------

    def apply_ticker(self, ticker: Ticker) -> None:
        """Merge a ticker: fields that a message leaves out keep their last value, and an older
        message only fills in what is not known yet."""
        state = self[ticker.instrument]
        held = state.ticker
        if held is None:
            state.ticker = ticker
        else:
            state.ticker = _merge_tickers(held, ticker)
        state.ticker_revision += 1
        if ticker.last is not None and ticker.ts_exchange >= state.last_price_ts:
            state.note_price(ticker.last, ticker.last_text or "", ticker.ts_exchange)

    def apply_trade(self, trade: Trade) -> bool:
        """Append a trade to the tape; False for a duplicate or an old one."""
        state = self[trade.instrument]
        if not state.tape.add(trade):
            return False
        if trade.ts_exchange >= state.last_price_ts:
            state.note_price(trade.price, trade.price_text, trade.ts_exchange)
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

    def apply_candle(self, candle: Candle) -> bool:
        """Put a candle into its series; False for older news than what is held."""
        return self[candle.instrument].series(candle.timeframe).upsert(candle)

    def merge_candles(
        self, instrument: Instrument, timeframe: Timeframe, candles: list[Candle]
    ) -> int:
        """Merge fetched candles; returns how many were new or newer."""
        return self[instrument].series(timeframe).merge(candles)

    def book_changed(self, instrument: Instrument) -> None:
        """Note that the synchroniser wrote to the instrument's book."""
        self[instrument].book_revision += 1

    def set_info(self, info: InstrumentInfo) -> None:
        self[info.instrument].info = info

    def forget(self, venue: str) -> None:
        """Drop all facts of a venue, as when a replay is moved to another moment.

        The books, tapes and series stay the same objects, so that whoever holds one sees it empty.
        """
        for instrument, state in self._instruments.items():
            if instrument.venue == venue:
                state.clear()


def _merge_tickers(held: Ticker, ticker: Ticker) -> Ticker:
    # A bookTicker of Binance has no time (0): such prices are the newest by arrival.
    is_older = 0 < ticker.ts_exchange < held.ts_exchange
    news = {
        name: value
        for name in ticker.__struct_fields__
        if (value := getattr(ticker, name)) is not None
        and (not is_older or getattr(held, name) is None)
    }
    if not ticker.ts_exchange:
        del news["ts_exchange"]
    if ticker.bid is None and ticker.ask is None:
        news.pop("sequence", None)  # it belongs to bid and ask, which stay
    return msgspec.structs.replace(held, **news)


_UNKNOWN = Truth(SubscriptionStatus.OFF)
