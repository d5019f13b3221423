"""A feed and the embedded market on loopback with faulty lines between them, under an oracle's eyes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from unittest import mock

import msgspec
from byte_proxy import ByteProxy
from fast_clock import FastClock, HeldClock, SetClock
from message_proxy import MessageProxy
from oracle import Oracle, WatchedMarket
from request_proxy import RequestProxy
from true_market import TrueMarket

from tui.adapters.base import Adapter, Liveness
from tui.adapters.binance import BinanceAdapter
from tui.adapters.binance.symbols import stream_name
from tui.adapters.native import NativeAdapter
from tui.feed import transports
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.feed.vigil import Vigil
from tui.model.errors import TransportError
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import StreamRequest, TransportKind
from tui.sim.limits import SimLimits
from tui.sim.native.face import PREFIX
from tui.sim.native.limits import NativeLimits
from tui.sim.server import SimServer
from tui.transports import websocket
from tui.transports.rest import ByteStream, RestResponse, RestTransport
from tui.transports.websocket import WebSocketConnection, WebSocketTransport

START_NS = 1_800_000_030_000_000_000
"""2027-01-15 08:00:30 UTC, half a minute into a minute."""
SPEED = 40.0
_NS = 1_000_000_000
_LOOK_S = 0.04
_HEARD_S = 4.0
"""What was said has arrived by then, also where it is asked for every second."""
_LONG_S = 60.0
_REST_S = 2.0
"""At its multiples every stream has said all that there is to say."""

SECOND, MINUTE = Timeframe.parse("1s"), Timeframe.parse("1m")


def everything(venue: str) -> tuple[Subscription, ...]:
    """Something of every channel, and of two instruments."""
    first, second = Instrument(venue, "BTCUSDT"), Instrument(venue, "PEPEUSDT")
    return (
        Subscription(first, Channel.TICKER),
        Subscription(first, Channel.TRADES),
        Subscription(first, Channel.BOOK),
        Subscription(first, Channel.CANDLES, SECOND),
        Subscription(first, Channel.CANDLES, MINUTE),
        Subscription(second, Channel.TICKER),
        Subscription(second, Channel.BOOK),
    )


BTC = Instrument("BINANCE", "BTCUSDT")
PEPE = Instrument("BINANCE", "PEPEUSDT")
EVERYTHING = everything("BINANCE")
LIVENESS = Liveness(
    connection_s=15.0,
    channels={Channel.TICKER: 6.0, Channel.CANDLES: 6.0, Channel.BOOK: 6.0},
)
HASTY = FeedSettings(
    connect_timeout_s=4.0,
    backoff_initial_s=0.5,
    backoff_cap_s=4.0,
    min_uptime_s=5.0,
    ack_timeout_s=4.0,
    ping_interval_s=3.0,
    pong_timeout_s=2.0,
    stale_after_s=4.0,
    breaker_open_s=5.0,
    probe_s=5.0,
    probe_cap_s=10.0,
    poll_interval_s=1.0,
    history_candles=60,
)
"""Shorter times than the product's, so that a test need not wait; what follows from them is the same."""


class HastyWebSockets(WebSocketTransport):
    """WebSockets whose time-outs go by the clock."""

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> WebSocketConnection:
        work = super().connect(request, timeout_s=_LONG_S)
        try:
            return await self._clock.limit(work, timeout_s)
        except TimeoutError:
            raise TransportError(f"no answer within {timeout_s:g} s") from None


class HastyRest(RestTransport):
    """Requests whose time-outs go by the clock."""

    def __init__(self, clock: FastClock) -> None:
        super().__init__()
        self._clock = clock

    async def open(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0
    ) -> ByteStream:
        work = super().open(url, headers=headers, timeout_s=_LONG_S)
        try:
            return await self._clock.limit(work, timeout_s)
        except TimeoutError:
            raise TransportError(f"no answer within {timeout_s:g} s") from None

    async def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> RestResponse:
        work = super().get(url, params, headers=headers, timeout_s=_LONG_S)
        try:
            return await self._clock.limit(work, timeout_s)
        except TimeoutError:
            raise TransportError(f"no answer within {timeout_s:g} s") from None


class Machine:
    """What the feed's machine can tell of itself.

    Attributes:
        slept_s: how long it slept so far.
    """

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock
        self.slept_s = 0.0
        self.networks = frozenset({"192.0.2.1"})

    def boottime(self) -> float:
        return self._clock.monotonic() + self.slept_s

    def addresses(self) -> frozenset[str]:
        return self.networks


