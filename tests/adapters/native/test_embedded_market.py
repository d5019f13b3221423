"""The native adapter against the embedded market, over every transport: what arrives is the truth."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tui.adapters.native import NativeAdapter
from tui.feed.books import BookSync, Verdict
from tui.feed.clock import SystemClock
from tui.market.order_book import OrderBook
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Metric,
    ParseFailure,
    Rejection,
    Status,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import StreamRequest, TransportKind
from tui.sim.market import SimMarket
from tui.sim.server import SimServer
from tui.transports.base import Connection, Transport
from tui.transports.cadence import fixed
from tui.transports.polling import PollTransport
from tui.transports.rest import RestTransport
from tui.transports.sse import SseTransport
from tui.transports.websocket import WebSocketTransport

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "protocol.schema.json"
START_NS = 1_800_000_030_000_000_000
BTC = Instrument("SIM", "BTCUSDT")
BOOK = Subscription(BTC, Channel.BOOK)
WANTED = [
    Subscription(BTC, Channel.TICKER),
    Subscription(BTC, Channel.TRADES),
    BOOK,
    Subscription(BTC, Channel.CANDLES, Timeframe.parse("1m")),
]


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    market = SimMarket(7, START_NS, regime="busy", symbols=("BTCUSDT",))
    server = SimServer(market, is_driven=False)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def rest() -> AsyncIterator[RestTransport]:
    transport = RestTransport()
    yield transport
    await transport.close()


class Client:
    """A connection, the adapter that reads it, and all that came of it."""

    def __init__(self, server: SimServer, rest: RestTransport) -> None:
        self._server = server
        self._rest = rest
        self.adapter = NativeAdapter(server.native_endpoints, venue="SIM")
        self.events: list[Event] = []
        self.frames: list[bytes] = []
        self.book = OrderBook()
        self.sync = BookSync(BTC, self.adapter.book_policy, self.book)
        self.verdicts: set[Verdict] = set()
        self._news = asyncio.Event()
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self, kind: TransportKind, wanted: list[Subscription] = WANTED) -> None:
        request = self.adapter.stream(kind, wanted)
        self._connection = await self._transport(kind).connect(_hurried(request), timeout_s=5.0)
        if kind.is_two_way:
            for message in self.adapter.subscribe(wanted):
                await self._connection.send(message.text)
        self._reader = asyncio.create_task(self._read(self._connection))

    async def ask_again(self, kind: TransportKind, one: Subscription) -> None:
        """Give it up and ask for it, as a feed does."""
        assert self._connection is not None
        messages = [*self.adapter.unsubscribe([one]), *self.adapter.subscribe([one])]
        if not kind.is_two_way:
            return await self._connection.update(_hurried(self.adapter.stream(kind, WANTED)))
        for message in messages:
            await self._connection.send(message.text)

    async def leave(self) -> None:
        """End the connection, as a feed does that will open another."""
        if self._reader is not None and self._connection is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            await self._connection.close()
        self.adapter.connection_lost()
        self.sync.reset("disconnected")

    async def caught_up(self) -> None:
        """Wait until the book is the engine's."""
        request = self.adapter.book_request(BTC)
        body = (await self._rest.get(request.url, request.params)).body
        truth = request.decode(body, 1)
        await self.until(lambda: self.sync.sequence >= truth.sequence)
        assert self.sync.is_verified
        assert sorted(self.book.bids.top_raw(10_000)) == sorted(truth.bids)
        assert sorted(self.book.asks.top_raw(10_000)) == sorted(truth.asks)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a frame will bring."""
        async with asyncio.timeout(5):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def trade_ids(self) -> list[int | None]:
        return [event.trade_id for event in self.events if isinstance(event, Trade)]

    async def _read(self, connection: Connection) -> None:
        while True:
            frame = await connection.receive()
            if not frame:
                continue
            self.frames.append(frame)
            self._news.set()
            for event in self.adapter.decode(frame, 1):
                self.events.append(event)
                if isinstance(event, BookSnapshot):
                    self.verdicts.add(self.sync.on_snapshot(event))
                elif isinstance(event, BookDelta):
                    self.verdicts.add(self.sync.on_delta(event))

    def _transport(self, kind: TransportKind) -> Transport:
        if kind is TransportKind.WEBSOCKET:
            return WebSocketTransport()
        if kind is TransportKind.SSE:
            return SseTransport(self._rest)

        async def get(url: str, params: object, **options: object) -> object:
            options.pop("weight", None)
            return await self._rest.get(url, params, **options)  # type: ignore[arg-type]

        return PollTransport(
            kind,
            get,  # type: ignore[arg-type]
            clock=SystemClock(),
            rng=random.Random(1),
            cadence=fixed(0.01),
        )


def _hurried(request: StreamRequest) -> StreamRequest:
    """The same, but polls are asked as fast as a test wants."""
    polls = tuple(msgspec.structs.replace(poll, min_interval_s=0.01) for poll in request.polls)
    return msgspec.structs.replace(request, polls=polls)


@pytest.fixture
async def client(server: SimServer, rest: RestTransport) -> AsyncIterator[Client]:
    client = Client(server, rest)
    yield client
    await client.leave()


@pytest.mark.parametrize("kind", list(TransportKind))
async def test_everything_arrives_by_every_transport(
    server: SimServer, client: Client, kind: TransportKind
) -> None:
    await client.connect(kind)
    await client.caught_up()
    for _ in range(4):
        await server.advance(1)
        await client.caught_up()

    assert client.verdicts == {Verdict.APPLIED}
    for expected in (Ticker, Trade, Candle, BookSnapshot, BookDelta, Metric, Status):
        assert client.seen(expected), f"no {expected.__name__}"
    for fault in (ParseFailure, Gap, Rejection):
        assert not client.seen(fault)
    ids = client.trade_ids()
    first = ids[0]
    assert first is not None
    assert ids == list(range(first, first + len(ids)))


async def test_every_frame_is_as_the_protocol_describes_it(
    server: SimServer, client: Client
) -> None:
    await client.connect(TransportKind.WEBSOCKET)
    await server.advance(2)
    await client.caught_up()

    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    for frame in client.frames:
        validator.validate(json.loads(frame))


_WAYS = [
    (TransportKind.WEBSOCKET, TransportKind.SSE),
    (TransportKind.SSE, TransportKind.LONG_POLL),
    (TransportKind.LONG_POLL, TransportKind.POLL),
    (TransportKind.POLL, TransportKind.WEBSOCKET),
    (TransportKind.WEBSOCKET, TransportKind.WEBSOCKET),
]


@pytest.mark.parametrize(("before", "after"), _WAYS)
async def test_no_trade_is_lost_or_doubled_on_the_way_to_another_transport(
    server: SimServer, client: Client, before: TransportKind, after: TransportKind
) -> None:
    await client.connect(before)
    await server.advance(2)
    await client.caught_up()
    await client.leave()
    await server.advance(3)
    await client.connect(after)
    await client.caught_up()
    await server.advance(2)
    await client.caught_up()

    ids = client.trade_ids()
    first = ids[0]
    assert first is not None
    assert len(ids) > 20
    assert ids == list(range(first, first + len(ids)))
    assert not client.seen(Gap)


@pytest.mark.parametrize("kind", [TransportKind.WEBSOCKET, TransportKind.SSE])
async def test_a_lost_change_of_a_book_is_noticed(
    server: SimServer, client: Client, kind: TransportKind
) -> None:
    await client.connect(kind)
    await client.caught_up()
    server.lose_next("orderbook:BTCUSDT")
    await server.advance(1)
    await client.until(lambda: client.seen(Gap))

    (gap,) = client.seen(Gap)
    assert isinstance(gap, Gap)
    assert gap.subscription == BOOK


@pytest.mark.parametrize("kind", list(TransportKind))
async def test_a_book_that_did_not_fit_is_whole_after_asking_again(
    server: SimServer, client: Client, kind: TransportKind
) -> None:
    await client.connect(kind)
    await client.caught_up()
    misfit = {"type": "orderbook_update", "symbol": "BTCUSDT", "from_version": 1, "patch": []}
    (gap,) = client.adapter.decode(json.dumps(misfit | {"version": 2**52}).encode(), 1)
    assert isinstance(gap, Gap)
    client.sync.reset("misfit")

    await client.ask_again(kind, BOOK)

    await server.advance(1)
    await client.caught_up()
    assert not client.seen(Gap)


async def test_a_symbol_that_is_not_listed_is_rejected_and_harms_no_other(
    server: SimServer, client: Client
) -> None:
    moon = Subscription(Instrument("SIM", "MOON"), Channel.TRADES)
    for kind in TransportKind:
        client.events.clear()
        await client.connect(kind, [*WANTED, moon])
        await client.caught_up()

        (rejection,) = client.seen(Rejection)
        assert isinstance(rejection, Rejection)
        assert rejection.subscription == moon
        await client.leave()


async def test_history_is_that_of_the_stream(
    server: SimServer, client: Client, rest: RestTransport
) -> None:
    await client.connect(TransportKind.WEBSOCKET)
    await server.advance(2)
    await client.caught_up()
    streamed = [event for event in client.events if isinstance(event, Trade)]
    assert streamed[0].trade_id is not None

    request = client.adapter.trades_request(BTC, from_id=streamed[0].trade_id)
    body = (await rest.get(request.url, request.params)).body

    assert request.decode(body, 1)[: len(streamed)] == streamed
