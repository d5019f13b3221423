"""An indicator that follows a candle series: what is new is added, and the past is computed anew, a
slice at a time, only where it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.market.candle_series import CandleSeries
from tui.market.indicators.course import Course, Source
from tui.market.indicators.definition import Definition, Row, Settings
from tui.market.indicators.trade_deltas import TradeDeltas
from tui.market.tape import Tape
from tui.model.events import Candle
from tui.model.timeframe import Timeframe


def _always() -> bool:
    return True


class IndicatorRun:
    """The values of one indicator of one candle series.

    `times` and `values` grow with the series; while the past is computed anew, they stay what they were,
    or are those new ones that cover what is in view. They run on behind the newest candle where lines are
    drawn ahead.

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
        self._shown = Course(definition, settings, timeframe)
        self._next: Course | None = None
        self._visible = self._shown
        self._covers_view = False
        self._series: CandleSeries | None = None
        self._series_revision = -1
        self._past_revision = self._inner_revision = 0
        self._carried: Candle | None = None
        self._is_late = False
        self._is_true = True  # what is shown is what its candles say, as far as it goes
        self._is_inner = False  # more changed last than that older candles came

    @property
    def times(self) -> Sequence[int]:
        """The open times (ns) of candles, rising."""
        return self._visible.times

    @property
    def values(self) -> Sequence[Row]:
        """For each of the times one value a line; None where there is none."""
        return self._visible.rows

    @property
    def is_computing(self) -> bool:
        """True while not all candles are in the values."""
        return self._next is not None or self._is_late

    @property
    def covers_view(self) -> bool:
        """True while there are values for everything in view."""
        return self._covers_view or not self.is_computing

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
        in_view: tuple[int, int] | None = None,
        has_time: Callable[[], bool] = _always,
    ) -> bool:
        """Bring the values in line with a series, as far as there is time.

        Args:
            newest: what the newest candle is to be taken for, where a newer price is known.
            tape: the trades of its instrument, for what is computed of them.
            in_view: open times (ns) of the oldest and the newest candle that somebody looks at.
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
        source = Source(series.candles, newest, self._deltas)
        self._place(oldest, source)
        changed = self._shown.drop(source.candles[0].open_time)
        finished, touched = self._shown.run(source, has_time)
        self._is_late = not finished
        changed |= touched
        if self._next is not None:
            self._next.drop(source.candles[0].open_time)
            finished, _ = self._next.run(
                source, has_time, other=self._shown if self._is_true else None
            )
            if finished:
                self._shown, self._next, self._is_late = self._next, None, False
                self._is_true = changed = True
        changed |= self._choose_visible(in_view)
        self.revision += changed
        return changed

    def _oldest_change(self, series: CandleSeries, tape: Tape | None) -> int | None:
        if series is not self._series:
            self._series = series
            self._past_revision = series.past_revision
            self._inner_revision = series.inner_revision
            self._begin_anew()
        oldest = series.oldest_change(self._past_revision)
        self._past_revision = series.past_revision
        self._is_inner = series.inner_revision != self._inner_revision
        self._inner_revision = series.inner_revision
        if self._deltas is not None and tape is not None:
            counted = self._deltas.follow(tape)
            if counted is not None:
                oldest = counted if oldest is None else min(oldest, counted)
                self._is_inner = True
        return oldest

    def _place(self, oldest: int | None, source: Source) -> None:
        """Take back what changed, or begin to compute anew where that is too long ago."""
        if oldest is None:
            return
        if self._next is not None and not self._next.take_back(oldest):
            self._next = self._new_course()
        if not self._shown.take_back(oldest):
            self._is_true &= not self._is_inner
            if not self._shown.is_of(source):
                self._begin_anew()
            if self._shown.count and self._next is None:
                self._next = self._new_course()

    def _choose_visible(self, in_view: tuple[int, int] | None) -> bool:
        """Show the new values where only they cover what is in view; True when that is another choice."""
        before, self._visible = self._visible, self._shown
        if in_view is not None and self._next is not None:
            covering = (each for each in (self._shown, self._next) if each.covers(*in_view))
            self._visible = next(covering, self._shown)
        self._covers_view = in_view is not None and self._visible.covers(*in_view)
        return self._visible is not before

    def _begin_anew(self) -> bool:
        had = bool(self._visible.times)
        self._shown, self._next = self._new_course(), None
        self._visible = self._shown
        self._is_late, self._is_true = False, True
        self.revision += had
        return had

    def _new_course(self) -> Course:
        return Course(self.definition, self.settings, self._timeframe)
