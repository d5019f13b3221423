"""A market on loopback at fixed rates, by Coinbase Exchange's protocol, for programs on terminals.

python _exchange.py WS_PORT HTTP_PORT TICKERS BOOKS TRADES

The rates are messages a second for each product subscribed; 0 leaves that kind out, and the market
says no more than its heartbeats. Prices walk calmly, books follow them, histories end at them. Every
price of a ticker is new, so that what a screen shows tells when it was sent: `GET /_moments` answers
with the prices of late and when each was sent first, on the clock that all processes of a machine
share. `GET /_stats` answers with how many messages were sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

PRODUCTS = {"BTC-USD": 2, "ETH-USD": 2, "SOL-USD": 3, "XRP-USD": 5, "ADA-USD": 5}
"""What is traded, and the decimals of its price."""
_FIRST = {"BTC-USD": 81000.0, "ETH-USD": 2400.0, "SOL-USD": 150.0, "XRP-USD": 1.9, "ADA-USD": 0.6}
_SWING = 0.0001  # of the price, each second
_LEVELS = 300
_STEP = 0.000_025  # of the price, between two levels
_MOST_MOMENTS = 200_000


class Product:
    """A price that walks, a book around it, and the moments when prices were told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.decimals = PRODUCTS[name]
        self.price = _FIRST[name]
        self.random = random.Random(name)
        self.step = round(max(10**-self.decimals, self.price * _STEP), self.decimals)
        self.trades = 1000
        self.moments: dict[str, int] = {}
        self.low: int | None = None  # the level that the best bid is at, in steps

    def move(self, rate: float) -> str:
        """Take a step of the walk to a price that was not told lately, and note when."""
        for _ in range(20):
            swing = self.random.gauss(0, _SWING) / rate**0.5
            self.price *= 1 + max(-0.001, min(0.001, swing))
            text = self.text(self.price)
            if text not in self.moments:
                break
        if len(self.moments) > _MOST_MOMENTS:
            self.moments.clear()
        self.moments.setdefault(text, time.monotonic_ns())
        return text

    def text(self, price: float) -> str:
        return f"{price:.{self.decimals}f}"

    def level(self, steps: int) -> str:
        return self.text(steps * self.step)

    def size(self) -> str:
        return f"{self.random.random() * 2 + 0.001:.8f}"

    def snapshot(self) -> dict[str, Any]:
        low = self.low = int(self.price / self.step)
        return {
            "type": "snapshot",
            "product_id": self.name,
            "bids": [[self.level(low - n), self.size()] for n in range(_LEVELS)],
            "asks": [[self.level(low + 1 + n), self.size()] for n in range(_LEVELS)],
        }

    def update(self) -> dict[str, Any]:
        """Fifteen changes near the best prices, after the book has followed the price."""
        assert self.low is not None
        low, self.low = self.low, int(self.price / self.step)
        changes = []
        for steps in range(low, self.low):  # risen
            changes += [["sell", self.level(steps + 1), "0"]]
            changes += [["buy", self.level(steps + 1), self.size()]]
        for steps in range(low, self.low, -1):  # fallen
            changes += [["buy", self.level(steps), "0"]]
            changes += [["sell", self.level(steps), self.size()]]
        for _ in range(15):
            away = int(self.random.expovariate(1 / 80))
            if self.random.random() < 0.5:
                changes.append(["buy", self.level(self.low - away), self.size()])
            else:
                changes.append(["sell", self.level(self.low + 1 + away), self.size()])
        return {"type": "l2update", "product_id": self.name, "changes": changes, "time": now()}


products = {name: Product(name) for name in PRODUCTS}
sent = 0
trade_rate = 0.0


def now() -> str:
    seconds = time.time()
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
    )


