"""The Binance adapter: spot market data, without a key; also of whatever speaks the same protocol."""

from __future__ import annotations

import itertools
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
from tui.adapters.binance.polls import PollDecoder, build_polls
from tui.adapters.binance.rest import RestApi, read_error
from tui.adapters.binance.stream import StreamDecoder, batch_requests
from tui.adapters.binance.symbols import CHANNELS, TIMEFRAMES
from tui.adapters.endpoints import check_endpoints
from tui.model.events import BookSnapshot, Candle, Event, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, StreamRequest, TransportKind

DEFAULT_ENDPOINTS: Final = {
    "stream": "wss://stream.binance.com:9443",
    "rest": "https://api.binance.com",
}


class BinanceAdapter:
    """Binance's spot protocol: the combined stream, and REST for history, snapshots and symbols, and
    for everything where no stream gets through."""

    timeframes = streamed_timeframes = TIMEFRAMES
    limits = Limits(
        messages_per_s=3.0,  # of 5 that the venue allows, pongs included
        streams_per_connection=1024,
        connections=300,
        connections_window_s=300.0,
        rest_weight=6000,
        rest_window_s=60.0,
        rest_used_header="X-MBX-USED-WEIGHT-1M",
        max_connection_age_s=85_800.0,  # ten minutes before the venue's 24 h
    )
    liveness = Liveness(
        # A pong, or the venue's data, several times within this.
        connection_s=45.0,
        # Tickers and candles are pushed every second or two while anything changes; a small symbol may
        # rest a minute, and its book longer. Trades may be silent for ever.
        channels={Channel.TICKER: 90.0, Channel.CANDLES: 90.0, Channel.BOOK: 180.0},
    )
    book_policy = BookPolicy(name="sequence", snapshot_by_rest=True, bridged=True)
    transports: tuple[TransportKind, ...] = (
        TransportKind.WEBSOCKET,
        TransportKind.POLL,
    )
    authentication: Authentication | None = None

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "BINANCE",
        channels: frozenset[Channel] | None = None,
    ) -> None:
        """Speak to Binance, or to the hosts named in `endpoints` ("stream" and "rest").

        Args:
            endpoints: base URLs that replace the venue's own; those not named stay.
            venue: the name under which instruments appear.
            channels: what to stream; all that the venue has when None.

        Raises:
            ConfigError: an endpoint is unknown or not a URL of its kind.
        """
        urls = check_endpoints(venue, DEFAULT_ENDPOINTS, endpoints)
        self._endpoints = endpoints
        self.venue = venue
        self.channels = CHANNELS if channels is None else channels & CHANNELS
        self._stream_url = f"{urls['stream']}/stream"
        self._rest_url = urls["rest"]
        self._rest = RestApi(venue, self._rest_url)
        self._decoder = StreamDecoder(venue)
        self._polled = PollDecoder(venue, self._rest)
        self._request_ids = itertools.count(1)

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """The combined stream, which is told by messages what to send; or the addresses to ask.

        Raises:
            InstrumentError: candles to be polled are of a timeframe that the venue does not have.
        """
        if transport is TransportKind.POLL:
            polls = build_polls(self._rest, subscriptions, self.limits)
            return StreamRequest(self._rest_url, polls=polls)
        return StreamRequest(self._stream_url)

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """Polled books come whole each time."""
        return POLLED_BOOK if transport is TransportKind.POLL else self.book_policy

    def copy(self) -> BinanceAdapter:
        """Another one for the same hosts."""
        made = BinanceAdapter(self._endpoints, venue=self.venue, channels=self.channels)
        made.limits = self.limits
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """SUBSCRIBE messages of at most 100 streams and 3500 bytes each.

        Raises:
            InstrumentError: candles of a timeframe that the venue does not have.
        """
        return list(batch_requests("SUBSCRIBE", subscriptions, self._next_id))

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """UNSUBSCRIBE messages, likewise."""
        return list(batch_requests("UNSUBSCRIBE", subscriptions, self._next_id))

    def heartbeat(self) -> Outgoing | None:
        """None: the venue wants protocol pongs only."""
        return None

    def connection_lost(self) -> None:
        """Forget the connection's streams. Request ids run on, so that a late answer fits no new one."""
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
        """Candles that open in `start..end` (ns, inclusive), at most 1000, oldest first.

        A candle that may still change has `closed` False and `ts_exchange` 0. The last one is taken
        for closed when it ended before `end`, or a day ago; whoever knows the venue's time knows better.

        Raises:
            InstrumentError: the venue does not have this timeframe.
        """
        return self._rest.candles(instrument, timeframe, start=start, end=end, limit=limit)

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Aggregate trades, as streamed, from an id on; the newest without one."""
        return self._rest.trades(instrument, from_id=from_id, limit=limit)

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The best 1000 levels of each side, weight 50."""
        return self._rest.book(instrument)

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """24 h figures of these instruments; of all, at weight 80, when there are none."""
        return self._rest.tickers(instruments)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists: all (several MB), or the named ones. One unknown name among them
        makes the venue refuse the whole request."""
        return self._rest.instruments(instruments)

    def time_request(self) -> RestRequest[int]:
        """The venue's clock, ns."""
        return self._rest.time()

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        return read_error(body)

    def _next_id(self) -> int:
        return next(self._request_ids)
