"""The candles that are in sight: sliced from the end, checked, merged, and given a column each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

_WIDEST_GAP = 12
_MONTH = 2_629_746
_FIRST_MONDAY = 4 * 86_400


class Bar(msgspec.Struct, gc=False):
    """One candle as drawn: `slot` counts columns from the left of the view, prices are in order
    (low <= open, close <= high) and finite. Built for one painting and not kept."""

    slot: int
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def visible_bars(
    candles: Sequence[Candle], timeframe: Timeframe, *, slots: int, merge: int = 1, offset: int = 0
) -> list[Bar]:
    """The bars of a view, oldest first, the newest in the last slot.

    Looks at no more than the last `(slots + 1) * merge` candles before the offset. A missing
    candle leaves its slot empty; a long hole leaves at most a dozen.

    Args:
        slots: columns for candles.
        merge: candles per bar; bars begin at multiples of this many spans, so they keep their
            candles while new ones arrive.
        offset: candles between the newest and the right edge.
    """
    if slots <= 0:
        return []
    numbers = _Numbering(timeframe, merge)
    end = max(len(candles) - max(offset, 0), min(len(candles), 1))
    if merge > 1:
        end = _whole_bar(candles, end, numbers)
    window = candles[max(end - (slots + 1) * merge, 0) : end]
    bars = _bars(window, numbers)
    return _placed(bars, slots)


class _Numbering:
    """Numbers bars by their open time, so that neighbours differ by one."""

    def __init__(self, timeframe: Timeframe, merge: int) -> None:
        self._is_months = timeframe.unit == "M"
        self._span = timeframe.seconds * NS
        self._origin = _FIRST_MONDAY * NS if timeframe.unit == "w" else 0
        self._merge = merge

    def __call__(self, open_time: int) -> int:
        # Months differ in length, but the nearest multiple of their mean is always the right one.
        half = self._span // 2 if self._is_months else 0
        return (open_time - self._origin + half) // self._span // self._merge


def _whole_bar(candles: Sequence[Candle], end: int, numbers: _Numbering) -> int:
    """Move a right edge that would cut a merged bar to the bar's end."""
    if end <= 0:
        return end
    number = numbers(candles[end - 1].open_time)
    while end < len(candles) and numbers(candles[end].open_time) == number:
        end += 1
    return end


def _bars(window: Sequence[Candle], numbers: _Numbering) -> list[Bar]:
    """Bars numbered by time, in order, one a number; candles with impossible prices left out."""
    isfinite = math.isfinite
    bars: list[Bar] = []
    ordered = True
    last_time: int | None = None
    for candle in window:
        if last_time is not None and candle.open_time <= last_time:
            ordered = False
            break
        last_time = candle.open_time
    if not ordered:
        window = list({candle.open_time: candle for candle in window}.values())
        window.sort(key=lambda candle: candle.open_time)
    merging = numbers._merge > 1
    for candle in window:
        opened, high, low, close = candle.open, candle.high, candle.low, candle.close
        if not isfinite(opened + high + low + close):
            continue
        high = max(high, opened, close)
        low = min(low, opened, close)
        volume = candle.volume
        if not 0.0 <= volume < math.inf:
            volume = 0.0
        number = numbers(candle.open_time)
        if merging and bars and bars[-1].slot == number:
            held = bars[-1]
            held.high = max(held.high, high)
            held.low = min(held.low, low)
            held.close = close
            held.volume += volume
        else:
            bars.append(Bar(number, candle.open_time, opened, high, low, close, volume))
    return bars


def _placed(bars: list[Bar], slots: int) -> list[Bar]:
    """Turn numbers into slots, newest in the last one, holes shortened."""
    slot = slots
    newer: int | None = None
    for index in range(len(bars) - 1, -1, -1):
        bar = bars[index]
        slot -= 1 if newer is None else min(max(newer - bar.slot, 1), _WIDEST_GAP + 1)
        if slot < 0:
            return bars[index + 1 :]
        newer = bar.slot
        bar.slot = slot
    return bars
