"""Frames of Kraken's second protocol turned into events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET

from tui.adapters.kraken.cursors import TradeCursors
from tui.adapters.kraken.messages import (
    Answer,
    AnyAnswer,
    BeatMessage,
    BookData,
    BookMessage,
    BookRow,
    InstrumentMessage,
    Known,
    Maintenance,
    OhlcMessage,
    StatusMessage,
    TickerMessage,
    TradeMessage,
)
from tui.adapters.kraken.numbers import TimeReader, read_number
from tui.adapters.kraken.requests import Requests
from tui.adapters.kraken.symbols import TIMEFRAME_OF
from tui.adapters.open_candles import GRACE_NS, OpenCandles, VenueClock
from tui.model.errors import ProtocolError
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Level,
    ParseFailure,
    ServerTime,
    Side,
    Status,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument

_MOST_PAIRS: Final = 4096
_MOST_SHAPES: Final = 1024
_DIGITS: Final = b"0123456789"
_USUAL_WARNING: Final = "timestamp is deprecated"
"""Of a candle's field that is not read."""


class StreamDecoder:
    """Reads the frames of one connection."""

    def __init__(self, venue: str, requests: Requests, cursors: TradeCursors) -> None:
        self._venue = venue
        self._requests = requests
        self._cursors = cursors
        self._instruments: dict[str, Instrument] = {}
        self._read_time = TimeReader()
        self._sound_shapes: set[bytes] = set()
        self._clock = VenueClock()
        self.candles = OpenCandles()
        self._readers: dict[type[Any], Callable[[Any, bytes, int], list[Event]]] = {
            BookMessage: self._read_book,
            TradeMessage: self._read_trades,
            TickerMessage: self._read_tickers,
            OhlcMessage: self._read_candles,
            StatusMessage: self._read_status,
            InstrumentMessage: self._read_listing,
            BeatMessage: self._read_heartbeat,
        }

    def forget(self) -> None:
        """Another connection."""
        self.candles.forget()
        self._clock.forget()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            message = _DECODE(frame)
            return self._readers[type(message)](message, frame, ts_local)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            if isinstance(error, msgspec.ValidationError) and _is_answer(frame):
                return self._decode_answer(frame, ts_local)
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]

    def _instrument(self, symbol: str) -> Instrument:
        found = self._instruments.get(symbol)
        if found is None:
            if len(self._instruments) >= _MOST_PAIRS:
                self._instruments.clear()
            found = self._instruments[symbol] = Instrument(self._venue, symbol)
        return found

    def _time(self, text: str, path: str) -> int:
        return self._read_time(text, path) if text else 0

    # -- books -----------------------------------------------------------------------------

    def _read_book(self, message: BookMessage, frame: bytes, ts_local: int) -> list[Event]:
        # What is left of a frame without its digits tells whether all its numbers are plain ones.
        # There are few such shapes: most frames change one or two levels.
        shape = frame.translate(None, _DIGITS)
        if shape not in self._sound_shapes:
            return self._read_unusual_book(message, shape, ts_local)
        is_snapshot = message.type == "snapshot"
        return [
            self._book(
                data,
                [(row.price, row.qty) for row in data.bids] if data.bids else [],
                [(row.price, row.qty) for row in data.asks] if data.asks else [],
                is_snapshot,
                ts_local,
            )
            for data in message.data
        ]

    def _read_unusual_book(self, message: BookMessage, shape: bytes, ts_local: int) -> list[Event]:
        events: list[Event] = []
        is_plain = b':"."' not in shape
        is_snapshot = message.type == "snapshot"
        for position, data in enumerate(message.data):
            path = f"$.data[{position}]"
            bids = _levels(data.bids, f"{path}.bids")
            asks = _levels(data.asks, f"{path}.asks")
            raw = [(row.price, row.qty) for row in (*data.bids, *data.asks)]
            is_plain = is_plain and raw == [*bids, *asks]
            events.append(self._book(data, bids, asks, is_snapshot, ts_local))
        if is_plain:
            if len(self._sound_shapes) >= _MOST_SHAPES:
                self._sound_shapes.clear()
            self._sound_shapes.add(shape)
        return events

    def _book(
        self,
        data: BookData,
        bids: list[Level],
        asks: list[Level],
        is_snapshot: bool,
        ts_local: int,
    ) -> BookSnapshot | BookDelta:
        instrument = self._instrument(data.symbol)
        text = data.timestamp
        ts = self._read_time(text, "$.data[...].timestamp") if text else 0
        if is_snapshot:
            return BookSnapshot(instrument, bids, asks, 0, ts, ts_local, data.checksum)
        return BookDelta(instrument, bids, asks, 0, 0, ts, ts_local, data.checksum)

    # -- trades, prices, candles -----------------------------------------------------------

    def _read_trades(self, message: TradeMessage, frame: bytes, ts_local: int) -> list[Event]:
        from_history = message.type == "snapshot"
        events = _undated(from_history, ts_local)
        for position, row in enumerate(message.data):
            path = f"$.data[{position}]"
            price = read_number(row.price, f"{path}.price")
            size = read_number(row.qty, f"{path}.qty")
            ts = self._read_time(row.timestamp, f"{path}.timestamp")
            instrument = self._instrument(row.symbol)
            events.append(
                Trade(
                    instrument,
                    float(price),
                    float(size),
                    Side.BUY if row.side == "buy" else Side.SELL,  # who took, as everywhere here
                    ts,
                    ts_local,
                    row.trade_id,
                    price,
                    size,
                    from_history=from_history,
                )
            )
            self._cursors.saw(instrument, row.trade_id, ts)
            self._clock.note(ts, ts_local)
        return events

    def _read_tickers(self, message: TickerMessage, frame: bytes, ts_local: int) -> list[Event]:
        events = _undated(message.type == "snapshot", ts_local)
        for position, row in enumerate(message.data):
            path = f"$.data[{position}]"
            last = read_number(row.last, f"{path}.last")
            events.append(
                Ticker(
                    instrument=self._instrument(row.symbol),
                    ts_exchange=self._time(row.timestamp, f"{path}.timestamp"),
                    ts_local=ts_local,
                    last=float(last),
                    last_text=last,
                    bid=read_number(row.bid, f"{path}.bid"),
                    ask=read_number(row.ask, f"{path}.ask"),
                    bid_size=read_number(row.bid_qty, f"{path}.bid_qty"),
                    ask_size=read_number(row.ask_qty, f"{path}.ask_qty"),
                    open=float(last) - row.change,
                    high=row.high,
                    low=row.low,
                    volume=row.volume,
                    quote_volume=row.volume * row.vwap,
                    change_percent=row.change_pct,
                )
            )
        return events

    def _read_candles(self, message: OhlcMessage, frame: bytes, ts_local: int) -> list[Event]:
        sent = self._time(message.timestamp, "$.timestamp")
        self._clock.note(sent, ts_local)
        # First, where the time of a message is looked for: the candle that it closes is older.
        events: list[Event] = [ServerTime(sent, ts_local)] if sent else [Heartbeat(ts_local)]
        for position, row in enumerate(message.data):
            path = f"$.data[{position}]"
            timeframe = TIMEFRAME_OF.get(row.interval)
            if timeframe is None:
                raise ProtocolError(f"unknown interval {row.interval} - at `{path}.interval`")
            candle = Candle(
                self._instrument(row.symbol),
                timeframe,
                self._read_time(row.interval_begin, f"{path}.interval_begin"),
                row.open,
                row.high,
                row.low,
                row.close,
                row.volume,
                False,
                sent,
                ts_local,
                row.volume * row.vwap,
                None,
                row.trades,
            )
            events += self.candles.take(candle)
        return events

    # -- the venue itself ------------------------------------------------------------------

    def _read_heartbeat(self, message: BeatMessage, frame: bytes, ts_local: int) -> list[Event]:
        return beat(self.candles, self._clock, ts_local)

    def _read_status(self, message: StatusMessage, frame: bytes, ts_local: int) -> list[Event]:
        events: list[Event] = []
        for state in message.data:
            details = [f"version {state.version}"] if state.version else []
            if state.connection_id is not None:
                details.append(f"connection {state.connection_id}")
            events += tell_state(self._venue, state.system, ", ".join(details), ts_local)
            for maintenance in state.upcoming_maintenance:
                events.append(VenueNotice(_describe(maintenance), ts_local))
            if state.emergency:
                words = msgspec.json.encode(state.emergency).decode()[:200]
                events.append(VenueNotice(f"emergency: {words}", ts_local))
        return events

    def _read_listing(self, message: InstrumentMessage, frame: bytes, ts_local: int) -> list[Event]:
        return [
            Status(self._venue, self._instrument(pair.symbol), pair.status[:40], "", 0, ts_local)
            for pair in message.data.pairs
        ]

    # -- answers ---------------------------------------------------------------------------

    def _decode_answer(self, frame: bytes, ts_local: int) -> list[Event]:
        try:
            return self._read_answer(_ANSWER(frame), ts_local)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]

    def _read_answer(self, answer: Answer, ts_local: int) -> list[Event]:
        ts = self._time(answer.time_out, "$.time_out")
        self._clock.note(ts, ts_local)
        # Its time comes first, where it is looked for.
        events: list[Event] = [ServerTime(ts, ts_local)] if ts else [Heartbeat(ts_local)]
        if answer.method == "pong":
            return events
        if answer.error or not answer.success:
            events += self._requests.refused(answer.req_id, answer.symbol, answer.error)
        elif answer.method == "unsubscribe":
            self._requests.given_up(answer.req_id)
        elif answer.method == "subscribe":
            result = answer.result
            symbol = answer.symbol if result is UNSET else result.symbol
            events += self._requests.accepted(answer.req_id, symbol)
            if result is not UNSET:
                events += [
                    VenueNotice(f"{symbol}: {warning[:200]}", ts_local)
                    for warning in result.warnings
                    if not warning.startswith(_USUAL_WARNING)
                ]
        return events


