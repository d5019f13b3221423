"""Keys, and how to see on a screen that they had their effect."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Sight = Callable[[Sequence[str]], bool]


class Key(NamedTuple):
    """A key, and what the screen says when it had its effect."""

    kind: str
    typed: bytes
    is_done: Sight


def shows(pattern: str, *, gone: bool = False) -> Sight:
    """Return what tells whether one of the rows has a text, or none of them."""
    found = re.compile(pattern).search
    return lambda rows: any(found(row) for row in rows) != gone
