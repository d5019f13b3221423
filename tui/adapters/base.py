"""The contract of a venue adapter.

An adapter is sans-I/O: it turns frames into events and wishes into frames and requests. It may keep
state of one connection (stream names, request ids), which `connection_lost` forgets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from tui.model.events import BookSnapshot, Candle, Event, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import StreamRequest, TransportKind

T = TypeVar("T")


class Outgoing(msgspec.Struct, frozen=True):
    """A message to the venue. `request_id` comes back in its Ack or Rejection; None when it has none."""

    text: str
    request_id: int | None = None
    subscriptions: tuple[Subscription, ...] = ()


class RestRequest(msgspec.Struct, Generic[T], frozen=True):
    """A GET and the meaning of its body.

    `decode(body, ts_local)` raises ProtocolError on a body that is not what the venue documents, and
    TransportError for a refusal that comes as a good answer: with the venue's words, the status it
    should have had, and `fatal` where asking again cannot help.
    `weight` is what it costs of the venue's budget. `url` is "" where the answer is known without
    asking: then `decode` gets an empty body.
    """

    url: str
    params: dict[str, str]
    decode: Callable[[bytes, int], T]
    weight: int = 1
    headers: dict[str, str] = {}


class BookPolicy(msgspec.Struct, frozen=True):
    """How a book of this venue is started and verified.

    Attributes:
        name: shown beside "verified", for example "sequence".
        snapshot_by_rest: the snapshot is fetched, and deltas are buffered meanwhile; otherwise the
            stream sends it.
        bridged: every delta must continue the sequence of the one before.
        overlapping: deltas are numbered with gaps, so that only one that a fetched snapshot holds
            already proves that the stream goes on where the snapshot ends.
        checksum: gives the venue's checksum of the book's top, where it has one.
        depth: the book holds so many levels a side, and what falls out is not told; None for all.
        by_time: changes come in the order of their times. One that is older than the book came late,
            and changed what it should not have.
    """

    name: str
    snapshot_by_rest: bool
    bridged: bool = False
    overlapping: bool = False
    checksum: Callable[[Any], int] | None = None
    depth: int | None = None
    by_time: bool = False


POLLED_BOOK = BookPolicy(name="snapshot", snapshot_by_rest=False)
"""Of books that are asked for again and again: each answer is the whole book."""


class Authentication(msgspec.Struct, frozen=True):
    """How a venue wants the user's token: in a header of every request, or as a first message.

    Attributes:
        header, prefix: the header's name, "" where the token is not sent in one, and what precedes
            the token in it.
        message: makes the first message of a two-way connection from the token.
        required: nothing can be had without a token.
        variable: the environment variable that is read where the settings name no source; "" for none.
    """

    header: str = "Authorization"
    prefix: str = "Bearer "
    message: Callable[[str], Outgoing] | None = None
    required: bool = False
    variable: str = ""


class Liveness(msgspec.Struct, frozen=True):
    """Silence that means trouble, in seconds: of the connection (any frame or pong), and by channel
    (data). A channel that is missing here may be silent for ever: a quiet market is not a dead one.

    `pongs_count` is False where the venue itself speaks so often that a pong without it proves nothing.
    """

    connection_s: float = 30.0
    channels: Mapping[Channel, float] = {}
    pongs_count: bool = True


class Limits(msgspec.Struct, frozen=True):
    """What the venue allows.

    Attributes:
        messages_per_s: client messages a second on one connection.
        streams_per_connection: subscriptions on one connection.
        connections, connections_window_s: connection attempts in a window.
        connections_apart_s: from one attempt to the next, at least.
        rest_weight, rest_window_s: request weight in a window.
        rest_used_header: of an answer, in which the venue counts the weight used in the window by
            everybody at this address; "" where it tells no such thing.
        candle_window: spans that one answer to a request for candles covers, those without a candle
            included; 0 where an answer is bounded by its rows alone.
        max_connection_age_s: reconnect before the venue does.
    """

    messages_per_s: float = 3.0
    streams_per_connection: int = 1024
    connections: int = 300
    connections_window_s: float = 300.0
    connections_apart_s: float = 1.0
    rest_weight: int = 6000
    rest_window_s: float = 60.0
    rest_used_header: str = ""
    candle_window: int = 0
    max_connection_age_s: float = 85_800.0


class Adapter(Protocol):
    """One venue's protocol."""

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = ...,
        channels: frozenset[Channel] | None = None,
    ) -> None:
        """Speak to the venue, or to what stands in for it.

        Args:
            endpoints: URLs that replace the venue's own, by name: "stream", "rest".
            venue: the name that instruments carry; another one where the embedded market speaks.
            channels: what is streamed, where that is less than the venue does.

        Raises:
            ConfigError: an unknown endpoint, or one that is not a URL.
        """
        ...

    venue: str
    channels: frozenset[Channel]
    """Channels that the venue streams; candles that are not among them are built from trades."""
    timeframes: tuple[Timeframe, ...]
    """Those that history is had in."""
    streamed_timeframes: tuple[Timeframe, ...]
    """Candles that the venue streams, where they are among the channels; those of other timeframes are
    built from trades."""
    limits: Limits
    liveness: Liveness
    book_policy: BookPolicy
    """Of a book by the best transport."""
    transports: tuple[TransportKind, ...]
    """Ways to the venue's data; all of them bring the same channels."""
    authentication: Authentication | None
    """How to show who asks; None where everything is public."""

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """Where to connect by this transport; a one-way transport's request asks for the
        subscriptions, which on a two-way one `subscribe` does."""
        ...

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """Of a book by this transport: POLLED_BOOK where the whole book is asked for again and again."""
        ...

    def copy(self) -> Adapter:
        """Another one that speaks to the same endpoints, for a connection of its own."""
        ...

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these, batched within the venue's message size."""
        ...

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]: ...

    def heartbeat(self) -> Outgoing | None:
        """An application-level ping, where the venue wants one."""
        ...

    def connection_lost(self) -> None:
        """Forget what belongs to one connection."""
        ...

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of one frame, received at `ts_local` (ns). Never raises: what cannot be
        understood becomes a ParseFailure that names the field."""
        ...

    # -- REST: each raises NotOffered where the venue has no such request ---------------------

    def candles_request(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> RestRequest[list[Candle]]:
        """Candles that open in `start..end` (ns, inclusive), oldest first: the first of them where there
        is a `start`, else the last; the newest without both."""
        ...

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on, oldest first; the newest without."""
        ...

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]: ...

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]: ...

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists: all, or only the named ones."""
        ...

    def time_request(self) -> RestRequest[int]:
        """The venue's clock, ns."""
        ...

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        ...


@runtime_checkable
class StudyingAdapter(Protocol):
    """An adapter, moreover, of a venue that computes studies of its candles.

    Attributes:
        studies: the venue's names of those that the user wants on every chart.
    """

    studies: tuple[str, ...]

    def study_request(self, study_id: str) -> RestRequest[Any]:
        """What the venue needs to compute a study, in whatever form `add_study` takes it."""
        ...

    def add_study(self, subscription: Subscription, study: Any) -> list[Outgoing]:
        """Messages that begin a study of these candles; where they come later, and on each further
        connection, it begins by itself. Its values are StudyPoints."""
        ...


@runtime_checkable
class PagingAdapter(Protocol):
    """An adapter, moreover, of a venue whose stream tells older candles to whoever asks for them."""

    def more_candles(self, subscription: Subscription, count: int) -> list[Outgoing]:
        """Messages that ask for so many candles before those that were told; none where there is no
        stream of them yet, or where some are on their way."""
        ...

    def awaits_candles(self, subscription: Subscription) -> bool:
        """True while the venue has not told all that was asked for."""
        ...

    def told_since(self, subscription: Subscription) -> int | None:
        """Open time (ns) of the oldest candle that was told on this connection; None without any."""
        ...
