"""The server as a whole: limits of a connection, pings, slow clients, shutdown, and real time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tui.feed.clock import ManualClock
from tui.sim.limits import SimLimits
from tui.sim.market import SimMarket
from tui.sim.server import SimServer

START_NS = 1_800_000_030_000_000_000


@asynccontextmanager
async def serve(**options: Any) -> AsyncIterator[SimServer]:
    market = SimMarket(7, START_NS, regime="normal", symbols=["ETHBTC"])
    server = SimServer(market, **{"is_driven": False, **options})
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def count_reaches(server: SimServer, count: int) -> None:
    """Wait until the server has so many clients."""
    async with asyncio.timeout(5):
        while server.client_count != count:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0)


async def closing_of(socket: Any) -> ConnectionClosed:
    """Read until the connection ends and return how."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return closed


async def test_more_than_five_messages_a_second_close_the_connection() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, connect(server.endpoints["stream"] + "/ws") as socket:
        for number in range(6):
            await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))

        closed = await closing_of(socket)

    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (1008, "Too many requests")


async def test_five_messages_in_every_second_are_fine() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, connect(server.endpoints["stream"] + "/ws") as socket:
        for number in range(15):
            await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
            assert json.loads(await socket.recv())["id"] == number
            await clock.advance(0.25)


async def test_pings_count_as_messages() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, connect(server.endpoints["stream"] + "/ws") as socket:
        for _ in range(6):
            await socket.ping()

        closed = await closing_of(socket)

    assert closed.rcvd is not None
    assert closed.rcvd.code == 1008


async def test_a_control_message_over_4096_bytes_is_ignored() -> None:
    async with serve() as server, connect(server.endpoints["stream"] + "/ws") as socket:
        names = [f"symbol{number:04d}@trade" for number in range(300)]
        long = json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1})
        assert len(long) > 4096

        await socket.send(long)
        await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":2}')

        assert json.loads(await socket.recv()) == {"result": [], "id": 2}


async def test_the_server_pings_every_twenty_seconds() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, aiohttp.ClientSession() as session:
        url = server.endpoints["stream"] + "/ws"
        async with session.ws_connect(url, autoping=False) as socket:
            for seconds in (20, 40):
                await clock.advance(20)
                message = await socket.receive()
                assert message.type is aiohttp.WSMsgType.PING
                assert message.data == str(1_800_000_030_000 + seconds * 1000).encode()
                await socket.pong(message.data)


async def test_a_client_that_never_answers_a_ping_is_cut_after_a_minute() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, aiohttp.ClientSession() as session:
        url = server.endpoints["stream"] + "/ws"
        async with session.ws_connect(url, autoping=False) as socket:
            await clock.advance(59)
            assert server.client_count == 1

            await clock.advance(1)

            kinds = [(await socket.receive()).type for _ in range(3)]
            assert kinds[:2] == [aiohttp.WSMsgType.PING] * 2
            assert kinds[2] in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_an_unsolicited_pong_does_not_count_as_an_answer() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server, aiohttp.ClientSession() as session:
        url = server.endpoints["stream"] + "/ws"
        async with session.ws_connect(url, autoping=False) as socket:
            for _ in range(2):
                await clock.advance(20)
                await socket.pong(b"")
            await clock.advance(20)

            kinds = [(await socket.receive()).type for _ in range(3)]
            assert kinds[2] in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_a_connection_ends_after_a_day() -> None:
    clock = ManualClock(START_NS)
    limits = SimLimits(age_s=40.0)
    async with (
        serve(clock=clock, limits=limits) as server,
        connect(server.endpoints["stream"] + "/ws") as socket,
    ):
        await clock.advance(20)
        await socket.ping()
        await clock.advance(20)

        closed = await closing_of(socket)

    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001


