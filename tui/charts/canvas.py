"""The parts of a chart around its candles: price axis, last price, marks, volume, time axis."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.charts.axes import (
    PriceFormat,
    compact,
    countdown,
    day_starts,
    price_step,
    round_prices,
    time_labels,
)
from tui.charts.candles import body_width
from tui.charts.glyphs import Glyphs
from tui.charts.layout import Layout
from tui.charts.palette import Ink, Inks
from tui.charts.rows import Row
from tui.charts.scale import Scale
from tui.charts.view import Bar, slots_in_holes
from tui.model.timeframe import Timeframe

_ROWS_PER_PRICE = 4
_LABEL_GAP = 4
_DAY = 86_400
_LEAST_COLUMNS_PER_DAY = 12
_LEAST_ROWS_FOR_MARKS = 8
_LEAST_COLUMNS_FOR_MARKS = 30


class Canvas(msgspec.Struct, eq=False, gc=False, kw_only=True):
    """One painting under way: what was asked for, where things go, and the rows drawn so far.

    Attributes:
        decimals: of prices. now_ns: UTC, 0 when unknown.
        holes: spans (ns) whose candles could not be had.
        columns: cells per slot. merge: candles per bar. offset: candles scrolled back.
        left: column of the first slot. plot_width: columns before the price axis.
        step: between labels of the price axis. form: how they are written, in `label_width` cells.
    """

    width: int
    height: int
    layout: Layout
    timeframe: Timeframe
    decimals: int
    inks: Inks
    glyphs: Glyphs
    now_ns: int
    last_price: float | None
    columns: int
    merge: int
    offset: int
    hollow_up: bool
    holes: Sequence[tuple[int, int]] = ()
    bars: list[Bar] = []
    scale: Scale = Scale(0.0, 1.0, 1)
    left: int = 0
    plot_width: int = 0
    step: float = 1.0
    form: PriceFormat = PriceFormat(0)
    label_width: int = 0
    rows: list[Row] = []

    def middle(self, bar: Bar) -> int:
        """Column of a bar's wick."""
        return self.left + bar.slot * self.columns + body_width(self.columns) // 2


