"""A chart's steering: zoom, pan, pointing and measuring, whatever hand does it and whatever is drawn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import msgspec
from textual.message import Message
from textual.reactive import reactive

from tui.charts.painter import ChartPainter
from tui.market.candle_series import CandleSeries
from tui.market.market import Market
from tui.model.chart import ChartStyle, PanelView, PriceScale
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.widgets import format as fmt
from tui.widgets.chart_crosshair import Pointer
from tui.widgets.chart_view import Viewport, zoomed
from tui.widgets.line_widget import LineWidget


class SteeredChart(LineWidget):
    """A chart of one instrument in one timeframe, and which part of it is in sight.

    Whatever is done to it shows at once. Another instrument begins at the newest candle; another
    timeframe keeps the moment at the right edge.

    Attributes:
        view: the user's choices, as they are remembered. Whoever changes some of them puts a new one
            here.
        shadow: a moment (ns) that another chart points at, and that this one shows; None for none.
    """

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)
    timeframe: reactive[Timeframe] = reactive(Timeframe(1, "m"), init=False, repaint=False)
    view: reactive[PanelView] = reactive(PanelView(), init=False, repaint=False)
    shadow: reactive[int | None] = reactive(None, init=False, repaint=False)

    class Pointed(Message):
        """The chart points somewhere else: at the candle of a time (ns), or at nothing (None)."""

        def __init__(self, chart: SteeredChart, moment: int | None) -> None:
            super().__init__()
            self.chart = chart
            self.moment = moment

    def __init__(self, market: Market, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._market = market
        self._painter = ChartPainter()
        self._viewport = Viewport()
        self._pointer = Pointer()
        self._top = 0  # rows above the chart

    # -- what is shown ---------------------------------------------------------------------

    @property
    def subscription(self) -> Subscription | None:
        """The candle subscription that this chart shows."""
        if self.instrument is None:
            return None
        return Subscription(self.instrument, Channel.CANDLES, self.timeframe)

    @property
    def overlaid(self) -> list[Subscription]:
        """The candles of the symbols that are drawn over these."""
        return [
            Subscription(instrument, Channel.CANDLES, self.timeframe)
            for instrument in self.view.overlays
        ]

    @property
    def points(self) -> bool:
        """True while the chart points at something."""
        return self._pointer.cross is not None

    @property
    def cross(self) -> tuple[int, float | None] | None:
        """The open time (ns) of the candle that the chart points at, and the price."""
        cross = self._pointer.cross
        return None if cross is None else (cross.time, cross.price)

    @property
    def cell(self) -> tuple[int, float] | None:
        """How much time (ns) and price there is between two candles and two rows; None without any."""
        geometry = self._painter.geometry
        row = None if geometry is None else geometry.price_rows // 2
        if geometry is None or not row:
            return None
        above, below = geometry.price_at(row - 1), geometry.price_at(row)
        return None if above is None or below is None else (geometry.span, above - below)

    @property
    def follows(self) -> bool:
        """True while the newest candle stays in sight."""
        return self._viewport.follows

    def candles_in_view(self) -> list[Candle]:
        """The candles that the last painting shows, oldest first."""
        geometry = self._painter.geometry
        if self.instrument is None or geometry is None:
            return []
        first, end = geometry.first_time, geometry.last_time + geometry.span
        candles = self._market[self.instrument].carried_candles(self.timeframe)
        return [each for each in candles if first <= each.open_time < end]

    # -- steering --------------------------------------------------------------------------

    def zoom(self, steps: int, column: int | None = None, *, may_leave_now: bool = False) -> None:
        """Zoom in so many steps, out where negative: around a column, else the candle that is pointed
        at, else the right edge. The newest candle stays in sight, unless the user points elsewhere."""
        focus = self._pointer.time
        geometry = self._painter.geometry
        if column is not None and geometry is not None:
            focus = geometry.time_at(column)
        before, after = self.view, zoomed(self.view, steps)
        if after == before:
            return
        if self._viewport.follows and not (self.points or may_leave_now):
            focus = None
        slots = self._slots * before.columns // after.columns
        self._viewport.zoom(before, after, self._times, slots=slots, focus=focus)
        self.view = after

    def pan(self, bars: int) -> None:
        """Move the view by so many bars, to the past where negative."""
        self._viewport.pan(bars, self._times, self._slots, self.view)
        self.sync(self.now)

    @property
    def bars_of_a_page(self) -> int:
        """Bars to pan by so that most of the view is another one, and some of it stays."""
        return max(self._slots * 3 // 4, 1)

    def back_to_now(self) -> None:
        """Go to the newest candle, and stay there."""
        self._viewport.follow()
        self.sync(self.now)

    def first_candle(self) -> None:
        """Go to the oldest candle that the venue has, as its candles come."""
        self._viewport.seek_first()
        self.sync(self.now)

    def next_style(self) -> None:
        """Draw candles in the next style."""
        styles = list(ChartStyle)
        self._choose(style=styles[(styles.index(self.view.style) + 1) % len(styles)])

    def next_scale(self) -> None:
        """Spread prices over the rows in the next way."""
        scales = list(PriceScale)
        self._choose(scale=scales[(scales.index(self.view.scale) + 1) % len(scales)])

    # -- pointing --------------------------------------------------------------------------

    def start_pointing(self) -> None:
        """Point at the newest candle in sight, and its close."""
        edge = self._viewport.edge(self._times, self._slots, self.view)
        if edge >= 0:
            candle = self._series.candles[edge]
            self._pointer.start(candle.open_time, candle.close)
            self._pointed()

    def stop_pointing(self) -> None:
        """Point at nothing."""
        if self.points:
            self._pointer.end()
            self._pointed()

    def point_at(self, column: int, row: int) -> bool:
        """Point at a cell of the widget; False where there is nothing."""
        geometry = self._painter.geometry
        if geometry is None:
            return False
        before = self._pointer.cross
        if not self._pointer.move_to(column, row - self._top, geometry, self._decimals):
            return False
        if self._pointer.cross != before:
            self._pointed()
        return True

    def point_on(self, bars: int, rows: int) -> None:
        """Point so many bars further on and so many rows further down; the view follows."""
        cross, geometry = self._pointer.cross, self._painter.geometry
        if cross is None or geometry is None:
            return
        if bars:
            times = self._times
            time = self._viewport.step(cross.time, bars, times, self.view)
            close = self._series.candles[bisect_left(times, time)].close if times else None
            self._pointer.move_on(time, close)
            self._viewport.show(time, times, self._slots, self.view)
        if rows:
            self._pointer.move_rows(rows, geometry, self._decimals)
        self._pointed()

    def start_measuring(self) -> None:
        """Measure from where the chart points on."""
        self._pointer.start_measuring()
        self.sync(self.now)

    def measure(self) -> None:
        """Measure from where the chart points on, or end that; where it does not point, begin to."""
        if not self.points:
            self.start_pointing()
        if self._pointer.measures:
            self._pointer.stop_measuring()
        else:
            self._pointer.start_measuring()
        self.sync(self.now)

    # -- parts -----------------------------------------------------------------------------

    def watch_instrument(self) -> None:
        self._viewport.follow()
        self.stop_pointing()
        self._start_afresh()

    def watch_timeframe(self) -> None:
        self._pointer.change_timeframe(self.timeframe)
        self._start_afresh()

    def watch_view(self) -> None:
        if self.is_attached:
            self.sync(self.now)

    def watch_shadow(self) -> None:
        if self.is_attached:
            self.sync(self.now)

    def _start_afresh(self) -> None:
        slots = self._painter.slots
        self._painter = ChartPainter()
        self._painter.slots = slots
        if self.is_attached:
            self.sync(self.now)

    def _choose(self, **choices: object) -> None:
        self.view = msgspec.structs.replace(self.view, **choices)

    def _pointed(self) -> None:
        self.post_message(self.Pointed(self, self._pointer.time))
        self.sync(self.now)

    @property
    def _series(self) -> CandleSeries:
        assert self.instrument is not None
        return self._market[self.instrument].series(self.timeframe)

    @property
    def _times(self) -> Sequence[int]:
        return () if self.instrument is None else self._series.times

    @property
    def _slots(self) -> int:
        """Bars that there is room for, as far as is known."""
        return self._painter.slots or max(self.size.width // self.view.columns, 1)

    @property
    def _decimals(self) -> int:
        assert self.instrument is not None
        state = self._market[self.instrument]
        return fmt.price_decimals(state.info, state.last_text)
