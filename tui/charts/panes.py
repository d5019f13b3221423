"""Draws what belongs to candles but has a scale of its own, in panes below them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from tui.charts.axes import PriceFormat, compact, price_step, step_decimals
from tui.charts.bands import draw_bands
from tui.charts.candles import body_width, candle_shape
from tui.charts.canvas import Canvas, write_label
from tui.charts.layers import Plot, PlotKind
from tui.charts.palette import Ink, line_ink
from tui.charts.plots import MARKS, PlotMemory, Spot, Window, colours_of, draw_lines, narrow
from tui.charts.rows import Cell, Row
from tui.charts.scale import Scale

_PIECES = 8
_TOO_EMPTY = 0.5
_FINEST = 100


def draw_panes(canvas: Canvas, panes: Sequence[Plot], memory: PlotMemory) -> None:
    """Draw as many panes as the layout has room for: a heading with the newest values, and lines at the
    columns of their candles, broken where there is no value."""
    layout = canvas.layout
    top = layout.price_rows + layout.volume_rows
    for number, plot in enumerate(panes[: layout.panes]):
        place = f"pane {number} {plot.name}"
        (colours,) = colours_of([plot], canvas)
        _draw_pane(canvas, memory.window(canvas, plot, place, colours), memory, place, top)
        top += layout.pane_rows


def _draw_pane(canvas: Canvas, window: Window, memory: PlotMemory, place: str, top: int) -> None:
    scale = _scale(window, memory, place, canvas.layout.pane_rows - 1)
    if scale is not None:
        draw_lines(canvas, [window], scale, memory, place, top + 1)
        _draw_histograms(canvas, window, scale, memory, place, top + 1)
        draw_bands(canvas, [window], scale, memory, place, top + 1)
        _draw_levels(canvas, window.plot.levels, scale, top + 1)
        _draw_axis(canvas, scale, top + 1)
    _draw_heading(canvas, window, scale, canvas.rows[top])


def _scale(window: Window, memory: PlotMemory, place: str, rows: int) -> Scale | None:
    """The pane's scale; None where it has nothing to show."""
    low, high = window.low, window.high
    if low is None or high is None:
        return None
    bounds = window.plot.bounds
    if bounds is not None and all(map(math.isfinite, bounds)) and bounds[0] < bounds[1]:
        return Scale(*bounds, rows)
    if any(window.kind(line) is PlotKind.HISTOGRAM for line in range(len(window.head))):
        low, high = min(low, 0.0), max(high, 0.0)
    held = memory.scales.get(place)
    if held is None or not _serves(held, low, high, rows):
        held = memory.scales[place] = fit_pane(low, high, rows)
    return held


def _serves(held: Scale, low: float, high: float, rows: int) -> bool:
    return (
        held.rows == rows
        and held.low <= low
        and high <= held.high
        and (high - low >= (held.high - held.low) * _TOO_EMPTY or low == high)
    )


def fit_pane(low: float, high: float, rows: int) -> Scale:
    """A scale with round ends for values from `low` to `high`, finite and in order."""
    size = max(abs(low), abs(high))
    # A value that does not move is shown as such; less than this is nothing that floats can tell.
    least = size * (0.01 if low == high else 1e-9) if size > 1e-80 else 1.0
    if high - low < least:
        low, high = low - least, high + least
    step = price_step(high - low, _PIECES, _FINEST)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, rows)


def _draw_histograms(
    canvas: Canvas, window: Window, scale: Scale, memory: PlotMemory, place: str, top: int
) -> None:
    """Draw bars from zero to the values of the lines that are histograms."""
    for line, colour in enumerate(window.colours):
        if window.kind(line) is not PlotKind.HISTOGRAM:
            continue
        own = window.plot.colours[line : line + 1]
        palette = canvas.inks.palette
        pairs = [
            canvas.inks.pair(colour if own and own[0] == colour else each)
            for each in (palette.up_volume, palette.down_volume)
        ]
        head_spots = window.head[line]
        key = (scale, canvas.plot_width, canvas.columns, canvas.glyphs, pairs, head_spots)
        head = memory.drawing(
            f"{place} histogram {line}",
            key,
            partial(_bars, canvas, head_spots, scale, pairs),
        )
        tail = _bars(canvas, window.tail[line], scale, pairs)
        for row, before, after in zip(canvas.rows[top:], head, tail, strict=False):
            if before or after:
                row.behind.append(before + after if after else before)


def _bars(
    canvas: Canvas, spots: Sequence[Spot], scale: Scale, pairs: Sequence[tuple[Ink, Ink]]
) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[] for _ in range(scale.rows)]
    glyphs, width = canvas.glyphs, body_width(canvas.columns)
    most = scale.rows * glyphs.steps
    zero = min(max(int(scale.position(0.0) * glyphs.steps + 0.5), 0), most)
    for spot in spots:
        if spot is None:
            continue
        column, value, _ = spot
        edge = min(max(int(scale.position(value) * glyphs.steps + 0.5), 0), most)
        shape = candle_shape(
            glyphs,
            width,
            pairs[value < 0.0],
            top=min(edge, zero, most - 1),
            bottom=max(edge, zero),
            high=2 * scale.rows,
            low=0,
            hollow=False,
        )
        for row, across, text, ink in shape:
            rows[row].append((column - width // 2 + across, text, ink))
    return rows


def _draw_levels(canvas: Canvas, levels: Sequence[float], scale: Scale, top: int) -> None:
    """Draw faint lines across at the levels, and at zero."""
    for level in (*levels, 0.0):
        number = scale.row(level) if math.isfinite(level) else None
        if number is None or not scale.low < level < scale.high:
            continue
        row = canvas.rows[top + number]
        row.fill, row.fill_ink = canvas.glyphs.grid_line, canvas.inks.grid
        row.fill_width = canvas.plot_width


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


def _draw_heading(canvas: Canvas, window: Window, scale: Scale | None, row: Row) -> None:
    """The pane's name and the values of the newest candle, or of the crosshair's, each in its line's
    colour."""
    inks, plot = canvas.inks, window.plot
    row.fill, row.fill_ink = canvas.glyphs.dash, inks.grid
    row.fill_width = canvas.plot_width
    digits = 0 if scale is None else _digits(scale.high - scale.low)
    parts = [(f"{narrow(plot.name)} ", inks.text)]
    several = len(window.head) > 1
    if several and plot.lines[0] == plot.name:
        parts.clear()  # it would be said twice
    for at, colour in enumerate(window.colours):
        value = window.value(at, canvas.pointed)
        text = "-" if value is None else PriceFormat(digits)(value)
        if several:
            text = f"{narrow(plot.lines[at])} {text}"
            # Without braille the lines differ by their marks, and not by their colours alone.
            text = f"{MARKS[at]} {text}" if canvas.glyphs.is_ascii else text
        parts.append((f"{text} ", line_ink(colour, inks.palette.background)))
    column = 0
    for text, ink in parts:
        if column + len(text) > canvas.plot_width:
            break
        row.cells.append((column, text, ink))
        column += len(text)


def _digits(span: float) -> int:
    """Digits after the point that tell a thousandth of the span."""
    return min(max(math.ceil(3 - math.log10(span)), 0), 18)
