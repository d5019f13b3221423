"""The embedded market's face in the protocol of TradingView's chart socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from yarl import URL

from tui.feed.clock import Clock
from tui.model.timeframe import NS
from tui.sim.board import Board, Stream
from tui.sim.gate import Gate
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket_face import SocketFace
from tui.sim.tradingview import streams
from tui.sim.tradingview.client import ChartSocketClient
from tui.sim.tradingview.studies import describe
from tui.sim.tradingview.symbols import description, find_symbols, read_symbol

PREFIX: Final = "/tradingview"
SOCKET: Final = f"{PREFIX}/socket.io/websocket"
LIMITS: Final = VenueLimits(
    connections=30,
    connections_window_s=60.0,
    messages_per_s=200,
    message_bytes=1_000_000,
    gets_per_s=100.0,
    gets_burst=100,
)
BEAT_NS: Final = 10 * NS


class TradingViewFace(SocketFace[ChartSocketClient, streams.Key, streams.News]):
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
        self.board = Board(self._open, _name)
        self._slot = market.now_ns // BEAT_NS

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [
            web.get(SOCKET, self._open_socket),
            web.get(f"{PREFIX}/symbol", self._validate),
            web.get(f"{PREFIX}/symbol_search/v3/", self._search),
            web.get(f"{PREFIX}/pine-facade/translate/{{study}}/{{version}}", self._translate),
        ]

    def push(self) -> None:
        """Say what is due after a step of the market, and every ten seconds a heartbeat."""
        super().push()
        slot = self.market.now_ns // BEAT_NS
        if slot != self._slot:
            self._slot = slot
            for client in list(self.clients):
                client.beat()

    def _open(self, key: streams.Key) -> Stream[streams.News]:
        return streams.open_stream(key, self.market.pair(key.symbol), self.market.now_ns)

    async def _open_socket(self, request: web.Request) -> web.StreamResponse:
        if not _is_welcome(request):
            return web.Response(status=403, text="Forbidden")
        return await self.serve(
            request,
            lambda request: ChartSocketClient(
                request, self.market, self.board, self.limits, self.clock
            ),
        )

    async def _validate(self, request: web.Request) -> web.Response:
        found = read_symbol(request.query.get("symbol", ""), self.market)
        if found is None:
            return web.Response(status=404)
        return _json({"market": "crypto" if found.kind == "spot" else "america"})

    async def _search(self, request: web.Request) -> web.Response:
        if not _is_welcome(request):
            return web.Response(status=403, text="Forbidden")
        wanted = request.query.get("text", "").upper()
        found = find_symbols(wanted, request.query.get("exchange", ""), self.market)
        rows = [
            {
                "symbol": symbol.replace(wanted, f"<em>{wanted}</em>", 1),
                "description": description(shown),
                "type": shown.kind,
                "exchange": exchange,
                "currency_code": shown.listing.quote if shown.kind == "spot" else "USD",
                "provider_id": exchange.lower(),
                "typespecs": ["crypto"] if shown.kind == "spot" else [],
            }
            for shown in (found if wanted else ())
            for exchange, _, symbol in [shown.name.partition(":")]
        ]
        return _json({"symbols_remaining": 0, "symbols": rows})

    async def _translate(self, request: web.Request) -> web.Response:
        return _json(describe(request.match_info["study"]))


def _name(key: streams.Key) -> str:
    late = f"-{key.delay_s}s" if key.delay_s else ""
    return f"tradingview:{':'.join(filter(None, (key.kind, key.symbol, key.code)))}{late}"


def _is_welcome(request: web.Request) -> bool:
    """Pages of the venue come in, and clients that say they come from this server."""
    host = URL(request.headers.get("Origin", "")).host or ""
    return host.endswith("tradingview.com") or host == request.url.host


def _json(body: Any) -> web.Response:
    return web.Response(
        text=json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        content_type="application/json",
    )
