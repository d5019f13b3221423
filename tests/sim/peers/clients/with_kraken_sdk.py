"""Drives python-kraken-sdk's book client, which checks every checksum, and krakenex; prints JSON."""

import asyncio
import json
import logging
import sys

import krakenex
from kraken.spot import Market, SpotOrderBookClient, SpotWSClient

PLACES = json.loads(sys.argv[1])
SpotWSClient.WS_URL = PLACES["stream"]
books: list = []
heard: list = []
complaints = 0


class Noise(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        global complaints
        complaints += record.levelno >= logging.WARNING


class Book(SpotOrderBookClient):
    async def on_book_update(self, pair: str, message: object) -> None:
        book = self.get(pair=pair)
        best = (float(next(iter(book["bid"]))), float(next(iter(book["ask"]))))
        books.append((book["valid"], *best))


class Stream(SpotWSClient):
    async def on_message(self, message: object) -> None:
        if isinstance(message, dict) and message.get("channel") in ("trade", "ohlc", "ticker"):
            heard.append(message["channel"])


async def main() -> dict:
    logging.getLogger().addHandler(Noise())
    client = Book(depth=25)
    # Its precisions come by REST from the venue itself; this one is to ask the same server.
    client._SpotOrderBookClient__market = Market(url=PLACES["rest"])
    await client.start()
    await client.add_book(pairs=["BTC/USDT"])
    stream = Stream(rest_url=PLACES["rest"])
    await stream.start()
    for params in ({"channel": "trade"}, {"channel": "ticker"}, {"channel": "ohlc", "interval": 1}):
        await stream.subscribe(params=params | {"symbol": ["BTC/USDT"]})
    async with asyncio.timeout(60):
        while len(books) < 100 or set(heard) != {"trade", "ohlc", "ticker"}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await stream.close()
    await client.remove_book(pairs=["BTC/USDT"])
    rest = krakenex.API()
    rest.uri = PLACES["rest"]
    candles = rest.query_public("OHLC", {"pair": "XBTUSDT", "interval": "60"})
    wrong = rest.query_public("OHLC", {"pair": "NOPE"})
    return {
        "valid": all(valid for valid, _, _ in books),
        "crossed": any(bid >= ask for _, bid, ask in books),
        "moves": len(set(books)) > 1,
        "channels": sorted(set(heard)),
        "complaints": complaints,
        "hours": len(candles["result"]["XBTUSDT"]),
        "wrong": wrong["error"],
    }


print(json.dumps(asyncio.run(main())), flush=True)
