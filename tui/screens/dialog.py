"""What dialogs have in common: a frame in the middle of the screen, a list, a field to write into."""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

T = TypeVar("T")

SUSPEND: Final = Binding("ctrl+z", "app.suspend_process", show=False, id="suspend_process")
"""A dialog too can be left for the shell."""


class Dialog(ModalScreen[T]):
    """A box in the middle, with at most one list. Each dialog says how wide its box is."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > Vertical {
        max-width: 98%; height: auto; max-height: 90%;
        background: $panel; border: round $accent; padding: 0 1;
    }
    Dialog OptionList {
        height: auto; min-height: 1; max-height: 14; border: none; background: $panel; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    Dialog OptionList > .option-list--option-highlighted {
        background: $tt-highlight; color: $tt-text; text-style: bold;
    }
    Dialog Input, Dialog Input:focus {
        border: none; height: 1; padding: 0 1; background: $tt-background;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [SUSPEND]

    def action_step(self, lines: int) -> None:
        """Go so many lines down the list, up where negative, stopping at the ends."""
        options = self.query_one(OptionList)
        if options.option_count:
            at = (options.highlighted or 0) + lines
            options.highlighted = max(0, min(at, options.option_count - 1))


class FieldRow(Horizontal):
    """A field between its label and a hint. Each dialog says how wide they are."""

    DEFAULT_CSS = """
    FieldRow { height: 1; }
    FieldRow > .label { height: 1; }
    FieldRow > .hint { height: 1; color: $tt-muted; padding: 0 0 0 1; }
    FieldRow > Input, FieldRow > Input:focus {
        border: none; height: 1; padding: 0 1; background: $tt-background;
    }
    FieldRow > Input:focus { background: $tt-highlight; color: $tt-text; text-style: bold; }
    FieldRow > Input.-wrong { color: $tt-error; }
    """

    def __init__(self, field: Input, label: str, hint: str) -> None:
        super().__init__(
            Static(label, classes="label", markup=False),
            field,
            Static(hint, classes="hint", id=f"{field.id}-hint", markup=False),
        )


def make_list(id: str) -> OptionList:
    """A list that leaves the keys to its dialog."""
    options = OptionList(id=id)
    options.can_focus = False
    return options


def make_field(
    id: str, *, text: str = "", placeholder: str = "", longest: int = 0, written_anew: bool = True
) -> Input:
    """A field for one line, of any length where `longest` is 0; `written_anew`: what is typed first
    replaces what is there."""
    field = Input(
        text,
        placeholder=placeholder,
        id=id,
        max_length=longest,
        select_on_focus=written_anew,
    )
    field.cursor_blink = False  # a blinking cursor is traffic
    return field