def axis_step(scale: Scale, decimals: int) -> float:
    """The distance of the labels of a price axis."""
    return price_step(scale.high - scale.low, max(scale.rows // _ROWS_PER_PRICE, 2), decimals)


def draw_price_axis(canvas: Canvas) -> None:
    """Label round prices, and draw a faint line through the empty cells of their rows."""
    scale = canvas.scale
    for price in round_prices(scale.low, scale.high, canvas.step):
        number = scale.row(price)
        if number is None:
            continue
        row = canvas.rows[number]
        row.fill, row.fill_ink = canvas.glyphs.grid_line, canvas.inks.grid
        row.fill_width = canvas.plot_width
        if canvas.label_width:
            write_label(canvas, number, canvas.form(price), canvas.inks.axis)


def draw_last_price(canvas: Canvas) -> None:
    """Draw a line through the empty cells at the last price, its label, and the time left."""
    price = canvas.last_price
    number = None if price is None else canvas.scale.row(price)
    if price is None or number is None:
        return
    row = canvas.rows[number]
    row.fill, row.fill_ink = canvas.glyphs.last_line, canvas.inks.last_line
    row.fill_width = canvas.plot_width
    if not canvas.label_width:
        return
    write_label(canvas, number, canvas.form(price), canvas.inks.last_label)
    left = _time_left(canvas)
    below = number + 1 if number + 1 < canvas.scale.rows else number - 1
    if left and len(left) <= canvas.label_width and below >= 0:
        write_label(canvas, below, left, canvas.inks.last_label)


def draw_marks(canvas: Canvas) -> None:
    """Write the highest and the lowest price of the view beside their candles."""
    if canvas.scale.rows < _LEAST_ROWS_FOR_MARKS or canvas.plot_width < _LEAST_COLUMNS_FOR_MARKS:
        return
    highs, lows = [bar.high for bar in canvas.bars], [bar.low for bar in canvas.bars]
    highest = canvas.bars[highs.index(max(highs))]
    lowest = canvas.bars[lows.index(min(lows))]
    scale = canvas.scale
    # Nothing is drawn above the highest price and below the lowest, so no candle gets hidden;
    # wicks and bodies are rounded differently, and either may be what reaches furthest.
    top, bottom = scale.position(highest.high), scale.position(lowest.low)
    levels = (2, canvas.glyphs.steps)
    above = min(int(top * level + 0.5) // level for level in levels) - 1
    below = max((int(bottom * level + 0.5) + level - 1) // level for level in levels)
    if above >= 0:
        _mark(canvas, above, highest, highest.high)
    if below < scale.rows and lowest.low < highest.high:
        _mark(canvas, below, lowest, lowest.low)


def _mark(canvas: Canvas, row: int, bar: Bar, price: float) -> None:
    text = canvas.form(price)
    column = canvas.middle(bar) - len(text) // 2
    column = min(max(column, 0), canvas.plot_width - len(text))
    canvas.rows[row].overlay(column, text, canvas.inks.highlight)


def draw_volume(canvas: Canvas, top: float) -> None:
    """Draw the bars of volume from the bottom of their part; `top` is what fills it."""
    if not top:
        return
    layout, glyphs, inks = canvas.layout, canvas.glyphs, canvas.inks
    first = layout.price_rows
    bottom = first + layout.volume_rows - 1
    steps = len(glyphs.volume) - 1
    most = layout.volume_rows * steps
    per_unit = most / top
    width = body_width(canvas.columns)
    pieces = [piece * width for piece in glyphs.volume]
    cells = [row.cells for row in canvas.rows]
    left, columns = canvas.left, canvas.columns
    for bar in canvas.bars:
        if bar.volume <= 0.0:
            continue
        ink = inks.up_volume if bar.close >= bar.open else inks.down_volume
        column = left + bar.slot * columns
        full, rest = divmod(min(max(int(bar.volume * per_unit + 0.5), 1), most), steps)
        for row in range(bottom, bottom - full, -1):
            cells[row].append((column, pieces[steps], ink))
        if rest:
            cells[bottom - full].append((column, pieces[rest], ink))
    if canvas.label_width:
        text = compact(top)
        named = f"Vol {text}"
        text = named if len(named) <= canvas.label_width else text[: canvas.label_width]
        write_label(canvas, first, text, inks.muted)


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
    ends = -1
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
    parts = canvas.height - canvas.layout.time_rows
    for first, last in slots_in_holes(
        canvas.bars, canvas.holes, canvas.timeframe, merge=canvas.merge
    ):
        start = max(canvas.left + first * canvas.columns, 0)
        end = min(canvas.left + (last + 1) * canvas.columns, canvas.plot_width)
        for row in canvas.rows[:parts]:
            row.fill_under(start, end, canvas.glyphs.hole, canvas.inks.hole)


def draw_separators(canvas: Canvas) -> None:
    """Draw a faint line down the empty cells of candles that begin a day."""
    a_day = _DAY / (canvas.timeframe.seconds * canvas.merge) * canvas.columns
    if a_day < _LEAST_COLUMNS_PER_DAY:
        return
    parts = canvas.height - canvas.layout.time_rows
    for index in day_starts([bar.open_time for bar in canvas.bars]):
        column = canvas.middle(canvas.bars[index])
        for row in canvas.rows[:parts]:
            row.put_under(column, canvas.glyphs.separator, canvas.inks.grid)


def _time_left(canvas: Canvas) -> str:
    """The countdown to the close of the newest candle; empty when it is over or unknown."""
    if not canvas.now_ns or canvas.merge > 1:
        return ""
    try:
        close = canvas.timeframe.next_open(canvas.bars[-1].open_time)
    except (ValueError, OverflowError, OSError):
        return ""  # a month outside the calendar
    return countdown(close, canvas.now_ns)


def write_label(canvas: Canvas, number: int, text: str, ink: Ink) -> None:
    """Put a label beside a row, in place of one that is there; it is at most `label_width` long."""
    room = canvas.width - canvas.plot_width
    text = text.rjust(canvas.label_width).rjust(canvas.label_width + 1).ljust(room)
    cells = canvas.rows[number].cells
    if cells and cells[-1][0] >= canvas.plot_width:
        cells.pop()
    cells.append((canvas.plot_width, text, ink))
