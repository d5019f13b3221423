"""Normalised facts from a venue. Times are UTC nanoseconds: `ts_exchange` the venue's, `ts_local` ours.

Prices and sizes are floats; book levels keep the venue's own text, so that checksums and the screen
show the venue's digits.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Subscription
from tui.model.timeframe import Timeframe

Level: TypeAlias = tuple[str, str]
"""Price and size, as the venue wrote them. A size of zero removes the level."""


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class Trade(msgspec.Struct, frozen=True, gc=False):
    """An execution.

    Attributes:
        aggressor: the side that took liquidity.
        trade_id: the venue's id, counting up by one per instrument and stream; None where it has none.
        price_text, size_text: the venue's digits.
        from_history: True for a trade that was made before anybody asked: fetched by REST, or sent by
            the venue to begin with.
    """

    instrument: Instrument
    price: float
    size: float
    aggressor: Side
    ts_exchange: int
    ts_local: int
    trade_id: int | None
    price_text: str
    size_text: str
    from_history: bool = False


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close and volume of one span; identified by its open time.

    Attributes:
        open_time: ns.
        volume: in the base asset. quote_volume: in the quote asset, 0 when unknown.
        taker_buy_volume: the part of `volume` whose aggressor bought; None when unknown.
        trades: number of trades, 0 when unknown.
        closed: True once it can no longer change.
    """

    instrument: Instrument
    timeframe: Timeframe
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: bool
    ts_exchange: int = 0
    ts_local: int = 0
    quote_volume: float = 0.0
    taker_buy_volume: float | None = None
    trades: int = 0


class BookSnapshot(msgspec.Struct, frozen=True):
    """A whole book, or its top. `sequence` is the update id it includes; 0 where the venue has none."""

    instrument: Instrument
    bids: list[Level]
    asks: list[Level]
    sequence: int
    ts_exchange: int
    ts_local: int
    checksum: int | None = None


class BookDelta(msgspec.Struct, frozen=True):
    """Changed levels with absolute sizes. Covers the update ids `first_sequence..last_sequence`."""

    instrument: Instrument
    bids: list[Level]
    asks: list[Level]
    first_sequence: int
    last_sequence: int
    ts_exchange: int
    ts_local: int
    checksum: int | None = None


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """The latest prices and the rolling 24 h figures; None means "this message did not say".

    Attributes:
        bid, ask, bid_size, ask_size: the venue's digits.
        sequence: book update id of bid and ask, 0 when unknown.
        change_percent: 24 h change, already times 100.
    """

    instrument: Instrument
    ts_exchange: int
    ts_local: int
    last: float | None = None
    last_text: str | None = None
    bid: str | None = None
    ask: str | None = None
    bid_size: str | None = None
    ask_size: str | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    quote_volume: float | None = None
    change_percent: float | None = None
    sequence: int = 0


class Ack(msgspec.Struct, frozen=True):
    """The venue accepted the request with this id."""

    request_id: int


class Rejection(msgspec.Struct, frozen=True):
    """The venue refused: a request by its id, or one subscription, with its own words."""

    reason: str
    request_id: int | None = None
    subscription: Subscription | None = None


class ServerTime(msgspec.Struct, frozen=True):
    """The venue's clock, ns."""

    ts_exchange: int
    ts_local: int


class Heartbeat(msgspec.Struct, frozen=True):
    """The connection is alive; says nothing of any book. `reply` is sent back where one is due."""

    ts_local: int
    reply: str | None = None


class Reply(msgspec.Struct, frozen=True):
    """What a protocol wants said next, such as the second step of a request."""

    text: str


class Loaded(msgspec.Struct, frozen=True):
    """The stream itself brought whole what a subscription begins with. `note` is what the screen says
    of it while it is live, such as the venue's delay."""

    subscription: Subscription
    note: str = ""


class VenueNotice(msgspec.Struct, frozen=True):
    """Something the venue announces. `reconnect`: it is about to close this connection."""

    message: str
    ts_local: int
    reconnect: bool = False


class Gap(msgspec.Struct, frozen=True):
    """Messages are missing, and only asking anew can help: of one subscription, or of all on this
    connection (None). Where it `is_usual`, the venue never sends them, and no error is reported."""

    reason: str
    ts_local: int
    subscription: Subscription | None = None
    is_usual: bool = False


class Metric(msgspec.Struct, frozen=True):
    """A figure that a venue publishes by name; `value` is None while it has none. Of the venue itself
    where no instrument is named."""

    venue: str
    instrument: Instrument | None
    name: str
    value: float | None
    ts_exchange: int
    ts_local: int


class StudyPoint(msgspec.Struct, frozen=True, gc=False):
    """What a study that the venue computes says of one candle.

    Attributes:
        study: the venue's name of it, such as "STD;RSI".
        open_time: of the candle, ns.
        plots, values: its lines and what they are there; None where there is no value yet.
    """

    instrument: Instrument
    timeframe: Timeframe
    study: str
    open_time: int
    plots: tuple[str, ...]
    values: tuple[float | None, ...]
    ts_local: int


class AlertLevel(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Alert(msgspec.Struct, frozen=True):
    """Something that a venue wants seen; `key` names its kind, "" where it has none."""

    venue: str
    instrument: Instrument | None
    level: AlertLevel
    key: str
    text: str
    ts_exchange: int
    ts_local: int


class Status(msgspec.Struct, frozen=True):
    """The state of an instrument, or of the venue, in the venue's own word; `text` says more."""

    venue: str
    instrument: Instrument | None
    word: str
    text: str
    ts_exchange: int
    ts_local: int


class ParseFailure(msgspec.Struct, frozen=True):
    """A frame, or a part of one, that could not be understood; the message names the field."""

    message: str
    raw: str
    ts_local: int


Event: TypeAlias = (
    Trade
    | Candle
    | BookSnapshot
    | BookDelta
    | Ticker
    | Ack
    | Rejection
    | ServerTime
    | Heartbeat
    | Reply
    | Loaded
    | InstrumentInfo
    | StudyPoint
    | VenueNotice
    | Gap
    | Metric
    | Alert
    | Status
    | ParseFailure
)
