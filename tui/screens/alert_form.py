"""One alert, field by field: where, when, how often, and how the user is told."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVar

import msgspec
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.config import nearest, read_instrument
from tui.market.alerts import (
    FORMS,
    Form,
    read_condition,
    read_duration,
    write_condition,
    write_duration,
)
from tui.market.alerts.telling import PLACES, check_command
from tui.model.alert import (
    AlertRule,
    Condition,
    Direction,
    DrawingTouched,
    Notice,
    PriceCrosses,
    PriceMoves,
)
from tui.model.errors import AlertError, TradeTuiError
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.model.timeframe import Timeframe
from tui.screens.dialog import Dialog, FieldRow, make_field

T = TypeVar("T")

ONCE: Final = "once"
NOT_AT_ALL: Final = "none"
_AGAINS = (ONCE, "1m", "5m", "15m", "1h", "1d")
_TELLS = ("bell toast", "bell toast desktop", "toast", "desktop", "bell", NOT_AT_ALL)
_LONGEST_NOTE = 100
_OF_PRICES = (PriceCrosses, PriceMoves, DrawingTouched)
_KEYS = "enter keep · esc discard · ↑↓ field · pgup/pgdn choose"


class Draft(msgspec.Struct, frozen=True):
    """A rule as the user writes it."""

    symbol: str
    when: str
    again: str = ONCE
    tell: str = _TELLS[0]
    command: str = ""
    note: str = ""


class Wrong(Exception):
    """What is wrong with one field of a draft."""

    def __init__(self, field: str, error: TradeTuiError) -> None:
        super().__init__(str(error))
        self.field = field


def draft_of(rule: AlertRule) -> Draft:
    """A rule as it can be edited."""
    return Draft(
        str(rule.instrument),
        write_condition(rule.condition),
        ONCE if rule.cooldown_s is None else write_duration(rule.cooldown_s),
        " ".join(rule.notices) or NOT_AT_ALL,
        shlex.join(rule.command),
        rule.note,
    )


def read_draft(
    draft: Draft, rule_id: str, *, venue: str | None = None, timeframe: Timeframe | None = None
) -> AlertRule:
    """The rule that a draft means, switched on.

    Args:
        venue: of a symbol that names none. timeframe: of a condition that names none.

    Raises:
        Wrong: naming the field.
    """
    return AlertRule(
        id=rule_id,
        instrument=_of(
            "symbol", draft.symbol, lambda text: read_instrument(text, default_venue=venue)
        ),
        condition=_of("when", draft.when, lambda text: read_condition(text, timeframe)),
        cooldown_s=_of("again", draft.again, _read_again),
        notices=_of("tell", draft.tell, _read_tell),
        command=_of("command", draft.command, _read_command),
        note=clean(draft.note, _LONGEST_NOTE).strip(),
    )


def _of(field: str, text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except TradeTuiError as error:
        raise Wrong(field, error) from None


def _read_again(text: str) -> float | None:
    return None if text.strip().lower() in ("", ONCE) else read_duration(text)


def _read_tell(text: str) -> tuple[Notice, ...]:
    words = text.replace(",", " ").lower().split()
    known = [str(one) for one in Notice]
    for word in words:
        if word not in (*known, NOT_AT_ALL):
            hint = nearest(word, known, f"choose from {', '.join(known)}")
            raise AlertError(f"{clean(word, 20)!r} is no way to tell", hint)
    return tuple(one for one in Notice if one in words)


def _read_command(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise AlertError(f"the command: {str(error).lower()}", "close the quotation") from None
    return check_command(words) if words else ()


class AlertForm(Dialog[AlertRule | None]):
    """A field for each part of a rule. Enter keeps, Escape discards."""

    DEFAULT_CSS = """
    AlertForm > Vertical { width: 84; max-width: 100%; max-height: 100%; }
    AlertForm .label { width: 9; }
    AlertForm .hint { width: 32; }
    AlertForm Input { width: 1fr; }
    AlertForm #alert-meaning { height: 2; color: $tt-muted; margin: 1 0 0 0; }
    AlertForm #alert-meaning.-wrong { color: $tt-error; text-style: bold; }
    AlertForm #alert-keys { height: 1; color: $tt-muted; }
    AlertForm.-narrow .hint { display: none; }
    AlertForm.-short #alert-meaning { margin: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-wide")]  # noqa: RUF012 - to mypy Textual declares it for instances
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012 - likewise

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Discard", show=True),
        Binding("enter", "keep", "Keep", show=True, priority=True),
        Binding("up", "app.focus_previous", show=False, priority=True),
        Binding("down", "app.focus_next", show=False, priority=True),
        Binding("pageup", "change(-1)", show=False, priority=True),
        Binding("pagedown", "change(1)", show=False, priority=True),
    ]

    def __init__(
        self,
        draft: Draft,
        rule_id: str,
        *,
        title: str,
        instruments: Sequence[Instrument],
        newest: Callable[[Instrument], str],
        timeframe: Timeframe,
        refuse: Callable[[Instrument], str],
        lines: Callable[[Instrument], Sequence[str]],
    ) -> None:
        """Make the form.

        Args:
            instruments: what the symbol is chosen from; others may be written.
            newest: the newest price of an instrument in the venue's digits; "" when unknown.
            timeframe: of a condition that names none.
            refuse: why nothing of an instrument can be watched; "" where it can.
            lines: the names of the lines that are drawn on an instrument, "" for one without.
        """
        super().__init__()
        self._draft = draft
        self._rule_id = rule_id
        self._title = title
        self._instruments = instruments
        self._venue = instruments[0].venue if instruments else None
        self._newest = newest
        self._timeframe = timeframe
        self._refuse = refuse
        self._lines = lines

    def compose(self) -> ComposeResult:
        places = " ".join(f"{{{place}}}" for place in PLACES[:3])
        fields = {
            "symbol": ("Symbol", "VENUE:SYMBOL"),
            "when": ("When", "pgup, pgdn: other kinds"),
            "again": ("Again", "once, or not within 5m"),
            "tell": ("Tell by", "bell, toast, desktop"),
            "command": ("Run", f"name {places}"),
            "note": ("Note", "your own words"),
        }
        with Vertical():
            yield Static(Text(self._title, style="bold", no_wrap=True))
            for name, (label, hint) in fields.items():
                field = make_field(
                    f"alert-{name}",
                    text=getattr(self._draft, name),
                    written_anew=name in ("symbol", "again", "tell"),  # which are short
                )
                yield FieldRow(field, label, hint)
            yield Static("", id="alert-meaning", markup=False)
            yield Static(_KEYS, id="alert-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one("#alert-when", Input).focus()
        self._look()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look()

    def action_keep(self) -> None:
        rule = self._look()
        if rule is not None:
            self.dismiss(rule)

    def action_change(self, steps: int) -> None:
        """Put the next of what usually stands in a field there."""
        field = self.focused
        if not isinstance(field, Input) or field.id is None:
            return
        choices = self._choices(field.id.removeprefix("alert-"))
        if not choices:
            return
        if field.value in choices:
            at = (choices.index(field.value) + steps) % len(choices)
        else:
            kind = field.value.partition(" ")[0].partition("(")[0]
            near = [i for i, one in enumerate(choices) if kind and one.startswith(kind)]
            at = (near[0] + steps) % len(choices) if near else 0
        field.value = choices[at]
        field.cursor_position = len(field.value)

    def _choices(self, name: str) -> list[str]:
        if name == "symbol":
            return [str(instrument) for instrument in self._instruments]
        if name == "when":
            return [self._example(form) for form in FORMS]
        return list({"again": _AGAINS, "tell": _TELLS}.get(name, ()))

    def _example(self, form: Form) -> str:
        """A form's example with what is on the chart now."""
        condition = read_condition(form.example)
        price = self._price()
        if form.word == "price" and price:
            return f"price > {price}"
        if hasattr(condition, "timeframe"):
            condition = msgspec.structs.replace(condition, timeframe=self._timeframe)
        return write_condition(condition)

    def _price(self) -> str:
        symbol = self.query_one("#alert-symbol", Input).value
        try:
            return self._newest(read_instrument(symbol, default_venue=self._venue))
        except TradeTuiError:
            return ""

    def _draft_now(self) -> Draft:
        return Draft(
            *(self.query_one(f"#alert-{name}", Input).value for name in Draft.__struct_fields__)
        )

    def _read(self) -> AlertRule:
        rule = read_draft(
            self._draft_now(), self._rule_id, venue=self._venue, timeframe=self._timeframe
        )
        why = self._refuse(rule.instrument)
        if why:
            raise Wrong("symbol", AlertError(why))
        if isinstance(rule.condition, DrawingTouched):
            self._check_touched(rule.instrument, rule.condition.label)
        return rule

    def _check_touched(self, instrument: Instrument, label: str) -> None:
        names = self._lines(instrument)
        if not names:
            error = AlertError(f"no line is drawn on {instrument}", "d on its chart draws one")
            raise Wrong("when", error)
        if label and label not in names:
            known = ", ".join(name for name in names if name)
            hint = f"there are {known}" if known else "none has a name; touch alone is any of them"
            raise Wrong("when", AlertError(f"no line there is called {label!r}", hint))

    def _look(self) -> AlertRule | None:
        """Say what the draft means, or what is wrong with it; returns the rule that it means."""
        note = self.query_one("#alert-meaning", Static)
        try:
            rule, wrong, text = self._read(), "", ""
            text = self._meaning(rule)
        except Wrong as error:
            rule, wrong, text = None, error.field, str(error)
        note.update(clean(text, 200))
        note.set_class(bool(wrong), "-wrong")
        for name in Draft.__struct_fields__:
            self.query_one(f"#alert-{name}", Input).set_class(name == wrong, "-wrong")
        return rule

    def _meaning(self, rule: AlertRule) -> str:
        meaning = f"{write_condition(rule.condition)}: {form_of(rule.condition).meaning}"
        price = self._newest(rule.instrument)
        if not price or not isinstance(rule.condition, _OF_PRICES):
            return meaning
        first = ""
        if isinstance(rule.condition, PriceCrosses):
            first = _first(rule.condition, float(price))
        return f"{meaning}. The price is {price}{first}."


def _first(condition: PriceCrosses, price: float) -> str:
    """What a price that is past its level already has to do before it can fire."""
    if condition.direction is Direction.UP and price >= condition.level:
        return ": it must be below first"
    if condition.direction is Direction.DOWN and price <= condition.level:
        return ": it must be above first"
    return ""


def form_of(condition: Condition) -> Form:
    """The form that a condition is written in."""
    kind = type(condition)
    return next(form for form in FORMS if type(read_condition(form.example)) is kind)
