"""The command palette, on a terminal of any size."""

from __future__ import annotations

from textual.command import CommandPalette
from textual.widgets import Input, OptionList


class Commands(CommandPalette):
    """Textual's palette; its cursor does not blink, for that would go over the link twice a second.

    It turns no pages of a list that there is no room for, which would fail.
    """

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command_list":
            return all(found.scrollable_content_region.area for found in self.query(OptionList))
        return super().check_action(action, parameters)
