"""The embedded market as Coinbase's Advanced Trade."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from venue_clients import START_NS, RawClient, executions, levels, raw, serve, speaking, truth

from tui.adapters.registry import load_adapter
from tui.feed.books import Verdict
from tui.model.events import Ack, Gap, ParseFailure, Rejection, Side
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.sim.server import SimServer


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    async with serve("BTCUSDT", "PEPEUSDT") as server:
        yield server


@pytest.fixture
async def client(server: SimServer) -> AsyncIterator[RawClient]:
    async with raw(server.advanced_endpoints["stream"]) as client:
        yield client


def subscribe(channel: str, *products: str, kind: str = "subscribe") -> dict[str, Any]:
    wanted: dict[str, Any] = {"product_ids": list(products)} if products else {}
    return {"type": kind, "channel": channel, **wanted}


async def until_beat(client: RawClient) -> list[Any]:
    """Frames up to a heartbeat."""
    frames = [await client.receive()]
    while frames[-1]["channel"] != "heartbeats":
        frames.append(await client.receive())
    return frames


async def get(server: SimServer, path: str, **params: str) -> tuple[int, Any]:
    url = f"{server.advanced_endpoints['rest']}/api/v3/brokerage/market/{path}"
    async with aiohttp.ClientSession() as session, session.get(url, params=params) as response:
        return response.status, await response.json()


BTC = Instrument("COINBASE", "BTC-USDT")


async def test_our_adapter_keeps_the_engines_book_and_trades(server: SimServer) -> None:
    stream = server.advanced_endpoints["stream"]
    adapter = load_adapter("COINBASE")(
        {**server.coinbase_endpoints, "stream": stream, "protocol": "advanced"}
    )
    channels = (Channel.TICKER, Channel.TRADES, Channel.BOOK)
    async with speaking(server, adapter) as client:
        await client.connect([Subscription(BTC, channel) for channel in channels])
        await client.until(lambda: client.books and client.seen(Ack))
        pair = server.market.pair("BTCUSDT")
        first = pair.last_trade_id + 1
        await server.advance(3)
        await client.until(lambda: levels(client.books[BTC]) == truth(pair))
        expected = executions(pair, first)
        told = len(expected) - 10
        await client.until(lambda: len(client.trades()) >= told)

        assert set(client.verdicts) == {Verdict.APPLIED}
        assert [
            (trade.trade_id, trade.price, trade.size, trade.aggressor is Side.SELL)
            for trade in client.trades()
        ][:told] == expected[:told]
        for fault in (ParseFailure, Gap, Rejection):
            assert not client.seen(fault)


async def test_the_book_is_the_engines_and_every_frame_is_numbered(
    server: SimServer, client: RawClient
) -> None:
    await client.send(subscribe("level2", "BTC-USDT", "PEPE-USDT"))
    await client.send(subscribe("heartbeats"))
    frames = [await client.receive() for _ in range(4)]
    await server.advance(1)
    frames += await until_beat(client)

    assert [frame["sequence_num"] for frame in frames] == list(range(len(frames)))
    assert [frame["channel"] for frame in frames[:4]] == [
        "l2_data",
        "l2_data",
        "subscriptions",
        "subscriptions",
    ]
    book: dict[tuple[str, float], float] = {}
    for frame in frames:
        for event in frame["events"] if frame["channel"] == "l2_data" else ():
            if event["product_id"] == "BTC-USDT":
                for row in event["updates"]:
                    book[row["side"], float(row["price_level"])] = float(row["new_quantity"])
    sides = [
        sorted((price, size) for (side, price), size in book.items() if side == name and size)
        for name in ("bid", "offer")
    ]
    assert (sides[0][::-1], sides[1]) == truth(server.market.pair("BTCUSDT"))


async def test_a_lost_frame_leaves_a_hole_in_the_numbers(
    server: SimServer, client: RawClient
) -> None:
    await client.ask(subscribe("level2", "BTC-USDT"))
    await client.send(subscribe("heartbeats"))
    server.lose_next("coinbase-advanced:level2:BTC-USDT")
    await server.advance(1)

    numbers = [frame["sequence_num"] for frame in await until_beat(client)]
    assert sorted(b - a for a, b in pairwise(numbers))[-2:] == [1, 2]


async def test_trades_are_the_engines_newest_first_with_the_makers_side(
    server: SimServer, client: RawClient
) -> None:
    pair = server.market.pair("BTCUSDT")
    first = pair.last_trade_id + 1
    snapshot = await client.ask(subscribe("market_trades", "BTC-USDT"))
    await client.ask(subscribe("heartbeats"))
    await client.receive()
    await server.advance(1)
    frames = [frame for frame in await until_beat(client) if frame["channel"] == "market_trades"]

    ids = [int(row["trade_id"]) for row in snapshot["events"][0]["trades"]]
    assert (snapshot["events"][0]["type"], len(ids)) == ("snapshot", 100)
    assert ids == list(range(first - 1, first - 101, -1))
    rows = [row for frame in frames for row in reversed(frame["events"][0]["trades"])]
    told = [
        (int(row["trade_id"]), float(row["price"]), float(row["size"]), row["side"] == "BUY")
        for row in rows
    ]
    assert told == executions(pair, first)[: len(told)]
    assert told


async def test_candles_of_five_minutes_are_the_engines(
    server: SimServer, client: RawClient
) -> None:
    snapshot = await client.ask(subscribe("candles", "BTC-USDT"))
    await client.receive()
    await server.advance(2)
    update = await client.receive()

    starts = [int(row["start"]) for row in snapshot["events"][0]["candles"]]
    assert {a - b for a, b in pairwise(starts)} == {300}
    (row,) = update["events"][0]["candles"]
    assert int(row["start"]) == START_NS // NS // 300 * 300
    assert float(row["low"]) <= float(row["open"]) <= float(row["high"])


async def test_heartbeats_tell_the_time_as_go_prints_it(
    server: SimServer, client: RawClient
) -> None:
    answer = await client.ask(subscribe("heartbeats"))
    await server.advance(2)
    first, second = await client.receive(), await client.receive()

    assert answer["events"] == [{"subscriptions": {"heartbeats": ["heartbeats"]}}]
    told = first["events"][0]["current_time"]
    assert re.fullmatch(r"2027-01-15 08:00:31\.000000 \+0000 UTC m=\+\d+\.\d{9}", told)
    counts = [frame["events"][0]["heartbeat_counter"] for frame in (first, second)]
    assert counts[1] - counts[0] == 1


async def test_nothing_is_left_after_the_last_unsubscribe(client: RawClient) -> None:
    await client.ask(subscribe("ticker", "BTC-USDT"))
    await client.receive()
    answer = await client.ask(subscribe("ticker", "BTC-USDT", kind="unsubscribe"))

    assert answer["events"] == [{"subscriptions": {}}]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (subscribe("user"), "authentication failure"),
        (subscribe("dance", "BTC-USDT"), "channel dance is not supported"),
        (subscribe("level2"), "product_ids is required"),
        (subscribe("level2", "MOON-USD"), "MOON-USD is not a valid product"),
        ([1], "type is required, and is subscribe or unsubscribe"),
    ],
)
async def test_errors_have_neither_a_channel_nor_a_number(
    client: RawClient, message: Any, words: str
) -> None:
    assert await client.ask(message) == {"type": "error", "message": words}
    fine = await client.ask(subscribe("heartbeats"))
    assert fine["sequence_num"] == 0


async def test_rest_candles_are_the_engines(server: SimServer) -> None:
    end = START_NS // NS // 3_600 * 3_600
    params = {"start": str(end - 349 * 3_600), "end": str(end), "granularity": "ONE_HOUR"}
    status, found = await get(server, "products/BTC-USDT/candles", **params)

    pair = server.market.pair("BTCUSDT")
    bars = pair.ledger.candles(Timeframe.parse("1h"), (end - 349 * 3_600) * NS, end * NS, 350)
    price = pair.listing.price_text
    assert status == 200
    assert len(found["candles"]) == 350
    assert [
        (int(row["start"]), *(float(row[name]) for name in ("open", "high", "low", "close")))
        for row in reversed(found["candles"])
    ] == [
        (opened // NS, *(float(price(x)) for x in (bar.open, bar.high, bar.low, bar.close)))
        for opened, bar in bars
    ]


async def test_rest_refuses_more_than_350_candles_and_unknown_products(server: SimServer) -> None:
    span = {"start": "1799000000", "end": "1800000000", "granularity": "ONE_MINUTE"}

    assert (await get(server, "products/BTC-USDT/candles", **span))[0] == 400
    assert (await get(server, "products/MOON-USD"))[0] == 404


async def test_rest_tells_products_books_and_trades(server: SimServer) -> None:
    _, listed = await get(server, "products")
    _, book = await get(server, "product_book", product_id="BTC-USDT", limit="10")
    _, trades = await get(server, "products/BTC-USDT/ticker", limit="5")

    assert [row["product_id"] for row in listed["products"]] == ["BTC-USDT", "PEPE-USDT"]
    bids, asks = truth(server.market.pair("BTCUSDT"), 10)
    assert [
        [(float(row["price"]), float(row["size"])) for row in book["pricebook"][side]]
        for side in ("bids", "asks")
    ] == [bids, asks]
    last = server.market.pair("BTCUSDT").last_trade_id
    assert [int(row["trade_id"]) for row in trades["trades"]] == list(range(last, last - 5, -1))
