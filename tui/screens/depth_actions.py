"""The dashboard's actions on the order book: its views, its steps of price, and the level cursor."""

from __future__ import annotations

import msgspec
from textual import on

from tui.market.book_history import BookHistories
from tui.market.market import Market
from tui.model.subscription import Channel, Subscription
from tui.screens.board import Board
from tui.widgets.book_heat import BookHeat
from tui.widgets.depth_ladder import DepthLadder

BOOK_VIEWS = ("ladder", "curve", "history", "tape")
"""How the book can be shown, in the order of their key; the last is the tape in its place."""


class DepthActions(Board):
    """Part of the dashboard."""

    histories: BookHistories
    book_view = BOOK_VIEWS[0]
    """Which of the views is shown."""

    def show_book_view(self, view: str) -> None:
        """Show the book in this view; one that does not exist is the first."""
        self.book_view = view if view in BOOK_VIEWS else BOOK_VIEWS[0]
        self.ladder.display = self.book_view == "ladder"
        self.curve.display = self.book_view == "curve"
        self.bests.display = self.book_view == "history"
        self.set_class(self.book_view == "tape", "-tape-view")

    def action_book_view(self) -> None:
        self.show_book_view(BOOK_VIEWS[(BOOK_VIEWS.index(self.book_view) + 1) % len(BOOK_VIEWS)])
        self.refresh_bindings()
        self.call_after_refresh(self.follow)

    def make_heat(self, market: Market) -> BookHeat:
        """What draws books over time behind the candles of panels that want it."""
        self.histories = BookHistories(market)
        return BookHeat(market, self.histories)

    def heated(self) -> set[Subscription]:
        """The books that panels in sight show over time."""
        return {
            Subscription(panel.instrument, Channel.BOOK)
            for panel in self.grid.visible_panels
            if panel.instrument is not None and panel.view.heatmap
        }

    def sample_books(self, now: int) -> None:
        """Remember of the books at `now` (ns) what is to be shown of them later; also in a pause."""
        chosen = self.chosen.instrument
        whole = {subscription.instrument for subscription in self.heated()}
        self.histories.sample(now, () if chosen is None else (chosen,), whole)

    def action_heatmap(self) -> None:
        panel = self.chosen
        panel.view = msgspec.structs.replace(panel.view, heatmap=not panel.view.heatmap)
        self.follow()
        if panel.view.heatmap:
            self.notify("the book is remembered from now on", markup=False, timeout=4)

    def action_group_finer(self) -> None:
        self._change_grouping(-1)

    def action_group_coarser(self) -> None:
        self._change_grouping(1)

    def action_level_up(self) -> None:
        self._move_level(-1)

    def action_level_down(self) -> None:
        self._move_level(1)

    def _change_grouping(self, steps: int) -> None:
        if self.ladder.is_on_screen:
            self.ladder.change_grouping(steps)
        else:
            self.notify("steps of price are the ladder's: show it first", markup=False, timeout=3)

    def _move_level(self, rows: int) -> None:
        if self.ladder.is_on_screen or self.curve.is_on_screen:
            self.ladder.move_cursor(rows)
        else:
            text = "the level cursor is the ladder's and the depth curve's: show one first"
            self.notify(text, markup=False, timeout=3)

    def action_end_level(self) -> None:
        self.ladder.cursor = None

    @on(DepthLadder.CursorMoved)
    def _level_moved(self) -> None:
        self.curve.cursor = self.ladder.cursor
        self.refresh_bindings()
