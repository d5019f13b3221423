"""The native protocol by server-sent events, long polls, polls and plain requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from native_clients import Book, EventClient, engine_book, numbers, of_type
from yarl import URL

from tui.feed.clock import ManualClock
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import TransportKind
from tui.sim.market import SimMarket
from tui.sim.native.limits import NativeLimits
from tui.sim.native.texts import Digits
from tui.sim.server import SimServer

START_NS = 1_800_000_030_000_000_000
START_MS = 1_800_000_030_000

Answer = tuple[int, Any, Mapping[str, str]]


class Visitor:
    """An HTTP client of one server; its connections are used once, so that nothing is tried again."""

    def __init__(self, server: SimServer) -> None:
        self._rest = server.native_endpoints["rest"]
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self._streams: list[aiohttp.ClientResponse] = []

    async def __aenter__(self) -> Visitor:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for stream in self._streams:
            stream.close()
        await self._session.close()

    def _url(self, path: str) -> URL:
        return URL(f"{self._rest}/{path}", encoded=True)

    async def get(self, path: str, **headers: str) -> Answer:
        """`status, body, headers`; a header's name is written with underscores."""
        async with self._session.get(self._url(path), headers=_names(headers)) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def listen(self, channels: str, **headers: str) -> EventClient:
        response = await self._session.get(
            self._url(f"events?channels={channels}"), headers=_names(headers)
        )
        self._streams.append(response)
        assert response.status == 200
        return EventClient(response)


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
async def visitor(server: SimServer) -> AsyncIterator[Visitor]:
    async with Visitor(server) as visitor:
        yield visitor


@asynccontextmanager
async def visit(**options: Any) -> AsyncIterator[tuple[SimServer, Visitor]]:
    market = SimMarket(7, START_NS, regime="normal", symbols=["ETHBTC"])
    server = SimServer(market, **{"is_driven": False, **options})
    await server.start()
    try:
        async with Visitor(server) as visitor:
            yield server, visitor
    finally:
        await server.close()


async def count_reaches(server: SimServer, count: int) -> None:
    async with asyncio.timeout(5):
        while server.client_count != count:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0)


# -- server-sent events --------------------------------------------------------------------------


async def test_an_event_stream_begins_with_the_answers_and_the_state(visitor: Visitor) -> None:
    events = await visitor.listen("ticker:BTCUSDT,candles.7m:BTCUSDT")

    assert events.response.headers["Content-Type"] == "text/event-stream"
    assert await events.next() == {"retry": "1000"}
    refused, accepted, state = [await events.next() for _ in range(3)]
    assert refused["event"] == "error"
    assert json.loads(refused["data"])["channel"] == {
        "channel": "candles",
        "symbol": "BTCUSDT",
        "timeframe": "7m",
    }
    assert "id" not in accepted
    assert json.loads(accepted["data"]) == {
        "type": "status",
        "status": "subscribed",
        "time": START_MS,
    }
    ticker = json.loads(state["data"])
    assert (state["event"], state["id"]) == ("ticker_update", str(ticker["seq"]))
    assert ticker["snapshot"] is True


async def test_an_event_stream_rebuilds_exactly_the_engines_book(
    server: SimServer, visitor: Visitor
) -> None:
    events = await visitor.listen("orderbook:BTCUSDT")
    await count_reaches(server, 1)
    await server.advance(3)

    book = Book()
    while book.version != server.market.pair("BTCUSDT").engine.update_id:
        message = await events.message()
        if message["type"] == "orderbook_update":
            book.take(message)

    assert numbers(book.document) == engine_book(server.market, "BTCUSDT")


async def test_last_event_id_brings_what_was_missed_each_once(
    server: SimServer, visitor: Visitor
) -> None:
    channels = "trades:BTCUSDT,ticker:BTCUSDT,trades:PEPEUSDT"
    events = await visitor.listen(channels)
    await count_reaches(server, 1)
    await server.advance(5)
    seen = [await events.message() for _ in range(20)]
    events.response.close()
    await count_reaches(server, 0)
    await server.advance(5)

    last = seen[-1]["seq"]
    again = await visitor.listen(channels, Last_Event_ID=str(last))
    await count_reaches(server, 1)
    await server.advance(5)
    seen += await again.upto(max(tape.newest for tape in server._native._tapes._tapes.values()))

    for symbol in ("BTCUSDT", "PEPEUSDT"):
        told = [m for m in of_type(seen, "trade_update") if m["symbol"] == symbol]
        ids = [trade["id"] for message in told for trade in message["trades"]]
        assert ids == list(range(ids[0], server.market.pair(symbol).last_trade_id + 1))


