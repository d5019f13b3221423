"""Kraken's books with every checksum computed: real frames through us and through other libraries.

The same rules as in `decode.py`: one run, the same frames, in the type that each library's own client
hands over, nobody opens a connection, contestants take turns within each round, processor time of this
process. Ours computes the checksum of every message and would give the book up at the first that does
not fit. ccxt keeps numbers as floats, of which no checksum can be made: it checks nothing. cryptofeed
speaks the first protocol only, checks, and does not look for the checksum of a change in two parts.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import ccxt.pro
import msgspec
from _contest import RECORDINGS, Frame, announce, compare, load
from ccxt.async_support.base.ws.client import Client as CcxtClient

from tui.adapters.kraken import KrakenAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot
from tui.model.instrument import Instrument

try:
    import cryptofeed.exchanges.kraken
    import cryptofeed.symbols
except ImportError:  # it brings C that must be compiled, which is not possible everywhere
    cryptofeed = None

ROUNDS = 7
CURRENT = RECORDINGS / "kraken_v2_btcusd_depth25.jsonl.gz"
FIRST = RECORDINGS / "kraken_v1_10pairs.jsonl.gz"


class Ours:
    name = "tradetui, every checksum"

    def __init__(self, protocol: str, depth: int) -> None:
        self.adapter = KrakenAdapter({"protocol": protocol})
        self.policy = msgspec.structs.replace(self.adapter.book_policy, depth=depth)
        self.books: dict[Instrument, BookSync] = {}

    async def play(self, frames: list[Frame]) -> None:
        decode, books = self.adapter.decode, self.books
        for frame in frames:
            for event in decode(frame.raw, frame.ts_local):
                if type(event) is BookDelta:
                    books[event.instrument].on_delta(event)
                elif type(event) is BookSnapshot:
                    book = BookSync(event.instrument, self.policy, OrderBook())
                    books[event.instrument] = book
                    book.on_snapshot(event)

    def outcome(self) -> None:
        for book in self.books.values():
            if not book.is_verified or book.resyncs:
                raise RuntimeError(f"the book is not verified: {book.reason}")


class Ccxt:
    name = f"ccxt {ccxt.__version__}, no checksum"

    def __init__(self, protocol: str, depth: int) -> None:
        self.exchange = exchange = ccxt.pro.kraken()
        exchange.options["watchOrderBook"] = {"checksum": False}
        exchange.orderbooks["BTC/USD"] = exchange.order_book({}, depth)
        self.client = CcxtClient(
            "wss://ws.kraken.com/v2", exchange.handle_message, *(lambda *args: None,) * 3
        )

    async def play(self, frames: list[Frame]) -> None:
        handle = self.client.handle_text_or_binary_message
        for frame in frames:
            handle(frame.text)

    def outcome(self) -> None:
        if len(self.exchange.orderbooks["BTC/USD"]["bids"]) < 10:
            raise RuntimeError("ccxt has no book")


class Cryptofeed:
    name = "cryptofeed, checksums but for changes in two parts"

    def __init__(self, protocol: str, depth: int) -> None:
        pairs = {
            "-".join(new): "/".join(old)
            for new, old in (
                (("WAVES", "EUR"), ("WAVES", "EUR")),
                (("XMR", "USD"), ("XMR", "USD")),
                (("KSM", "BTC"), ("KSM", "XBT")),
                (("GRT", "ETH"), ("GRT", "ETH")),
                (("SC", "EUR"), ("SC", "EUR")),
                (("ETH", "CHF"), ("ETH", "CHF")),
                (("OCEAN", "BTC"), ("OCEAN", "XBT")),
                (("OMG", "USD"), ("OMG", "USD")),
                (("BTC", "CHF"), ("XBT", "CHF")),
                (("ADA", "BTC"), ("ADA", "XBT")),
            )
        }
        cryptofeed.symbols.Symbols.set("KRAKEN", pairs, {})
        self.feed = cryptofeed.exchanges.kraken.Kraken(max_depth=depth, checksum_validation=True)

    async def play(self, frames: list[Frame]) -> None:
        handle = self.feed.message_handler
        for frame in frames:
            await handle(frame.text, None, frame.ts_local / 1e9)

    def outcome(self) -> None:
        if len(self.feed._l2_book) != 10:
            raise RuntimeError("cryptofeed has not all books")


async def run() -> None:
    gc.collect()
    gc.freeze()
    announce(ROUNDS)
    current = load(CURRENT, lambda raw: raw.startswith('{"channel":"book"'))
    field: list[Callable[[], Any]] = [partial(Ours, "v2", 25), partial(Ccxt, "v2", 25)]
    await compare("Second protocol, BTC/USD, depth 25", current, field, ROUNDS)
    old = load(FIRST, lambda raw: '"book-1000"' in raw[-40:])
    field = [partial(Ours, "v1", 1000)]
    if cryptofeed is None:
        print("cryptofeed is not installed here, and left out\n")
    else:
        field.append(partial(Cryptofeed, "v1", 1000))
    await compare("First protocol, 10 pairs, depth 1000", old, field, ROUNDS)


def main() -> int:
    for path in (CURRENT, FIRST):
        if not path.is_file():
            print(f"no recording beside the checkout ({path}): nothing measured")
            return 0
    logging.disable()  # what peers log is not what is measured
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
