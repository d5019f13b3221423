"""Decoding and order books: real Binance frames through us and through other libraries, in one run.

Everyone gets the same frames of the same recording, in the type that their own WebSocket client
hands over: bytes for us, text for the others. Nobody opens a connection; the REST snapshot that is
in the recording starts every book, before the clock runs. Contestants take turns within each round,
and the median of each counts. The time is the processor time of this process, so that what the
neighbours on a busy machine take is nobody's fault.

What is done with a frame is each library's own way: the handler that its client calls for every
message. The book is checked by the sequence of its updates by all of them. "top 10" reads ten levels
of each side, as numbers, after every change of the book.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import binance.ws.depthcache
import binance.ws.reconnecting_websocket
import ccxt.pro
import msgspec
from _contest import RECORDINGS, announce, compare
from ccxt.async_support.base.ws.client import Client as CcxtClient

from tui.adapters.binance import BinanceAdapter
from tui.feed.book_flow import BookFlow
from tui.feed.books import BookSync
from tui.feed.clock import SystemClock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.intake import Intake
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.recording.format import RecordingReader

try:
    import cryptofeed.defines
    import cryptofeed.exchanges.binance
    import cryptofeed.symbols
except ImportError:  # it brings C that must be compiled, which is not possible everywhere
    cryptofeed = None

ROUNDS = 5
BURST = 1000
TOP = 10
BTCUSDT = Instrument("BINANCE", "BTCUSDT")
RECORDING = RECORDINGS / "binance_spot_btcusdt.jsonl.gz"

Best = list[tuple[float, float]]


class Frame(NamedTuple):
    raw: bytes
    text: str
    ts_local: int
    is_depth: bool


class Recording(NamedTuple):
    snapshot: str
    frames: list[Frame]

    def depth(self) -> Recording:
        return Recording(self.snapshot, [frame for frame in self.frames if frame.is_depth])


def load(path: Path) -> Recording:
    snapshot, frames = "", []
    for line in RecordingReader(path):
        if line.kind == "http":
            snapshot = line.raw
        elif line.kind == "rx":
            is_depth = line.raw.startswith('{"stream":"btcusdt@depth')
            frames.append(Frame(line.raw.encode(), line.raw, line.time_ns, is_depth))
    return Recording(snapshot, frames)


class Contestant:
    """One way through the frames; made anew for every round."""

    name = ""

    def __init__(self, recording: Recording) -> None:
        """Get ready, with the snapshot in the book; not timed."""

    async def play(self, frames: list[Frame]) -> None:
        """Take all frames; timed."""
        raise NotImplementedError

    def outcome(self) -> tuple[Best, Best]:
        """The ten best bids and asks at the end, to compare."""
        raise NotImplementedError


# -- ours ------------------------------------------------------------------------------------


def snapshot_event(adapter: BinanceAdapter, recording: Recording) -> BookSnapshot:
    return adapter.book_request(BTCUSDT).decode(recording.snapshot.encode(), 0)


def best_of(book: OrderBook) -> tuple[Best, Best]:
    bids, asks = book.bids.top(TOP), book.asks.top(TOP)
    return [(x.price, x.size) for x in bids], [(x.price, x.size) for x in asks]


class Ours(Contestant):
    name = f"tradetui, top {TOP}"
    reads = True

    def __init__(self, recording: Recording) -> None:
        self.adapter = BinanceAdapter()
        self.book = OrderBook()
        self.sync = BookSync(BTCUSDT, self.adapter.book_policy, self.book)
        self.sync.on_snapshot(snapshot_event(self.adapter, recording))

    async def play(self, frames: list[Frame]) -> None:
        decode, on_delta, reads = self.adapter.decode, self.sync.on_delta, self.reads
        bids, asks = self.book.bids, self.book.asks
        for frame in frames:
            for event in decode(frame.raw, frame.ts_local):
                if type(event) is BookDelta:
                    on_delta(event)
                    if reads:
                        bids.top(TOP)
                        asks.top(TOP)

    def outcome(self) -> tuple[Best, Best]:
        if not self.sync.is_verified:
            raise RuntimeError(f"the book is not verified: {self.sync.reason}")
        return best_of(self.book)


class OursUnread(Ours):
    name = "tradetui, book not read"
    reads = False


class Pipeline(Contestant):
    """All that a feed does with a frame between the socket and the screen."""

    name = "tradetui, feed to market, one by one"

    def __init__(self, recording: Recording) -> None:
        clock, adapter, self.metrics = SystemClock(), BinanceAdapter(), Metrics()
        self.market, self.errors = Market(), ErrorLog(clock)
        settings = FeedSettings()
        subscriptions = Subscriptions(adapter, settings, clock, lambda entry: None)
        books = BookFlow(
            adapter.book_policy,
            self.market,
            subscriptions,
            clock=clock,
            errors=self.errors,
            needs_snapshot=lambda instrument: None,
        )
        self.intake = Intake(
            adapter,
            self.market,
            Nobody(),
            subscriptions=subscriptions,
            outbox=Outbox(adapter, clock, lambda subscription, error: None),
            trades=TradeFlow(self.market, lambda instrument: None),
            books=books,
            metrics=self.metrics,
            offset=ClockOffset(),
            errors=self.errors,
            clock=clock,
        )
        self.inbox = Inbox(settings.inbox_limit)
        self.monotonic = clock.monotonic
        channels = (Channel.TICKER, Channel.TRADES, Channel.BOOK)
        subscriptions.want(Subscription(BTCUSDT, channel) for channel in channels)
        subscriptions.connected()
        books.watch(BTCUSDT)
        books.add_snapshot(snapshot_event(adapter, recording))

    async def play(self, frames: list[Frame]) -> None:
        self.pass_on(frames, 1)

    def pass_on(self, frames: list[Frame], burst: int) -> None:
        """Let frames arrive `burst` at a time; the book is read whenever a slice changed it."""
        received, put, process = self.metrics.received, self.inbox.put, self.intake.process
        inbox, monotonic, state = self.inbox, self.monotonic, self.market[BTCUSDT]
        book, seen = state.book, state.book_revision
        for start in range(0, len(frames), burst):
            for frame in frames[start : start + burst]:
                received(len(frame.raw), monotonic())
                put(frame.raw, frame.ts_local)
            while len(inbox):
                process(inbox)
                if state.book_revision != seen:
                    seen = state.book_revision
                    book.bids.top(TOP)
                    book.asks.top(TOP)

    def outcome(self) -> tuple[Best, Best]:
        if len(self.errors):
            raise RuntimeError("the feed reported errors")
        return best_of(self.market[BTCUSDT].book)


class BurstPipeline(Pipeline):
    name = f"tradetui, feed to market, bursts of {BURST}"

    async def play(self, frames: list[Frame]) -> None:
        self.pass_on(frames, BURST)


class Nobody:
    """Listens to what the intake tells, and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: None


