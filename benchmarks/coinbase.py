"""Coinbase Exchange's frames of ten products through us and through other libraries, in one run.

The same rules as in `decode.py`: the same frames, in the type that each library's own client hands
over, nobody opens a connection, contestants take turns within each round, processor time of this
process. The venue gives its books neither sequence nor checksum; what can be seen of a lost change is
a crossed book. We look for that after every change; cryptofeed does when it is asked to, ccxt does not.

cryptofeed speaks this protocol up to 2.4.0 only, which `run` keeps in a folder of its own.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ccxt.pro
from _contest import RECORDINGS, Frame, announce, compare, load
from ccxt.async_support.base.ws.client import Client as CcxtClient

from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, ParseFailure
from tui.model.instrument import Instrument

sys.path.insert(0, str(Path(sys.prefix) / "cryptofeed-2.4.0"))
try:
    import cryptofeed.exchanges.coinbase
    import cryptofeed.symbols
except ImportError:  # it brings C that must be compiled, which is not possible everywhere
    cryptofeed = None
else:
    if "ticker" not in cryptofeed.exchanges.coinbase.Coinbase.websocket_channels:
        cryptofeed = None  # one that does not speak this protocol would only parse the frames

ROUNDS = 7
TOP = 10
RECORDING = RECORDINGS / "coinbase_exchange_10products.jsonl.gz"
PRODUCTS = (
    *("BAND-BTC", "BAND-GBP", "CRV-EUR", "DASH-BTC", "NMR-EUR"),
    *("NU-GBP", "SKL-BTC", "SKL-GBP", "SKL-USD", "YFI-BTC"),
)

Books = dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]]
"""The ten best bids and asks of each product, as numbers."""


class Ours:
    name = f"tradetui, books checked, top {TOP}"
    reads = True

    def __init__(self) -> None:
        self.adapter = CoinbaseAdapter()
        self.books: dict[Instrument, BookSync] = {}

    async def play(self, frames: list[Frame]) -> None:
        decode, books, reads = self.adapter.decode, self.books, self.reads
        policy = self.adapter.book_policy
        for frame in frames:
            for event in decode(frame.raw, frame.ts_local):
                if type(event) is BookDelta:
                    sync = books[event.instrument]
                    sync.on_delta(event)
                    if reads:
                        sync.book.bids.top(TOP)
                        sync.book.asks.top(TOP)
                elif type(event) is BookSnapshot:
                    sync = BookSync(event.instrument, policy, OrderBook())
                    books[event.instrument] = sync
                    sync.on_snapshot(event)

    def outcome(self) -> Books:
        outcome = {}
        for instrument, sync in self.books.items():
            if not sync.is_verified or sync.resyncs:
                raise RuntimeError(f"the book of {instrument} is not verified: {sync.reason}")
            bids, asks = sync.book.bids.top(TOP), sync.book.asks.top(TOP)
            outcome[instrument.symbol] = (
                [(x.price, x.size) for x in bids],
                [(x.price, x.size) for x in asks],
            )
        return outcome


class OursUnread(Ours):
    name = "tradetui, books checked, not read"
    reads = False


class OursEvents:
    name = "tradetui, decode and events only"

    def __init__(self) -> None:
        self.adapter = CoinbaseAdapter()
        self.failures = 0

    async def play(self, frames: list[Frame]) -> None:
        decode = self.adapter.decode
        for frame in frames:
            for event in decode(frame.raw, frame.ts_local):
                if type(event) is ParseFailure:
                    self.failures += 1

    def outcome(self) -> None:
        if self.failures:
            raise RuntimeError(f"{self.failures} frames were not understood")


class Ccxt:
    """What ccxt.pro's client does with a message. Nobody waits for its futures, to its advantage."""

    name = f"ccxt {version('ccxt')}, not checked, top {TOP}"
    reads = True

    def __init__(self) -> None:
        self.exchange = exchange = ccxt.pro.coinbaseexchange()
        pairs = [product.split("-") for product in PRODUCTS]
        exchange.set_markets(
            exchange.safe_market_structure(
                {
                    "id": f"{base}-{quote}",
                    "symbol": f"{base}/{quote}",
                    "base": base,
                    "quote": quote,
                    "baseId": base,
                    "quoteId": quote,
                    "type": "spot",
                    "spot": True,
                    "contract": False,
                    "option": False,
                    "precision": {"amount": 1e-8, "price": 1e-8},
                }
            )
            for base, quote in pairs
        )
        self.client = CcxtClient(
            "wss://ws-feed.exchange.coinbase.com",
            exchange.handle_message,
            *(lambda *args: None,) * 3,
        )

    async def play(self, frames: list[Frame]) -> None:
        handle, books, reads = (
            self.client.handle_text_or_binary_message,
            self.exchange.orderbooks,
            self.reads,
        )
        for frame in frames:
            handle(frame.text)
            if reads and frame.raw.startswith(b'{"type":"l2update"'):
                book = books[product_of(frame.text).replace("-", "/")]
                book.limit()
                book["bids"][:TOP]
                book["asks"][:TOP]

    def outcome(self) -> Books:
        outcome = {}
        for symbol, book in self.exchange.orderbooks.items():
            book.limit()
            outcome[symbol.replace("/", "-")] = (
                as_pairs(book["bids"][:TOP]),
                as_pairs(book["asks"][:TOP]),
            )
        return outcome


