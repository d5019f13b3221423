"""The book over time: backgrounds behind the candles, and lines at the best bid and ask."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import isfinite
from typing import TypeAlias

import msgspec

from tui.charts.canvas import Canvas
from tui.charts.dots import Dots
from tui.charts.layers import Heat
from tui.charts.palette import blend, line_ink
from tui.charts.plots import PlotMemory, dot_row
from tui.charts.rows import Cell, Patch, Row
from tui.model.timeframe import NS

_LEVELS = 8
_STRONGEST = 0.5
_MOST_SAMPLES = 4
"""A column of the screen that stands for more columns of the book looks at so many of them."""


_MOST_SUMMED = 20_000

_Summed: TypeAlias = tuple[Sequence[tuple[float, float]], dict[int, float]]
"""A column of the book, and its sizes by rows of the screen."""


class _Drawn(msgspec.Struct, frozen=True, eq=False):
    """By row: shades of the levels, and the best prices' lines."""

    levels: list[list[tuple[int, int, int]]]
    lines: list[list[Cell]]


def draw_heat(canvas: Canvas, heat: Heat, memory: PlotMemory) -> None:
    """Shade each row and column by the size that rested there then, as far as it was known."""
    if not heat.times or not (isfinite(heat.most) and heat.most > 0.0) or heat.span <= 0:
        return
    edge = canvas.left + canvas.bars[-1].slot * canvas.columns
    known = min(len(heat.times), len(heat.columns))
    first = max(bisect_right(heat.times, canvas.bars[0].open_time - heat.span, 0, known) - 1, 0)
    cut = bisect_left(heat.times, canvas.bars[-1].open_time, first, known)
    # The column that lasts into the newest bar belongs to both sides of the edge.
    key = (
        canvas.head_key,
        canvas.scale,
        canvas.glyphs,
        canvas.inks,
        canvas.fine_colours,
        heat.most,
        heat.span,
        heat.times[first:cut],
        heat.columns[first:cut],
        heat.bests[first:cut],
    )
    sums = memory.drawing("heat sums", canvas.scale, dict[int, _Summed])
    if len(sums) > _MOST_SUMMED:
        sums.clear()
    head = memory.drawing("heat", key, lambda: _draw(canvas, heat, known, sums, 0, edge))
    tail = _draw(canvas, heat, known, sums, edge, canvas.plot_width)
    shades = _shades(canvas)
    for number, row in enumerate(canvas.rows[: canvas.scale.rows]):
        lines = head.lines[number] + tail.lines[number]
        if lines:
            row.behind.append(lines)
        runs = head.levels[number] + tail.levels[number]
        if not runs:
            continue
        if canvas.fine_colours:
            patches: list[Patch] = [(start, end, shades[level]) for start, end, level in runs]
            row.ground.append(patches)
        else:
            row.behind.append(_shaded(canvas, runs))


def _shades(canvas: Canvas) -> list[str]:
    palette = canvas.inks.palette
    steps = (1.0 - (1.0 - _STRONGEST) * level / _LEVELS for level in range(_LEVELS + 1))
    return [blend(palette.last_price, palette.background, share) for share in steps]


