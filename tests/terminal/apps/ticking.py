"""A small app for a real terminal: ticks on a key, floods on another, and tells its loop's worst lag."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Label

from tui.terminal.diffing_app import DiffingApp


class Board(Widget):
    """Fills the screen with a number."""

    DEFAULT_CSS = "Board { height: 1fr; }"
    number = 0

    def render_line(self, y: int) -> Strip:
        text = f"line {y} number {self.number} ".ljust(
            self.size.width, "0123456789"[self.number % 10]
        )
        style = Style(color=f"rgb({self.number % 250},{y},90)")
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width)


class TickingApp(DiffingApp[None]):
    """Keys: t ticks once, f floods until the next f, k says so, z suspends, q quits."""

    BINDINGS = [  # noqa: RUF012
        ("t", "tick", "Tick"),
        ("f", "flood", "Flood"),
        ("k", "say", "Say"),
        ("z", "suspend_process", "Suspend"),
        ("q", "quit", "Quit"),
    ]
    flooding = False
    worst_lag_s = 0.0

    def compose(self) -> ComposeResult:
        yield Label(f"ready {os.getpid()}")
        yield Board()

    def on_mount(self) -> None:
        self.set_interval(0.02, self.flood_on)
        self.run_worker(self.watch_lag())

    async def watch_lag(self) -> None:
        while True:
            before = monotonic()
            await asyncio.sleep(0.01)
            self.worst_lag_s = max(self.worst_lag_s, monotonic() - before - 0.01)

    def flood_on(self) -> None:
        if self.flooding:
            self.action_tick()

    def action_tick(self) -> None:
        board = self.query_one(Board)
        board.number += 1
        board.refresh()

    def action_say(self) -> None:
        self.query_one(Label).update("key")

    def action_flood(self) -> None:
        self.flooding = not self.flooding
        self.worst_lag_s = 0.0


if __name__ == "__main__":
    app = TickingApp()
    app.run()
    meter = app.terminal_meter
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(f"{app.worst_lag_s} {meter.frames_sent} {meter.frames_held}")
    sys.exit(app.return_code)
