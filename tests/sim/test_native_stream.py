"""The native protocol by WebSocket: requests, answers, and that what is said is the market's truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from native_clients import Book, SocketClient, engine_book, frame, numbers, of_type
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tui.feed.clock import ManualClock
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import TransportKind
from tui.sim.market import Aggregate, SimMarket
from tui.sim.native.limits import NativeLimits
from tui.sim.native.texts import Digits
from tui.sim.regimes import Regime
from tui.sim.server import SimServer

START_NS = 1_800_000_030_000_000_000
START_MS = 1_800_000_030_000

Open = Callable[[], Awaitable[SocketClient]]


@pytest.fixture
async def open_socket(server: SimServer) -> AsyncIterator[Open]:
    sockets: list[ClientConnection] = []

    async def open_one() -> SocketClient:
        sockets.append(await connect(server.native_endpoints["stream"] + "/stream", max_queue=None))
        return SocketClient(sockets[-1])

    yield open_one
    for socket in sockets:
        await socket.close()


@pytest.fixture
async def client(open_socket: Open) -> SocketClient:
    return await open_socket()


@asynccontextmanager
async def serve(**options: Any) -> AsyncIterator[SimServer]:
    market = SimMarket(7, START_NS, regime="normal", symbols=["ETHBTC"])
    server = SimServer(market, **{"is_driven": False, **options})
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def closing_of(socket: ClientConnection) -> tuple[int | None, list[dict[str, Any]]]:
    """Read until the end: the close code, None for a cut, and what was said before it."""
    said = []
    while True:
        try:
            said += frame(await socket.recv())
        except ConnectionClosed as closed:
            return (closed.rcvd.code if closed.rcvd else None), said


# -- requests ------------------------------------------------------------------------------------


async def test_a_subscription_is_acknowledged_before_its_state(client: SocketClient) -> None:
    said = await client.ask("subscribe", "ticker:BTCUSDT", "trades:BTCUSDT")

    assert said[0] == {"type": "status", "id": 1, "status": "subscribed", "time": START_MS}
    assert [message["type"] for message in said[1:]] == ["ticker_update"]
    assert said[1]["snapshot"] is True


async def test_one_bad_channel_is_refused_and_the_others_are_served(client: SocketClient) -> None:
    said = await client.ask("subscribe", "ticker:BTCUSDT", "candles.7m:BTCUSDT", "ticker:FOO")

    assert said[:2] == [
        {
            "type": "error",
            "id": 1,
            "channel": {"channel": "candles", "symbol": "BTCUSDT", "timeframe": "7m"},
            "code": "unknown_timeframe",
            "message": "no candles of 7m",
        },
        {
            "type": "error",
            "id": 1,
            "channel": {"channel": "ticker", "symbol": "FOO"},
            "code": "unknown_symbol",
            "message": "there is no symbol FOO",
        },
    ]
    assert [message["type"] for message in said[2:]] == ["status", "ticker_update"]


@pytest.mark.parametrize(
    ("request_text", "code", "words"),
    [
        ("nonsense", "bad_request", "malformed"),
        ('{"id": 1}', "bad_request", "type"),
        ('{"type": "subscribe", "channels": []}', "bad_request", "positive id"),
        ('{"type": "subscribe", "id": 1}', "bad_request", "no channels"),
        ('{"type": "dance", "id": 1}', "bad_request", "no request dance"),
        ('{"type": "subscribe", "id": 1, "channels": [{"channel": 5}]}', "bad_request", "str"),
        (
            '{"type": "filter", "id": 1, "min_size": "-1", "channels": [{"channel": "trades"}]}',
            "bad_request",
            "min_size is not a number",
        ),
        (
            '{"type": "subscribe", "id": 1, "channels": [{"channel": "orders", "symbol": "X"}]}',
            "unknown_channel",
            "orders",
        ),
        (
            '{"type": "subscribe", "id": 1, "channels": [{"channel": "ticker"}]}',
            "bad_request",
            "needs a symbol",
        ),
    ],
)
async def test_what_is_not_understood_is_answered_and_the_connection_stays(
    client: SocketClient, request_text: str, code: str, words: str
) -> None:
    await client.socket.send(request_text)

    error = (await client.heard())[0]

    assert (error["type"], error["code"]) == ("error", code)
    assert words in error["message"]


async def test_a_heartbeat_is_answered_by_a_pong_with_its_id(client: SocketClient) -> None:
    assert await client.ask("heartbeat") == [{"type": "pong", "id": 1, "time": START_MS}]


async def test_subscribing_again_brings_the_state_once_more_and_no_message_twice(
    server: SimServer, client: SocketClient
) -> None:
    await client.ask("subscribe", "ticker:BTCUSDT")
    again = await client.ask("subscribe", "ticker:BTCUSDT")
    await server.advance(2)

    assert [message["type"] for message in again] == ["status", "ticker_update"]
    positions = [message["seq"] for message in await client.heard()]
    assert positions == sorted(set(positions))


async def test_what_is_unsubscribed_falls_silent(server: SimServer, client: SocketClient) -> None:
    await client.ask("subscribe", "ticker:BTCUSDT", "trades:PEPEUSDT")
    await client.ask("unsubscribe", "ticker:BTCUSDT", "ticker:PEPEUSDT")
    await server.advance(3)

    assert {message["symbol"] for message in await client.heard()} == {"PEPEUSDT"}


async def test_a_snapshot_comes_once_without_a_subscription(
    server: SimServer, client: SocketClient
) -> None:
    book = engine_book(server.market, "PEPEUSDT")
    said = await client.ask("snapshot", "orderbook:PEPEUSDT", "trades:PEPEUSDT")
    await server.advance(2)

    assert [message["type"] for message in said] == ["status", "orderbook_update"]
    assert numbers(said[1]["book"]) == book
    assert await client.heard() == []


async def test_a_filter_leaves_small_trades_out_until_it_is_taken_away(
    server: SimServer, client: SocketClient
) -> None:
    server.market.set_regime("busy")
    await client.ask("subscribe", "trades:BTCUSDT")
    assert (await client.ask("filter", "trades:BTCUSDT", min_size="0.1"))[0]["status"] == "filtered"
    await server.advance(20)
    filtered = await client.heard()
    await client.ask("filter", "trades:BTCUSDT", min_size="0")
    await server.advance(5)
    everything = await client.heard()

    sizes = [float(trade["size"]) for message in filtered for trade in message["trades"]]
    assert sizes
    assert min(sizes) >= 0.1
    assert all("prev" not in message for message in filtered)
    assert min(float(t["size"]) for message in everything for t in message["trades"]) < 0.1


# -- what is said is so --------------------------------------------------------------------------


async def test_patches_rebuild_exactly_the_engines_book(
    server: SimServer, client: SocketClient
) -> None:
    server.market.set_regime("busy")
    book = Book()
    said = await client.ask("subscribe", "orderbook:BTCUSDT")
    await server.advance(5)
    said += await client.heard()

    updates = of_type(said, "orderbook_update")
    for message in updates:
        book.take(message)

    assert len(updates) > 40
    assert all("patch" in message for message in updates[1:])
    assert numbers(book.document) == engine_book(server.market, "BTCUSDT")
    assert book.version == server.market.pair("BTCUSDT").engine.update_id


async def test_the_top_of_a_book_is_a_document_of_its_own(
    server: SimServer, client: SocketClient
) -> None:
    book = Book()
    said = await client.ask("subscribe", "orderbook.5:BTCUSDT")
    await server.advance(5)
    said += await client.heard()

    for message in of_type(said, "orderbook_update"):
        assert message["depth"] == 5
        book.take(message)
        assert len(book.document["bids"]) == len(book.document["asks"]) == 5

    assert numbers(book.document) == engine_book(server.market, "BTCUSDT", 5)


async def test_who_joins_between_two_messages_goes_on_with_the_next(
    server: SimServer, client: SocketClient, open_socket: Open
) -> None:
    await client.ask("subscribe", "orderbook:BTCUSDT")
    await server.advance(0.95)
    late = await open_socket()
    said = await late.ask("subscribe", "orderbook:BTCUSDT")
    await server.advance(1.05)
    said += await late.heard()

    book = Book()
    for message in of_type(said, "orderbook_update"):
        book.take(message)

    assert numbers(book.document) == engine_book(server.market, "BTCUSDT")


async def test_trades_are_those_of_the_other_protocol_each_once(
    server: SimServer, client: SocketClient
) -> None:
    await client.ask("subscribe", "trades:BTCUSDT")
    pair = server.market.pair("BTCUSDT")
    first = pair.last_trade_id + 1
    await server.advance(10)

    trades = [trade for message in await client.heard() for trade in message["trades"]]

    digits = Digits(pair.listing)
    assert [
        (t["id"], t["price"], t["size"], t["side"] == "sell", round(t["time"] * 1000))
        for t in trades
    ] == [
        (f.trade_id, digits.price(f.price), digits.size(f.lots), f.is_sell, f.ts_ns // 1000)
        for f in pair.executions
        if f.trade_id >= first
    ]


async def test_trades_name_the_message_before_them(server: SimServer, client: SocketClient) -> None:
    await client.ask("subscribe", "trades:BTCUSDT")
    await server.advance(5)

    said = await client.heard()

    assert len(said) > 5
    assert [message["prev"] for message in said[1:]] == [message["seq"] for message in said[:-1]]


async def test_candles_close_once_with_the_engines_figures(
    server: SimServer, client: SocketClient
) -> None:
    said = await client.ask("subscribe", "candles.1m:BTCUSDT")
    await server.advance(95)
    said += await client.heard()

    candles = [c for message in of_type(said, "candle_update") for c in message["candles"]]
    closed = {c["time"]: c for c in candles if c.get("closed")}
    assert sorted(closed) == [START_MS - 90_000, START_MS - 30_000, START_MS + 30_000]
    ledger = server.market.pair("BTCUSDT").ledger
    bar = ledger.candle(Timeframe.parse("1m"), START_NS - 30 * NS)
    found = closed[START_MS - 30_000]
    digits = Digits(server.market.listings["BTCUSDT"])
    assert [found[name] for name in ("open", "high", "low", "close")] == [
        digits.price(ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)
    ]
    assert (found["volume"], found["trades"]) == (digits.size(bar.volume), bar.trades)
    assert candles[-1]["time"] == START_MS + 90_000
    assert "closed" not in candles[-1]


async def test_the_ticker_says_the_best_prices_and_the_day(
    server: SimServer, client: SocketClient
) -> None:
    said = await client.ask("subscribe", "ticker:BTCUSDT")
    await server.advance(10)
    said += await client.heard()

    known: dict[str, Any] = {}
    for message in said[1:]:
        known |= message
    pair = server.market.pair("BTCUSDT")
    digits = Digits(pair.listing)
    bids, asks = pair.engine.top(1)
    assert (known["bid"], known["bid_size"]) == (digits.price(bids[0][0]), digits.size(bids[0][1]))
    assert (known["ask"], known["ask_size"]) == (digits.price(asks[0][0]), digits.size(asks[0][1]))
    assert known["last"] == digits.price(pair.ledger.price)
    assert float(known["low"]) <= float(known["last"]) <= float(known["high"])
    assert known["change_percent"]


async def test_a_price_that_changes_alone_comes_alone(
    server: SimServer, client: SocketClient
) -> None:
    await client.ask("subscribe", "ticker:BTCUSDT")
    pair = server.market.pair("BTCUSDT")
    is_buy = pair.engine.best_ask != pair.ledger.price
    (fill,) = pair.engine.take(is_buy=is_buy, lots=1)
    pair.engine.place(is_bid=not is_buy, price=fill.price, lots=1)
    pair._record(server.market.now_ns, [fill])

    server.market.now_ns += NS // 10  # as if nothing else had happened
    server._push()

    price = Digits(pair.listing).price(fill.price)
    assert of_type(await client.heard(), "price_update") == [
        {
            "type": "price_update",
            "seq": START_MS * 1000 + 3,
            "symbol": "BTCUSDT",
            "time": START_MS + 100,
            "price": price,
        }
    ]


async def test_metrics_are_the_markets_own(server: SimServer, client: SocketClient) -> None:
    said = await client.ask("subscribe", "metrics:BTCUSDT", "metrics")
    await server.advance(3)
    said += await client.heard()

    of_pair = [m for m in of_type(said, "metrics") if m.get("symbol") == "BTCUSDT"]
    newest = of_pair[-1]["values"]
    pair = server.market.pair("BTCUSDT")
    recent = [f for f in pair.executions if f.ts_ns > START_NS - 7 * NS]
    assert newest["trades_per_s"] == len(recent) / 10
    assert set(newest) == {"trades_per_s", "volume_per_s", "spread", "imbalance"}
    assert of_type(said, "metrics")[1]["values"] == {"clients": 1, "topics": 2}


async def test_a_turn_of_the_market_is_an_alert_and_a_status(
    server: SimServer, client: SocketClient
) -> None:
    said = await client.ask("subscribe", "alerts", "status", "status:BTCUSDT")
    server.market.set_regime(Regime.CRASH)
    await server.advance(1)
    later = await client.heard()

    assert [(m.get("symbol"), m["status"], m.get("text")) for m in said[1:]] == [
        (None, "open", "simulated, normal"),
        ("BTCUSDT", "trading", None),
    ]
    assert [(m["type"], m["text"]) for m in later] == [
        ("alert", "the market turns crash"),
        ("status", "simulated, crash"),
    ]
    assert (later[0]["level"], later[0]["key"]) == ("critical", "regime")


async def test_a_crash_is_told_as_a_sharp_move(server: SimServer, client: SocketClient) -> None:
    await client.ask("subscribe", "alerts:BTCUSDT")
    server.market.set_regime(Regime.CRASH)
    await server.advance(30)

    alerts = await client.heard()

    moves = [alert for alert in alerts if alert["key"] == "move"]
    assert moves
    assert moves[0]["text"].startswith("-")
    assert moves[0]["symbol"] == "BTCUSDT"


async def test_a_large_trade_is_told(server: SimServer, client: SocketClient) -> None:
    await client.ask("subscribe", "alerts:BTCUSDT")
    pair = server.market.pair("BTCUSDT")
    lots = pair.listing.lots(8 * pair.listing.order_size)
    aggregate = Aggregate(1, 6_852_400, lots, 1, 1, server.market.now_ns, is_sell=True)
    pair.new_aggregates.append(aggregate)

    server._push()

    (alert,) = await client.heard()
    assert (alert["level"], alert["key"]) == ("info", "large_trade")
    assert alert["text"] == "0.88000 BTC sold at 68524.00"


# -- resuming ------------------------------------------------------------------------------------


async def test_who_resumes_gets_the_trades_that_were_missed_and_no_others(
    server: SimServer, client: SocketClient, open_socket: Open
) -> None:
    await client.ask("subscribe", "trades:BTCUSDT", "trades:PEPEUSDT", "ticker:BTCUSDT")
    await server.advance(5)
    before = await client.heard()
    await client.socket.close()
    await server.advance(5)
    again = await open_socket()
    since = before[-1]["seq"]
    said = await again.ask(
        "subscribe", "trades:BTCUSDT", "trades:PEPEUSDT", "ticker:BTCUSDT", since=since
    )
    await server.advance(5)
    said += await again.heard()

    positions = [message["seq"] for message in before + said if "seq" in message]
    assert positions == sorted(set(positions))
    for symbol in ("BTCUSDT", "PEPEUSDT"):
        told = [m for m in of_type(before + said, "trade_update") if m["symbol"] == symbol]
        ids = [trade["id"] for message in told for trade in message["trades"]]
        assert ids == list(range(ids[0], server.market.pair(symbol).last_trade_id + 1))
        assert [m["prev"] for m in told[1:]] == [m["seq"] for m in told[:-1]]
    assert of_type(said, "ticker_update")[0]["snapshot"] is True


@pytest.mark.parametrize("since", [1, START_MS * 1000 + 10**9])
async def test_a_position_that_is_not_known_counts_as_none(
    server: SimServer, client: SocketClient, open_socket: Open, since: int
) -> None:
    await client.ask("subscribe", "trades:BTCUSDT")
    await server.advance(5)

    said = await (await open_socket()).ask("subscribe", "trades:BTCUSDT", since=since)

    assert [message["type"] for message in said] == ["status"]


async def test_a_lost_message_shows_as_a_hole_and_can_be_had_again(
    server: SimServer, client: SocketClient
) -> None:
    await client.ask("subscribe", "trades:BTCUSDT")
    await server.advance(3)
    before = await client.heard()
    server.lose_next("trades:BTCUSDT")
    await server.advance(5)
    after = await client.heard()

    assert after[0]["prev"] > before[-1]["seq"]
    again = await client.ask("subscribe", "trades:BTCUSDT", since=before[-1]["seq"])
    assert again[1]["prev"] == before[-1]["seq"]
    assert again[1]["seq"] == after[0]["prev"]


async def test_a_restarted_server_begins_above_every_position_of_the_one_before() -> None:
    async with serve() as first, connect(first.native_endpoints["stream"] + "/stream") as socket:
        client = SocketClient(socket)
        await client.ask("subscribe", "trades:ETHBTC", "orderbook:ETHBTC", "ticker:ETHBTC")
        await first.advance(5)
        newest = (await client.heard())[-1]["seq"]
        now_ns = first.market.now_ns
    later = SimMarket(7, now_ns, regime="normal", symbols=["ETHBTC"])
    server = SimServer(later, is_driven=False)
    await server.start()

    async with connect(server.native_endpoints["stream"] + "/stream") as socket:
        said = await SocketClient(socket).ask("subscribe", "ticker:ETHBTC")

    assert said[1]["seq"] > newest
    await server.close()


# -- limits, tokens, ends ------------------------------------------------------------------------


async def test_a_token_may_come_in_the_handshake_or_as_first_message(server: SimServer) -> None:
    server.require("swordfish")
    url = server.native_endpoints["stream"] + "/stream"

    async with connect(url, additional_headers={"Authorization": "Bearer swordfish"}) as socket:
        assert (await SocketClient(socket).ask("heartbeat"))[0]["type"] == "pong"
    async with connect(url) as socket:
        said = await SocketClient(socket).ask("auth", token="swordfish")
        assert said == [{"type": "status", "id": 1, "status": "authorized", "time": START_MS}]


async def test_a_bad_token_in_the_handshake_is_a_401(server: SimServer) -> None:
    server.require("swordfish")
    url = server.native_endpoints["stream"] + "/stream"

    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers={"Authorization": "Bearer cod"})

    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body) == {
        "code": "unauthorized",
        "message": "this token opens nothing",
    }


@pytest.mark.parametrize(
    "first", [{"type": "auth", "id": 1, "token": "cod"}, {"type": "heartbeat", "id": 1}]
)
async def test_a_socket_without_a_good_token_is_closed_with_3000(
    server: SimServer, first: dict[str, Any]
) -> None:
    server.require("swordfish")
    async with connect(server.native_endpoints["stream"] + "/stream") as socket:
        await socket.send(json.dumps(first))

        code, said = await closing_of(socket)

    assert code == 3000
    assert [(message["type"], message["code"]) for message in said] == [("error", "unauthorized")]


async def test_a_socket_that_says_nothing_is_asked_for_its_token_after_five_seconds() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server:
        server.require("swordfish")
        async with connect(server.native_endpoints["stream"] + "/stream") as socket:
            await clock.advance(4.9)
            assert server.client_count == 1
            await clock.advance(0.2)

            code, said = await closing_of(socket)

    assert (code, said[0]["message"]) == (3000, "a token is needed")


async def test_a_heartbeat_comes_every_fifteen_seconds_and_wants_a_pong() -> None:
    clock = ManualClock(START_NS)
    async with (
        serve(clock=clock) as server,
        connect(server.native_endpoints["stream"] + "/stream") as socket,
    ):
        for number in (1, 2, 3, 4, 5, 6):
            await clock.advance(15)
            beat = json.loads(await socket.recv())
            assert (beat["type"], beat["id"]) == ("heartbeat", number)
            await socket.send(json.dumps({"type": "pong", "id": number}))
            await SocketClient(socket).heard()


async def test_a_client_without_a_sign_of_life_for_a_minute_is_cut() -> None:
    clock = ManualClock(START_NS)
    async with (
        serve(clock=clock) as server,
        connect(server.native_endpoints["stream"] + "/stream") as socket,
    ):
        await clock.advance(60)
        code, _ = await closing_of(socket)

    assert code is None


async def test_too_many_requests_close_the_connection() -> None:
    clock = ManualClock(START_NS)
    async with (
        serve(clock=clock) as server,
        connect(server.native_endpoints["stream"] + "/stream") as socket,
    ):
        for number in range(1, 12):
            await socket.send(json.dumps({"type": "heartbeat", "id": number}))

        code, said = await closing_of(socket)

    assert code == 1008
    assert [message["type"] for message in said] == ["pong"] * 10 + ["error"]
    assert said[-1]["code"] == "rate_limited"


async def test_a_request_over_64_kib_closes_the_connection(client: SocketClient) -> None:
    await client.socket.send(json.dumps({"type": "auth", "id": 1, "token": "x" * 70_000}))

    code, _ = await closing_of(client.socket)

    assert code == 1009


async def test_more_channels_than_allowed_are_refused() -> None:
    limits = NativeLimits(channels=2, channels_per_request=3)
    async with (
        serve(native_limits=limits) as server,
        connect(server.native_endpoints["stream"] + "/stream") as socket,
    ):
        client = SocketClient(socket)
        for names in (["ticker:ETHBTC"] * 4, ["ticker:ETHBTC", "trades:ETHBTC", "status"]):
            (error,) = await client.ask("subscribe", *names)
            assert error["code"] == "too_many"


async def test_too_many_connections_are_a_429() -> None:
    limits = NativeLimits(connections=1)
    async with serve(native_limits=limits, clock=ManualClock(START_NS)) as server:
        url = server.native_endpoints["stream"] + "/stream"
        async with connect(url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "1"


async def test_the_end_is_announced_before_the_close() -> None:
    async with serve() as server:
        socket = await connect(server.native_endpoints["stream"] + "/stream")
        await SocketClient(socket).ask("heartbeat")

        await server.close()

        code, said = await closing_of(socket)
    assert code == 1001
    assert [(message["type"], message["status"]) for message in said] == [("status", "closing")]


async def test_a_client_that_does_not_read_is_cut_and_the_others_go_on() -> None:
    async with serve(native_limits=NativeLimits(queue=50)) as server:
        url = server.native_endpoints["stream"] + "/stream"
        good, slow = await connect(url, max_queue=None), await connect(url)
        await SocketClient(good).ask("subscribe", "orderbook:ETHBTC")
        await SocketClient(slow).ask("subscribe", "orderbook:ETHBTC", "ticker:ETHBTC")
        (stuck,) = [c for c in server._native._clients if len(c._topics) == 2]
        # A full socket stands still: what is queued for it can only grow.
        stuck._write = lambda batch: asyncio.Event().wait()  # type: ignore[assignment, method-assign]
        for _ in range(100):
            server.market.advance(server.market.now_ns + NS // 10)
            server._push()
            await asyncio.sleep(0)

        assert (await closing_of(slow))[0] is None
        assert len(await SocketClient(good).heard()) > 50
        await good.close()


async def test_nobody_listening_costs_nothing() -> None:
    clock = ManualClock(START_NS)
    async with serve(clock=clock) as server:
        async with connect(server.native_endpoints["stream"] + "/stream") as socket:
            await SocketClient(socket).ask("subscribe", "trades:ETHBTC", "orderbook:ETHBTC")
            assert server.topics == ["trades:ETHBTC", "orderbook:ETHBTC"]
        await clock.advance(119)
        await server.advance(0.1)
        assert server.topics == ["trades:ETHBTC", "orderbook:ETHBTC"]
        await clock.advance(2)
        await server.advance(0.1)
        assert server.topics == []


# -- what tests of clients need --------------------------------------------------------------------


async def test_a_transport_can_be_refused_and_allowed_again(server: SimServer) -> None:
    urls = (server.native_endpoints["stream"] + "/stream", server.endpoints["stream"] + "/ws")
    for url in urls:
        server.refuse(TransportKind.WEBSOCKET, 503, retry_after_s=7)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "7"

        server.allow(TransportKind.WEBSOCKET)
        async with connect(url):
            pass


async def test_a_silenced_transport_opens_and_says_nothing(server: SimServer) -> None:
    server.silence(TransportKind.WEBSOCKET)
    async with connect(server.native_endpoints["stream"] + "/stream") as socket:
        await socket.send('{"type": "heartbeat", "id": 1}')
        await (await socket.ping())  # the connection itself is well

        await server.close_clients(1012)

        assert await closing_of(socket) == (1012, [])


async def test_connections_can_be_closed_with_a_code_and_cut(
    server: SimServer, open_socket: Open
) -> None:
    first = await open_socket()
    await first.heard()
    await server.close_clients(1013, "try later")
    assert await closing_of(first.socket) == (1013, [])

    second = await open_socket()
    await second.heard()
    server.cut_clients()
    assert await closing_of(second.socket) == (None, [])


async def test_messages_of_one_step_come_in_few_frames(server: SimServer) -> None:
    async with aiohttp.ClientSession() as session:
        url = server.native_endpoints["stream"] + "/stream"
        async with session.ws_connect(url) as socket:
            names = [{"channel": "trades", "symbol": "BTCUSDT"}] + [
                {"channel": "candles", "symbol": "BTCUSDT", "timeframe": frame}
                for frame in ("1m", "5m", "1h")
            ]
            await socket.send_json({"type": "subscribe", "id": 1, "channels": names})

            frames = [frame((await socket.receive()).data)]

    assert [message["type"] for message in frames[0]] == ["status"] + ["candle_update"] * 3


async def test_large_states_are_not_heaped_into_one_frame(client: SocketClient) -> None:
    names = [f"orderbook.{depth}:BTCUSDT" for depth in range(500, 600)]
    await client.send("subscribe", *names)

    sizes, count = [], 0
    while count < 101:
        text = await client.socket.recv()
        sizes.append(len(text))
        count += len(frame(text))

    assert sum(sizes) > 2**20
    assert max(sizes) < 2**19
