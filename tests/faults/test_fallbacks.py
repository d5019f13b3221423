"""From one transport to the next and back, under the oracle's eyes: nothing lost, nothing twice."""

from __future__ import annotations

from byte_proxy import BOTH
from world import World, everything

from tui.model.transport import TransportKind

EVERYTHING = everything("NATIVE")
WEBSOCKET, SSE, LONG_POLL, POLL = TransportKind
DOWNWARDS = (WEBSOCKET, SSE, LONG_POLL)


async def _arrive(world: World, kind: TransportKind) -> None:
    """Wait until this transport is in use, and all is true by it."""
    await world.until(
        lambda: world.feed.health().transport is kind, within_s=90.0, what=f"{kind} is not in use"
    )
    await world.until_true(within_s=60.0)
    world.check()


async def test_every_transport_is_taken_in_turn_and_the_best_again_in_the_end() -> None:
    async with World(native=True) as world:
        world.want(EVERYTHING)
        await _arrive(world, WEBSOCKET)

        for better, lesser in zip(DOWNWARDS, (SSE, LONG_POLL, POLL), strict=True):
            world.server.refuse(better)
            world.server.cut_clients()
            await _arrive(world, lesser)
            assert world.feed.health().fallback
            await world.sleep(5.0)
            world.check()

        world.allow_all()
        await _arrive(world, WEBSOCKET)
        await world.sleep(10.0)
        await world.until_true()
        world.check()
        assert world.feed.health().fallback == ""


async def test_each_step_back_up_is_taken_as_it_opens() -> None:
    async with World(native=True) as world:
        for kind in DOWNWARDS:
            world.server.refuse(kind)
        world.want(EVERYTHING)
        await _arrive(world, POLL)

        for kind in (LONG_POLL, SSE, WEBSOCKET):
            world.server.allow(kind)
            await _arrive(world, kind)


async def test_a_transport_that_opens_and_says_nothing_is_left() -> None:
    async with World(native=True) as world:
        world.want(EVERYTHING)
        await _arrive(world, WEBSOCKET)

        world.server.silence(WEBSOCKET)
        world.server.cut_clients()
        await _arrive(world, SSE)

        world.server.allow(WEBSOCKET)
        await _arrive(world, WEBSOCKET)


async def test_a_transport_that_no_proxy_lets_through_is_left_at_once() -> None:
    async with World(native=True) as world:
        world.server.refuse(WEBSOCKET, 426)
        world.want(EVERYTHING)

        await _arrive(world, SSE)
        assert world.clock.monotonic() < 15.0


async def test_a_wish_that_changes_on_any_transport_is_heard() -> None:
    async with World(native=True) as world:
        world.want(EVERYTHING)
        await _arrive(world, WEBSOCKET)

        for better, lesser in zip(DOWNWARDS, (SSE, LONG_POLL, POLL), strict=True):
            world.server.refuse(better)
            world.server.cut_clients()
            await _arrive(world, lesser)
            world.want(EVERYTHING[:3])
            await world.until_true()
            world.want(EVERYTHING)
            await world.until_true()
        world.check()


async def test_a_line_that_dies_under_a_lesser_transport_is_noticed() -> None:
    async with World(native=True) as world:
        for kind in (WEBSOCKET, LONG_POLL, POLL):
            world.server.refuse(kind)
        world.want(EVERYTHING)
        await _arrive(world, SSE)

        world.rest.silent = BOTH
        await world.sleep(20.0)
        world.rest.cut()
        await world.heal()

        await _arrive(world, SSE)


async def test_a_better_transport_that_comes_and_goes_costs_nothing() -> None:
    async with World(native=True) as world:
        world.want(EVERYTHING)
        await _arrive(world, WEBSOCKET)

        for _ in range(3):
            world.server.refuse(WEBSOCKET)
            world.server.cut_clients()
            await world.sleep(world.rng.uniform(5.0, 15.0))
            world.server.allow(WEBSOCKET)
            await world.sleep(world.rng.uniform(2.0, 10.0))

        await _arrive(world, WEBSOCKET)
