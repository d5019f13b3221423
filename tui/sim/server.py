"""The embedded market as a server on loopback, driven by real time or by hand."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from aiohttp import web

from tui.feed.clock import Clock, SystemClock
from tui.sim.binance import BinanceFace
from tui.sim.hub import Hub
from tui.sim.limits import SimLimits
from tui.sim.market import NS, SimMarket

STEP_NS = 50_000_000
"""How far one step goes. The fastest streams speak every 100 ms."""
_SLEPT_NS = 10 * NS
_STEPS_TO_WAKE = 4


class SimServer:
    """Serves a market; one port for WebSocket and REST.

    Attributes:
        market: the market that is served.
    """

    def __init__(
        self,
        market: SimMarket,
        *,
        clock: Clock | None = None,
        limits: SimLimits | None = None,
        is_driven: bool = True,
    ) -> None:
        """Prepare a server; nothing is opened yet.

        Args:
            clock: what drives the market, the pings and the limits.
            is_driven: True when the market follows the clock; False when it moves by `advance` only.
        """
        self.market = market
        self._clock: Clock = clock or SystemClock()
        self._is_driven = is_driven
        self._hub = Hub(market)
        self._face = BinanceFace(
            market, self._hub, self._now_ns, self._clock, limits or SimLimits()
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
        app = web.Application()
        app.add_routes(self._face.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
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

    async def close(self) -> None:
        """Announce the end to all clients, close their connections, and stop listening."""
        if self._driver is not None:
            self._driver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._driver
            self._driver = None
        if self._runner is not None:
            await self._face.shut_down()
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Where REST is, for example `http://127.0.0.1:9443`."""
        return f"http://{self._endpoint}"

    @property
    def endpoints(self) -> dict[str, str]:
        """The endpoints by the names that the Binance adapter gives them."""
        return {"stream": f"ws://{self._endpoint}", "rest": self.url}

    @property
    def client_count(self) -> int:
        return len(self._face.clients)

    @property
    def streams(self) -> list[str]:
        """The streams that somebody listens to now."""
        return self._hub.names

    async def advance(self, seconds: float) -> None:
        """Move the market on by hand and send what it says on the way."""
        target = self.market.now_ns + round(seconds * NS)
        while self.market.now_ns < target:
            step = (self.market.now_ns // STEP_NS + 1) * STEP_NS
            self.market.advance(min(step, target))
            self._hub.push()
            await self._face.flushed()
        await asyncio.sleep(0)

    async def close_clients(self, code: int = 1001, reason: str = "") -> None:
        """Close every connection with a close code, as a venue may."""
        await self._face.close_clients(code, reason)

    def cut_clients(self) -> None:
        """Cut every connection without a close frame, as a network may."""
        self._face.cut_clients()

    def lose_next(self, stream: str) -> None:
        """Swallow the next events of a stream, such as `btcusdt@depth@100ms`, so that there is a gap."""
        self._hub.lose_next(stream)

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
            self._hub.push()
            # Instruments wake one by one, so that no request waits for all of them.
            if step % _STEPS_TO_WAKE == 0:
                market.wake(1)
            now = clock.time_ns()
            await clock.sleep((STEP_NS - now % STEP_NS) / NS)
