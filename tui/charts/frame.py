"""The parts of a chart around its candles: volume, marks, separators, holes, time axis."""

from __future__ import annotations

from collections.abc import Callable

from tui.charts.axes import PriceFormat, compact, day_starts, time_labels
from tui.charts.candles import body_width
from tui.charts.canvas import Canvas, write_label
from tui.charts.rows import Cell
from tui.charts.view import Bar, slots_in_holes
from tui.model.chart import PriceScale

_LABEL_GAP = 4
_DAY = 86_400
_LEAST_COLUMNS_PER_DAY = 12
_LEAST_ROWS_FOR_MARKS = 8
_LEAST_COLUMNS_FOR_MARKS = 30


def draw_marks(canvas: Canvas) -> None:
    """Write the highest and the lowest price of the view beside their candles."""
    if canvas.scale.rows < _LEAST_ROWS_FOR_MARKS or canvas.plot_width < _LEAST_COLUMNS_FOR_MARKS:
        return
    highs, lows = [bar.high for bar in canvas.shown], [bar.low for bar in canvas.shown]
    highest = canvas.shown[highs.index(max(highs))]
    lowest = canvas.shown[lows.index(min(lows))]
    scale = canvas.scale
    # Nothing is drawn above the highest price and below the lowest, so no candle gets hidden;
    # wicks and bodies are rounded differently, and either may be what reaches furthest.
    top, bottom = scale.position(highest.high), scale.position(lowest.low)
    levels = (2, canvas.glyphs.steps)
    above = min(int(top * level + 0.5) // level for level in levels) - 1
    below = max((int(bottom * level + 0.5) + level - 1) // level for level in levels)
    if above >= canvas.legend_rows:
        _mark(canvas, above, highest, highest.high)
    if below < scale.rows and lowest.low < highest.high:
        _mark(canvas, below, lowest, lowest.low)


def draw_skipped(canvas: Canvas, skipped: int) -> None:
    """Say in the corner how much makes no sense and is not drawn."""
    if not skipped or canvas.plot_width < _LEAST_COLUMNS_FOR_MARKS:
        return
    canvas.rows[canvas.scale.rows - 1].overlay(0, f"{skipped} left out", canvas.inks.highlight)


def _mark(canvas: Canvas, row: int, bar: Bar, price: float) -> None:
    is_percent = canvas.price_scale is PriceScale.PERCENT
    text = PriceFormat(canvas.decimals)(price) if is_percent else canvas.form(price)
    column = canvas.middle(bar) - len(text) // 2
    column = max(min(column, canvas.plot_width - len(text)), 0)
    canvas.rows[row].overlay(column, text[: canvas.plot_width], canvas.inks.highlight)


def draw_volume(canvas: Canvas, top: float) -> None:
    """Draw the bars of volume from the bottom of their part; `top` is what fills it."""
    if not top:
        return
    cells = [row.cells for row in canvas.rows]
    cells_of = volume_cells(canvas, top)
    for bar in canvas.bars:
        for row, cell in cells_of(bar):
            cells[row].append(cell)
    if canvas.label_width:
        text = compact(top)
        named = f"Vol {text}"
        text = named if len(named) <= canvas.label_width else text[: canvas.label_width]
        write_label(canvas, canvas.layout.price_rows, text, canvas.inks.muted)


def volume_cells(canvas: Canvas, top: float) -> Callable[[Bar], list[tuple[int, Cell]]]:
    """How the volume of a bar is drawn where `top` fills the part: rows with cells."""
    layout, glyphs, inks = canvas.layout, canvas.glyphs, canvas.inks
    bottom = layout.price_rows + layout.volume_rows - 1
    steps = len(glyphs.volume) - 1
    most = layout.volume_rows * steps
    per_unit = most / top if top else 0.0
    width = body_width(canvas.columns)
    pieces = [piece * width for piece in glyphs.volume]
    left, columns = canvas.left, canvas.columns

    def cells_of(bar: Bar) -> list[tuple[int, Cell]]:
        if bar.volume <= 0.0 or not most:
            return []
        ink = inks.up_volume if bar.close >= bar.open else inks.down_volume
        column = left + bar.slot * columns
        full, rest = divmod(min(max(int(bar.volume * per_unit + 0.5), 1), most), steps)
        found = [(row, (column, pieces[steps], ink)) for row in range(bottom, bottom - full, -1)]
        if rest:
            found.append((bottom - full, (column, pieces[rest], ink)))
        return found

    return cells_of


def draw_time_axis(canvas: Canvas) -> None:
    """Label round times under their candles, dates brighter than times."""
    number = canvas.height - 1
    row = canvas.rows[number]
    bars = canvas.bars
    seconds = canvas.timeframe.seconds * canvas.merge
    text_width = 8 if seconds < 60 else 6
    labels = time_labels(
        [bar.open_time for bar in bars],
        canvas.timeframe,
        every=(text_width + _LABEL_GAP) / canvas.columns * canvas.merge,
    )
    ends = -2  # a label at the very left has nothing before it
    date_held = False
    for label in labels:
        text = label.text
        column = canvas.middle(bars[label.index]) - len(text) // 2
        if column < 0 or column + len(text) > canvas.plot_width:
            continue
        if column < ends + 2:
            if date_held or not label.is_date:
                continue
            row.cells.pop()
        row.cells.append((column, text, canvas.inks.text if label.is_date else canvas.inks.axis))
        ends, date_held = column + len(text), label.is_date
    if canvas.label_width >= 5:
        write_label(canvas, number, "UTC", canvas.inks.muted)


def draw_holes(canvas: Canvas) -> None:
    """Fill the empty cells of what could not be had, so that nobody takes it for a quiet market."""
    runs: list[Cell] = []
    for first, last in slots_in_holes(
        canvas.bars, canvas.holes, canvas.timeframe, merge=canvas.merge
    ):
        start = max(canvas.left + first * canvas.columns, 0)
        end = min(canvas.left + (last + 1) * canvas.columns, canvas.plot_width)
        if start < end:
            runs.append((start, canvas.glyphs.hole * (end - start), canvas.inks.hole))
    if runs:
        for row in canvas.rows[: canvas.parts]:
            row.behind.append(runs)


def draw_separators(canvas: Canvas) -> None:
    """Draw a faint line down the empty cells of candles that begin a day."""
    a_day = _DAY / (canvas.timeframe.seconds * canvas.merge) * canvas.columns
    if a_day < _LEAST_COLUMNS_PER_DAY:
        return
    starts = day_starts([bar.open_time for bar in canvas.bars])
    lines: list[Cell] = [
        (canvas.middle(canvas.bars[index]), canvas.glyphs.separator, canvas.inks.grid)
        for index in starts
    ]
    if lines:
        for row in canvas.rows[: canvas.parts]:
            row.behind.append(lines)
