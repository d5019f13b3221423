"""Draws a chart: candles and everything around, behind and over them; values in, strips out."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Hashable, Sequence

from textual.strip import Strip

from tui.charts.axes import round_up
from tui.charts.candles import body_width
from tui.charts.canvas import Canvas
from tui.charts.crosshair import draw_cross_labels, draw_cross_lines
from tui.charts.frame import (
    draw_holes,
    draw_marks,
    draw_separators,
    draw_skipped,
    draw_time_axis,
    draw_volume,
)
from tui.charts.geometry import Geometry, geometry_of
from tui.charts.glyphs import Glyphs
from tui.charts.heat import draw_heat
from tui.charts.layers import NOTHING, Layers, Plot
from tui.charts.layout import share_room
from tui.charts.overlays import draw_legend, draw_overlays, legend_rows, see_overlays, stretch
from tui.charts.palette import Inks, Palette, inks_of
from tui.charts.panes import draw_panes
from tui.charts.plots import PlotMemory, Window
from tui.charts.price_axis import (
    count_down,
    draw_last_price,
    draw_price_axis,
    price_axis,
)
from tui.charts.price_lines import draw_price_lines
from tui.charts.profile import draw_profile
from tui.charts.retouch import Finished
from tui.charts.rows import Row
from tui.charts.scale import HeldRow, HeldScale, Scale
from tui.charts.strips import blank_strips, to_strips
from tui.charts.strokes import draw_moments, draw_strokes
from tui.charts.styles import WARM_UP, Stylist, closes, heikin_ashi
from tui.charts.view import Bar, Sight, fill_absent, look
from tui.model.chart import ChartStyle, PriceScale
from tui.model.events import Candle
from tui.model.timeframe import Timeframe


class ChartPainter:
    """Paints one chart again and again.

    It keeps no candles: only the scales, which hold still while prices stay inside them, what the newest
    candle does not change, and the rows of the last painting, so that a row that did not change is the
    very same strip.
    """

    def __init__(self) -> None:
        self._scale = HeldScale()
        self._last_row = HeldRow()
        self._volume_top = 0.0
        self._memory = PlotMemory()
        self._stylist = Stylist()
        self._scale_key: object = None
        self._head_key: object = None
        self._label_width = 0
        self._rows: list[Row] = []
        self._strips: list[Strip] = []
        self._strips_key: object = None
        self._canvas: Canvas | None = None
        self._finished: Finished | None = None
        self.slots = 0
        """Columns that the last painting had for candles, each of them `merge` candles."""
        self.skipped = 0
        """Candles and drawings left out of the last painting, since they make no sense or came twice."""
        self.geometry: Geometry | None = None
        """Where the last painting shows which time and price; None when it showed no candles."""

    def forget_scale(self) -> None:
        """Fit the scales anew at the next painting."""
        self._scale.forget()
        self._last_row.forget()
        self._volume_top = 0.0
        self._memory.forget()

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
        style: ChartStyle = ChartStyle.CANDLES,
        price_scale: PriceScale = PriceScale.LINEAR,
        now_ns: int = 0,
        last_price: float | None = None,
        is_stale: bool = False,
        columns: int = 2,
        merge: int = 1,
        offset: int = 0,
        margin: int = 0,
        volume: bool = True,
        hollow_up: bool = True,
        absent_flat: bool = False,
        fine_colours: bool = True,
        holes: Sequence[tuple[int, int]] = (),
        panes: Sequence[Plot] = (),
        layers: Layers = NOTHING,
        message: str = "",
        past: Hashable = None,
    ) -> list[Strip]:
        """Paint the candles that fit, the newest at the right.

        Never raises for any candles, layers or size: what makes no sense is left out.

        Args:
            candles: oldest first; only those in sight are looked at.
            width, height: cells.
            price_decimals: digits after the point, the venue's.
            price_scale: a logarithm of prices that are not all above 0, or percent of such a price,
                cannot be had: the scale is linear then, and says so.
            now_ns: UTC nanoseconds, for the countdown to the close of the newest candle; 0 for
                no countdown.
            last_price: where the line of the last price is drawn, if that is in sight.
            is_stale: that price is of a while ago: it does not stand out, nor does the countdown.
            columns: cells a candle takes, its gap included, 1 to 8.
            merge: candles merged into one bar.
            offset: candles scrolled back from the newest. margin: columns for candles that stay free
                at the right.
            hollow_up: draw the bodies of rising candles hollow.
            absent_flat: draw candles without a trade flat, at the close before them, instead of leaving
                them out.
            fine_colours: shades of a colour can be told apart; where not, patterns are drawn instead.
            holes: spans (ns, the end excluded) whose candles could not be had; they are hatched.
            panes: drawn below, one under the other, as many as there is room for.
            layers: what is drawn over and behind the candles.
            message: plain text shown in the middle when there are no candles.
            past: as long as it is the same, so are all candles but the newest, which then may be all that
                is drawn anew; None for unknown.

        Returns:
            `height` strips of `width` cells. A row equal to that of the last painting is the same
            object.
        """
        if last_price is not None and not math.isfinite(last_price):
            last_price = None
        key = None
        if past is not None and candles and not (panes or offset or absent_flat or layers.has_any):
            key = (
                *(
                    past,
                    len(candles),
                    width,
                    height,
                    timeframe,
                    price_decimals,
                    palette,
                    glyphs,
                    style,
                ),
                *(price_scale, is_stale, columns, merge, margin, volume, hollow_up, fine_colours),
                tuple(holes),
            )
            if (strips := self._retouch(key, candles[-1], last_price, now_ns)) is not None:
                return strips
        self.skipped, self.geometry, self._canvas, self._finished = 0, None, None, None
        if width <= 0 or height <= 0:
            return [Strip([], 0) for _ in range(height)]
        inks = inks_of(palette)
        merge = max(merge, 1)
        self._watch_market(candles, timeframe, merge, style, price_scale)
        canvas = Canvas(
            width=width,
            height=height,
            layout=share_room(width, height, volume=volume, panes=len(panes)),
            timeframe=timeframe,
            decimals=min(max(price_decimals, 0), 18),
            inks=inks,
            glyphs=glyphs,
            style=style,
            wanted_scale=price_scale,
            now_ns=now_ns,
            last_price=last_price,
            is_stale=is_stale,
            columns=min(max(columns, 1), 8),
            merge=merge,
            offset=max(offset, 0),
            margin=max(margin, 0),
            hollow_up=hollow_up,
            fine_colours=fine_colours,
            holes=tuple(holes),
        )
        windows = self._arrange(canvas, candles, layers, absent_flat)
        if not canvas.bars or height == 1:
            return self._blank(width, height, inks, message)
        geometry = geometry_of(canvas, self.slots)
        self._draw(canvas, panes, layers, windows, geometry)
        self.geometry, self._canvas = geometry, canvas
        if key is not None and style is ChartStyle.CANDLES and merge == 1 and not self.skipped:
            self._finished = self._finish(canvas, key)
        return self._to_strips(canvas)

    def _finish(self, canvas: Canvas, key: object) -> Finished:
        scale = canvas.scale
        smallest, head = 4 * 10.0**-canvas.decimals, canvas.legend_rows

        def fit(low: float, high: float) -> Scale:
            return self._scale.fit(
                low, high, scale.rows, smallest=smallest, is_log=scale.is_log, head=head
            )

        return Finished(
            key=key,
            canvas=canvas,
            fit=fit,
            volume_top=self._volume_top if canvas.layout.volume_rows else 0.0,
            last_row=self._last_row,
        )

    def _retouch(
        self, key: object, newest: Candle, last_price: float | None, now_ns: int
    ) -> list[Strip] | None:
        """The last painting with nothing but its newest candle moved; None where that does not do."""
        finished = self._finished
        if finished is None or finished.key != key:
            return None
        changed = finished.retouch(newest, last_price, now_ns, self._stylist)
        if changed is None:
            return None
        canvas = finished.canvas
        for number in changed:
            self._strips[number] = canvas.rows[number].to_strip(canvas.width, canvas.inks.blank)
        return list(self._strips)

    def count_down(self, now_ns: int) -> list[Strip] | None:
        """The last painting at another moment (UTC nanoseconds), for when nothing else has changed: only
        the time left to the close is drawn anew. None where it must be painted anew."""
        canvas = self._canvas
        if canvas is None or not count_down(canvas, now_ns):
            return None
        number = canvas.countdown_row
        if number is not None:
            self._strips[number] = canvas.rows[number].to_strip(canvas.width, canvas.inks.blank)
        return list(self._strips)

    def _watch_market(self, candles: Sequence[Candle], *view: object) -> None:
        """Scales are held for one instrument, zoom and style only."""
        key = (candles[-1].instrument if candles else None, *view)
        if key != self._scale_key:
            self._scale_key = key
            self._label_width = 0
            self.forget_scale()

    def _arrange(
        self, canvas: Canvas, candles: Sequence[Candle], layers: Layers, absent_flat: bool
    ) -> list[Window]:
        """Find the bars in sight, the scale they need, and the width of the axis that this needs.

        The width decides which bars are in sight, and they decide the width: it starts from the
        last painting's, so that it nearly always is right at once.
        """
        limit = canvas.layout.axis_limit
        if limit and candles and not self._label_width:
            self._label_width = len(f"{candles[-1].close:,.{canvas.decimals}f}")
        canvas.label_width = min(self._label_width, limit)
        windows: list[Window] = []
        for is_second in (False, True):
            windows = self._see(canvas, candles, layers, absent_flat)
            if not canvas.bars:
                return []
            needed = self._fit_scale(canvas, windows, limit)
            if needed == canvas.label_width or (is_second and needed < canvas.label_width):
                break
            canvas.label_width = needed
        else:
            windows = self._see(canvas, candles, layers, absent_flat)
        self._label_width = canvas.label_width
        return windows

    def _see(
        self, canvas: Canvas, candles: Sequence[Candle], layers: Layers, absent_flat: bool
    ) -> list[Window]:
        """Find the bars that have room beside the price axis, and where the plots are there."""
        self._divide(canvas)
        sight = self._look(canvas, candles)
        self.skipped = sight.skipped
        bars = sight.bars
        if absent_flat:
            bars = fill_absent(bars, canvas.holes, canvas.timeframe, merge=canvas.merge)
        canvas.bars = canvas.shown = bars
        if canvas.style is ChartStyle.HEIKIN_ASHI:
            averaged = heikin_ashi(bars)
            for bar in (*bars, *averaged):
                bar.slot -= WARM_UP
            canvas.bars = [bar for bar in bars if bar.slot >= 0]
            canvas.shown = averaged[len(bars) - len(canvas.bars) :]
        elif canvas.style in (ChartStyle.LINE, ChartStyle.AREA):
            canvas.shown = closes(bars)
        if not canvas.bars:
            return []
        times = [bar.open_time for bar in canvas.bars]
        cross = layers.crosshair
        at = -1 if cross is None else bisect_right(times, cross.time) - 1
        canvas.pointed = at if at >= 0 else len(times) - 1
        slots = [bar.slot for bar in canvas.bars]
        key = (canvas.left, canvas.columns, canvas.plot_width, canvas.holes, times[:-1], slots[:-1])
        if key != self._head_key:
            self._head_key = key
        canvas.head_key = self._head_key
        return see_overlays(canvas, layers.overlays, self._memory)

    def _look(self, canvas: Canvas, candles: Sequence[Candle]) -> Sight:
        warm_up = WARM_UP if canvas.style is ChartStyle.HEIKIN_ASHI else 0
        return look(
            candles,
            canvas.timeframe,
            slots=max(self.slots - canvas.margin, min(self.slots, 1)) + warm_up,
            merge=canvas.merge,
            offset=canvas.offset,
        )

    def _divide(self, canvas: Canvas) -> None:
        """Divide the width between the slots and the price axis."""
        has_axis = canvas.layout.axis_limit > 0
        margin = (1 if canvas.width < 36 else 2) if has_axis else 0
        canvas.plot_width = canvas.width - canvas.label_width - margin
        # The newest candle needs no gap of its own, but it must not touch the axis.
        spare = canvas.columns - body_width(canvas.columns) - has_axis
        self.slots = max((canvas.plot_width + spare) // canvas.columns, 0)
        canvas.left = canvas.plot_width + spare - self.slots * canvas.columns

    def _fit_scale(self, canvas: Canvas, windows: Sequence[Window], limit: int) -> int:
        """Find the scale and its labels; returns the cells that these need."""
        low = min([bar.low for bar in canvas.shown])
        high = max([bar.high for bar in canvas.shown])
        last = canvas.last_price
        # A last price far from the candles is news of another time: it must not flatten them.
        if last is not None and not canvas.offset and 2 * low - high <= last <= 2 * high - low:
            low, high = min(low, last), max(high, last)
        base = canvas.bars[0].close
        possible = {
            PriceScale.LINEAR: True,
            PriceScale.LOG: low > 0.0,
            PriceScale.PERCENT: base > 1e-100,
        }
        wanted = canvas.wanted_scale
        canvas.price_scale = wanted if possible[wanted] else PriceScale.LINEAR
        is_log = canvas.price_scale is PriceScale.LOG
        smallest = 4 * 10.0**-canvas.decimals
        rows = canvas.layout.price_rows
        low, high = stretch(low, high, windows, rows=rows, smallest=smallest, is_log=is_log)
        canvas.legend_rows = legend_rows(canvas, [each.plot for each in windows])
        canvas.scale = self._scale.fit(
            low, high, rows, smallest=smallest, is_log=is_log, head=canvas.legend_rows
        )
        axis = price_axis(
            canvas.scale, canvas.price_scale, decimals=canvas.decimals, base=base, limit=limit
        )
        canvas.ticks, canvas.form = axis.ticks, axis.form
        return axis.width

    def _fit_volume(self, bars: Sequence[Bar]) -> float:
        most = max([bar.volume for bar in bars])
        if not self._volume_top * 0.5 <= most <= self._volume_top:
            self._volume_top = round_up(most * 1.05)
        return self._volume_top

    def _draw(
        self,
        canvas: Canvas,
        panes: Sequence[Plot],
        layers: Layers,
        windows: Sequence[Window],
        geometry: Geometry,
    ) -> None:
        """Draw from the front to the back, and then what stands before all of it."""
        memory, cross = self._memory, layers.crosshair
        canvas.rows = [Row() for _ in range(canvas.height)]
        self._stylist.draw(canvas)
        if canvas.layout.volume_rows:
            draw_volume(canvas, self._fit_volume(canvas.bars))
        if cross is not None:
            draw_cross_lines(canvas, geometry, cross)
        if canvas.layout.axis_limit:
            draw_price_axis(canvas)
        self.skipped += draw_strokes(canvas, geometry, layers.drawings, memory)
        self.skipped += draw_price_lines(canvas, layers.price_lines)
        draw_overlays(canvas, windows, memory)
        draw_panes(canvas, panes, memory)
        if layers.profile is not None:
            draw_profile(canvas, layers.profile, memory)
        if layers.heat is not None:
            draw_heat(canvas, layers.heat, memory)
        draw_holes(canvas)
        draw_separators(canvas)
        draw_last_price(canvas, self._last_row)
        draw_marks(canvas)
        draw_legend(canvas, windows)
        self.skipped += draw_moments(canvas, geometry, layers.marks)
        draw_skipped(canvas, self.skipped)
        if canvas.layout.time_rows:
            draw_time_axis(canvas)
        if cross is not None:
            draw_cross_labels(canvas, geometry, cross)

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
