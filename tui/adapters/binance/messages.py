"""What Binance puts on the wire, field for field; numbers stay the text that the venue sent."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tui.model.events import Level

Number: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
"""A price or a size: digits only, so that it is safe to draw and means the same to `float`."""

Signed: TypeAlias = Annotated[str, Meta(pattern=r"\A-?[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
Millis: TypeAlias = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since the epoch, up to the last that a calendar can show."""

Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]

P = TypeVar("P")


class Wrapped(msgspec.Struct, Generic[P], frozen=True, gc=False):
    """A frame of the combined stream; its `stream` was read before."""

    data: P


# -- streams ---------------------------------------------------------------------------------


class DepthUpdate(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="depthUpdate",
    rename={
        "event_time": "E",
        "symbol": "s",
        "first_id": "U",
        "last_id": "u",
        "bids": "b",
        "asks": "a",
    },
):
    event_time: Millis
    symbol: str
    first_id: Id
    last_id: Id
    bids: list[Level]
    asks: list[Level]


class PartialDepth(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The best levels, whole each time; neither symbol nor time."""

    last_update_id: Id
    bids: list[Level]
    asks: list[Level]


class TradeEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="trade",
    rename={
        "symbol": "s",
        "trade_id": "t",
        "price": "p",
        "quantity": "q",
        "trade_time": "T",
        "is_buyer_maker": "m",
    },
):
    symbol: str
    trade_id: Id
    price: Number
    quantity: Number
    trade_time: Millis
    is_buyer_maker: bool


class AggTradeEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="aggTrade",
    rename={
        "symbol": "s",
        "trade_id": "a",
        "price": "p",
        "quantity": "q",
        "trade_time": "T",
        "is_buyer_maker": "m",
    },
):
    symbol: str
    trade_id: Id
    price: Number
    quantity: Number
    trade_time: Millis
    is_buyer_maker: bool


class Kline(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "open_time": "t",
        "interval": "i",
        "open": "o",
        "high": "h",
        "low": "l",
        "close": "c",
        "volume": "v",
        "quote_volume": "q",
        "taker_buy_volume": "V",
        "trades": "n",
        "is_closed": "x",
    },
):
    open_time: Millis
    interval: str
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    quote_volume: Number
    taker_buy_volume: Number
    trades: Id
    is_closed: bool


class KlineEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="kline",
    rename={"event_time": "E", "symbol": "s", "kline": "k"},
):
    event_time: Millis
    symbol: str
    kline: Kline


class MiniTickerEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="24hrMiniTicker",
    rename={
        "event_time": "E",
        "symbol": "s",
        "last": "c",
        "open": "o",
        "high": "h",
        "low": "l",
        "volume": "v",
        "quote_volume": "q",
    },
):
    event_time: Millis
    symbol: str
    last: Number
    open: Number
    high: Number
    low: Number
    volume: Number
    quote_volume: Number


class TickerEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    tag_field="e",
    tag="24hrTicker",
    rename={
        "event_time": "E",
        "symbol": "s",
        "change_percent": "P",
        "last": "c",
        "bid": "b",
        "bid_size": "B",
        "ask": "a",
        "ask_size": "A",
        "open": "o",
        "high": "h",
        "low": "l",
        "volume": "v",
        "quote_volume": "q",
    },
):
    event_time: Millis
    symbol: str
    change_percent: Signed
    last: Number
    bid: Number
    bid_size: Number
    ask: Number
    ask_size: Number
    open: Number
    high: Number
    low: Number
    volume: Number
    quote_volume: Number


class BookTickerEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "update_id": "u",
        "symbol": "s",
        "bid": "b",
        "bid_size": "B",
        "ask": "a",
        "ask_size": "A",
    },
):
    """The best prices; the only stream with neither event type nor time."""

    update_id: Id
    symbol: str
    bid: Number
    bid_size: Number
    ask: Number
    ask_size: Number


class Refusal(msgspec.Struct, frozen=True, gc=False):
    code: int
    msg: str


class Probe(msgspec.Struct, frozen=True, gc=False, rename={"event_type": "e"}):
    """Everything that tells one kind of frame from another, whatever the order of its fields."""

    stream: str | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    result: msgspec.Raw | UnsetType = UNSET
    error: Refusal | UnsetType = UNSET
    code: int | UnsetType = UNSET
    msg: str = ""
    id: int | None = None
    data: msgspec.Raw | UnsetType = UNSET
    u: Any = UNSET


class EventType(msgspec.Struct, frozen=True, gc=False, rename={"event_type": "e"}):
    event_type: str | UnsetType = UNSET


# -- REST ------------------------------------------------------------------------------------

KlineRow: TypeAlias = tuple[
    Millis,  # open time
    Number,  # open
    Number,  # high
    Number,  # low
    Number,  # close
    Number,  # volume
    Millis,  # close time, inclusive
    Number,  # quote volume
    Id,  # trades
    Number,  # volume that takers bought
    Number,  # quote volume that takers bought
    Any,  # unused
]


class AggTrade(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "trade_id": "a",
        "price": "p",
        "quantity": "q",
        "trade_time": "T",
        "is_buyer_maker": "m",
    },
):
    trade_id: Id
    price: Number
    quantity: Number
    trade_time: Millis
    is_buyer_maker: bool


class DayTicker(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    symbol: str
    price_change_percent: Signed
    last_price: Number
    bid_price: Number
    bid_qty: Number
    ask_price: Number
    ask_qty: Number
    open_price: Number
    high_price: Number
    low_price: Number
    volume: Number
    quote_volume: Number
    close_time: Millis


class SymbolFilter(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    filter_type: str
    tick_size: Number | UnsetType = UNSET
    step_size: Number | UnsetType = UNSET


class SymbolInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[SymbolFilter]


class ExchangeInfo(msgspec.Struct, frozen=True, gc=False):
    symbols: list[SymbolInfo]


class ServerClock(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    server_time: Millis
