"""The embedded market's faces in Kraken's protocols; the REST side belongs to both."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.model.timeframe import NS
from tui.sim.board import Board, Stream
from tui.sim.gate import Gate
from tui.sim.kraken.client import ClientV2
from tui.sim.kraken.client_v1 import ClientV1, DialectV1
from tui.sim.kraken.pairs import old_symbols, symbols
from tui.sim.kraken.rest import RefusedError, answer, refusal
from tui.sim.kraken.streams import DialectV2, Key, open_stream
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket_face import SocketFace

PREFIX: Final = "/kraken"
LIMITS: Final = VenueLimits(
    connections=150,
    connections_window_s=600.0,
    messages_per_s=50,
    idle_s=60.0,
    gets_per_s=1.5,
    gets_burst=15,
)
_FIRST_CONNECTION: Final = 2**63 + 2**61
"""Beyond what a float can tell apart, as the venue's numbers are."""


class KrakenFace(SocketFace[ClientV2, Key, str]):
    """The second protocol, and REST."""

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: VenueLimits,
        gate: Gate,
    ) -> None:
        super().__init__(market, now_ns, clock, limits, gate)
        self.board = Board(self._open, lambda key: f"kraken:{key[0]}:{key[1]}")
        self._dialect = DialectV2()
        self._numbers = itertools.count(_FIRST_CONNECTION + 1)
        self._second = market.now_ns // NS

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve. A client that joins paths by URL rules loses a prefix: REST has none."""
        return [
            web.get(f"{PREFIX}/v2", self._open_socket),
            web.get("/0/public/{name}", self._answer),
            web.post("/0/public/{name}", self._answer),
        ]

    def push(self) -> None:
        """Say what is due after a step of the market, and that a second is over."""
        super().push()
        self._second = _beat(self._second, self.market, self.clients)

    def _open(self, key: Key) -> Stream[str]:
        listing = symbols(self.market)[key[1]]
        return open_stream(key[0], self.market.pair(listing.symbol), self._dialect)

    async def _open_socket(self, request: web.Request) -> web.StreamResponse:
        return await self.serve(
            request,
            lambda request: ClientV2(
                request,
                self.market,
                self.board,
                self.limits,
                self.clock,
                connection_id=next(self._numbers),
                now_ns=self.now_ns,
            ),
        )

    async def _answer(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        if request.method == "POST":
            form = await request.post()
            query |= {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            if not self.may_ask(request):
                raise RefusedError("EAPI:Rate limit exceeded")
            text = answer(self.market, request.match_info["name"], query, self.now_ns())
        except RefusedError as refused:
            text = refusal(str(refused))
        return web.Response(text=text, content_type="application/json")


class KrakenV1Face(SocketFace[ClientV1, Key, str]):
    """The first protocol."""

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: VenueLimits,
        gate: Gate,
    ) -> None:
        super().__init__(market, now_ns, clock, limits, gate)
        self.board = Board(self._open, lambda key: f"kraken-v1:{key[0]}:{key[1]}")
        self._dialect = DialectV1()
        self._numbers = itertools.count(_FIRST_CONNECTION + 2**60)
        self._second = market.now_ns // NS

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [web.get(PREFIX, self._open_socket), web.get(f"{PREFIX}/", self._open_socket)]

    def push(self) -> None:
        """Say what is due after a step of the market, and that a second is over."""
        super().push()
        self._second = _beat(self._second, self.market, self.clients)

    def _open(self, key: Key) -> Stream[str]:
        listing = old_symbols(self.market)[key[1]]
        return open_stream(key[0], self.market.pair(listing.symbol), self._dialect)

    async def _open_socket(self, request: web.Request) -> web.StreamResponse:
        return await self.serve(
            request,
            lambda request: ClientV1(
                request,
                self.market,
                self.board,
                self.limits,
                self.clock,
                connection_id=next(self._numbers),
            ),
        )


def _beat(second: int, market: SimMarket, clients: set[ClientV2] | set[ClientV1]) -> int:
    """Let every client know that a second is over; returns the second that is under way."""
    now = market.now_ns // NS
    if now != second:
        for client in clients:
            client.beat()
    return now
