"""The Kraken adapter: spot market data, without a key, by either version of the venue's protocol."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from tui.adapters.base import (
    POLLED_BOOK,
    Authentication,
    BookPolicy,
    Limits,
    Liveness,
    Outgoing,
    RestRequest,
)
from tui.adapters.endpoints import check_endpoints
from tui.adapters.kraken.checksum import Checksum
from tui.adapters.kraken.cursors import TradeCursors
from tui.adapters.kraken.polls import PollDecoder, build_polls
from tui.adapters.kraken.requests import Dialect, DialectV1, DialectV2, Requests
from tui.adapters.kraken.rest import RestApi, read_error
from tui.adapters.kraken.stream import StreamDecoder
from tui.adapters.kraken.stream_v1 import StreamDecoderV1
from tui.adapters.kraken.symbols import CHANNELS, TIMEFRAMES
from tui.model.errors import ConfigError, NotOffered
from tui.model.events import BookSnapshot, Candle, Event, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, StreamRequest, TransportKind

DEFAULT_ENDPOINTS: Final = {
    "stream": "wss://ws.kraken.com",
    "rest": "https://api.kraken.com",
}
PROTOCOLS: Final = ("v2", "v1")
"""Versions of the streaming protocol, the first one unless the user says otherwise."""

DEPTH: Final = 25


class KrakenAdapter:
    """Kraken's public feed, and REST for history and pairs, and for everything where no stream gets
    through.

    Instruments have the names of the second protocol (`BTC/USD`) in both.
    """

    timeframes = streamed_timeframes = TIMEFRAMES
    limits = Limits(
        messages_per_s=3.0,  # there is a limit, and it is not published
        connections=120,  # of 150 after which the address is banned for ten minutes
        connections_window_s=600.0,
        # One request a second is safe; a few at once are forgiven.
        rest_weight=10,
        rest_window_s=8.0,
        max_connection_age_s=float("inf"),  # none is known
    )
    liveness = Liveness(
        # Heartbeats come every second once anything is subscribed.
        connection_s=10.0,
        # Prices, trades and candles come with trades only, and may rest for ever.
        channels={Channel.BOOK: 300.0},
    )
    transports: tuple[TransportKind, ...] = (
        TransportKind.WEBSOCKET,
        TransportKind.POLL,
    )
    authentication: Authentication | None = None

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "KRAKEN",
        channels: frozenset[Channel] | None = None,
    ) -> None:
        """Speak to Kraken, or to the hosts named in `endpoints` ("stream" and "rest").

        Args:
            endpoints: base URLs that replace the venue's own; those not named stay. "protocol" is
                the version of the streaming protocol, "v2" or "v1".
            venue: the name under which instruments appear.
            channels: what to stream; all that the venue has when None.

        Raises:
            ConfigError: an endpoint is unknown or not a URL of its kind, or there is no such protocol.
        """
        self._endpoints = dict(endpoints or {})
        urls = dict(self._endpoints)
        self.protocol = urls.pop("protocol", PROTOCOLS[0])
        if self.protocol not in PROTOCOLS:
            raise ConfigError(
                f"{venue}: there is no protocol {self.protocol!r}",
                f"write protocol = {' or '.join(map(repr, PROTOCOLS))}",
            )
        is_current = self.protocol == "v2"
        checked = check_endpoints(venue, DEFAULT_ENDPOINTS, urls)
        self.venue = venue
        self.channels = CHANNELS if channels is None else channels & CHANNELS
        self.book_policy = BookPolicy(
            name="checksum",
            snapshot_by_rest=False,
            checksum=Checksum(),
            depth=DEPTH,
            by_time=True,
        )
        stream = checked["stream"]
        self._stream_url = f"{stream}/v2" if is_current else stream
        dialect: Dialect = (DialectV2 if is_current else DialectV1)(lambda: self.book_policy.depth)
        cursors = TradeCursors()
        self._requests = Requests(dialect)
        self._rest_url = checked["rest"]
        self._rest = RestApi(venue, self._rest_url, cursors, has_trade_ids=is_current)
        self._polled = PollDecoder(venue, self._rest)
        self._decoder: StreamDecoder | StreamDecoderV1 = (
            StreamDecoder(venue, self._requests, cursors)
            if is_current
            else StreamDecoderV1(venue, self._requests)
        )

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """The feed, which is told by messages what to send; or the addresses to ask."""
        if transport is TransportKind.POLL:
            polls = build_polls(self._rest, subscriptions, self.limits)
            return StreamRequest(self._rest_url, polls=polls)
        return StreamRequest(self._stream_url)

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """Polled books come whole each time, in digits that no checksum fits."""
        return POLLED_BOOK if transport is TransportKind.POLL else self.book_policy

    def copy(self) -> KrakenAdapter:
        """Another one for the same hosts."""
        made = KrakenAdapter(self._endpoints, venue=self.venue, channels=self.channels)
        made.limits = self.limits
        made.book_policy = self.book_policy
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages of one channel and at most 50 pairs each; books are asked for in the depth of
        `book_policy`.

        Raises:
            InstrumentError: an instrument or a timeframe that cannot be of this venue.
        """
        messages = self._requests.subscribe(subscriptions)
        for one in subscriptions:
            if one.timeframe is not None:
                self._decoder.candles.begin(one.instrument, one.timeframe)
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up, likewise."""
        for one in subscriptions:
            if one.timeframe is not None:
                self._decoder.candles.end(one.instrument, one.timeframe)
        return self._requests.unsubscribe(subscriptions)

    def heartbeat(self) -> Outgoing | None:
        """A ping of the venue's own: it closes a connection that says nothing for a minute."""
        return self._requests.ping()

    def connection_lost(self) -> None:
        """Forget what was asked, and the candles that were open."""
        self._requests.forget()
        self._decoder.forget()
        self._polled.forget()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of one frame received at `ts_local` (ns). Never raises."""
        if isinstance(frame, EventFrame):
            return self._polled.decode(frame, ts_local)
        return self._decoder.decode(frame, ts_local)

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
        """Candles that open in `start..end` (ns, inclusive) among the newest 720: what is older cannot
        be had. The last one is still open; spans without a trade have flat candles.

        Raises:
            InstrumentError: no such pair or timeframe.
        """
        return self._rest.candles(instrument, timeframe, start=start, end=end, limit=limit)

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on, at most 1000, found by the time of a known trade before it; the newest
        without one. The first protocol's trades have no ids."""
        return self._rest.trades(instrument, from_id=from_id, limit=limit)

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The best 100 levels of each side, which no checksum fits: the stream sends its own."""
        return self._rest.book(instrument)

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """The last day's figures of these instruments, or of all when there are none. The answer has
        no time: it counts as older than whatever was streamed."""
        return self._rest.tickers(instruments)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists: all, or the named ones. One unknown name among them makes the venue
        refuse the whole request."""
        return self._rest.instruments(instruments)

    def time_request(self) -> RestRequest[int]:
        """Raises NotOffered: REST tells whole seconds, which would look like a clock that is set again
        and again; the stream tells microseconds."""
        raise NotOffered(f"{self.venue} tells the time by its stream")

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        return read_error(body)
