"""A long time in a short one: reconnects by the hundred, symbols switched all the while, nothing grows.

`make soak` runs a day by each protocol, both at once; TRADETUI_SOAK_S says how many seconds of the
feed's clock by each, and TRADETUI_SOAK_SEED which day. TRADETUI_SOAK_TRACE=1 also says what the client
alone takes, apart from the venue in the same process, and who made what is held at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest import mock

import msgspec
import pytest
from byte_proxy import BOTH, Way
from world import MINUTE, SECOND, World

from tui.market.candle_series import CandleSeries
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.sim import market
from tui.sim.native import tapes

SOAK_S = float(os.environ.get("TRADETUI_SOAK_S", "300"))
SEED = int(os.environ.get("TRADETUI_SOAK_SEED", "11"))
TRACE = bool(os.environ.get("TRADETUI_SOAK_TRACE"))
_SAMPLES = 12
_LOOK_S = 0.2
_SPEED = 100.0
# Caches of the interpreter and the venue's last hour, second by second, still fill up.
_GROWTH_MIB = 10.0
_CLIENT_GROWTH_MIB = 1.0
_COME_AND_GO = 10
# A chart's candles, a venue's trades and its messages are kept up to limits that a short run would
# not reach: within these, all is full before the first third is over.
_KEPT = 250
_CLIENT = tuple(
    f"/tui/{folder}/" for folder in ("adapters", "feed", "market", "model", "transports")
)

SYMBOLS = ("BTCUSDT", "ETHUSDT", "PEPEUSDT")
TIMEFRAMES = (SECOND, MINUTE, Timeframe.parse("5m"), Timeframe.parse("1h"))


class Sample(msgspec.Struct, frozen=True):
    """The figures of one moment at which all was well."""

    at_s: float
    reconnects: int
    messages: int
    switches: int
    moves: int
    memory_mib: float
    client_mib: float
    tasks: int
    files: int
    queue: int
    dropped: int

    def __str__(self) -> str:
        return (
            f"{self.at_s:8.0f} s {self.reconnects:6} reconnects {self.messages:9} messages "
            f"{self.switches:6} switches {self.moves:5} moves {self.memory_mib:7.1f} MiB "
            f"{f'{self.client_mib:.2f} of the client ' if self.client_mib else ''}"
            f"{self.tasks:4} tasks {self.files:4} files {self.queue:5} queued {self.dropped:6} dropped"
        )


class Soak:
    """What users and networks do for a long time, one thing after another."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._longest_queue = 0
        self._kind = TransportKind.WEBSOCKET
        self.switches = self.moves = 0

    async def run(self, seconds: float) -> list[Sample]:
        samples = []
        clock = self._world.clock
        start = clock.monotonic()
        self._world.want(self._wishes())
        for number in range(1, _SAMPLES + 1):
            while clock.monotonic() < start + seconds * number / _SAMPLES:
                await self._do_something()
            self._world.allow_all()
            await self._world.heal()
            await self._world.until(
                lambda: self._world.feed.health().transport is TransportKind.WEBSOCKET,
                within_s=120.0,
                what="still not on the best transport",
            )
            await self._world.until_true(within_s=120.0)
            self._world.check()
            self._world.oracle.forget_old_trades()
            # Connections of requests stay idle for a while, at times more, at times fewer; each has
            # a few tasks of client, line and venue.
            self._world.rest.cut()
            await self._world.sleep(1.0)
            samples.append(self._sample(clock.monotonic() - start))
            print(samples[-1], flush=True)
        return samples

    async def _do_something(self) -> None:
        world, dice = self._world, self._dice
        kind = dice.random()
        if kind < 0.40:
            self.switches += 1
            world.want(self._wishes())
        elif kind < 0.80:
            world.stream.cut(reset=dice.random() < 0.5)
        elif kind < 0.86:
            world.rest.cut(reset=True)
        elif kind < 0.92:
            await world.server.close_clients(dice.choice((1000, 1001, 1011)))
        elif kind < 0.96:
            world.feed.reconnect("asked by the user")
        elif kind < 0.98:
            world.stream.silent = dice.choice((BOTH, frozenset({Way.DOWN}), frozenset({Way.UP})))
            await world.sleep(dice.uniform(0.0, 8.0))
        elif kind < 0.99:
            world.server.refuse(dice.choice((TransportKind.WEBSOCKET, TransportKind.SSE)))
            world.server.cut_clients()
        else:
            streams = sorted(world.server.topics + world.server.streams)
            world.server.lose_next(dice.choice(streams or [""]))
        await world.sleep(dice.expovariate(1.0 / 4.0))
        kind = world.feed.health().transport
        self.moves += kind is not self._kind
        self._kind = kind
        self._longest_queue = max(self._longest_queue, world.feed.health().queue_length)
        if dice.random() < 0.5:
            await world.heal()
        if dice.random() < 0.1:
            world.allow_all()

    def _wishes(self) -> list[Subscription]:
        dice = self._dice
        wishes = []
        for symbol in dice.sample(SYMBOLS, dice.randint(1, len(SYMBOLS))):
            instrument = Instrument(self._world.feed.venue, symbol)
            wishes += [
                Subscription(instrument, channel)
                for channel in (Channel.TICKER, Channel.TRADES, Channel.BOOK)
                if dice.random() < 0.8
            ]
            wishes.append(Subscription(instrument, Channel.CANDLES, dice.choice(TIMEFRAMES)))
        return wishes

    def _sample(self, at_s: float) -> Sample:
        gc.collect()
        health = self._world.feed.health()
        queue, self._longest_queue = self._longest_queue, 0
        return Sample(
            at_s,
            health.reconnects,
            health.messages_in,
            self.switches,
            self.moves,
            _resident_mib(),
            _client_mib() if TRACE else 0.0,
            len(asyncio.all_tasks()),
            len(os.listdir("/proc/self/fd")),
            queue,
            health.dropped,
        )


