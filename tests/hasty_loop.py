"""An event loop whose time passes only while all wait for it, and then at once."""

from __future__ import annotations

import asyncio
import selectors


class _HastySelector(selectors.DefaultSelector):
    """Looks whether there is something to do; if not, the time has come that is waited for."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(None if timeout is None else 0)
        if not events and timeout:
            self.now += timeout
        return events


class HastyLoop(asyncio.SelectorEventLoop):
    """Runs the same way each time, and never sleeps while somebody waits for a time.

    What other threads do takes no time here, so nothing should wait for them with a time limit.
    """

    def __init__(self) -> None:
        self._hasty = _HastySelector()
        super().__init__(self._hasty)

    def time(self) -> float:
        return self._hasty.now
