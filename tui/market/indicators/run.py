"""An indicator that follows a candle series: what is new is added, and the past is computed anew, a
slice at a time, only where it changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence

from tui.market.candle_series import CandleSeries
from tui.market.indicators.definition import UNDO, Definition, Row, Settings
from tui.market.indicators.trade_deltas import TradeDeltas
from tui.market.tape import Tape
from tui.model.events import Candle
from tui.model.timeframe import Timeframe

_SLICE = 16
"""So many candles are computed between two looks at the clock."""
_HUGE = 1e100
"""Beyond this no price is meant, and squares are too large for a float."""


def _always() -> bool:
    return True


class IndicatorRun:
    """The values of one indicator of one candle series.

    `times` and `values` grow with the series; while the past is computed anew, they stay what they were.
    They run on behind the newest candle where lines are drawn ahead.

    Attributes:
        revision: changes with every change of the values.
    """

    def __init__(self, definition: Definition, settings: Settings, timeframe: Timeframe) -> None:
        """Make a run of an indicator that has a formula, for settings from `Definition.settle`."""
        self.definition = definition
        self.settings = settings
        self.revision = 0
        self._timeframe = timeframe
        self._deltas = TradeDeltas(timeframe) if definition.needs_trades else None
        self._shown = _Course(definition, settings, timeframe)
        self._next: _Course | None = None
        self._series: CandleSeries | None = None
        self._series_revision = -1
        self._past_revision = 0
        self._carried: Candle | None = None
        self._is_late = False

    @property
    def times(self) -> Sequence[int]:
        """The open times (ns) of candles, rising."""
        return self._shown.times

    @property
    def values(self) -> Sequence[Row]:
        """For each of the times one value a line; None where there is none."""
        return self._shown.rows

    @property
    def is_computing(self) -> bool:
        """True while not all candles are in the values."""
        return self._next is not None or self._is_late

    @property
    def progress(self) -> float:
        """What part of the candles has been computed, from 0 to 1."""
        if not self.is_computing:
            return 1.0
        course = self._next or self._shown
        return course.count / max(1, len(self._series or ()), course.count)

    @property
    def counted_since(self) -> int | None:
        """Time (ns) of the first trade that was counted from the tape; None where none was, because the
        venue's candles tell what takers bought."""
        deltas = self._deltas
        return deltas.since if deltas is not None and deltas.is_used else None

    def follow(
        self,
        series: CandleSeries,
        newest: Candle | None = None,
        *,
        tape: Tape | None = None,
        has_time: Callable[[], bool] = _always,
    ) -> bool:
        """Bring the values in line with a series, as far as there is time.

        Args:
            newest: what the newest candle is to be taken for, where a newer price is known.
            tape: the trades of its instrument, for what is computed of them.
            has_time: False when the rest has to wait for another call.

        Returns:
            True when the values changed.
        """
        oldest = self._oldest_change(series, tape)
        is_same = (
            oldest is None
            and series.revision == self._series_revision
            and newest == self._carried
            and not self.is_computing
        )
        if is_same:
            return False
        self._series_revision, self._carried = series.revision, newest
        if not series.candles:
            return self._begin_anew()
        source = _Source(series.candles, newest, self._deltas)
        self._place(oldest, source)
        changed = self._shown.drop(source.candles[0].open_time)
        finished, touched = self._shown.run(source, has_time)
        self._is_late = not finished
        changed |= touched
        if self._next is not None:
            self._next.drop(source.candles[0].open_time)
            finished, _ = self._next.run(source, has_time)
            if finished:
                self._shown, self._next, self._is_late = self._next, None, False
                changed = True
        self.revision += changed
        return changed

    def _oldest_change(self, series: CandleSeries, tape: Tape | None) -> int | None:
        if series is not self._series:
            self._series = series
            self._past_revision = series.past_revision
            self._begin_anew()
        oldest = series.oldest_change(self._past_revision)
        self._past_revision = series.past_revision
        if self._deltas is not None and tape is not None:
            counted = self._deltas.follow(tape)
            if counted is not None:
                oldest = counted if oldest is None else min(oldest, counted)
        return oldest

    def _place(self, oldest: int | None, source: _Source) -> None:
        """Take back what changed, or begin to compute anew where that is too long ago."""
        if oldest is None:
            return
        if self._next is not None and not self._next.take_back(oldest):
            self._next = self._new_course()
        if not self._shown.take_back(oldest):
            if not self._shown.is_of(source):
                self._begin_anew()
            if self._shown.count and self._next is None:
                self._next = self._new_course()

    def _begin_anew(self) -> bool:
        had = bool(self._shown.times)
        self._shown, self._next = self._new_course(), None
        self._is_late = False
        self.revision += had
        return had

    def _new_course(self) -> _Course:
        return _Course(self.definition, self.settings, self._timeframe)


