"""The candles that are in sight: sliced from the end, checked, merged, and given a column each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from math import inf, isfinite
from operator import attrgetter, lt
from typing import NamedTuple

import msgspec

from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

_WIDEST_GAP = 12
_HUGE = 1e100
_FIRST_MONDAY = 4 * 86_400


class Bar(msgspec.Struct, gc=False):
    """One candle as drawn: `slot` counts columns from the left of the view, prices are in order
    (low <= open, close <= high) and finite."""

    slot: int
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Sight(NamedTuple):
    """What is in sight: the bars, oldest first, and how many candles among them make no sense or are
    there twice."""

    bars: list[Bar]
    skipped: int


def look(
    candles: Sequence[Candle], timeframe: Timeframe, *, slots: int, merge: int = 1, offset: int = 0
) -> Sight:
    """The bars of a view, the newest in the last slot.

    Looks at no more than the last `(slots + 1) * merge` candles before the offset. A missing
    candle leaves its slot empty; a long hole leaves at most a dozen.

    Args:
        slots: columns for candles.
        merge: candles per bar; bars begin at multiples of this many spans, so they keep their
            candles while new ones arrive.
        offset: candles between the newest and the right edge.
    """
    if slots <= 0 or not candles:
        return Sight([], 0)
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
    window = candles[max(end - (slots + 1) * merge, 0) : end]
    looked_at = len(window)
    times = [candle.open_time for candle in window]
    if not all(map(lt, times, islice(times, 1, None))):
        window = list({candle.open_time: candle for candle in window}.values())
        window.sort(key=attrgetter("open_time"))
    prices = _prices(window)
    if not prices.are_sane():
        window = [candle for candle in window if _prices([candle]).are_sane()]
        prices = _prices(window)
    times = [candle.open_time for candle in window]
    bars = _bars(window, prices, times, [(time - origin) // span for time in times], slots)
    return Sight(bars, looked_at - len(window))


def fill_absent(
    bars: Sequence[Bar], holes: Sequence[tuple[int, int]], timeframe: Timeframe, *, merge: int = 1
) -> list[Bar]:
    """The bars, and flat ones without volume where nothing was traded between them.

    Args:
        holes: spans (ns, the end excluded) whose candles could not be had: they stay empty.
    """
    span = timeframe.seconds * NS * merge
    filled: list[Bar] = []
    for bar in bars:
        if filled and bar.slot - (before := filled[-1]).slot > 1:
            for step in range(1, bar.slot - before.slot):
                opened = before.open_time + step * span
                if not any(low < opened + span and opened < high for low, high in holes):
                    price = before.close
                    filled.append(Bar(before.slot + step, opened, price, price, price, price, 0.0))
        filled.append(bar)
    return filled


def slots_in_holes(
    bars: Sequence[Bar], holes: Sequence[tuple[int, int]], timeframe: Timeframe, *, merge: int = 1
) -> list[tuple[int, int]]:
    """The slots of a view that lie in holes, with a bar or without: the first and the last of each
    run.

    Args:
        holes: spans (ns, the end excluded) whose candles could not be had.
    """
    if not holes or not bars:
        return []
    span = timeframe.seconds * NS * merge
    holes = [hole for hole in holes if hole[1] > bars[0].open_time]

    def is_hole(start: int, end: int) -> bool:
        return any(low < end and start < high for low, high in holes)

    found = [bars[0].slot] if is_hole(bars[0].open_time, bars[0].open_time + span) else []
    for bar, follower in pairwise(bars):
        between = follower.slot - bar.slot - 1
        if between:
            after = bar.open_time + span
            if round((follower.open_time - bar.open_time) / span) == between + 1:
                found += [
                    bar.slot + 1 + step
                    for step in range(between)
                    if is_hole(after + step * span, after + (step + 1) * span)
                ]
            elif is_hole(after, follower.open_time):
                # A long hole, shortened: its slots stand for more than one candle each.
                found += range(bar.slot + 1, follower.slot)
        if is_hole(follower.open_time, follower.open_time + span):
            found.append(follower.slot)
    runs: list[tuple[int, int]] = []
    for slot in found:
        if runs and runs[-1][1] == slot - 1:
            runs[-1] = (runs[-1][0], slot)
        else:
            runs.append((slot, slot))
    return runs


class _Prices(NamedTuple):
    """Prices by column, as they came."""

    opens: list[float]
    highs: list[float]
    lows: list[float]
    closes: list[float]

    def are_sane(self) -> bool:
        """True when all are numbers, and small enough for sums of them."""
        # What is no number shows in a sum but not in a maximum; for huge ones it is the other way.
        return all(
            isfinite(sum(column)) and max(column) < _HUGE > -min(column)
            for column in self
            if column
        )


def _prices(window: Sequence[Candle]) -> _Prices:
    return _Prices(
        [candle.open for candle in window],
        [candle.high for candle in window],
        [candle.low for candle in window],
        [candle.close for candle in window],
    )


def _bars(
    window: Sequence[Candle],
    prices: _Prices,
    times: list[int],
    numbers: list[int],
    slots: int,
) -> list[Bar]:
    """One bar for each number, in the last slots."""
    count = len(window)
    starts = list(range(count))
    if len(set(numbers)) < count:
        starts = [at for at in starts if not at or numbers[at] != numbers[at - 1]]
        numbers = [numbers[at] for at in starts]
    places = _slots(numbers, slots)
    if not places:
        return []
    starts = starts[-len(places) :]
    first = starts[0]
    if first:
        window, times = window[first:], times[first:]
        prices = _Prices(*(column[first:] for column in prices))
    opens, highs, lows, closes = prices
    highs, lows = list(map(max, opens, closes, highs)), list(map(min, opens, closes, lows))
    volumes = [candle.volume for candle in window]
    if not (isfinite(sum(volumes)) and min(volumes) >= 0.0):
        volumes = [volume if 0.0 <= volume < inf else 0.0 for volume in volumes]
    if len(window) == len(places):
        return list(map(Bar, places, times, opens, highs, lows, closes, volumes))
    edges = pairwise([*(start - first for start in starts), len(window)])
    return [
        Bar(
            place,
            times[start],
            opens[start],
            max(highs[start:end]),
            min(lows[start:end]),
            closes[end - 1],
            sum(volumes[start:end]),
        )
        for place, (start, end) in zip(places, edges, strict=True)
    ]


def _slots(numbers: list[int], slots: int) -> list[int]:
    """The slots of the last bars that fit: the newest in the last slot, long holes shortened.

    The numbers rise and no two are the same.
    """
    count = len(numbers)
    if count and numbers[-1] - numbers[0] == count - 1:
        return list(range(max(slots - count, 0), slots))
    places: list[int] = []
    slot = slots
    newer: int | None = None
    for number in reversed(numbers):
        slot -= 1 if newer is None else min(newer - number, _WIDEST_GAP + 1)
        if slot < 0:
            break
        newer = number
        places.append(slot)
    places.reverse()
    return places
