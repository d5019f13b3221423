"""Frames of Kraken's first protocol turned into events: the same ones, under the same names."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec import UNSET

from tui.adapters.kraken.day_figures import read_ticker
from tui.adapters.kraken.messages_v1 import (
    BookFrame,
    BookPart,
    BookRow,
    Occurrence,
    OhlcFrame,
    OhlcRow,
    TickerBody,
    TickerFrame,
    TradeFrame,
)
from tui.adapters.kraken.numbers import read_unix
from tui.adapters.kraken.requests import Requests
from tui.adapters.kraken.stream import beat, tell_state
from tui.adapters.kraken.symbols import TIMEFRAME_OF, from_old_name
from tui.adapters.open_candles import OpenCandles, VenueClock
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
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.timeframe import NS

_MOST_PAIRS: Final = 4096
_LEVELS: Final = re.compile(r"(?:[0-9]{1,40}(?:\.[0-9]{1,40})?,)*")


class StreamDecoderV1:
    """Reads the frames of one connection."""

    def __init__(self, venue: str, requests: Requests) -> None:
        self._venue = venue
        self._requests = requests
        self._by_old_name: dict[str, Instrument] = {}
        self._clock = VenueClock()
        self.candles = OpenCandles()
        self._readers: dict[bytes, Callable[[bytes, int], list[Event]]] = {
            b"book": self._read_book,
            b"trade": self._read_trades,
            b"ticker": self._read_ticker,
            b"ohlc": self._read_candle,
        }

    def forget(self) -> None:
        """Another connection."""
        self.candles.forget()
        self._clock.forget()

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            if frame[:1] == b"{":
                return self._read_occurrence(_OCCURRENCE(frame), ts_local)
            # The channel's name is the last text but one; a channel's options follow its name.
            parts = frame.rsplit(b'"', 4)
            name = parts[1].partition(b"-")[0] if len(parts) == 5 else b""
            reader = self._readers.get(name)
            if reader is None:
                raise ProtocolError(f"unknown channel {name[:40].decode('utf-8', 'replace')!r}")
            return reader(frame, ts_local)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            return [ParseFailure(str(error), frame[:200].decode("utf-8", "replace"), ts_local)]

    def _instrument_of(self, fields: list[Any]) -> Instrument:
        pair = fields[-1]
        if type(pair) is not str:
            raise ProtocolError(f"no pair at the end - at `$[{len(fields) - 1}]`")
        known = self._by_old_name.get(pair)
        if known is not None:
            return known
        if len(self._by_old_name) >= _MOST_PAIRS:
            self._by_old_name.clear()
        made = self._by_old_name[pair] = Instrument(self._venue, from_old_name(pair))
        return made

    # -- books -----------------------------------------------------------------------------

    def _read_book(self, frame: bytes, ts_local: int) -> list[Event]:
        fields = _BOOK(frame)
        parts = [field for field in fields if type(field) is BookPart]
        if not parts:
            raise ProtocolError("a book's frame without levels - at `$[1]`")
        instrument = self._instrument_of(fields)
        asks: list[BookRow] = []
        bids: list[BookRow] = []
        checksum = None
        is_snapshot = False
        for part in parts:
            if part.snapshot_asks is not UNSET or part.snapshot_bids is not UNSET:
                is_snapshot = True
                asks += part.snapshot_asks or []
                bids += part.snapshot_bids or []
            asks += part.asks
            bids += part.bids
            if part.crc is not UNSET:
                checksum = int(part.crc)
        if is_snapshot:
            # Its levels' times tell when they changed, not when all of them were so.
            return [BookSnapshot(instrument, _levels(bids), _levels(asks), 0, 0, ts_local)]
        changed = [row.time for row in (*asks, *bids) if not row.flag]
        ts = read_unix(max(changed), "$[1].*[...][2]") if changed else 0
        self._clock.note(ts, ts_local)
        return [BookDelta(instrument, _levels(bids), _levels(asks), 0, 0, ts, ts_local, checksum)]

    # -- trades, prices, candles -----------------------------------------------------------

    def _read_trades(self, frame: bytes, ts_local: int) -> list[Event]:
        fields = _TRADES(frame)
        rows = _payload(fields, list)
        instrument = self._instrument_of(fields)
        events: list[Event] = []
        for position, row in enumerate(rows):
            ts = read_unix(row.time, f"$[1][{position}][2]")
            self._clock.note(ts, ts_local)
            events.append(
                Trade(
                    instrument,
                    float(row.price),
                    float(row.size),
                    Side.BUY if row.side == "b" else Side.SELL,
                    ts,
                    ts_local,
                    None,
                    row.price,
                    row.size,
                )
            )
        return events

    def _read_ticker(self, frame: bytes, ts_local: int) -> list[Event]:
        fields = _TICKER(frame)
        body: TickerBody = _payload(fields, TickerBody)
        return [
            # First, so that nobody takes the ticker's time, which is our guess, for the venue's.
            Heartbeat(ts_local),
            read_ticker(
                body,
                self._instrument_of(fields),
                opened=body.open[1],
                ts_exchange=self._clock.now(ts_local) or ts_local,
                ts_local=ts_local,
            ),
        ]

    def _read_candle(self, frame: bytes, ts_local: int) -> list[Event]:
        fields = _OHLC(frame)
        row: OhlcRow = _payload(fields, OhlcRow)
        minutes = str(fields[-2]).partition("-")[2]
        timeframe = TIMEFRAME_OF.get(int(minutes)) if minutes.isdecimal() else None
        if timeframe is None:
            raise ProtocolError(f"unknown interval {minutes[:20]!r} - at `$[{len(fields) - 2}]`")
        ts = read_unix(row.time, "$[1][0]")
        end = read_unix(row.end, "$[1][1]")
        self._clock.note(ts, ts_local)
        span = timeframe.seconds * NS
        # What is called the time of a candle is its end, and now and then not on the boundary.
        opened_at = end // span * span - span
        candle = Candle(
            self._instrument_of(fields),
            timeframe,
            opened_at,
            float(row.open),
            float(row.high),
            float(row.low),
            float(row.close),
            float(row.volume),
            False,
            ts,
            ts_local,
            float(row.volume) * float(row.vwap),
            None,
            row.trades,
        )
        # First, where the time of a message is looked for: the candle that it closes is older.
        return [ServerTime(ts, ts_local), *self.candles.take(candle)]

    # -- events ----------------------------------------------------------------------------

    def _read_occurrence(self, message: Occurrence, ts_local: int) -> list[Event]:
        event = message.event
        if event == "heartbeat":
            return beat(self.candles, self._clock, ts_local)
        if event == "pong":
            return [Heartbeat(ts_local)]
        if event == "systemStatus":
            details = [f"version {message.version}"] if message.version else []
            if message.connection_id is not UNSET:
                details.append(f"connection {message.connection_id}")
            return tell_state(self._venue, message.status, ", ".join(details), ts_local)
        if event == "error":
            return [*self._requests.refused(message.reqid, message.pair, message.error)]
        if event == "subscriptionStatus":
            return self._read_subscription(message, ts_local)
        raise ProtocolError(f"unknown event {event[:40]!r} - at `$.event`")

    def _read_subscription(self, message: Occurrence, ts_local: int) -> list[Event]:
        if message.status == "error":
            return [*self._requests.refused(message.reqid, message.pair, message.error)]
        events: list[Event] = [Heartbeat(ts_local)]
        if message.status == "subscribed":
            events += self._requests.accepted(message.reqid, message.pair)
        elif message.status == "unsubscribed":
            self._requests.given_up(message.reqid)
        else:
            raise ProtocolError(f"unknown status {message.status[:40]!r} - at `$.status`")
        return events


def _payload(fields: list[Any], kind: type[Any]) -> Any:
    if len(fields) < 4 or not isinstance(fields[1], kind):
        raise ProtocolError("a frame without a payload - at `$[1]`")
    return fields[1]


def _levels(rows: list[BookRow]) -> list[Level]:
    if not rows:
        return []
    levels = [(row.price, row.size) for row in rows]
    if not _LEVELS.fullmatch(",".join(chain.from_iterable(levels)) + ","):
        raise ProtocolError("a price or a size that is not a number - at `$[1].*[...]`")
    return levels


_OCCURRENCE: Final = msgspec.json.Decoder(Occurrence).decode
_BOOK: Final = msgspec.json.Decoder(BookFrame).decode
_TRADES: Final = msgspec.json.Decoder(TradeFrame).decode
_TICKER: Final = msgspec.json.Decoder(TickerFrame).decode
_OHLC: Final = msgspec.json.Decoder(OhlcFrame).decode
