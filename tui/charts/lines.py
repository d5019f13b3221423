"""Draws several series in one chart, each as percent of its value at the left edge of the view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

import msgspec
from textual.strip import Strip

from tui.charts.axes import price_step, round_prices, step_decimals
from tui.charts.canvas import Canvas
from tui.charts.dots import Dots
from tui.charts.frame import draw_time_axis
from tui.charts.glyphs import Glyphs
from tui.charts.layout import Layout, share_room
from tui.charts.palette import Ink, Palette, inks_of, line_colours, line_ink, mark_ink
from tui.charts.rows import Row
from tui.charts.scale import HeldScale, Scale
from tui.charts.strips import blank_strips, to_strips
from tui.charts.view import Bar
from tui.model.timeframe import NS, Timeframe

LETTERS = "ABCDEFGH"
"""What lines are called, in their order; more of them cannot be told apart."""
_DECIMALS = 4
_LEAST_RANGE = 0.02  # percent
_HUGE = 1e100
_ROWS_PER_LABEL = 4


class Series(msgspec.Struct, frozen=True):
    """One series.

    Attributes:
        points: open time (ns) and value, oldest first.
        holes: spans (ns, the end excluded) that nobody knows; the line is broken there.
    """

    points: Sequence[tuple[int, float]]
    holes: Sequence[tuple[int, int]] = ()


class Reading(msgspec.Struct, frozen=True):
    """What the chart shows of a series.

    Attributes:
        percent: of its newest point. since: open time (ns) of the point that counts as 0 %.
        is_late: True where others begin earlier: its percentages are of another moment than theirs.
    """

    percent: float
    since: int
    is_late: bool


class LineChart(msgspec.Struct, frozen=True):
    """A painted chart, and what it shows of each series: None of one that has no point in sight."""

    strips: list[Strip]
    readings: list[Reading | None]


class _Curve(msgspec.Struct):
    """A series in percent; `places` count dots from the left."""

    places: list[int]
    times: list[int]
    values: list[float]


class LinePainter:
    """Paints one chart again and again; the scale holds still while the lines stay inside it, and a row
    that did not change is the very same strip."""

    def __init__(self) -> None:
        self._scale = HeldScale()
        self._rows: list[Row] = []
        self._strips: list[Strip] = []
        self._key: object = None

    def paint(
        self,
        series: Sequence[Series],
        *,
        width: int,
        height: int,
        timeframe: Timeframe,
        palette: Palette,
        glyphs: Glyphs,
        message: str = "",
    ) -> LineChart:
        """Paint the newest part of each series that fits, all on the same axis of time.

        Never raises for any points or size: what makes no sense is left out.

        Args:
            series: the first is in front; at most eight are drawn.
            timeframe: the distance of points; each takes one dot.
            message: plain text shown in the middle when there is no point at all.
        """
        series = series[: len(LETTERS)]
        if width <= 0 or height <= 0:
            return LineChart([Strip([], 0) for _ in range(height)], [None] * len(series))
        inks = inks_of(palette)
        layout = share_room(width, height, volume=False)
        label_width = 8 if layout.axis_limit else 0
        if 0 < layout.axis_limit < 8:
            label_width = 7
        letters = min(len(series), 3) if width >= 16 else 0
        plot_width = max(width - label_width - letters - bool(letters), 1)
        dots = Dots(plot_width, layout.price_rows, glyphs)
        newest = max((each.points[-1][0] for each in series if each.points), default=0)
        slots = plot_width * dots.across
        span = timeframe.seconds * NS
        # Cells begin at round times: so do their labels, and a new point moves no dot within its cell.
        last = newest + (dots.across - 1 - newest // span % dots.across) * span
        curves = [_curve(each, last, slots, span) for each in series]
        drawn = [curve for curve in curves if curve is not None]
        if not drawn or height == 1:
            return LineChart(blank_strips(width, height, inks, message), [None] * len(series))
        scale = self._scale.fit(
            min(0.0, *(min(curve.values) for curve in drawn)),
            max(0.0, *(max(curve.values) for curve in drawn)),
            layout.price_rows,
            smallest=_LEAST_RANGE,
        )
        colours = line_colours(palette, len(series))
        rows = [Row() for _ in range(height)]
        for number, (curve, each) in enumerate(zip(curves, series, strict=True)):
            if curve is not None:
                _trace(dots, number, curve, each.holes, scale)
        dots.draw(rows, [line_ink(each, palette.background) for each in colours], LETTERS)
        canvas = _canvas(width, height, layout, timeframe, palette, glyphs, dots.across)
        canvas.plot_width, canvas.label_width, canvas.rows = plot_width, label_width, rows
        if letters:
            _draw_letters(canvas, curves, scale, [mark_ink(each) for each in colours], letters)
        _draw_axis(canvas, scale, plot_width + letters + bool(letters))
        if layout.time_rows:
            canvas.bars = _slots(last - (slots - 1) * span, plot_width, dots.across * span)
            draw_time_axis(canvas)
        key = (width, height, palette)
        held = self._strips if key == self._key else []
        self._strips = to_strips(rows, self._rows, held, width, inks.blank)
        self._key, self._rows = key, rows
        earliest = min(curve.places[0] for curve in drawn)
        readings = [
            Reading(curve.values[-1], curve.times[0], curve.places[0] > earliest) if curve else None
            for curve in curves
        ]
        return LineChart(list(self._strips), readings)


def _curve(series: Series, last: int, slots: int, span: int) -> _Curve | None:
    """The points in sight in percent of the first of them; None where there are none."""
    found = _Curve([], [], [])
    base = 0.0
    for time, value in series.points[-slots:]:
        place = slots - 1 - round((last - time) / span)
        if not 0 <= place < slots or not (isfinite(value) and 0.0 < value < _HUGE):
            continue
        base = base or value
        percent = (value / base - 1) * 100
        if not isfinite(percent) or abs(percent) > _HUGE:
            continue
        if found.places and place <= found.places[-1]:
            continue  # out of order, or twice
        found.places.append(place)
        found.times.append(time)
        found.values.append(percent)
    return found if found.places else None


def _trace(
    dots: Dots, line: int, curve: _Curve, holes: Sequence[tuple[int, int]], scale: Scale
) -> None:
    most = scale.rows * dots.down - 1
    spots = [
        (place, min(int(scale.position(value) * dots.down), most))
        for place, value in zip(curve.places, curve.values, strict=True)
    ]
    dots.put(line, *spots[0])
    holes = [hole for hole in holes if hole[1] > curve.times[0]]
    for (start, end), (before, after) in zip(pairwise(spots), pairwise(curve.times), strict=True):
        if any(low < after and before < high for low, high in holes):
            dots.put(line, *end)
        else:
            dots.join(line, start, end)


def _draw_letters(
    canvas: Canvas,
    curves: Sequence[_Curve | None],
    scale: Scale,
    inks: Sequence[Ink],
    room: int,
) -> None:
    """Put the lines' letters beside their ends, several on the same row side by side."""
    taken = [0] * scale.rows
    for number, curve in enumerate(curves):
        end = None if curve is None else scale.row(curve.values[-1])
        free = [row for row in range(scale.rows) if taken[row] < room]
        if end is None or not free:
            continue
        _, row = min((abs(row - end), row) for row in free)
        column = canvas.plot_width + 1 + taken[row]
        canvas.rows[row].cells.append((column, LETTERS[number], inks[number]))
        taken[row] += 1


