"""The embedded market's face in Coinbase Exchange's protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.board import Board, Stream
from tui.sim.coinbase.exchange.client import FeedClient, Topic
from tui.sim.coinbase.exchange.rest import RefusedError, answer
from tui.sim.coinbase.exchange.streams import open_stream
from tui.sim.coinbase.products import products
from tui.sim.gate import Gate
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket_face import SocketFace

PREFIX: Final = "/coinbase"
FEED: Final = f"{PREFIX}/feed"
LIMITS: Final = VenueLimits(
    connections=20,
    connections_window_s=2.5,
    messages_per_s=100,
    first_message_s=5.0,
    gets_per_s=10.0,
    gets_burst=15,
)


class CoinbaseExchangeFace(SocketFace[FeedClient, Topic, str]):
    """Answers requests and holds the clients connected to the feed."""

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: VenueLimits,
        gate: Gate,
    ) -> None:
        super().__init__(market, now_ns, clock, limits, gate)
        self.board = Board(self._open, lambda topic: f"coinbase:{topic[0]}:{topic[1]}")

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [
            web.get(FEED, self._open_feed),
            web.get(f"{FEED}/", self._open_feed),
            web.get(f"{PREFIX}/rest/{{path:.*}}", self._answer),
        ]

    def _open(self, topic: Topic) -> Stream[str]:
        channel, product = topic
        listing = products(self.market)[product]
        return open_stream(channel, self.market.pair(listing.symbol), self.market)

    async def _open_feed(self, request: web.Request) -> web.StreamResponse:
        return await self.serve(
            request,
            lambda request: FeedClient(request, self.market, self.board, self.limits, self.clock),
        )

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            if not self.may_ask(request):
                raise RefusedError(429, "Public rate limit exceeded")
            if not request.headers.get("User-Agent"):
                raise RefusedError(400, "User-Agent header is required.")
            path = request.match_info["path"].rstrip("/")
            found = answer(self.market, path, request.query, self.now_ns())
        except RefusedError as refused:
            text = json.dumps({"message": refused.message})
            return web.Response(text=text, status=refused.status, content_type="application/json")
        return web.Response(text=found.text, content_type="application/json", headers=found.headers)
