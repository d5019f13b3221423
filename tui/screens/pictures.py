"""Asks what a picture is to be of, and what to make of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import msgspec
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.model.text import clean
from tui.screens.dialog import Dialog, make_list


class Form(StrEnum):
    """What can be made of what is shown."""

    SVG = "svg"
    PNG = "png"
    TEXT = "txt"
    CLIPBOARD = "clipboard"
    CSV = "csv"


class Wish(msgspec.Struct, frozen=True):
    """A picture that is asked for: of the whole screen, or else of the chosen panel."""

    form: Form
    of_screen: bool


_KEYS = {"s": Form.SVG, "p": Form.PNG, "t": Form.TEXT, "c": Form.CLIPBOARD, "v": Form.CSV}
_LONGEST = 48


class PicturesScreen(Dialog[Wish | None]):
    """A letter makes a picture of the panel, or of the screen after Tab; Escape leaves."""

    DEFAULT_CSS = """
    PicturesScreen > Vertical { width: 60; max-width: 96%; }
    PicturesScreen #pictures-note { color: $tt-muted; }
    """

    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,P,q", "leave", "Close", show=True),
        Binding("tab,left,right", "turn", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("enter", "pick", show=False),
        *(Binding(key, f"make('{form}')", show=False) for key, form in _KEYS.items()),
    ]

    def __init__(self, panel: str, *, renderer: str, folder: Path) -> None:
        """Make the screen.

        Args:
            panel: what the chosen panel shows; "" when it shows nothing.
            renderer: what makes PNGs here; "" when nothing does.
            folder: where files go.
        """
        super().__init__()
        self._panel = clean(panel, _LONGEST)
        self._renderer = renderer
        self._folder = folder
        self._of_screen = not panel

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="pictures-subject")
            yield make_list("pictures-forms")
            yield Static(id="pictures-note", markup=False)

    def on_mount(self) -> None:
        self._show()

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_turn(self) -> None:
        """The other subject."""
        if self._panel:
            self._of_screen = not self._of_screen
            self._show()

    def action_step(self, lines: int) -> None:
        options = self.query_one(OptionList)
        if lines > 0:
            options.action_cursor_down()  # it passes over what cannot be made
        else:
            options.action_cursor_up()

    def action_pick(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.action_make(options.get_option_at_index(options.highlighted).id or "")

    def action_make(self, form: str) -> None:
        if not self._problem(Form(form)):
            self.dismiss(Wish(Form(form), self._of_screen))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.action_make(event.option_id or "")

    def _problem(self, form: Form) -> str:
        """Why this cannot be made; "" when it can."""
        if form is Form.PNG and not self._renderer:
            return "needs rsvg-convert, inkscape or cairosvg"
        if form is Form.CSV and self._of_screen:
            return "of a panel only"
        return ""

    def _show(self) -> None:
        subject = Text("Picture of ", no_wrap=True, overflow="ellipsis")
        subject.append("the screen" if self._of_screen else self._panel, style="bold")
        self.query_one("#pictures-subject", Static).update(subject)
        options = self.query_one(OptionList)
        held = options.highlighted or 0
        options.clear_options()
        names = {
            Form.SVG: "SVG, a drawing for any size",
            Form.PNG: f"PNG by {self._renderer}" if self._renderer else "PNG",
            Form.TEXT: "plain text",
            Form.CLIPBOARD: "plain text to the clipboard",
            Form.CSV: "candles in view as CSV",
        }
        for key, form in _KEYS.items():
            problem = self._problem(form)
            line = Text(no_wrap=True, overflow="ellipsis")
            line.append(f" {key} ", style="bold")
            line.append(names[form])
            if problem:
                line.append(f": {problem}", style="italic")
            options.add_option(Option(line, id=form, disabled=bool(problem)))
        options.highlighted = held
        other = (
            "" if not self._panel else "tab the panel · " if self._of_screen else "tab screen · "
        )
        note = f"{other}esc close\nfiles go to {clean(str(self._folder), 200)}"
        self.query_one("#pictures-note", Static).update(note)
