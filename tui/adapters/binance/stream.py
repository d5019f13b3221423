"""Frames of Binance's market streams turned into events, and wishes into SUBSCRIBE messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import UNSET

from tui.adapters.base import Outgoing
from tui.adapters.binance.events import (
    build_book_ticker,
    build_candle,
    build_checked_delta,
    build_delta,
    build_mini_ticker,
    build_ticker,
    build_trade,
    check_levels,
)
from tui.adapters.binance.messages import (
    AggTradeEvent,
    BookTickerEvent,
    DepthUpdate,
    EventType,
    KlineEvent,
    MiniTickerEvent,
    PartialDepth,
    Probe,
    Refusal,
    TickerEvent,
    TradeEvent,
    Wrapped,
)
from tui.adapters.binance.symbols import (
    parse_stream_name,
    stream_name,
)
from tui.model.errors import ProtocolError
from tui.model.events import (
    Ack,
    BookSnapshot,
    Event,
    ParseFailure,
    Rejection,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Subscription

P = TypeVar("P")
Reader = Callable[[bytes, int], list[Event]]

MAX_STREAMS_PER_MESSAGE: Final = 100
MAX_MESSAGE_BYTES: Final = 3500
"""The venue ignores a SUBSCRIBE of more than about 4096 bytes without a word."""

_MAX_READERS: Final = 4096
_STREAM_PREFIX: Final = b'{"stream":"'
_UNUSED_EVENTS: Final = frozenset(
    {"avgPrice", "referencePrice", "blockTrade", "1hTicker", "4hTicker", "1dTicker"}
)
"""Documented events that carry nothing of ours."""

_NUMERIC: Final = b'0123456789.,[]"'
_TOP_KIND: Final = re.compile(r"depth(?:5|10|20)(?:@100ms)?")
_WINDOW_TICKERS: Final = re.compile(r"!ticker_(?:1h|4h|1d)@arr")
_KLINE_KIND: Final = re.compile(r"kline_(\w+)")


class StreamDecoder:
    """Reads frames of one venue, wrapped (combined stream) or raw.

    A reader is kept for each stream's name, so that a wrapped frame is decoded in one pass by the
    struct that belongs to it.
    """

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._readers: dict[bytes, Reader] = {}

    def forget(self) -> None:
        self._readers.clear()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            reader = self._readers.get(frame[: frame.find(b'"', 11)])
            if reader is not None:
                return reader(frame, ts_local)
            return self._decode_any(frame, ts_local)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]

    def _decode_any(self, frame: bytes, ts_local: int) -> list[Event]:
        probe = _PROBE.decode(frame)
        if probe.stream is not UNSET:
            return self._decode_wrapped(frame, probe.stream, probe.data, ts_local)
        if probe.event_type is not UNSET:
            if probe.event_type == "serverShutdown":
                return [_shutdown(ts_local)]
            return self._decode_raw(probe.event_type, frame, ts_local)
        if probe.error is not UNSET:
            return [_rejection(probe.error, probe.id)]
        if probe.code is not UNSET:
            return [_rejection(Refusal(probe.code, probe.msg), probe.id)]
        if probe.result is not UNSET:
            if probe.id is None:
                raise ProtocolError("an answer without the id of a request - at `$.id`")
            return [Ack(probe.id)]
        if probe.u is not UNSET:
            ticker = _RAW_BOOK_TICKER.decode(frame)
            return [build_book_ticker(ticker, Instrument(self._venue, ticker.symbol), ts_local)]
        raise ProtocolError("a frame that is neither data nor an answer")

    def _decode_wrapped(
        self, frame: bytes, stream: str, data: msgspec.Raw | msgspec.UnsetType, ts_local: int
    ) -> list[Event]:
        if stream == "!serverShutdown":
            return [_shutdown(ts_local)]
        reader = self._make_reader(stream)
        if reader is None:
            if data is not UNSET and _EVENT_TYPE.decode(data).event_type in _UNUSED_EVENTS:
                return []
            raise ProtocolError(f"unknown stream {stream[:80]!r} - at `$.stream`")
        key = frame[: frame.find(b'"', 11)]
        if key == _STREAM_PREFIX + stream.encode():
            if len(self._readers) >= _MAX_READERS:
                self._readers.clear()
            self._readers[key] = reader
        return reader(frame, ts_local)

    def _decode_raw(self, event_type: str, frame: bytes, ts_local: int) -> list[Event]:
        if event_type in _UNUSED_EVENTS:
            return []
        found = _RAW.get(event_type)
        if found is None:
            raise ProtocolError(f"unknown event type {event_type[:80]!r} - at `$.e`")
        decoder, build = found
        payload = decoder.decode(frame)
        return [build(payload, Instrument(self._venue, payload.symbol), ts_local)]

    def _make_reader(self, stream: str) -> Reader | None:
        symbol, kind = parse_stream_name(stream)
        if stream == "!miniTicker@arr":
            return self._read_mini_tickers
        if _WINDOW_TICKERS.fullmatch(stream):
            return _pass_over
        if not symbol:
            return None
        if kind in ("depth", "depth@100ms"):
            return _DepthReader(self._venue, symbol)
        if _TOP_KIND.fullmatch(kind):
            return _TopReader(Instrument(self._venue, symbol.upper()))
        kline = _KLINE_KIND.fullmatch(kind)
        found = _WRAPPED.get("kline" if kline else kind)
        if found is None:
            return None
        return _PayloadReader(self._venue, symbol, *found)

    def _read_mini_tickers(self, frame: bytes, ts_local: int) -> list[Event]:
        return [
            build_mini_ticker(mini, Instrument(self._venue, mini.symbol), ts_local)
            for mini in _MINI_TICKERS.decode(frame).data
        ]


def _pass_over(frame: bytes, ts_local: int) -> list[Event]:
    return []


class _PayloadReader(Generic[P]):
    """Reads a stream with one event a frame."""

    def __init__(
        self,
        venue: str,
        symbol: str,
        decoder: msgspec.json.Decoder[Wrapped[P]],
        build: Callable[[P, Instrument, int], Event],
    ) -> None:
        self._venue = venue
        self._symbol = symbol
        self._decode = decoder.decode
        self._build = build
        self._instrument = Instrument(venue, symbol.upper())

    def __call__(self, frame: bytes, ts_local: int) -> list[Event]:
        payload: Any = self._decode(frame).data
        if payload.symbol != self._instrument.symbol:
            self._instrument = _check_symbol(self._venue, self._symbol, payload.symbol)
        return [self._build(payload, self._instrument, ts_local)]


class _DepthReader:
    """Reads changes of a book.

    Checking each of a hundred numbers by itself would cost more than decoding them. What is left of
    a frame without its numbers and brackets is the same for all sound frames of a stream; only a
    frame that differs from the last sound one is looked at level by level.
    """

    def __init__(self, venue: str, symbol: str) -> None:
        self._venue = venue
        self._symbol = symbol
        self._instrument = Instrument(venue, symbol.upper())
        self._sound_shape = b""

    def __call__(self, frame: bytes, ts_local: int) -> list[Event]:
        update = _DEPTH.decode(frame).data
        if update.symbol != self._instrument.symbol:
            self._instrument = _check_symbol(self._venue, self._symbol, update.symbol)
        shape = frame.translate(None, _NUMERIC)
        if shape != self._sound_shape:
            check_levels(update.bids, "$.data.b")
            check_levels(update.asks, "$.data.a")
            self._sound_shape = shape
        return [build_delta(update, self._instrument, ts_local)]


class _TopReader:
    """Reads the best levels of a book; only the stream's name says whose."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def __call__(self, frame: bytes, ts_local: int) -> list[Event]:
        top = _PARTIAL_DEPTH.decode(frame).data
        check_levels(top.bids, "$.data.bids")
        check_levels(top.asks, "$.data.asks")
        return [BookSnapshot(self._instrument, top.bids, top.asks, top.last_update_id, 0, ts_local)]


