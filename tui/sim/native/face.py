"""The native protocol's face of the embedded market: who may come in, and by which door."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable

from aiohttp import WSCloseCode, web

from tui.feed.clock import Clock
from tui.model.transport import TransportKind
from tui.sim.gate import Gate
from tui.sim.limits import RateWindow
from tui.sim.market import SimMarket
from tui.sim.native import texts
from tui.sim.native.events import EventClient
from tui.sim.native.limits import NativeLimits
from tui.sim.native.outlet import Outlet
from tui.sim.native.polls import Polls
from tui.sim.native.rest import ANSWERS, Call
from tui.sim.native.socket import SocketClient
from tui.sim.native.tapes import Tapes
from tui.sim.native.topics import RefusedError, Topic, read_topics

PREFIX = "/native/v1"
_STATUSES = {
    "unauthorized": 401,
    "cursor_expired": 410,
    "rate_limited": 429,
    "not_found": 404,
}
_RETRY_AFTER_S = 1
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NativeFace:
    """Answers requests and holds the connected clients.

    Attributes:
        tokens: those that open the door; None while it is open to all.
    """

    def __init__(
        self,
        market: SimMarket,
        now_ns: Callable[[], int],
        clock: Clock,
        limits: NativeLimits,
        gate: Gate,
    ) -> None:
        self._market = market
        self._now_ns = now_ns
        self._clock = clock
        self._limits = limits
        self._gate = gate
        self._tapes = Tapes(market, clock.monotonic, self._figures)
        self._polls = Polls(self._tapes, limits=limits, clock=clock)
        self._connections: dict[str, RateWindow] = {}
        self._gets: dict[str, RateWindow] = {}
        self._clients: set[Outlet[str] | Outlet[bytes]] = set()
        self.tokens: frozenset[str] | None = None

    @property
    def client_count(self) -> int:
        return len(self._clients)

    @property
    def streams(self) -> list[str]:
        """The topics that go on now, as queries name them."""
        return self._tapes.names

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes to serve."""
        return [
            web.get(f"{PREFIX}/stream", self._guarded(self._open_socket)),
            web.get(f"{PREFIX}/events", self._guarded(self._open_events)),
            web.get(f"{PREFIX}/messages", self._guarded(self._poll)),
            *(web.get(f"{PREFIX}/{path}", self._guarded(self._answer)) for path in ANSWERS),
            web.get(f"{PREFIX}/{{path:.*}}", self._guarded(self._miss)),
        ]

    def push(self) -> None:
        """Say what is due after a step of the market."""
        self._tapes.push()

    def lose_next(self, stream: str) -> None:
        """Swallow the next message of a topic, such as `trades:BTCUSDT`, on its way to connections."""
        self._tapes.lose_next(stream)

    async def flushed(self) -> None:
        """Wait until all that was said has been handed to the sockets."""
        for client in list(self._clients):
            await client.flushed()

    async def shut_down(self) -> None:
        """Announce the end to every client, then close."""
        farewell = self._tapes.farewell()
        for client in self._clients:
            client.push_message(farewell)
        await self.close_clients(WSCloseCode.GOING_AWAY)

    async def close_clients(self, code: int, reason: str = "") -> None:
        """End every connection: sockets with a code; polls that are held are answered."""
        self._polls.let_go()
        await asyncio.gather(
            *(client.close(code, reason) for client in self._clients), return_exceptions=True
        )

    def cut_clients(self) -> None:
        """Cut every connection, and every poll that is held."""
        self._polls.cut()
        for client in list(self._clients):
            client.cut()

    # -- the doors -----------------------------------------------------------------------------

    async def _open_socket(self, request: web.Request) -> web.StreamResponse:
        is_known = self._let_in(request, may_wait=True)
        self._count(self._connections, request, self._limits.connections, "connections")
        client = SocketClient(
            request,
            self._tapes,
            now_ns=self._now_ns,
            listed=self._market.listings,
            limits=self._limits,
            clock=self._clock,
            is_welcome=self._is_welcome,
            is_known=is_known,
        )
        self._clients.add(client)
        try:
            return await client.run()
        finally:
            self._clients.discard(client)

    async def _open_events(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        self._count(self._connections, request, self._limits.connections, "connections")
        topics, errors = self._topics_of(request)
        answers = [("error", text) for text in errors]
        answers.append(("status", texts.acknowledgement("subscribed", self._now_ns())))
        last = request.headers.get("Last-Event-ID", "") or request.query.get("since", "")
        client = EventClient(request, self._tapes, limits=self._limits, clock=self._clock)
        self._clients.add(client)
        try:
            return await client.run(topics, answers, _read_position(last))
        finally:
            self._clients.discard(client)

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        self._count(self._gets, request, self._limits.gets, "requests")
        topics, errors = self._topics_of(request)
        since = _read_position(request.query.get("since", ""))
        return await self._polls.answer(request, topics, errors, since)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._let_in(request)
        self._count(self._gets, request, self._limits.gets, "requests")
        answer = ANSWERS[request.path.removeprefix(f"{PREFIX}/")]
        text = answer(Call(self._market, self._tapes, request.query, self._now_ns()))
        return web.Response(text=text, content_type="application/json")

    async def _miss(self, request: web.Request) -> web.StreamResponse:
        raise RefusedError("not_found", "there is nothing at this path")

    def _guarded(self, handler: _Handler) -> _Handler:
        """A handler behind the gate, whose refusals are written as the protocol has them."""

        async def handle(request: web.Request) -> web.StreamResponse:
            kind = _kind_of(request)
            turned_away = None if kind is None else await self._gate.turn_away(request, kind)
            if turned_away is not None:
                return turned_away
            try:
                return await handler(request)
            except RefusedError as refused:
                return _refusal(refused)

        return handle

    # -- who, how often, what --------------------------------------------------------------------

    def _let_in(self, request: web.Request, *, may_wait: bool = False) -> bool:
        """Whether the client has shown its token; False where it may still do so.

        Raises:
            RefusedError: it has not, or a wrong one.
        """
        if self.tokens is None:
            return True
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if not kind and may_wait:
            return False
        if kind.lower() != "bearer" or not self._is_welcome(token.strip()):
            words = "this token opens nothing" if kind else "a token is needed"
            raise RefusedError("unauthorized", words)
        return True

    def _is_welcome(self, token: str) -> bool:
        if self.tokens is None:
            return True
        given = token.encode()
        return any(hmac.compare_digest(given, known.encode()) for known in self.tokens)

    def _count(
        self, windows: dict[str, RateWindow], request: web.Request, limit: int, what: str
    ) -> None:
        """Count a request of an address.

        Raises:
            RefusedError: it is one too many.
        """
        span_s = (
            self._limits.gets_window_s
            if windows is self._gets
            else self._limits.connections_window_s
        )
        window = windows.setdefault(request.remote or "", RateWindow(limit, span_s))
        if not window.allow(self._clock.monotonic()):
            raise RefusedError("rate_limited", f"too many {what}")

    def _topics_of(self, request: web.Request) -> tuple[list[Topic], list[str]]:
        """The topics of a query that there are, and errors for the others."""
        topics, errors = [], []
        wanted = read_topics(request.query.get("channels", ""))
        if not wanted:
            raise RefusedError("bad_request", "no channels are named")
        if len(wanted) > self._limits.channels:
            raise RefusedError("too_many", f"at most {self._limits.channels} channels")
        for topic in wanted:
            try:
                topics.append(topic.check(self._market.listings))
            except RefusedError as refused:
                errors.append(texts.error(refused.code, refused.message, topic=topic.json()))
        return list(dict.fromkeys(topics)), errors

    def _figures(self) -> dict[str, float]:
        return {"clients": len(self._clients), "topics": len(self._tapes.names)}


def _kind_of(request: web.Request) -> TransportKind | None:
    """By which transport data is asked for; None for history and the state now."""
    path = request.path.removeprefix(f"{PREFIX}/")
    if path == "messages":
        # A client that would wait says so with its first request, too, which it wants answered at once.
        return TransportKind.LONG_POLL if "Prefer" in request.headers else TransportKind.POLL
    return {"stream": TransportKind.WEBSOCKET, "events": TransportKind.SSE}.get(path)


def _read_position(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _refusal(refused: RefusedError) -> web.Response:
    status = _STATUSES.get(refused.code, 400)
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if status == 429 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = json.dumps({"code": refused.code, "message": refused.message})
    return web.Response(text=body, status=status, content_type="application/json", headers=headers)
