"""Asks for one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.model.text import clean
from tui.screens.dialog import Dialog, make_field


class LinePrompt(Dialog[str | None]):
    """A field for one line; Enter gives it, cleaned, Escape gives None."""

    DEFAULT_CSS = """
    LinePrompt > Vertical { width: 50; max-width: 94%; }
    LinePrompt Static { height: 1; }
    LinePrompt #prompt-note { color: $tt-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=True)]

    def __init__(self, title: str, *, longest: int, text: str = "") -> None:
        """Make the screen; at most `longest` characters are taken, beginning with `text`."""
        super().__init__()
        self._title = title
        self._longest = longest
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._title, markup=False)
            yield make_field("prompt-text", text=self._text, longest=self._longest)
            yield Static("enter done · esc close", id="prompt-note", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(clean(event.value, self._longest).strip())

    def action_leave(self) -> None:
        self.dismiss(None)