# -- what is the same for all streams ---------------------------------------------------------


def _shutdown(ts_local: int) -> VenueNotice:
    return VenueNotice("the venue is about to close this connection", ts_local, reconnect=True)


def _rejection(refusal: Refusal, request_id: int | None) -> Rejection:
    return Rejection(f"{refusal.msg[:200]} (code {refusal.code})", request_id)


def _check_symbol(venue: str, expected: str, symbol: str) -> Instrument:
    if symbol.lower() != expected:
        raise ProtocolError(
            f"symbol {symbol[:40]!r} in the stream of {expected[:40]!r} - at `$.data.s`"
        )
    return Instrument(venue, symbol)


def _excerpt(frame: bytes) -> str:
    return frame[:200].decode("utf-8", "replace")


_PROBE: Final = msgspec.json.Decoder(Probe)
_EVENT_TYPE: Final = msgspec.json.Decoder(EventType)
_DEPTH: Final = msgspec.json.Decoder(Wrapped[DepthUpdate])
_PARTIAL_DEPTH: Final = msgspec.json.Decoder(Wrapped[PartialDepth])
_MINI_TICKERS: Final = msgspec.json.Decoder(Wrapped[list[MiniTickerEvent]])
_RAW_BOOK_TICKER: Final = msgspec.json.Decoder(BookTickerEvent)