# -- peers -----------------------------------------------------------------------------------


class Ccxt(Contestant):
    """What ccxt.pro's client does with a message; `limit` is part of its `watch_order_book`.

    Nobody waits for its futures, which is to its advantage.
    """

    name = f"ccxt {version('ccxt')}, top {TOP}"

    def __init__(self, recording: Recording) -> None:
        self.exchange = exchange = ccxt.pro.binance()
        market = exchange.safe_market_structure(
            {
                "id": "BTCUSDT",
                "lowercaseId": "btcusdt",
                "symbol": "BTC/USDT",
                "base": "BTC",
                "quote": "USDT",
                "baseId": "BTC",
                "quoteId": "USDT",
                "type": "spot",
                "spot": True,
                "contract": False,
                "option": False,
                "precision": {"amount": 1e-5, "price": 1e-2},
            }
        )
        exchange.set_markets([market])
        body = msgspec.json.decode(recording.snapshot)
        snapshot = exchange.parse_order_book(body, "BTC/USDT")
        snapshot["nonce"] = body["lastUpdateId"]
        self.book = exchange.orderbooks["BTC/USDT"] = exchange.order_book({}, 1000)
        self.book.reset(snapshot)
        self.client = CcxtClient(
            "wss://stream.binance.com:9443/stream",
            exchange.handle_message,
            *(lambda *args: None,) * 3,
        )

    async def play(self, frames: list[Frame]) -> None:
        handle, book = self.client.handle_text_or_binary_message, self.book
        for frame in frames:
            handle(frame.text)
            if frame.is_depth:
                book.limit()
                book["bids"][:TOP]
                book["asks"][:TOP]

    def outcome(self) -> tuple[Best, Best]:
        return as_pairs(self.book["bids"][:TOP]), as_pairs(self.book["asks"][:TOP])


