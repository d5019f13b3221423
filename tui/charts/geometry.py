"""Where a painted chart shows which time and which price, for what is drawn on it and pointed at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from tui.charts.candles import body_width
from tui.charts.canvas import Canvas
from tui.charts.scale import Scale
from tui.charts.view import Bar
from tui.model.timeframe import NS, Timeframe


class Geometry(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The last painting of a chart. Columns and rows count from its upper left corner.

    Attributes:
        width: columns of the plot; the price axis stands to its right.
        price_rows: rows of the candles, from the top. plot_rows: these and those of volume and panes;
            the time axis stands below.
        left: column of the first slot. columns: cells of a slot. slots: how many there are.
        bars: in sight, oldest first, at least one; as merged, but not as another style draws them.
        merge: candles in a bar.
        label_width: cells of a price label, 0 without a price axis.
    """

    width: int
    price_rows: int
    plot_rows: int
    left: int
    columns: int
    slots: int
    timeframe: Timeframe
    merge: int
    bars: Sequence[Bar]
    times: Sequence[int]
    scale: Scale
    label_width: int

    @property
    def first_time(self) -> int:
        """Open time (ns) of the oldest bar in sight."""
        return self.times[0]

    @property
    def last_time(self) -> int:
        """Open time (ns) of the newest bar in sight."""
        return self.times[-1]

    @property
    def span(self) -> int:
        """Length (ns) of a bar; a month counts as a twelfth of a mean year."""
        return self.timeframe.seconds * NS * self.merge

    def bar_at(self, time: int) -> Bar | None:
        """The bar that holds the moment; None where there is none."""
        at = bisect_right(self.times, time) - 1
        if at < 0 or time >= self._next_open(self.times[at]):
            return None
        return self.bars[at]

    def time_at(self, column: int) -> int | None:
        """Open time (ns) of the bar at a column, also where none was traded and right of the newest;
        None left of the oldest and outside the plot."""
        if not 0 <= column < self.width:
            return None
        slot = (column - self.left) // self.columns
        at = bisect_right(self.bars, slot, key=_slot) - 1
        if at < 0:
            return None
        bar = self.bars[at]
        if bar.slot == slot:
            return bar.open_time
        if self.timeframe.unit != "M":
            return bar.open_time + (slot - bar.slot) * self.span
        time = bar.open_time
        for _ in range(slot - bar.slot):
            time = self._next_open(time)
        return time

    def column_of(self, time: int) -> int | None:
        """The column of the wick of the bar that holds the moment; None where that is not in the plot."""
        if time < self.times[0]:
            return None
        column = self.place_of(time)
        return column if 0 <= column < self.width else None

    def place_of(self, time: int) -> int:
        """The same, without an end to the plot: as if it went on at both sides."""
        return self.left + self.slot_of(time) * self.columns + body_width(self.columns) // 2

    def slot_of(self, time: int) -> int:
        """The slot of the bar that holds the moment, negative left of the view."""
        at = bisect_right(self.times, time) - 1
        bar = self.bars[max(at, 0)]
        # The months of a year differ in length: half of one is room enough.
        half = self.timeframe.seconds * NS // 2 if self.timeframe.unit == "M" else 0
        slot = bar.slot + (time - bar.open_time + half) // self.span
        if 0 <= at < len(self.bars) - 1:
            slot = min(slot, self.bars[at + 1].slot - 1)
        return slot

    def price_at(self, row: int) -> float | None:
        """The price in the middle of a row; None outside the rows of the candles."""
        return self.scale.price(row + 0.5) if 0 <= row < self.price_rows else None

    def row_of(self, price: float) -> int | None:
        """The row that shows a price; None where it is out of sight."""
        return self.scale.row(price)

    def _next_open(self, time: int) -> int:
        if self.timeframe.unit != "M":
            return time + self.span
        try:
            for _ in range(self.merge):
                time = self.timeframe.next_open(time)
        except (ValueError, OverflowError, OSError):
            return time + self.span  # a month outside the calendar
        return time


def _slot(bar: Bar) -> int:
    return bar.slot


def geometry_of(canvas: Canvas, slots: int) -> Geometry:
    """Where a painting shows which time and price; `slots` is the number of its columns for candles."""
    return Geometry(
        width=canvas.plot_width,
        price_rows=canvas.layout.price_rows,
        plot_rows=canvas.parts,
        left=canvas.left,
        columns=canvas.columns,
        slots=slots,
        timeframe=canvas.timeframe,
        merge=canvas.merge,
        bars=canvas.bars,
        times=[bar.open_time for bar in canvas.bars],
        scale=canvas.scale,
        label_width=canvas.label_width,
    )
