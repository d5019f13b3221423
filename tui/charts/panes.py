"""Draws what belongs to candles but has a scale of its own, as lines in panes below them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from math import isfinite
from typing import TypeAlias

import msgspec
from rich.cells import cell_len

from tui.charts.axes import PriceFormat, compact, price_step, step_decimals
from tui.charts.canvas import Canvas, write_label
from tui.charts.dots import Dots
from tui.charts.palette import line_colours, line_ink
from tui.charts.rows import Cell, Row
from tui.charts.scale import Scale
from tui.model.timeframe import NS

LINES = 4
"""So many lines of one pane are drawn; more of them cannot be told apart."""
_MARKS = "*+xo"
_HUGE = 1e100
_PIECES = 8
_TOO_EMPTY = 0.5
_FINEST = 100

_Spot: TypeAlias = tuple[int, float, bool] | None
"""Column, value, and whether the line comes there from the spot before."""


class Pane(msgspec.Struct, frozen=True):
    """What one pane shows: what a venue computes of its candles, or an indicator of our own.

    Attributes:
        name: plain text. lines: the names of its lines; without any, there is one and `name` is its
            name.
        times: open times (ns) of candles, rising.
        values: for each of them one value a line, in the lines' order; None where there is none.
    """

    name: str
    times: Sequence[int]
    values: Sequence[Sequence[float | None]]
    lines: Sequence[str] = ()


class PaneMemory:
    """What is kept of panes, by their names, from one painting to the next: scales that hold still while
    the values stay inside them, and the lines as far as the newest candle does not change them."""

    def __init__(self) -> None:
        self._scales: dict[str, Scale] = {}
        self._heads: dict[str, tuple[Hashable, list[list[Cell]]]] = {}

    def fit(self, name: str, low: float, high: float, rows: int) -> Scale:
        """The scale, with round ends, for values from `low` to `high`, finite and in order."""
        held = self._scales.get(name)
        if held is None or not (
            held.rows == rows
            and held.low <= low
            and high <= held.high
            and (high - low >= (held.high - held.low) * _TOO_EMPTY or low == high)
        ):
            held = self._scales[name] = _fitted(low, high, rows)
        return held

    def head(
        self, name: str, key: Hashable, draw: Callable[[], list[list[Cell]]]
    ) -> list[list[Cell]]:
        """The drawing that was kept for the key, or a new one."""
        held = self._heads.get(name)
        if held is None or held[0] != key:
            held = self._heads[name] = key, draw()
        return held[1]

    def forget(self) -> None:
        """Begin anew at the next painting."""
        self._scales.clear()
        self._heads.clear()


def _fitted(low: float, high: float, rows: int) -> Scale:
    size = max(abs(low), abs(high))
    # A value that does not move is shown as such; less than this is nothing that floats can tell.
    least = size * (0.01 if low == high else 1e-9) if size > 1e-80 else 1.0
    if high - low < least:
        low, high = low - least, high + least
    step = price_step(high - low, _PIECES, _FINEST)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, rows)


def draw_panes(canvas: Canvas, panes: Sequence[Pane], memory: PaneMemory) -> None:
    """Draw as many panes as the layout has room for: a heading with the newest values, and lines at the
    columns of their candles, broken where there is no value."""
    layout = canvas.layout
    top = layout.price_rows + layout.volume_rows
    for pane in panes[: layout.panes]:
        _draw_pane(canvas, pane, memory, top)
        top += layout.pane_rows


def _draw_pane(canvas: Canvas, pane: Pane, memory: PaneMemory, top: int) -> None:
    lines = [_spots(canvas, pane, at) for at in range(min(len(pane.lines) or 1, LINES))]
    found = [spot[1] for line in lines for spot in line if spot is not None]
    scale = None
    if found:
        height = canvas.layout.pane_rows - 1
        scale = memory.fit(pane.name, min(found), max(found), height)
        _draw_lines(canvas, pane.name, lines, scale, memory, top + 1)
        _draw_axis(canvas, scale, top + 1)
    _draw_heading(canvas, pane, [line[-1] for line in lines], scale, canvas.rows[top])


def _spots(canvas: Canvas, pane: Pane, line: int) -> list[_Spot]:
    """The line's value at each bar; of a merged bar, the last one."""
    times, values = pane.times, pane.values
    known = min(len(times), len(values))
    span = canvas.timeframe.seconds * NS
    # Months differ in length: half of one is room enough for the longest of them.
    reach = canvas.merge * span - span // 2
    spots: list[_Spot] = []
    at = bisect_left(times, canvas.bars[0].open_time, 0, known)
    before = 0
    for bar in canvas.bars:
        opened = bar.open_time
        value = None
        while at < known and times[at] < opened + reach:
            row = values[at]
            if times[at] >= opened and line < len(row):
                value = _sane(row[line], value)
            at += 1
        if value is None:
            spots.append(None)
        else:
            # Where candles could not be had nobody knows how the line went.
            is_joined = not any(low < opened and before < high for low, high in canvas.holes)
            spots.append((canvas.middle(bar), value, is_joined))
        before = opened
    return spots


