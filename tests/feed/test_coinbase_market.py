"""A feed on Coinbase's protocol, against a scripted venue on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web
from scripted_venue import QUICK, Bench, ScriptedVenue, serving, until
from websockets.asyncio.server import ServerConnection

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTC = Instrument("COINBASE", "BTC-USD")
DAY = Timeframe(1, "d")
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
TICKER = Subscription(BTC, Channel.TICKER)
CANDLES = Subscription(BTC, Channel.CANDLES, DAY)
BAD = Subscription(Instrument("COINBASE", "BTC-XXX"), Channel.BOOK)


def moment(seconds: float) -> str:
    found = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return found.replace("+00:00", "Z")


class Venue:
    """One product; five trades were made at the beginning of this day."""

    def __init__(self) -> None:
        self.today = int(time.time()) // DAY.seconds * DAY.seconds
        self.moments = [moment(self.today + number / 1000) for number in range(6)]
        self.messages: list[dict[str, Any]] = []
        self.socket: ServerConnection | None = None
        self.endpoints: dict[str, str] = {}

    @property
    def made(self) -> int:
        """The newest trade's id; the first is 1."""
        return len(self.moments) - 1

    def trade(self, number: int) -> dict[str, Any]:
        return {
            "trade_id": number,
            "side": "sell",
            "size": "1",
            "price": f"{100 + number}",
            "time": self.moments[number],
        }

    def product(self, name: str) -> dict[str, Any]:
        steps = {"quote_increment": "0.01", "base_increment": "0.00000001"}
        base, quote = name.split("-")
        return {
            "id": name,
            "base_currency": base,
            "quote_currency": quote,
            "status": "online",
            **steps,
        }

    async def push(self, kind: str, **fields: Any) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps({"type": kind, "product_id": "BTC-USD", **fields}))

    async def push_match(self, *, lost: bool = False) -> None:
        # Later than whatever was fetched, beyond doubt: a fetched candle holds no trade of then.
        self.moments.append(moment(time.time() + 0.5))
        if not lost:
            await self.push("match", **self.trade(self.made))

    async def push_heartbeat(self) -> None:
        time = self.trade(self.made)["time"]
        await self.push("heartbeat", last_trade_id=self.made, sequence=1, time=time)

    async def serve_stream(self, socket: ServerConnection) -> None:
        self.socket = socket
        subscribed: dict[str, list[str]] = {}
        async for text in socket:
            message = json.loads(text)
            self.messages.append(message)
            for channel in message["channels"]:
                await self._change(message["type"], channel, subscribed)
            names = {"level2_batch": "level2_50"}
            channels = [
                {"name": names.get(name, name), "product_ids": products}
                for name, products in subscribed.items()
            ]
            await socket.send(json.dumps({"type": "subscriptions", "channels": channels}))

    async def _change(
        self, kind: str, channel: dict[str, Any], subscribed: dict[str, list[str]]
    ) -> None:
        for product in channel["product_ids"]:
            products = subscribed.setdefault(channel["name"], [])
            if kind == "unsubscribe":
                products.remove(product)
            elif product != "BTC-USD":
                assert self.socket is not None
                reason = f"{product} is not a valid product"
                error = {"type": "error", "message": "Failed to subscribe", "reason": reason}
                await self.socket.send(json.dumps(error))
            else:
                products.append(product)
                await self._begin(channel["name"])

    async def _begin(self, channel: str) -> None:
        if channel == "level2_batch":
            await self.push("snapshot", bids=[["104", "1"]], asks=[["106", "2"]])
        elif channel == "matches":
            await self.push("last_match", **self.trade(self.made))
        elif channel == "ticker":
            await self.push("ticker", price="105", best_bid="104", best_ask="106")

    async def serve_rest(self, request: web.Request) -> web.Response:
        path, query = request.path, request.query
        if path.endswith("/trades"):
            before = int(query.get("after", self.made + 1))
            ids = [one for one in range(self.made, 0, -1) if one < before]
            return web.json_response([self.trade(one) for one in ids[: int(query["limit"])]])
        if path.endswith("/candles"):
            rows = [
                [self.today, 101.0, 105.0, 101.0, 105.0, 5.0],
                [self.today - DAY.seconds, 1.0, 3.0, 1.0, 2.0, 9],
            ]
            if "start" in query:
                rows = [row for row in rows if int(query["start"]) <= row[0] <= int(query["end"])]
            return web.json_response(rows)
        if path.endswith("/stats"):
            day = {"open": "100", "high": "106", "low": "99", "last": "105", "volume": "7"}
            return web.json_response(day)
        if path == "/products" or path.startswith("/products/BTC-"):
            # What is listed may be refused all the same.
            listed = [self.product(one) for one in ("BTC-USD", "BTC-XXX")]
            return web.json_response(listed if path == "/products" else listed[0])
        if path == "/time":
            return web.json_response({"iso": moment(time.time())})
        return web.json_response({"message": "NotFound"}, status=404)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    async with serving(made.serve_rest, made.serve_stream) as endpoints:
        made.endpoints = endpoints
        yield made


