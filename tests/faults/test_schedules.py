"""Random schedules of faults and of what users do: whatever comes, in the end all is true again.

`make schedules` tries 200, each of up to 40 steps, other ones in every run, or as many as
TRADETUI_SCHEDULES says; what fails is printed so that it can be run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import Callable, Coroutine
from typing import Any

from byte_proxy import BOTH, Way
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from world import MINUTE, SECOND, World

from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind

_WHAT = [(channel, None) for channel in (Channel.TICKER, Channel.TRADES, Channel.BOOK)] + [
    (Channel.CANDLES, timeframe) for timeframe in (SECOND, MINUTE, Timeframe.parse("5m"))
]
_POOL = [(symbol, *what) for symbol in ("BTCUSDT", "PEPEUSDT") for what in _WHAT]
_WISHES = st.lists(st.sampled_from(_POOL), min_size=1, max_size=6, unique=True)
_KINDS = st.sampled_from([TransportKind.WEBSOCKET, TransportKind.SSE, TransportKind.LONG_POLL])

Wish = tuple[str, Channel, Timeframe | None]
_SECONDS = st.floats(0.0, 8.0)
_WAYS = st.sampled_from([frozenset({Way.UP}), frozenset({Way.DOWN}), BOTH])


def step(**arguments: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """A rule that is written down as it is obeyed."""

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def obey(self: Schedule, **values: Any) -> None:
            listed = ", ".join(f"{name}={value!r}" for name, value in values.items())
            self.log.append(f"{function.__name__}({listed})")
            function(self, **values)

        return rule(**arguments)(obey)

    return decorate


class Schedule(RuleBasedStateMachine):
    """One run: rules are what may happen next.

    Attributes:
        log: the steps so far. Real sockets do not repeat to the microsecond, so a failure is told
            when it happens and not only if it happens again.
    """

    world: World
    native = False

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self._runner = asyncio.Runner()
        self._open = contextlib.AsyncExitStack()

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self._runner.run(work)
        except AssertionError as error:
            print("\n".join(["a schedule that ended badly:", *self.log, str(error)]))
            raise

    @initialize(
        seed=st.integers(0, 3),
        native=st.booleans(),
        built=st.booleans(),
        wishes=_WISHES,
    )
    def begin(self, seed: int, native: bool, built: bool, wishes: list[Wish]) -> None:
        self.log.append(f"begin({seed=}, {native=}, {built=}, {wishes=})")
        self.native = native
        channels = frozenset(Channel) - ({Channel.CANDLES} if built else set())
        world = World(seed=seed, native=native, channels=channels)
        self._do(self._open.enter_async_context(world))
        self.world = world
        self._want(wishes)

    def _want(self, wishes: list[Wish]) -> None:
        venue = self.world.feed.venue
        self.world.want(
            Subscription(Instrument(venue, symbol), channel, timeframe)
            for symbol, channel, timeframe in wishes
        )

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self._do(self._finish())
        finally:
            self._do(self._open.aclose())
            self._runner.close()

    async def _finish(self) -> None:
        self.world.allow_all()
        await self.world.heal()
        await self.world.until_true(within_s=120.0)
        self.world.check()

    # -- what users do ---------------------------------------------------------------------

    @step(wishes=_WISHES, seconds=_SECONDS)
    def want(self, wishes: list[Wish], seconds: float) -> None:
        self._want(wishes)
        self._do(self.world.sleep(seconds))

    @step(several=st.lists(_WISHES, min_size=2, max_size=6))
    def change_ones_mind(self, several: list[list[Wish]]) -> None:
        self._do(self._change_ones_mind(several))

    async def _change_ones_mind(self, several: list[list[Wish]]) -> None:
        for wishes in several:
            self._want(wishes)
            await self.world.sleep(0.2)

    @step(symbols=st.lists(st.sampled_from(["BTCUSDT", "PEPEUSDT"]), unique=True))
    def focus(self, symbols: list[str]) -> None:
        self.world.feed.focus(Instrument(self.world.feed.venue, symbol) for symbol in symbols)

    @step()
    def retry(self) -> None:
        self.world.feed.retry()

    @step()
    def reconnect(self) -> None:
        self.world.feed.reconnect("asked by the user")

    @step(seconds=_SECONDS)
    def wait(self, seconds: float) -> None:
        self._do(self.world.sleep(seconds))

    # -- what the network does -------------------------------------------------------------

    @step(reset=st.booleans())
    def cut(self, reset: bool) -> None:
        self.world.stream.cut(reset=reset)

    @step(reset=st.booleans())
    def cut_requests(self, reset: bool) -> None:
        self.world.rest.cut(reset=reset)

    @step(ways=_WAYS, seconds=_SECONDS)
    def silence(self, ways: frozenset[Way], seconds: float) -> None:
        self.world.stream.silent = ways
        self._do(self.world.sleep(seconds))

    @step(ways=_WAYS, seconds=_SECONDS)
    def silence_requests(self, ways: frozenset[Way], seconds: float) -> None:
        self.world.rest.silent = ways
        self._do(self.world.sleep(seconds))

    @step(latency_s=st.floats(0.0, 0.5), jitter_s=st.floats(0.0, 0.5))
    def delay(self, latency_s: float, jitter_s: float) -> None:
        for line in (self.world.stream, self.world.rest):
            line.latency_s, line.jitter_s = latency_s, jitter_s

    @step(piece=st.integers(20, 500))
    def split(self, piece: int) -> None:
        self.world.stream.piece, self.world.stream.splits = piece, True

    @step(way=st.sampled_from(Way))
    def corrupt(self, way: Way) -> None:
        self.world.stream.to_corrupt[way] += 1

    @step(seconds=_SECONDS)
    def refuse(self, seconds: float) -> None:
        self._do(self._refuse(seconds))

    async def _refuse(self, seconds: float) -> None:
        await self.world.stream.refuse()
        self.world.stream.cut()
        await self.world.sleep(seconds)

    @step()
    def hang_up_at_once(self) -> None:
        self.world.stream.hangs_up = True

    @step(stream=st.integers(0, 20))
    def lose(self, stream: int) -> None:
        server = self.world.server
        streams = server.topics if self.native else server.streams
        if streams:
            server.lose_next(sorted(streams)[stream % len(streams)])

    @precondition(lambda self: self.native)
    @step(kind=_KINDS, seconds=_SECONDS, silently=st.booleans())
    def refuse_transport(self, kind: TransportKind, seconds: float, silently: bool) -> None:
        if silently:
            self.world.server.silence(kind)
        else:
            self.world.server.refuse(kind)
        self.world.server.cut_clients()
        self._do(self.world.sleep(seconds))

    @precondition(lambda self: self.native)
    @step(kind=_KINDS)
    def allow_transport(self, kind: TransportKind) -> None:
        self.world.server.allow(kind)

    @step(code=st.sampled_from([1000, 1001, 1011, 1012]))
    def close(self, code: int) -> None:
        self._do(self.world.server.close_clients(code))

    @step(ahead_s=st.floats(-30.0, 30.0))
    def set_clock(self, ahead_s: float) -> None:
        self.world.wall.ahead_s = ahead_s

    @step(seconds=st.floats(0.0, 600.0))
    def sleep(self, seconds: float) -> None:
        self.world.jump(seconds)

    @step(network=st.sampled_from([(), ("192.0.2.1",), ("192.0.2.7",)]))
    def change_network(self, network: tuple[str, ...]) -> None:
        self.world.machine.networks = frozenset(network)

    @step()
    def heal(self) -> None:
        self._do(self.world.heal())

    @step()
    def end_well(self) -> None:
        self._do(self._finish())


_ASKED_FOR = int(os.environ.get("TRADETUI_SCHEDULES", "0"))

TestSchedules = Schedule.TestCase
TestSchedules.settings = settings(
    max_examples=_ASKED_FOR or 12,
    stateful_step_count=40 if _ASKED_FOR else 15,
    derandomize=not _ASKED_FOR,
    database=None,
    deadline=None,
    print_blob=True,
    # A schedule takes seconds of real time: what fails is told as it is, not shrunk for an hour.
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
