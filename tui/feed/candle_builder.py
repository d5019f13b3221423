"""Candles from trades, for venues that do not stream candles and for timeframes that they lack."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

from tui.model.events import Candle, Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

HELD = 64
"""Candles of which late trades still correct the one they belong to."""

_RECENT = 1024
_RECENT_HISTORY = 256
# A series holds no more, and nobody looks at more.
_MOST_FLAT = 10_000
_MOST_UNSURE = 1000


class _Sum:
    """One candle in the making. `final` once the venue itself said what it is; `counted_until` (ns)
    is the moment up to which a fetched candle holds its trades already."""

    __slots__ = (
        "bought",
        "close",
        "complete",
        "counted_until",
        "end",
        "final",
        "first_id",
        "first_ts",
        "high",
        "last_id",
        "last_ts",
        "low",
        "open",
        "open_time",
        "quote",
        "trades",
        "volume",
    )

    def __init__(self, open_time: int, end: int, price: float, ts: int, trade_id: int = 0) -> None:
        self.open_time = open_time
        self.end = end
        self.open = self.high = self.low = self.close = price
        self.first_ts = self.last_ts = ts
        self.first_id = self.last_id = trade_id
        self.complete = self.final = False
        self.counted_until = 0
        self.volume = self.quote = 0.0
        self.bought: float | None = 0.0
        self.trades = 0

    def take(self, candle: Candle) -> None:
        """Become what was fetched. Without volume its prices are those of the candle before, which
        say nothing of the trades to come."""
        self.open, self.high = candle.open, candle.high
        self.low, self.close = candle.low, candle.close
        self.first_ts = self.open_time
        self.last_ts = max(candle.ts_exchange, self.open_time)
        self.first_id = self.last_id = 0
        self.volume, self.quote = candle.volume, candle.quote_volume
        # What takers bought of a fetched candle is not known where the venue does not tell it.
        self.bought = candle.taker_buy_volume if candle.volume else 0.0
        self.trades = candle.trades

    def add(self, trade: Trade) -> None:
        price = trade.price
        ts = trade.ts_exchange
        number = trade.trade_id or 0
        if not self.volume:
            self.open = self.high = self.low = self.close = price
            self.first_ts = self.last_ts = ts
            self.first_id = self.last_id = number
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        # Of trades at the same moment the ids tell which was first.
        if ts < self.first_ts or (ts == self.first_ts and number < self.first_id):
            self.open, self.first_ts, self.first_id = price, ts, number
        if ts > self.last_ts or (ts == self.last_ts and number >= self.last_id):
            self.close, self.last_ts, self.last_id = price, ts, number
        self.volume += trade.size
        self.quote += trade.size * price
        if self.bought is not None and trade.aggressor is Side.BUY:
            self.bought += trade.size
        self.trades += 1


class CandleBuilder:
    """The candles of one instrument and timeframe, added up trade by trade.

    The last few candles are held, so that a late trade still corrects the one it belongs to. The
    first candle after a start or a gap lacks the trades before it: `take_incomplete` names such
    candles once they closed, for their owner to fetch, and `unsure` those that were not fetched yet.

    Attributes:
        is_vague: the open candle was fetched, and a trade may be in it twice or not at all.

    A span without a trade has no candle; where the builder is told to make it `flat`, it has one at
    the last price, without volume. Spans in which trades may have been missed are never made flat.
    """

    def __init__(self, instrument: Instrument, timeframe: Timeframe, *, flat: bool = False) -> None:
        self._instrument = instrument
        self._timeframe = timeframe
        self._flat = flat
        self._held: OrderedDict[int, _Sum] = OrderedDict()
        self._recent: deque[Trade] = deque(maxlen=_RECENT)
        self._span = (0, 0)
        self._closed_until = 0
        self._flat_until = 0
        self._whole_from: int | None = None
        self._has_let_go = False
        self._incomplete: list[int] = []
        self._unsure: set[int] = set()
        self._vague = (0, 0)
        self.is_vague = False

    @property
    def unsure(self) -> list[int]:
        """Open times (ns) of closed candles that may lack trades and were not fetched, oldest first."""
        return sorted(self._unsure)

    def seed(self, candle: Candle, *, as_of: tuple[int, int] = (0, 0)) -> None:
        """Take over a fetched candle: a closed one is final, an open one is gone on from.

        Args:
            as_of: the venue's times (ns) between which it was true: trades up to the first are in it
                already. Where one came between the two, nobody knows, and `is_vague` says so.
        """
        held = self._held.get(candle.open_time)
        if candle.closed:
            self._unsure.discard(candle.open_time)
            if held is not None:
                held.take(candle)
                held.complete = held.final = True
            return
        if held is not None and held.complete:
            return
        if held is None:
            end = self._timeframe.next_open(candle.open_time)
            held = self._hold(_Sum(candle.open_time, end, candle.open, candle.open_time))
        # The venue knows best what is over: it closes again, by the right time and not as whole.
        self._closed_until = min(self._closed_until, held.open_time)
        held.take(candle)
        self._vague, self.is_vague = as_of, False
        held.counted_until = as_of[0]
        if as_of[0]:
            # What was executed after the venue answered came by the stream while we waited.
            for trade in self._recent:
                ts = trade.ts_exchange
                if as_of[0] < ts and held.open_time <= ts < held.end:
                    self.is_vague |= ts <= as_of[1]
                    held.add(trade)

    def doubt(self, open_times: Iterable[int]) -> None:
        """Closed candles of these open times (ns) lack trades, though others built them."""
        self._unsure.update(open_times)

    def corrected(self, start: int, end: int) -> None:
        """Candles of this span (ns, the end excluded) were fetched, those too that do not exist."""
        self._unsure = {moment for moment in self._unsure if not start <= moment < end}

    def interrupt(self) -> None:
        """Trades were missed: the open candle, and the one that comes next, are not whole."""
        self._whole_from = None
        for held in self._held.values():
            if held.end > self._closed_until:
                held.complete = False

    def add(self, trade: Trade) -> list[Candle]:
        """Count a trade; returns the candles that changed, oldest first.

        A trade too old for any held candle changes nothing, but leaves its candle to be fetched.
        """
        ts = trade.ts_exchange
        self._recent.append(trade)
        start, end = self._span
        if not start <= ts < end:
            start = self._timeframe.floor(ts)
            end = self._timeframe.next_open(ts)
        if self._whole_from is None:
            self._whole_from = end
        held = self._held.get(start)
        changed: list[Candle] = []
        if held is None:
            if self._has_let_go and start < next(iter(self._held)):
                self._doubt(start)
                return []
            changed.extend(self.close_until(start, trade.ts_local))
            held = _Sum(start, end, trade.price, ts, trade.trade_id or 0)
            held.complete = start >= self._whole_from
            self._hold(held)
            if end <= self._closed_until and not held.complete:
                self._doubt(start)
        elif held.final or ts <= held.counted_until:
            return []
        if self._vague[0] < ts <= self._vague[1]:
            self.is_vague = True
        self._span = (start, end)
        held.add(trade)
        changed.append(self._candle(held, trade.ts_local))
        if self._flat and end < self._flat_until:
            changed.extend(self._flats_between(held, trade.ts_local))
        return changed

    def add_history(self, trades: Sequence[Trade]) -> list[Candle]:
        """Count trades, oldest first, of before the first streamed one: those that were executed after
        the open candle was fetched. Returns the candles that changed."""
        changed = []
        for trade in trades[-_RECENT_HISTORY:]:
            # Where the open candle is still to be fetched, this counts then.
            self._recent.append(trade)
            ts = trade.ts_exchange
            held = self._held.get(self._timeframe.floor(ts))
            if held is None or held.complete or not 0 < held.counted_until < ts:
                continue
            self.is_vague |= ts <= self._vague[1]
            held.add(trade)
            changed.append(self._candle(held, trade.ts_local))
        return changed

    def close_until(self, ts: int, ts_local: int) -> list[Candle]:
        """Close the candles that ended by `ts` (ns, the venue's time); returns those newly closed."""
        if ts <= self._closed_until:
            return []
        before, self._closed_until = self._closed_until, ts
        closed: list[Candle] = []
        for held in self._held.values():
            if before < held.end <= ts:
                closed.append(self._candle(held, ts_local))
                if not held.complete:
                    self._doubt(held.open_time)
        if self._flat:
            closed.extend(self._new_flats(ts, ts_local))
        return closed

    def take_incomplete(self) -> list[int]:
        """Open times (ns) of candles that closed without all of their trades, each told once."""
        incomplete, self._incomplete = self._incomplete, []
        return incomplete

    # -- parts -----------------------------------------------------------------------------

    def _doubt(self, open_time: int) -> None:
        if open_time not in self._incomplete:
            self._incomplete.append(open_time)
        if len(self._unsure) < _MOST_UNSURE:
            self._unsure.add(open_time)

    def _hold(self, held: _Sum) -> _Sum:
        is_late = bool(self._held) and held.open_time < next(reversed(self._held))
        self._held[held.open_time] = held
        if is_late:
            for open_time in sorted(self._held):
                self._held.move_to_end(open_time)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
            self._has_let_go = True
        return held

    def _new_flats(self, ts: int, ts_local: int) -> list[Candle]:
        """Flat candles of the empty spans that ended by `ts` and were not told yet."""
        if self._whole_from is None or not self._held:
            return []
        newest = self._held[next(reversed(self._held))]
        at = max(newest.end, self._whole_from, self._flat_until)
        if ts - at > _MOST_FLAT * self._timeframe.seconds * NS:
            at = self._timeframe.floor(ts - _MOST_FLAT * self._timeframe.seconds * NS)
        flats = []
        while (end := self._timeframe.next_open(at)) <= ts:
            flats.append(self._flat_candle(at, newest.close, ts_local))
            at = end
        self._flat_until = max(self._flat_until, at)
        return flats

    def _flats_between(self, held: _Sum, ts_local: int) -> list[Candle]:
        """The flat candles behind one that a late trade changed: they stand at its close."""
        follows = min(
            (other for other in self._held if other > held.open_time), default=self._flat_until
        )
        at = max(held.end, self._whole_from or 0)
        flats = []
        while at < min(follows, self._flat_until):
            flats.append(self._flat_candle(at, held.close, ts_local))
            at = self._timeframe.next_open(at)
        return flats

    def _flat_candle(self, open_time: int, price: float, ts_local: int) -> Candle:
        return Candle(
            self._instrument,
            self._timeframe,
            open_time,
            price,
            price,
            price,
            price,
            0.0,
            True,
            # A trade of this span that comes late is newer than its beginning.
            open_time,
            ts_local,
            0.0,
            0.0,
        )

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
