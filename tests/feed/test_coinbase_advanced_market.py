"""A feed on Coinbase Advanced Trade's protocol, against a scripted venue on loopback."""

from __future__ import annotations

import json
import random
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
from tui.feed.feed import Feed
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind

BTC, ETH = (Instrument("COINBASE", product) for product in ("BTC-USD", "ETH-USD"))
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
ETH_BOOK = Subscription(ETH, Channel.BOOK)
TICKER = Subscription(BTC, Channel.TICKER)
CANDLES = Subscription(BTC, Channel.CANDLES, Timeframe(5, "m"))
BAD = Subscription(Instrument("COINBASE", "BTC-XXX"), Channel.BOOK)
SENT = "2026-09-30T02:39:53.862739917Z"


class Venue:
    """Two products; three trades were made before anybody came."""

    def __init__(self) -> None:
        self.made = 3
        self.number = 0
        self.bid = "104"
        self.messages: list[dict[str, Any]] = []
        self.socket: ServerConnection | None = None
        self.endpoints: dict[str, str] = {}
        self.subscribed: dict[str, list[str]] = {}
        self.candles: list[list[float]] = []
        self.windows: list[dict[str, str]] = []

    async def push(
        self, channel: str, *events: Any, lost: bool = False, second: float | None = None
    ) -> None:
        """Send a frame, or lose it: it has a number all the same."""
        sent = SENT
        if second is not None:
            sent = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        frame = {"channel": channel, "timestamp": sent, "sequence_num": self.number}
        self.number += 1
        assert self.socket is not None
        if not lost:
            await self.socket.send(json.dumps({**frame, "events": events}))

    async def push_beat(self, second: float | None = None) -> None:
        beat = {"current_time": "x", "heartbeat_counter": 1}
        await self.push("heartbeats", beat, second=second)

    async def push_candle(self, opened: int, volume: str, *, second: float) -> None:
        prices = {"open": "2", "high": "3", "low": "1", "close": "2"}
        row = {"start": str(opened), **prices, "volume": volume, "product_id": "BTC-USD"}
        await self.push("candles", {"type": "update", "candles": [row]}, second=second)

    async def push_bid(self, price: str, *, lost: bool = False) -> None:
        self.bid = price
        level = {"side": "bid", "price_level": price, "new_quantity": "1"}
        event = {"type": "update", "product_id": "BTC-USD", "updates": [level]}
        await self.push("l2_data", event, lost=lost)

    async def push_trade(self, *, lost: bool = False) -> None:
        self.made += 1
        row = self.trade(self.made)
        await self.push("market_trades", {"type": "update", "trades": [row]}, lost=lost)

    def trade(self, number: int) -> dict[str, str]:
        return {
            "product_id": "BTC-USD",
            "trade_id": str(number),
            "price": str(100 + number),
            "size": "1",
            "time": SENT,
            "side": "SELL",
        }

    async def serve_stream(self, socket: ServerConnection) -> None:
        self.socket, self.number, self.subscribed = socket, 0, {}
        async for text in socket:
            message = json.loads(text)
            self.messages.append(message)
            channel, products = message["channel"], message.get("product_ids", ["heartbeats"])
            for product in products:
                await self._change(message["type"], channel, product)
            await self.push("subscriptions", {"subscriptions": self.subscribed})

    async def _change(self, kind: str, channel: str, product: str) -> None:
        held = self.subscribed.setdefault(channel, [])
        if kind == "unsubscribe":
            held.remove(product)
        elif product == "BTC-XXX":
            assert self.socket is not None
            error = {"type": "error", "message": f"{product} is not a valid product"}
            await self.socket.send(json.dumps(error))
        else:
            held.append(product)
            await self._begin(channel, product)

    async def _begin(self, channel: str, product: str) -> None:
        # Before the acknowledgement, as the venue does it.
        if channel == "level2":
            levels = [
                {"side": side, "price_level": price, "new_quantity": "1"}
                for side, price in (("bid", self.bid), ("offer", "110"))
            ]
            snapshot = {"type": "snapshot", "product_id": product, "updates": levels}
            await self.push("l2_data", snapshot)
        elif channel == "market_trades":
            rows = [self.trade(number) for number in range(self.made, 0, -1)]
            await self.push("market_trades", {"type": "snapshot", "trades": rows})
        elif channel == "ticker":
            row = {"product_id": product, "price": "105", "best_bid": "104", "best_ask": "110"}
            await self.push("ticker", {"type": "snapshot", "tickers": [row]})

    async def serve_rest(self, request: web.Request) -> web.Response:
        path, query = request.path, request.query
        if path.endswith("/trades"):
            before = int(query.get("after", self.made + 1))
            rows = [self.trade(one) for one in range(self.made, 0, -1) if one < before]
            numbered = [{**row, "trade_id": int(row["trade_id"]), "side": "sell"} for row in rows]
            return web.json_response(numbered[: int(query["limit"])])
        if path.endswith("/candles"):
            self.windows.append(dict(query))
            return web.json_response(self.candles)
        if path.endswith("/stats"):
            day = {"open": "100", "high": "106", "low": "99", "last": "105", "volume": "7"}
            return web.json_response(day)
        if path.startswith("/products"):
            listed = [self.product(one) for one in ("BTC-USD", "ETH-USD", "BTC-XXX")]
            return web.json_response(listed if path == "/products" else listed[0])
        if path == "/time":
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            return web.json_response({"iso": now})
        return web.json_response({"message": "NotFound"}, status=404)

    @staticmethod
    def product(name: str) -> dict[str, str]:
        base, _, quote = name.partition("-")
        steps = {"quote_increment": "0.01", "base_increment": "0.00000001"}
        names = {"id": name, "base_currency": base, "quote_currency": quote}
        return {**names, **steps, "status": "online"}


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    async with serving(made.serve_rest, made.serve_stream) as endpoints:
        made.endpoints = {**endpoints, "protocol": "advanced"}
        yield made


