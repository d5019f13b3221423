"""What leads to one connected client: its topics, its queue, and the task that empties it."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterable
from typing import Generic, TypeVar

from aiohttp import web

from tui.sim.native.tapes import Message, Tapes
from tui.sim.native.topics import Topic

T = TypeVar("T", str, bytes)
_BATCH = 64
_BATCH_BYTES = 2**18
_LONGEST_FLUSH_S = 1.0


class Outlet(ABC, Generic[T]):
    """A client that messages are pushed to. It never holds up the others: one that does not keep up
    is cut."""

    def __init__(self, request: web.Request, tapes: Tapes, queue: int) -> None:
        self._request = request
        self._tapes = tapes
        self._limit = queue
        self._topics: dict[Topic, None] = {}
        self._queue: deque[T] = deque()
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._is_gone = False

    @abstractmethod
    def push_message(self, message: Message) -> None:
        """Queue what a topic says."""

    @abstractmethod
    async def _write(self, batch: list[T]) -> None:
        """Hand these to the socket."""

    @abstractmethod
    async def close(self, code: int, reason: str = "") -> None:
        """Send what is queued, then end the connection in order."""

    def begin(self, topics: Iterable[Topic], since: int | None) -> None:
        """Go on with topics from now: what was missed since a position, and how they stand."""
        wanted = list(dict.fromkeys(topics))
        for topic in wanted:
            self._topics[topic] = None
            self._tapes.join(topic, self)
        for message in self._tapes.missed(wanted, since):
            self.push_message(message)
        self.tell_state(wanted)

    def tell_state(self, topics: Collection[Topic]) -> None:
        """Queue how topics stand."""
        for message in self._tapes.state(topics):
            self.push_message(message)

    def end(self, topics: Iterable[Topic]) -> None:
        """Hear no more of topics."""
        for topic in topics:
            if topic in self._topics:
                del self._topics[topic]
                self._tapes.leave(topic, self)

    async def flushed(self) -> None:
        """Wait until what was queued has been handed to the socket, for a second at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sent.wait(), _LONGEST_FLUSH_S)

    def cut(self) -> None:
        """Cut the connection without a farewell."""
        self._forget()
        if self._request.transport is not None:
            self._request.transport.abort()

    def _push(self, item: T) -> None:
        if self._is_gone:
            return
        if len(self._queue) >= self._limit:
            self.cut()
            return
        self._queue.append(item)
        self._sent.clear()
        self._wake.set()

    async def _send(self) -> None:
        queue = self._queue
        try:
            while True:
                while queue:
                    await self._write(self._take())
                self._wake.clear()
                self._sent.set()
                await self._wake.wait()
        except (ConnectionError, RuntimeError):
            # The client is gone; whoever serves the connection notices and ends it.
            self.cut()

    def _take(self) -> list[T]:
        """What is written in one go: not more than a client with modest limits takes as one frame."""
        batch: list[T] = []
        size = 0
        while self._queue and len(batch) < _BATCH and size < _BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += len(batch[-1])
        return batch

    def _stop(self) -> None:
        self.end(list(self._topics))
        self._forget()

    def _forget(self) -> None:
        """Nothing reaches this client any more, so that nobody waits for it."""
        self._is_gone = True
        self._queue.clear()
        self._sent.set()