def _client_mib() -> float:
    """What is held of all that the client's own lines made."""
    held = tracemalloc.take_snapshot().statistics("filename")
    return sum(one.size for one in held if _is_of_client(one)) / 2**20


def _is_of_client(held: tracemalloc.Statistic) -> bool:
    return any(folder in held.traceback[0].filename for folder in _CLIENT)


@contextlib.contextmanager
def _tracing() -> Iterator[None]:
    """If it was asked for, all that is held is told by its maker when the time is over."""
    if not TRACE:
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        held = tracemalloc.take_snapshot().statistics("lineno")
        tracemalloc.stop()
        print("", *held[:15], "of the client:", sep="\n")
        print(*[one for one in held if _is_of_client(one)][:15], sep="\n")


@contextlib.contextmanager
def _small_memories() -> Iterator[None]:
    """Limits that fill up soon, of everything that is kept up to a limit of its own."""
    with contextlib.ExitStack() as patches:
        patch = patches.enter_context
        patch(mock.patch.object(CandleSeries.__init__, "__defaults__", (_KEPT,)))
        patch(mock.patch.object(market, "_KEPT_TRADES", 2 * _KEPT))
        patch(mock.patch.object(market, "_KEPT_AGGREGATES", 2 * _KEPT))
        patch(mock.patch.object(tapes, "_KEPT", 2 * _KEPT))
        yield


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the figures of Linux")
@pytest.mark.parametrize(
    "native",
    [
        pytest.param(False, marks=pytest.mark.xdist_group("soak of Binance's protocol")),
        pytest.param(True, marks=pytest.mark.xdist_group("soak of the native protocol")),
    ],
    ids=["binance", "native"],
)
async def test_a_long_time_leaves_nothing_behind(native: bool) -> None:
    began = time.perf_counter()
    with _small_memories(), _tracing():
        async with World(
            seed=SEED, native=native, symbols=SYMBOLS, speed=_SPEED, look_s=_LOOK_S
        ) as world:
            print(f"\n{SOAK_S:g} s with seed {SEED}")
            samples = await Soak(world, SEED).run(SOAK_S)
            print(f"{world.oracle.looks} looks found no lie; {time.perf_counter() - began:.0f} s")

    settled = samples[len(samples) // 4 :]
    first, last = settled[: len(settled) // 3], settled[-(len(settled) // 3) :]
    assert last[-1].reconnects >= SOAK_S / 20
    # A request may be on its way; one thing left behind by each reconnect would be more.
    assert min(one.tasks for one in last) <= median(one.tasks for one in first) + _COME_AND_GO
    assert min(one.files for one in last) <= median(one.files for one in first) + _COME_AND_GO
    assert max(one.queue for one in samples) < 4096
    # What is watched takes more at one time than at another; what is left behind stays.
    least = min(one.client_mib for one in first)
    assert min(one.client_mib for one in last) - least <= _CLIENT_GROWTH_MIB
    if not TRACE:
        assert _mean_mib(last) - _mean_mib(first) < _GROWTH_MIB


def _mean_mib(samples: list[Sample]) -> float:
    return sum(one.memory_mib for one in samples) / len(samples)
