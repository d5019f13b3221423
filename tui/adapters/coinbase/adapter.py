"""The Coinbase adapter: spot market data, without a key, by either of the venue's protocols."""

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
from tui.adapters.coinbase.advanced.requests import CHANNELS as ADVANCED_CHANNELS
from tui.adapters.coinbase.advanced.requests import FIVE_MINUTES
from tui.adapters.coinbase.advanced.requests import Requests as AdvancedRequests
from tui.adapters.coinbase.advanced.stream import StreamDecoder as AdvancedDecoder
from tui.adapters.coinbase.exchange.polls import PollDecoder, build_polls
from tui.adapters.coinbase.exchange.requests import Requests
from tui.adapters.coinbase.exchange.rest import CANDLES, RestApi, read_error
from tui.adapters.coinbase.exchange.stream import StreamDecoder
from tui.adapters.coinbase.exchange.symbols import CHANNELS, TIMEFRAMES
from tui.adapters.endpoints import check_endpoints
from tui.model.errors import ConfigError
from tui.model.events import BookSnapshot, Candle, Event, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, StreamRequest, TransportKind

DEFAULT_ENDPOINTS: Final = {
    "stream": "wss://ws-feed.exchange.coinbase.com",
    "rest": "https://api.exchange.coinbase.com",
}
ADVANCED_STREAM: Final = "wss://advanced-trade-ws.coinbase.com"
PROTOCOLS: Final = ("exchange", "advanced")
"""The streaming protocols, the first one unless the user says otherwise. Trades have the same ids in
both, so that REST is Exchange's for either."""


class CoinbaseAdapter:
    """Coinbase's public feeds, and REST for history and products, and for everything where no stream
    gets through.

    Exchange streams no candles, Advanced Trade those of five minutes; the feed builds the others.
    """

    timeframes = TIMEFRAMES
    limits = Limits(
        messages_per_s=4.0,  # the venue's own words differ: 10 or 100
        connections=8,
        connections_window_s=1.0,
        rest_weight=10,
        rest_window_s=1.0,
        candle_window=CANDLES,
        max_connection_age_s=float("inf"),  # none is known
    )
    liveness = Liveness(
        # Heartbeats come every second.
        connection_s=5.0,
        # Prices and trades come with trades only, and may rest for ever.
        channels={Channel.BOOK: 300.0},
    )
    transports: tuple[TransportKind, ...] = (
        TransportKind.WEBSOCKET,
        TransportKind.POLL,
    )

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "COINBASE",
        channels: frozenset[Channel] | None = None,
    ) -> None:
        """Speak to Coinbase, or to the hosts named in `endpoints` ("stream" and "rest").

        Args:
            endpoints: base URLs that replace the venue's own; those not named stay. "protocol" is
                the streaming protocol, "exchange" or "advanced".
            venue: the name under which instruments appear.
            channels: what to stream; all that the venue has when None.

        Raises:
            ConfigError: an endpoint is unknown or not a URL of its kind, or there is no such protocol.
        """
        self._endpoints = dict(endpoints or {})
        named = dict(self._endpoints)
        self.protocol = named.pop("protocol", PROTOCOLS[0])
        if self.protocol not in PROTOCOLS:
            raise ConfigError(
                f"{venue}: there is no protocol {self.protocol!r}",
                f"write protocol = {' or '.join(map(repr, PROTOCOLS))}",
            )
        is_advanced = self.protocol == "advanced"
        stream = {"stream": ADVANCED_STREAM} if is_advanced else {}
        urls = check_endpoints(venue, {**DEFAULT_ENDPOINTS, **stream}, named)
        self.venue = venue
        offered = ADVANCED_CHANNELS if is_advanced else CHANNELS
        self.channels = offered if channels is None else channels & offered
        self.streamed_timeframes: tuple[Timeframe, ...] = (FIVE_MINUTES,) if is_advanced else ()
        self._stream_url = urls["stream"]
        self._rest_url = urls["rest"]
        self._rest = RestApi(venue, self._rest_url)
        self._polled = PollDecoder(venue, self._rest)
        self._requests: Requests | AdvancedRequests
        self._decoder: StreamDecoder | AdvancedDecoder
        self.authentication: Authentication | None = None
        if is_advanced:
            self._requests = asking = AdvancedRequests()
            self._decoder = AdvancedDecoder(venue, asking)
            self.book_policy = BookPolicy(name="sequence", snapshot_by_rest=False)
            self.authentication = Authentication(header="", message=asking.sign_in)
        else:
            self._requests = questions = Requests()
            self._decoder = StreamDecoder(venue, questions)
            # Neither sequence nor checksum: what can be seen of a lost update is a crossed book.
            self.book_policy = BookPolicy(name="crossed-check", snapshot_by_rest=False)

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """The feed, which is told by messages what to send, and waits five seconds for the first; or
        the addresses to ask."""
        if transport is TransportKind.POLL:
            polls = build_polls(self._rest, subscriptions, self.limits)
            return StreamRequest(self._rest_url, polls=polls)
        return StreamRequest(self._stream_url)

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """Polled books come whole each time."""
        return POLLED_BOOK if transport is TransportKind.POLL else self.book_policy

    def copy(self) -> CoinbaseAdapter:
        """Another one for the same hosts."""
        made = CoinbaseAdapter(self._endpoints, venue=self.venue, channels=self.channels)
        made.limits = self.limits
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages of at most 100 subscriptions each, and what asks for heartbeats.

        Raises:
            InstrumentError: candles that are not streamed, or an instrument that cannot be a product
                of this venue.
        """
        messages = self._requests.subscribe(subscriptions)
        if isinstance(self._decoder, AdvancedDecoder):
            for one in subscriptions:
                if one.timeframe is not None:
                    self._decoder.candles.begin(one.instrument, one.timeframe)
        return messages

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up; the venue's answer says nothing that is waited for."""
        for one in subscriptions:
            if isinstance(self._decoder, StreamDecoder):
                if one.channel is Channel.TRADES:
                    self._decoder.stop_counting(one.instrument.symbol.upper())
            elif one.timeframe is not None:
                self._decoder.candles.end(one.instrument, one.timeframe)
        return self._requests.unsubscribe(subscriptions)

    def heartbeat(self) -> Outgoing | None:
        """None: the venue sends heartbeats, and wants none."""
        return None

    def connection_lost(self) -> None:
        """Forget what was asked, and which trades came."""
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
        """Candles that open in `start..end` (ns, inclusive), oldest first, of at most 300 spans: the
        first ones from `start` on, else the last ones. Spans without a trade have no candle.

        A candle that may still change has `closed` False and `ts_exchange` 0. The last one is taken
        for closed when it ended before `end`, or a day ago; whoever knows the venue's time knows better.

        Raises:
            InstrumentError: the venue does not have this timeframe.
        """
        return self._rest.candles(
            instrument, timeframe, start=start, end=end, limit=limit, now=self._decoder.now
        )

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on, at most 1000; the newest without one."""
        return self._rest.trades(instrument, from_id=from_id, limit=limit)

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The whole book. Its sequence has nothing to do with the streams, which send snapshots."""
        return self._rest.book(instrument)

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """The day's figures of these instruments, or of all when there are none. They have no time,
        and count as older than whatever was streamed."""
        return self._rest.tickers(instruments)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists: a single one by itself, otherwise all."""
        return self._rest.instruments(instruments)

    def time_request(self) -> RestRequest[int]:
        """The venue's clock, ns."""
        return self._rest.time()

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        return read_error(body)
