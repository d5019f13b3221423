"""The native adapter: markets of whoever speaks the protocol of docs/protocol.md."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from tui.adapters.base import Authentication, BookPolicy, Limits, Liveness, Outgoing, RestRequest
from tui.adapters.endpoints import check_endpoints
from tui.adapters.native.messages import Envelope, Request, Topic
from tui.adapters.native.positions import Positions
from tui.adapters.native.rest import RestApi, read_error
from tui.adapters.native.stream import StreamDecoder
from tui.adapters.native.symbols import CHANNELS, TIMEFRAMES, query, side_topics, topic
from tui.model.errors import ConfigError, InstrumentError
from tui.model.events import BookSnapshot, Candle, Event, Rejection, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import PollRequest, StreamRequest, TransportKind

K = TypeVar("K")

MAX_CHANNELS: Final = 100
MAX_MESSAGE_BYTES: Final = 60_000
WAIT_S: Final = 25.0
"""How long a server may hold a long poll."""

_LONG_POLL_INTERVAL_S: Final = 0.1
_POLL_INTERVAL_S: Final = 1.0
_EXAMPLES: Final = {"stream": "ws://localhost:8080/v1", "rest": "http://localhost:8080/v1"}
_TWINS: Final = {"http": "ws", "https": "wss", "ws": "http", "wss": "https"}


class NativeAdapter:
    """The native protocol over all four transports, and REST for history and symbols."""

    timeframes = streamed_timeframes = TIMEFRAMES
    limits = Limits(
        messages_per_s=8.0,  # of 10 that the protocol allows, pongs included
        streams_per_connection=1000,
        connections=60,
        connections_window_s=60.0,
        rest_weight=1200,
        rest_window_s=60.0,
        max_connection_age_s=math.inf,
    )
    liveness = Liveness(
        # A server says something every 15 s.
        connection_s=45.0,
        # What rests longer is asked for again, which brings its state now: a quiet market answers.
        channels={Channel.TICKER: 90.0, Channel.CANDLES: 90.0, Channel.BOOK: 180.0},
    )
    book_policy = BookPolicy(name="version", snapshot_by_rest=False, bridged=True)
    transports: tuple[TransportKind, ...] = tuple(TransportKind)

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "NATIVE",
        channels: frozenset[Channel] | None = None,
    ) -> None:
        """Speak to a server.

        Args:
            endpoints: "rest" and "stream", base URLs below which the paths of the protocol are; either
                is made from the other where it is missing.
            venue: the name under which instruments appear.
            channels: what to stream; all that the protocol has when None.

        Raises:
            ConfigError: no endpoint, an unknown one, or one that is not a URL of its kind.
        """
        self._stream_url, self._rest_url = _read_endpoints(venue, endpoints or {})
        self._endpoints = endpoints
        self.venue = venue
        self.channels = CHANNELS if channels is None else channels & CHANNELS
        self.authentication: Authentication | None = Authentication(message=self._authenticate)
        self._rest = RestApi(venue, self._rest_url)
        self._request_ids = itertools.count(1)
        self._connections = 0
        self._times_given_up = 0
        self._occasion: tuple[object, ...] = ()
        self._requests_made = 0
        self._request = StreamRequest("")
        # What is asked for on this connection, and what was on the last and can be resumed.
        self._asked: dict[Subscription, None] = {}
        self._interrupted: dict[Subscription, None] = {}
        self._since = 0
        self._side_symbols: set[str | None] = set()
        self._refused: list[Event] = []
        self._connect(Positions())

    def _connect(self, positions: Positions) -> None:
        self._positions = positions
        self._decoder = StreamDecoder(self.venue, positions)

    # -- the stream ------------------------------------------------------------------------

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """Where to connect. One-way transports are asked for the subscriptions since the newest
        position; a symbol that the protocol cannot write is rejected with the next frame.

        The request stays the same until it has to be another: on a new connection, for other channels,
        after something was given up or a book did not fit. Whoever asks anew gets the state now.
        """
        if transport is TransportKind.WEBSOCKET:
            return StreamRequest(f"{self._stream_url}/stream")
        return self._one_way(transport, subscriptions)

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """The same by every transport: polls bring the stream's own messages."""
        return self.book_policy

    def copy(self) -> NativeAdapter:
        """Another one for the same server, which resumes where this one stands."""
        made = NativeAdapter(self._endpoints, venue=self.venue, channels=self.channels)
        made.limits = self.limits
        made._connect(self._positions.copy())
        made._interrupted = dict(self._asked or self._interrupted)
        made._since = self._positions.newest
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages of at most 100 channels each. What was interrupted is asked for since the newest
        position; with the first of a symbol go its metrics, alerts and status.

        Raises:
            InstrumentError: a symbol that the protocol cannot write.
        """
        topics = {one: topic(one) for one in subscriptions}
        since = self._since
        resumed = [one for one in topics if since and one in self._interrupted]
        fresh = [one for one in topics if not since or one not in self._interrupted]
        for one in topics:
            self._interrupted.pop(one, None)
            self._asked[one] = None
        self._decoder.resume(resumed, since)
        sides = self._new_sides(one.instrument.symbol for one in topics)
        return [
            *self._requests("subscribe", resumed, since),
            *self._requests("subscribe", fresh),
            *self._side_requests("subscribe", sides, since),
        ]

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up, and what went with the last of a symbol."""
        self._times_given_up += 1
        for one in subscriptions:
            self._asked.pop(one, None)
            self._interrupted.pop(one, None)
        self._decoder.given_up(subscriptions)
        left = {one.instrument.symbol for one in self._asked}
        gone = {one.instrument.symbol for one in subscriptions} & self._side_symbols - left
        self._side_symbols -= gone
        messages = list(self._requests("unsubscribe", subscriptions))
        messages += self._side_requests("unsubscribe", sorted(gone, key=str))
        return messages

    def heartbeat(self) -> Outgoing | None:
        """A heartbeat, which the server answers with its time."""
        request_id = self._next_id()
        self._decoder.forgive(request_id)
        return Outgoing(_encode(Request("heartbeat", request_id)))

    def connection_lost(self) -> None:
        """Forget the connection's books and requests; positions stay, to be resumed from. Request ids
        run on, so that a late answer fits no new one."""
        self._connections += 1
        if self._asked:
            self._interrupted, self._asked = self._asked, {}
        self._since = self._positions.newest
        self._side_symbols.clear()
        self._decoder.forget()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of one frame received at `ts_local` (ns). Never raises."""
        events = self._decoder.decode(frame, ts_local)
        if self._refused:
            events = [*events, *self._refused]
            self._refused.clear()
        return events

    # -- REST ------------------------------------------------------------------------------

    def candles_request(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> RestRequest[list[Candle]]:
        """Candles that open in `start..end` (ns, inclusive), at most 1000, oldest first.

        Raises:
            InstrumentError: a symbol that the protocol cannot write.
        """
        return self._rest.candles(instrument, timeframe, start=start, end=end, limit=limit)

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on; the newest without one."""
        return self._rest.trades(instrument, from_id=from_id, limit=limit)

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The whole book with its version."""
        return self._rest.book(instrument)

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """The state now of these tickers; of all when there are none."""
        return self._rest.tickers(instruments)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the server lists: all, or those of the named ones that it has."""
        return self._rest.instruments(instruments)

    def time_request(self) -> RestRequest[int]:
        """The server's clock, ns."""
        return self._rest.time()

    def rest_error(self, status: int, body: bytes) -> str:
        """The server's own words in a refused request's body; "" when it says nothing."""
        return read_error(body)

    # -- requests --------------------------------------------------------------------------

    def _one_way(
        self, transport: TransportKind, subscriptions: Collection[Subscription]
    ) -> StreamRequest:
        topics: dict[Subscription, Topic] = {}
        refused: list[Event] = []
        for one in subscriptions:
            try:
                topics[one] = topic(one)
            except InstrumentError as error:
                refused.append(Rejection(error.message, subscription=one))
        occasion = (
            transport,
            tuple(topics),
            self._connections,
            self._times_given_up,
            self._decoder.failures,
        )
        if occasion != self._occasion:
            self._occasion = occasion
            self._refused = refused
            since = self._positions.newest
            self._decoder.given_up(one for one in self._asked if one not in topics)
            self._decoder.resume((one for one in topics if one in self._interrupted), since)
            self._interrupted.clear()
            self._asked = dict.fromkeys(topics)
            self._request = self._make_request(transport, list(topics.values()), since)
        return self._request

    def _make_request(
        self, transport: TransportKind, topics: list[Topic], since: int
    ) -> StreamRequest:
        symbols = dict.fromkeys(one.symbol for one in topics)
        channels = query([*topics, *chain.from_iterable(map(side_topics, (None, *symbols)))])
        self._requests_made += 1
        if transport is TransportKind.SSE:
            address = f"{self._rest_url}/events?channels={quote(channels, safe=':,.')}"
            if since:
                address += f"&since={since}"
            # The fragment is not sent: it makes a request that asks for the same another one.
            return StreamRequest(f"{address}#{self._requests_made}")
        is_long = transport is TransportKind.LONG_POLL
        poll = PollRequest(
            # Another name, and so without the cursor of the last: the answers begin with snapshots.
            key=f"messages {self._requests_made}",
            url=f"{self._rest_url}/messages",
            params={"channels": channels} | ({"since": str(since)} if since else {}),
            min_interval_s=_LONG_POLL_INTERVAL_S if is_long else _POLL_INTERVAL_S,
            wait_s=WAIT_S if is_long else 0.0,
            cursor=_read_cursor,
        )
        return StreamRequest(poll.url, polls=(poll,))

    def _requests(
        self, kind: str, subscriptions: Iterable[Subscription], since: int = 0
    ) -> Iterator[Outgoing]:
        for batch in _batches((one, topic(one)) for one in subscriptions):
            request_id = self._next_id()
            text = _encode(Request(kind, request_id, list(batch.values()), since or None))
            yield Outgoing(text, request_id, tuple(batch))

    def _new_sides(self, symbols: Iterable[str]) -> list[str | None]:
        """The server itself and these symbols, as far as they were not asked about yet."""
        new = [one for one in dict.fromkeys((None, *symbols)) if one not in self._side_symbols]
        self._side_symbols.update(new)
        return new

    def _side_requests(
        self, kind: str, symbols: Iterable[str | None], since: int = 0
    ) -> Iterator[Outgoing]:
        topics = chain.from_iterable(map(side_topics, symbols))
        for batch in _batches((one, one) for one in topics):
            request_id = self._next_id()
            # A server may have none of these; its refusal rejects nothing that was asked for.
            self._decoder.forgive(request_id)
            text = _encode(Request(kind, request_id, list(batch.values()), since or None))
            yield Outgoing(text, request_id)

    def _authenticate(self, token: str) -> Outgoing:
        request_id = self._next_id()
        return Outgoing(_encode(Request("auth", request_id, token=token)), request_id)

    def _next_id(self) -> int:
        return next(self._request_ids)


