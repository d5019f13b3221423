"""Clocks for tests that need minutes in seconds: one that runs many times as fast as real time, and
two that look at it, of which one can be held and the other be set."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from tui.feed.clock import Clock

T = TypeVar("T")

_TICK_S = 0.001
_MOST_S = 0.1
"""How far the clock moves at once, in its own seconds."""


class FastClock:
    """Runs up to `speed` times as fast as real time, while it is entered as a context.

    It moves between two turns of the event loop only, and by little: where the machine is busy it is
    slower, so that no deadline passes while nobody could have kept it.
    """

    def __init__(self, speed: float, start_ns: int) -> None:
        self._speed = speed
        self._start_ns = start_ns
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._ticker = asyncio.ensure_future(self._tick())
        return self

    async def __aexit__(self, *reason: object) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)

    def real_s(self, seconds: float) -> float:
        """Real seconds for so many of this clock's."""
        return seconds / self._speed

    def time_ns(self) -> int:
        return self._start_ns + round(self._now * 1e9)

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    async def _tick(self) -> None:
        real = time.perf_counter()
        while True:
            await asyncio.sleep(_TICK_S)
            before, real = real, time.perf_counter()
            self._now += min((real - before) * self._speed, _MOST_S)
            while self._sleepers and self._sleepers[0][0] <= self._now:
                future = heapq.heappop(self._sleepers)[2]
                if not future.done():
                    future.set_result(None)

    async def limit(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What the work returns, if it is done within so many seconds.

        Raises:
            TimeoutError: it was not, and has been cancelled.
        """
        async with asyncio.timeout(None) as scope:
            timer = asyncio.ensure_future(self._expire(scope, seconds))
            try:
                return await work
            finally:
                timer.cancel()

    async def _expire(self, scope: asyncio.Timeout, seconds: float) -> None:
        await self.sleep(seconds)
        scope.reschedule(asyncio.get_running_loop().time())


class HeldClock:
    """A clock whose wall time can be held at a moment, where what it drives waits, and set ahead."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.hold_at_ns: int | None = None
        self.ahead_s = 0.0

    def time_ns(self) -> int:
        now = self.unheld_ns()
        return now if self.hold_at_ns is None else min(now, self.hold_at_ns)

    def unheld_ns(self) -> int:
        """What it would say if it were not held."""
        return self._clock.time_ns() + round(self.ahead_s * 1e9)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class SetClock:
    """A held clock as another machine has it, whose wall time can be set."""

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def time_ns(self) -> int:
        return self._clock.time_ns() + round(self.ahead_s * 1e9)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def for_vigil(self) -> Clock:
        """The same clock, for whoever would take holding it for setting it."""
        return _Unheld(self, self._clock)


class _Unheld:
    def __init__(self, own: SetClock, held: HeldClock) -> None:
        self._own = own
        self._held = held

    def time_ns(self) -> int:
        return self._held.unheld_ns() + round(self._own.ahead_s * 1e9)

    def monotonic(self) -> float:
        return self._own.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._own.sleep(seconds)
