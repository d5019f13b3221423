"""What a venue allows in requests: weight in a window, shared with others at our address, and bans."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from tui.adapters.base import Limits
from tui.feed.clock import Clock
from tui.model.errors import TransportError

# Leave a part of the budget to other programs at the same address.
_SHARE = 0.8
_FREEZE_MAX_S = 3 * 86_400.0


class RestBudget:
    """The weight spent in the last window, and until when nothing may be asked at all."""

    def __init__(self, venue: str, limits: Limits, clock: Clock) -> None:
        self._venue = venue
        self._clock = clock
        self._window_s = limits.rest_window_s
        self._most = int(limits.rest_weight * _SHARE)
        self._used_header = limits.rest_used_header
        self._spent: deque[tuple[float, int]] = deque()
        self._frozen_until = 0.0
        # Who came first is served first, so that a heavy request is not starved by light ones.
        self._turn = asyncio.Lock()

    @property
    def frozen_s(self) -> float:
        """Seconds until requests may go out again; 0 when they may."""
        return max(0.0, self._frozen_until - self._clock.monotonic())

    def check(self) -> None:
        """
        Raises:
            TransportError: the venue allows no requests now; `retry_after_s` says for how long.
        """
        if self.frozen_s:
            raise TransportError(
                f"{self._venue} allows no requests for {self.frozen_s:.0f} s",
                retry_after_s=self.frozen_s,
            )

    async def spend(self, weight: int) -> None:
        """Wait for room in the window, and take it.

        Raises:
            TransportError: as `check`.
        """
        weight = min(weight, self._most)
        self.check()
        async with self._turn:
            while self._used() + weight > self._most:
                due = self._spent[0][0] + self._window_s
                await self._clock.sleep(due - self._clock.monotonic() + 0.001)
                self.check()
            self.check()
            self._spent.append((self._clock.monotonic(), weight))

    def freeze(self, seconds: float) -> float:
        """Ask nothing for so long; returns what that came to within sane bounds."""
        seconds = min(max(1.0, seconds), _FREEZE_MAX_S)
        self._frozen_until = max(self._frozen_until, self._clock.monotonic() + seconds)
        return seconds

    def note_used(self, headers: Mapping[str, str]) -> None:
        """Note the venue's own count: what is above ours was spent by others at this address."""
        told = headers.get(self._used_header, "") if self._used_header else ""
        if not (told.isascii() and told.isdigit()):
            return
        foreign = min(int(told), 10 * self._most) - self._used()
        if foreign > 0:
            self._spent.append((self._clock.monotonic(), foreign))

    def _used(self) -> int:
        now = self._clock.monotonic()
        while self._spent and self._spent[0][0] <= now - self._window_s:
            self._spent.popleft()
        return sum(weight for _, weight in self._spent)
