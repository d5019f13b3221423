"""A table of faults between a real client and a real server: each is survived without a lie."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import request_proxy
from byte_proxy import BOTH, Way
from world import EVERYTHING, World

from tui.model.health import ConnectionState
from tui.model.subscription import SubscriptionStatus
from tui.model.transport import TransportKind

Act = Callable[[World], Awaitable[None]]


@contextlib.asynccontextmanager
async def losing(world: World) -> AsyncIterator[None]:
    """Something that ends the connection: wait until that is noticed."""
    newest = world.feed.history[-1]
    yield
    await world.until(
        lambda: world.feed.history[-1] is not newest,
        within_s=15.0,
        what="the connection is still there",
    )


# -- bytes -----------------------------------------------------------------------------------


def cut(*, reset: bool) -> Act:
    async def act(world: World) -> None:
        async with losing(world):
            world.stream.cut(reset=reset)

    return act


def silent(*ways: Way) -> Act:
    async def act(world: World) -> None:
        async with losing(world):
            world.stream.silent = frozenset(ways)

    return act


async def a_short_silence(world: World) -> None:
    world.stream.silent = BOTH
    await world.sleep(2.0)


async def silent_everywhere(world: World) -> None:
    async with losing(world):
        world.stream.silent = world.rest.silent = BOTH
    await world.sleep(10.0)


def shaped(seconds: float, **shape: Any) -> Act:
    """The stream's line has this shape for so long."""

    async def act(world: World) -> None:
        for name, value in shape.items():
            setattr(world.stream, name, value)
        await world.sleep(seconds)

    return act


def reborn(seconds: float, **shape: Any) -> Act:
    """The stream's line and that of requests have this shape from a new connection on."""

    async def act(world: World) -> None:
        for name, value in shape.items():
            setattr(world.stream, name, value)
            setattr(world.rest, name, value)
        world.stream.cut()
        await world.sleep(seconds)

    return act


def corrupt(way: Way, *, line: str = "stream") -> Act:
    async def act(world: World) -> None:
        for _ in range(6):
            getattr(world, line).to_corrupt[way] = 1
            if line == "rest":
                world.stream.cut()
            await world.sleep(3.0)

    return act


async def hang_up_at_once(world: World) -> None:
    before = world.stream.accepted
    world.stream.hangs_up = True
    world.stream.cut()
    await world.sleep(20.0)
    # At least a second lies between two attempts, whatever becomes of them.
    assert 2 <= world.stream.accepted - before <= 20


async def accept_and_say_nothing(world: World) -> None:
    world.stream.silent = BOTH
    world.stream.cut()
    await world.sleep(15.0)


async def refuse(world: World) -> None:
    await world.stream.refuse()
    world.stream.cut()
    await world.sleep(15.0)


async def refuse_everything(world: World) -> None:
    await world.stream.refuse()
    await world.rest.refuse()
    world.stream.cut()
    world.rest.cut()
    await world.sleep(20.0)


async def lose_requests_in_a_reconnect(world: World) -> None:
    world.stream.cut()
    for _ in range(8):
        await world.sleep(0.5)
        world.rest.cut(reset=True)


async def flap(world: World) -> None:
    for _ in range(8):
        await world.sleep(world.rng.uniform(0.5, 4.0))
        world.stream.cut(reset=world.rng.random() < 0.5)


# -- messages --------------------------------------------------------------------------------


def messages(seconds: float = 15.0, **parts: float) -> Act:
    async def act(world: World) -> None:
        for name, part in parts.items():
            setattr(world.messages, name, part)
        await world.sleep(seconds)

    return act


def say(message: str | bytes) -> Act:
    async def act(world: World) -> None:
        await world.messages.say(message)
        await world.sleep(2.0)

    return act


async def burst(world: World) -> None:
    await world.sleep(5.0)
    await world.messages.repeat(10_000)
    await world.sleep(2.0)


async def no_pong(world: World) -> None:
    async with losing(world):
        world.messages.pongs = False


