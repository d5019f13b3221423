"""What the faces of venues share: their clients, their streams, and the counting of requests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from aiohttp import WSCloseCode, web

from tui.feed.clock import Clock
from tui.model.transport import TransportKind
from tui.sim.board import Board
from tui.sim.gate import Gate
from tui.sim.limits import RateWindow, TokenBucket, VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket import SocketClient

C = TypeVar("C", bound=SocketClient)
K = TypeVar("K", bound=Hashable)
M = TypeVar("M")


class SocketFace(ABC, Generic[C, K, M]):
    """A venue's WebSocket and REST side; what they say is up to the venue's own face.

    Attributes:
        clients: those connected now.
        board: its streams.
    """

    board: Board[K, M]

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: VenueLimits,
        gate: Gate,
    ) -> None:
        self.market = market
        self.now_ns = now_ns
        self.clock = clock
        self.limits = limits
        self._gate = gate
        self._attempts: dict[str, RateWindow] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self.clients: set[C] = set()

    @property
    def client_count(self) -> int:
        return len(self.clients)

    @abstractmethod
    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""

    def push(self) -> None:
        """Say what is due after a step of the market."""
        self.board.push(self.market.now_ns)

    async def flushed(self) -> None:
        """Wait until all that was said has been handed to the sockets."""
        for client in list(self.clients):
            await client.flushed()

    async def close_clients(self, code: int, reason: str = "") -> None:
        """Close every connection with a code."""
        await asyncio.gather(
            *(client.close(code, reason) for client in self.clients), return_exceptions=True
        )

    def cut_clients(self) -> None:
        """Cut every connection without a close frame."""
        for client in list(self.clients):
            client.cut()

    def lose_next(self, stream: str) -> None:
        """Swallow what a stream says next."""
        self.board.lose_next(stream)

    async def shut_down(self) -> None:
        """Close every client; these venues do not announce it."""
        await self.close_clients(WSCloseCode.GOING_AWAY)

    async def serve(
        self, request: web.Request, make: Callable[[web.Request], C]
    ) -> web.StreamResponse:
        """Let a client in by WebSocket and serve it until it is gone."""
        refused = await self._gate.turn_away(request, TransportKind.WEBSOCKET)
        if refused is not None:
            return refused
        limits = self.limits
        attempts = self._attempts.setdefault(
            request.remote or "", RateWindow(limits.connections, limits.connections_window_s)
        )
        if not attempts.allow(self.clock.monotonic()):
            return web.Response(status=429, text="too many connections")
        client = make(request)
        self.clients.add(client)
        try:
            return await client.run()
        finally:
            self.clients.discard(client)

    def may_ask(self, request: web.Request) -> bool:
        """Count a request of an address; False where it is one too many."""
        limits = self.limits
        bucket = self._buckets.get(request.remote or "")
        if bucket is None:
            bucket = TokenBucket(limits.gets_per_s, limits.gets_burst)
            self._buckets[request.remote or ""] = bucket
        return bucket.take(self.clock.monotonic())