class PythonBinance(Contestant):
    """What python-binance's DepthCacheManager does with a message; other messages stay dicts."""

    name = f"python-binance {version('python-binance')}, top {TOP}"
    reads = True

    def __init__(self, recording: Recording) -> None:
        body = msgspec.json.decode(recording.snapshot)

        class Rest:
            async def get_order_book(self, **params: Any) -> Any:
                return body

        self.manager = binance.ws.depthcache.DepthCacheManager(
            Rest(), "BTCUSDT", loop=asyncio.get_running_loop(), bm=object(), limit=1000
        )
        self.loads = binance.ws.reconnecting_websocket.ReconnectingWebsocket("").json_loads

    async def play(self, frames: list[Frame]) -> None:
        if self.manager.get_depth_cache() is None:
            await self.manager._init_cache()
        loads, on_depth, reads = self.loads, self.manager._depth_event, self.reads
        for frame in frames:
            message = loads(frame.text)["data"]
            if frame.is_depth:
                cache = await on_depth(message)
                if reads and cache is not None:
                    cache.get_bids()[:TOP]
                    cache.get_asks()[:TOP]

    def outcome(self) -> tuple[Best, Best]:
        cache = self.manager.get_depth_cache()
        return as_pairs(cache.get_bids()[:TOP]), as_pairs(cache.get_asks()[:TOP])


class PythonBinanceUnread(PythonBinance):
    name = f"python-binance {version('python-binance')}, book not read"
    reads = False


class Cryptofeed(Contestant):
    """cryptofeed's message handler, with Decimals and a book in C that is sorted when it is read.

    It does not know `trade` frames, and so is not asked for the whole recording.
    """

    reads = True

    def __init__(self, recording: Recording) -> None:
        task = f"top {TOP}" if self.reads else "book not read"
        self.name = f"cryptofeed {version('cryptofeed')}, {task}"
        cryptofeed.symbols.Symbols.set("BINANCE", {"BTC-USDT": "BTCUSDT"}, {})
        self.feed = cryptofeed.exchanges.binance.Binance()

        class Rest:
            async def read(self, *args: Any) -> str:
                return recording.snapshot

        self.feed.http_conn = Rest()

    async def play(self, frames: list[Frame]) -> None:
        handle, books, reads = self.feed.message_handler, self.feed._l2_book, self.reads
        for frame in frames:
            await handle(frame.text, None, frame.ts_local / 1e9)
            if reads:
                book = books["BTC-USDT"].book
                bids, asks = book.bids, book.asks
                for index in range(TOP):
                    bids.index(index)
                    asks.index(index)

    def outcome(self) -> tuple[Best, Best]:
        book = self.feed._l2_book["BTC-USDT"].book
        return (
            as_pairs([book.bids.index(index) for index in range(TOP)]),
            as_pairs([book.asks.index(index) for index in range(TOP)]),
        )


class CryptofeedUnread(Cryptofeed):
    reads = False


def as_pairs(levels: list[Any]) -> Best:
    return [(float(level[0]), float(level[1])) for level in levels]


# -- the run ---------------------------------------------------------------------------------


async def run() -> None:
    recording = load(RECORDING)
    gc.collect()
    gc.freeze()
    announce(ROUNDS)
    reading: list[type[Contestant]] = [Ours, Ccxt, PythonBinance]
    unread: list[type[Contestant]] = [OursUnread, PythonBinanceUnread]
    if cryptofeed is None:
        print("cryptofeed is not installed here, and left out\n")
    else:
        reading.append(Cryptofeed)
        unread.append(CryptofeedUnread)
    depth = recording.depth()
    field = [partial(make, depth) for make in reading + unread]
    await compare("Depth", depth.frames, field, ROUNDS)
    whole: list[type[Contestant]] = [Ours, Pipeline, BurstPipeline, Ccxt, PythonBinanceUnread]
    field = [partial(make, recording) for make in whole]
    await compare("Whole recording", recording.frames, field, ROUNDS)


def main() -> int:
    if not RECORDING.is_file():
        print(f"no recording beside the checkout ({RECORDING}): nothing measured")
        return 0
    logging.disable()  # what peers log is not what is measured
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
