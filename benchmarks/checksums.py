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
import platform
import sys
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import ccxt.pro
import msgspec
from ccxt.async_support.base.ws.client import Client as CcxtClient

from tui.adapters.kraken import KrakenAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot
from tui.model.instrument import Instrument
from tui.recording.format import RecordingReader

try:
    import cryptofeed.exchanges.kraken
    import cryptofeed.symbols
except ImportError:  # it brings C that must be compiled, which is not possible everywhere
    cryptofeed = None

ROUNDS = 7
RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
CURRENT = RECORDINGS / "kraken_v2_btcusd_depth25.jsonl.gz"
FIRST = RECORDINGS / "kraken_v1_10pairs.jsonl.gz"


class Frame(NamedTuple):
    raw: bytes
    text: str
    ts_local: int


def load(path: Path, mark: str) -> list[Frame]:
    """The frames of books."""
    return [
        Frame(line.raw.encode(), line.raw, line.time_ns)
        for line in RecordingReader(path)
        if line.kind == "rx" and mark in line.raw[:20] + line.raw[-40:]
    ]


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

    def check(self) -> None:
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

    def check(self) -> None:
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

    def check(self) -> None:
        if len(self.feed._l2_book) != 10:
            raise RuntimeError("cryptofeed has not all books")


async def compare(
    title: str, frames: list[Frame], field: list[type[Any]], protocol: str, depth: int
) -> None:
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for make in field:
            contestant = make(protocol, depth)
            gc.collect()  # nobody pays for the garbage of the one before
            began = process_time()
            await contestant.play(frames)
            times.setdefault(contestant.name, []).append(process_time() - began)
            contestant.check()
    first = next(iter(times))
    print(f"{title}: {len(frames)} messages")
    print(f"  {'':52}{'messages/s':>11}{'best':>9}{'us each':>9}{'ratio':>8}")
    for name, spent in times.items():
        mid = median(spent)
        ratio = median(own / ours for own, ours in zip(spent, times[first], strict=True))
        print(
            f"  {name:52}{len(frames) / mid:11,.0f}{len(frames) / min(spent):9,.0f}"
            f"{mid / len(frames) * 1e6:9.2f}{ratio:8.2f}"
        )
    print()


async def run() -> None:
    gc.collect()
    gc.freeze()
    print(
        f"Python {sys.version.split()[0]}, {platform.machine()}, {ROUNDS} interleaved rounds, "
        "processor time; ratio: how many times the first line's time\n"
    )
    current = load(CURRENT, '{"channel":"book"')
    await compare("Second protocol, BTC/USD, depth 25", current, [Ours, Ccxt], "v2", 25)
    old: list[type[Any]] = [Ours] if cryptofeed is None else [Ours, Cryptofeed]
    await compare(
        "First protocol, 10 pairs, depth 1000", load(FIRST, '"book-1000"'), old, "v1", 1000
    )


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
