"""Volume by price, of the candles in view."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.model.events import Candle

_HUGE = 1e100


class VolumeByPrice(msgspec.Struct, frozen=True):
    """What was traded at which price.

    Attributes:
        rows: lower price, upper price, volume, and what takers bought of it; the lowest first.
        control: middle price of the row with the most volume.
    """

    rows: Sequence[tuple[float, float, float, float]]
    control: float


class ViewProfile:
    """Volume by price of a view that moves.

    A candle's volume is spread evenly from its low to its high: nobody knows better from candles. Where
    the venue does not say what takers bought, all of a rising candle counts as bought, and nothing of a
    falling one.
    """

    def __init__(self, rows: int) -> None:
        """Make a profile of so many rows."""
        self._count = rows
        self._past: Sequence[Candle] = ()
        self._newest: Candle | None = None
        self._ends: list[float] = []
        self._sums = _Sums(0.0, 1.0, rows)
        self._found: VolumeByPrice | None = None

    def of(self, candles: Sequence[Candle]) -> VolumeByPrice | None:
        """The profile of the candles in view, oldest first; None where nothing was traded.

        While all but the newest are the same as at the last call, only that one is computed.
        """
        if not candles:
            return None
        past, newest = candles[:-1], candles[-1]
        is_same_past = past == self._past
        if is_same_past and newest == self._newest:
            return self._found
        if not is_same_past:
            self._ends = _ends(past)
        low, high = _room(_ends([newest]) + self._ends)
        if not is_same_past or (low, high) != (self._sums.low, self._sums.high):
            self._sums = _Sums(low, high, self._count)
            for candle in past:
                self._sums.add(candle)
        self._past, self._newest = past, newest
        sums = self._sums.copy()
        sums.add(newest)
        self._found = sums.result()
        return self._found


def _ends(candles: Sequence[Candle]) -> list[float]:
    """The lowest and the highest price, if there is any."""
    sane = [each for each in candles if _is_sane(each)]
    if not sane:
        return []
    return [min([each.low for each in sane]), max([each.high for each in sane])]


def _room(ends: Sequence[float]) -> tuple[float, float]:
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if low == high:  # one price: a row around it
        return low - abs(low) * 1e-3 - 1e-9, high + abs(high) * 1e-3 + 1e-9
    return low, high


class _Sums:
    """Volume of each row. That of rows which a candle spans whole is noted at its ends only, as a rise
    and a fall, so that a candle costs the same however far it goes."""

    def __init__(self, low: float, high: float, count: int) -> None:
        self.low = low
        self.high = high
        self._count = count
        self._height = (high - low) / count
        self._parts = [(0.0, 0.0)] * count
        self._steps = [(0.0, 0.0)] * (count + 1)

    def copy(self) -> _Sums:
        made = _Sums(self.low, self.high, self._count)
        made._parts, made._steps = self._parts.copy(), self._steps.copy()
        return made

    def add(self, candle: Candle) -> None:
        if not _is_sane(candle) or candle.volume <= 0.0:
            return
        share = candle.taker_buy_volume
        if share is None:
            share = candle.volume * (candle.close >= candle.open)
        first, last = self._row(candle.low), self._row(candle.high)
        span = candle.high - candle.low
        if first == last:
            self._part(first, candle.volume, share)
            return
        below = (self.low + (first + 1) * self._height - candle.low) / span
        above = (candle.high - self.low - last * self._height) / span
        self._part(first, candle.volume * below, share * below)
        self._part(last, candle.volume * above, share * above)
        whole = self._height / span
        self._step(first + 1, candle.volume * whole, share * whole)
        self._step(last, -candle.volume * whole, -share * whole)

    def result(self) -> VolumeByPrice | None:
        rows = []
        volume = bought = 0.0
        for number, (part, step) in enumerate(zip(self._parts, self._steps, strict=False)):
            volume += step[0]
            bought += step[1]
            low = self.low + number * self._height
            total = max(volume + part[0], 0.0)
            rows.append((low, low + self._height, total, min(max(bought + part[1], 0.0), total)))
        most = max(rows, key=lambda row: row[2])
        if not most[2]:
            return None
        return VolumeByPrice(rows, (most[0] + most[1]) / 2)

    def _row(self, price: float) -> int:
        return min(max(int((price - self.low) / self._height), 0), self._count - 1)

    def _part(self, row: int, volume: float, bought: float) -> None:
        held = self._parts[row]
        self._parts[row] = held[0] + volume, held[1] + bought

    def _step(self, row: int, volume: float, bought: float) -> None:
        held = self._steps[row]
        self._steps[row] = held[0] + volume, held[1] + bought


def _is_sane(candle: Candle) -> bool:
    total = abs(candle.high) + abs(candle.low) + abs(candle.volume)
    return candle.low <= candle.high and total < _HUGE
