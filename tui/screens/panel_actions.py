"""The dashboard's actions on its panels: which is chosen, how many there are, one alone."""

from __future__ import annotations

from textual import on

from tui.screens.board import Board
from tui.widgets.candle_panel import CandlePanel
from tui.widgets.panel_grid import GRIDS, PanelGrid


class PanelActions(Board):
    """Part of the dashboard."""

    @on(PanelGrid.Arranged)
    def _panels_arranged(self) -> None:
        # The grid learns of its room later than the screen: what it shows then must be subscribed.
        self.follow()

    @on(CandlePanel.Chosen)
    def _panel_clicked(self, event: CandlePanel.Chosen) -> None:
        self._choose(self.panels.index(event.panel))

    def _choose(self, index: int) -> None:
        if index < self.grid.count:
            self.grid.chosen = index
            self.set_focus(None)
            self.follow()

    def action_focus_panel(self, number: int) -> None:
        self._choose(number - 1)

    def action_next_panel(self) -> None:
        self._choose((self.grid.chosen + 1) % self.grid.count)

    def action_previous_panel(self) -> None:
        self._choose((self.grid.chosen - 1) % self.grid.count)

    def action_grid(self) -> None:
        self.grid.alone = False
        self.set_grid(GRIDS[(GRIDS.index(self.grid.count) + 1) % len(GRIDS)])

    def set_grid(self, count: int) -> None:
        """Show this many panels; new ones take the next instruments of the watchlist."""
        shown = [panel.instrument for panel in self.panels[:count] if panel.instrument]
        spare = [i for i in self.watchlist.instruments if i not in shown]
        for panel in self.panels[:count]:
            if panel.instrument is None and spare:
                panel.timeframe = self.chosen.timeframe
                panel.instrument = spare.pop(0)
        self.grid.chosen = min(self.grid.chosen, count - 1)
        self.grid.count = count
        self.call_after_refresh(self.follow)

    def action_maximize(self) -> None:
        self.grid.alone = not self.grid.alone
        self.call_after_refresh(self.follow)
