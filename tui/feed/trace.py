"""What a feed tells whoever debugs it: nothing, unless somebody listens."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol


class TraceKind(StrEnum):
    CONNECTION = "connection"
    FRAME_IN = "in"
    FRAME_OUT = "out"
    SUBSCRIPTION = "subscription"
    ERROR = "error"
    PERFORMANCE = "performance"


class Trace(Protocol):
    """Where notes go. Look at `is_on` before making a costly text."""

    @property
    def is_on(self) -> bool: ...

    def note(self, kind: TraceKind, venue: str, text: str | bytes) -> None:
        """Note something; what is long is shortened, what is secret is hidden."""
        ...


class _NoTrace:
    is_on = False

    def note(self, kind: TraceKind, venue: str, text: str | bytes) -> None:
        """Nobody listens."""


NO_TRACE: Final[Trace] = _NoTrace()
