"""The embedded market's face in the protocol of Coinbase's Advanced Trade."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.board import Board, Stream
from tui.sim.coinbase.advanced import streams
from tui.sim.coinbase.advanced.client import AdvancedClient
from tui.sim.coinbase.advanced.rest import RefusedError, answer
from tui.sim.coinbase.products import products
from tui.sim.gate import Gate
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket_face import SocketFace

FEED: Final = "/coinbase-advanced"
LIMITS: Final = VenueLimits(
    connections=8,
    connections_window_s=1.0,
    messages_per_s=8,
    first_message_s=5.0,
    idle_s=75.0,
    gets_per_s=10.0,
    gets_burst=15,
)
_REST: Final = "/api/v3/brokerage"


class CoinbaseAdvancedFace(SocketFace[AdvancedClient, streams.Key, str]):
    """Answers requests and holds the connected clients."""

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: VenueLimits,
        gate: Gate,
    ) -> None:
        super().__init__(market, now_ns, clock, limits, gate)
        self.board = Board(self._open, lambda key: f"coinbase-advanced:{key[0]}:{key[1]}")

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve. What needs a login at the venue is open here."""
        return [
            web.get(FEED, self._open_feed),
            web.get(f"{FEED}/", self._open_feed),
            web.get(f"{_REST}/market/{{path:.*}}", self._answer),
            web.get(f"{_REST}/{{path:.*}}", self._answer),
        ]

    def _open(self, key: streams.Key) -> Stream[str]:
        channel, product = key
        now_ns = self.market.now_ns
        if channel == "heartbeats":
            return streams.open_heartbeats(now_ns)
        listing = products(self.market)[product]
        return streams.open_stream(channel, self.market.pair(listing.symbol), now_ns)

    async def _open_feed(self, request: web.Request) -> web.StreamResponse:
        return await self.serve(
            request,
            lambda request: AdvancedClient(
                request, self.market, self.board, self.limits, self.clock, self.now_ns
            ),
        )

    async def _answer(self, request: web.Request) -> web.Response:
        status = 200
        try:
            if not self.may_ask(request):
                raise RefusedError(429, "RESOURCE_EXHAUSTED", "too many requests")
            path = request.match_info["path"].rstrip("/")
            body = answer(self.market, path, request.query, self.now_ns())
        except RefusedError as refused:
            status, body = refused.status, refused.body
        text = json.dumps(body, separators=(",", ":"))
        return web.Response(text=text, status=status, content_type="application/json")
