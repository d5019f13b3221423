"""The dashboard's actions on charts: zoom, pan, crosshair, style, scale and timeframe."""

from __future__ import annotations

from textual import on

from tui.model.subscription import Subscription
from tui.model.timeframe import step_timeframe
from tui.screens.board import Board
from tui.widgets.steered_chart import SteeredChart

_PAN_BARS = 4
_FAR = 10


class ChartActions(Board):
    """Part of the dashboard: what is done to the chosen panel.

    Attributes:
        crosshair_sync: the other panels show the moment that one of them points at.
    """

    crosshair_sync: bool = True
    _shows_crosshair_keys = False

    def look_back(self) -> None:
        """Have the candles that the panels in sight show, and some before them."""
        wanted: dict[Subscription, int] = {}
        for panel in self.grid.visible_panels:
            if panel.wants is None:
                continue
            subscription, since = panel.wants
            for each in (subscription, *panel.overlaid):
                wanted[each] = min(since, wanted.get(each, since))
        self.session.look_back(wanted)

    def action_zoom_in(self) -> None:
        self.chosen.zoom(1)

    def action_zoom_out(self) -> None:
        self.chosen.zoom(-1)

    def action_pan_back(self) -> None:
        self._move(-_PAN_BARS, -1)

    def action_pan_on(self) -> None:
        self._move(_PAN_BARS, 1)

    def action_pan_page_back(self) -> None:
        self._move(-self.chosen.bars_of_a_page, -_FAR)

    def action_pan_page_on(self) -> None:
        self._move(self.chosen.bars_of_a_page, _FAR)

    def _move(self, bars: int, bars_to_point: int) -> None:
        """Move the view, or the crosshair where there is one."""
        if self.chosen.points:
            self.chosen.point_on(bars_to_point, 0)
        else:
            self.chosen.pan(bars)

    def action_back_to_now(self) -> None:
        self.chosen.back_to_now()

    def action_first_candle(self) -> None:
        self.chosen.first_candle()

    def action_crosshair(self) -> None:
        if self.chosen.points:
            self.chosen.stop_pointing()
        else:
            self.chosen.start_pointing()

    def action_measure(self) -> None:
        self.chosen.measure()

    def action_chart_style(self) -> None:
        self.chosen.next_style()

    def action_price_scale(self) -> None:
        self.chosen.next_scale()

    def action_timeframe_shorter(self) -> None:
        self._change_timeframe(-1)

    def action_timeframe_longer(self) -> None:
        self._change_timeframe(1)

    def _change_timeframe(self, steps: int) -> None:
        panel = self.chosen
        if panel.instrument is None:
            return
        offered = self.session.timeframes(panel.instrument.venue)
        self.put_timeframe(step_timeframe(offered, panel.timeframe, steps))
        self.follow()

    @on(SteeredChart.Pointed)
    def _points_elsewhere(self, event: SteeredChart.Pointed) -> None:
        # The chart has the keys that move what it points with, for as long as it points.
        points = event.moment is not None
        if points and self.focused is not event.chart:
            self.set_focus(event.chart)
        if points is not self._shows_crosshair_keys:
            self._shows_crosshair_keys = points
            self.refresh_bindings()
        for panel in self.panels:
            is_other = panel is not event.chart and self.crosshair_sync
            panel.shadow = event.moment if is_other else None
