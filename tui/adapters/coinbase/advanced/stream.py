"""Frames of Coinbase Advanced Trade turned into events, and counted: a missing number is a lost frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tui.adapters.coinbase.advanced.candles import StreamedCandles
from tui.adapters.coinbase.advanced.messages import (
    AnyFrame,
    BeatFrame,
    BookEvent,
    BookFrame,
    CandleFrame,
    Change,
    Known,
    MarketTrade,
    SubscriptionFrame,
    TickerFrame,
    TradeFrame,
)
from tui.adapters.coinbase.advanced.requests import FIVE_MINUTES, Requests
from tui.adapters.coinbase.exchange.symbols import TimeReader
from tui.model.errors import ProtocolError
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Heartbeat,
    Level,
    ParseFailure,
    ServerTime,
    Side,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS

_MOST_PRODUCTS: Final = 4096
_DIGITS: Final = b"0123456789"
_SOUND: Final = tuple(
    b'"price_level":"%b","new_quantity":"%b"' % points
    for points in ((b".", b"."), (b".", b""), (b"", b"."), (b"", b""))
)
"""What is left of a sound level without its digits. Counting these in a frame is quicker than looking
at each level."""

_NO_NUMBERS: Final = (
    b'_level":""',
    b'_level":".',
    b'_quantity":""',
    b'_quantity":".',
    b'."',
)

_NUMBER: Final = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")
_KNOWN_CHANNELS: Final = frozenset(
    {"l2_data", "market_trades", "ticker", "candles", "heartbeats", "subscriptions"}
)
_FACTS: Final = frozenset({"l2_data", "market_trades"})
"""Channels of which nothing may be missed. Of the others the next frame says everything again."""

_INSISTS: Final = 3
_SPAN_NS: Final = FIVE_MINUTES.seconds * NS


class FrameCount:
    """The numbers of one connection's frames, of all its channels together."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._late = 0

    def forget(self) -> None:
        """Another connection: its first frame may have any number."""
        self._next = None
        self._late = 0

    def take(self, number: int) -> int:
        """Note a frame; returns how many are missing before it, or -1 where it is out of its place:
        what came after it is known already."""
        if self._next is not None and number < self._next:
            self._late += 1
            return -1
        missing = 0 if self._next is None else number - self._next
        self._next = number + 1
        self._late = 0
        return missing

    @property
    def is_lost(self) -> bool:
        """True once several frames in a row were out of place: the venue counts anew."""
        return self._late == _INSISTS


