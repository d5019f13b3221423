"""A feed on Kraken's protocols, against a scripted venue on loopback."""

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

from tui.adapters.kraken import KrakenAdapter
from tui.adapters.kraken.checksum import Checksum
from tui.feed.feed import Feed
from tui.market.order_book import OrderBook
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind

BTC = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe(1, "m")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)
BAD = Subscription(Instrument("KRAKEN", "BTC/XXX"), Channel.BOOK)
UNSUPPORTED = "Currency pair not supported BTC/XXX"


def moment(seconds: float) -> str:
    found = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return found.replace("+00:00", "Z")


class Venue:
    """One pair, which five trades were made of; speaks the second protocol, and of the first what
    these tests need."""

    def __init__(self) -> None:
        self.started = time.time()
        self.made = [(number, self.started - 10 + number) for number in range(1, 6)]
        self.book = OrderBook()
        self.book.replace([("99.0", "1.00000000")], [("101.0", "2.00000000")])
        self.messages: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.socket: ServerConnection | None = None
        self.endpoints: dict[str, str] = {}

    # -- the second protocol ---------------------------------------------------------------

    async def say(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send(text)

    async def push(self, channel: str, kind: str, row: dict[str, Any]) -> None:
        frame = {"channel": channel, "type": kind, "timestamp": moment(time.time()), "data": [row]}
        await self.say(json.dumps(frame))

    async def push_book(
        self, kind: str, bids: list[Any], asks: list[Any], *, checksum: int | None = None
    ) -> None:
        rows = [
            ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in side)
            for side in (bids, asks)
        ]
        crc = Checksum()(self.book) if checksum is None else checksum
        await self.say(
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{rows[0]}],'
            f'"asks":[{rows[1]}],"checksum":{crc},"timestamp":"{moment(time.time())}"}}]}}'
        )

    async def push_trade(self, *, lost: bool = False) -> None:
        number, ts = self.made[-1][0] + 1, time.time()
        self.made.append((number, ts))
        if not lost:
            row = {"symbol": "BTC/USD", "side": "buy", "price": 100.5, "qty": 1.0}
            await self.push("trade", "update", row | {"trade_id": number, "timestamp": moment(ts)})

    async def push_candle(self, minute: int, volume: float) -> None:
        row = {
            "symbol": "BTC/USD", "open": 1.0, "high": 3.0, "low": 0.5, "close": 2.0, "trades": 4,
            "volume": volume, "vwap": 1.5, "interval_begin": moment(minute * 60), "interval": 1,
        }  # fmt: skip
        await self.push("ohlc", "update", row)

    async def serve_stream(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.connections += 1
        await self.say('{"channel":"status","type":"update","data":[{"system":"online"}]}')
        async for text in socket:
            message = json.loads(text)
            if "event" in message:
                await self._answer_v1(message)
            elif message["method"] == "ping":
                now = moment(time.time())
                pong = {"method": "pong", "req_id": message["req_id"], "time_out": now}
                await self.say(json.dumps(pong))
            else:
                self.messages.append(message)
                await self._answer(message["method"], message["params"], message["req_id"])

    async def _answer(self, method: str, params: dict[str, Any], number: int) -> None:
        for symbol in params["symbol"]:
            result = {**params, "symbol": symbol}
            answer = {"method": method, "result": result, "success": True, "req_id": number}
            if symbol != "BTC/USD":
                words = f"Currency pair not supported {symbol}"
                answer = {"method": method, "success": False, "error": words, "symbol": symbol}
                answer["req_id"] = number
            await self.say(json.dumps(answer))
            if method == "subscribe" and symbol == "BTC/USD":
                await self._begin(params["channel"])

    async def _begin(self, channel: str) -> None:
        if channel == "book":
            bids, asks = self.book.bids.top_raw(25), self.book.asks.top_raw(25)
            await self.push_book("snapshot", bids, asks)
        elif channel == "ticker":
            row = {
                "symbol": "BTC/USD", "bid": 99.0, "bid_qty": 1.0, "ask": 101.0, "ask_qty": 2.0,
                "last": 100.0, "volume": 5.0, "vwap": 100.0, "low": 98.0, "high": 102.0,
                "change": 1.0, "change_pct": 1.0, "timestamp": moment(time.time()),
            }  # fmt: skip
            await self.push("ticker", "snapshot", row)

    # -- the first protocol ----------------------------------------------------------------

    async def _answer_v1(self, message: dict[str, Any]) -> None:
        if message["event"] == "ping":
            await self.say(json.dumps({"event": "pong", "reqid": message["reqid"]}))
            return
        self.messages.append(message)
        answer = {
            "event": "subscriptionStatus",
            "status": f"{message['event']}d",
            "pair": "XBT/USD",
        }
        await self.say(json.dumps({**answer, "reqid": message["reqid"]}))
        name = message["subscription"]["name"]
        if message["event"] == "subscribe" and name == "book":
            sides = {
                "as": [[*level, "1.0"] for level in self.book.asks.top_raw(25)],
                "bs": [[*level, "1.0"] for level in self.book.bids.top_raw(25)],
            }
            await self.say(json.dumps([1, sides, "book-25", "XBT/USD"]))

    # -- REST ------------------------------------------------------------------------------

    async def serve_rest(self, request: web.Request) -> web.Response:
        path, query = request.path.removeprefix("/0/public/"), dict(request.query)
        self.requests.append((path, query))
        if "XXX" in query.get("pair", ""):
            return web.json_response({"error": ["EQuery:Unknown asset pair"]})
        return web.json_response({"error": [], "result": self._result(path, query)})

    def _result(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if path == "AssetPairs":
            info = {"altname": "XBTUSD", "wsname": "XBT/USD", "tick_size": "0.1", "lot_decimals": 8}
            return {"XXBTZUSD": {**info, "status": "online"}}
        if path == "Trades":
            since = int(query.get("since", "0"))
            rows = [
                ["100.5", "1.0", ts, "b", "l", "", number]
                for number, ts in self.made
                if int(ts * 1e9) > since
            ]
            return {"XXBTZUSD": rows, "last": "0"}
        if path == "OHLC":
            minute = int(self.started) // 60
            rows = [
                [(minute - back) * 60, "1.0", "3.0", "0.5", "2.0", "1.5", "9.0", 2]
                for back in (2, 1, 0)
            ]
            return {"XXBTZUSD": rows, "last": (minute - 1) * 60}
        if path == "Depth":
            sides = {"asks": self.book.asks.top_raw(25), "bids": self.book.bids.top_raw(25)}
            return {
                "XXBTZUSD": {name: [[*level, 1] for level in rows] for name, rows in sides.items()}
            }
        day = {"a": ["101.0", 2, "2.0"], "b": ["99.0", 1, "1.0"]}
        both = {name: ["100.0", "100.0"] for name in "cvplh"}
        return {"XXBTZUSD": {**day, **both}}


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    async with serving(made.serve_rest, made.serve_stream) as endpoints:
        made.endpoints = endpoints
        yield made


def bench(venue: Venue, **options: str) -> Bench:
    adapter = KrakenAdapter({**venue.endpoints, **options})
    adapter.limits = msgspec.structs.replace(adapter.limits, rest_weight=1000, messages_per_s=100.0)
    return Bench(ScriptedVenue(), QUICK, adapter)


@pytest.fixture
async def desk(venue: Venue) -> AsyncIterator[Bench]:
    made = bench(venue)
    yield made
    await made.stop()


def ids(desk: Bench) -> list[int | None]:
    return [one.trade_id for one in reversed(desk.market[BTC].tape.newest(100))]


async def test_all_channels_are_live_and_one_bad_pair_harms_none(desk: Bench, venue: Venue) -> None:
    wanted = [TICKER, TRADES, BOOK, CANDLES]
    desk.feed.want([*wanted, BAD])

    desk.start()
    await until(lambda: desk.status(BOOK) == "live")
    await venue.push_trade()
    await venue.push_candle(int(venue.started) // 60, 10.0)

    await until(lambda: [desk.status(one) for one in wanted] == ["live"] * 4)
    await until(lambda: desk.status(BAD) == "rejected")
    truth = desk.market.truth(BOOK)
    assert (truth.reason, truth.verified) == ("checksum", True)
    assert desk.market.truth(BAD).reason in (
        UNSUPPORTED,
        "unknown symbol: EQuery:Unknown asset pair",
    )
    await until(lambda: ids(desk) == [1, 2, 3, 4, 5, 6])
    assert desk.market[BTC].book.bids.top_raw(1) == [("99.0", "1.00000000")]


async def test_the_venues_clock_is_known_from_its_pongs_without_a_complaint(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([BOOK])

    desk.start()

    await until(lambda: desk.feed.health().clock_offset_ms is not None)
    assert desk.feed.health().clock_offset_ms == pytest.approx(0.0, abs=500.0)
    assert desk.messages() == []
    assert not any(path == "Time" for path, _ in venue.requests)


async def test_heartbeats_do_not_make_a_rejected_book_live(desk: Bench, venue: Venue) -> None:
    desk.feed.want([BOOK, BAD])
    desk.start()
    await until(lambda: desk.status(BAD) == "rejected" and desk.status(BOOK) == "live")

    for _ in range(3):
        await venue.say('{"channel":"heartbeat"}')
    await venue.push_book("update", [], [])

    await until(lambda: desk.feed.health().messages_in > 6)
    assert desk.status(BAD) == "rejected"


async def test_a_wrong_checksum_rebuilds_that_book_alone(desk: Bench, venue: Venue) -> None:
    desk.feed.want([BOOK, TRADES])
    desk.start()
    await until(lambda: desk.status(BOOK) == "live")
    before = len(venue.messages)

    await venue.push_book("update", [("98.0", "5.00000000")], [], checksum=1)

    await until(lambda: len(venue.messages) == before + 2)
    await until(lambda: desk.status(BOOK) == "live")
    assert [(one["method"], one["params"]["channel"]) for one in venue.messages[before:]] == [
        ("unsubscribe", "book"),
        ("subscribe", "book"),
    ]
    assert desk.market[BTC].book.bids.top_raw(5) == [("99.0", "1.00000000")]
    assert venue.connections == 1


async def test_trades_that_did_not_come_are_fetched_from_the_last_one_before_them(
    desk: Bench, venue: Venue
) -> None:
    desk.feed.want([TRADES])
    desk.start()
    await until(lambda: len(ids(desk)) == 5)
    await venue.push_trade()

    await venue.push_trade(lost=True)
    await venue.push_trade()

    await until(lambda: ids(desk) == [1, 2, 3, 4, 5, 6, 7, 8])
    query = [query for path, query in venue.requests if path == "Trades"][-1]
    assert int(query["since"]) / 1e9 == pytest.approx(venue.made[5][1], abs=1e-5)


async def test_a_candle_closes_when_the_next_begins(desk: Bench, venue: Venue) -> None:
    desk.feed.want([CANDLES])
    desk.start()
    await until(lambda: desk.status(CANDLES) == "live")
    minute = int(venue.started) // 60

    await venue.push_candle(minute, 10.0)
    await venue.push_candle(minute + 1, 1.0)

    def told() -> list[tuple[int, float, bool]]:
        series = desk.market[BTC].series(MINUTE).candles
        return [
            (one.open_time // 60_000_000_000 - minute, one.volume, one.closed) for one in series
        ]

    await until(lambda: told()[-2:] == [(0, 10.0, True), (1, 1.0, False)])
    assert told()[:2] == [(-2, 9.0, True), (-1, 9.0, True)]


async def test_the_first_protocol_shows_the_same_under_the_same_name(venue: Venue) -> None:
    desk = bench(venue, protocol="v1")
    try:
        desk.feed.want([BOOK])
        desk.start()
        await until(lambda: desk.status(BOOK) == "live")

        venue.book.apply([("99.5", "3.00000000")], [])
        change = {"b": [["99.5", "3.00000000", "2.0"]], "c": str(Checksum()(venue.book))}
        await venue.say(json.dumps([1, change, "book-25", "XBT/USD"]))

        await until(lambda: len(desk.market[BTC].book.bids) == 2)
        assert desk.market[BTC].book.bids.top_raw(1) == [("99.5", "3.00000000")]
        assert venue.messages[0] == {
            "event": "subscribe",
            "pair": ["XBT/USD"],
            "subscription": {"name": "book", "depth": 25},
            "reqid": venue.messages[0]["reqid"],
        }
    finally:
        await desk.stop()


async def test_where_no_stream_gets_through_everything_is_polled_and_a_bad_pair_harms_none(
    desk: Bench, venue: Venue
) -> None:
    desk.adapter.transports = (TransportKind.POLL,)
    desk.feed = Feed(
        desk.adapter,
        desk.market,
        rest=desk.rest,
        clock=desk.clock,
        rng=random.Random(1),
        errors=desk.errors,
        settings=msgspec.structs.replace(QUICK, poll_interval_s=0.05),
    )
    wanted = [TICKER, TRADES, BOOK, CANDLES]
    desk.feed.want([*wanted, BAD])

    desk.start()
    await until(lambda: [desk.status(one) for one in wanted] == ["live"] * 4)
    await until(lambda: desk.status(BAD) == "rejected")
    truth = desk.market.truth(BOOK)
    assert (truth.reason, truth.verified, truth.transport) == ("snapshot", True, TransportKind.POLL)
    assert venue.connections == 0

    venue.book.apply([("99.5", "3.00000000")], [])
    await venue.push_trade(lost=True)

    await until(lambda: desk.market[BTC].book.bids.top_raw(1) == [("99.5", "3.00000000")])
    await until(lambda: ids(desk) == [1, 2, 3, 4, 5, 6])
    assert desk.market[BTC].tape.missed == 0
