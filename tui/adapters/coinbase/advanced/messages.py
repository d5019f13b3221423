"""What Coinbase Advanced Trade puts on the wire, field for field; numbers stay the venue's text."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tui.adapters.coinbase.exchange.messages import Id, Number

TextId: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,18}\Z")]
"""An id, which the venue writes as a text."""

Seconds: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-8]?[0-9]{1,9}\Z")]
"""A moment, likewise; as nanoseconds it fits 63 bits."""

SignedNumber: TypeAlias = Annotated[str, Meta(pattern=r"\A-?[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
Kind: TypeAlias = Literal["snapshot", "update"]


class Frame(msgspec.Struct, frozen=True, gc=False, tag_field="channel"):
    """Any frame with content; `sequence_num` counts all frames of a connection together."""

    sequence_num: Id
    timestamp: str


class Change(msgspec.Struct, frozen=True, gc=False):
    """A level with its absolute size; zero removes it. Snapshots and updates have the same ones."""

    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: str


class BookEvent(msgspec.Struct, frozen=True, gc=False):
    type: Kind
    product_id: str
    updates: list[Change]


class BookFrame(Frame, frozen=True, gc=False, tag="l2_data"):
    events: list[BookEvent]


class MarketTrade(msgspec.Struct, frozen=True, gc=False):
    """`side` is the maker's, as on Exchange; ids are Exchange's, too."""

    product_id: str
    trade_id: TextId
    price: Number
    size: Number
    time: str
    side: Literal["BUY", "SELL"]


class TradeEvent(msgspec.Struct, frozen=True, gc=False):
    type: Kind
    trades: list[MarketTrade]


class TradeFrame(Frame, frozen=True, gc=False, tag="market_trades"):
    events: list[TradeEvent]


class DayTicker(msgspec.Struct, frozen=True, gc=False):
    product_id: str
    price: Number
    volume_24_h: Number | None = None
    low_24_h: Number | None = None
    high_24_h: Number | None = None
    price_percent_chg_24_h: SignedNumber | None = None
    best_bid: Number | None = None
    best_ask: Number | None = None
    best_bid_quantity: Number | None = None
    best_ask_quantity: Number | None = None


class TickerEvent(msgspec.Struct, frozen=True, gc=False):
    tickers: list[DayTicker]


class TickerFrame(Frame, frozen=True, gc=False, tag="ticker"):
    events: list[TickerEvent]


class FiveMinutes(msgspec.Struct, frozen=True, gc=False):
    """A candle; `start` is seconds. There is no other span, and no word for one that is over."""

    start: Seconds
    high: Number
    low: Number
    open: Number
    close: Number
    volume: Number
    product_id: str


class CandleEvent(msgspec.Struct, frozen=True, gc=False):
    candles: list[FiveMinutes]


class CandleFrame(Frame, frozen=True, gc=False, tag="candles"):
    events: list[CandleEvent]


class BeatFrame(Frame, frozen=True, gc=False, tag="heartbeats"):
    """Once a second. What it holds is a time in Go's own format and a counter: the frame's time and
    number say the same."""


class SubscriptionEvent(msgspec.Struct, frozen=True):
    subscriptions: dict[str, list[str]]


class SubscriptionFrame(Frame, frozen=True, tag="subscriptions"):
    """Everything that this connection is subscribed to, by channel, after each request."""

    events: list[SubscriptionEvent]


Known: TypeAlias = (
    BookFrame | TradeFrame | TickerFrame | CandleFrame | BeatFrame | SubscriptionFrame
)


class AnyFrame(msgspec.Struct, frozen=True, gc=False):
    """What can be told of a frame that is not known: errors have neither channel nor number."""

    channel: str = ""
    sequence_num: Id | None = None
    type: str = ""
    message: str = ""
    reason: str = ""
