"""What an indicator is: its parameters, its lines, and the formula that turns candles into values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Protocol, TypeAlias

import msgspec

from tui.model.errors import TradeTuiError
from tui.model.events import Candle

Row: TypeAlias = tuple[float | None, ...]
"""One value a line; None where there is none."""

Settings: TypeAlias = Mapping[str, float]
"""Every parameter's value by its name, in its range."""

UNDO = 4
"""So many candles can always be taken back."""


class ParameterError(TradeTuiError):
    """What was written is no value of a parameter."""


class Formula(Protocol):
    """Turns candles into rows, in order of time."""

    def add(self, candle: Candle) -> Row:
        """The values at a candle behind all that were added."""
        ...

    def remove(self) -> None:
        """Take back the newest candle, of which at least the last `UNDO` are remembered."""
        ...

    def state(self) -> object:
        """All that later values depend on besides later candles, in tuples; None while that cannot be
        told. Two formulas of the same settings whose states are the same give the same values from
        then on."""
        ...


class Placement(StrEnum):
    """Where an indicator is drawn: over the candles, in a pane, or as bars from the view's edge."""

    CHART = "chart"
    PANE = "pane"
    PROFILE = "profile"


class LineKind(StrEnum):
    """How a line is drawn."""

    LINE = "line"
    DOTS = "dots"
    HISTOGRAM = "histogram"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A number that the user can set.

    Attributes:
        meaning: what it does, as an unfinished sentence.
        choices: words for the values 0, 1, 2 ...; empty for a plain number.
        is_time: seconds since the epoch; 0 for none.
    """

    name: str
    label: str
    default: float
    minimum: float
    maximum: float
    step: float = 1.0
    meaning: str = ""
    choices: tuple[str, ...] = ()
    is_time: bool = False

    def write(self, value: float) -> str:
        """A value as the user reads and types it."""
        if self.choices:
            return self.choices[int(value)]
        if self.is_time:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M") if value else ""
        return f"{value:.10g}"

    def read(self, text: str) -> float:
        """The value that a text means.

        Raises:
            ParameterError: it is no value of this parameter.
        """
        text = text.strip()
        if self.choices:
            found = [word for word in self.choices if word == text.lower()]
            if not found:
                raise ParameterError(f"{self.label} is one of {', '.join(self.choices)}")
            return float(self.choices.index(found[0]))
        if self.is_time:
            return self._read_time(text)
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
            raise ParameterError(f"{self.label} is a number")
        value = float(text)
        if problem := self.problem(value):
            raise ParameterError(problem)
        return value

    def problem(self, value: float) -> str:
        """Why a value cannot be taken; "" where it can."""
        if not isfinite(value) or not self.minimum <= value <= self.maximum:
            return f"{self.label} is from {self.write(self.minimum)} to {self.write(self.maximum)}"
        if self.is_whole and value != int(value):
            return f"{self.label} is a whole number"
        return ""

    @property
    def is_whole(self) -> bool:
        return self.step == int(self.step) and self.default == int(self.default)

    def _read_time(self, text: str) -> float:
        if not text:
            return 0.0
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ParameterError(
                f"{self.label} is a date and a time in UTC", "such as 2026-03-01 14:30"
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp()
        if not self.minimum <= seconds <= self.maximum:
            raise ParameterError(f"{self.label} is a time from 1970 to 2199")
        return seconds


class Line(msgspec.Struct, frozen=True):
    """One line of an indicator.

    Attributes:
        shift: how many candles later than its own a value stands (earlier, where negative).
    """

    name: str
    kind: LineKind = LineKind.LINE
    shift: Callable[[Settings], int] | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator of the catalogue.

    Attributes:
        name: its key. label: its name in lists. short: its name where room is scarce.
        meaning: one sentence on what it shows.
        make: its formula for given settings; None for a profile, which belongs to a view.
        titled: the parameters that stand behind the short name, such as the 20 of "SMA 20".
        bands: pairs of lines, by index, with a faint filling between them.
        levels: values with a line across. bounds: lowest and highest value, where they are fixed.
        needs_trades: it can make use of the tape.
    """

    name: str
    label: str
    short: str
    meaning: str
    placement: Placement
    make: Callable[[Settings], Formula] | None
    parameters: tuple[Parameter, ...] = ()
    titled: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    bands: tuple[tuple[int, int], ...] = ()
    levels: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None
    needs_trades: bool = False

    def settle(self, given: Mapping[str, float]) -> dict[str, float]:
        """Every parameter's value: the given one where it can be taken, else the default."""
        settled = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            settled[parameter.name] = parameter.default if parameter.problem(value) else value
        return settled

    def title(self, settings: Settings) -> str:
        """Its short name and what tells it from others of its kind, such as "BB 20 2"."""
        told = [each for each in self.parameters if each.name in self.titled]
        words = [self.short, *(each.write(settings[each.name]) for each in told)]
        return " ".join(word for word in words if word)
