"""Frames of Coinbase Exchange's feed turned into events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from tui.adapters.coinbase.exchange.messages import (
    Beat,
    BookUpdate,
    DayTicker,
    Kind,
    Known,
    LastMatch,
    Match,
    Refusal,
    SubscriptionList,
    WholeBook,
)
from tui.adapters.coinbase.exchange.requests import Requests
from tui.adapters.coinbase.exchange.symbols import TimeReader
from tui.model.errors import ProtocolError
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    Level,
    ParseFailure,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

_MOST_PRODUCTS: Final = 4096
_NUMBER: Final = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
_LEVEL: Final = re.compile(rf"{_NUMBER.pattern} {_NUMBER.pattern}")
"""A price and a size: one look at both is quicker than one at each."""

_DIGITS: Final = b"0123456789"
_SHAPES: Final = (b'".","."]', b'".",""]', b'"","."]', b'"",""]')
"""What is left of a sound level without its digits. Counting these in a frame is quicker than looking
at each of many levels."""

_NO_NUMBERS: Final = (b'""', b'".', b'."')
_KNOWN_TYPES: Final = frozenset(
    {"l2update", "snapshot", "match", "last_match", "ticker", "heartbeat", "subscriptions", "error"}
)


class StreamDecoder:
    """Reads the frames of one connection.

    Attributes:
        now: the venue's time (ns) in the newest frame that has one; 0 before.
    """

    def __init__(self, venue: str, requests: Requests) -> None:
        self._venue = venue
        self._requests = requests
        self._read_time = TimeReader()
        self._instruments: dict[str, Instrument] = {}
        self._audit = TradeAudit()
        self.now = 0
        self._readers: dict[type[Any], Callable[[Any, bytes, int], list[Event]]] = {
            BookUpdate: self._read_update,
            WholeBook: self._read_snapshot,
            Match: self._read_match,
            LastMatch: self._read_match,
            DayTicker: self._read_ticker,
            Beat: self._read_heartbeat,
            SubscriptionList: self._read_subscriptions,
            Refusal: self._read_error,
        }

    def forget(self) -> None:
        """Another connection."""
        self._audit.forget()
        self.now = 0

    def stop_counting(self, product: str) -> None:
        """Nobody wants this product's trades any more: those that do not come are not missed."""
        self._audit.forget_product(product)

    def decode(self, frame: bytes, ts_local: int) -> list[Event]:
        """The events of a frame received at `ts_local` (ns); never raises."""
        try:
            message = _DECODE(frame)
            return self._readers[type(message)](message, frame, ts_local)
        except (msgspec.MsgspecError, ProtocolError, ValueError, RecursionError) as error:
            if isinstance(error, msgspec.ValidationError) and _is_unknown(frame):
                return []  # the venue adds types when it likes, and asks to pass over them
            return [ParseFailure(str(error), _excerpt(frame), ts_local)]

    def _instrument(self, product: str) -> Instrument:
        found = self._instruments.get(product)
        if found is None:
            if len(self._instruments) >= _MOST_PRODUCTS:
                self._instruments.clear()
            found = self._instruments[product] = Instrument(self._venue, product)
        return found

    def _time(self, text: str) -> int:
        if not text:
            return 0
        ts = self._read_time(text)
        if ts > self.now:
            self.now = ts
        return ts

    # -- books -----------------------------------------------------------------------------

    def _read_update(self, message: BookUpdate, frame: bytes, ts_local: int) -> list[Event]:
        changes = message.changes
        failures: list[Event] = []
        if len(changes) == 1:
            _, price, size = changes[0]
            is_sound = _LEVEL.fullmatch(f"{price} {size}") is not None
        else:
            is_sound = _has_sound_levels(frame, len(changes))
        if not is_sound:
            changes = [one for one in changes if _fault(*one[1:]) is None]
            failures = _malformed({"changes": message.changes}, frame, ts_local)
        bids: list[Level] = []
        asks: list[Level] = []
        for side, price, size in changes:
            if side == "buy":
                bids.append((price, size))
            else:
                asks.append((price, size))
        instrument = self._instruments.get(message.product_id)
        if instrument is None:
            instrument = self._instrument(message.product_id)
        ts = self._read_time(message.time)
        delta = BookDelta(instrument, bids, asks, 0, 0, ts, ts_local)
        if not failures:
            return [delta]
        # What such a level became is unknown: only a whole book tells.
        book = Subscription(instrument, Channel.BOOK)
        return [delta, *failures, Gap("a level could not be read", ts_local, book)]

    def _read_snapshot(self, message: WholeBook, frame: bytes, ts_local: int) -> list[Event]:
        bids, asks = message.bids, message.asks
        failures: list[Event] = []
        if not _has_sound_levels(frame, len(bids) + len(asks)):
            bids = [one for one in bids if _fault(*one) is None]
            asks = [one for one in asks if _fault(*one) is None]
            failures = _malformed({"bids": message.bids, "asks": message.asks}, frame, ts_local)
        instrument = self._instrument(message.product_id)
        ts = self._time(message.time)
        return [BookSnapshot(instrument, bids, asks, 0, ts, ts_local), *failures]

    # -- trades and prices -----------------------------------------------------------------

    def _read_match(self, message: Match, frame: bytes, ts_local: int) -> list[Event]:
        self._audit.arrived(message.product_id, message.trade_id)
        return [
            Trade(
                self._instrument(message.product_id),
                float(message.price),
                float(message.size),
                # The maker sold, so the taker bought.
                Side.BUY if message.side == "sell" else Side.SELL,
                self._time(message.time),
                ts_local,
                message.trade_id,
                message.price,
                message.size,
                from_history=type(message) is LastMatch,
            )
        ]

    def _read_ticker(self, message: DayTicker, frame: bytes, ts_local: int) -> list[Event]:
        last, opened = float(message.price), _float(message.open_24h)
        return [
            Ticker(
                instrument=self._instrument(message.product_id),
                ts_exchange=self._time(message.time),
                ts_local=ts_local,
                last=last,
                last_text=message.price,
                bid=message.best_bid,
                ask=message.best_ask,
                bid_size=message.best_bid_size,
                ask_size=message.best_ask_size,
                open=opened,
                high=_float(message.high_24h),
                low=_float(message.low_24h),
                volume=_float(message.volume_24h),
                change_percent=(last - opened) / opened * 100 if opened else None,
            )
        ]

    def _read_heartbeat(self, message: Beat, frame: bytes, ts_local: int) -> list[Event]:
        product = message.product_id
        events: list[Event] = [ServerTime(self._time(message.time), ts_local)]
        missing = self._audit.heard(product, message.last_trade_id)
        if missing:
            trades = Subscription(self._instrument(product), Channel.TRADES)
            word = "trade" if missing == 1 else "trades"
            events.append(Gap(f"{missing} {word} did not come", ts_local, trades))
        return events

    # -- answers ---------------------------------------------------------------------------

    def _read_subscriptions(
        self, message: SubscriptionList, frame: bytes, ts_local: int
    ) -> list[Event]:
        return [*self._requests.answered(message.channels)]

    def _read_error(self, message: Refusal, frame: bytes, ts_local: int) -> list[Event]:
        return [*self._requests.refused(message)]


