"""One client's WebSocket at a venue's face: its queue, its deadlines, and when it has to go."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque

from aiohttp import WSCloseCode, WSMsgType, web

from tui.feed.clock import Clock
from tui.sim.limits import RateWindow, VenueLimits

_LONGEST_FLUSH_S = 1.0
_TOO_BIG = 1009


class SocketClient(ABC):
    """A connected client. It never holds up the others: one that does not keep up is cut."""

    def __init__(self, request: web.Request, limits: VenueLimits, clock: Clock) -> None:
        self._request = request
        self._limits = limits
        self._clock = clock
        # Nobody saves anything by compressing what stays on this machine.
        self._socket = web.WebSocketResponse(
            autoping=False, compress=False, timeout=1.0, max_msg_size=0
        )
        self._queue: deque[str] = deque()
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._rate = RateWindow(limits.messages_per_s, 1.0)
        self._has_spoken = False
        self._active_at = clock.monotonic()
        self._is_gone = False

    # -- what a protocol adds ----------------------------------------------------------------

    def greet(self) -> None:
        """Say what a client is told first."""
        return

    @abstractmethod
    def receive(self, text: str) -> None:
        """Do what a client's message asks for."""

    @abstractmethod
    def forget(self) -> None:
        """The client is gone: leave every stream."""

    def miss(self, key: object) -> None:
        """A message of a stream is lost on the way to this client."""
        return

    def too_fast(self) -> bool:
        """Tell a client that it sends too many messages, and this one was not read; False where it
        has to go for it."""
        return False

    # -- sending -----------------------------------------------------------------------------

    def push(self, text: str) -> None:
        """Queue a frame; a client that does not keep up is dropped."""
        if self._is_gone:
            return
        if len(self._queue) >= self._limits.queue:
            self.cut()
            return
        self._queue.append(text)
        self._sent.clear()
        self._wake.set()

    async def flushed(self) -> None:
        """Wait until what was queued has been handed to the socket, for a second at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sent.wait(), _LONGEST_FLUSH_S)

    def cut(self) -> None:
        """Cut the connection without a close frame."""
        self._let_go()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        """Send what is queued, then close with a code."""
        await self.flushed()
        await self._socket.close(code=code, message=reason.encode())

    # -- the tasks of a connection -------------------------------------------------------------

    async def run(self) -> web.WebSocketResponse:
        """Serve the client until it is gone."""
        await self._socket.prepare(self._request)
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._watch())]
        try:
            self.greet()
            await self._receive()
        finally:
            self.forget()
            self._let_go()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._socket

    async def _receive(self) -> None:
        async for message in self._socket:
            now = self._active_at = self._clock.monotonic()
            # Pings are not counted: one of the venues' clients sends one with every frame that it gets.
            if message.type is WSMsgType.TEXT and not self._rate.allow(now):
                if self.too_fast():
                    continue
                await self.close(WSCloseCode.POLICY_VIOLATION, "too many messages")
                return
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                if len(message.data) > self._limits.message_bytes:
                    await self.close(_TOO_BIG, "message too big")
                    return
                self._has_spoken = True
                self.receive(message.data)
            elif message.type is not WSMsgType.PONG:
                return

    async def _send(self) -> None:
        queue = self._queue
        try:
            while True:
                while queue:
                    await self._socket.send_str(queue.popleft())
                    self._active_at = self._clock.monotonic()
                self._wake.clear()
                self._sent.set()
                await self._wake.wait()
        except (ConnectionError, RuntimeError):
            # The client is gone; the receiving side ends the connection.
            self.cut()

    async def _watch(self) -> None:
        limits, clock = self._limits, self._clock
        if limits.first_message_s:
            await clock.sleep(limits.first_message_s)
            if not self._has_spoken:
                await self.close(WSCloseCode.POLICY_VIOLATION, "nothing was subscribed")
                return
        while limits.idle_s:
            quiet_s = clock.monotonic() - self._active_at
            if quiet_s >= limits.idle_s:
                await self.close(WSCloseCode.OK, "idle")
                return
            await clock.sleep(limits.idle_s - quiet_s)

    def _let_go(self) -> None:
        """Nothing reaches this client any more, so that nobody waits for it."""
        self._is_gone = True
        self._queue.clear()
        self._sent.set()
