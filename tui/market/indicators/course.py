"""One way of an indicator through the candles: a formula, what it was given last, and the values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence

from tui.market.indicators.definition import UNDO, Definition, Row, Settings
from tui.market.indicators.trade_deltas import TradeDeltas
from tui.model.events import Candle
from tui.model.timeframe import Timeframe

_SLICE = 16
"""So many candles are computed between two looks at the clock."""
_HUGE = 1e100
"""Beyond this no price is meant, and squares are too large for a float."""
_MARK_EVERY = 64
"""Of so many candles one is marked with the formula's state."""
_SAME = 1e-10
"""States whose numbers differ by no greater part are the same."""


class Source:
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


class Course:
    """One way through the candles.

    Attributes:
        times: open times (ns) of the candles, and of those to come where lines are drawn ahead.
        rows: for each of them the values of the lines. count: candles that were computed.
    """

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
        self._marks: dict[int, object] = {}
        self.times: list[int] = []
        self.rows: list[Row] = []
        self.count = 0

    def is_of(self, source: Source) -> bool:
        """Whether its last candle is still there."""
        if not self._given:
            return True
        last = self._given[-1].open_time
        index = source.after(last)
        return index > 0 and source.candles[index - 1].open_time == last

    def covers(self, since: int, until: int) -> bool:
        """Whether there are values from one open time (ns) to the other."""
        return self.count > 0 and self.times[0] <= since and self._given[-1].open_time >= until

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
        while self._marks and (first := next(iter(self._marks))) < oldest:
            del self._marks[first]
        return True

    def run(
        self, source: Source, has_time: Callable[[], bool], other: Course | None = None
    ) -> tuple[bool, bool]:
        """Compute what is new while there is time.

        Args:
            other: a course that began later on the same candles: where the two meet, the rest of its
                values is taken over.

        Returns:
            Whether that is all, and whether there was anything.
        """
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
            if other is not None and self._meets(other):
                self._go_on_as(other)
                return self.run(source, has_time)
        return True, touched

    def _add(self, candle: Candle) -> None:
        row = self._compute(candle)
        self._given.append(candle)
        at = self.count
        self.count += 1
        if self.count % _MARK_EVERY == 0:
            self._marks[candle.open_time] = self._formula.state()
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
        self._marks.pop(candle.open_time, None)  # not worth making anew with every tick
        if self._shifts:
            self._put(self.count - 1, row)
        else:
            self.rows[-1] = row

    def _remove(self) -> None:
        self._take_back_one()
        self._marks.pop(self._given.pop().open_time, None)
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

    def _meets(self, other: Course) -> bool:
        """Whether the values of the other one, which began later, are the same from here on."""
        here = self._given[-1].open_time
        held = other._marks.get(here)
        if held is None or not _is_same(held, self._formula.state()):
            return False
        # What it drew back beyond its beginning is lost.
        return bisect_left(other.times, here) + 1 + min([0, *self._shifts]) >= 0

    def _go_on_as(self, other: Course) -> None:
        """Take over the values of the other one behind the newest candle, and its formula."""
        here = self.count
        there = bisect_left(other.times, self._given[-1].open_time) + 1
        rows = [*self.rows[:here], *other.rows[there:]]
        for line, shift in enumerate(self._shifts):
            # What is drawn ahead comes from candles before: these are ours.
            for at in range(here + min(shift, 0), here + max(shift, 0)):
                source = self.rows if shift > 0 else other.rows
                value = source[at if shift > 0 else at - here + there][line]
                rows[at] = (*rows[at][:line], value, *rows[at][line + 1 :])
        self.rows = rows
        self.times = [*self.times[:here], *other.times[there:]]
        behind = {
            time: state for time, state in other._marks.items() if time > self.times[here - 1]
        }
        self._marks |= behind
        self.count = here + other.count - there
        self._formula, self._given = other._formula, other._given
        self._was_sane = other._was_sane

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


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _SAME * max(abs(one), abs(other))
    return one == other


def _open_time(candle: Candle) -> int:
    return candle.open_time
