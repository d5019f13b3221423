"""The adapter of a venue that a user describes in the configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from tui.adapters.base import (
    POLLED_BOOK,
    Authentication,
    BookPolicy,
    Limits,
    Liveness,
    Outgoing,
    RestRequest,
)
from tui.adapters.generic.description import Description
from tui.adapters.generic.names import Names
from tui.adapters.generic.rest import RestApi
from tui.adapters.generic.rows import Tally
from tui.adapters.generic.stream import FrameDecoder
from tui.adapters.generic.templates import fill_plain
from tui.adapters.generic.wishes import Wishes
from tui.model.errors import ConfigError, InstrumentError
from tui.model.events import BookSnapshot, Candle, Event, Rejection, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import PollRequest, StreamRequest, TransportKind

_FULL_PAGE: Final = 1000
_MOST_QUESTIONS: Final = 4096


class DescribedAdapter:
    """A venue without code of its own: a stream, server-sent events or polls, and requests."""

    def __init__(
        self,
        description: Description,
        *,
        venue: str,
        headers: Mapping[str, str] | None = None,
        tally: Tally | None = None,
    ) -> None:
        """Speak to the venue that is described.

        Args:
            venue: the name under which instruments appear.
            headers: of every request, with the values of the environment.
            tally: counts which paths find something.
        """
        self.venue = venue
        self._description = description
        self._headers = dict(headers or {})
        self._tally = tally
        streamed, polled = description.streamed, frozenset(description.polled)
        self.channels = streamed or polled
        has_candles = "candles" in description.requests or Channel.CANDLES in self.channels
        spans = sorted(description.timeframes, key=lambda one: one.seconds)
        self.timeframes: tuple[Timeframe, ...] = tuple(spans) if has_candles else ()
        self.streamed_timeframes = self.timeframes
        self.limits = _limits(description)
        self.liveness = Liveness(description.silence_s, description.stale_after_s)
        self.transports = _transports(description)
        self.authentication: Authentication | None = None
        self.book_policy = self.book_policy_by(self.transports[0])
        self._transport = self.transports[0]
        self._names = Names(venue, description)
        self._wishes = Wishes(description, self._names)
        self._decoder = FrameDecoder(description, self._names, self._wishes, tally)
        self._rest = RestApi(venue, description, self._names, self._headers, tally)
        self._refused: list[Event] = []

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be on no screen and in no file: what the headers have from the environment."""
        return tuple(
            self._headers[name].removeprefix(header.text)
            for name, header in self._description.headers.items()
            if header.variable and name in self._headers
        )

    # -- the stream ------------------------------------------------------------------------

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        """Where to connect; what cannot be asked for in one-way requests is rejected with the next
        frame."""
        self._transport = transport
        if transport is TransportKind.WEBSOCKET:
            return StreamRequest(self._description.stream, self._headers)
        if transport is TransportKind.SSE:
            return StreamRequest(self._events_url(subscriptions), self._headers)
        return self._polls(subscriptions)

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        """As described of the stream; polls bring whole books."""
        return POLLED_BOOK if transport is TransportKind.POLL else self._description.book

    def copy(self) -> DescribedAdapter:
        """Another one for the same venue."""
        made = DescribedAdapter(
            self._description, venue=self.venue, headers=self._headers, tally=self._tally
        )
        made.limits = self.limits
        return made

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that ask for these, in the user's words; none where everything comes unasked.

        Raises:
            InstrumentError: the venue has no such candles.
        """
        messages = self._wishes.subscribe(subscriptions)
        if self._transport.is_two_way:
            return messages
        return [Outgoing("", None, tuple(subscriptions))]

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        """Messages that give these up."""
        for one in subscriptions:
            self._decoder.given_up(one)
        messages = self._wishes.unsubscribe(subscriptions)
        if self._transport.is_two_way:
            return messages
        return [Outgoing("", None, tuple(subscriptions))]

    def heartbeat(self) -> Outgoing | None:
        """What the user says is to be sent now and then."""
        text = self._description.heartbeat
        return Outgoing(text) if text else None

    def connection_lost(self) -> None:
        """Forget what was asked for and answered."""
        self._wishes.forget()
        self._decoder.forget()
        self._refused.clear()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of one frame received at `ts_local` (ns). Never raises."""
        events = self._decoder.decode(frame, ts_local)
        if self._refused:
            events = [*events, *self._refused]
            self._refused.clear()
        return events

    # -- REST: each raises NotOffered where the user describes no such request ---------------

    def candles_request(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> RestRequest[list[Candle]]:
        """Candles that open in `start..end` (ns), oldest first.

        Raises:
            InstrumentError: the venue has no such candles.
        """
        return self._rest.candles(instrument, timeframe, start=start, end=end, limit=limit)

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on, oldest first; the newest without."""
        return self._rest.trades(instrument, from_id=from_id, limit=limit)

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The whole book."""
        return self._rest.book(instrument)

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """Prices now; of one instrument at a time where the address names one.

        Raises:
            TransportError: status 400 where it must be one at a time.
        """
        return self._rest.tickers(instruments)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists, or the user."""
        return self._rest.instruments(instruments)

    def time_request(self) -> RestRequest[int]:
        """The venue's clock, ns."""
        return self._rest.time()

    def rest_error(self, status: int, body: bytes) -> str:
        """The venue's own words in a refused request's body; "" when it says nothing."""
        return self._rest.error(body)

    # -- one-way transports ----------------------------------------------------------------

    def _events_url(self, subscriptions: Collection[Subscription]) -> str:
        channels: dict[str, None] = {}
        symbols: dict[str, None] = {}
        for one in subscriptions:
            try:
                values = self._names.values(one)
            except InstrumentError as error:
                self._refused.append(Rejection(error.message, subscription=one))
                continue
            channels[values["channel"]] = symbols[values["symbol"]] = None
        return fill_plain(
            self._description.events,
            {
                "channels": ",".join(quote(name, safe="") for name in channels),
                "symbols": ",".join(quote(name, safe="") for name in symbols),
            },
        )

    def _polls(self, subscriptions: Collection[Subscription]) -> StreamRequest:
        polls: dict[str, PollRequest] = {}
        for one in subscriptions:
            try:
                poll, question = self._rest.poll(one, subscriptions)
            except InstrumentError as error:
                self._refused.append(Rejection(error.message, subscription=one))
                continue
            polls[poll.key] = poll
            if len(self._decoder.questions) >= _MOST_QUESTIONS:
                self._decoder.questions.clear()
            self._decoder.questions[poll.key] = question
        example = next(iter(self._description.polled.values()))
        url = self._description.rest or example.url.partition("{")[0]
        return StreamRequest(url, self._headers, polls=tuple(polls.values()))


def read_headers(
    venue: str, description: Description, environment: Mapping[str, str]
) -> dict[str, str]:
    """The headers with the values of the environment.

    Raises:
        ConfigError: a variable is not set, or holds what no header may; it never says what.
    """
    headers = {}
    for name, header in description.headers.items():
        value = header.text
        if header.variable:
            key = f"feeds.{venue.lower()}.headers.{name}"
            secret = environment.get(header.variable, "").strip()
            if not secret:
                raise ConfigError(
                    f"{key}: the environment variable {header.variable} is not set", "export it"
                )
            if not secret.isascii() or not secret.isprintable():
                raise ConfigError(
                    f"{key}: the environment variable {header.variable} holds what no header may",
                    "export it with letters, digits and signs only",
                )
            value += secret
        headers[name] = value
    return headers


def _transports(description: Description) -> tuple[TransportKind, ...]:
    offered = {
        TransportKind.WEBSOCKET: bool(description.stream),
        TransportKind.SSE: bool(description.events),
        TransportKind.POLL: bool(description.polled),
    }
    return tuple(kind for kind, is_there in offered.items() if is_there)


def _limits(description: Description) -> Limits:
    candles = description.requests.get("candles")
    if candles is None or candles.limit >= _FULL_PAGE:
        return description.limits
    return msgspec.structs.replace(description.limits, candle_window=candles.limit)
