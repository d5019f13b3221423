"""The dashboard's actions on the tape."""

from __future__ import annotations

from tui.screens.board import Board


class TapeActions(Board):
    """Part of the dashboard."""

    def action_tape_filter(self) -> None:
        if self.tape.is_on_screen:
            self.tape.cycle_filter()
        else:
            text = "the tape is not shown: it is one of the book's views"
            self.notify(text, markup=False, timeout=3)
