"""Drives cryptofeed as Kraken's client, checksums on; prints one line of JSON."""

import asyncio
import json
import logging
import os
import sys
from typing import ClassVar

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import CANDLES, L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Kraken

PLACES = json.loads(sys.argv[1])
SYMBOLS = ["BTC-USDT", "ETH-USDT"]
heard: dict = {"books": 0, "crossed": False, "trades": 0, "candles": 0, "tickers": 0}


class Noise(logging.Handler):
    """Counts what cryptofeed complains about, bad checksums among it."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        Noise.count += record.levelno >= logging.ERROR


async def on_book(book: object, stamp: float) -> None:
    heard["books"] += 1
    heard["crossed"] |= book.book.bids.index(0)[0] >= book.book.asks.index(0)[0]


async def on_trade(trade: object, stamp: float) -> None:
    heard["trades"] += 1


async def on_candle(candle: object, stamp: float) -> None:
    heard["candles"] += 1


async def on_ticker(ticker: object, stamp: float) -> None:
    heard["tickers"] += 1


class Address(str):
    """cryptofeed refuses addresses without TLS, which a loopback server has no use for."""

    def startswith(self, *prefix: object) -> bool:
        return True


class Embedded(Kraken):
    websocket_endpoints: ClassVar = [WebsocketEndpoint(Address(PLACES["stream"]), limit=20)]
    rest_endpoints: ClassVar = [RestEndpoint(PLACES["rest"], routes=Routes("/0/public/AssetPairs"))]


logging.getLogger("feedhandler").addHandler(Noise())
handler = FeedHandler({"log": {"filename": "/dev/null", "level": "WARNING"}, "uvloop": False})
handler.add_feed(
    Embedded(
        symbols=SYMBOLS,
        channels=[L2_BOOK, TRADES, CANDLES, TICKER],
        callbacks={
            L2_BOOK: on_book,
            TRADES: on_trade,
            CANDLES: on_candle,
            TICKER: on_ticker,
        },
        checksum_validation=True,
        max_depth=25,
        candle_closed_only=False,
    )
)


async def main() -> None:
    for _ in range(600):
        await asyncio.sleep(0.1)
        if heard["books"] > 200 and all(heard[k] > 5 for k in ("trades", "candles", "tickers")):
            break


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
handler.run(start_loop=False, install_signal_handlers=False)
loop.run_until_complete(main())
found = {
    "books": heard["books"] > 200,
    "crossed": heard["crossed"],
    "trades": heard["trades"] > 5,
    "candles": heard["candles"] > 5,
    "tickers": heard["tickers"] > 5,
    "complaints": Noise.count,
}
print(json.dumps(found), flush=True)
os._exit(0)  # its connections are left as they are
