"""An adapter in a package of its own: HARBOUR, an imaginary market that speaks JSON over a WebSocket.

client  {"op": "sub", "id": 1, "topics": ["book:OIL-USD", "trades:OIL-USD"]}
venue   {"type": "done", "id": 1}        or {"type": "refused", "id": 1, "why": "no such market"}
venue   {"type": "book", "market": "OIL-USD", "seq": 7, "whole": true, "ms": 1790733792819,
         "bids": [["80.10", "3"]], "asks": [["80.20", "1.5"]]}
venue   {"type": "trade", "market": "OIL-USD", "id": 5, "price": "80.20", "size": "1", "buy": true,
         "ms": 1790733792820}
venue   {"type": "beat", "ms": 1790733793000}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec

from tui.adapters.base import Authentication, BookPolicy, Limits, Liveness, Outgoing, RestRequest
from tui.adapters.endpoints import check_endpoints
from tui.model.errors import InstrumentError, NotOffered, ProtocolError
from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Level,
    ParseFailure,
    Rejection,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import MS, NS, Timeframe
from tui.model.transport import StreamRequest, TransportKind

# -- what is on the wire -----------------------------------------------------------------------

Number = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
"""Digits only: safe to draw, and the same to float()."""


class Done(msgspec.Struct, tag="done"):
    id: int


class Refused(msgspec.Struct, tag="refused"):
    id: int
    why: str = ""


class Book(msgspec.Struct, tag="book"):
    market: str
    seq: int
    bids: list[tuple[Number, Number]]
    asks: list[tuple[Number, Number]]
    ms: int
    whole: bool = False


class Deal(msgspec.Struct, tag="trade"):
    market: str
    id: int
    price: Number
    size: Number
    buy: bool
    ms: int


class Beat(msgspec.Struct, tag="beat"):
    ms: int


class Market(msgspec.Struct):
    name: str
    base: str
    quote: str
    tick: Number = ""


_FRAME = msgspec.json.Decoder(Done | Refused | Book | Deal | Beat)
_CANDLES = msgspec.json.Decoder(list[tuple[int, float, float, float, float, float]])
_MARKETS = msgspec.json.Decoder(list[Market])

ENDPOINTS = {"stream": "wss://stream.harbour.example", "rest": "https://api.harbour.example"}
TOPICS = {Channel.BOOK: "book", Channel.TRADES: "trades"}


class HarbourAdapter:
    """What HARBOUR's bytes mean, both ways: no socket, no clock."""

    channels = frozenset(TOPICS)  # tickers and candles are made of trades
    timeframes = tuple(map(Timeframe.parse, ("1m", "1h", "1d")))
    streamed_timeframes: tuple[Timeframe, ...] = ()
    limits = Limits(messages_per_s=10.0, rest_weight=60, rest_window_s=60.0)
    liveness = Liveness(connection_s=10.0, channels={Channel.BOOK: 120.0})
    # The stream sends the snapshot, and each change has the number after the one before.
    book_policy = BookPolicy(name="sequence", snapshot_by_rest=False, bridged=True)
    transports: tuple[TransportKind, ...] = (TransportKind.WEBSOCKET,)
    authentication: Authentication | None = None

    def __init__(
        self,
        endpoints: Mapping[str, str] | None = None,
        *,
        venue: str = "HARBOUR",
        channels: frozenset[Channel] | None = None,
    ) -> None:
        self.venue = venue
        if channels is not None:
            self.channels = channels & frozenset(TOPICS)
        self._endpoints = check_endpoints(venue, ENDPOINTS, endpoints)
        self._last_id = 0

    def stream(
        self,
        transport: TransportKind = TransportKind.WEBSOCKET,
        subscriptions: Collection[Subscription] = (),
    ) -> StreamRequest:
        return StreamRequest(self._endpoints["stream"])

    def book_policy_by(self, transport: TransportKind) -> BookPolicy:
        return self.book_policy

    def copy(self) -> HarbourAdapter:
        return HarbourAdapter(self._endpoints, venue=self.venue, channels=self.channels)

    # -- wishes become messages ----------------------------------------------------------------

    def subscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        return [self._say("sub", subscriptions)]

    def unsubscribe(self, subscriptions: Collection[Subscription]) -> list[Outgoing]:
        return [self._say("unsub", subscriptions)]

    def _say(self, operation: str, subscriptions: Collection[Subscription]) -> Outgoing:
        topics = []
        for one in subscriptions:
            if one.channel not in TOPICS:
                raise InstrumentError(f"{self.venue} does not stream {one.channel}")
            topics.append(f"{TOPICS[one.channel]}:{one.instrument.symbol}")
        self._last_id += 1
        message = {"op": operation, "id": self._last_id, "topics": topics}
        text = msgspec.json.encode(message).decode()
        return Outgoing(text, self._last_id, tuple(subscriptions))

    def heartbeat(self) -> Outgoing | None:
        return None

    def connection_lost(self) -> None:
        """Nothing to forget: ids run on, so that a late answer fits no new request."""

    # -- frames become events ------------------------------------------------------------------

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        try:
            return [self._read(_FRAME.decode(frame), ts_local)]
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raw = frame[:200].decode("utf-8", "replace")
            return [ParseFailure(str(error), raw, ts_local)]

    def _read(self, message: Any, ts_local: int) -> Event:
        match message:
            case Book(market, seq, bids, asks, ms):
                instrument = Instrument(self.venue, market)
                sides: tuple[list[Level], list[Level]] = (list(bids), list(asks))
                if message.whole:
                    return BookSnapshot(instrument, *sides, seq, ms * MS, ts_local)
                return BookDelta(instrument, *sides, seq, seq, ms * MS, ts_local)
            case Deal():
                return Trade(
                    Instrument(self.venue, message.market),
                    float(message.price),
                    float(message.size),
                    Side.BUY if message.buy else Side.SELL,
                    message.ms * MS,
                    ts_local,
                    message.id,
                    message.price,
                    message.size,
                )
            case Done():
                return Ack(message.id)
            case Refused():
                return Rejection(message.why[:200] or "refused", request_id=message.id)
        return ServerTime(message.ms * MS, ts_local)

    # -- requests ------------------------------------------------------------------------------

    def candles_request(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> RestRequest[list[Candle]]:
        params = {"market": instrument.symbol, "seconds": str(timeframe.seconds)}
        params["count"] = str(min(limit, 1000))
        if start is not None:
            params["from"] = str(-(-start // NS))
        if end is not None:
            params["to"] = str(end // NS)

        def read(body: bytes, ts_local: int) -> list[Candle]:
            try:
                rows = _CANDLES.decode(body)
            except msgspec.MsgspecError as error:
                raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error
            # The newest row is still open; its time 0 says that nobody knows of when it is.
            return [
                Candle(
                    instrument, timeframe, row[0] * NS, *row[1:], row is not rows[-1], 0, ts_local
                )
                for row in rows
            ]

        return RestRequest(f"{self._endpoints['rest']}/candles", params, read)

    def instruments_request(
        self, instruments: Collection[Instrument] = ()
    ) -> RestRequest[list[InstrumentInfo]]:
        def read(body: bytes, ts_local: int) -> list[InstrumentInfo]:
            try:
                markets = _MARKETS.decode(body)
            except msgspec.MsgspecError as error:
                raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error
            return [
                InstrumentInfo(Instrument(self.venue, one.name), one.base, one.quote, one.tick)
                for one in markets
            ]

        return RestRequest(f"{self._endpoints['rest']}/markets", {}, read)

    def trades_request(
        self, instrument: Instrument, *, from_id: int | None = None, limit: int = 1000
    ) -> RestRequest[list[Trade]]:
        raise NotOffered(f"{self.venue} has no trades by REST")

    def book_request(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        raise NotOffered(f"{self.venue} has no books by REST")

    def tickers_request(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        raise NotOffered(f"{self.venue} has no tickers by REST")

    def time_request(self) -> RestRequest[int]:
        raise NotOffered(f"{self.venue} tells the time by its stream")

    def rest_error(self, status: int, body: bytes) -> str:
        return ""
