"""Chooses the symbols whose lines are drawn over a panel's candles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.screens.dialog import Dialog, make_list
from tui.screens.symbol_search import SymbolSearch
from tui.widgets.overlaid_symbols import MOST

_KEYS = "enter on or off · / search · x none · esc close"


class OverlaysScreen(Dialog[None]):
    """The watchlist with a mark at what is drawn. Every change is on the chart at once."""

    DEFAULT_CSS = """
    OverlaysScreen { background: transparent; }
    OverlaysScreen > Vertical { width: 52; }
    OverlaysScreen.-short OptionList { max-height: 4; }
    OverlaysScreen #overlays-note { color: $tt-muted; }
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - to mypy Textual declares it for instances
    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,O,q", "dismiss(None)", "Close", show=True),
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("enter,space", "switch", show=False),
        Binding("slash,a", "search", show=False),
        Binding("x,delete", "clear", show=False),
    ]

    def __init__(
        self,
        beneath: Instrument,
        chosen: Sequence[Instrument],
        offered: Sequence[Instrument],
        *,
        change: Callable[[tuple[Instrument, ...]], None],
        search: Callable[[], SymbolSearch],
    ) -> None:
        """Make the screen.

        Args:
            beneath: what the panel shows.
            chosen: what is drawn over it now.
            offered: what there is to choose from without a search.
            change: is given what is to be drawn from now on.
            search: makes the screen that finds all others.
        """
        super().__init__()
        self._beneath = beneath
        self._chosen = list(chosen)
        listed = dict.fromkeys([*chosen, *offered])
        self._listed = [instrument for instrument in listed if instrument != beneath]
        self._change = change
        self._search = search

    def compose(self) -> ComposeResult:
        with Vertical():
            title = Text("Over ", no_wrap=True, overflow="ellipsis")
            title.append(clean(str(self._beneath), 40), style="bold")
            title.append(", in percent")
            yield Static(title)
            yield make_list("overlays-list")
            yield Static(_KEYS, id="overlays-note", markup=False)

    def on_mount(self) -> None:
        self._list(0)

    def action_switch(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None and self._listed:
            self._switch(at)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._switch(event.option_index)

    def action_clear(self) -> None:
        """Draw none of them."""
        self._chosen.clear()
        self._changed(self.query_one(OptionList).highlighted or 0)

    async def action_search(self) -> None:
        def found(instrument: Instrument | None) -> None:
            if instrument is None or instrument == self._beneath:
                return
            if instrument not in self._listed:
                self._listed.append(instrument)
            at = self._listed.index(instrument)
            if instrument in self._chosen:
                self._list(at)
            else:
                self._switch(at)

        # Waited for, so that the letters that follow find the field.
        await self.app.push_screen(self._search(), found)

    def _switch(self, at: int) -> None:
        instrument = self._listed[at]
        if instrument in self._chosen:
            self._chosen.remove(instrument)
        elif len(self._chosen) >= MOST:
            self._list(at)
            self._note(f"{MOST} are drawn already: switch one off first")
            return
        else:
            self._chosen.append(instrument)
        self._changed(at)

    def _changed(self, at: int) -> None:
        self._change(tuple(self._chosen))
        self._list(at)
        self._note(_KEYS)

    def _list(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        if not self._listed:
            options.add_option(Option(" nothing else is watched: press / to search", disabled=True))
            return
        options.add_options([Option(self._line(instrument)) for instrument in self._listed])
        options.highlighted = at

    def _line(self, instrument: Instrument) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        is_chosen = instrument in self._chosen
        line.append(" ● " if is_chosen else "   ")
        line.append(clean(str(instrument), 40), style="bold" if is_chosen else "")
        return line

    def _note(self, text: str) -> None:
        self.query_one("#overlays-note", Static).update(text)