_Built = tuple[msgspec.json.Decoder[Any], Callable[[Any, Instrument, int], Event]]
_WRAPPED: Final[dict[str, _Built]] = {
    "trade": (msgspec.json.Decoder(Wrapped[TradeEvent]), build_trade),
    "aggTrade": (msgspec.json.Decoder(Wrapped[AggTradeEvent]), build_trade),
    "kline": (msgspec.json.Decoder(Wrapped[KlineEvent]), build_candle),
    "miniTicker": (msgspec.json.Decoder(Wrapped[MiniTickerEvent]), build_mini_ticker),
    "ticker": (msgspec.json.Decoder(Wrapped[TickerEvent]), build_ticker),
    "bookTicker": (msgspec.json.Decoder(Wrapped[BookTickerEvent]), build_book_ticker),
}
"""How the payload is read, by the kind of stream."""

_RAW: Final[dict[str, _Built]] = {
    "depthUpdate": (msgspec.json.Decoder(DepthUpdate), build_checked_delta),
    "trade": (msgspec.json.Decoder(TradeEvent), build_trade),
    "aggTrade": (msgspec.json.Decoder(AggTradeEvent), build_trade),
    "kline": (msgspec.json.Decoder(KlineEvent), build_candle),
    "24hrMiniTicker": (msgspec.json.Decoder(MiniTickerEvent), build_mini_ticker),
    "24hrTicker": (msgspec.json.Decoder(TickerEvent), build_ticker),
}
"""The same for frames without the wrapper, by event type."""


# -- the other way ---------------------------------------------------------------------------


def encode_request(method: str, streams: list[str], request_id: int) -> bytes:
    return msgspec.json.encode({"method": method, "params": streams, "id": request_id})


def batch_requests(
    method: str, subscriptions: Collection[Subscription], next_id: Callable[[], int]
) -> Iterator[Outgoing]:
    """SUBSCRIBE or UNSUBSCRIBE messages for these, each within the venue's limits."""
    wanted = {stream_name(subscription): subscription for subscription in subscriptions}
    frame = len(encode_request(method, [], 2**63 - 1))
    batch: dict[str, Subscription] = {}
    size = frame
    for name, subscription in wanted.items():
        cost = len(msgspec.json.encode(name)) + 1
        if batch and (len(batch) == MAX_STREAMS_PER_MESSAGE or size + cost >= MAX_MESSAGE_BYTES):
            yield _outgoing(method, batch, next_id())
            batch, size = {}, frame
        batch[name] = subscription
        size += cost
    if batch:
        yield _outgoing(method, batch, next_id())


def _outgoing(method: str, batch: dict[str, Subscription], request_id: int) -> Outgoing:
    text = encode_request(method, list(batch), request_id).decode()
    return Outgoing(text, request_id, tuple(batch.values()))