def _encode(request: Request) -> str:
    return msgspec.json.encode(request).decode()


def _batches(topics: Iterable[tuple[K, Topic]]) -> Iterator[dict[K, Topic]]:
    """Groups that each fit into one message."""
    batch: dict[K, Topic] = {}
    size = 0
    for key, one in topics:
        cost = len(msgspec.json.encode(one)) + 1
        if batch and (len(batch) == MAX_CHANNELS or size + cost > MAX_MESSAGE_BYTES):
            yield batch
            batch, size = {}, 0
        batch[key] = one
        size += cost
    if batch:
        yield batch


def _read_cursor(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    try:
        cursor = _ANSWER.decode(body).cursor
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return {"cursor": cursor} if cursor else {}


_ANSWER: Final = msgspec.json.Decoder(Envelope)


def _read_endpoints(venue: str, endpoints: Mapping[str, str]) -> tuple[str, str]:
    """The base URLs of the stream and of REST; either is made from the other where it is missing."""
    checked = check_endpoints(venue, _EXAMPLES, endpoints)
    if not endpoints:
        raise ConfigError(
            f"{venue}: there is no server to speak to",
            f'write rest = "{_EXAMPLES["rest"]}" under [venues.{venue}] in config.toml',
        )
    stream = checked["stream"] if "stream" in endpoints else _twin(checked["rest"])
    return stream, checked["rest"] if "rest" in endpoints else _twin(checked["stream"])


def _twin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{_TWINS[scheme]}://{rest}"