async def test_since_in_the_query_resumes_and_last_event_id_wins_over_it(
    server: SimServer, visitor: Visitor
) -> None:
    await visitor.get("messages?channels=trades:BTCUSDT")
    await server.advance(5)
    _, body, _ = await visitor.get(f"messages?channels=trades:BTCUSDT&since={START_MS * 1000}")
    first, second = [message["seq"] for message in body["messages"]][:2]

    by_query = await visitor.listen(f"trades:BTCUSDT&since={START_MS * 1000}")
    by_header = await visitor.listen(
        f"trades:BTCUSDT&since={START_MS * 1000}", Last_Event_ID=str(first)
    )

    assert [(await by_query.message()).get("seq") for _ in range(2)] == [None, first]
    assert [(await by_header.message()).get("seq") for _ in range(2)] == [None, second]


async def test_a_comment_keeps_a_quiet_stream_alive() -> None:
    clock = ManualClock(START_NS)
    async with visit(clock=clock) as (server, visitor):
        events = await visitor.listen("alerts")
        await events.message()
        await count_reaches(server, 1)

        await clock.advance(15)

        assert await events.next() == {"": "still here"}


async def test_the_end_of_the_server_is_told_to_event_streams() -> None:
    async with visit() as (server, visitor):
        events = await visitor.listen("trades:ETHBTC")
        await events.message()

        await server.close()

        assert (await events.message())["status"] == "closing"
        with pytest.raises(EOFError):
            await events.next()


