"""Fields of a row, found and read, with errors that name them; counts what was found where asked to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from tui.adapters.generic.description import Rule
from tui.adapters.generic.pointers import Absent, Place, Pointer
from tui.adapters.generic.values import to_number, to_time, to_whole, to_word
from tui.model.errors import ProtocolError

T = TypeVar("T")


class Tally:
    """How often each path of each rule found something, and how often it did not.

    Attributes:
        found, missed: by the rule's name and the field's.
    """

    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        self.missed: Counter[tuple[str, str]] = Counter()

    def note(self, rule: Rule, field: str, was_found: bool) -> None:
        (self.found if was_found else self.missed)[rule.name, field] += 1


class Row:
    """One row of a message, by the rule that it fits."""

    __slots__ = ("_tally", "place", "rule")

    def __init__(self, rule: Rule, place: Place, tally: Tally | None = None) -> None:
        self.rule = rule
        self.place = place
        self._tally = tally

    def find(self, field: str) -> Any:
        """The value of a field; None where the rule has no such field, or the row nothing there."""
        pointer = self.rule.fields.get(field)
        if pointer is None:
            return None
        try:
            value = pointer.find(self.place)
        except Absent:
            value = None
        if self._tally is not None:
            self._tally.note(self.rule, field, value is not None)
        return value

    def need(self, field: str) -> Any:
        """The value of a field.

        Raises:
            ProtocolError: there is none; it names rule, field and path.
        """
        value = self.find(field)
        if value is None:
            pointer = self.rule.fields.get(field)
            where = f"there is nothing at {_shown(pointer)}" if pointer else "it is not described"
            raise ProtocolError(f"{self.rule.name}.{field}: {where}")
        return value

    def read(self, field: str, reader: Callable[[Any], T], value: Any) -> T:
        """What a reader makes of a value of this field.

        Raises:
            ProtocolError: it cannot; it names the rule, the field and what is wrong.
        """
        try:
            return reader(value)
        except ValueError as error:
            raise ProtocolError(f"{self.rule.name}.{field}: {error}") from None

    def number(self, field: str) -> str:
        """The digits of a number that must be there."""
        return self.read(field, to_number, self.need(field))

    def number_or_none(self, field: str) -> str | None:
        value = self.find(field)
        return None if value is None else self.read(field, to_number, value)

    def whole_or_none(self, field: str) -> int | None:
        value = self.find(field)
        return None if value is None else self.read(field, to_whole, value)

    def word_or_none(self, field: str) -> str | None:
        value = self.find(field)
        return None if value is None else self.read(field, to_word, value)

    def time(self, field: str = "time") -> int:
        """A time, ns; 0 where none is described."""
        if field not in self.rule.fields:
            return 0
        unit = self.rule.time_unit
        return self.read(field, lambda value: to_time(value, unit), self.need(field))


def _shown(pointer: Pointer) -> str:
    return pointer.text or "the whole row"