def _draw_axis(canvas: Canvas, scale: Scale, column: int) -> None:
    """Label round percentages, with a faint line through the empty cells of their rows."""
    step = price_step(scale.high - scale.low, max(scale.rows // _ROWS_PER_LABEL, 2), _DECIMALS)
    digits = step_decimals(step)
    for percent in round_prices(scale.low, scale.high, step):
        number = scale.row(percent)
        if number is None:
            continue
        row = canvas.rows[number]
        is_base = abs(percent) < step / 2
        row.fill = canvas.glyphs.last_line if is_base else canvas.glyphs.grid_line
        row.fill_ink, row.fill_width = canvas.inks.grid, canvas.plot_width
        text = "0%" if is_base else f"{percent:+.{digits}f}%"
        if canvas.label_width:
            text = text.rjust(canvas.label_width)[-canvas.label_width :]
            row.cells.append((column, text, canvas.inks.axis))


def _canvas(
    width: int,
    height: int,
    layout: Layout,
    timeframe: Timeframe,
    palette: Palette,
    glyphs: Glyphs,
    across: int,
) -> Canvas:
    """What the axis of time is drawn on: a cell counts as a candle."""
    return Canvas(
        width=width,
        height=height,
        layout=layout,
        timeframe=timeframe,
        decimals=_DECIMALS,
        inks=inks_of(palette),
        glyphs=glyphs,
        merge=across,
    )


def _slots(first: int, count: int, span: int) -> list[Bar]:
    """One bar for each cell, of which only the time is looked at."""
    return [Bar(at, first + at * span, 0.0, 0.0, 0.0, 0.0, 0.0) for at in range(count)]
