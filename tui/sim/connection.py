"""One client's WebSocket: its control messages, its queue, its pings, and when it has to go."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable

from aiohttp import WSCloseCode, WSMsgType, web

from tui.feed.clock import Clock
from tui.sim.control import answer
from tui.sim.hub import Hub
from tui.sim.limits import RateWindow, SimLimits


class ClientConnection:
    """A connected client.

    Attributes:
        is_combined: frames are wrapped with their stream's name.
        per: the time unit of its frames, ns.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.BaseRequest,
        hub: Hub,
        *,
        limits: SimLimits,
        clock: Clock,
        is_combined: bool,
        per: int,
    ) -> None:
        self._socket = socket
        self._request = request
        self._hub = hub
        self._limits = limits
        self._clock = clock
        self.is_combined = is_combined
        self.per = per
        self._names: dict[str, None] = {}
        self._queue: deque[str] = deque()
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._rate = RateWindow(limits.messages_per_s, 1.0)
        self._pong_at = clock.monotonic()
        self._ping = b""

    # -- subscriptions ---------------------------------------------------------------------

    def streams(self) -> list[str]:
        return list(self._names)

    def subscribe(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._names:
                self._names[name] = None
                self._hub.join(name, self)

    def unsubscribe(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._names:
                del self._names[name]
                self._hub.leave(name, self)

    # -- sending ---------------------------------------------------------------------------

    def push(self, text: str) -> None:
        """Queue a frame; a client that does not keep up is dropped."""
        if len(self._queue) >= self._limits.queue:
            self.abort()
            return
        self._queue.append(text)
        self._sent.clear()
        self._wake.set()

    async def flushed(self) -> None:
        """Wait until what was queued has been handed to the socket."""
        await self._sent.wait()

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self._queue.clear()
        self._sent.set()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        """Send what is queued, then close with a code."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flushed(), 1.0)
        await self._socket.close(code=code, message=reason.encode())

    # -- the three tasks of a connection ----------------------------------------------------

    async def run(self) -> None:
        """Serve the client until it is gone."""
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._keep_alive())]
        try:
            await self._receive()
        finally:
            self.unsubscribe(list(self._names))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._sent.set()

    async def _receive(self) -> None:
        limits = self._limits
        async for message in self._socket:
            if not self._rate.allow(self._clock.monotonic()):
                await self._socket.close(
                    code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests"
                )
                return
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                # An unsolicited pong is allowed but proves nothing.
                if bytes(message.data) == self._ping:
                    self._pong_at = self._clock.monotonic()
            elif message.type is WSMsgType.TEXT:
                if len(message.data.encode()) <= limits.message_bytes:
                    self.push(answer(message.data, self, limits.streams))
            else:
                return

    async def _send(self) -> None:
        queue = self._queue
        try:
            while True:
                while queue:
                    await self._socket.send_str(queue.popleft())
                self._wake.clear()
                self._sent.set()
                await self._wake.wait()
        except (ConnectionError, RuntimeError):
            # The client is gone; the receiving side ends the connection.
            self.abort()

    async def _keep_alive(self) -> None:
        limits = self._limits
        born = self._clock.monotonic()
        while True:
            await self._clock.sleep(limits.ping_s)
            now = self._clock.monotonic()
            if now - self._pong_at >= limits.pong_s:
                self.abort()
                return
            if now - born >= limits.age_s:
                await self.close(WSCloseCode.GOING_AWAY)
                return
            self._ping = str(self._clock.time_ns() // 1_000_000).encode()
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._socket.ping(self._ping)
