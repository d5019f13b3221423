"""Candles of a longer timeframe, made of those of a shorter one that adds up to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from tui.market.candle_series import CandleSeries, Past
from tui.model.events import Candle
from tui.model.timeframe import Timeframe


def build_candles(parts: Iterable[Candle], timeframe: Timeframe) -> list[Candle]:
    """The candles of a timeframe that these, oldest first and without doubles, add up to.

    The newest is closed when the last of its parts is there and closed; the others are, when what is
    there of them is.
    """
    return [
        _join(group, timeframe, opened, end, is_newest=is_newest)
        for group, opened, end, is_newest in _groups(parts, timeframe)
    ]


def _groups(
    parts: Iterable[Candle], timeframe: Timeframe
) -> Iterator[tuple[list[Candle], int, int, bool]]:
    """The parts of each candle, with its open time, its end, and whether it is the newest."""
    group: list[Candle] = []
    opened = end = 0
    for part in parts:
        if not group or part.open_time >= end:
            if group:
                yield group, opened, end, False
            group = []
            opened = timeframe.floor(part.open_time)
            end = timeframe.next_open(part.open_time)
        group.append(part)
    if group:
        yield group, opened, end, True


def _join(
    group: Sequence[Candle], timeframe: Timeframe, opened: int, end: int, *, is_newest: bool
) -> Candle:
    first, last = group[0], group[-1]
    bought = [part.taker_buy_volume for part in group]
    known = [volume for volume in bought if volume is not None]
    is_whole = not is_newest or last.timeframe.next_open(last.open_time) >= end
    return Candle(
        instrument=first.instrument,
        timeframe=timeframe,
        open_time=opened,
        open=first.open,
        high=max([part.high for part in group]),
        low=min([part.low for part in group]),
        close=last.close,
        volume=sum([part.volume for part in group]),
        closed=last.closed and is_whole,
        ts_exchange=max([part.ts_exchange for part in group]),
        ts_local=max([part.ts_local for part in group]),
        quote_volume=sum([part.quote_volume for part in group]),
        taker_buy_volume=sum(known) if len(known) == len(bought) else None,
        trades=sum([part.trades for part in group]),
    )


class BuiltSeries(CandleSeries):
    """The candles of a timeframe as those of another series add up to them, always up to date.

    It is read like any other; nothing is ever put into it. A candle at the old end whose first parts
    are not held is left out, unless nothing is older than what is held.
    """

    def __init__(self, parts: CandleSeries, timeframe: Timeframe) -> None:
        super().__init__()
        self._parts = parts
        self._timeframe = timeframe
        # Open time (ns) of the first part of the oldest candle.
        self._first = 0
        self._seen = self._seen_past = self._seen_inner = -1

    @property
    def parts(self) -> CandleSeries:
        """What it is made of."""
        return self._parts

    def __len__(self) -> int:
        self._follow()
        return super().__len__()

    @property
    def revision(self) -> int:
        self._follow()
        return self._revision

    @property
    def past_revision(self) -> int:
        self._follow()
        return self._past_revision

    @property
    def inner_revision(self) -> int:
        self._follow()
        return self._inner_revision

    @property
    def candles(self) -> Sequence[Candle]:
        self._follow()
        return self._candles

    @property
    def times(self) -> Sequence[int]:
        self._follow()
        return self._times

    @property
    def last(self) -> Candle | None:
        self._follow()
        return self._candles[-1] if self._candles else None

    @property
    def holes(self) -> Sequence[tuple[int, int]]:
        return self._parts.holes

    @property
    def past(self) -> Past:
        return self._parts.past

    def oldest_change(self, past_revision: int) -> int | None:
        self._follow()
        return super().oldest_change(past_revision)

    def clear(self) -> None:
        """Its parts are cleared, by whoever clears this."""

    def _follow(self) -> None:
        parts = self._parts
        if parts.revision == self._seen:
            return
        self._seen = parts.revision
        self._revision += 1
        changed = parts.oldest_change(self._seen_past) if self._candles else 0
        is_inner = parts.inner_revision != self._seen_inner
        self._seen_past, self._seen_inner = parts.past_revision, parts.inner_revision
        if not self._candles or not len(parts):
            start = self._first_whole()
            self._first = parts.times[start] if start < len(parts) else 0
            self._put(build_candles(parts.candles[start:], self._timeframe))
            self._note_change(0)
        else:
            self._follow_old_end()
            self._build_from(changed if is_inner else None)

    def _follow_old_end(self) -> None:
        """Let go what lost its parts, and build what parts in front of all others add up to."""
        times, candles = self._parts.times, self._parts.candles
        start = self._first_whole()
        before, self._first = self._first, times[start] if start < len(times) else 0
        if not self._first:
            self._put([])
        elif self._first > before:
            oldest = self._timeframe.floor(self._first)
            self._put(self._candles[bisect_left(self._times, oldest) :])
        elif self._first < before:
            # The oldest one held may get older parts, too.
            held = self._times[0]
            end = bisect_left(times, self._timeframe.next_open(held))
            older = build_candles(candles[start : end + 1], self._timeframe)
            older = [candle for candle in older if candle.open_time <= held]
            self._candles[:1] = older
            self._times[:1] = [candle.open_time for candle in older]
            self._note_change(older[0].open_time, is_inner=False)

    def _build_from(self, changed: int | None) -> None:
        """Build once more the newest candle and what came behind it, and all from the one that holds
        the moment `changed` (ns) on, if anything did."""
        times, held = self._parts.times, self._times
        index = max(len(held) - 1, 0)
        if changed is not None:
            index = min(index, max(bisect_right(held, changed) - 1, 0))
            self._note_change(held[index] if held else 0)
        start = bisect_left(times, held[index]) if held else self._first_whole()
        newer = build_candles(self._parts.candles[start:], self._timeframe)
        self._candles[index:] = newer
        self._times[index:] = [candle.open_time for candle in newer]

    def _first_whole(self) -> int:
        """Index of the part that begins the oldest candle all of whose parts are held."""
        times = self._parts.times
        if not times or self._parts.past.begins or self._timeframe.floor(times[0]) == times[0]:
            return 0
        return bisect_left(times, self._timeframe.next_open(times[0]))

    def _put(self, candles: list[Candle]) -> None:
        self._candles = candles
        self._times = [candle.open_time for candle in candles]