async def test_an_event_stream_that_is_not_read_is_cut() -> None:
    async with visit(native_limits=NativeLimits(queue=20)) as (server, visitor):
        events = await visitor.listen("orderbook:ETHBTC")
        await events.message()
        (client,) = server._native._clients
        client._write = lambda batch: asyncio.Event().wait()  # type: ignore[assignment, method-assign]
        for _ in range(40):
            server.market.advance(server.market.now_ns + NS // 10)
            server._push()

        await count_reaches(server, 0)


@pytest.mark.parametrize("path", ["events", "messages", "messages?channels="])
async def test_nothing_to_listen_to_is_a_bad_request(visitor: Visitor, path: str) -> None:
    status, body, _ = await visitor.get(path)

    assert (status, body) == (400, {"code": "bad_request", "message": "no channels are named"})


# -- polls ---------------------------------------------------------------------------------------


async def test_a_first_poll_brings_the_state_and_a_cursor(visitor: Visitor) -> None:
    status, body, headers = await visitor.get(
        "messages?channels=ticker:BTCUSDT,trades:BTCUSDT,ticker:FOO"
    )

    assert status == 200
    assert [message["type"] for message in body["messages"]] == ["error", "ticker_update"]
    assert body["messages"][0]["code"] == "unknown_symbol"
    assert body["cursor"] == str(body["messages"][1]["seq"])
    assert headers["ETag"].startswith('"')


async def test_polls_by_cursor_bring_every_message_once(
    server: SimServer, visitor: Visitor
) -> None:
    channels = "orderbook:BTCUSDT,trades:BTCUSDT"
    _, body, _ = await visitor.get(f"messages?channels={channels}")
    messages = body["messages"]
    first = server.market.pair("BTCUSDT").last_trade_id + 1
    for _ in range(5):
        await server.advance(0.77)
        _, body, _ = await visitor.get(f"messages?channels={channels}&cursor={body['cursor']}")
        messages += body["messages"]
    await server.advance(0.15)
    _, body, _ = await visitor.get(f"messages?channels={channels}&cursor={body['cursor']}")
    messages += body["messages"]

    book = Book()
    for message in of_type(messages, "orderbook_update"):
        book.take(message)
    assert numbers(book.document) == engine_book(server.market, "BTCUSDT")
    ids = [t["id"] for message in of_type(messages, "trade_update") for t in message["trades"]]
    assert ids == list(range(first, server.market.pair("BTCUSDT").last_trade_id + 1))


async def test_a_poll_with_nothing_new_is_a_304(server: SimServer, visitor: Visitor) -> None:
    for path in ("messages?channels=trades:BTCUSDT", "messages?channels=trades:BTCUSDT&cursor="):
        _, body, headers = await visitor.get("messages?channels=trades:BTCUSDT")
        path = path + body["cursor"] if path.endswith("=") else path
        tag = headers["ETag"]

        status, nothing, headers = await visitor.get(path, If_None_Match=tag)
        assert (status, nothing, headers["ETag"]) == (304, None, tag)
        assert (await visitor.get(path, If_None_Match=f"W/{tag}"))[0] == 304

        await server.advance(3)
        status, body, headers = await visitor.get(path, If_None_Match=tag)
        assert (status, headers["ETag"] == tag) == (200, False)


async def test_a_tag_does_not_hide_what_comes_after_an_older_cursor(
    server: SimServer, visitor: Visitor
) -> None:
    _, begun, _ = await visitor.get("messages?channels=trades:BTCUSDT")
    await server.advance(3)
    path = f"messages?channels=trades:BTCUSDT&cursor={begun['cursor']}"
    _, first, headers = await visitor.get(path)

    status, again, _ = await visitor.get(path, If_None_Match=headers["ETag"])

    assert (status, again["messages"]) == (200, first["messages"])


async def test_a_cursor_expires_when_a_message_after_it_is_gone() -> None:
    clock = ManualClock(START_NS)
    async with visit(clock=clock) as (server, visitor):
        path = "messages?channels=orderbook:ETHBTC"
        _, body, _ = await visitor.get(path)
        await clock.advance(119)
        await server.advance(2)
        status, body, _ = await visitor.get(f"{path}&cursor={body['cursor']}")
        assert status == 200
        await clock.advance(121)
        await server.advance(2)

        status, refused, _ = await visitor.get(f"{path}&cursor={body['cursor']}")

    assert (status, refused["code"]) == (410, "cursor_expired")


async def test_a_cursor_of_the_future_is_expired_and_nonsense_is_refused(visitor: Visitor) -> None:
    path = "messages?channels=trades:BTCUSDT&cursor="

    future = await visitor.get(f"{path}{START_MS * 2000}")
    nonsense = await visitor.get(f"{path}soon")

    assert (future[0], future[1]["code"]) == (410, "cursor_expired")
    assert (nonsense[0], nonsense[1]["code"]) == (400, "bad_request")


async def test_a_cursor_after_which_nothing_was_said_does_not_expire(
    server: SimServer, visitor: Visitor
) -> None:
    _, body, _ = await visitor.get("messages?channels=alerts")
    await visitor.get("messages?channels=ticker:BTCUSDT")
    await server.advance(60)

    status, later, _ = await visitor.get(f"messages?channels=alerts&cursor={body['cursor']}")

    assert (status, later["messages"]) == (200, [])


async def test_a_long_poll_is_held_until_there_is_a_message(
    server: SimServer, visitor: Visitor
) -> None:
    _, body, _ = await visitor.get("messages?channels=trades:BTCUSDT", Prefer="wait=25")
    path = f"messages?channels=trades:BTCUSDT&cursor={body['cursor']}"
    held = asyncio.create_task(visitor.get(path, Prefer="wait=25"))
    await is_held(server)
    assert not held.done()

    await server.advance(3)

    status, body, _ = await held
    assert status == 200
    assert body["messages"][0]["type"] == "trade_update"


async def test_a_long_poll_brings_at_once_what_is_there(
    server: SimServer, visitor: Visitor
) -> None:
    _, body, _ = await visitor.get("messages?channels=trades:BTCUSDT")
    await server.advance(3)

    path = f"messages?channels=trades:BTCUSDT&cursor={body['cursor']}"
    _, body, _ = await visitor.get(path, Prefer="respond-async, wait=25")

    assert len(body["messages"]) > 3


async def test_a_long_poll_ends_empty_after_its_time() -> None:
    clock = ManualClock(START_NS)
    async with visit(clock=clock) as (server, visitor):
        _, body, _ = await visitor.get("messages?channels=alerts", Prefer="wait=25")
        path = f"messages?channels=alerts&cursor={body['cursor']}"
        held = asyncio.create_task(visitor.get(path, Prefer="wait=25"))
        await is_held(server)
        await clock.advance(24)
        assert not held.done()
        await clock.advance(1)

        assert (await held)[:2] == (200, {"messages": [], "cursor": body["cursor"]})


async def is_held(server: SimServer) -> None:
    """Wait until the server holds a poll."""
    async with asyncio.timeout(5):
        while not server._native._polls._held:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0)


