"""Alt with a digit, as nearly all terminals send it.

Textual takes the bytes for the characters that one terminal of one system makes of them, so that nothing
could be bound to the keys. `PRIVATE_NAMES` lists what this module uses of Textual's private names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from textual import _ansi_sequences

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {"textual._ansi_sequences": ("ANSI_SEQUENCES_KEYS",)}
"""What this module relies on beside Textual's public interface: owner to attributes."""


class _AltDigit(msgspec.Struct, frozen=True):
    """Looks like a member of Textual's `Keys`, of which only the value is looked at."""

    value: str


def hear_alt_digits() -> None:
    """Let Textual tell such keys by their names, `alt+1`."""
    known = cast(dict[str, Any], _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for digit in range(10):
        known[f"\x1b{digit}"] = (_AltDigit(f"alt+{digit}"),)