class World:
    """Everything of one test, to be entered as a context.

    Attributes:
        stream, rest: the lines of bytes to the server.
        messages, requests: the proxies behind them that understand what is said; None without.
        wall: the feed's clock.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        native: bool = False,
        kinds: Collection[TransportKind] = tuple(TransportKind),
        speaks: bool = False,
        context: ssl.SSLContext | None = None,
        settings: FeedSettings = HASTY,
        channels: frozenset[Channel] = frozenset(Channel),
        limits: SimLimits = SimLimits(connections=10_000, weight=1_000_000),  # noqa: B008 - frozen
        regime: str = "normal",
        speed: float = SPEED,
        symbols: tuple[str, ...] = ("BTCUSDT", "PEPEUSDT"),
        look_s: float = _LOOK_S,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            native: speak the native protocol, with all its transports, instead of Binance's.
            kinds: of the venue's transports only these are used.
            speaks: put the proxies that speak WebSocket and HTTP between as well.
            context: the stream is served by TLS, with this.
            channels: what the venue streams.
            look_s: how often the oracle looks.
        """
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = FastClock(speed, START_NS)
        self.held = HeldClock(self.clock)
        self.wall = SetClock(self.held)
        self.truth = TrueMarket(
            seed,
            START_NS,
            symbols=symbols,
            regime=regime,
            clock=self.clock,
            aggregates=not native,
        )
        self.server = SimServer(
            self.truth,
            clock=self.held,
            limits=limits,
            native_limits=NativeLimits(connections=10_000, gets=1_000_000),
        )
        self.machine = Machine(self.clock)
        self.market = WatchedMarket()
        self.errors = ErrorLog(self.wall)
        self._native = native
        self._kinds = kinds
        self._speaks = speaks or context is not None
        self._context = context
        self._patches = contextlib.ExitStack()
        self._look_s = look_s
        self._settings = settings
        self._channels = channels
        self._tasks: list[asyncio.Task[None]] = []
        self.messages: MessageProxy
        self.requests: RequestProxy
        self.stream: ByteProxy
        self.rest: ByteProxy
        self.feed: Feed
        self.oracle: Oracle

    async def __aenter__(self) -> Self:
        await self.clock.__aenter__()
        port = await self.server.start()
        stream_port = rest_port = port
        self.messages = MessageProxy(f"ws://127.0.0.1:{port}", rng=self.rng)
        self.requests = RequestProxy(f"http://127.0.0.1:{port}")
        if self._speaks:
            await self.messages.start(context=self._context)
            await self.requests.start()
            stream_port, rest_port = self.messages.port, self.requests.port
        self.stream = ByteProxy("127.0.0.1", stream_port, clock=self.clock, rng=self.rng)
        self.rest = ByteProxy("127.0.0.1", rest_port, clock=self.clock, rng=self.rng)
        await self.stream.start()
        await self.rest.start()
        adapter = self._adapter()
        self._rest_transport = HastyRest(self.clock)
        self.feed = Feed(
            adapter,
            self.market,
            rest=self._rest_transport,
            clock=self.wall,
            rng=self.rng,
            errors=self.errors,
            settings=self._settings,
        )
        vigil = Vigil(self.wall.for_vigil(), self.machine)
        self.oracle = Oracle(
            self.truth,
            self.market,
            adapter,
            self._settings,
            is_two_way=lambda: self.feed.health().transport.is_two_way,
        )
        self._tasks = [
            asyncio.ensure_future(self.feed.run()),
            asyncio.ensure_future(self._keep_looking()),
            asyncio.ensure_future(vigil.watch(self.feed.disturbed)),
        ]
        return self

    def _adapter(self) -> Adapter:
        """The adapter, as patient as a test; its copies as well."""
        kind: type[Any] = NativeAdapter if self._native else BinanceAdapter
        limits = msgspec.structs.replace(kind.limits, connections=10_000, rest_weight=1_000_000)
        patch = self._patches.enter_context
        patch(mock.patch.object(kind, "liveness", LIVENESS))
        patch(mock.patch.object(kind, "limits", limits))
        offered = tuple(one for one in kind.transports if one in self._kinds)
        patch(mock.patch.object(kind, "transports", offered))
        hasty = functools.partial(HastyWebSockets, self.clock)
        patch(mock.patch.object(transports, "WebSocketTransport", hasty))
        # The other side of a silent line is given time to close; here as fast as everything else.
        patch(mock.patch.object(websocket, "_CLOSE_TIMEOUT_S", self.clock.real_s(1.0)))
        base = PREFIX if self._native else ""
        stream = "ws://127.0.0.1" if self._context is None else "wss://localhost"
        adapter: Adapter = kind(
            {
                "stream": f"{stream}:{self.stream.port}{base}",
                "rest": f"http://127.0.0.1:{self.rest.port}{base}",
            },
            channels=self._channels,
        )
        return adapter

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._patches.close()
        await self._rest_transport.close()
        await self.stream.close()
        await self.rest.close()
        await self.messages.stop()
        await self.requests.stop()
        self.held.hold_at_ns = None
        await self.server.close()
        await self.clock.__aexit__()

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """Make this the wanted set, of the feed and in the oracle's eyes."""
        wanted = list(subscriptions)
        self.oracle.want(wanted)
        self.feed.want(wanted)

    async def heal(self) -> None:
        """Every fault of the lines ends; what the venue refuses it still refuses."""
        self.stream.heal()
        self.rest.heal()
        self.messages.heal()
        self.requests.heal()
        for proxy in (self.stream, self.rest):
            if not proxy.listens:
                await proxy.start()

    def allow_all(self) -> None:
        """The venue refuses no transport any more."""
        for kind in TransportKind:
            self.server.allow(kind)

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def until(
        self, condition: Callable[[], bool], *, within_s: float, what: str = ""
    ) -> None:
        """Wait for something; fails when it takes longer than so many seconds of the clock."""
        end = self.clock.monotonic() + within_s
        while not condition():
            if self.clock.monotonic() > end:
                raise AssertionError(f"not within {within_s:g} s: {what}\n{self.describe()}")
            await self.clock.sleep(_LOOK_S)

    def jump(self, seconds: float) -> None:
        """Let the world go on without the feed for so long, as while the machine slept."""
        self.held.ahead_s += seconds
        self.machine.slept_s += seconds

    async def until_state(self, state: ConnectionState, *, within_s: float = 30.0) -> None:
        await self.until(
            lambda: self.feed.health().state is state, within_s=within_s, what=str(state)
        )

    async def until_true(self, *, within_s: float = 30.0) -> None:
        """Wait until everything wanted is live and equals the truth; fails when it takes longer.

        The market stands still for a moment each time that both are compared.
        """
        end = self.clock.monotonic() + within_s
        while True:
            differences = await self._compare()
            if not differences:
                return
            if self.clock.monotonic() > end:
                listed = "\n".join(differences)
                raise AssertionError(
                    f"not true within {within_s:g} s:\n{listed}\n{self.describe()}"
                )

    async def _compare(self) -> list[str]:
        """Let the market rest at a moment when all has been said, and the feed hear it out."""
        rest_ns = round(_REST_S * _NS)
        hold_at_ns = self.held.hold_at_ns = (self.held.time_ns() // rest_ns + 1) * rest_ns
        try:
            while self.truth.now_ns < hold_at_ns:
                await self.clock.sleep(_LOOK_S)
            patience = self.clock.monotonic() + _HEARD_S
            while next(self._differences(), ""):
                if self.clock.monotonic() > patience:
                    return list(self._differences())
                await self.clock.sleep(_LOOK_S)
            return []
        finally:
            self.held.hold_at_ns = None

    def _differences(self) -> Iterator[str]:
        if not self._native:
            streamed, expected = set(self.server.streams), self._expected_streams()
            if streamed != expected:
                yield (
                    f"the server streams {sorted(streamed - expected)} that nobody wants, "
                    f"and not {sorted(expected - streamed)}"
                )
            if self.server.client_count != 1:
                yield f"the server has {self.server.client_count} clients"
        yield from self.oracle.differences()

    def _expected_streams(self) -> set[str]:
        expected = set()
        for one in self.oracle.wanted:
            is_built = one.channel is Channel.CANDLES and Channel.CANDLES not in self._channels
            source = Subscription(one.instrument, Channel.TRADES) if is_built else one
            expected.add(stream_name(source))
        return expected

    def check(self) -> None:
        """Fail if a lie was told so far."""
        assert self.oracle.looks, "the oracle never looked"
        told = "\n".join(self.oracle.complaints)
        assert not told, f"told as live:\n{told}\n{self.describe()}"

    def describe(self) -> str:
        """What the feed says of itself."""
        lines = [
            f"after {self.clock.monotonic():.1f} s with seed {self.seed}, {self.feed.health()}"
        ]
        lines += [
            f"{(one.ts_local - START_NS) / _NS:8.2f} {one.state} {one.cause}"
            for one in list(self.feed.history)[-12:]
        ]
        lines += [
            f"{(one.last_seen - START_NS) / _NS:8.2f} {one.category} x{one.count} {one.instrument}: "
            f"{one.message}"
            for one in self.errors.records()[:15]
        ]
        return "\n".join(lines)

    async def _keep_looking(self) -> None:
        while True:
            self.oracle.look()
            await self.clock.sleep(self._look_s)
