"""The saved layouts: switched to, saved, written anew, renamed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.model.text import clean
from tui.screens.dialog import Dialog, make_field, make_list
from tui.state import Layout

MOST = 30
"""Layouts that are kept."""
LONGEST_NAME = 30
_KEYS = "enter switch · s save as · o overwrite · r rename · x delete · < > move · esc close"


class LayoutsScreen(Dialog[Layout | None]):
    """The list of layouts; the screen gives the one to switch to."""

    DEFAULT_CSS = """
    LayoutsScreen > Vertical { width: 70; }
    LayoutsScreen.-short OptionList { max-height: 4; }
    LayoutsScreen #layouts-note { color: $tt-muted; }
    LayoutsScreen Input { display: none; }
    LayoutsScreen.-writing Input { display: block; }
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - to mypy Textual declares it for instances
    AUTO_FOCUS = ""  # the field only while a name is written

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=True),
        Binding("L,q", "leave", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("enter", "pick", show=False),
        Binding("s,a", "save_as", show=False),
        Binding("o", "overwrite", show=False),
        Binding("r,e", "rename", show=False),
        Binding("x,delete", "delete", show=False),
        Binding("less_than_sign,shift+up,K", "move(-1)", show=False),
        Binding("greater_than_sign,shift+down,J", "move(1)", show=False),
    ]

    def __init__(
        self,
        layouts: Sequence[Layout],
        present: Layout,
        *,
        keep: Callable[[tuple[Layout, ...]], None],
        keys: Sequence[str],
    ) -> None:
        """Make the screen.

        Args:
            present: what the dashboard shows now, under any name.
            keep: is given the layouts after every change.
            keys: the keys of the first layouts, as people read them.
        """
        super().__init__()
        self._layouts = list(layouts)
        self._present = present
        self._keep = keep
        self._keys = keys
        self._renamed: int | None = None  # while a name is written: whose, None for a new one
        self._asked: tuple[str, int] | None = None  # what is done when the key is pressed again

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text("Layouts", style="bold"))
            yield make_list("layouts-list")
            yield make_field("layouts-name", placeholder="name", longest=LONGEST_NAME)
            yield Static(_KEYS, id="layouts-note", markup=False)

    def on_mount(self) -> None:
        shown = [at for at, layout in enumerate(self._layouts) if self._is_present(layout)]
        self._list(shown[0] if shown else 0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # What is typed into the field is text and no command.
        return action == "leave" or not self.has_class("-writing")

    # -- the list --------------------------------------------------------------------------

    def action_step(self, rows: int) -> None:
        at = self._at()
        if at is not None:
            self._forget_question()
            options = self.query_one(OptionList)
            options.highlighted = max(0, min(at + rows, len(self._layouts) - 1))

    def action_pick(self) -> None:
        at = self._at()
        if at is not None:
            self.dismiss(self._layouts[at])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._layouts[event.option_index])

    def action_leave(self) -> None:
        if self.has_class("-writing"):
            self._end_writing()
        else:
            self.dismiss(None)

    def action_move(self, rows: int) -> None:
        at = self._at()
        if at is not None and 0 <= at + rows < len(self._layouts):
            self._layouts.insert(at + rows, self._layouts.pop(at))
            self._changed(at + rows)

    def action_overwrite(self) -> None:
        at = self._at()
        if at is not None and self._is_sure("overwrite", "o", at):
            self._layouts[at] = self._named(self._layouts[at].name)
            self._changed(at)

    def action_delete(self) -> None:
        at = self._at()
        if at is not None and self._is_sure("delete", "x", at):
            del self._layouts[at]
            self._changed(max(0, at - (at == len(self._layouts))))

    def _is_sure(self, what: str, key: str, at: int) -> bool:
        """True when the same was asked for twice running."""
        if self._asked == (what, at):
            self._forget_question()
            return True
        self._asked = what, at
        self._note(f"press {key} again to {what} {clean(self._layouts[at].name, LONGEST_NAME)}")
        return False

    def _forget_question(self) -> None:
        if self._asked is not None:
            self._asked = None
            self._note(_KEYS)

    # -- names -----------------------------------------------------------------------------

    def action_save_as(self) -> None:
        if len(self._layouts) >= MOST:
            self._note(f"{MOST} layouts are kept at most: delete one first")
        else:
            self._write(None, "")

    def action_rename(self) -> None:
        at = self._at()
        if at is not None:
            self._write(at, self._layouts[at].name)

    def _write(self, at: int | None, name: str) -> None:
        self._forget_question()
        self._renamed = at
        self.add_class("-writing")
        field = self.query_one(Input)
        field.value = name
        field.focus()
        self._note("enter keep · esc cancel")

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        name = clean(event.value, LONGEST_NAME).strip()
        taken = [at for at, layout in enumerate(self._layouts) if layout.name == name]
        if not name:
            self._end_writing()
        elif taken and taken != [self._renamed]:
            self._note("a layout has that name already: choose another one")
        else:
            at = self._renamed
            if at is None:
                at = len(self._layouts)
                self._layouts.append(self._named(name))
            else:
                self._layouts[at] = msgspec.structs.replace(self._layouts[at], name=name)
            self._end_writing()
            self._changed(at)

    def _end_writing(self) -> None:
        self.remove_class("-writing")
        self.set_focus(None)
        self._note(_KEYS)

    # -- inside ----------------------------------------------------------------------------

    def _named(self, name: str) -> Layout:
        return msgspec.structs.replace(self._present, name=name)

    def _is_present(self, layout: Layout) -> bool:
        return layout == self._named(layout.name)

    def _at(self) -> int | None:
        """The place of the layout under the cursor; None where there is none."""
        return self.query_one(OptionList).highlighted if self._layouts else None

    def _changed(self, at: int) -> None:
        self._keep(tuple(self._layouts))
        self._list(at)

    def _list(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        if not self._layouts:
            options.add_option(Option(" none yet: press s to save this one", disabled=True))
            return
        options.add_options(
            [Option(self._line(number, layout)) for number, layout in enumerate(self._layouts)]
        )
        options.highlighted = at

    def _line(self, number: int, layout: Layout) -> Text:
        key = self._keys[number] if number < len(self._keys) else ""
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("● " if self._is_present(layout) else "  ")
        line.append(f"{clean(layout.name, LONGEST_NAME):<{LONGEST_NAME // 2}} ", style="bold")
        line.append(f"{key:<6} ", style="dim")
        shown = ", ".join(f"{panel.instrument.symbol} {panel.timeframe}" for panel in layout.panels)
        line.append(clean(shown, 200), style="dim")
        return line

    def _note(self, text: str) -> None:
        self.query_one("#layouts-note", Static).update(text)
