"""For venues without a word for "closed": a candle is over when the next begins, or by the clock."""

from __future__ import annotations

from typing import Final

import msgspec

from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

GRACE_NS: Final = 2 * NS
"""The last trades of a candle are still on their way when it ends."""


class VenueClock:
    """The venue's time, as far as the newest message that told it; never ahead of it."""

    def __init__(self) -> None:
        self._told = 0
        self._at = 0

    def note(self, ts_exchange: int, ts_local: int) -> None:
        if ts_exchange >= self._told:
            self._told, self._at = ts_exchange, ts_local

    def now(self, ts_local: int) -> int:
        """The venue's time (ns) at a local one; 0 while it told none."""
        return self._told + max(0, ts_local - self._at) if self._told else 0

    def forget(self) -> None:
        self._told = self._at = 0


class OpenCandles:
    """The newest candle of each stream on one connection."""

    def __init__(self) -> None:
        self._newest: dict[tuple[Instrument, Timeframe], Candle] = {}
        self._given_up: set[tuple[Instrument, Timeframe]] = set()

    def forget(self) -> None:
        """Another connection: what happened meanwhile is unknown."""
        self._newest.clear()
        self._given_up.clear()

    def begin(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """These candles are asked for."""
        self._given_up.discard((instrument, timeframe))

    def end(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Nobody tells any more how these candles go on: the clock must not close them."""
        key = instrument, timeframe
        self._newest.pop(key, None)
        self._given_up.add(key)

    def take(self, candle: Candle) -> list[Candle]:
        """Take a candle as it came, not closed; returns it, after the one that it proves closed."""
        key = candle.instrument, candle.timeframe
        newest = self._newest.get(key)
        if newest is not None and candle.open_time <= newest.open_time:
            if candle.open_time < newest.open_time or newest.closed:
                # A late trade: the candle stays closed, its figures are corrected.
                return [_close(candle)]
            self._newest[key] = candle
            return [candle]
        if key not in self._given_up:
            self._newest[key] = candle
        if newest is None or newest.closed:
            return [candle]
        return [_close(newest), candle]

    def close_until(self, now: int) -> list[Candle]:
        """The candles that were over by the venue's time `now` (ns), each told once."""
        over = [
            key for key, candle in self._newest.items() if not candle.closed and _end(candle) <= now
        ]
        closed = []
        for key in over:
            candle = self._newest[key] = _close(self._newest[key])
            closed.append(candle)
        return closed


def _end(candle: Candle) -> int:
    return candle.open_time + candle.timeframe.seconds * NS


def _close(candle: Candle) -> Candle:
    return msgspec.structs.replace(candle, closed=True)
