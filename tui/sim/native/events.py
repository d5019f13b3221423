"""One client's stream of server-sent events in the native protocol."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.native.limits import NativeLimits
from tui.sim.native.outlet import Outlet
from tui.sim.native.tapes import Message, Tapes
from tui.sim.native.topics import Topic

_RETRY_MS = 1_000


class EventClient(Outlet[bytes]):
    """A client that listens to server-sent events."""

    def __init__(
        self, request: web.Request, tapes: Tapes, *, limits: NativeLimits, clock: Clock
    ) -> None:
        super().__init__(request, tapes, limits.queue)
        self._limits = limits
        self._clock = clock
        self._is_over = asyncio.Event()
        self._stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )

    async def run(
        self, topics: list[Topic], answers: list[tuple[str, str]], since: int | None
    ) -> web.StreamResponse:
        """Serve the client until it is gone.

        Args:
            answers: type and JSON of what comes first, without a position.
            since: the last position that it has seen; None for a new one.
        """
        await self._stream.prepare(self._request)
        self._push(f"retry: {_RETRY_MS}\n\n".encode())
        for kind, text in answers:
            self._push(f"event: {kind}\ndata: {text}\n\n".encode())
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._keep_alive())]
        try:
            self.begin(topics, since)
            await self._is_over.wait()
        finally:
            self._stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._stream

    def push_message(self, message: Message) -> None:
        self._push(message.event())

    def cut(self) -> None:
        super().cut()
        self._is_over.set()

    async def close(self, code: int, reason: str = "") -> None:
        await self.flushed()
        self._is_over.set()

    async def _write(self, batch: list[bytes]) -> None:
        await self._stream.write(b"".join(batch))

    async def _keep_alive(self) -> None:
        limits = self._limits
        born = self._clock.monotonic()
        while True:
            await self._clock.sleep(limits.heartbeat_s)
            if self._clock.monotonic() - born >= limits.age_s:
                await self.close(0)
                return
            self._push(b": still here\n\n")
