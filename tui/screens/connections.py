"""Every connection in full, over the dashboard: how it stands, what became of it, and another try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from tui.screens.live import LiveScreen
from tui.session import Session
from tui.widgets.connections import ConnectionsView
from tui.widgets.key_bar import KeyBar


class ConnectionsScreen(LiveScreen):
    """Live while it is open; Escape leaves it."""

    DEFAULT_CSS = """
    ConnectionsScreen { align: center middle; background: transparent; }
    ConnectionsScreen > Vertical { width: 100%; height: 100%; background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "retry now"),
        Binding("down,j", "scroll(1)", "scroll", key_display="↑↓"),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home", "scroll(-100000)", show=False),
        Binding("end", "scroll(100000)", show=False),
        Binding("ctrl+d", "app.debug", "debug"),
        Binding("escape,n,q", "app.pop_screen", "close", key_display="esc"),
    ]

    def __init__(self, session: Session, zone: tzinfo, now: Callable[[], int]) -> None:
        """Make the screen; `now` gives the time (ns) that it is opened with."""
        super().__init__()
        self._session = session
        self._now = now
        self._view = ConnectionsView(
            session.health,
            session.history,
            session.subscriptions,
            notices=session.market.notices,
            zone=zone,
        )

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._view
            yield KeyBar()

    def on_mount(self) -> None:
        self.frame(self._now())

    def frame(self, now: int) -> None:
        """Look at the connections again, at `now` (ns)."""
        self._view.sync(now)

    def action_retry(self) -> None:
        self._session.retry()
        self.notify("trying again now", markup=False, timeout=2)

    def action_scroll(self, lines: int) -> None:
        self._view.scroll_by(lines)

    def action_page(self, pages: int) -> None:
        self._view.scroll_by(pages * max(1, self._view.size.height - 2))
