"""The candles that are in sight: sliced from the end, checked, merged, and given a column each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from math import inf, isfinite
from operator import attrgetter, lt

import msgspec

from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

_WIDEST_GAP = 12
_HUGE = 1e100  # differences of larger prices would overflow
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
    if slots <= 0 or not candles:
        return []
    # Months differ in length, but the nearest multiple of their mean is always the right one.
    span = timeframe.seconds * NS * merge
    half = timeframe.seconds * NS // 2 if timeframe.unit == "M" else 0
    origin = (_FIRST_MONDAY * NS if timeframe.unit == "w" else 0) - half
    end = max(len(candles) - max(offset, 0), 1)
    if merge > 1:
        # A right edge that would cut a merged bar moves to the bar's end.
        number = (candles[end - 1].open_time - origin) // span
        while end < len(candles) and (candles[end].open_time - origin) // span == number:
            end += 1
    window = _sane(candles[max(end - (slots + 1) * merge, 0) : end])
    times = [candle.open_time for candle in window]
    numbers = [(time - origin) // span for time in times]
    bars = _bars(window, times, numbers, merge)
    if bars and not (max([bar.high for bar in bars]) < _HUGE > -min([bar.low for bar in bars])):
        bars = [bar for bar in bars if bar.high < _HUGE > -bar.low]
    return _placed(bars, slots)


def _sane(window: Sequence[Candle]) -> Sequence[Candle]:
    """The candles in order, one an open time, without those whose prices are not numbers."""
    times = [candle.open_time for candle in window]
    if not all(map(lt, times, islice(times, 1, None))):
        window = list({candle.open_time: candle for candle in window}.values())
        window.sort(key=attrgetter("open_time"))
    sums = [candle.open + candle.high + candle.low + candle.close for candle in window]
    if not isfinite(sum(sums)):
        window = [candle for candle, total in zip(window, sums, strict=True) if isfinite(total)]
    return window


def _bars(window: Sequence[Candle], times: list[int], numbers: list[int], merge: int) -> list[Bar]:
    """One bar a number, the number standing in for the slot."""
    opens = [candle.open for candle in window]
    closes = [candle.close for candle in window]
    highs = list(map(max, opens, closes, [candle.high for candle in window]))
    lows = list(map(min, opens, closes, [candle.low for candle in window]))
    volumes = [candle.volume for candle in window]
    if not (isfinite(sum(volumes)) and min(volumes, default=0.0) >= 0.0):
        volumes = [volume if 0.0 <= volume < inf else 0.0 for volume in volumes]
    if merge == 1:
        return list(map(Bar, numbers, times, opens, highs, lows, closes, volumes))
    count = len(numbers)
    edges = [index for index in range(1, count) if numbers[index] != numbers[index - 1]]
    return [
        Bar(
            numbers[first],
            times[first],
            opens[first],
            max(highs[first:end]),
            min(lows[first:end]),
            closes[end - 1],
            sum(volumes[first:end]),
        )
        for first, end in pairwise([0, *edges, count])
        if first < end
    ]


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
