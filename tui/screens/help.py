"""All keys and what they do, as they are bound now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

LEGEND = (
    ("● live", "data flows and is checked"),
    ("◌ pending, syncing", "asked for; history or a snapshot is on its way"),
    ("○ stale 12s", "it flowed and stopped; its age"),
    ("✗ rejected", "the venue said no, with its reason"),
    ("verified", "every book update has been checked, by the named rule"),
    ("▲ ▼", "up and down; on the tape: the buyer or the seller took liquidity"),
)


class HelpScreen(ModalScreen[None]):
    """A list to read; any of Escape, q and ? leaves it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 96%; height: auto; max-height: 92%;
        background: $panel; border: round $accent; padding: 0 1;
    }
    HelpScreen Static { height: auto; background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "app.pop_screen", "Close", show=True),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, keys: Sequence[tuple[str, str]], version: str) -> None:
        """Make the screen; `keys` are pairs of key and description."""
        super().__init__()
        self._keys = keys
        self._version = version

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Text(f"tradetui {self._version}", style="bold"))
            yield Static(_table(self._keys))
            yield Static(Text("\nWhat the marks mean", style="bold"))
            yield Static(_table(LEGEND))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _table(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for left, right in pairs:
        table.add_row(Text(left), Text(right))
    return table
