"""A market on loopback at fixed rates, by Coinbase Exchange's protocol, for programs on terminals.

python _exchange.py WS_PORT HTTP_PORT TICKERS BOOKS TRADES

The rates are messages a second for each product subscribed, the same to all who did; 0 leaves that kind
out, and the market says no more than its heartbeats. Prices walk calmly, books follow them, histories
end at them. Most prices of tickers are told once, so that what a screen shows tells when it was sent:
`GET /_moments` answers with those prices and their moments, on the clock that all processes of a machine
share. `GET /_stats` answers with how many messages were sent to all subscribers together,
and how many a second they ask for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable
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
_MOST_LATE_S = 0.25  # what is later is not made up for: the market did not manage
_STEP = 0.000_025  # of the price, between two levels


class Product:
    """A price that walks, a book around it, and the moments when prices were told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.decimals = PRODUCTS[name]
        self.price = _FIRST[name]
        self.random = random.Random(name)
        self.step = round(max(10**-self.decimals, self.price * _STEP), self.decimals)
        self.trades = 1000
        self.told: set[str] = set()
        self.moments: dict[str, int] = {}  # of prices that were told once
        self.low: int | None = None  # the level that the best bid is at, in steps

    def move(self, rate: float) -> str:
        """Take a step of the walk, if possible to a price that was never told, and note when."""
        for _ in range(20):
            swing = self.random.gauss(0, _SWING) / rate**0.5
            self.price *= 1 + max(-0.001, min(0.001, swing))
            text = self.text(self.price)
            if text not in self.told:
                self.moments[text] = time.monotonic_ns()
                break
        else:
            self.moments.pop(text, None)  # told twice, it does not tell when
        self.told.add(text)
        return text

    def text(self, price: float) -> str:
        return f"{price:.{self.decimals}f}"

    def level(self, steps: int) -> str:
        return self.text(steps * self.step)

    def size(self) -> str:
        return f"{self.random.random() * 2 + 0.001:.8f}"

    def snapshot(self) -> dict[str, Any]:
        if self.low is None:
            self.low = int(self.price / self.step)
        low = self.low  # where those who have the book already know it to be
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

    def ticker(self) -> dict[str, Any]:
        price = self.move(rates["tickers"] or 1)
        low = int(self.price / self.step)
        return {
            "type": "ticker",
            "sequence": self.trades,
            "product_id": self.name,
            "price": price,
            "open_24h": self.text(_FIRST[self.name] * 0.98),
            "volume_24h": "12345.67",
            "low_24h": self.text(_FIRST[self.name] * 0.95),
            "high_24h": self.text(_FIRST[self.name] * 1.05),
            "volume_30d": "370370.10",
            "best_bid": self.level(low),
            "best_bid_size": self.size(),
            "best_ask": self.level(low + 1),
            "best_ask_size": self.size(),
            "side": "buy",
            "time": now(),
            "trade_id": self.trades,
            "last_size": "0.1",
        }

    def heartbeat(self) -> dict[str, Any]:
        return {
            "type": "heartbeat",
            "product_id": self.name,
            "sequence": self.trades,
            "last_trade_id": self.trades,
            "time": now(),
        }

    def trade(self) -> dict[str, Any]:
        self.trades += 1
        return self.last_trade()

    def last_trade(self) -> dict[str, Any]:
        return {
            "type": "match",
            "trade_id": self.trades,
            "maker_order_id": "m",
            "taker_order_id": f"t{self.trades}",
            "side": self.random.choice(("buy", "sell")),
            "size": f"{self.random.random() * 0.5:.8f}",
            "price": self.text(self.price),
            "product_id": self.name,
            "sequence": self.trades,
            "time": now(),
        }


MESSAGES: dict[str, Callable[[Product], dict[str, Any]]] = {
    "tickers": Product.ticker,
    "books": Product.update,
    "trades": Product.trade,
    "heartbeats": Product.heartbeat,
}
products = {name: Product(name) for name in PRODUCTS}
audience: dict[tuple[str, str], set[ServerConnection]] = {
    (kind, name): set() for kind in MESSAGES for name in PRODUCTS
}
rates: dict[str, float] = {}
sent = 0


def now() -> str:
    seconds = time.time()
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
    )


class Session:
    """One subscriber, and what it is told of."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def serve(self) -> None:
        try:
            async for raw in self._connection:
                message = json.loads(raw)
                if message.get("type") == "subscribe":
                    await self._subscribe(message)
        finally:
            for told in audience.values():
                told.discard(self._connection)

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
                kind = kind_of(channel["name"])
                if kind is None:
                    continue
                if kind == "books":  # before any change of it
                    await self._send(products[name].snapshot())
                elif kind == "tickers":
                    await self._send(products[name].ticker())
                elif kind == "trades":
                    await self._send(products[name].last_trade() | {"type": "last_match"})
                audience[kind, name].add(self._connection)

    async def _send(self, message: dict[str, Any]) -> None:
        global sent
        sent += 1
        await self._connection.send(json.dumps(message))


def kind_of(channel: str) -> str | None:
    if channel.startswith("level2"):
        return "books"
    return {"ticker": "tickers", "heartbeat": "heartbeats", "matches": "trades"}.get(channel)


async def tell(kind: str, product: Product) -> None:
    """Tell all who subscribed the same, at the rate of its kind, as long as anybody listens."""
    global sent
    rate, told = rates[kind], audience[kind, product.name]
    due = time.monotonic() + product.random.random() / rate
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / rate, time.monotonic() - _MOST_LATE_S)
        if told:
            message = json.dumps(MESSAGES[kind](product))
            sent += len(told)
            for connection in list(told):
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(message)
        else:
            due = time.monotonic() + 1 / rate


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
        with contextlib.suppress(BrokenPipeError):  # who asked is gone
            self.wfile.write(answer)

    def _answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/_moments":
            return {name: dict(product.moments) for name, product in products.items()}
        if path == "/_stats":
            asked = sum(rates[kind] * len(told) for (kind, _), told in audience.items())
            return {"sent": sent, "asked": asked}
        if path == "/time":
            return {"iso": now(), "epoch": time.time()}
        if path == "/products/stats":
            return {}  # tickers tell the day's figures
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
        usual_volume = max(1.0, rates["trades"]) * 0.25
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
    stream, rest, tickers, books, trades = map(float, sys.argv[1:])
    rates.update(tickers=tickers, books=books, trades=trades, heartbeats=1.0)
    server = ThreadingHTTPServer(("127.0.0.1", int(rest)), Rest)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def talk(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await Session(connection).serve()

    async with serve(talk, "127.0.0.1", int(stream), max_size=None):
        print("ready", flush=True)
        await asyncio.gather(
            *(tell(kind, products[name]) for kind, name in audience if rates[kind])
        )


if __name__ == "__main__":
    asyncio.run(main())
