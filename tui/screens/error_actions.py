"""The dashboard's actions on the error log."""

from __future__ import annotations

from tui.screens.board import Board


class ErrorActions(Board):
    """Part of the dashboard."""

    def action_filter_errors(self) -> None:
        self.errors.cycle_category()

    def action_clear_errors(self) -> None:
        self.session.errors.clear()
        self.errors.first = 0

    def action_copy(self) -> None:
        if not self.errors.has_any():
            self.notify("there is nothing to copy", markup=False, timeout=3)
            return
        self.app.copy_to_clipboard(self.errors.as_text())
        self.notify("the error log is on the clipboard", markup=False, timeout=3)
