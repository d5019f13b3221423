"""Search all symbols of the venues while typing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.model.instrument import Instrument, InstrumentInfo, VenueListing
from tui.model.text import clean
from tui.screens.dialog import Dialog, make_field, make_list

SHOWN = 50
"""Matches listed at most; typing more narrows them down."""


def rank(infos: Sequence[InstrumentInfo], text: str) -> list[InstrumentInfo]:
    """The instruments that match a text, best first.

    A symbol that begins with the text comes before one that contains it, that before one whose
    letters hold those of the text in order; trading instruments before halted ones, those in the
    most common quote currency first, short symbols before long ones. `VENUE:` at the front limits
    the search to that venue, of which a few letters will do.
    """
    pairs = Counter(info.quote for info in infos if info.is_trading)
    venue, colon, rest = text.strip().upper().partition(":")
    if not colon:
        venue, rest = "", venue
    elif not any(info.instrument.venue.startswith(venue) for info in infos):
        # Some venues' own symbols have a colon.
        venue, rest = "", venue + rest
    needle = _plain(rest)
    found = []
    for info in infos:
        if venue and not info.instrument.venue.startswith(venue):
            continue
        plain = _plain(info.instrument.symbol.upper())
        grade = _grade(plain, info.base.upper(), needle)
        if grade is not None:
            order = (not info.is_trading, grade, -pairs[info.quote], len(plain), info.instrument)
            found.append((order, info))
    found.sort(key=lambda entry: entry[0])
    return [info for _, info in found]


def _plain(text: str) -> str:
    return "".join(character for character in text if character not in "/-_: ")


def _grade(symbol: str, base: str, needle: str) -> int | None:
    if not needle:
        return 3
    if symbol == needle or base == needle:
        return 0
    if symbol.startswith(needle):
        return 1
    if needle in symbol:
        return 2
    letters = iter(symbol)
    return 4 if all(letter in letters for letter in needle) else None


class SymbolSearch(Dialog[Instrument | None]):
    """A text field and the matching symbols; Enter chooses, Escape leaves."""

    DEFAULT_CSS = """
    SymbolSearch > Vertical { width: 64; max-width: 94%; height: 22; }
    SymbolSearch Input { margin: 0 0 1 0; }
    SymbolSearch OptionList { height: 1fr; max-height: 100%; }
    SymbolSearch Static { height: 1; color: $tt-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=True),
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "step(-10)", show=False),
        Binding("pagedown", "step(10)", show=False),
        Binding("ctrl+a", "watch", "Add to watchlist", show=True, priority=True),
    ]

    def __init__(
        self,
        listings: Callable[[], AsyncIterator[VenueListing]],
        watch: Callable[[Instrument], None],
        *,
        openable: Collection[str] = (),
    ) -> None:
        """Make the screen.

        Args:
            listings: gives what each open venue lists, as soon as it is known.
            watch: adds an instrument to the watchlist.
            openable: venues that are not open, and open when one of their symbols is named.
        """
        super().__init__()
        self._openable = frozenset(openable)
        self._listings = listings
        self._watch = watch
        self._infos: list[InstrumentInfo] = []
        self._problems: dict[str, str] = {}  # why a venue has no list
        self._matches: list[InstrumentInfo] = []
        self._text: str | None = None  # what the matches are for
        self._is_loading = True
        self._entered: str | None = None  # with Enter, before there was anything to choose

    def compose(self) -> ComposeResult:
        with Vertical():
            yield make_field("search-text", placeholder="symbol, for example BTC")
            yield make_list("search-matches")
            yield Static("loading the venue's symbols", id="search-note", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._load()

    @work(exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        async for listing in self._listings():
            if listing.problem:
                self._problems[listing.venue] = listing.problem
            self._infos = [*self._infos, *listing.instruments]
            chosen = self._highlighted()
            self._text = None
            self._show(self.query_one(Input).value)
            self._highlight(chosen)
        self._is_loading = False
        if self._entered is not None:
            self._submitted()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.value != self._entered:
            self._entered = None
        self._show(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._show(self.query_one(Input).value)  # Enter may overtake the news of the last letter
        chosen = self._highlighted()
        if chosen is not None:
            self.dismiss(chosen)
        elif self._is_loading:
            self._entered = self.query_one(Input).value

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._matches[event.option_index].instrument)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_watch(self) -> None:
        chosen = self._highlighted()
        if chosen is not None:
            self._watch(chosen)
            self._note(f"{clean(str(chosen), 40)} is in the watchlist")

    def _highlighted(self) -> Instrument | None:
        index = self.query_one(OptionList).highlighted
        return self._matches[index].instrument if index is not None and self._matches else None

    def _highlight(self, instrument: Instrument | None) -> None:
        """Stay on a symbol while others are listed beside it."""
        for index, info in enumerate(self._matches):
            if info.instrument == instrument:
                self.query_one(OptionList).highlighted = index

    def _unlisted(self, text: str) -> list[InstrumentInfo]:
        """What is typed, as it is, of a venue that has no list, or that is not open."""
        venue, _, symbol = text.strip().partition(":")
        if venue.upper() not in (*self._problems, *self._openable) or not symbol:
            return []
        written = symbol.upper() if symbol.islower() else symbol
        return [InstrumentInfo(Instrument(venue.upper(), written), "as typed", "")]

    def _show(self, text: str) -> None:
        if not (self._infos or self._problems or self._openable) or text == self._text:
            return
        self._text = text
        ranked = self._unlisted(text) or rank(self._infos, text)
        self._matches = ranked[:SHOWN]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_line(info)) for info in self._matches])
        if self._matches:
            options.highlighted = 0
        typed = text.partition(":")[0].strip().upper()
        if not self._matches and typed in self._openable:
            self._note(f"{typed} opens with its first symbol: type it in full")
        elif self._matches or not self._problems:
            found = f"{len(ranked)} of {len(self._infos)}"
            self._note(f"{found} · enter panel · ctrl+a watch · esc close")
        else:
            venue = typed if typed in self._problems else next(iter(self._problems))
            self._note(clean(f"cannot list {venue}: {self._problems[venue]}", 120))

    def _note(self, text: str) -> None:
        self.query_one("#search-note", Static).update(text)


def _line(info: InstrumentInfo) -> Text:
    symbol = clean(str(info.instrument), 30)
    pair = clean(f"{info.base}/{info.quote}" if info.quote else info.base, 16)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{symbol:<26}", style="bold")
    line.append(f"{pair:<14}", style="dim")
    line.append("" if info.is_trading else f" {clean(info.status, 14).lower()}", style="italic")
    return line
