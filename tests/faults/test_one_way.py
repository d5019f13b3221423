"""Faults of the line under transports that only listen or ask: each is survived without a lie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from byte_proxy import BOTH, Way
from world import World, everything

from tui.model.transport import TransportKind

EVERYTHING = everything("NATIVE")
Act = Callable[[World], Awaitable[None]]


async def cut(world: World) -> None:
    world.rest.cut()
    await world.sleep(2.0)


async def reset(world: World) -> None:
    for _ in range(3):
        world.rest.cut(reset=True)
        await world.sleep(2.0)


async def silence(world: World) -> None:
    world.rest.silent = BOTH
    await world.sleep(25.0)
    # What waited in a line that was given up is of no use to anybody.
    world.rest.cut()


async def nothing_comes(world: World) -> None:
    world.rest.silent = frozenset({Way.DOWN})
    await world.sleep(10.0)


async def late(world: World) -> None:
    world.rest.latency_s, world.rest.jitter_s = 0.3, 0.5
    await world.sleep(10.0)


async def slow(world: World) -> None:
    world.rest.bytes_per_s = 60_000.0
    await world.sleep(10.0)


async def split(world: World) -> None:
    world.rest.piece, world.rest.splits = 100, True
    await world.sleep(5.0)


async def corrupt(world: World) -> None:
    for _ in range(6):
        world.rest.to_corrupt[Way.DOWN] = 1
        await world.sleep(2.0)


async def refuse(world: World) -> None:
    await world.rest.refuse()
    world.rest.cut()
    await world.sleep(15.0)


async def hang_up(world: World) -> None:
    world.rest.hangs_up = True
    world.rest.cut()
    await world.sleep(10.0)


async def end(world: World) -> None:
    await world.server.close_clients()
    await world.sleep(2.0)


async def lose(world: World) -> None:
    for topic in ("orderbook:BTCUSDT", "trades:BTCUSDT", "candles.1s:BTCUSDT"):
        world.server.lose_next(topic)
        await world.sleep(3.0)


async def sleep_long(world: World) -> None:
    world.jump(90.0)
    await world.sleep(3.0)


FAULTS: dict[str, Act] = {
    "cut by FIN": cut,
    "cut by RST again and again": reset,
    "silence both ways": silence,
    "nothing comes": nothing_comes,
    "latency and jitter": late,
    "little bandwidth": slow,
    "split anywhere": split,
    "corrupted": corrupt,
    "refused": refuse,
    "accept, then close": hang_up,
    "ended by the venue": end,
    "messages lost": lose,
    "the machine slept": sleep_long,
}


@pytest.mark.parametrize("kind", list(TransportKind)[1:])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_a_line_that_goes_one_way_is_survived(
    name: str, kind: TransportKind
) -> None:
    async with World(native=True, kinds=[kind]) as world:
        world.want(EVERYTHING)
        await world.until_true()

        await FAULTS[name](world)
        await world.heal()

        await world.until_true(within_s=90.0)
        world.check()
