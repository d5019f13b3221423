"""One painting under way: what was asked for, where things go, and the rows drawn so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tui.charts.axes import PriceFormat
from tui.charts.candles import body_width
from tui.charts.glyphs import Glyphs
from tui.charts.layout import Layout
from tui.charts.palette import Ink, Inks
from tui.charts.rows import Row
from tui.charts.scale import Scale
from tui.charts.view import Bar
from tui.model.chart import ChartStyle, PriceScale
from tui.model.timeframe import NS, Timeframe


class Canvas(msgspec.Struct, eq=False, gc=False, kw_only=True):
    """One painting under way.

    Attributes:
        decimals: of prices. now_ns: UTC, 0 when unknown.
        is_stale: the last price is not known to be the last any more.
        holes: spans (ns) whose candles could not be had.
        columns: cells per slot. merge: candles per bar. offset: candles scrolled back. margin: slots
            that stay free at the right.
        fine_colours: True where shades of a colour can be told apart.
        bars: in sight, oldest first. shown: the same as the style draws them.
        pointed: number of the bar whose values are told.
        head_key: what everything left of the newest bar depends on; the same object while it stays.
        left: column of the first slot. plot_width: columns before the price axis.
        price_scale: as drawn, which is linear where the `wanted_scale` is not possible.
        ticks: prices that the axis labels. form: how they are written, in `label_width` cells.
        legend_rows: rows at the top that candles are kept out of.
        last_row: row that shows the last price. countdown_row: row that tells the time left. None where
            none does.
    """

    width: int
    height: int
    layout: Layout
    timeframe: Timeframe
    decimals: int
    inks: Inks
    glyphs: Glyphs
    style: ChartStyle = ChartStyle.CANDLES
    price_scale: PriceScale = PriceScale.LINEAR
    wanted_scale: PriceScale = PriceScale.LINEAR
    now_ns: int = 0
    last_price: float | None = None
    is_stale: bool = False
    columns: int = 1
    merge: int = 1
    offset: int = 0
    margin: int = 0
    hollow_up: bool = False
    fine_colours: bool = True
    holes: Sequence[tuple[int, int]] = ()
    bars: list[Bar] = []
    shown: list[Bar] = []
    pointed: int = 0
    head_key: object = None
    scale: Scale = Scale(0.0, 1.0, 1)
    left: int = 0
    plot_width: int = 0
    ticks: Sequence[float] = ()
    form: Callable[[float], str] = PriceFormat(0)
    label_width: int = 0
    legend_rows: int = 0
    last_row: int | None = None
    countdown_row: int | None = None
    rows: list[Row] = []

    @property
    def parts(self) -> int:
        """Rows above the time axis."""
        return self.height - self.layout.time_rows

    @property
    def half_month(self) -> int:
        """Room (ns) for months, which differ in length; 0 for other timeframes."""
        return self.timeframe.seconds * NS // 2 if self.timeframe.unit == "M" else 0

    def middle(self, bar: Bar) -> int:
        """Column of a bar's wick."""
        return self.left + bar.slot * self.columns + body_width(self.columns) // 2


def write_label(canvas: Canvas, number: int, text: str, ink: Ink) -> None:
    """Put a label beside a row, in place of one that is there; it is at most `label_width` long."""
    room = canvas.width - canvas.plot_width
    text = text.rjust(canvas.label_width).rjust(canvas.label_width + 1).ljust(room)
    cells = canvas.rows[number].cells
    if cells and cells[-1][0] >= canvas.plot_width:
        cells.pop()
    cells.append((canvas.plot_width, text, ink))
