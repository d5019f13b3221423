"""The dashboard's action on the symbols over a panel's candles."""

from __future__ import annotations

import msgspec

from tui.model.instrument import Instrument
from tui.model.subscription import Subscription
from tui.screens.overlays import OverlaysScreen
from tui.screens.symbol_search import SymbolSearch
from tui.screens.watch_actions import WatchActions


class OverlayActions(WatchActions):
    """Part of the dashboard."""

    async def action_overlay(self) -> None:
        """Choose the symbols that are drawn over the chosen panel's candles."""
        panel = self.chosen
        if panel.instrument is None:
            self.notify("choose a symbol for the panel first", markup=False, timeout=3)
            return

        def change(overlays: tuple[Instrument, ...]) -> None:
            panel.view = msgspec.structs.replace(panel.view, overlays=overlays)
            self.follow()

        # Waited for, so that the key that follows finds it.
        await self.app.push_screen(
            OverlaysScreen(
                panel.instrument,
                panel.view.overlays,
                self.watchlist.instruments,
                change=change,
                search=lambda: SymbolSearch(self.session.instruments, self.add_to_watchlist),
            )
        )

    def overlaid(self) -> set[Subscription]:
        """The candles of the symbols over the panels that are shown."""
        return {each for panel in self.grid.visible_panels for each in panel.overlaid}
