"""The dashboard's actions on the order book: its views, its steps of price, and the level cursor."""

from __future__ import annotations

from textual import on

from tui.screens.board import Board
from tui.widgets.depth_ladder import DepthLadder

BOOK_VIEWS = ("ladder", "curve")
"""How the book can be shown, in the order of their key."""


class DepthActions(Board):
    """Part of the dashboard."""

    book_view = BOOK_VIEWS[0]
    """Which of the views is shown."""

    def show_book_view(self, view: str) -> None:
        """Show the book in this view; one that does not exist is the first."""
        self.book_view = view if view in BOOK_VIEWS else BOOK_VIEWS[0]
        self.ladder.display = self.book_view == "ladder"
        self.curve.display = self.book_view == "curve"

    def action_book_view(self) -> None:
        self.show_book_view(BOOK_VIEWS[(BOOK_VIEWS.index(self.book_view) + 1) % len(BOOK_VIEWS)])
        self.refresh_bindings()
        self.call_after_refresh(self.follow)

    def action_group_finer(self) -> None:
        self.ladder.change_grouping(-1)

    def action_group_coarser(self) -> None:
        self.ladder.change_grouping(1)

    def action_level_up(self) -> None:
        self.ladder.move_cursor(-1)

    def action_level_down(self) -> None:
        self.ladder.move_cursor(1)

    def action_end_level(self) -> None:
        self.ladder.cursor = None

    @on(DepthLadder.CursorMoved)
    def _level_moved(self) -> None:
        self.curve.cursor = self.ladder.cursor
        self.refresh_bindings()