class Session:
    """One subscriber and what is sent to it."""

    def __init__(self, connection: ServerConnection, rates: dict[str, float]) -> None:
        self._connection = connection
        self._rates = rates
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self) -> None:
        try:
            async for raw in self._connection:
                message = json.loads(raw)
                if message.get("type") == "subscribe":
                    await self._subscribe(message)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _subscribe(self, message: dict[str, Any]) -> None:
        channels = [
            {"name": channel, "product_ids": message.get("product_ids", [])}
            if isinstance(channel, str)
            else {"product_ids": message.get("product_ids", []), **channel}
            for channel in message.get("channels", [])
        ]
        await self._send({"type": "subscriptions", "channels": channels})
        for channel in channels:
            for name in channel["product_ids"]:
                product, kind = products[name], channel["name"]
                if kind == "ticker":
                    await self._ticker(product)
                    self._every("tickers", self._ticker, product)
                elif kind == "heartbeat":
                    self._every("heartbeats", self._heartbeat, product)
                elif kind.startswith("level2"):
                    await self._send(product.snapshot())
                    self._every("books", self._book, product)
                elif kind == "matches":
                    await self._trade(product)
                    self._every("trades", self._trade, product)

    def _every(self, kind: str, tell: Callable[[Product], Awaitable[None]], of: Product) -> None:
        async def run() -> None:
            rate = self._rates[kind]
            due = time.monotonic() + of.random.random() / rate
            while True:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due += 1 / rate
                await tell(of)

        if self._rates[kind]:
            self._tasks.append(asyncio.create_task(run()))

    async def _ticker(self, product: Product) -> None:
        price = product.move(self._rates["tickers"] or 1)
        low = int(product.price / product.step)
        await self._send(
            {
                "type": "ticker",
                "sequence": product.trades,
                "product_id": product.name,
                "price": price,
                "open_24h": product.text(_FIRST[product.name] * 0.98),
                "volume_24h": "12345.67",
                "low_24h": product.text(_FIRST[product.name] * 0.95),
                "high_24h": product.text(_FIRST[product.name] * 1.05),
                "volume_30d": "370370.10",
                "best_bid": product.level(low),
                "best_bid_size": product.size(),
                "best_ask": product.level(low + 1),
                "best_ask_size": product.size(),
                "side": "buy",
                "time": now(),
                "trade_id": product.trades,
                "last_size": "0.1",
            }
        )

    async def _heartbeat(self, product: Product) -> None:
        await self._send(
            {
                "type": "heartbeat",
                "product_id": product.name,
                "sequence": product.trades,
                "last_trade_id": product.trades,
                "time": now(),
            }
        )

    async def _book(self, product: Product) -> None:
        await self._send(product.update())

    async def _trade(self, product: Product) -> None:
        product.trades += 1
        await self._send(
            {
                "type": "match",
                "trade_id": product.trades,
                "maker_order_id": "m",
                "taker_order_id": f"t{product.trades}",
                "side": product.random.choice(("buy", "sell")),
                "size": f"{product.random.random() * 0.5:.8f}",
                "price": product.text(product.price),
                "product_id": product.name,
                "sequence": product.trades,
                "time": now(),
            }
        )

    async def _send(self, message: dict[str, Any]) -> None:
        global sent
        sent += 1
        await self._connection.send(json.dumps(message))


class Rest(BaseHTTPRequestHandler):
    """Products, candles, and what the benchmarks ask for."""

    def log_message(self, *words: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        answer = json.dumps(self._answer(parts.path, parse_qs(parts.query))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/_moments":
            return {name: dict(product.moments) for name, product in products.items()}
        if path == "/_stats":
            return {"sent": sent}
        if path == "/time":
            return {"iso": now(), "epoch": time.time()}
        if path.endswith("/candles"):
            return self._candles(path.split("/")[2], int(query.get("granularity", ["60"])[0]))
        if path == "/products":
            return [
                {
                    "id": name,
                    "base_currency": name.split("-")[0],
                    "quote_currency": "USD",
                    "base_increment": "0.00000001",
                    "quote_increment": f"{10**-decimals:.{decimals}f}",
                    "status": "online",
                    "trading_disabled": False,
                }
                for name, decimals in PRODUCTS.items()
            ]
        return []

    def _candles(self, name: str, granularity: int) -> list[list[float]]:
        """Three hundred, newest first, that end at the price of now."""
        product = products[name]
        end = int(time.time()) // granularity * granularity
        chance = random.Random(5)
        close, found = product.price, []
        usual_volume = max(1.0, trade_rate) * 0.25
        for age in range(300):
            opened = close * (1 + chance.gauss(0, 0.001))
            low, high = min(opened, close) * 0.9996, max(opened, close) * 1.0004
            prices = (round(price, product.decimals) for price in (low, high, opened, close))
            # As much as the trades of such a time come to, so that the live candle is none of giants.
            volume = usual_volume * granularity * (0.5 + chance.random())
            found.append([end - granularity * age, *prices, round(volume, 8)])
            close = opened
        return found


async def main() -> None:
    global trade_rate
    stream, rest, tickers, books, trades = map(float, sys.argv[1:])
    rates = {"tickers": tickers, "books": books, "trades": trades, "heartbeats": 1.0}
    trade_rate = trades
    server = ThreadingHTTPServer(("127.0.0.1", int(rest)), Rest)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def talk(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await Session(connection, rates).serve()

    async with serve(talk, "127.0.0.1", int(stream), max_size=None):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
