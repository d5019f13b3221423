"""What a channel of the native protocol has to say, before it gets its position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec


class Draft(msgspec.Struct, frozen=True):
    """A message without its position.

    Attributes:
        kind: the message's type.
        body: its other fields as JSON, without braces.
        thin: gives the body for who wants no trades below a size (in units of 1e-8), or None where
            nothing is left; absent where there is nothing to leave out.
    """

    kind: str
    body: str
    thin: Callable[[int], str | None] | None = None


class Source(ABC):
    """A channel's memory; exists while somebody listens, and a little longer.

    Attributes:
        is_chained: its messages name the one before them.
        is_kept: its messages are sent again to who resumes; such a channel has no state.
    """

    is_chained = False
    is_kept = False

    @abstractmethod
    def due(self, now_ns: int) -> list[Draft]:
        """What is to be said now. Called at every step of the market, once."""

    def state(self, now_ns: int) -> list[Draft]:
        """How things stand, as far as it has been said: what is due later continues from there."""
        return []


class Slots:
    """Counts periods, so that something is said once in each."""

    def __init__(self, period_ns: int, now_ns: int) -> None:
        self._period_ns = period_ns
        self._slot = now_ns // period_ns

    def is_new(self, now_ns: int) -> bool:
        """Whether a period has begun since the last call."""
        slot = now_ns // self._period_ns
        if slot == self._slot:
            return False
        self._slot = slot
        return True