class TradeAudit:
    """Compares the trades that came with the newest that the heartbeats name.

    A trade that a heartbeat names may still be on its way; one that the heartbeat before named, a
    second ago, is lost.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._named: dict[str, int] = {}

    def forget(self) -> None:
        self._newest.clear()
        self._named.clear()

    def forget_product(self, product: str) -> None:
        self._newest.pop(product, None)
        self._named.pop(product, None)

    def arrived(self, product: str, trade_id: int) -> None:
        if trade_id > self._newest.get(product, -1):
            self._newest[product] = trade_id

    def heard(self, product: str, last_trade_id: int) -> int:
        """How many trades are lost at the end of what came, each told once."""
        newest = self._newest.get(product)
        if newest is None:
            return 0
        due = self._named.get(product, 0)
        self._named[product] = last_trade_id
        if newest >= due:
            return 0
        self._newest[product] = due
        return due - newest


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def _has_sound_levels(frame: bytes, count: int) -> bool:
    shape = frame.translate(None, _DIGITS)
    return sum(map(shape.count, _SHAPES)) == count and not any(
        wrong in frame for wrong in _NO_NUMBERS
    )


def _fault(price: str, size: str) -> int | None:
    """Which of the two is no number: 0 or 1; None where both are."""
    if _NUMBER.fullmatch(price) is None:
        return 0
    return 1 if _NUMBER.fullmatch(size) is None else None


def _malformed(
    lists: Mapping[str, Sequence[Sequence[str]]], frame: bytes, ts_local: int
) -> list[Event]:
    """One error for all levels that are left out of a frame; it names the first."""
    fields = [
        f"$.{name}[{number}][{len(level) - 2 + fault}]"
        for name, levels in lists.items()
        for number, level in enumerate(levels)
        if (fault := _fault(level[-2], level[-1])) is not None
    ]
    if not fields:
        return []
    count = len(fields)
    levels = "a level" if count == 1 else f"{count} levels"
    return [
        ParseFailure(
            f"{levels} of a book with a price or a size that is not a number, left out"
            f" - at `{fields[0]}`",
            _excerpt(frame),
            ts_local,
        )
    ]


def _is_unknown(frame: bytes) -> bool:
    try:
        return _KIND.decode(frame).type not in _KNOWN_TYPES
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _excerpt(frame: bytes) -> str:
    return frame[:200].decode("utf-8", "replace")


_DECODE: Final = msgspec.json.Decoder(Known).decode
_KIND: Final = msgspec.json.Decoder(Kind)
