"""A client of the embedded market made of a venue's own adapter, and the engine's truth to compare."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect

from tui.adapters.base import Adapter, RestRequest
from tui.feed.books import BookSync, Verdict
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, BookSnapshot, Event, Heartbeat, Reply, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Subscription
from tui.sim.market import Pair, SimMarket
from tui.sim.server import SimServer
from tui.transports.base import Connection
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

START_NS = 1_800_000_030_000_000_000
"""2027-01-15 08:00:30 UTC, half a minute into a minute."""

T = TypeVar("T")
E = TypeVar("E", bound=Event)


@asynccontextmanager
async def serve(*symbols: str, regime: str = "busy", **options: Any) -> AsyncIterator[SimServer]:
    """A server whose market moves by hand."""
    server = SimServer(
        SimMarket(7, START_NS, regime=regime, symbols=symbols or ("BTCUSDT", "PEPEUSDT")),
        is_driven=False,
        **options,
    )
    await server.start()
    try:
        yield server
    finally:
        await server.close()


class VenueClient:
    """A connection, the adapter that reads it, and all that came of it."""

    def __init__(self, server: SimServer, adapter: Adapter) -> None:
        self.server = server
        self.adapter = adapter
        self.events: list[Event] = []
        self.books: dict[Instrument, OrderBook] = {}
        self.syncs: dict[Instrument, BookSync] = {}
        self.verdicts: list[Verdict] = []
        self._news = asyncio.Event()
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._rest = RestTransport()

    async def connect(self, wanted: Collection[Subscription]) -> None:
        request = self.adapter.stream()
        self._connection = await WebSocketTransport().connect(request, timeout_s=5.0)
        self._reader = asyncio.create_task(self._read(self._connection))
        await self.subscribe(wanted)

    async def subscribe(self, wanted: Collection[Subscription]) -> None:
        assert self._connection is not None
        for message in self.adapter.subscribe(wanted):
            await self._connection.send(message.text)

    async def unsubscribe(self, wanted: Collection[Subscription]) -> None:
        assert self._connection is not None
        for message in self.adapter.unsubscribe(wanted):
            await self._connection.send(message.text)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a frame will bring."""
        async with asyncio.timeout(5):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def get(self, request: RestRequest[T]) -> T:
        return request.decode((await self._rest.get(request.url, request.params)).body, 1)

    def seen(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def trades(self) -> list[Trade]:
        """Those that were made since the client asked."""
        return [trade for trade in self.seen(Trade) if not trade.from_history]

    async def close(self) -> None:
        if self._reader is not None and self._connection is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            await self._connection.close()
        await self._rest.close()

    async def _read(self, connection: Connection) -> None:
        while True:
            frame = await connection.receive()
            for event in self.adapter.decode(frame, self.server.market.now_ns) if frame else ():
                self.events.append(event)
                self._keep(event)
                if isinstance(event, Reply):
                    await connection.send(event.text)
                elif isinstance(event, Heartbeat) and event.reply:
                    await connection.send(event.reply)
            self._news.set()

    def _keep(self, event: Event) -> None:
        if not isinstance(event, BookSnapshot | BookDelta):
            return
        instrument = event.instrument
        if instrument not in self.books:
            self.books[instrument] = OrderBook()
            self.syncs[instrument] = BookSync(
                instrument, self.adapter.book_policy, self.books[instrument]
            )
        sync = self.syncs[instrument]
        if isinstance(event, BookSnapshot):
            self.verdicts.append(sync.on_snapshot(event))
        else:
            self.verdicts.append(sync.on_delta(event))


@asynccontextmanager
async def speaking(server: SimServer, adapter: Adapter) -> AsyncIterator[VenueClient]:
    client = VenueClient(server, adapter)
    try:
        yield client
    finally:
        await client.close()


def levels(book: OrderBook, depth: int = 10**6) -> tuple[list[Any], list[Any]]:
    """Bids and asks as numbers, the best first."""
    sides = (book.bids.top_raw(depth), book.asks.top_raw(depth))
    bids, asks = ([(float(p), float(s)) for p, s in side] for side in sides)
    return bids, asks


def truth(pair: Pair, depth: int = 10**6) -> tuple[list[Any], list[Any]]:
    """The engine's book, likewise."""
    listing = pair.listing
    bids, asks = (
        [(float(listing.price_text(ticks)), float(listing.size_text(lots))) for ticks, lots in side]
        for side in pair.engine.top(depth)
    )
    return bids, asks


def executions(pair: Pair, first: int) -> list[tuple[int, float, float, bool]]:
    """The engine's trades from an id on: id, price, size, whether the taker sold."""
    listing = pair.listing
    return [
        (
            fact.trade_id,
            float(listing.price_text(fact.price)),
            float(listing.size_text(fact.lots)),
            fact.is_sell,
        )
        for fact in pair.executions
        if fact.trade_id >= first
    ]


class RawClient:
    """A WebSocket client that speaks JSON, for what no adapter would say."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> Any:
        async with asyncio.timeout(5):
            return json.loads(await self.socket.recv())

    async def ask(self, message: Any) -> Any:
        await self.send(message)
        return await self.receive()


@asynccontextmanager
async def raw(url: str, origin: Any = None) -> AsyncIterator[RawClient]:
    async with connect(
        url, origin=origin, max_size=None, max_queue=None, compression=None
    ) as socket:
        yield RawClient(socket)