async def test_held_polls_are_answered_when_connections_are_closed() -> None:
    async with visit() as (server, visitor):
        _, body, _ = await visitor.get("messages?channels=alerts")
        path = f"messages?channels=alerts&cursor={body['cursor']}"
        for end in (server.close_clients, server.close):
            held = asyncio.create_task(visitor.get(path, Prefer="wait=25"))
            await is_held(server)

            await end()

            status, answer, _ = await held
            assert (status, answer["messages"]) == (200, [])


async def test_held_polls_are_cut_with_everything_else(server: SimServer, visitor: Visitor) -> None:
    _, body, _ = await visitor.get("messages?channels=alerts")
    url = URL(server.native_endpoints["rest"])
    reader, writer = await asyncio.open_connection(url.host, url.port)
    path = f"{url.path}/messages?channels=alerts&cursor={body['cursor']}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nPrefer: wait=25\r\n\r\n".encode())
    await is_held(server)

    server.cut_clients()

    assert await reader.read() == b""
    writer.close()


# -- refusing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path", "headers"),
    [
        (TransportKind.SSE, "events?channels=alerts", {}),
        (TransportKind.POLL, "messages?channels=alerts", {}),
        (TransportKind.LONG_POLL, "messages?channels=alerts", {"Prefer": "wait=20"}),
    ],
)
async def test_each_transport_is_refused_alone(
    server: SimServer, visitor: Visitor, kind: TransportKind, path: str, headers: dict[str, str]
) -> None:
    for other in TransportKind:
        if other is not kind:
            server.refuse(other, 404)
    async with asyncio.timeout(5):
        if kind is TransportKind.SSE:
            (await visitor.listen("alerts")).response.close()
        else:
            assert (await visitor.get(path, **headers))[0] == 200
    for other in TransportKind:
        server.allow(other)

    server.refuse(kind, 503, retry_after_s=9)

    async with visitor._session.get(visitor._url(path), headers=headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "9")
    assert (await visitor.get("time"))[0] == 200


async def test_an_event_stream_can_be_silenced(server: SimServer, visitor: Visitor) -> None:
    server.silence(TransportKind.SSE)
    events = await visitor.listen("ticker:BTCUSDT")
    await server.advance(2)

    await server.close_clients()

    with pytest.raises(EOFError):
        await events.next()


async def test_a_poll_that_is_silenced_is_held_until_connections_are_closed(
    server: SimServer, visitor: Visitor
) -> None:
    server.silence(TransportKind.POLL)
    held = asyncio.create_task(visitor.get("messages?channels=alerts"))
    async with asyncio.timeout(5):
        while not server._gate._held:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0)

    await server.close_clients()

    assert (await held)[0] == 503


@pytest.mark.parametrize("path", ["events?channels=alerts", "messages?channels=alerts", "symbols"])
async def test_requests_need_the_token_where_one_is_wanted(
    server: SimServer, visitor: Visitor, path: str
) -> None:
    server.require("swordfish", "pike")

    status, body, headers = await visitor.get(path)
    assert (status, body["code"], headers["WWW-Authenticate"]) == (401, "unauthorized", "Bearer")
    assert (await visitor.get(path, Authorization="Bearer cod"))[0] == 401
    assert (await visitor.get(path, Authorization="Basic pike"))[0] == 401
    async with visitor._session.get(
        visitor._url(path), headers={"Authorization": "Bearer pike"}
    ) as response:
        assert response.status == 200


async def test_too_many_requests_are_a_429() -> None:
    limits = NativeLimits(gets=2)
    async with visit(native_limits=limits, clock=ManualClock(START_NS)) as (_, visitor):
        statuses = [(await visitor.get("time"))[0] for _ in range(3)]
        _, body, headers = await visitor.get("time")

    assert statuses == [200, 200, 429]
    assert body == {"code": "rate_limited", "message": "too many requests"}
    assert headers["Retry-After"] == "1"


# -- history and the state now -------------------------------------------------------------------


async def test_the_time_and_the_symbols(visitor: Visitor) -> None:
    assert (await visitor.get("time"))[:2] == (200, {"time": START_MS})
    assert (await visitor.get("symbols?symbols=BTCUSDT,FOO"))[:2] == (
        200,
        {
            "symbols": [
                {
                    "symbol": "BTCUSDT",
                    "base": "BTC",
                    "quote": "USDT",
                    "tick_size": "0.01",
                    "size_step": "0.00001",
                    "trading": True,
                    "status": "trading",
                }
            ]
        },
    )
    _, body, _ = await visitor.get("symbols")
    assert [row["symbol"] for row in body["symbols"]] == ["BTCUSDT", "PEPEUSDT"]


