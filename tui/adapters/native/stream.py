"""Frames of the native protocol turned into events, whatever transport brought them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from tui.adapters.native.books import Books
from tui.adapters.native.events import (
    build_alert,
    build_candles,
    build_metrics,
    build_price,
    build_status,
    build_ticker,
    build_trades,
    parse_timeframe,
    to_ns,
)
from tui.adapters.native.messages import (
    AlertMessage,
    Beat,
    CandleUpdate,
    DataMessage,
    Envelope,
    ErrorMessage,
    Message,
    Metrics,
    OrderbookUpdate,
    Pong,
    PriceUpdate,
    StatusMessage,
    TickerUpdate,
    TradeUpdate,
)
from tui.adapters.native.positions import Place, Positions
from tui.adapters.native.symbols import SIDE_CHANNELS, check_symbol, subscription
from tui.model.errors import InstrumentError, ProtocolError
from tui.model.events import (
    Ack,
    Event,
    Gap,
    Heartbeat,
    ParseFailure,
    Rejection,
    ServerTime,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

_MAX_INSTRUMENTS: Final = 16_384
_MAX_NAMED: Final = 64
_MAX_OPTIONAL: Final = 256
_PASSING: Final = frozenset({"rate_limited", "unavailable", "internal"})
"""Refusals of a moment: the same may be asked again."""

_ANSWER_WORDS: Final = frozenset({"subscribed", "unsubscribed", "authenticated", "filtered"})
"""Of an answer without an id, where the transport has no requests: nothing about the market."""


class StreamDecoder:
    """Reads the frames of one connection; positions outlive it."""

    def __init__(self, venue: str, positions: Positions) -> None:
        self._venue = venue
        self._positions = positions
        self._books = Books()
        self._instruments: dict[str, Instrument] = {}
        self._named: set[str] = set()
        self._optional: dict[int, None] = {}
        self._readers: dict[type[Any], Callable[[Any, int], list[Event]]] = {
            PriceUpdate: self._read_price,
            TickerUpdate: self._read_ticker,
            TradeUpdate: self._read_trades,
            CandleUpdate: self._read_candles,
            OrderbookUpdate: self._read_book,
            Metrics: self._read_metrics,
            AlertMessage: self._read_alert,
            StatusMessage: self._read_status,
            ErrorMessage: self._read_error,
            Pong: self._read_pong,
            Beat: self._read_heartbeat,
        }

    # -- what the adapter tells ------------------------------------------------------------

    def forget(self) -> None:
        """The connection was lost."""
        self._books.clear()
        self._optional.clear()
        self._positions.connection_lost()

    def given_up(self, gone: Iterable[Subscription]) -> None:
        """These were unsubscribed, for good or to be asked for again."""
        for one in gone:
            symbol = one.instrument.symbol
            if one.channel is Channel.BOOK:
                self._books.await_snapshot(one.instrument)
            elif one.channel is Channel.TRADES:
                self._positions.forget(("trades", symbol))
            elif one.channel is Channel.CANDLES:
                self._positions.forget(("candles", symbol, str(one.timeframe)))

    @property
    def failures(self) -> int:
        """Books that had to be asked for again."""
        return self._books.failures

    def resume(self, continued: Iterable[Subscription], since: int) -> None:
        """These are asked for since a position: of trades, what is missing after it shows."""
        for one in continued:
            if one.channel is Channel.TRADES:
                self._positions.resume(("trades", one.instrument.symbol), since)

    def forgive(self, request_id: int) -> None:
        """A server need not know what this request asks for."""
        if len(self._optional) >= _MAX_OPTIONAL:
            del self._optional[next(iter(self._optional))]
        self._optional[request_id] = None

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            decoded = _FRAME.decode(frame)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._decode_parts(frame, ts_local)
        if not isinstance(decoded, list):
            return self._read(decoded, frame, ts_local)
        events: list[Event] = []
        for message in decoded:
            events += self._read(message, frame, ts_local)
        return events

    # -- frames ----------------------------------------------------------------------------

    def _decode_parts(self, frame: bytes, ts_local: int) -> list[Event]:
        """A poll's answer, a type that we do not know, or a message among others that is broken."""
        try:
            decoded = _PARTS.decode(frame)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]
        if isinstance(decoded, list):
            parts = decoded
        elif decoded.messages is not None:
            parts = decoded.messages
        else:
            return self._decode_part(frame, ts_local)
        events: list[Event] = []
        for part in parts:
            events += self._decode_part(bytes(part), ts_local)
        return events

    def _decode_part(self, part: bytes, ts_local: int) -> list[Event]:
        try:
            message = _MESSAGE.decode(part)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return self._name_failure(error, part, ts_local)
        return self._read(message, part, ts_local)

    def _name_failure(self, error: Exception, part: bytes, ts_local: int) -> list[Event]:
        try:
            name = _ENVELOPE.decode(part).type
        except (msgspec.MsgspecError, ValueError, RecursionError):
            name = None
        if name is None or name in _KNOWN_TYPES:
            return [ParseFailure(str(error), _excerpt(part), ts_local)]
        # A newer server may send more than we know: worth a word, not one a message.
        if name in self._named or len(self._named) >= _MAX_NAMED:
            return []
        self._named.add(name)
        return [
            ParseFailure(f"messages of the unknown type {name[:40]!r} are ignored", "", ts_local)
        ]

    def _read(self, message: Message, frame: bytes, ts_local: int) -> list[Event]:
        try:
            return self._readers[type(message)](message, ts_local)
        except InstrumentError as error:
            failure = f"{error.message} - at `$.symbol`"
            return [ParseFailure(failure, _excerpt(frame), ts_local)]
        except (ProtocolError, ValueError, OverflowError) as error:
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]

    # -- data ------------------------------------------------------------------------------

    def _read_price(self, update: PriceUpdate, ts_local: int) -> list[Event]:
        instrument = self._instrument(update.symbol)
        if self._place(("ticker", update.symbol), update) is Place.OLD:
            return []
        return [build_price(update, instrument, ts_local)]

    def _read_ticker(self, update: TickerUpdate, ts_local: int) -> list[Event]:
        instrument = self._instrument(update.symbol)
        if self._place(("ticker", update.symbol), update) is Place.OLD:
            return []
        return [build_ticker(update, instrument, ts_local)]

    def _read_trades(self, update: TradeUpdate, ts_local: int) -> list[Event]:
        instrument = self._instrument(update.symbol)
        place = self._place(("trades", update.symbol), update)
        if place is Place.OLD:
            return []
        events: list[Event] = []
        if place is Place.LATE and update.trades and update.trades[0].id is None:
            # Where trades have ids, the ids say exactly which are missing.
            missed = Subscription(instrument, Channel.TRADES)
            events.append(Gap("trades were missed", ts_local, missed))
        events += build_trades(update, instrument, ts_local)
        return events

    def _read_candles(self, update: CandleUpdate, ts_local: int) -> list[Event]:
        instrument = self._instrument(update.symbol)
        candles = build_candles(update, instrument, ts_local)
        place = self._place(("candles", update.symbol, update.timeframe), update)
        if place is Place.OLD:
            return []
        events: list[Event] = []
        if place is Place.LATE:
            timeframe = parse_timeframe(update.timeframe)
            missed = Subscription(instrument, Channel.CANDLES, timeframe)
            events.append(Gap("candles were missed", ts_local, missed))
        events += candles
        return events

    def _read_book(self, update: OrderbookUpdate, ts_local: int) -> list[Event]:
        instrument = self._instrument(update.symbol)
        # Versions say what is missing, and what is old.
        self._positions.place(
            ("orderbook", update.symbol), update.seq, None, is_snapshot=update.book is not None
        )
        return self._books.read(update, instrument, ts_local)

    def _read_metrics(self, message: Metrics, ts_local: int) -> list[Event]:
        instrument = self._subject(message.symbol)
        if self._place(("metrics", message.symbol), message) is Place.OLD:
            return []
        return list(build_metrics(message, self._venue, instrument, ts_local))

    def _read_alert(self, message: AlertMessage, ts_local: int) -> list[Event]:
        instrument = self._subject(message.symbol)
        place = self._place(("alerts", message.symbol), message)
        if place is Place.OLD:
            return []
        events: list[Event] = []
        if place is Place.LATE:
            events.append(VenueNotice("alerts were missed", ts_local))
        events.append(build_alert(message, self._venue, instrument, ts_local))
        return events

    def _place(self, key: tuple[str | None, ...], message: DataMessage) -> Place:
        return self._positions.place(
            key, message.seq, message.prev, is_snapshot=bool(message.snapshot)
        )

    def _instrument(self, symbol: str) -> Instrument:
        found = self._instruments.get(symbol)
        if found is None:
            if len(self._instruments) >= _MAX_INSTRUMENTS:
                self._instruments.clear()
            found = self._instruments[symbol] = Instrument(self._venue, check_symbol(symbol))
        return found

    def _subject(self, symbol: str | None) -> Instrument | None:
        return None if symbol is None else self._instrument(symbol)

    # -- answers ---------------------------------------------------------------------------

    def _read_status(self, message: StatusMessage, ts_local: int) -> list[Event]:
        if message.id is not None:
            self._optional.pop(message.id, None)
            return [Ack(message.id)]
        if message.symbol is None:
            if message.status == "closing":
                words = message.text or "it is about to close this connection"
                return [VenueNotice(words, ts_local, reconnect=True)]
            if message.status in _ANSWER_WORDS:
                return []
        instrument = self._subject(message.symbol)
        if self._place(("status", message.symbol), message) is Place.OLD:
            return []
        return [build_status(message, self._venue, instrument, ts_local)]

    def _read_error(self, error: ErrorMessage, ts_local: int) -> list[Event]:
        reason = _reason(error)
        if error.channel is not None:
            if error.channel.channel in SIDE_CHANNELS:
                return []
            refused = subscription(self._venue, error.channel)
            if refused is not None and error.code not in _PASSING:
                return [Rejection(reason, subscription=refused)]
            return [VenueNotice(reason, ts_local)]
        if error.id is None:
            return [VenueNotice(reason, ts_local)]
        if error.id in self._optional:
            del self._optional[error.id]
            return []
        if error.code in _PASSING:
            # Not acknowledged: it is asked for again when the answer is overdue.
            return [VenueNotice(reason, ts_local)]
        return [Rejection(reason, error.id)]

    def _read_pong(self, pong: Pong, ts_local: int) -> list[Event]:
        if pong.id is not None:
            self._optional.pop(pong.id, None)
        if pong.time is None:
            return [Heartbeat(ts_local)]
        return [ServerTime(to_ns(pong.time), ts_local)]

    def _read_heartbeat(self, beat: Beat, ts_local: int) -> list[Event]:
        reply = None if beat.id is None else f'{{"type":"pong","id":{beat.id}}}'
        heartbeat = Heartbeat(ts_local, reply)
        return (
            [heartbeat]
            if beat.time is None
            else [ServerTime(to_ns(beat.time), ts_local), heartbeat]
        )


def _reason(error: ErrorMessage) -> str:
    words = error.message[:200] or "refused without a reason"
    return f"{words} ({error.code[:40]})" if error.code else words


def _excerpt(frame: bytes) -> str:
    return frame[:200].decode("utf-8", "replace")


_FRAME: Final[msgspec.json.Decoder[Message | list[Message]]] = msgspec.json.Decoder(
    Message | list[Message]
)
_MESSAGE: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_PARTS: Final[msgspec.json.Decoder[Envelope | list[msgspec.Raw]]] = msgspec.json.Decoder(
    Envelope | list[msgspec.Raw]
)
_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_KNOWN_TYPES: Final = frozenset(
    {
        "price_update",
        "ticker_update",
        "trade_update",
        "candle_update",
        "orderbook_update",
        "metrics",
        "alert",
        "status",
        "error",
        "pong",
        "heartbeat",
    }
)
