"""A long time in a short one: reconnects by the hundred, symbols switched all the while, nothing grows.

`make soak` runs a day, half of it by each protocol; TRADETUI_SOAK_S says how many seconds of the feed's
clock by each, and TRADETUI_SOAK_SEED which day. TRADETUI_SOAK_TRACE=1 also says what takes more memory
at the end.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from byte_proxy import BOTH, Way
from world import MINUTE, SECOND, World

from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind

SOAK_S = float(os.environ.get("TRADETUI_SOAK_S", "600"))
SEED = int(os.environ.get("TRADETUI_SOAK_SEED", "11"))
TRACE = bool(os.environ.get("TRADETUI_SOAK_TRACE"))
_SAMPLES = 12
_LOOK_S = 0.2
_SPEED = 100.0
# The market itself remembers: charts fill up to their limits, and so does the venue's past.
_GROWTH_MIB = 10.0

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
    tasks: int
    files: int
    queue: int
    dropped: int

    def __str__(self) -> str:
        return (
            f"{self.at_s:8.0f} s {self.reconnects:6} reconnects {self.messages:9} messages "
            f"{self.switches:6} switches {self.moves:5} moves {self.memory_mib:7.1f} MiB "
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
            len(asyncio.all_tasks()),
            len(os.listdir("/proc/self/fd")),
            queue,
            health.dropped,
        )


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
    async with World(
        seed=SEED, native=native, symbols=SYMBOLS, speed=_SPEED, look_s=_LOOK_S
    ) as world:
        print(f"\n{SOAK_S:g} s with seed {SEED}")
        soak = Soak(world, SEED)
        if TRACE:
            await soak.run(SOAK_S / 5)
            tracemalloc.start()
            before = tracemalloc.take_snapshot()
        samples = await soak.run(SOAK_S)
        if TRACE:
            growth = tracemalloc.take_snapshot().compare_to(before, "lineno")
            print(*growth[:15], sep="\n")
        print(f"{world.oracle.looks} looks found no lie; {time.perf_counter() - began:.0f} s")

    settled = samples[len(samples) // 4 :]
    first, last = settled[: len(settled) // 3], settled[-(len(settled) // 3) :]
    assert last[-1].reconnects >= SOAK_S / 20
    # Idle connections of requests come and go; what is left behind stays.
    assert min(one.tasks for one in last) <= min(one.tasks for one in first) + 4
    assert min(one.files for one in last) <= min(one.files for one in first) + 4
    assert max(one.queue for one in samples) < 4096
    if not TRACE:
        assert _mean_mib(last) - _mean_mib(first) < _GROWTH_MIB


def _mean_mib(samples: list[Sample]) -> float:
    return sum(one.memory_mib for one in samples) / len(samples)