async def test_too_many_connection_attempts_are_refused_with_429() -> None:
    async with serve(limits=SimLimits(connections=2)) as server:
        url = server.endpoints["stream"] + "/ws"
        async with connect(url), connect(url):
            with pytest.raises(InvalidStatus) as caught:
                await connect(url)

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "300"


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    async with (
        serve(limits=SimLimits(queue=50)) as server,
        connect(server.endpoints["stream"] + "/ws/ethbtc@depth20@100ms", max_queue=None) as good,
    ):
        slow = await connect(
            server.endpoints["stream"] + "/stream?streams=ethbtc@depth20@100ms", max_queue=1
        )
        slow.transport.pause_reading()
        for client in server._binance.clients:
            if client.is_combined:
                # A full socket stands still: what is queued for it can only grow.
                client._socket.send_str = lambda *_: asyncio.Event().wait()  # type: ignore[method-assign]
        for _ in range(60):
            server.market.advance(server.market.now_ns + 100_000_000)
            server._push()
            await asyncio.sleep(0)

        assert json.loads(await good.recv())["lastUpdateId"] > 0
        await count_reaches(server, 1)
        slow.transport.abort()


async def test_shutting_down_is_announced_before_the_close() -> None:
    async with serve() as server:
        raw = await connect(server.endpoints["stream"] + "/ws")
        combined = await connect(server.endpoints["stream"] + "/stream")
        await count_reaches(server, 2)

        await server.close()

        assert await raw.recv() == '{"e":"serverShutdown","E":1800000030000}'
        assert await combined.recv() == (
            '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1800000030000}}'
        )
        closed = await closing_of(raw)
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1001
        await closing_of(combined)


async def test_a_chosen_close_code_reaches_every_client() -> None:
    async with serve() as server, connect(server.endpoints["stream"] + "/ws") as socket:
        await server.close_clients(1008, "because")

        closed = await closing_of(socket)

    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (1008, "because")


async def test_cutting_leaves_no_close_frame() -> None:
    async with serve() as server, connect(server.endpoints["stream"] + "/ws") as socket:
        server.cut_clients()

        assert (await closing_of(socket)).rcvd is None


async def test_a_driven_market_follows_its_clock() -> None:
    clock = ManualClock(START_NS)
    async with (
        serve(clock=clock, is_driven=True) as server,
        connect(server.endpoints["stream"] + "/ws/ethbtc@kline_1s") as socket,
    ):
        await clock.advance(1.06)

        frame = json.loads(await socket.recv())

    assert frame["E"] == 1_800_000_031_000
    assert frame["k"]["x"] is True
    assert server.market.now_ns >= START_NS + 1_050_000_000


async def test_a_driven_market_skips_what_the_machine_slept_through() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock, is_driven=True) as server:
        await clock.advance(0.1)
        last = server.market.pair("ETHBTC").last_trade_id

        clock.set_time(START_NS + 3_600_000_000_000)
        await clock.advance(0.05)

        assert server.market.now_ns >= START_NS + 3_600_000_000_000
        assert server.market.pair("ETHBTC").last_trade_id == last


async def test_a_taken_port_is_an_error_that_leaves_nothing_behind() -> None:
    async with serve() as server:
        port = int(server.url.rpartition(":")[2])
        second = SimServer(SimMarket(1, START_NS, symbols=["ETHBTC"]))

        with pytest.raises(OSError, match="address already in use"):
            await second.start(port=port)

        await second.close()


async def test_a_market_that_fails_is_noticed() -> None:
    async with serve(is_driven=True) as server:

        def fail(to_ns: int) -> None:
            raise ZeroDivisionError("no price")

        server.market.advance = fail  # type: ignore[method-assign]

        with pytest.raises(ZeroDivisionError, match="no price"):
            async with asyncio.timeout(5):
                await server.failed()


@pytest.mark.parametrize("path", ["/ws", "/native/v1/stream", "/kraken/v2"])
async def test_a_client_that_is_gone_before_it_is_answered_is_no_error(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepare = web.WebSocketResponse.prepare

    async def prepare_too_late(response: Any, request: Any) -> Any:
        request.transport.abort()
        return await prepare(response, request)

    monkeypatch.setattr(web.WebSocketResponse, "prepare", prepare_too_late)
    async with serve() as server:
        with pytest.raises(InvalidMessage):
            await connect(server.endpoints["stream"] + path)

    assert caplog.records == []
