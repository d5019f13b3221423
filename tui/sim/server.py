"""The embedded market as a server on loopback, driven by real time or by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from aiohttp import web

from tui.feed.clock import Clock, SystemClock
from tui.model.transport import TransportKind
from tui.sim.binance import BinanceFace
from tui.sim.coinbase.advanced import face as advanced
from tui.sim.coinbase.exchange import face as coinbase
from tui.sim.face import Face
from tui.sim.gate import Gate
from tui.sim.kraken import face as kraken
from tui.sim.limits import SimLimits, VenueLimits
from tui.sim.market import NS, SimMarket
from tui.sim.native.face import PREFIX, NativeFace
from tui.sim.native.limits import NativeLimits
from tui.sim.tradingview import face as tradingview

STEP_NS = 50_000_000
"""How far one step goes. The fastest streams speak every 100 ms."""
_SLEPT_NS = 10 * NS
_STEPS_TO_WAKE = 4
_GOING_AWAY = 1001


@web.middleware
async def _bear_hurry(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A client that is gone before it was answered is no error of the server's."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


class SimServer:
    """Serves a market in the protocols of its faces, all of them on one port.

    Attributes:
        market: the market that is served.
    """

    def __init__(
        self,
        market: SimMarket,
        *,
        clock: Clock | None = None,
        limits: SimLimits | None = None,
        native_limits: NativeLimits | None = None,
        coinbase_limits: VenueLimits = coinbase.LIMITS,
        advanced_limits: VenueLimits = advanced.LIMITS,
        kraken_limits: VenueLimits = kraken.LIMITS,
        tradingview_limits: VenueLimits = tradingview.LIMITS,
        is_driven: bool = True,
    ) -> None:
        """Prepare a server; nothing is opened yet.

        Args:
            clock: what drives the market, the pings and the limits.
            limits, native_limits, coinbase_limits, advanced_limits, kraken_limits,
                tradingview_limits: what clients may do, by each protocol: Binance's, our own, Coinbase
                Exchange's and Advanced Trade's, Kraken's, and TradingView's.
            is_driven: True when the market follows the clock; False when it moves by `advance` only.
        """
        self.market = market
        self._clock: Clock = clock or SystemClock()
        self._is_driven = is_driven
        self._gate = Gate()
        self._binance = BinanceFace(
            market, self._now_ns, self._clock, limits or SimLimits(), self._gate
        )
        self._native = NativeFace(
            market, self._now_ns, self._clock, native_limits or NativeLimits(), self._gate
        )
        others = (market, self._now_ns, self._clock)
        self._faces: tuple[Face, ...] = (
            self._binance,
            self._native,
            coinbase.CoinbaseExchangeFace(*others, coinbase_limits, self._gate),
            advanced.CoinbaseAdvancedFace(*others, advanced_limits, self._gate),
            kraken.KrakenFace(*others, kraken_limits, self._gate),
            kraken.KrakenV1Face(*others, kraken_limits, self._gate),
            tradingview.TradingViewFace(*others, tradingview_limits, self._gate),
        )
        self._runner: web.AppRunner | None = None
        self._driver: asyncio.Task[None] | None = None
        self._endpoint = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen and begin.

        Returns:
            The port, which the system chooses for 0.

        Raises:
            OSError: the port cannot be had.
        """
        app = web.Application(middlewares=[_bear_hurry])
        for face in self._faces:
            app.add_routes(face.routes())
        # A handler that waits must end when its client is gone.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        bound: int = self._runner.addresses[0][1]
        self._endpoint = f"{host}:{bound}"
        if self._is_driven:
            self._driver = asyncio.create_task(self._drive())
        return bound

    async def failed(self) -> None:
        """Wait for ever, unless what drives the market fails.

        Raises:
            Exception: whatever it failed with; the market stands still from then on.
        """
        assert self._driver is not None
        await asyncio.shield(self._driver)

    async def close(self) -> None:
        """Announce the end to all clients, close their connections, and stop listening."""
        if self._driver is not None:
            self._driver.cancel()
            # What it failed with has been told by `failed`.
            await asyncio.gather(self._driver, return_exceptions=True)
            self._driver = None
        if self._runner is not None:
            await self._gate.close_clients(_GOING_AWAY)
            await asyncio.gather(*(face.shut_down() for face in self._faces))
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Where REST is, for example `http://127.0.0.1:9443`."""
        return f"http://{self._endpoint}"

    @property
    def endpoints(self) -> dict[str, str]:
        """Binance's face: the endpoints by the names that its adapter gives them."""
        return {"stream": f"ws://{self._endpoint}", "rest": self.url}

    @property
    def native_endpoints(self) -> dict[str, str]:
        """The native protocol's face: the endpoints by the names that its adapter gives them."""
        return {"stream": f"ws://{self._endpoint}{PREFIX}", "rest": f"{self.url}{PREFIX}"}

    @property
    def coinbase_endpoints(self) -> dict[str, str]:
        """Coinbase Exchange's face, by the names that its adapter gives the endpoints."""
        return {
            "stream": f"ws://{self._endpoint}{coinbase.FEED}",
            "rest": f"{self.url}{coinbase.PREFIX}/rest",
        }

    @property
    def advanced_endpoints(self) -> dict[str, str]:
        """The face of Coinbase's Advanced Trade, likewise."""
        return {"stream": f"ws://{self._endpoint}{advanced.FEED}", "rest": self.url}

    @property
    def kraken_endpoints(self) -> dict[str, str]:
        """Kraken's faces, by the names that its adapter gives the endpoints: the first protocol is
        at `stream` itself, the second at its `/v2`."""
        return {"stream": f"ws://{self._endpoint}{kraken.PREFIX}", "rest": self.url}

    @property
    def tradingview_endpoints(self) -> dict[str, str]:
        """The face that is like TradingView's socket, likewise."""
        return {
            "stream": f"ws://{self._endpoint}{tradingview.SOCKET}",
            "rest": f"{self.url}{tradingview.PREFIX}",
        }

    @property
    def client_count(self) -> int:
        """How many clients are connected, by whatever protocol."""
        return sum(face.client_count for face in self._faces)

    @property
    def streams(self) -> list[str]:
        """The streams that somebody listens to now, by Binance's names."""
        return self._binance.streams

    @property
    def topics(self) -> list[str]:
        """The topics of the native protocol that go on now, such as `candles.1m:BTCUSDT`."""
        return self._native.streams

    def require(self, *tokens: str) -> None:
        """Let in by the native protocol only who shows one of these tokens; without any, everybody.
        Who is connected stays so."""
        self._native.tokens = frozenset(tokens) or None

    async def advance(self, seconds: float) -> None:
        """Move the market on by hand and send what it says on the way."""
        target = self.market.now_ns + round(seconds * NS)
        while self.market.now_ns < target:
            step = (self.market.now_ns // STEP_NS + 1) * STEP_NS
            self.market.advance(min(step, target))
            self._push()
            for face in self._faces:
                await face.flushed()
        await asyncio.sleep(0)

    # -- what may go wrong, for tests of clients ----------------------------------------------

    async def close_clients(self, code: int = _GOING_AWAY, reason: str = "") -> None:
        """Close every connection in order, a WebSocket with a close code, as a venue may."""
        await self._gate.close_clients(code)
        await asyncio.gather(*(face.close_clients(code, reason) for face in self._faces))

    def cut_clients(self) -> None:
        """Cut every connection without a farewell, as a network may."""
        self._gate.cut_clients()
        for face in self._faces:
            face.cut_clients()

    def lose_next(self, stream: str) -> None:
        """Swallow the next events of a stream, so that there is a gap: `btcusdt@depth@100ms` of
        Binance's face, `orderbook:BTCUSDT` of the native one, `coinbase:matches:BTC-USDT`."""
        for face in self._faces:
            face.lose_next(stream)

    def refuse(self, kind: TransportKind, status: int = 503, *, retry_after_s: int = 0) -> None:
        """Refuse new connections of a transport; those there are stay.

        Args:
            status: the HTTP status that they get, with `Retry-After` where `retry_after_s` says so.
        """
        self._gate.refuse(kind, status, retry_after_s=retry_after_s)

    def silence(self, kind: TransportKind) -> None:
        """Let new connections of a transport open, and say nothing on them."""
        self._gate.silence(kind)

    def allow(self, kind: TransportKind) -> None:
        """Take a transport's new connections again."""
        self._gate.allow(kind)

    def _push(self) -> None:
        for face in self._faces:
            face.push()
        self.market.forget_news()

    def _now_ns(self) -> int:
        return self._clock.time_ns() if self._is_driven else self.market.now_ns

    async def _drive(self) -> None:
        market, clock = self.market, self._clock
        for step in itertools.count():
            now = clock.time_ns()
            if now - market.now_ns > _SLEPT_NS:
                market.skip(now)
            else:
                market.advance(now)
            self._push()
            # Instruments wake one by one, so that no request waits for all of them.
            if step % _STEPS_TO_WAKE == 0:
                market.wake(1)
            now = clock.time_ns()
            await clock.sleep((STEP_NS - now % STEP_NS) / NS)
