"""The tools to draw with, and everything that is drawn on one instrument's charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import ClassVar

import msgspec
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.market.drawings import Drawings
from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument
from tui.model.moment import date_of
from tui.model.text import clean
from tui.screens.dialog import Dialog, make_field, make_list

TOOLS = {
    "l": (DrawingKind.LEVEL, "price line"),
    "t": (DrawingKind.TREND, "trend line"),
    "r": (DrawingKind.RAY, "ray"),
    "b": (DrawingKind.RECTANGLE, "rectangle"),
    "f": (DrawingKind.FIBONACCI, "retracement"),
    "n": (DrawingKind.NOTE, "note"),
}
NAMES = dict(TOOLS.values())
"""What the kinds are called on screen."""
_LONGEST_TEXT = 60
_KEYS = "enter move · e text · x delete · esc close"


class Place(msgspec.Struct, frozen=True):
    """The user wants to draw one of these."""

    kind: DrawingKind


class Move(msgspec.Struct, frozen=True):
    """The user wants to move the drawing of this number."""

    number: int


class DrawingsScreen(Dialog[Place | Move | None]):
    """A letter chooses a tool; the list is walked, its drawings are moved, named and deleted."""

    DEFAULT_CSS = """
    DrawingsScreen > Vertical { width: 66; max-width: 96%; }
    DrawingsScreen #drawings-tools { margin: 1 0; }
    DrawingsScreen #drawings-note { color: $tt-muted; }
    DrawingsScreen Input { display: none; }
    DrawingsScreen.-writing Input { display: block; }
    """

    AUTO_FOCUS = ""  # the field only while something is written

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=True),
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("enter", "pick", show=False),
        Binding("e", "write", show=False),
        Binding("x,delete", "delete", show=False),
        *(Binding(key, f"tool('{key}')", show=False) for key in TOOLS),
    ]

    def __init__(
        self,
        drawings: Drawings,
        instrument: Instrument,
        *,
        write: Callable[[float], str],
        zone: tzinfo = UTC,
    ) -> None:
        """Make the screen; `write` gives a price in the venue's digits."""
        super().__init__()
        self._drawings = drawings
        self._instrument = instrument
        self._write = write
        self._zone = zone

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(f"Drawings of {clean(str(self._instrument), 40)}", style="bold"))
            tools = Text()
            for number, (key, (_, name)) in enumerate(TOOLS.items()):
                tools.append(f"{key} ", style="bold")
                tools.append(f"{name}\n" if number == 2 else f"{name:<15}")
            yield Static(tools, id="drawings-tools")
            yield make_list("drawings-list")
            yield make_field("drawings-text", placeholder="text", longest=_LONGEST_TEXT)
            yield Static(_KEYS, id="drawings-note", markup=False)

    def on_mount(self) -> None:
        self._list(len(self._drawings.of(self._instrument)) - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # What is typed into the field is text and no command.
        return action == "leave" or not self.has_class("-writing")

    def action_leave(self) -> None:
        if self.has_class("-writing"):
            self._stop_writing()
        else:
            self.dismiss(None)

    def action_tool(self, key: str) -> None:
        self.dismiss(Place(TOOLS[key][0]))

    def action_pick(self) -> None:
        number = self._number()
        if number is not None:
            self.dismiss(Move(number))

    def action_delete(self) -> None:
        number = self._number()
        if number is not None:
            self._drawings.remove(self._instrument, number)
            self._list(number)

    def action_write(self) -> None:
        number = self._number()
        if number is not None:
            field = self.query_one(Input)
            field.value = self._drawings.of(self._instrument)[number].text
            self.add_class("-writing")
            field.focus()

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        number = self._number()
        if number is not None:
            drawing = self._drawings.of(self._instrument)[number]
            text = clean(event.value, _LONGEST_TEXT).strip()
            if text or drawing.kind is not DrawingKind.NOTE:
                named = msgspec.structs.replace(drawing, text=text)
                self._drawings.replace(self._instrument, number, named)
            self._list(number)
        self._stop_writing()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Move(event.option_index))

    def _stop_writing(self) -> None:
        self.remove_class("-writing")
        self.set_focus(None)

    def _number(self) -> int | None:
        if not self._drawings.of(self._instrument):
            return None
        return self.query_one(OptionList).highlighted

    def _list(self, number: int) -> None:
        drawings = self._drawings.of(self._instrument)
        options = self.query_one(OptionList)
        options.clear_options()
        if drawings:
            options.add_options([Option(self._line(drawing)) for drawing in drawings])
            options.highlighted = max(0, min(number, len(drawings) - 1))
        else:
            options.add_option(Option(Text("nothing is drawn yet", style="dim"), disabled=True))

    def _line(self, drawing: Drawing) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{NAMES[drawing.kind]:<13}", style="bold")
        line.append(" → ".join(self._point(drawing, point) for point in drawing.points))
        if drawing.text:
            line.append(f"  {clean(drawing.text, _LONGEST_TEXT)}", style="italic")
        return line

    def _point(self, drawing: Drawing, point: tuple[int, float]) -> str:
        time, price = point
        if drawing.kind is DrawingKind.LEVEL:
            return self._write(price)
        return f"{date_of(time, self._zone):%m-%d %H:%M} {self._write(price)}"
