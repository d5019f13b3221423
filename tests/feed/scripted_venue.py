"""A scripted venue on loopback that speaks Binance's protocol, and a feed that talks to it."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

BTC = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe.parse("1m")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)

QUICK = FeedSettings(
    connect_timeout_s=2.0,
    backoff_initial_s=0.05,
    backoff_cap_s=0.2,
    min_uptime_s=0.2,
    ack_timeout_s=0.5,
    ping_interval_s=0.2,
    pong_timeout_s=0.5,
    stale_after_s=0.3,
    inbox_limit=4096,
    history_candles=50,
)


@asynccontextmanager
async def serving(
    rest: Callable[[web.Request], Awaitable[web.StreamResponse]],
    stream: Callable[[ServerConnection], Awaitable[None]],
) -> AsyncIterator[dict[str, str]]:
    """A venue on loopback: every GET goes to `rest`, every WebSocket to `stream`; gives its endpoints."""
    application = web.Application()
    application.router.add_get("/{path:.*}", rest)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with serve(stream, "127.0.0.1", 0, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        yield {"stream": f"ws://127.0.0.1:{port}", "rest": site.name}
    await runner.cleanup()


class ScriptedVenue:
    """Knows a few symbols, answers REST from what it holds, and streams what a test tells it to."""

    def __init__(self) -> None:
        self.symbols = ["BTCUSDT", "ETHUSDT"]
        self.received: list[dict[str, Any]] = []
        self.connections = 0
        self.sockets: list[ServerConnection] = []
        self.streams: dict[ServerConnection, set[str]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.overrides: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {}
        self.klines: list[list[Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.depth = {"lastUpdateId": 100, "bids": [["99.0", "1"]], "asks": [["101.0", "2"]]}
        self.clock_ahead_ms = 0
        self.on_open: Callable[[ServerConnection], Awaitable[None]] | None = None
        self.answers = True
        self.stream_url = self.rest_url = ""
        self._server: Server | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await serve(self._serve_stream, "127.0.0.1", port, ping_interval=None)
        self.port = self._server.sockets[0].getsockname()[1]
        self.stream_url = f"ws://127.0.0.1:{self.port}"
        application = web.Application()
        application.router.add_get("/api/v3/{path:.*}", self._serve_rest)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.rest_url = site.name

    async def stop(self) -> None:
        await self.stop_stream()
        if self._runner is not None:
            await self._runner.cleanup()

    async def stop_stream(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def restart_stream(self) -> None:
        self._server = await serve(self._serve_stream, "127.0.0.1", self.port, ping_interval=None)

    # -- the stream ------------------------------------------------------------------------

    async def _serve_stream(self, socket: ServerConnection) -> None:
        self.connections += 1
        self.sockets.append(socket)
        self.streams[socket] = set()
        if self.on_open is not None:
            await self.on_open(socket)
        try:
            async for text in socket:
                message = json.loads(text)
                self.received.append(message)
                if message["method"] == "SUBSCRIBE":
                    self.streams[socket].update(message["params"])
                else:
                    self.streams[socket].difference_update(message["params"])
                if self.answers:
                    await socket.send(json.dumps({"result": None, "id": message["id"]}))
        finally:
            self.sockets.remove(socket)
            self.streams.pop(socket, None)

    @property
    def subscribed(self) -> set[str]:
        return set().union(*self.streams.values())

    async def push(self, stream: str, payload: dict[str, Any]) -> None:
        frame = json.dumps({"stream": stream, "data": payload})
        for socket, streams in list(self.streams.items()):
            if stream in streams:
                await socket.send(frame)

    async def push_trade(self, number: int, price: str = "100.0", *, at_ms: int = 0) -> None:
        trade = agg_trade(number, price, at_ms)
        self.trades.append(trade)
        event = {"e": "aggTrade", "E": trade["T"], "s": "BTCUSDT", **trade}
        await self.push("btcusdt@aggTrade", event)

    async def push_depth(self, first: int, last: int, bids: Any = (), asks: Any = ()) -> None:
        event = {
            "e": "depthUpdate",
            "E": now_ms(),
            "s": "BTCUSDT",
            "U": first,
            "u": last,
            "b": list(bids),
            "a": list(asks),
        }
        await self.push("btcusdt@depth@100ms", event)

    async def push_kline(self, row: list[Any], *, closed: bool) -> None:
        candle = {
            "t": row[0], "T": row[6], "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2,
            "o": row[1], "h": row[2], "l": row[3], "c": row[4], "v": row[5], "n": row[8],
            "x": closed, "q": row[7], "V": row[9], "Q": row[10], "B": "0",
        }  # fmt: skip
        event = {"e": "kline", "E": now_ms(), "s": "BTCUSDT", "k": candle}
        await self.push("btcusdt@kline_1m", event)

    async def push_ticker(self, last: str) -> None:
        event = {
            "e": "24hrTicker", "E": now_ms(), "s": "BTCUSDT", "p": "1", "P": "1.00", "w": "1",
            "x": "1", "c": last, "Q": "1", "b": "99.0", "B": "1", "a": "101.0", "A": "1", "o": "99",
            "h": "102", "l": "98", "v": "10", "q": "1000", "O": 0, "C": 1, "F": 0, "L": 1, "n": 2,
        }  # fmt: skip
        await self.push("btcusdt@ticker", event)

    async def drop(self) -> None:
        """Break every connection without a close frame."""
        for socket in list(self.sockets):
            socket.transport.abort()

    # -- REST ------------------------------------------------------------------------------

    async def _serve_rest(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        query = dict(request.query)
        self.requests.append((path, query))
        override = self.overrides.get(path)
        if override is not None:
            return await override(request)
        asked = json.loads(query["symbols"]) if "symbols" in query else []
        asked += [query["symbol"]] if "symbol" in query else []
        if any(symbol not in self.symbols for symbol in asked):
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response(self._answer(path, query, asked))

    def _answer(self, path: str, query: dict[str, str], asked: list[str]) -> Any:
        limit = int(query.get("limit", "500"))
        if path == "time":
            return {"serverTime": now_ms() + self.clock_ahead_ms}
        if path == "depth":
            return self.depth
        if path == "klines":
            rows = self.klines
            if "startTime" in query:
                return [row for row in rows if row[0] >= int(query["startTime"])][:limit]
            if "endTime" in query:
                rows = [row for row in rows if row[0] <= int(query["endTime"])]
            return rows[-limit:]
        if path == "aggTrades":
            if "fromId" in query:
                return [row for row in self.trades if row["a"] >= int(query["fromId"])][:limit]
            return self.trades[-limit:]
        if path == "ticker/24hr":
            return [day_ticker(symbol) for symbol in asked or self.symbols]
        if path == "exchangeInfo":
            return {"symbols": [symbol_info(symbol) for symbol in asked or self.symbols]}
        raise web.HTTPNotFound


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def kline(minute: int, close: str, *, volume: str = "1") -> list[Any]:
    """A row of one minute, counted from the epoch."""
    start = minute * 60_000
    return [start, "100", "110", "90", close, volume, start + 59_999, "100", 3, "0.5", "50", "0"]


def agg_trade(number: int, price: str = "100.0", at_ms: int = 0) -> dict[str, Any]:
    return {
        "a": number, "p": price, "q": "0.5", "f": number, "l": number,
        "T": at_ms or now_ms(), "m": False, "M": True,
    }  # fmt: skip


def day_ticker(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol, "priceChange": "1", "priceChangePercent": "2.50", "weightedAvgPrice": "1",
        "prevClosePrice": "1", "lastPrice": "100.00", "lastQty": "1", "bidPrice": "99.0",
        "bidQty": "1", "askPrice": "101.0", "askQty": "1", "openPrice": "97", "highPrice": "103",
        "lowPrice": "96", "volume": "10", "quoteVolume": "1000", "openTime": 0,
        "closeTime": now_ms(), "firstId": 0, "lastId": 1, "count": 2,
    }  # fmt: skip


def symbol_info(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol, "status": "TRADING", "baseAsset": symbol[:-4], "quoteAsset": "USDT",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "stepSize": "0.00001000"},
        ],
    }  # fmt: skip


class Bench:
    """A running feed, its market and its error log."""

    def __init__(self, venue: ScriptedVenue, settings: FeedSettings, adapter: Any = None) -> None:
        self.venue = venue
        self.market = Market()
        self.clock = SystemClock()
        self.errors = ErrorLog(self.clock)
        self.rest = RestTransport()
        self.adapter = adapter or BinanceAdapter(
            {"stream": venue.stream_url, "rest": venue.rest_url}
        )
        self.feed = Feed(
            self.adapter,
            self.market,
            transports={TransportKind.WEBSOCKET: WebSocketTransport()},
            rest=self.rest,
            clock=self.clock,
            rng=random.Random(1),
            errors=self.errors,
            settings=settings,
        )
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.feed.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.rest.close()

    def status(self, subscription: Subscription) -> str:
        return self.market.truth(subscription).status.value

    def messages(self) -> list[str]:
        return [record.message for record in self.errors.records()]


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait for something that real sockets will bring about."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is other people's state
            await asyncio.sleep(0.005)
