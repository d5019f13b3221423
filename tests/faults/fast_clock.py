"""Clocks for tests that need minutes in seconds: one that runs many times as fast as real time, and
two that look at it, of which one can be held and the other be set."""

from __future__ import annotations

import asyncio
import time

from tui.feed.clock import Clock

_STALL_S = 0.005
_NEVER_SLEEPS_LESS_S = 1e-9


class FastClock:
    """Runs `speed` times as fast as real time.

    A pause of the event loop of more than a few milliseconds, because the machine is busy, does not
    count: no deadline passes while nobody could have kept it.
    """

    def __init__(self, speed: float, start_ns: int) -> None:
        self._speed = speed
        self._start_ns = start_ns
        self._real = time.perf_counter()
        self._now = 0.0

    def real_s(self, seconds: float) -> float:
        """Real seconds for so many of this clock's."""
        return seconds / self._speed

    def time_ns(self) -> int:
        return self._start_ns + round(self.monotonic() * 1e9)

    def monotonic(self) -> float:
        real = time.perf_counter()
        self._now += min(real - self._real, _STALL_S) * self._speed
        self._real = real
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        await asyncio.sleep(0)
        while (left := until - self.monotonic()) > _NEVER_SLEEPS_LESS_S:
            await asyncio.sleep(left / self._speed)


class HeldClock:
    """A clock whose wall time can be held at a moment, where what it drives waits, and set ahead."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.hold_at_ns: int | None = None
        self.ahead_s = 0.0

    def time_ns(self) -> int:
        now = self._clock.time_ns() + round(self.ahead_s * 1e9)
        return now if self.hold_at_ns is None else min(now, self.hold_at_ns)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class SetClock:
    """A clock whose wall time can be set, as an operating system may."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def time_ns(self) -> int:
        return self._clock.time_ns() + round(self.ahead_s * 1e9)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