class StreamDecoder:
    """Reads the frames of one connection.

    Attributes:
        now: the venue's time (ns) in the newest frame that has one; 0 before.
        candles: those that are streamed.
    """

    def __init__(self, venue: str, requests: Requests) -> None:
        self._venue = venue
        self._requests = requests
        self._sent_at = TimeReader("$.timestamp")
        self._traded_at = TimeReader("$.events[...].trades[...].time")
        self._count = FrameCount()
        self._known: dict[str, Instrument] = {}
        self.now = 0
        self.candles = StreamedCandles()
        self._readers: dict[type[Any], Callable[[Any, bytes, int, int], list[Event]]] = {
            BookFrame: self._read_books,
            TradeFrame: self._read_trades,
            TickerFrame: self._read_tickers,
            CandleFrame: self._read_candles,
            BeatFrame: self._read_heartbeat,
            SubscriptionFrame: self._read_subscriptions,
        }

    def forget(self) -> None:
        """Another connection."""
        self._count.forget()
        self.candles.forget()
        self.now = 0

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            message = _DECODE(frame)
            ts = self._sent_at(message.timestamp)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            return self._decode_other(frame, error, ts_local)
        missing = self._count.take(message.sequence_num)
        if missing < 0:
            return self._pass_over(message.sequence_num, frame, ts_local)
        if ts > self.now:
            self.now = ts
        try:
            events = self._readers[type(message)](message, frame, ts, ts_local)
        except (ProtocolError, ValueError) as error:
            events = self._fail(str(error), isinstance(message, _FACT_FRAMES), frame, ts_local)
        return [_gap(missing, ts_local), *events] if missing else events

    def _instruments(self, product: str) -> list[Instrument]:
        """Those that were asked for and that the venue calls by this name."""
        return [self._instrument(name) for name in self._requests.wanted_names(product)]

    def _instrument(self, product: str) -> Instrument:
        found = self._known.get(product)
        if found is None:
            if len(self._known) >= _MOST_PRODUCTS:
                self._known.clear()
            found = self._known[product] = Instrument(self._venue, product)
        return found

    # -- books -----------------------------------------------------------------------------

    def _read_books(self, message: BookFrame, frame: bytes, ts: int, ts_local: int) -> list[Event]:
        # The hot path: what is left of a sound frame without its digits is counted here and now.
        count = sum(len(event.updates) for event in message.events)
        shape = frame.translate(None, _DIGITS)
        is_sound = sum(map(shape.count, _SOUND)) == count and not any(
            wrong in frame for wrong in _NO_NUMBERS
        )
        events: list[Event] = []
        for event in message.events:
            updates = event.updates if is_sound else list(filter(_is_sound, event.updates))
            bids: list[Level] = []
            asks: list[Level] = []
            for change in updates:
                side = bids if change.side == "bid" else asks
                side.append((change.price_level, change.new_quantity))
            malformed = len(event.updates) - len(updates)
            for instrument in self._instruments(event.product_id):
                if event.type == "snapshot":
                    events.append(BookSnapshot(instrument, bids, asks, 0, ts, ts_local))
                else:
                    events.append(BookDelta(instrument, bids, asks, 0, 0, ts, ts_local))
                if malformed:
                    events += _malformed(instrument, event, malformed, frame, ts_local)
        return events or [ServerTime(ts, ts_local)]

    # -- trades and prices -----------------------------------------------------------------

    def _read_trades(
        self, message: TradeFrame, frame: bytes, ts: int, ts_local: int
    ) -> list[Event]:
        # The frame's time comes first, where the time of a message is looked for: trades wait up to
        # a quarter of a second for others, and those of a snapshot are old.
        events: list[Event] = [ServerTime(ts, ts_local)]
        for event in message.events:
            is_history = event.type == "snapshot"
            newest_first: dict[str, list[MarketTrade]] = {}
            for row in sorted(event.trades, key=lambda one: int(one.trade_id), reverse=True):
                # Of what was traded before anybody asked the newest shows the price; the others are
                # history, which is fetched.
                if not is_history or row.product_id not in newest_first:
                    newest_first.setdefault(row.product_id, []).append(row)
            for product, rows in newest_first.items():
                instruments = self._instruments(product)
                events += [
                    Trade(
                        instrument,
                        float(row.price),
                        float(row.size),
                        # The maker sold, so the taker bought.
                        Side.BUY if row.side == "SELL" else Side.SELL,
                        self._traded_at(row.time),
                        ts_local,
                        int(row.trade_id),
                        row.price,
                        row.size,
                        from_history=is_history,
                    )
                    for row in reversed(rows)
                    for instrument in instruments
                ]
        return events

    def _read_tickers(
        self, message: TickerFrame, frame: bytes, ts: int, ts_local: int
    ) -> list[Event]:
        return [
            Ticker(
                instrument=instrument,
                ts_exchange=ts,
                ts_local=ts_local,
                last=float(row.price),
                last_text=row.price,
                bid=row.best_bid,
                ask=row.best_ask,
                bid_size=row.best_bid_quantity,
                ask_size=row.best_ask_quantity,
                high=_float(row.high_24_h),
                low=_float(row.low_24_h),
                volume=_float(row.volume_24_h),
                change_percent=_float(row.price_percent_chg_24_h),
            )
            for event in message.events
            for row in event.tickers
            for instrument in self._instruments(row.product_id)
        ] or [ServerTime(ts, ts_local)]

    def _read_candles(
        self, message: CandleFrame, frame: bytes, ts: int, ts_local: int
    ) -> list[Event]:
        # First, where the time of a message is looked for: what a snapshot holds is older.
        events: list[Event] = [ServerTime(ts, ts_local)]
        rows = [row for event in message.events for row in event.candles]
        for row in sorted(rows, key=lambda one: int(one.start)):
            opened = int(row.start) * NS
            if opened % _SPAN_NS or opened > self.now + _SPAN_NS:
                raise ProtocolError(
                    f"no candle begins at {row.start} - at `$.events[...].candles[...].start`"
                )
            for instrument in self._instruments(row.product_id):
                candle = Candle(
                    instrument,
                    FIVE_MINUTES,
                    opened,
                    float(row.open),
                    float(row.high),
                    float(row.low),
                    float(row.close),
                    float(row.volume),
                    False,
                    ts,
                    ts_local,
                )
                events += self.candles.take(candle)
        return events

    # -- the connection --------------------------------------------------------------------

    def _read_heartbeat(
        self, message: BeatFrame, frame: bytes, ts: int, ts_local: int
    ) -> list[Event]:
        return [ServerTime(ts, ts_local), *self.candles.pass_time(ts, ts_local)]

    def _read_subscriptions(
        self, message: SubscriptionFrame, frame: bytes, ts: int, ts_local: int
    ) -> list[Event]:
        acks = [self._requests.answered(event.subscriptions) for event in message.events]
        return [ServerTime(ts, ts_local), *(ack for some in acks for ack in some)]

    # -- what is not as it should be -------------------------------------------------------

    def _decode_other(self, frame: bytes, error: Exception, ts_local: int) -> list[Event]:
        """A frame that is not known, an error, or one that cannot be read."""
        try:
            any_frame = _ANY(frame)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            # Its number is unknown: if it was one of ours, the next one shows that it is missing.
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]
        if any_frame.type == "error" and not any_frame.channel:
            return [*self._requests.refused(any_frame.reason or any_frame.message)]
        number = any_frame.sequence_num
        missing = 0 if number is None else self._count.take(number)
        if missing < 0:
            return self._pass_over(number or 0, frame, ts_local)
        events: list[Event]
        if any_frame.channel and any_frame.channel not in _KNOWN_CHANNELS:
            # The venue adds channels when it likes; their frames count all the same.
            events = [Heartbeat(ts_local)]
        else:
            events = self._fail(str(error), any_frame.channel in _FACTS, frame, ts_local)
        return [_gap(missing, ts_local), *events] if missing else events

    def _fail(self, message: str, held_facts: bool, frame: bytes, ts_local: int) -> list[Event]:
        """What the frame held is as good as lost."""
        failure = ParseFailure(message, _excerpt(frame), ts_local)
        return [failure, Gap("a frame could not be read", ts_local)] if held_facts else [failure]

    def _pass_over(self, number: int, frame: bytes, ts_local: int) -> list[Event]:
        """A frame that came twice, or too late: what it holds is known, or counted as missing."""
        failure = ParseFailure(
            f"frame {number} came out of its place - at `$.sequence_num`",
            _excerpt(frame),
            ts_local,
        )
        if not self._count.is_lost:
            return [failure]
        return [failure, VenueNotice("frames are counted anew", ts_local, reconnect=True)]


def _gap(missing: int, ts_local: int) -> Gap:
    return Gap("a frame is missing" if missing == 1 else f"{missing} frames are missing", ts_local)


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def _is_sound(change: Change) -> bool:
    return all(_NUMBER.fullmatch(text) for text in (change.price_level, change.new_quantity))


def _malformed(
    instrument: Instrument, event: BookEvent, count: int, frame: bytes, ts_local: int
) -> list[Event]:
    levels = "a level" if count == 1 else f"{count} levels"
    failure = ParseFailure(
        f"{levels} of a book with a price or a size that is not a number, left out"
        " - at `$.events[...].updates`",
        _excerpt(frame),
        ts_local,
    )
    if event.type == "snapshot":
        return [failure]
    # What that level became is unknown: only a whole book tells.
    reason = f"{levels} could not be read"
    return [failure, Gap(reason, ts_local, Subscription(instrument, Channel.BOOK))]


def _excerpt(frame: bytes) -> str:
    return frame[:200].decode("utf-8", "replace")


_FACT_FRAMES: Final = (BookFrame, TradeFrame)
_DECODE: Final = msgspec.json.Decoder(Known).decode
_ANY: Final = msgspec.json.Decoder(AnyFrame).decode
