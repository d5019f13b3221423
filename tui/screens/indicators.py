"""The indicators of one panel: added from the catalogue, edited, put in order, removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.charts.glyphs import Glyphs
from tui.market.indicators import library
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import Definition, Placement
from tui.market.market import Market
from tui.model.chart import IndicatorChoice
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.model.timeframe import NS, Timeframe
from tui.screens.dialog import Dialog, make_field, make_list
from tui.screens.indicator_editor import IndicatorEditor

MOST = 12
"""Indicators of one panel; more of them nobody can tell apart."""
_PLACES = {
    Placement.CHART: "on the chart",
    Placement.PANE: "pane",
    Placement.PROFILE: "right edge",
}
_KEYS = "a add · enter edit · x remove · < > move · esc close"


class IndicatorsScreen(Dialog[None]):
    """The list of what a panel shows. Every change is on the chart at once."""

    DEFAULT_CSS = """
    IndicatorsScreen > Vertical { width: 66; }
    IndicatorsScreen OptionList { margin: 1 0; }
    IndicatorsScreen #indicators-none { display: none; margin: 1 0; color: $tt-muted; }
    IndicatorsScreen.-empty #indicators-none { display: block; }
    IndicatorsScreen.-empty OptionList { display: none; }
    IndicatorsScreen #indicators-venue { color: $tt-muted; height: auto; }
    IndicatorsScreen #indicators-note { color: $tt-muted; height: auto; }
    """

    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,I", "dismiss(None)", "Close", show=True),
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("a,slash", "add", show=False),
        Binding("enter,e", "edit", show=False),
        Binding("x,delete", "remove", show=False),
        Binding("less_than_sign,shift+up,K", "move(-1)", show=False),
        Binding("greater_than_sign,shift+down,J", "move(1)", show=False),
    ]

    def __init__(
        self,
        market: Market,
        instrument: Instrument,
        timeframe: Timeframe,
        choices: Sequence[IndicatorChoice],
        *,
        change: Callable[[tuple[IndicatorChoice, ...]], None],
        anchor: int,
        glyphs: Glyphs,
    ) -> None:
        """Make the screen.

        Args:
            choices: what the panel shows. change: is given what it is to show from now on.
            anchor: the moment (ns) that something is anchored at to begin with.
        """
        super().__init__()
        self._market = market
        self._instrument = instrument
        self._timeframe = timeframe
        self._choices = list(choices)
        self._change = change
        self._anchor = anchor
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        name = clean(f"{self._instrument} {self._timeframe}", 44)
        with Vertical():
            yield Static(Text(f"Indicators of {name}", style="bold", no_wrap=True))
            yield make_list("indicators-list")
            yield Static("none yet: press a to add one", id="indicators-none", markup=False)
            studies = sorted(self._market.studies.names(self._instrument, self._timeframe))
            if studies:
                names = clean(", ".join(studies), 200)
                told = f"and computed by {clean(self._instrument.venue, 20)}: {names}"
                yield Static(told, id="indicators-venue", markup=False)
            yield Static(_KEYS, id="indicators-note", markup=False)

    def on_mount(self) -> None:
        self.run_worker(library.load, thread=True)  # so that the first preview does not wait for it
        self._list(0)

    @on(OptionList.OptionSelected)
    async def _clicked(self) -> None:
        await self.action_edit()

    async def action_add(self) -> None:
        if len(self._choices) >= MOST:
            self._note(f"{MOST} are shown already: remove one first")
            return
        # Waited for, here and below, so that the keys that follow find the dialog.
        await self.app.push_screen(IndicatorSearch(), self._add)

    async def _add(self, name: str | None) -> None:
        if name is None:
            return
        definition = CATALOGUE[name]
        parameters = {
            each.name: float(self._anchor // NS) for each in definition.parameters if each.is_time
        }
        self._choices.append(IndicatorChoice(name, parameters))
        self._tell(len(self._choices) - 1)
        await self.action_edit()

    async def action_edit(self) -> None:
        at = self._at()
        definition = None if at is None else CATALOGUE.get(self._choices[at].name)
        if at is None or definition is None:
            return

        def keep(choice: IndicatorChoice) -> None:
            self._choices[at] = choice
            self._tell(at)

        await self.app.push_screen(
            IndicatorEditor(
                self._market,
                self._instrument,
                self._timeframe,
                definition,
                self._choices[at],
                keep=keep,
                glyphs=self._glyphs,
            )
        )

    def action_remove(self) -> None:
        at = self._at()
        if at is not None:
            del self._choices[at]
            self._tell(at)

    def action_move(self, places: int) -> None:
        at = self._at()
        if at is not None and 0 <= at + places < len(self._choices):
            self._choices.insert(at + places, self._choices.pop(at))
            self._tell(at + places)

    def _at(self) -> int | None:
        at = self.query_one(OptionList).highlighted
        return at if at is not None and at < len(self._choices) else None

    def _tell(self, at: int) -> None:
        self._change(tuple(self._choices))
        self._list(at)

    def _list(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_line(choice)) for choice in self._choices])
        if self._choices:
            options.highlighted = min(at, len(self._choices) - 1)
        self.set_class(not self._choices, "-empty")
        self._note(_KEYS)

    def _note(self, text: str) -> None:
        self.query_one("#indicators-note", Static).update(text)


class IndicatorSearch(Dialog[str | None]):
    """A text field and the indicators of the catalogue that match; Enter chooses, Escape leaves."""

    DEFAULT_CSS = """
    IndicatorSearch > Vertical { width: 66; height: 28; max-height: 94%; }
    IndicatorSearch Input { margin: 0 0 1 0; }
    IndicatorSearch OptionList { height: 1fr; max-height: 100%; }
    IndicatorSearch Static { height: 2; margin: 1 0 0 0; color: $tt-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=True),
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "step(-10)", show=False),
        Binding("pagedown", "step(10)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Definition] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield make_field("indicator-text", placeholder="indicator, for example RSI")
            yield make_list("indicator-matches")
            yield Static("", id="indicator-meaning", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._show(event.value)  # Enter may overtake the news of the last letter
        at = self.query_one(OptionList).highlighted
        if self._found and at is not None:
            self.dismiss(self._found[at].name)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].name)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._found):
            self._tell(self._found[event.option_index].meaning)

    def _show(self, text: str) -> None:
        found = find_indicators(text)
        options = self.query_one(OptionList)
        if found == self._found and options.option_count:
            return
        self._found = found
        options.clear_options()
        options.add_options([Option(_entry(each)) for each in found])
        if found:
            options.highlighted = 0
        else:
            self._tell("no such indicator")

    def _tell(self, text: str) -> None:
        self.query_one("#indicator-meaning", Static).update(text)


