"""Where a client stands in a server's stream: what is new, what came before, and what is missing."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Final

_MAX_KEYS: Final = 16_384


class Place(Enum):
    """NEXT: a message that follows; OLD: it was seen before; LATE: it follows, and others before it
    are missing."""

    NEXT = "next"
    OLD = "old"
    LATE = "late"


class Positions:
    """The newest position of the server, and of each of its channels.

    Positions belong to the server, not to a connection: they outlive it, so that the next one can
    resume.

    Attributes:
        newest: the highest position seen; 0 where the server gives none.
    """

    def __init__(self) -> None:
        self.newest = 0
        self._last: dict[Hashable, int] = {}
        self._is_fresh = False

    def copy(self) -> Positions:
        """The same positions, for a connection beside this one."""
        made = Positions()
        made.newest = self.newest
        made._last = dict(self._last)
        made._is_fresh = True
        return made

    def connection_lost(self) -> None:
        self._is_fresh = True

    def resume(self, key: Hashable, since: int) -> None:
        """A channel is continued from this position: what is missing after it shows."""
        self._last[key] = max(since, self._last.get(key, 0))

    def forget(self, key: Hashable) -> None:
        """A channel was given up: nothing of it is missing, until it is asked for again."""
        self._last.pop(key, None)

    def place(
        self, key: Hashable, seq: int | None, prev: int | None, *, is_snapshot: bool
    ) -> Place:
        """Where a message of a channel belongs."""
        if seq is None:
            return Place.NEXT
        if self._is_fresh:
            self._is_fresh = False
            if seq < self.newest:
                # After a reconnect all is newer than what was seen: this server counts anew.
                self.newest = 0
                self._last.clear()
        if seq > self.newest:
            self.newest = seq
        last = self._last.get(key)
        if not is_snapshot and last is not None and seq <= last:
            return Place.OLD
        if last is None and len(self._last) >= _MAX_KEYS:
            self._last.clear()
        self._last[key] = seq
        is_late = not is_snapshot and last is not None and prev is not None and prev > last
        return Place.LATE if is_late else Place.NEXT
