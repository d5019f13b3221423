"""Draws candles, volume, panes and axes: values in, strips out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from tui.charts.axes import fit_price_format, round_up, step_decimals
from tui.charts.candles import body_width, candle_shape
from tui.charts.canvas import (
    Canvas,
    axis_step,
    draw_holes,
    draw_last_price,
    draw_marks,
    draw_price_axis,
    draw_separators,
    draw_time_axis,
    draw_volume,
)
from tui.charts.glyphs import Glyphs
from tui.charts.layout import share_room
from tui.charts.palette import Ink, Inks, Palette, inks_of
from tui.charts.panes import Pane, PaneMemory, draw_panes
from tui.charts.rows import Row
from tui.charts.scale import HeldScale
from tui.charts.view import Bar, visible_bars
from tui.model.events import Candle
from tui.model.timeframe import Timeframe

_Shape: TypeAlias = list[tuple[int, int, str, Ink]]
_MOST_SHAPES = 8192


class ChartPainter:
    """Paints one chart again and again.

    It keeps no candles: only the scales, which hold still while prices stay inside them, and the
    rows of the last painting, so that a row that did not change is the very same strip.
    """

    def __init__(self) -> None:
        self._scale = HeldScale()
        self._volume_top = 0.0
        self._pane_memory = PaneMemory()
        self._scale_key: object = None
        self._label_width = 0
        self._shapes: dict[tuple[int, int, int, int, bool], _Shape] = {}
        self._shapes_key: object = None
        self._rows: list[Row] = []
        self._strips: list[Strip] = []
        self._strips_key: object = None
        self.slots = 0
        """Columns that the last painting had for candles, each of them `merge` candles."""

    def forget_scale(self) -> None:
        """Fit the scales anew at the next painting."""
        self._scale.forget()
        self._volume_top = 0.0
        self._pane_memory.forget()

    def paint(
        self,
        candles: Sequence[Candle],
        *,
        width: int,
        height: int,
        timeframe: Timeframe,
        price_decimals: int,
        palette: Palette,
        glyphs: Glyphs,
        now_ns: int = 0,
        last_price: float | None = None,
        columns: int = 2,
        merge: int = 1,
        offset: int = 0,
        volume: bool = True,
        hollow_up: bool = True,
        holes: Sequence[tuple[int, int]] = (),
        panes: Sequence[Pane] = (),
        message: str = "",
    ) -> list[Strip]:
        """Paint the candles that fit, the newest at the right.

        Never raises for any candles or size: what makes no sense is left out.

        Args:
            candles: oldest first; only those in sight are looked at.
            width, height: cells.
            price_decimals: digits after the point, the venue's.
            now_ns: UTC nanoseconds, for the countdown to the close of the newest candle; 0 for
                no countdown.
            last_price: where the line of the last price is drawn, if that is in sight.
            columns: cells a candle takes, its gap included, 1 to 8.
            merge: candles merged into one bar.
            offset: candles scrolled back from the newest.
            hollow_up: draw the bodies of rising candles hollow.
            holes: spans (ns, the end excluded) whose candles could not be had; they are hatched.
            panes: drawn below, one under the other, as many as there is room for.
            message: plain text shown in the middle when there are no candles.

        Returns:
            `height` strips of `width` cells. A row equal to that of the last painting is the same
            object.
        """
        if width <= 0 or height <= 0:
            return [Strip([], 0) for _ in range(height)]
        inks = inks_of(palette)
        merge = max(merge, 1)
        if last_price is not None and not math.isfinite(last_price):
            last_price = None
        self._watch_market(candles, timeframe, merge)
        canvas = Canvas(
            width=width,
            height=height,
            layout=share_room(width, height, volume=volume, panes=len(panes)),
            timeframe=timeframe,
            decimals=min(max(price_decimals, 0), 18),
            inks=inks,
            glyphs=glyphs,
            now_ns=now_ns,
            last_price=last_price,
            columns=min(max(columns, 1), 8),
            merge=merge,
            offset=max(offset, 0),
            hollow_up=hollow_up,
            holes=holes,
        )
        self._arrange(canvas, candles)
        if not canvas.bars or height == 1:
            return self._blank(width, height, inks, message)
        self._draw(canvas, panes)
        return self._to_strips(canvas)

    def _watch_market(self, candles: Sequence[Candle], timeframe: Timeframe, merge: int) -> None:
        """Scales are held for one instrument and zoom only."""
        key = (candles[-1].instrument if candles else None, timeframe, merge)
        if key != self._scale_key:
            self._scale_key = key
            self._label_width = 0
            self.forget_scale()

    def _arrange(self, canvas: Canvas, candles: Sequence[Candle]) -> None:
        """Find the bars in sight, the scale they need, and the width of the axis that this needs.

        The width decides which bars are in sight, and they decide the width: it starts from the
        last painting's, so that it nearly always is right at once.
        """
        limit = canvas.layout.axis_limit
        if limit and candles and not self._label_width:
            self._label_width = len(f"{candles[-1].close:,.{canvas.decimals}f}")
        canvas.label_width = min(self._label_width, limit)
        for is_second in (False, True):
            self._divide(canvas)
            canvas.bars = visible_bars(
                candles,
                canvas.timeframe,
                slots=self.slots,
                merge=canvas.merge,
                offset=canvas.offset,
            )
            if not canvas.bars:
                return
            self._fit_scale(canvas)
            if not limit:
                return
            scale = canvas.scale
            canvas.form, needed = fit_price_format(
                (scale.low, scale.high),
                decimals=canvas.decimals,
                least=step_decimals(canvas.step),
                limit=limit,
            )
            if needed == canvas.label_width or (is_second and needed < canvas.label_width):
                break
            canvas.label_width = needed
        else:
            slots = self.slots
            self._divide(canvas)
            for bar in canvas.bars:
                bar.slot -= slots - self.slots
            canvas.bars = [bar for bar in canvas.bars if bar.slot >= 0]
        self._label_width = canvas.label_width

    def _divide(self, canvas: Canvas) -> None:
        """Divide the width between the slots and the price axis."""
        has_axis = canvas.layout.axis_limit > 0
        margin = (1 if canvas.width < 36 else 2) if has_axis else 0
        canvas.plot_width = canvas.width - canvas.label_width - margin
        # The newest candle needs no gap of its own, but it must not touch the axis.
        spare = canvas.columns - body_width(canvas.columns) - has_axis
        self.slots = max((canvas.plot_width + spare) // canvas.columns, 0)
        canvas.left = canvas.plot_width + spare - self.slots * canvas.columns

    def _fit_scale(self, canvas: Canvas) -> None:
        low = min([bar.low for bar in canvas.bars])
        high = max([bar.high for bar in canvas.bars])
        last = canvas.last_price
        # A last price far from the candles is news of another time: it must not flatten them.
        if last is not None and not canvas.offset and 2 * low - high <= last <= 2 * high - low:
            low, high = min(low, last), max(high, last)
        canvas.scale = self._scale.fit(
            low, high, canvas.layout.price_rows, smallest=4 * 10.0**-canvas.decimals
        )
        canvas.step = axis_step(canvas.scale, canvas.decimals)

    def _fit_volume(self, bars: Sequence[Bar]) -> float:
        most = max([bar.volume for bar in bars])
        if not self._volume_top * 0.5 <= most <= self._volume_top:
            self._volume_top = round_up(most * 1.05)
        return self._volume_top

    def _draw(self, canvas: Canvas, panes: Sequence[Pane]) -> None:
        canvas.rows = [Row() for _ in range(canvas.height)]
        self._draw_candles(canvas)
        if canvas.layout.volume_rows:
            draw_volume(canvas, self._fit_volume(canvas.bars))
        draw_panes(canvas, panes, self._pane_memory)
        draw_holes(canvas)
        draw_separators(canvas)
        if canvas.layout.axis_limit:
            draw_price_axis(canvas)
        draw_last_price(canvas)
        draw_marks(canvas)
        if canvas.layout.time_rows:
            draw_time_axis(canvas)

    def _draw_candles(self, canvas: Canvas) -> None:
        glyphs, scale = canvas.glyphs, canvas.scale
        shapes = self._shapes_of(canvas)
        cells = [row.cells for row in canvas.rows]
        left, columns = canvas.left, canvas.columns
        top_price = scale.high
        halves = 2 * scale.rows / (scale.high - scale.low)
        steps = halves * glyphs.steps / 2
        most = scale.rows * glyphs.steps
        no_wick = 2 * scale.rows
        for bar in canvas.bars:
            opened, close = bar.open, bar.close
            is_up = close >= opened
            upper, lower = (close, opened) if is_up else (opened, close)
            key = (
                min(int((top_price - upper) * steps + 0.5), most - 1),
                int((top_price - lower) * steps + 0.5),
                int((top_price - bar.high) * halves + 0.5) if bar.high > upper else no_wick,
                int((top_price - bar.low) * halves + 0.5) if bar.low < lower else 0,
                is_up,
            )
            shape = shapes.get(key)
            if shape is None:
                shape = shapes[key] = self._shape(canvas, key)
            column = left + bar.slot * columns
            for row, across, text, ink in shape:
                cells[row].append((column + across, text, ink))

    def _shapes_of(self, canvas: Canvas) -> dict[tuple[int, int, int, int, bool], _Shape]:
        key = (canvas.glyphs, canvas.columns, canvas.hollow_up, canvas.inks)
        if key != self._shapes_key or len(self._shapes) > _MOST_SHAPES:
            self._shapes_key = key
            self._shapes = {}
        return self._shapes

    @staticmethod
    def _shape(canvas: Canvas, key: tuple[int, int, int, int, bool]) -> _Shape:
        top, bottom, high, low, is_up = key
        glyphs, inks = canvas.glyphs, canvas.inks
        hollow = is_up and canvas.hollow_up
        pair = inks.up if is_up else inks.down
        if hollow and bottom - top <= 2 * glyphs.steps:
            pair = inks.up_short
        return candle_shape(
            glyphs,
            body_width(canvas.columns),
            pair,
            top=top,
            bottom=bottom,
            high=high,
            low=low,
            hollow=hollow,
        )

    def _to_strips(self, canvas: Canvas) -> list[Strip]:
        key = (canvas.width, canvas.height, canvas.inks)
        held = self._strips if key == self._strips_key else []
        strips = to_strips(canvas.rows, self._rows, held, canvas.width, canvas.inks.blank)
        self._strips_key, self._rows, self._strips = key, canvas.rows, strips
        return list(strips)

    def _blank(self, width: int, height: int, inks: Inks, message: str) -> list[Strip]:
        key = (width, height, inks, message)
        if key != self._strips_key:
            self._strips_key, self._rows = key, []
            self._strips = blank_strips(width, height, inks, message)
        return list(self._strips)


def to_strips(
    rows: Sequence[Row], before: Sequence[Row], held: Sequence[Strip], width: int, blank: Ink
) -> list[Strip]:
    """The rows as strips; one that is like that `before` it keeps its strip of those `held`, if any."""
    return [
        held[number] if held and row.same_as(before[number]) else row.to_strip(width, blank)
        for number, row in enumerate(rows)
    ]


def blank_strips(width: int, height: int, inks: Inks, message: str) -> list[Strip]:
    """A chart without anything but a message in its middle."""
    strips = [Strip.blank(width, inks.blank.style)] * height
    if message:
        strips[height // 2] = _centred(message, width, inks)
    return strips


def _centred(message: str, width: int, inks: Inks) -> Strip:
    text = set_cell_size(message, min(cell_len(message), width))
    before = (width - cell_len(text)) // 2
    text = set_cell_size(" " * before + text, width)
    return Strip([Segment(text, inks.muted.style)], width)
