"""What venues publish beside prices, over the dashboard: figures, states, alerts, a panel each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from tui.charts.glyphs import Glyphs
from tui.market.market import Market
from tui.screens.live import LiveScreen
from tui.widgets.announcements import AlertsView, FiguresView, StatesView
from tui.widgets.key_bar import KeyBar


class AnnouncementsScreen(LiveScreen):
    """Live while it is open; Escape leaves it. The arrows scroll what Tab has chosen."""

    DEFAULT_CSS = """
    AnnouncementsScreen { layout: vertical; overflow: hidden; background: $background; }
    AnnouncementsScreen #announced { height: 1fr; layout: horizontal; }
    AnnouncementsScreen #told { width: 1fr; margin-left: 1; }
    AnnouncementsScreen #states { height: 1fr; }
    AnnouncementsScreen #alerts { height: 2fr; }
    AnnouncementsScreen.-narrow #announced { layout: vertical; }
    AnnouncementsScreen.-narrow #told { margin-left: 0; height: 1fr; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - to mypy Textual declares it for instances

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next", "next panel"),
        Binding("down,j", "scroll(1)", "scroll", key_display="↑↓"),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("escape,i,q", "app.pop_screen", "close", key_display="esc"),
    ]

    def __init__(
        self,
        market: Market,
        *,
        badge: str,
        glyphs: Glyphs,
        zone: tzinfo,
        now: Callable[[], int],
    ) -> None:
        """Make the screen.

        Args:
            badge: marks data that is not live.
            zone: of the alerts' times.
            now: gives the time (ns) that the screen is opened with.
        """
        super().__init__()
        self._now = now
        self._figures = FiguresView(market.metrics, badge=badge, glyphs=glyphs, id="figures")
        self._states = StatesView(market.notices, id="states")
        self._alerts = AlertsView(market.notices, zone=zone, id="alerts")
        self._views = (self._figures, self._states, self._alerts)
        self._views[0].is_chosen = True

    def compose(self) -> ComposeResult:
        with Container(id="announced"):
            yield self._figures
            with Vertical(id="told"):
                yield self._states
                yield self._alerts
        yield KeyBar()

    def on_mount(self) -> None:
        self.frame(self._now())

    def frame(self, now: int) -> None:
        """Look at what was announced again, at `now` (ns)."""
        for view in self._views:
            view.sync(now)

    def action_next(self) -> None:
        """Let the arrows scroll the next panel."""
        chosen = next(number for number, view in enumerate(self._views) if view.is_chosen)
        for number, view in enumerate(self._views):
            view.is_chosen = number == (chosen + 1) % len(self._views)
            view.draw()

    def action_scroll(self, lines: int) -> None:
        for view in self._views:
            if view.is_chosen:
                view.scroll_by(lines)