def _sane(value: float | None, otherwise: float | None) -> float | None:
    return value if value is not None and isfinite(value) and abs(value) < _HUGE else otherwise


def _draw_lines(
    canvas: Canvas,
    name: str,
    lines: Sequence[Sequence[_Spot]],
    scale: Scale,
    memory: PaneMemory,
    top: int,
) -> None:
    """Put the lines into the rows: a tick moves their ends only, so all before is kept."""
    heads = [line[:-1] for line in lines]
    edge = canvas.middle(canvas.bars[-2]) if len(canvas.bars) > 1 else 0
    key = (scale, canvas.plot_width, canvas.glyphs, canvas.inks, tuple(map(tuple, heads)))
    head = memory.head(
        name,
        key,
        lambda: [[cell for cell in row if cell[0] < edge] for row in _cells(canvas, heads, scale)],
    )
    tail = _cells(canvas, [line[-3:] for line in lines], scale)
    for at, row in enumerate(canvas.rows[top : top + scale.rows]):
        row.cells += head[at]
        row.cells += [cell for cell in tail[at] if cell[0] >= edge]
    if scale.low < 0.0 < scale.high:
        zero = canvas.rows[top + (scale.row(0.0) or 0)]
        zero.fill, zero.fill_ink = canvas.glyphs.grid_line, canvas.inks.grid
        zero.fill_width = canvas.plot_width


def _cells(canvas: Canvas, lines: Sequence[Sequence[_Spot]], scale: Scale) -> list[list[Cell]]:
    dots = Dots(canvas.plot_width, scale.rows, canvas.glyphs)
    most = scale.rows * dots.down - 1
    for number, spots in enumerate(lines):
        before: tuple[int, int] | None = None
        for spot in spots:
            if spot is None:
                before = None
                continue
            column, value, is_joined = spot
            place = column * dots.across, min(int(scale.position(value) * dots.down), most)
            if before is None or not is_joined:
                dots.put(number, *place)
            else:
                dots.join(number, before, place)
            before = place
    palette = canvas.inks.palette
    inks = [line_ink(each, palette.background) for each in line_colours(palette, len(lines))]
    rows = [Row() for _ in range(scale.rows)]
    dots.draw(rows, inks, _MARKS)
    return [row.cells for row in rows]


def _draw_axis(canvas: Canvas, scale: Scale, top: int) -> None:
    if not canvas.label_width:
        return
    step = price_step(scale.high - scale.low, _PIECES, _FINEST)
    ends = scale.high, scale.low
    digits = min(step_decimals(step), 18)
    while digits and all(abs(round(end, digits - 1) - end) < step / 1000 for end in ends):
        digits -= 1
    for row, value in zip((top, top + scale.rows - 1), ends, strict=True):
        text = PriceFormat(digits)(value)
        if len(text) > canvas.label_width:
            text = compact(value)
        if len(text) <= canvas.label_width:
            write_label(canvas, row, text, canvas.inks.axis)


def _draw_heading(
    canvas: Canvas, pane: Pane, newest: Sequence[_Spot], scale: Scale | None, row: Row
) -> None:
    """The pane's name and the values of the newest candle, each in its line's colour."""
    inks, palette = canvas.inks, canvas.inks.palette
    row.fill, row.fill_ink = canvas.glyphs.dash, inks.grid
    row.fill_width = canvas.plot_width
    digits = 0 if scale is None else _digits(scale.high - scale.low)
    colours = line_colours(palette, len(newest))
    parts = [(f"{_narrow(pane.name)} ", inks.text)]
    if len(newest) > 1 and pane.lines[0] == pane.name:
        parts.clear()  # it would be said twice
    for at, (spot, colour) in enumerate(zip(newest, colours, strict=True)):
        text = "-" if spot is None else PriceFormat(digits)(spot[1])
        if len(newest) > 1:
            text = f"{_narrow(pane.lines[at])} {text}"
            # Without braille the lines differ by their marks, and not by their colours alone.
            text = f"{_MARKS[at]} {text}" if canvas.glyphs.steps == 1 else text
        parts.append((f"{text} ", line_ink(colour, palette.background)))
    column = 0
    for text, ink in parts:
        if column + len(text) > canvas.plot_width:
            break
        row.cells.append((column, text, ink))
        column += len(text)


def _digits(span: float) -> int:
    """Digits after the point that tell a thousandth of the span."""
    return min(max(math.ceil(3 - math.log10(span)), 0), 18)


def _narrow(name: str) -> str:
    """The name without characters that do not take one cell each."""
    return "".join(each for each in name if cell_len(each) == 1)
