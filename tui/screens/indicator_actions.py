"""The dashboard's actions on indicators."""

from __future__ import annotations

import msgspec

from tui.model.chart import IndicatorChoice
from tui.model.timeframe import Timeframe
from tui.screens.board import Board
from tui.screens.indicators import IndicatorsScreen
from tui.widgets.candle_panel import CandlePanel

_DAY = Timeframe(1, "d")


class IndicatorActions(Board):
    """Part of the dashboard."""

    async def action_indicators(self) -> None:
        """Choose the indicators of the chosen panel."""
        panel = self.chosen
        if panel.instrument is None:
            self.notify("choose a symbol first", markup=False, timeout=3)
            return

        def change(choices: tuple[IndicatorChoice, ...]) -> None:
            panel.view = msgspec.structs.replace(panel.view, indicators=choices)

        # Waited for, so that the keys that follow find the dialog.
        await self.app.push_screen(
            IndicatorsScreen(
                self.session.market,
                panel.instrument,
                panel.timeframe,
                panel.view.indicators,
                change=change,
                anchor=_anchor(panel),
                glyphs=panel.glyphs,
            )
        )


def _anchor(panel: CandlePanel) -> int:
    """Where the panel points, or else the day's beginning."""
    return panel.cross[0] if panel.cross is not None else _DAY.floor(panel.now)
