"""An app that shows one dialog and nothing else: it starts in a fraction of the dashboard's time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import OptionList

from tui.themes import load_themes, to_textual, variable_defaults


class DialogApp(App[None]):
    """Keeps what the dialog gave in `answers`."""

    def __init__(self, dialog: ModalScreen[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[Any] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    async def on_mount(self) -> None:
        self.register_theme(to_textual(load_themes()[0]["dark"]))
        self.theme = "dark"
        await self.push_screen(self.dialog, self.answers.append)

    @property
    def lines(self) -> list[str]:
        """The list of the dialog on top."""
        options = self.screen.query_one(OptionList)
        return [
            str(options.get_option_at_index(index).prompt).rstrip()
            for index in range(options.option_count)
        ]


@asynccontextmanager
async def asking(
    dialog: ModalScreen[Any], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[DialogApp, Pilot[Any]]]:
    """The dialog on an otherwise empty screen."""
    app = DialogApp(dialog)
    async with app.run_test(size=size) as pilot:
        yield app, pilot
