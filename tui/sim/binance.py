"""The HTTP and WebSocket face of the embedded market, as Binance's public endpoints look."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from urllib.parse import unquote

from aiohttp import WSCloseCode, web

from tui.feed.clock import Clock
from tui.model.transport import TransportKind
from tui.sim.connection import ClientConnection
from tui.sim.gate import Gate
from tui.sim.hub import Hub
from tui.sim.limits import RateWindow, SimLimits, Verdict, WeightMeter
from tui.sim.market import SimMarket
from tui.sim.params import ApiError, Params
from tui.sim.payloads import PER_MS, PER_US
from tui.sim.rest import ENDPOINTS, Call


class BinanceFace:
    """Answers requests and holds the connected clients.

    Attributes:
        clients: those connected now.
    """

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: SimLimits,
        gate: Gate,
    ) -> None:
        self._market = market
        self._hub = Hub(market)
        self._gate = gate
        self._now_ns = now_ns
        self._clock = clock
        self._limits = limits
        self._meter = WeightMeter(limits)
        self._attempts: dict[str, RateWindow] = {}
        self.clients: set[ClientConnection] = set()

    @property
    def client_count(self) -> int:
        return len(self.clients)

    @property
    def streams(self) -> list[str]:
        """The streams that somebody listens to now."""
        return self._hub.names

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        routes: list[web.AbstractRouteDef] = [
            web.get("/ws", self._open_stream),
            web.get("/ws/{names:.*}", self._open_stream),
            web.get("/stream", self._open_stream),
        ]
        routes.extend(web.get(f"/api/v3/{path}", self._answer) for path in ENDPOINTS)
        return routes

    def push(self) -> None:
        """Say what is due after a step of the market."""
        self._hub.push()

    def lose_next(self, stream: str) -> None:
        """Swallow the next events of a stream."""
        self._hub.lose_next(stream)

    async def shut_down(self) -> None:
        """Announce the end to every client, then close."""
        now = self._now_ns()
        for client in self.clients:
            body = f'{{"e":"serverShutdown","E":{now // client.per}}}'
            if client.is_combined:
                body = f'{{"stream":"!serverShutdown","data":{body}}}'
            client.push(body)
        await self.close_clients(WSCloseCode.GOING_AWAY)

    async def close_clients(self, code: int, reason: str = "") -> None:
        """Close every connection with a code."""
        await asyncio.gather(
            *(client.close(code, reason) for client in self.clients), return_exceptions=True
        )

    def cut_clients(self) -> None:
        """Cut every connection without a close frame."""
        for client in self.clients:
            client.abort()

    async def flushed(self) -> None:
        """Wait until all that was said has been handed to the sockets."""
        for client in list(self.clients):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.flushed(), 1.0)

    # -- WebSocket -------------------------------------------------------------------------

    async def _open_stream(self, request: web.Request) -> web.StreamResponse:
        refused = await self._gate.turn_away(request, TransportKind.WEBSOCKET)
        if refused is not None:
            return refused
        limits = self._limits
        attempts = self._attempts.setdefault(
            request.remote or "", RateWindow(limits.connections, limits.connections_window_s)
        )
        if not attempts.allow(self._clock.monotonic()):
            wait = str(int(limits.connections_window_s))
            return web.Response(status=429, headers={"Retry-After": wait})
        is_combined = request.path == "/stream"
        text = request.query.get("streams", "") if is_combined else ""
        text = text or unquote(request.match_info.get("names", ""))
        names = [name for name in text.split("/") if name]
        if len(names) > limits.streams:
            return web.Response(status=400, text="Too many streams")
        # Nobody saves anything by compressing what stays on this machine.
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=1.0)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return socket  # the client is gone already
        is_fine = request.query.get("timeUnit", "").upper() == "MICROSECOND"
        client = ClientConnection(
            socket,
            request,
            self._hub,
            limits=limits,
            clock=self._clock,
            is_combined=is_combined,
            per=PER_US if is_fine else PER_MS,
        )
        self.clients.add(client)
        client.subscribe(names)
        try:
            await client.run()
        finally:
            self.clients.discard(client)
        return socket

    # -- REST ------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        endpoint = ENDPOINTS[request.path.removeprefix("/api/v3/")]
        now_ns = self._now_ns()
        verdict = self._meter.charge(
            request.remote or "", endpoint.weight(request.query), self._clock.time_ns()
        )
        headers = {
            "X-MBX-USED-WEIGHT": str(verdict.used),
            "X-MBX-USED-WEIGHT-1M": str(verdict.used),
        }
        if verdict.status != 200:
            return _refuse(verdict, headers, self._limits.weight)
        unit = request.headers.get("X-MBX-TIME-UNIT", "").upper()
        per = PER_US if unit == "MICROSECOND" else PER_MS
        try:
            params = Params(list(request.query.items()), endpoint.params, self._market.listings)
            text = endpoint.answer(Call(self._market, params, now_ns, per, self._limits))
        except ApiError as error:
            return _error(400, error.code, error.message, headers)
        return web.Response(text=text, content_type="application/json", headers=headers)


def _error(status: int, code: int, message: str, headers: dict[str, str]) -> web.Response:
    text = json.dumps({"code": code, "msg": message}, separators=(",", ":"))
    return web.Response(text=text, status=status, content_type="application/json", headers=headers)


def _refuse(verdict: Verdict, headers: dict[str, str], limit: int) -> web.Response:
    headers = {**headers, "Retry-After": str(verdict.retry_after_s)}
    if verdict.status == 418:
        until = verdict.banned_until_ns // PER_MS
        message = f"Way too much request weight used; IP banned until {until}. "
    else:
        message = (
            f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        )
    advice = "Please use WebSocket Streams for live updates to avoid polling the API."
    return _error(verdict.status, -1003, message + advice, headers)
