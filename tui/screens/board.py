"""What the parts of the dashboard share: its widgets, the chosen panel, and following what changed."""

from __future__ import annotations

from textual.screen import Screen

from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.session import Session
from tui.widgets.best_prices import BestPrices
from tui.widgets.candle_panel import CandlePanel
from tui.widgets.depth_curve import DepthCurve
from tui.widgets.depth_ladder import DepthLadder
from tui.widgets.error_log import ErrorLogView
from tui.widgets.panel_grid import PanelGrid
from tui.widgets.tape import TapeView
from tui.widgets.watchlist import Watchlist


class Board(Screen[None]):
    """The dashboard as its actions see it: each subject's are a class of their own, which derives from
    this one, and the dashboard derives from them all."""

    session: Session
    panels: list[CandlePanel]
    grid: PanelGrid
    watchlist: Watchlist
    ladder: DepthLadder
    curve: DepthCurve
    bests: BestPrices
    tape: TapeView
    errors: ErrorLogView

    @property
    def chosen(self) -> CandlePanel:
        """The panel that drives ladder and tape."""
        return self.grid.chosen_panel

    def put_instrument(self, instrument: Instrument) -> None:
        """Show an instrument in the chosen panel, and in those that follow its symbol."""
        raise NotImplementedError

    def put_timeframe(self, timeframe: Timeframe) -> None:
        """Show a timeframe in the chosen panel, and in those that follow it."""
        raise NotImplementedError

    def follow(self) -> None:
        """Bring everything in line with the chosen panel and with what is shown: to be called after a
        change of what is wanted."""
        raise NotImplementedError
