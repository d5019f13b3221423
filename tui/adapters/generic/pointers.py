"""Where a value stands in a message: JSON Pointers (RFC 6901), told from a row or from the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_MOST_STEPS: Final = 32


class Absent(Exception):
    """There is nothing at a pointer's place."""


class Start(StrEnum):
    """Where a pointer begins: at the row, at the whole message, or it is the row's own key."""

    ROW = "row"
    MESSAGE = "message"
    KEY = "key"


class Place(msgspec.Struct, frozen=True, gc=False):
    """A row of a message.

    Attributes:
        row: the row; the message itself where it has no rows.
        message: the whole message.
        key: the row's name in its object, or its number in its array.
    """

    row: Any
    message: Any
    key: str = ""


class Pointer(msgspec.Struct, frozen=True):
    """A checked pointer; `text` is how the user wrote it."""

    text: str
    start: Start
    steps: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pointer:
        """Read `/data/price`, `^/channel` (from the whole message), `#` (the row's key) or `` (the row).

        Raises:
            ValueError: none of these; the message says what is wrong.
        """
        if text == "#":
            return cls(text, Start.KEY, ())
        start = Start.MESSAGE if text.startswith("^") else Start.ROW
        path = text.removeprefix("^")
        if path and not path.startswith("/"):
            raise ValueError("a path begins with a slash")
        if _BAD_ESCAPE.search(path):
            raise ValueError("in a path, ~ is written ~0")
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])
        if len(steps) > _MOST_STEPS:
            raise ValueError(f"a path of more than {_MOST_STEPS} steps")
        return cls(text, start, steps)

    def find(self, place: Place) -> Any:
        """The value there.

        Raises:
            Absent: there is none, or null.
        """
        if self.start is Start.KEY:
            return place.key
        value = place.row if self.start is Start.ROW else place.message
        for step in self.steps:
            if type(value) is dict:
                value = value.get(step)
            elif type(value) is list and _INDEX.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                raise Absent
        if value is None:
            raise Absent
        return value


def rows_of(value: Any, message: Any) -> Iterator[Place]:
    """The rows of an array or an object."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, row in pairs:
        yield Place(row, message, str(key))