def lose_stream(stream: str) -> Act:
    async def act(world: World) -> None:
        for _ in range(4):
            world.server.lose_next(stream)
            await world.sleep(2.5)

    return act


def hang_up(code: int | None) -> Act:
    async def act(world: World) -> None:
        async with losing(world):
            await world.messages.hang_up(code, "because of a test")

    return act


def refuse_handshake(status: int, **headers: str) -> Act:
    async def act(world: World) -> None:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        world.messages.refusals.append((status, named))
        async with losing(world):
            world.stream.cut()

    return act


# -- requests --------------------------------------------------------------------------------


def requests(rule: request_proxy.Rule, spoils: str = "") -> Act:
    """Every request is answered so while the connection is lost and comes back."""

    async def act(world: World) -> None:
        world.requests.rule, world.requests.spoils = rule, spoils
        world.stream.cut()
        await world.sleep(10.0)

    return act


async def slow_requests(world: World) -> None:
    await requests(request_proxy.slow(3.0, world.sleep))(world)


# -- time ------------------------------------------------------------------------------------


def set_clock(seconds: float) -> Act:
    async def act(world: World) -> None:
        world.wall.ahead_s += seconds
        await world.sleep(5.0)

    return act


async def sleep_and_keep_the_connection(world: World) -> None:
    world.jump(90.0)
    await world.sleep(3.0)


async def sleep_and_lose_the_connection(world: World) -> None:
    world.jump(200.0)
    world.stream.silent = BOTH
    await world.sleep(3.0)


# -- the table -------------------------------------------------------------------------------

PLAIN: dict[str, Act] = {
    "cut by FIN": cut(reset=False),
    "cut by RST": cut(reset=True),
    "half-open, nothing comes": silent(Way.DOWN),
    "half-open, nothing goes": silent(Way.UP),
    "half-open both ways": silent(*Way),
    "a short silence": a_short_silence,
    "silence on all lines": silent_everywhere,
    "latency": shaped(10.0, latency_s=0.8),
    "latency on a new connection": reborn(10.0, latency_s=0.5),
    "jitter": shaped(10.0, jitter_s=0.6),
    "little bandwidth": reborn(10.0, bytes_per_s=60_000.0),
    "one byte at a time": shaped(4.0, piece=1),
    "frames split anywhere": reborn(6.0, piece=200, splits=True),
    "corrupted on its way to us": corrupt(Way.DOWN),
    "corrupted on its way to the venue": corrupt(Way.UP),
    "corrupted answers": corrupt(Way.DOWN, line="rest"),
    "corrupted requests": corrupt(Way.UP, line="rest"),
    "accept, then close": hang_up_at_once,
    "accept, then silence": accept_and_say_nothing,
    "refused": refuse,
    "all refused": refuse_everything,
    "requests cut in a reconnect": lose_requests_in_a_reconnect,
    "a flapping line": flap,
    "one book change lost": lose_stream("btcusdt@depth@100ms"),
    "some trades lost": lose_stream("btcusdt@aggTrade"),
    "some candles lost": lose_stream("btcusdt@kline_1s"),
    "our clock is set forwards": set_clock(30.0),
    "our clock is set back": set_clock(-30.0),
    "our clock is set an hour back": set_clock(-3600.0),
    "the machine slept": sleep_and_keep_the_connection,
    "the machine slept, the connection died": sleep_and_lose_the_connection,
}

RETRIED_CODES = (1000, 1001, 1002, 1008, 1009, 1011, 1012, 1013, 1014, 3008, 4000, 4999)
FINAL_CODES = (1003, 1007, 1010, 3000, 3003)
RETRIED_STATUSES = (408, 425, 500, 502, 503, 504)
FINAL_STATUSES = (401, 403, 404, 426)