# -- what both protocols share ----------------------------------------------------------------


def beat(candles: OpenCandles, clock: VenueClock, ts_local: int) -> list[Event]:
    """The connection lives; the candles that are over by now are closed. A book may be dead all the
    same."""
    return [Heartbeat(ts_local), *candles.close_until(clock.now(ts_local) - GRACE_NS)]


def tell_state(venue: str, word: str, details: str, ts_local: int) -> list[Event]:
    """The venue's own state; where it is not well, said aloud."""
    word = word[:40] or "unknown"
    events: list[Event] = [Status(venue, None, word, details, 0, ts_local)]
    if word != "online":
        events.append(VenueNotice(f"the venue's state is {word}", ts_local))
    return events


def _undated(is_snapshot: bool, ts_local: int) -> list[Event]:
    """What a frame begins with: what a snapshot holds happened long before it was sent, and must not
    be taken for its delay."""
    return [Heartbeat(ts_local)] if is_snapshot else []


def _describe(maintenance: Maintenance) -> str:
    start, end = (
        text[:16].replace("T", " ")
        for text in (maintenance.expected_start_utc, maintenance.expected_end_utc)
    )
    parts = [
        f"maintenance: {maintenance.title or 'without a title'}"[:100],
        f"from {start or '?'} to {end or '?'} UTC",
        ", ".join(maintenance.affected_services)[:100],
        maintenance.phase[:40],
    ]
    return "; ".join(part for part in parts if part)


def _levels(rows: list[BookRow], path: str) -> list[Level]:
    return [
        (
            read_number(row.price, f"{path}[{index}].price"),
            read_number(row.qty, f"{path}[{index}].qty"),
        )
        for index, row in enumerate(rows)
    ]


def _is_answer(frame: bytes) -> bool:
    try:
        return _ANY_ANSWER(frame).method is not UNSET
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _excerpt(frame: bytes) -> str:
    return frame[:200].decode("utf-8", "replace")


_DECODE: Final = msgspec.json.Decoder(Known, float_hook=str).decode
_ANSWER: Final = msgspec.json.Decoder(Answer).decode
_ANY_ANSWER: Final = msgspec.json.Decoder(AnyAnswer).decode