class _Source:
    """The candles as they are to be computed of."""

    def __init__(
        self, candles: Sequence[Candle], newest: Candle | None, deltas: TradeDeltas | None
    ) -> None:
        self.candles = candles
        self._newest = newest
        self._deltas = deltas

    def at(self, index: int) -> Candle:
        candle = self.candles[index]
        if (
            self._newest is not None
            and index == len(self.candles) - 1
            and self._newest.open_time == candle.open_time
        ):
            candle = self._newest
        return candle if self._deltas is None else self._deltas.dress(candle)

    def after(self, time: int) -> int:
        """Index of the first candle that opens after a time (ns)."""
        candles = self.candles
        if candles[-1].open_time <= time:
            return len(candles)
        return bisect_right(candles, time, key=_open_time)


class _Course:
    """One way through the candles: a formula, what it was given last, and the values so far."""

    def __init__(self, definition: Definition, settings: Settings, timeframe: Timeframe) -> None:
        assert definition.make is not None
        self._formula = definition.make(settings)
        self._timeframe = timeframe
        shifts = [each.shift(settings) if each.shift else 0 for each in definition.lines]
        self._shifts = shifts if any(shifts) else []
        self._ahead = max([0, *shifts])
        self._given: deque[Candle] = deque(maxlen=UNDO + 1)
        self._was_sane: deque[bool] = deque(maxlen=UNDO + 1)
        self._blank: Row = (None,) * len(definition.lines)
        self.times: list[int] = []
        self.rows: list[Row] = []
        self.count = 0

    def is_of(self, source: _Source) -> bool:
        """Whether its last candle is still there."""
        if not self._given:
            return True
        last = self._given[-1].open_time
        index = source.after(last)
        return index > 0 and source.candles[index - 1].open_time == last

    def take_back(self, oldest: int) -> bool:
        """Take back the candles from a time (ns) on; False when that is too long ago."""
        given = self._given
        if given and given[0].open_time >= oldest and self.count > 0:
            return False
        while given and given[-1].open_time >= oldest:
            self._remove()
        return True

    def drop(self, oldest: int) -> bool:
        """Let go of the values before a time (ns); True when there were any."""
        times = self.times
        if not self.count or times[0] >= oldest:
            return False
        excess = min(bisect_right(times, oldest - 1), self.count)
        del times[:excess], self.rows[:excess]
        self.count -= excess
        return True

    def run(self, source: _Source, has_time: Callable[[], bool]) -> tuple[bool, bool]:
        """Compute what is new while there is time; whether that is all, and whether anything was."""
        index, touched = 0, False
        if self._given:
            last = self._given[-1]
            index = source.after(last.open_time)
            present = source.at(index - 1) if index else last
            if present != last and present.open_time == last.open_time:
                self._replace(present)
                touched = True
        for done, at in enumerate(range(index, len(source.candles))):
            if done % _SLICE == _SLICE - 1 and not has_time():
                return False, True
            self._add(source.at(at))
            touched = True
        return True, touched

    def _add(self, candle: Candle) -> None:
        row = self._compute(candle)
        self._given.append(candle)
        at = self.count
        self.count += 1
        if not self._shifts:
            self.times.append(candle.open_time)
            self.rows.append(row)
            return
        self._look_ahead(at, candle.open_time)
        self._put(at, row)

    def _replace(self, candle: Candle) -> None:
        self._take_back_one()
        self._given[-1] = candle
        row = self._compute(candle)
        if self._shifts:
            self._put(self.count - 1, row)
        else:
            self.rows[-1] = row

    def _remove(self) -> None:
        self._take_back_one()
        self._given.pop()
        self.count -= 1
        if not self._shifts:
            del self.times[-1], self.rows[-1]
            return
        self._put(self.count, self._blank)
        del self.times[self.count :]
        if self.count:
            self._look_ahead(self.count - 1, self._given[-1].open_time)
        else:
            self.rows.clear()

    def _look_ahead(self, at: int, opened: int) -> None:
        """Have a row for the candle at an index, and for those that will come after it."""
        times, rows, needed = self.times, self.rows, at + 1 + self._ahead
        if at >= len(times) or times[at] != opened:  # the first, or candles were left out before it
            del times[at:]
            times.append(opened)
        while len(times) < needed:
            times.append(self._timeframe.next_open(times[-1]))
        del rows[needed:]
        rows += [self._blank] * (needed - len(rows))

    def _put(self, at: int, row: Row) -> None:
        rows = self.rows
        for line, (shift, value) in enumerate(zip(self._shifts, row, strict=True)):
            place = at + shift
            if place >= 0:
                rows[place] = (*rows[place][:line], value, *rows[place][line + 1 :])

    def _compute(self, candle: Candle) -> Row:
        is_sane = _is_sane(candle)
        self._was_sane.append(is_sane)
        # What spoils every value after it is left out.
        return self._formula.add(candle) if is_sane else self._blank

    def _take_back_one(self) -> None:
        if self._was_sane.pop():
            self._formula.remove()


def _is_sane(candle: Candle) -> bool:
    total = abs(candle.open) + abs(candle.high) + abs(candle.low) + abs(candle.close)
    return total + abs(candle.volume) < _HUGE  # nor is it, where one of them is not a number


def _open_time(candle: Candle) -> int:
    return candle.open_time