SPOKEN: dict[str, Act] = {
    "doubled messages": messages(doubles=0.3),
    "swapped messages": messages(swaps=0.2),
    "lost messages": messages(losses=0.05),
    "all of it": messages(doubles=0.1, swaps=0.1, losses=0.05, garbles=0.05),
    "garbled messages": messages(garbles=0.1),
    "garbage": say("%!PS-Adobe-3.0 {{{{"),
    "deep JSON": say("[" * 100_000),
    "binary frames": say(b"\x00\xff\x1b[2J" * 50),
    "16 MiB": say('"' + "x" * (16 * 2**20 - 2) + '"'),
    "more than 16 MiB": say('"' + "x" * (16 * 2**20 - 1) + '"'),
    "a burst of 10,000 messages": burst,
    "no pong": no_pong,
    "a close frame without code": hang_up(None),
    **{f"closed with {code}": hang_up(code) for code in RETRIED_CODES},
    **{f"refused with {status}": refuse_handshake(status) for status in RETRIED_STATUSES},
    "refused with 429 for 3 s": refuse_handshake(429, retry_after="3"),
    "refused with 429 until a date": refuse_handshake(
        429,
        retry_after="Fri, 15 Jan 2027 08:00:05 GMT",
        date="Fri, 15 Jan 2027 08:00:00 GMT",
    ),
    "refused with 429": refuse_handshake(429),
    "refused with 418 for 5 s": refuse_handshake(418, retry_after="5"),
    "requests: 429 for 2 s": requests(request_proxy.refusing(429, retry_after="2")),
    "requests: 418 for 4 s": requests(request_proxy.refusing(418, retry_after="4")),
    "requests: 500": requests(request_proxy.refusing(500)),
    "requests: 503 for 2 s": requests(request_proxy.refusing(503, retry_after="2")),
    "requests: a web page": requests(request_proxy.web_page),
    "requests: truncated": requests(request_proxy.truncated),
    "requests: half a body": requests(request_proxy.ends_early),
    "requests: wrong type": requests(request_proxy.mistyped),
    "requests: empty": requests(request_proxy.empty),
    "requests: other JSON": requests(request_proxy.other_json),
    "requests: no answer": requests(request_proxy.closing),
    "requests: slow": slow_requests,
    "requests: no snapshots": requests(request_proxy.refusing(503), "depth"),
    "requests: no candles": requests(request_proxy.web_page, "klines"),
}


@pytest.mark.parametrize("name", PLAIN)
async def test_a_fault_of_the_line_is_survived(name: str) -> None:
    async with World() as world:
        await _survive(world, PLAIN[name])


@pytest.mark.parametrize("name", SPOKEN)
async def test_a_fault_of_the_venue_is_survived(name: str) -> None:
    async with World(speaks=True) as world:
        await _survive(world, SPOKEN[name])


async def _survive(world: World, act: Act) -> None:
    world.want(EVERYTHING)
    await world.until_true()

    await act(world)
    await world.heal()

    await world.until_true(within_s=120.0)
    world.check()


@pytest.mark.parametrize("code", FINAL_CODES)
async def test_a_close_code_that_forbids_another_try_waits_for_the_user(code: int) -> None:
    async with World(speaks=True, kinds=[TransportKind.WEBSOCKET]) as world:
        await _give_up(world, hang_up(code))


@pytest.mark.parametrize("status", FINAL_STATUSES)
async def test_a_refusal_for_good_waits_for_the_user(status: int) -> None:
    async with World(speaks=True, kinds=[TransportKind.WEBSOCKET]) as world:
        await _give_up(world, refuse_handshake(status))


async def _give_up(world: World, act: Act) -> None:
    world.want(EVERYTHING)
    await world.until_true()

    await act(world)
    await world.until_state(ConnectionState.ERROR)
    handshakes = world.messages.handshakes
    await world.sleep(35.0)

    assert world.messages.handshakes == handshakes
    assert world.feed.health().state is ConnectionState.ERROR
    statuses = {world.market.truth(one).status for one in EVERYTHING}
    assert statuses == {SubscriptionStatus.STALE}
    world.feed.reconnect("asked by the user")
    await world.until_true()
    world.check()