class CcxtUnread(Ccxt):
    name = f"ccxt {version('ccxt')}, not checked, not read"
    reads = False


class Cryptofeed:
    """cryptofeed's message handler, with Decimals and a book in C that is sorted when it is read."""

    name = "cryptofeed 2.4.0, books checked, top 10"
    checks = True
    reads = True

    def __init__(self) -> None:
        names = {product: product for product in PRODUCTS}
        cryptofeed.symbols.Symbols.set("COINBASE", names, {})
        self.feed = cryptofeed.exchanges.coinbase.Coinbase(cross_check=self.checks)

    async def play(self, frames: list[Frame]) -> None:
        handle, books, reads = self.feed.message_handler, self.feed._l2_book, self.reads
        for frame in frames:
            await handle(frame.text, None, frame.ts_local / 1e9)
            if reads and frame.raw.startswith(b'{"type":"l2update"'):
                book = books[product_of(frame.text)].book
                bids, asks = book.bids, book.asks
                for index in range(TOP):
                    bids.index(index)
                    asks.index(index)

    def outcome(self) -> Books:
        return {
            product: (
                as_pairs([held.book.bids.index(index) for index in range(TOP)]),
                as_pairs([held.book.asks.index(index) for index in range(TOP)]),
            )
            for product, held in self.feed._l2_book.items()
        }


class CryptofeedUnread(Cryptofeed):
    name = "cryptofeed 2.4.0, books checked, not read"
    reads = False


class CryptofeedUnchecked(Cryptofeed):
    name = "cryptofeed 2.4.0, not checked, not read"
    checks = reads = False


def product_of(text: str) -> str:
    """The product of a change of a book, whose place in the frame is always the same."""
    return text[33 : text.index('"', 33)]


def as_pairs(levels: Any) -> list[tuple[float, float]]:
    return [(float(level[0]), float(level[1])) for level in levels]


async def run() -> None:
    frames = load(RECORDING)
    gc.collect()
    gc.freeze()
    announce(ROUNDS)
    field: list[type[Any]] = [Ours, OursUnread, OursEvents, Ccxt, CcxtUnread]
    if cryptofeed is None:
        print("cryptofeed 2.4.0 is not installed here, and left out\n")
    else:
        field += [Cryptofeed, CryptofeedUnread, CryptofeedUnchecked]
    await compare("Coinbase Exchange, 10 products", frames, field, ROUNDS)


def main() -> int:
    if not RECORDING.is_file():
        print(f"no recording beside the checkout ({RECORDING}): nothing measured")
        return 0
    logging.disable()  # what peers log is not what is measured
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