async def test_tickers_of_all_or_of_some(visitor: Visitor) -> None:
    _, everything, _ = await visitor.get("tickers")
    _, some, _ = await visitor.get("tickers?symbols=PEPEUSDT,FOO")

    assert [row["symbol"] for row in everything] == ["BTCUSDT", "PEPEUSDT"]
    assert some == everything[1:]
    assert "seq" not in some[0]


async def test_candles_from_a_start_or_the_newest(server: SimServer, visitor: Visitor) -> None:
    path = "candles?symbol=BTCUSDT&timeframe=1m"
    open_ms = START_MS - 30_000

    _, newest, _ = await visitor.get(f"{path}&limit=3")
    _, first, _ = await visitor.get(f"{path}&limit=2&start={open_ms - 600_000}")
    _, range_, _ = await visitor.get(f"{path}&start={open_ms - 120_000}&end={open_ms - 60_000}")
    _, before, _ = await visitor.get(f"{path}&limit=2&end={open_ms - 60_001}")

    assert [c["time"] for c in newest["candles"]] == [open_ms - 120_000, open_ms - 60_000, open_ms]
    assert [c.get("closed") for c in newest["candles"]] == [True, True, None]
    assert [c["time"] for c in first["candles"]] == [open_ms - 600_000, open_ms - 540_000]
    assert range_["candles"] == newest["candles"][:2]
    assert [c["time"] for c in before["candles"]] == [open_ms - 180_000, open_ms - 120_000]
    bar = server.market.pair("BTCUSDT").ledger.candle(
        Timeframe.parse("1m"), (open_ms - 60_000) * 1_000_000
    )
    digits = Digits(server.market.listings["BTCUSDT"])
    found = newest["candles"][1]
    assert (found["open"], found["close"], found["volume"], found["trades"]) == (
        digits.price(bar.open),
        digits.price(bar.close),
        digits.size(bar.volume),
        bar.trades,
    )


async def test_trades_from_an_id_or_the_newest(server: SimServer, visitor: Visitor) -> None:
    last = server.market.pair("BTCUSDT").last_trade_id

    _, newest, _ = await visitor.get("trades?symbol=BTCUSDT&limit=3")
    _, found, _ = await visitor.get(f"trades?symbol=BTCUSDT&from_id={last - 5}&limit=2")
    _, none, _ = await visitor.get(f"trades?symbol=BTCUSDT&from_id={last + 1}")

    assert [trade["id"] for trade in newest["trades"]] == [last - 2, last - 1, last]
    assert [trade["id"] for trade in found["trades"]] == [last - 5, last - 4]
    assert none == {"type": "trade_update", "symbol": "BTCUSDT", "trades": []}


async def test_the_order_book_is_that_of_the_stream(server: SimServer, visitor: Visitor) -> None:
    _, whole, _ = await visitor.get("orderbook?symbol=BTCUSDT")
    _, top, _ = await visitor.get("orderbook?symbol=BTCUSDT&depth=2")
    assert numbers(whole["book"]) == engine_book(server.market, "BTCUSDT")
    assert whole["version"] == server.market.pair("BTCUSDT").engine.update_id
    assert numbers(top["book"]) == engine_book(server.market, "BTCUSDT", 2)

    events = await visitor.listen("orderbook:BTCUSDT")
    await count_reaches(server, 1)
    await server.advance(0.95)
    _, between, _ = await visitor.get("orderbook?symbol=BTCUSDT")
    versions = []
    while between["version"] not in versions:
        versions.append((await events.message()).get("version"))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("candles?symbol=FOO&timeframe=1m", "unknown_symbol"),
        ("candles?timeframe=1m", "bad_request"),
        ("candles?symbol=BTCUSDT", "bad_request"),
        ("candles?symbol=BTCUSDT&timeframe=7m", "unknown_timeframe"),
        ("candles?symbol=BTCUSDT&timeframe=1m&start=now", "bad_request"),
        ("trades?symbol=BTCUSDT&limit=-1", "bad_request"),
        ("orderbook?symbol=FOO", "unknown_symbol"),
    ],
)
async def test_a_refusal_says_why(visitor: Visitor, path: str, code: str) -> None:
    status, body, _ = await visitor.get(path)

    assert (status, body["code"]) == (400, code)
    assert body["message"]


async def test_what_is_not_there_is_a_404(visitor: Visitor) -> None:
    status, body, _ = await visitor.get("orders")

    assert (status, body["code"]) == (404, "not_found")
