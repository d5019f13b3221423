"""Plots on the scale of the prices, behind the candles, and the legend that tells their values."""

from __future__ import annotations

from collections.abc import Sequence

from tui.charts.axes import PriceFormat
from tui.charts.bands import draw_bands
from tui.charts.canvas import Canvas
from tui.charts.layers import Plot, PlotKind
from tui.charts.palette import Ink, line_ink
from tui.charts.plots import MARKS, PlotMemory, Window, colours_of, draw_lines, narrow

_PLACE = "overlays"
# So many times the range of the candles may be added to it: where rows are few they keep most of them.
_MOST_STRETCH, _MOST_STRETCH_OF_FEW, _FEW_ROWS = 2.0, 0.6, 14
_ALL_KINDS = frozenset(PlotKind)
_LEAST_ROWS_WITH_LEGEND = 8
_LEAST_COLUMNS_WITH_LEGEND = 24
_ROWS_PER_LEGEND_ROW = 7


def see_overlays(canvas: Canvas, plots: Sequence[Plot], memory: PlotMemory) -> list[Window]:
    """The plots where the bars in sight are."""
    return [
        memory.window(canvas, plot, f"{_PLACE} {number}", colours)
        for number, (plot, colours) in enumerate(zip(plots, colours_of(plots, canvas), strict=True))
    ]


def stretch(
    low: float,
    high: float,
    windows: Sequence[Window],
    *,
    rows: int,
    smallest: float,
    is_log: bool,
) -> tuple[float, float]:
    """The range of the candles widened to that of the lines, as far as the candles keep a third of it."""
    lows = [each.low for each in windows if each.low is not None]
    highs = [each.high for each in windows if each.high is not None]
    if not lows or not highs:
        return low, high
    below, above = max(low - min(lows), 0.0), max(max(highs) - high, 0.0)
    times = _MOST_STRETCH if rows >= _FEW_ROWS else _MOST_STRETCH_OF_FEW
    if any(each.plot.said for each in windows):
        # Other symbols are there to be compared with: their lines are worth more of the room.
        times *= 2
    allowed = times * max(high - low, smallest)
    if below + above > allowed:
        # Each side gets what it wants of the half, and what the other leaves.
        half = allowed / 2
        below, above = (
            min(below, max(half, allowed - above)),
            min(above, max(half, allowed - below)),
        )
    if is_log and low - below <= 0.0:
        below = low / 2
    return low - below, high + above


def draw_overlays(canvas: Canvas, windows: Sequence[Window], memory: PlotMemory) -> None:
    """Draw lines and dots behind the candles, and the bands between them."""
    draw_lines(canvas, windows, canvas.scale, memory, _PLACE, 0, kinds=_ALL_KINDS)
    draw_bands(canvas, windows, canvas.scale, memory, _PLACE, 0)


def legend_rows(canvas: Canvas, plots: Sequence[Plot]) -> int:
    """The rows that the legend takes from the candles; none where there is little room."""
    rows = canvas.layout.price_rows
    if not plots or rows < _LEAST_ROWS_WITH_LEGEND:
        return 0
    if canvas.plot_width < _LEAST_COLUMNS_WITH_LEGEND:
        return 0
    # By a price's width, not by that of the values: those may change with every tick.
    digits = len(PriceFormat(canvas.decimals)(canvas.bars[-1].close))
    needed = used = 0
    for plot in plots:
        lines = max(len(plot.lines), 1)
        size = len(narrow(plot.name)) + lines * (digits + 1) + 2
        size += sum(max(len(text) - digits, 0) for text in plot.said)
        if canvas.glyphs.is_ascii:
            size += 2 * lines
        if not needed or used + size > canvas.plot_width:
            needed, used = needed + 1, 0
        used += size
        needed, used = needed + used // canvas.plot_width, used % canvas.plot_width
    return min(needed, max(rows // _ROWS_PER_LEGEND_ROW, 1))


def draw_legend(canvas: Canvas, windows: Sequence[Window]) -> None:
    """Tell the values of the newest candle, or of the crosshair's, each in its line's colour."""
    if not canvas.legend_rows:
        return
    number, column, mark = 0, 0, 0
    width, last = canvas.plot_width, canvas.legend_rows - 1
    for window in windows:
        parts = _legend(canvas, window, mark)
        mark += len(window.head)
        size = sum(len(text) for text, _ in parts)
        if column and column + size > width + 2 and number < last:
            number, column = number + 1, 0
        for text, ink in parts:
            if column + len(text.rstrip()) > width - (number == last):
                if number == last:
                    # Half a number would be another number.
                    cut = ">" if canvas.glyphs.is_ascii else "…"
                    canvas.rows[number].overlay(min(column, width - 1), cut, canvas.inks.muted)
                    return
                number, column = number + 1, 0
            text = text[: width - column]
            canvas.rows[number].overlay(column, text, ink)
            column += len(text)


def _legend(canvas: Canvas, window: Window, mark: int) -> list[tuple[str, Ink]]:
    ground = canvas.inks.palette.background
    form = PriceFormat(canvas.decimals)
    parts = [(f"{narrow(window.plot.name)} ", canvas.inks.text)]
    for line, colour in enumerate(window.colours):
        if line < len(window.plot.said):
            text = window.plot.said[line]
        else:
            value = window.value(line, canvas.pointed)
            text = "-" if value is None else form(value)
        if canvas.glyphs.is_ascii:
            text = f"{MARKS[(mark + line) % len(MARKS)]} {text}"
        space = "  " if line == len(window.colours) - 1 else " "
        parts.append((text + space, line_ink(colour, ground)))
    return parts