@pytest.fixture
async def desk(venue: Venue) -> AsyncIterator[Bench]:
    adapter = CoinbaseAdapter(venue.endpoints)
    adapter.limits = msgspec.structs.replace(adapter.limits, rest_weight=1000)
    made = Bench(ScriptedVenue(), QUICK, adapter)
    yield made
    await made.stop()


def ids(desk: Bench) -> list[int | None]:
    return [one.trade_id for one in reversed(desk.market[BTC].tape.newest(100))]


def candles(desk: Bench) -> list[tuple[float, float, float]]:
    """High, close, volume."""
    series = desk.market[BTC].series(DAY)
    return [(one.high, one.close, one.volume) for one in series.candles]


async def test_price_book_and_trades_are_live_and_one_bad_product_harms_none(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([TICKER, TRADES, BOOK, BAD])

    desk.start()

    await until(lambda: [desk.status(one) for one in (TICKER, TRADES, BOOK)] == ["live"] * 3)
    await until(lambda: desk.status(BAD) == "rejected")
    assert "BTC-XXX is not a valid product" in desk.market.truth(BAD).reason
    assert desk.market.truth(BOOK).reason == "crossed-check"
    assert desk.market[BTC].book.bids.top_raw(1) == [("104", "1")]
    await until(lambda: ids(desk) == [1, 2, 3, 4, 5])


async def test_candles_go_on_from_the_fetched_one_without_counting_a_trade_twice(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([TRADES, CANDLES])
    desk.start()
    await until(lambda: desk.status(CANDLES) == "live")

    await venue.push_match()

    await until(lambda: len(desk.market[BTC].tape) == 6)
    await until(lambda: candles(desk)[-1:] == [(106.0, 106.0, 6.0)])
    assert candles(desk)[0] == (3.0, 2.0, 9.0)


async def test_a_trade_that_only_the_heartbeat_knows_of_is_fetched(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([TRADES])
    desk.start()
    await until(lambda: desk.status(TRADES) == "live" and len(ids(desk)) == 5)

    await venue.push_match(lost=True)
    await venue.push_heartbeat()
    await venue.push_heartbeat()

    await until(lambda: ids(desk) == [1, 2, 3, 4, 5, 6])


async def test_a_crossed_book_is_asked_for_again(desk: Bench, venue: Venue) -> None:
    desk.feed.want([BOOK])
    desk.start()
    await until(lambda: desk.status(BOOK) == "live")

    await venue.push("l2update", changes=[["buy", "107", "1"]], time="2026-09-30T02:03:06.000000Z")

    await until(lambda: len(venue.messages) == 3)
    await until(lambda: desk.status(BOOK) == "live")
    assert [message["type"] for message in venue.messages] == [
        "subscribe",
        "unsubscribe",
        "subscribe",
    ]
    assert desk.market[BTC].book.bids.top_raw(2) == [("104", "1")]
