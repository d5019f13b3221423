"""What the native protocol puts on the wire, field for field; prices and sizes stay text."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

Number: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
"""A price or a size: digits only, so that it is safe to draw and means the same to `float`."""

Signed: TypeAlias = Annotated[str, Meta(pattern=r"\A-?[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
Millis: TypeAlias = Annotated[float, Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since the epoch, with or without a fraction, up to the last that a calendar shows."""

Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Symbol: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Word: TypeAlias = Annotated[str, Meta(max_length=64)]


class Topic(msgspec.Struct, frozen=True, omit_defaults=True):
    """A channel, and of what: as in requests, and in errors about one of several."""

    channel: str
    symbol: str | None = None
    timeframe: str | None = None


# -- data ------------------------------------------------------------------------------------


class PriceUpdate(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="price_update"
):
    symbol: Symbol
    price: Number
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class TickerUpdate(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="ticker_update"
):
    symbol: Symbol
    last: Number | None = None
    bid: Number | None = None
    bid_size: Number | None = None
    ask: Number | None = None
    ask_size: Number | None = None
    open: Number | None = None
    high: Number | None = None
    low: Number | None = None
    volume: Number | None = None
    quote_volume: Number | None = None
    change_percent: Signed | None = None
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution; `side` took liquidity."""

    price: Number
    size: Number
    side: Literal["buy", "sell"]
    time: Millis
    id: Id | None = None


class TradeUpdate(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="trade_update"
):
    symbol: Symbol
    trades: list[Fill]
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class Bar(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One candle; `time` is when it opens."""

    time: Millis
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    quote_volume: Number | None = None
    taker_buy_volume: Number | None = None
    trades: Id | None = None
    closed: bool | None = None


class CandleUpdate(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="candle_update"
):
    symbol: Symbol
    timeframe: str
    candles: list[Bar]
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class Sides(msgspec.Struct, frozen=True):
    """Sizes by price: a whole book, or its changed levels; checked where they are used."""

    bids: dict[str, str] = {}
    asks: dict[str, str] = {}


class OrderbookUpdate(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="orderbook_update"
):
    """A whole book (`book`), or what turned `from_version` into `version` (`patch` or `changes`)."""

    symbol: Symbol
    version: Id
    book: Sides | None = None
    from_version: Id | None = None
    patch: list[Any] | None = None
    changes: Sides | None = None
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class Metrics(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="metrics"):
    values: dict[Word, float | None]
    symbol: Symbol | None = None
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class AlertMessage(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="alert"
):
    text: str
    level: str = "info"
    key: Word | None = None
    symbol: Symbol | None = None
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


# -- answers ---------------------------------------------------------------------------------


class StatusMessage(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="status"
):
    """The answer to the request `id`; without one, the state of a symbol or of the server."""

    id: Id | None = None
    status: Word = ""
    text: str | None = None
    symbol: Symbol | None = None
    time: Millis | None = None
    seq: Id | None = None
    prev: Id | None = None
    snapshot: bool | None = None


class ErrorMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A refusal: of one channel, of the request `id`, or of nothing in particular."""

    id: Id | None = None
    channel: Topic | None = None
    code: str = ""
    message: str = ""


class Pong(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="pong"):
    id: Id | None = None
    time: Millis | None = None


class Beat(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="heartbeat"):
    """A sign of life; with an `id` it wants a pong."""

    id: Id | None = None
    time: Millis | None = None


DataMessage: TypeAlias = (
    PriceUpdate
    | TickerUpdate
    | TradeUpdate
    | CandleUpdate
    | OrderbookUpdate
    | Metrics
    | AlertMessage
    | StatusMessage
)
Message: TypeAlias = DataMessage | ErrorMessage | Pong | Beat


class Envelope(msgspec.Struct, frozen=True):
    """A frame that is not a message as a whole: a poll's answer, or a type that we do not know."""

    type: str | None = None
    messages: list[msgspec.Raw] | None = None
    cursor: str | None = None


# -- requests --------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client sends on a WebSocket."""

    type: str
    id: int
    channels: list[Topic] | None = None
    since: int | None = None
    token: str | None = None


# -- REST ------------------------------------------------------------------------------------


class ServerClock(msgspec.Struct, frozen=True):
    time: Millis


class SymbolInfo(msgspec.Struct, frozen=True, kw_only=True):
    symbol: Symbol
    base: str = ""
    quote: str = ""
    tick_size: Number | Literal[""] | None = None
    size_step: Number | Literal[""] | None = None
    trading: bool | None = None
    status: str | None = None


class SymbolList(msgspec.Struct, frozen=True):
    symbols: list[SymbolInfo]


class Refusal(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""