def _shaded(canvas: Canvas, runs: Sequence[tuple[int, int, int]]) -> list[Cell]:
    glyphs = canvas.glyphs.shades
    most = len(glyphs) - 1
    # What is small would hide the lines behind the candles.
    return [
        (start, glyphs[level * most // _LEVELS] * (end - start), canvas.inks.muted)
        for start, end, level in runs
        if level * most >= _LEVELS
    ]


def _draw(
    canvas: Canvas, heat: Heat, known: int, sums: dict[int, _Summed], start: int, end: int
) -> _Drawn:
    scale = canvas.scale
    levels: list[list[tuple[int, int, int]]] = [[] for _ in range(scale.rows)]
    dots = Dots(canvas.plot_width, scale.rows, canvas.glyphs)
    before: list[tuple[int, int] | None] = [None, None]
    for column, (opened, closed) in _moments(canvas, start, end):
        found = _samples(heat, known, opened, closed)
        if not found:
            before = [None, None]
            continue
        _shade(canvas, heat, found, sums, column, levels)
        before = _join_bests(canvas, heat, found[-1], column, before, dots)
    rows = [Row() for _ in range(scale.rows)]
    palette = canvas.inks.palette
    inks = [line_ink(palette.up, palette.background), line_ink(palette.down, palette.background)]
    dots.draw(rows, inks, "ba")
    return _Drawn(levels, [row.cells for row in rows])


def _moments(canvas: Canvas, start: int, end: int) -> list[tuple[int, tuple[int, int]]]:
    """The columns of bars between two columns, and the part of its bar's time that each stands for."""
    span = canvas.timeframe.seconds * NS * canvas.merge
    columns = canvas.columns
    found: list[tuple[int, tuple[int, int]]] = []
    for bar in canvas.bars:
        left = canvas.left + bar.slot * columns
        if left + columns <= start or left >= end:
            continue
        for step in range(columns):
            if max(start, 0) <= left + step < end:
                opened = bar.open_time + span * step // columns
                found.append((left + step, (opened, bar.open_time + span * (step + 1) // columns)))
    return found


def _samples(heat: Heat, known: int, opened: int, closed: int) -> range:
    """The numbers of the book's columns in a span of time."""
    first = max(bisect_right(heat.times, opened, 0, known) - 1, 0)
    if heat.times[first] + heat.span <= opened:
        first += 1
    last = bisect_left(heat.times, closed, first, known)
    # An odd step meets what comes and goes by turns in both its states.
    return range(first, last, (last - first) // _MOST_SAMPLES | 1)


def _shade(
    canvas: Canvas,
    heat: Heat,
    found: range,
    sums: dict[int, _Summed],
    column: int,
    levels: list[list[tuple[int, int, int]]],
) -> None:
    total: dict[int, float] = {}
    for number in found:
        book = heat.columns[number]
        summed = sums.get(heat.times[number])
        if summed is None or summed[0] is not book:
            summed = sums[heat.times[number]] = book, _by_row(canvas, book)
        for row, size in summed[1].items():
            total[row] = total.get(row, 0.0) + size
    per_level = _LEVELS / (heat.most * len(found))
    for row, size in total.items():
        level = min(int(size * per_level + 0.5), _LEVELS)
        if not level:
            continue
        runs = levels[row]
        if runs and runs[-1][1:] == (column, level):
            runs[-1] = (runs[-1][0], column + 1, level)
        else:
            runs.append((column, column + 1, level))


def _by_row(canvas: Canvas, book: Sequence[tuple[float, float]]) -> dict[int, float]:
    """The sizes of a column of the book by rows of the screen."""
    scale = canvas.scale
    rows, top = scale.rows, scale.top
    per_unit = rows / (top - scale.bottom)
    sizes: dict[int, float] = {}
    for price, size in book:
        position = scale.position(price) if scale.is_log else (top - price) * per_unit
        if 0.0 <= position < rows and 0.0 < size < 1e100:
            row = int(position)
            sizes[row] = sizes.get(row, 0.0) + size
    return sizes


def _join_bests(
    canvas: Canvas,
    heat: Heat,
    number: int,
    column: int,
    before: list[tuple[int, int] | None],
    dots: Dots,
) -> list[tuple[int, int] | None]:
    """Draw the best prices' lines on to a column; returns where they are."""
    bests = heat.bests[number] if number < len(heat.bests) else (None, None)
    ends: list[tuple[int, int] | None] = []
    for line, price in enumerate(bests):
        height = None
        if price is not None and isfinite(price) and canvas.scale.row(price) is not None:
            height = dot_row(canvas.scale, price, dots.down)
        end = None if height is None else ((column + 1) * dots.across - 1, height)
        ends.append(end)
        if end is None:
            continue
        start = before[line]
        if start is None or start[0] < column * dots.across - 1:
            start = (column * dots.across, end[1])
            dots.put(line, *start)
        dots.join(line, start, end)
    return ends
