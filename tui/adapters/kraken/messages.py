"""What Kraken's second protocol puts on the wire, field for field."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tui.adapters.kraken.numbers import Count, Positive

Digits: TypeAlias = Any
"""A JSON number kept as the text that was sent, or an int where it had no point: `read_number` tells."""

Crc: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class BookRow(msgspec.Struct, frozen=True, gc=False):
    price: Digits
    qty: Digits


class BookData(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    bids: list[BookRow]
    asks: list[BookRow]
    checksum: Crc
    timestamp: str = ""


class TradeRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    side: Literal["buy", "sell"]
    price: Digits
    qty: Digits
    trade_id: Count
    timestamp: str


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """`change` and `change_pct` are of the last 24 hours, like all figures here."""

    symbol: str
    bid: Digits
    bid_qty: Digits
    ask: Digits
    ask_qty: Digits
    last: Digits
    volume: Positive
    vwap: Positive
    low: Positive
    high: Positive
    change: float
    change_pct: float
    timestamp: str = ""


class OhlcRow(msgspec.Struct, frozen=True, gc=False):
    """Its own `timestamp`, the end of the interval, is deprecated and not read."""

    symbol: str
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume: Positive
    vwap: Positive
    interval_begin: str
    interval: Count
    trades: Count = 0


class Maintenance(msgspec.Struct, frozen=True, gc=False):
    title: str = ""
    expected_start_utc: str = ""
    expected_end_utc: str = ""
    affected_services: list[str] = []
    phase: str = ""


class SystemState(msgspec.Struct, frozen=True, gc=False):
    """`connection_id` does not fit the integers of some languages."""

    system: str
    version: str = ""
    connection_id: int | None = None
    upcoming_maintenance: list[Maintenance] = []
    emergency: list[Any] = []


class PairRow(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    status: str


class Listing(msgspec.Struct, frozen=True):
    pairs: list[PairRow] = []


# -- frames ----------------------------------------------------------------------------------


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="channel"):
    """Any frame that is no answer; `channel` tells which."""


Kind: TypeAlias = Literal["snapshot", "update"]


class BookMessage(Message, frozen=True, gc=False, tag="book"):
    type: Kind
    data: list[BookData]


class TradeMessage(Message, frozen=True, gc=False, tag="trade"):
    type: Kind
    data: list[TradeRow]


class TickerMessage(Message, frozen=True, gc=False, tag="ticker"):
    type: Kind
    data: list[TickerRow]


class OhlcMessage(Message, frozen=True, gc=False, tag="ohlc"):
    data: list[OhlcRow]
    timestamp: str = ""


class StatusMessage(Message, frozen=True, gc=False, tag="status"):
    data: list[SystemState]


class InstrumentMessage(Message, frozen=True, gc=False, tag="instrument"):
    data: Listing


class BeatMessage(Message, frozen=True, gc=False, tag="heartbeat"):
    pass


Known: TypeAlias = (
    BookMessage
    | TradeMessage
    | TickerMessage
    | OhlcMessage
    | StatusMessage
    | InstrumentMessage
    | BeatMessage
)


class Accepted(msgspec.Struct, frozen=True, gc=False):
    symbol: str = ""
    warnings: list[str] = []


class Answer(msgspec.Struct, frozen=True, gc=False):
    """To a request: one for each of its symbols. A refusal may lack the symbol."""

    method: str
    success: bool = False
    error: str = ""
    symbol: str = ""
    result: Accepted | UnsetType = UNSET
    req_id: Count | None = None
    time_out: str = ""


class AnyAnswer(msgspec.Struct, frozen=True, gc=False):
    """Tells an answer from what is none."""

    method: str | UnsetType = UNSET
