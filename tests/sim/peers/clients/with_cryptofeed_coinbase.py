"""Drives cryptofeed as Coinbase Advanced's client; prints one line of JSON."""

import asyncio
import json
import logging
import os
import sys
from typing import ClassVar

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import L2_BOOK, TRADES
from cryptofeed.exchanges import Coinbase

PLACES = json.loads(sys.argv[1])
KEYS = {"coinbase": {"key_id": "key", "key_secret": "secret"}}
heard: dict = {"books": 0, "trades": []}


class Noise(logging.Handler):
    """Counts what cryptofeed complains about."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        Noise.count += record.levelno >= logging.ERROR


async def on_book(book: object, stamp: float) -> None:
    heard["books"] += 1


async def on_trade(trade: object, stamp: float) -> None:
    heard["trades"].append(int(trade.id))


class Address(str):
    """cryptofeed refuses addresses without TLS, which a loopback server has no use for."""

    def startswith(self, *prefix: object) -> bool:
        return True


class Embedded(Coinbase):
    websocket_endpoints: ClassVar = [WebsocketEndpoint(Address(PLACES["stream"]))]
    rest_endpoints: ClassVar = [
        RestEndpoint(PLACES["rest"] + "/api/v3/brokerage", routes=Routes("/products"))
    ]


logging.getLogger("feedhandler").addHandler(Noise())
log = {"filename": "/dev/null", "level": "WARNING"}
handler = FeedHandler({"log": log, "uvloop": False} | KEYS)
handler.add_feed(
    Embedded(
        config={"log": log} | KEYS,
        symbols=["BTC-USDT"],
        channels=[L2_BOOK, TRADES],
        callbacks={L2_BOOK: on_book, TRADES: on_trade},
    )
)


async def main() -> None:
    for _ in range(600):
        await asyncio.sleep(0.1)
        if heard["books"] > 100 and len(heard["trades"]) > 110:
            break


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
handler.run(start_loop=False, install_signal_handlers=False)
loop.run_until_complete(main())
ids = sorted(heard["trades"])
found = {
    "books": heard["books"] > 100,
    "trades": len(ids) > 110,
    "ids_contiguous": ids == list(range(ids[0], ids[0] + len(ids))) if ids else False,
    "complaints": Noise.count,
}
print(json.dumps(found), flush=True)
os._exit(0)  # its connections are left as they are