@pytest.fixture
async def desk(venue: Venue) -> AsyncIterator[Bench]:
    adapter = CoinbaseAdapter(venue.endpoints)
    adapter.limits = msgspec.structs.replace(
        adapter.limits, rest_weight=1000, messages_per_s=1000.0
    )
    made = Bench(ScriptedVenue(), QUICK, adapter)
    yield made
    await made.stop()


def ids(desk: Bench) -> list[int | None]:
    return [one.trade_id for one in reversed(desk.market[BTC].tape.newest(100))]


def best_bid(desk: Bench) -> list[tuple[str, str]]:
    return desk.market[BTC].book.bids.top_raw(1)


async def test_price_book_and_trades_are_live_and_one_bad_product_harms_none(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([TICKER, TRADES, BOOK, BAD])

    desk.start()

    await until(lambda: [desk.status(one) for one in (TICKER, TRADES, BOOK)] == ["live"] * 3)
    await until(lambda: desk.status(BAD) == "rejected")
    assert desk.market.truth(BAD).reason == "BTC-XXX is not a valid product"
    assert desk.market.truth(BOOK).reason == "sequence"
    assert best_bid(desk) == [("104", "1")]
    await until(lambda: ids(desk) == [1, 2, 3])
    assert desk.messages() == ["BTC-XXX is not a valid product"]


async def test_a_lost_frame_is_noticed_by_the_next_heartbeat_and_every_book_rebuilt(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([BOOK, ETH_BOOK])
    desk.start()
    await until(lambda: desk.status(BOOK) == desk.status(ETH_BOOK) == "live")

    await venue.push_bid("106", lost=True)
    await venue.push_beat()

    await until(lambda: best_bid(desk) == [("106", "1")])
    await until(lambda: desk.market.truth(BOOK).verified and desk.market.truth(ETH_BOOK).verified)
    asked = [one for one in venue.messages if one["channel"] == "level2"]
    assert [one["type"] for one in asked].count("unsubscribe") == 2
    assert "a frame is missing" in desk.messages()


async def test_trades_of_a_lost_frame_are_fetched(desk: Bench, venue: Venue) -> None:
    desk.feed.want([TRADES])
    desk.start()
    await until(lambda: desk.status(TRADES) == "live" and ids(desk) == [1, 2, 3])

    await venue.push_trade(lost=True)
    await venue.push_beat()
    await until(lambda: ids(desk) == [1, 2, 3, 4])
    await venue.push_trade()

    await until(lambda: ids(desk) == [1, 2, 3, 4, 5])


async def test_a_streamed_candle_that_ends_in_a_quiet_market_is_fetched_without_a_word(
    desk: Bench, venue: Venue
) -> None:
    end = int(time.time() - 10) // 300 * 300
    desk.feed.want([CANDLES])
    desk.start()
    await until(lambda: desk.status(CANDLES) == "live")
    series = desk.market[BTC].series(Timeframe(5, "m"))
    await venue.push_candle(end - 300, "1.5", second=end - 0.5)
    await until(lambda: [(one.volume, one.closed) for one in series.candles] == [(1.5, False)])

    venue.candles = [[end - 300, 1, 3, 2, 2.5, 1.75]]
    await venue.push_beat(end + 5)

    await until(lambda: [(one.volume, one.closed) for one in series.candles] == [(1.75, True)])
    assert desk.status(CANDLES) == "live"
    assert desk.messages() == []


async def test_where_no_stream_gets_through_the_same_candles_are_polled(
    desk: Bench, venue: Venue
) -> None:
    opened = int(time.time()) // 300 * 300
    venue.candles = [[opened, 1, 3, 2, 2.5, 1.75]]
    desk.adapter.transports = (TransportKind.POLL,)
    feed = Feed(
        desk.adapter,
        desk.market,
        rest=desk.rest,
        clock=desk.clock,
        rng=random.Random(1),
        errors=desk.errors,
        settings=msgspec.structs.replace(QUICK, poll_interval_s=0.05),
    )
    desk.feed = feed
    feed.want([CANDLES])
    desk.start()
    await until(lambda: desk.status(CANDLES) == "live")

    venue.candles = [[opened, 1, 4, 2, 3.5, 2.5]]

    series = desk.market[BTC].series(Timeframe(5, "m"))
    await until(lambda: [(one.high, one.volume) for one in series.candles] == [(4.0, 2.5)])
    last = int(venue.windows[-1]["end"])
    assert last in (opened, opened + 300)
    assert int(venue.windows[-1]["start"]) == last - 600
    assert desk.messages() == []


async def test_a_venue_that_counts_anew_is_connected_to_anew(desk: Bench, venue: Venue) -> None:
    desk.feed.want([BOOK])
    desk.start()
    await until(lambda: desk.status(BOOK) == "live")
    first = venue.socket

    venue.number = 0
    for _ in range(3):
        await venue.push_beat()

    await until(lambda: venue.socket is not first)
    await until(lambda: desk.market.truth(BOOK).verified)
