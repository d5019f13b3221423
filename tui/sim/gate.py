"""The gate: which transports the embedded market refuses for now, for tests of falling back."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from tui.model.transport import TransportKind


class _Refusal(msgspec.Struct, frozen=True):
    """What a client gets instead of data: a status, or with 0 a connection that stays silent."""

    status: int
    retry_after_s: int = 0

    def response(self) -> web.Response:
        headers = {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else {}
        return web.Response(status=self.status, text="refused", headers=headers)


class Gate:
    """Open for every transport until told otherwise; what is connected stays so."""

    def __init__(self) -> None:
        self._refused: dict[TransportKind, _Refusal] = {}
        self._held: set[_Held] = set()

    def refuse(self, kind: TransportKind, status: int, *, retry_after_s: int = 0) -> None:
        """Answer new connections and polls of this kind with an HTTP status."""
        self._refused[kind] = _Refusal(status, retry_after_s)

    def silence(self, kind: TransportKind) -> None:
        """Let new connections of this kind open, and then say nothing; hold polls for ever."""
        self._refused[kind] = _Refusal(0)

    def allow(self, kind: TransportKind) -> None:
        """Let this kind through again."""
        self._refused.pop(kind, None)

    async def turn_away(
        self, request: web.Request, kind: TransportKind
    ) -> web.StreamResponse | None:
        """Answer a client of a kind that is refused; None where it is welcome."""
        refusal = self._refused.get(kind)
        if refusal is None:
            return None
        if refusal.status:
            return refusal.response()
        held = _Held(request)
        self._held.add(held)
        try:
            return await held.wait(kind)
        finally:
            self._held.discard(held)

    async def close_clients(self, code: int) -> None:
        """Let go of those who are held in silence."""
        await asyncio.gather(*(held.close(code) for held in self._held), return_exceptions=True)

    def cut_clients(self) -> None:
        """Cut those who are held in silence."""
        for held in self._held:
            if held.request.transport is not None:
                held.request.transport.abort()


class _Held:
    """A client that was let in and is told nothing."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self._is_over = asyncio.Event()
        self._socket: web.WebSocketResponse | None = None

    async def wait(self, kind: TransportKind) -> web.StreamResponse:
        if kind is TransportKind.WEBSOCKET:
            self._socket = web.WebSocketResponse(timeout=1.0)
            await self._socket.prepare(self.request)
            async for _ in self._socket:
                pass
            return self._socket
        if kind is TransportKind.SSE:
            stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await stream.prepare(self.request)
            await self._is_over.wait()
            return stream
        await self._is_over.wait()
        return web.Response(status=503)

    async def close(self, code: int) -> None:
        self._is_over.set()
        if self._socket is not None:
            await self._socket.close(code=code)
