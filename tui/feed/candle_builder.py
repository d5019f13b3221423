"""Candles from trades, for venues that do not stream candles and for timeframes that they lack."""

from __future__ import annotations

from collections import OrderedDict

from tui.model.events import Candle, Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

_HELD = 4


class _Sum:
    """One candle in the making."""

    __slots__ = (
        "bought",
        "close",
        "complete",
        "end",
        "first_ts",
        "high",
        "last_ts",
        "low",
        "open",
        "open_time",
        "quote",
        "trades",
        "volume",
    )

    def __init__(self, open_time: int, end: int, price: float, ts: int) -> None:
        self.open_time = open_time
        self.end = end
        self.open = self.high = self.low = self.close = price
        self.first_ts = self.last_ts = ts
        self.complete = False
        self.volume = self.quote = self.bought = 0.0
        self.trades = 0

    def add(self, trade: Trade) -> None:
        price = trade.price
        if price > self.high:
            self.high = price
        if price < self.low:
            self.low = price
        if trade.ts_exchange < self.first_ts:
            self.open, self.first_ts = price, trade.ts_exchange
        if trade.ts_exchange >= self.last_ts:
            self.close, self.last_ts = price, trade.ts_exchange
        self.volume += trade.size
        self.quote += trade.size * price
        if trade.aggressor is Side.BUY:
            self.bought += trade.size
        self.trades += 1


class CandleBuilder:
    """The candles of one instrument and timeframe, added up trade by trade.

    The last few candles are held, so that a late trade still corrects the one it belongs to. The
    first candle after a start or a gap lacks the trades before it, unless `seed` supplied them:
    `take_incomplete` names such candles once they closed, for their owner to fetch.
    """

    def __init__(self, instrument: Instrument, timeframe: Timeframe) -> None:
        self._instrument = instrument
        self._timeframe = timeframe
        self._held: OrderedDict[int, _Sum] = OrderedDict()
        self._span = (0, 0)
        self._closed_until = 0
        self._whole_from: int | None = None
        self._incomplete: list[int] = []

    def seed(self, candle: Candle) -> None:
        """Start the open candle from one that was fetched, unless all its trades are here."""
        known = self._held.get(candle.open_time)
        if known is not None and known.complete:
            return
        end = self._timeframe.next_open(candle.open_time)
        held = _Sum(candle.open_time, end, candle.open, candle.open_time)
        held.high, held.low, held.close = candle.high, candle.low, candle.close
        held.last_ts = max(candle.ts_exchange, candle.open_time)
        held.volume, held.quote = candle.volume, candle.quote_volume
        held.bought = candle.taker_buy_volume or 0.0
        held.trades = candle.trades
        self._held[candle.open_time] = held
        # Dictionaries keep the order of insertion, and the newest must stand last.
        for open_time in sorted(self._held):
            self._held.move_to_end(open_time)

    def interrupt(self) -> None:
        """Trades were missed: the open candle, and the one that comes next, are not whole."""
        self._whole_from = None
        for held in self._held.values():
            if held.end > self._closed_until:
                held.complete = False

    def add(self, trade: Trade) -> list[Candle]:
        """Count a trade; returns the candles that changed, oldest first.

        A trade too old for any held candle changes nothing.
        """
        ts = trade.ts_exchange
        start, end = self._span
        if not start <= ts < end:
            start = self._timeframe.floor(ts)
            end = self._timeframe.next_open(ts)
        if self._whole_from is None:
            self._whole_from = end
        newest = next(reversed(self._held)) if self._held else None
        held = self._held.get(start)
        changed: list[Candle] = []
        if held is None:
            if newest is not None and start < newest:
                return []
            changed.extend(self.close_until(start, trade.ts_local))
            held = _Sum(start, end, trade.price, ts)
            held.complete = start >= self._whole_from
            self._held[start] = held
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._span = (start, end)
        held.add(trade)
        changed.append(self._candle(held, trade.ts_local))
        return changed

    def close_until(self, ts: int, ts_local: int) -> list[Candle]:
        """Close the candles that ended by `ts` (ns, the venue's time); returns those newly closed."""
        closed: list[Candle] = []
        for held in self._held.values():
            if self._closed_until < held.end <= ts:
                self._closed_until = held.end
                closed.append(self._candle(held, ts_local))
                if not held.complete:
                    self._incomplete.append(held.open_time)
        return closed

    def take_incomplete(self) -> list[int]:
        """Open times (ns) of candles that closed without all of their trades, each told once."""
        incomplete, self._incomplete = self._incomplete, []
        return incomplete

    def _candle(self, held: _Sum, ts_local: int) -> Candle:
        return Candle(
            instrument=self._instrument,
            timeframe=self._timeframe,
            open_time=held.open_time,
            open=held.open,
            high=held.high,
            low=held.low,
            close=held.close,
            volume=held.volume,
            closed=held.end <= self._closed_until,
            ts_exchange=held.last_ts,
            ts_local=ts_local,
            quote_volume=held.quote,
            taker_buy_volume=held.bought,
            trades=held.trades,
        )
