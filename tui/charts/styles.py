"""The styles of candles: what each shows of them, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import TypeAlias

from tui.charts.candles import body_width, candle_shape, tick_shape
from tui.charts.canvas import Canvas
from tui.charts.dots import Dots
from tui.charts.palette import Ink, blend
from tui.charts.patterns import dotted
from tui.charts.plots import dot_row
from tui.charts.rows import Cell, Patch
from tui.charts.view import Bar
from tui.model.chart import ChartStyle

WARM_UP = 100
"""So many bars before the view Heikin-Ashi begins, so that its candles do not depend on where the view
does: each halves what is left of the beginning."""
_MOST_SHAPES = 8192
_FAINT = 0.82

_Shape: TypeAlias = list[tuple[int, int, str, Ink]]


def heikin_ashi(bars: Sequence[Bar]) -> list[Bar]:
    """The bars averaged: each closes at its mean price and opens in the middle of the one before it."""
    averaged: list[Bar] = []
    opened = closed = 0.0
    for bar in bars:
        opened = (opened + closed) / 2 if averaged else (bar.open + bar.close) / 2
        closed = (bar.open + bar.high + bar.low + bar.close) / 4
        high, low = max(bar.high, opened, closed), min(bar.low, opened, closed)
        averaged.append(Bar(bar.slot, bar.open_time, opened, high, low, closed, bar.volume))
    return averaged


def closes(bars: Sequence[Bar]) -> list[Bar]:
    """The bars with nothing but their closes, for lines."""
    return [
        Bar(bar.slot, bar.open_time, bar.close, bar.close, bar.close, bar.close, bar.volume)
        for bar in bars
    ]


class Stylist:
    """Draws candles in their style; shapes that were drawn before are kept."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[int, int, int, int, bool], _Shape] = {}
        self._key: object = None

    def draw(self, canvas: Canvas) -> None:
        """Draw the bars that are shown into the rows of the prices."""
        if canvas.style in (ChartStyle.LINE, ChartStyle.AREA):
            _draw_line(canvas)
        else:
            self._draw_shapes(canvas)

    def _draw_shapes(self, canvas: Canvas) -> None:
        cells = [row.cells for row in canvas.rows]
        left, columns = canvas.left, canvas.columns
        shape_of = self._shape_of(canvas)
        for bar in _in_units(canvas, canvas.shown):
            column = left + bar.slot * columns
            for row, across, text, ink in shape_of(bar):
                cells[row].append((column + across, text, ink))

    def cells_of(self, canvas: Canvas, bar: Bar) -> list[tuple[int, Cell]]:
        """How a candle is drawn: rows with cells."""
        (bar,) = _in_units(canvas, [bar])
        column = canvas.left + bar.slot * canvas.columns
        return [
            (row, (column + across, text, ink))
            for row, across, text, ink in self._shape_of(canvas)(bar)
        ]

    def _shape_of(self, canvas: Canvas) -> Callable[[Bar], _Shape]:
        glyphs, scale = canvas.glyphs, canvas.scale
        shapes = self._shapes_of(canvas)
        top_price = scale.top
        halves = 2 * scale.rows / (scale.top - scale.bottom)
        steps = halves * glyphs.steps / 2
        most = scale.rows * glyphs.steps
        no_wick = 2 * scale.rows
        if canvas.style is ChartStyle.BARS:
            no_wick = -1

        def shape_of(bar: Bar) -> _Shape:
            opened, close = bar.open, bar.close
            is_up = close >= opened
            upper, lower = (close, opened) if is_up else (opened, close)
            key = (
                min(int((top_price - upper) * steps + 0.5), most - 1),
                int((top_price - lower) * steps + 0.5),
                int((top_price - bar.high) * halves + 0.5)
                if bar.high > upper or no_wick < 0
                else no_wick,
                int((top_price - bar.low) * halves + 0.5) if bar.low < lower or no_wick < 0 else 0,
                is_up,
            )
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = _shape(canvas, key)
            return shape

        return shape_of

    def _shapes_of(self, canvas: Canvas) -> dict[tuple[int, int, int, int, bool], _Shape]:
        rows = canvas.scale.rows if canvas.style is ChartStyle.BARS else 0
        is_bars = canvas.style is ChartStyle.BARS
        key = (canvas.glyphs, canvas.columns, canvas.hollow_up, canvas.inks, is_bars, rows)
        if key != self._key or len(self._shapes) > _MOST_SHAPES:
            self._key = key
            self._shapes = {}
        return self._shapes


def _in_units(canvas: Canvas, bars: Sequence[Bar]) -> Sequence[Bar]:
    """The bars in what the scale spreads evenly."""
    if not canvas.scale.is_log:
        return bars
    return [
        Bar(
            bar.slot,
            bar.open_time,
            log(bar.open),
            log(bar.high),
            log(bar.low),
            log(bar.close),
            0.0,
        )
        for bar in bars
    ]


def _shape(canvas: Canvas, key: tuple[int, int, int, int, bool]) -> _Shape:
    top, bottom, high, low, is_up = key
    glyphs, inks = canvas.glyphs, canvas.inks
    pair = inks.up if is_up else inks.down
    width = body_width(canvas.columns)
    if canvas.style is ChartStyle.BARS:
        opened, close = (bottom, top) if is_up else (top, bottom)
        last = canvas.scale.rows * glyphs.steps - 1
        rows = (min(opened, last) // glyphs.steps, min(close, last) // glyphs.steps)
        return tick_shape(glyphs, width, pair[0], *rows, high=high, low=low)
    hollow = is_up and canvas.hollow_up
    if hollow and bottom - top <= 2 * glyphs.steps:
        pair = inks.up_short
    return candle_shape(
        glyphs, width, pair, top=top, bottom=bottom, high=high, low=low, hollow=hollow
    )


def _draw_line(canvas: Canvas) -> None:
    """Draw a line through the closes, broken where candles could not be had; for an area what is below
    it is shaded."""
    scale = canvas.scale
    dots = Dots(canvas.plot_width, scale.rows, canvas.glyphs)
    before: tuple[int, int] | None = None
    opened = 0
    for bar in canvas.shown:
        height = dot_row(scale, bar.close, dots.down)
        if height is None:
            continue
        place = canvas.middle(bar) * dots.across, height
        is_known = not any(low < bar.open_time and opened < high for low, high in canvas.holes)
        if before is None or not is_known:
            dots.put(0, *place)
        else:
            dots.join(0, before, place)
        before, opened = place, bar.open_time
    dots.draw(canvas.rows, [canvas.inks.line], "*")
    if canvas.style is ChartStyle.AREA:
        _shade_below(canvas)


def _shade_below(canvas: Canvas) -> None:
    """Shade every column from below the lowest cell of its line down."""
    rows = canvas.rows[: canvas.scale.rows]
    lowest: dict[int, int] = {}
    for number, row in enumerate(rows):
        lowest |= {cell[0]: number for cell in row.cells}
    palette = canvas.inks.palette
    shade = blend(palette.last_price, palette.background, _FAINT)
    columns = sorted(lowest.items())
    for number, row in enumerate(rows):
        patches: list[Patch] = []
        for column, last in columns:
            if last >= number:
                continue
            if patches and patches[-1][1] == column:
                patches[-1] = (patches[-1][0], column + 1, shade)
            else:
                patches.append((column, column + 1, shade))
        if patches and canvas.fine_colours:
            row.ground.append(patches)
        elif patches:
            row.behind.append(dotted(canvas, patches, number))
