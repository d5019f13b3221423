"""Tables of a described feed, read key by key: each mistake names the key and the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

from tui.adapters.generic.pointers import Pointer
from tui.adapters.generic.templates import places_in
from tui.config.values import mask_url, nearest

E = TypeVar("E", bound=StrEnum)


class WrongFeed(Exception):
    """What is wrong with a described feed: the key below it, the problem, the remedy."""

    def __init__(self, key: str, problem: str, hint: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem
        self.hint = hint


class Table:
    """A table of the file; `key` is its name below the feed, "" for the feed itself."""

    def __init__(self, key: str, values: object) -> None:
        self.key = key
        if not isinstance(values, Mapping):
            raise WrongFeed(key, f"{_shown(values)} is not a table", "write a [table] or { ... }")
        self._values: Mapping[str, object] = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def names(self) -> list[str]:
        return list(self._values)

    def fail(self, name: str, problem: str, hint: str) -> NoReturn:
        """Refuse a value, or the whole table where the name is empty."""
        raise WrongFeed(self.below(name), problem, hint)

    def below(self, name: str) -> str:
        return ".".join(part for part in (self.key, name) if part)

    def allow(self, names: Collection[str]) -> None:
        """Refuse every other name."""
        for name in self._values:
            if name not in names:
                self.fail(
                    name,
                    "there is no such setting",
                    nearest(name, names, f"known are {', '.join(names)}"),
                )

    def table(self, name: str) -> Table:
        """A table inside; empty where it is not there."""
        return Table(self.below(name), self._values.get(name, {}))

    def tables(self, name: str) -> list[tuple[str, Table]]:
        """The tables inside a table, by their names."""
        inside = self.table(name)
        return [(label, inside.table(label)) for label in inside.names]

    def raw(self, name: str) -> object:
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str) or (name in self._values and not value.strip()):
            self.fail(name, f"{_shown(value)} is not a text", "put it in quotes")
        return value

    def need_text(self, name: str, hint: str) -> str:
        if name not in self._values:
            self.fail(name, "it is missing", hint)
        return self.text(name)

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            self.fail(name, f"{_shown(value)} is neither true nor false", "write true or false")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self._values.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not low <= value <= high
        ):
            self.fail(
                name, f"{_shown(value)} is not a number from {low:g} to {high:g}", "change it"
            )
        return float(value)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(
                name, f"{_shown(value)} is not a whole number from {low} to {high}", "change it"
            )
        return value

    def choice(self, name: str, kind: type[E], default: E) -> E:
        value = self._values.get(name, default)
        words = [str(member) for member in kind]
        if value not in words:
            hint = nearest(str(value), words, f"choose {', '.join(words)}")
            self.fail(name, f"{_shown(value)} is not one of {', '.join(words)}", hint)
        return kind(value)

    def words(self, name: str, default: Iterable[str]) -> frozenset[str]:
        """Words of a list, small letters; numbers count by their digits."""
        value = self._values.get(name)
        if value is None:
            return frozenset(default)
        if not isinstance(value, list) or not all(
            isinstance(word, str | int) and not isinstance(word, bool) for word in value
        ):
            self.fail(name, f"{_shown(value)} is not a list", 'write a list, such as ["buy", "b"]')
        return frozenset(str(word).lower() for word in value)

    def pointer(self, name: str) -> Pointer | None:
        """A path; None where there is none."""
        if name not in self._values:
            return None
        value = self._values[name]
        if not isinstance(value, str):
            self.fail(name, f"{_shown(value)} is not a path", 'write one such as "/data/price"')
        return parse_pointer(self.below(name), value)

    def template(self, name: str, places: Collection[str]) -> str:
        """A text with places to fill in; "" where there is none."""
        text = self.text(name)
        for place in places_in(text):
            if place not in places:
                known = " ".join(f"{{{one}}}" for one in places) or "none"
                self.fail(name, f"there is no {{{place}}} to fill in here", f"there is {known}")
        return text

    def url(self, name: str, schemes: tuple[str, str], places: Collection[str] = ()) -> str:
        """An address; "" where there is none."""
        if name not in self._values:
            return ""
        text = self.template(name, places)
        check_url(self.below(name), text, schemes)
        return text


def parse_pointer(key: str, text: str) -> Pointer:
    """A path.

    Raises:
        WrongFeed: it is none.
    """
    try:
        return Pointer.parse(text)
    except ValueError as error:
        raise WrongFeed(
            key, f"{text!r} is not a path: {error}", 'write one such as "/data/price"'
        ) from None


def parse_pattern(key: str, text: object) -> re.Pattern[str]:
    """A regular expression.

    Raises:
        WrongFeed: it is none.
    """
    try:
        return re.compile(str(text))
    except re.error as error:
        raise WrongFeed(
            key, f"{_shown(text)} is not a regular expression: {error}", "correct it"
        ) from None


def check_url(key: str, text: str, schemes: tuple[str, str]) -> None:
    """Refuse what is no address of these schemes.

    Raises:
        WrongFeed: it is none.
    """
    try:
        parts = urlsplit(text.replace("{", "").replace("}", ""))
        sound = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text or "#" in text:
        raise WrongFeed(
            key,
            f"{mask_url(text)!r} is not such an address",
            f"write {schemes[1]}://host or {schemes[1]}://host:port, with a path where one is needed",
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
