"""Takes turns: many requests of one kind wait in their own lane, and hold up none of another kind."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lanes:
    """At most `limit` holders at once; whoever waits is served lane by lane, in order within each."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, lane: str) -> AsyncIterator[None]:
        """Wait for a place, and give it back at the end."""
        await self._acquire(lane)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, lane: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(lane, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._release()  # the place came in the very moment of the cancellation
            raise

    def _release(self) -> None:
        """Hand the place to the next lane's first, or keep it free."""
        while self._waiting:
            lane, places = self._waiting.popitem(last=False)
            place = places.popleft()
            if places:
                self._waiting[lane] = places
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
