"""Asks for one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.model.text import clean


class LinePrompt(ModalScreen[str | None]):
    """A field for one line; Enter gives it, cleaned, Escape gives None."""

    DEFAULT_CSS = """
    LinePrompt { align: center middle; background: $background 60%; }
    LinePrompt > Vertical {
        width: 50; max-width: 94%; height: auto;
        background: $panel; border: round $accent; padding: 0 1;
    }
    LinePrompt Input, LinePrompt Input:focus {
        border: none; height: 1; padding: 0 1; background: $tt-background;
    }
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
            field = Input(self._text, max_length=self._longest, id="prompt-text")
            field.cursor_blink = False  # a blinking cursor is traffic
            yield field
            yield Static("enter done · esc close", id="prompt-note", markup=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(clean(event.value, self._longest).strip())

    def action_leave(self) -> None:
        self.dismiss(None)