def find_indicators(text: str) -> list[Definition]:
    """The indicators that a text means, best first: by their short names, then by words of the long
    ones, then by what is said of them."""
    words = text.casefold().split()
    graded: list[tuple[int, Definition]] = []
    for each in CATALOGUE.values():
        short, label = each.short.casefold(), each.label.casefold()
        if all(short.startswith(word) for word in words):
            graded.append((0, each))
        elif all(any(part.startswith(word) for part in _words(label)) for word in words):
            graded.append((1, each))
        elif all(word in f"{short} {label} {each.meaning.casefold()}" for word in words):
            graded.append((2, each))
    graded.sort(key=lambda pair: pair[0])
    return [each for _, each in graded]


def _words(text: str) -> list[str]:
    return "".join(each if each.isalnum() else " " for each in text).split()


def _entry(definition: Definition) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{definition.short:<10}", style="bold")
    line.append(f"{definition.label:<36}")
    line.append(_PLACES[definition.placement], style="dim")
    return line


def _line(choice: IndicatorChoice) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    definition = CATALOGUE.get(choice.name)
    if definition is None:
        line.append(f"{clean(choice.name, 22):<22} ", style="bold")
        line.append("there is no such indicator", style="italic")
        return line
    title = definition.title(definition.settle(choice.parameters))
    line.append(f"{title:<22} ", style="bold")
    line.append(f"{_PLACES[definition.placement]:<18}", style="dim")
    for colour in choice.colours:
        line.append("━━ " if colour else "   ", style=colour)
    return line
