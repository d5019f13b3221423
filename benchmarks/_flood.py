"""A market on loopback that offers messages at a given rate: python _flood.py PORT MESSAGES_A_SECOND.

Binance's combined stream for one symbol, and just enough of its REST. Of a hundred messages 68 are
trades, 25 tickers, five candles and two changes of the book, of forty levels each. The book's
changes are numbered and go with the snapshot. A trade's quantity is the moment when it was sent: the
monotonic clock in ns, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import cycle
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

SYMBOL = "BTCUSDT"
TURN_S = 0.002
LEVELS = 1000
TICK = 0.01


class Market:
    """A random walk whose messages are numbered without holes."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._mid = 61837.0
        self._trade_id = 0
        self._update_id = 1000
        self._minute = 0
        self._volume = 0.0
        self._bids = {self._price(-level): "1.50000000" for level in range(1, LEVELS)}
        self._asks = {self._price(level): "1.50000000" for level in range(1, LEVELS)}

    def messages(self) -> Iterator[Callable[[], str]]:
        """What makes the next message, in an order that repeats."""
        makers = [self.trade] * 68 + [self.ticker] * 25 + [self.kline] * 5 + [self.depth] * 2
        random.Random(3).shuffle(makers)
        return cycle(makers)

    def trade(self) -> str:
        self._trade_id += 1
        now = time.time_ns() // 1_000_000
        maker = "true" if self._random.random() < 0.5 else "false"
        return (
            f'{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{now},"s":"BTCUSDT",'
            f'"a":{self._trade_id},"p":"{self._price(0)}","q":"0.{time.monotonic_ns():020d}",'
            f'"f":{self._trade_id},"l":{self._trade_id},"T":{now},"m":{maker},"M":true}}}}'
        )

    def ticker(self) -> str:
        now = time.time_ns() // 1_000_000
        price = self._price(0)
        return (
            f'{{"stream":"btcusdt@ticker","data":{{"e":"24hrTicker","E":{now},"s":"BTCUSDT",'
            f'"p":"100.00000000","P":"0.162","w":"61800.00000000","x":"61737.00000000","c":"{price}",'
            f'"Q":"0.00100000","b":"{self._price(-1)}","B":"1.50000000","a":"{self._price(1)}",'
            '"A":"1.50000000","o":"61737.00000000","h":"62000.00000000","l":"61000.00000000",'
            '"v":"20000.00000000","q":"1236740000.00000000","O":0,"C":86400000,"F":0,"L":1,"n":2}}'
        )

    def depth(self) -> str:
        now = time.time_ns() // 1_000_000
        first, self._update_id = self._update_id + 1, self._update_id + 10
        changes = [self._change(side) for side in (self._bids, self._asks) for _ in range(20)]
        bids, asks = ",".join(changes[:20]), ",".join(changes[20:])
        return (
            f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{now},"s":"BTCUSDT",'
            f'"U":{first},"u":{self._update_id},"b":[{bids}],"a":[{asks}]}}}}'
        )

    def kline(self) -> str:
        now = time.time_ns() // 1_000_000
        self._volume += 0.5
        price, minute = self._price(0), now // 60_000 * 60_000
        return (
            f'{{"stream":"btcusdt@kline_1m","data":{{"e":"kline","E":{now},"s":"BTCUSDT","k":{{'
            f'"t":{minute},"T":{minute + 59_999},"s":"BTCUSDT","i":"1m","f":1,"L":2,"o":"{price}",'
            f'"c":"{price}","h":"{price}","l":"{price}","v":"{self._volume:.8f}","n":2,"x":false,'
            '"q":"1.00000000","V":"0.50000000","Q":"0.50000000","B":"0"}}}'
        )

    def answer(self, path: str) -> object:
        """The body of a REST request."""
        now = time.time_ns() // 1_000_000
        if path.endswith("/depth"):
            return {
                "lastUpdateId": self._update_id,
                "bids": list(self._bids.items()),
                "asks": list(self._asks.items()),
            }
        if path.endswith("/time"):
            return {"serverTime": now}
        if path.endswith("/exchangeInfo"):
            names = {"baseAsset": "BTC", "quoteAsset": "USDT", "status": "TRADING", "filters": []}
            return {"symbols": [{"symbol": SYMBOL, **names}]}
        return []

    def _price(self, ticks: int) -> str:
        return f"{self._mid + ticks * TICK:.8f}"

    def _change(self, side: dict[str, str]) -> str:
        level = self._random.randrange(1, LEVELS)
        price = self._price(-level if side is self._bids else level)
        side[price] = f"{self._random.random() * 5 + 0.001:.8f}"
        return f'["{price}","{side[price]}"]'


class Server:
    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._market = Market()
        self._flood: asyncio.Task[None] | None = None

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """REST on the stream's port; None lets the handshake go on."""
        path = urlsplit(request.path).path
        if path == "/stream":
            return None
        response = connection.respond(HTTPStatus.OK, json.dumps(self._market.answer(path)))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response

    async def converse(self, connection: ServerConnection) -> None:
        flood = None
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(json.dumps({"result": None, "id": json.loads(message)["id"]}))
                flood = flood or asyncio.create_task(self._send(connection))
        if flood is not None:
            flood.cancel()

    async def _send(self, connection: ServerConnection) -> None:
        makers = self._market.messages()
        began, sent = time.perf_counter(), 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                due = int((time.perf_counter() - began) * self._rate)
                for _ in range(due - sent):
                    await connection.send(next(makers)())
                sent = due
                await asyncio.sleep(TURN_S)


async def main(port: int, rate: float) -> None:
    server = Server(rate)
    async with serve(
        server.converse, "127.0.0.1", port, process_request=server.answer, compression=None
    ):
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
