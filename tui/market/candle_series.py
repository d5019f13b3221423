"""The candles of one instrument and timeframe, by open time, without doubles."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from tui.model.events import Candle


class CandleSeries:
    """Candles in order of open time, at most `limit` of them (the oldest go first).

    `revision` changes with every change; `closed_revision` only when anything but the last
    candle did, so that a chart knows when one candle is all that must be drawn again.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._candles: list[Candle] = []
        self._times: list[int] = []
        self.revision = 0
        self.closed_revision = 0

    def __len__(self) -> int:
        return len(self._candles)

    @property
    def candles(self) -> Sequence[Candle]:
        """The candles, oldest first; do not keep across a change."""
        return self._candles

    @property
    def last(self) -> Candle | None:
        return self._candles[-1] if self._candles else None

    def upsert(self, candle: Candle) -> bool:
        """Put a candle where its open time belongs.

        Returns:
            False when it is older news than what is held (an open state after the close, or an
            earlier state of the open candle), which is then kept; also when it is older than all
            that a full series has room for.
        """
        times = self._times
        if not times or candle.open_time > times[-1]:
            times.append(candle.open_time)
            self._candles.append(candle)
            self._trim()
            self.closed_revision += 1
        else:
            index = bisect_left(times, candle.open_time)
            if times[index] != candle.open_time:
                if index == 0 and len(times) >= self._limit:
                    return False
                times.insert(index, candle.open_time)
                self._candles.insert(index, candle)
                self._trim()
                self.closed_revision += 1
            else:
                held = self._candles[index]
                if _is_older(candle, held):
                    return False
                self._candles[index] = candle
                if index != len(times) - 1:
                    self.closed_revision += 1
        self.revision += 1
        return True

    def merge(self, history: Iterable[Candle]) -> int:
        """Merge fetched candles with what is held; returns how many were new or newer."""
        return sum(self.upsert(candle) for candle in history)

    def clear(self) -> None:
        self._candles.clear()
        self._times.clear()
        self.revision += 1
        self.closed_revision += 1

    def _trim(self) -> None:
        excess = len(self._times) - self._limit
        if excess > 0:
            del self._times[:excess]
            del self._candles[:excess]


def _is_older(candle: Candle, held: Candle) -> bool:
    if held.closed != candle.closed:
        return held.closed
    if not candle.ts_exchange or not held.ts_exchange:
        # A fetched candle that still moves has no time of its own, but its volume only grows.
        return candle.volume < held.volume
    return candle.ts_exchange < held.ts_exchange
