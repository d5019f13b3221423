"""What Coinbase Exchange puts on the wire, field for field; numbers stay the text that the venue sent."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tui.model.events import Level

Number: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
"""A price or a size: digits only, so that it is safe to draw and means the same to `float`."""

Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Maker: TypeAlias = Literal["buy", "sell"]
"""The side of the order that rested in the book; who took it did the opposite."""

Positive: TypeAlias = Annotated[float, Meta(ge=0)]
Change: TypeAlias = tuple[Maker, str, str]
"""Side, price, and absolute size; a size of zero removes the level."""


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """Any frame; `type` tells which."""


# -- streams ---------------------------------------------------------------------------------


class BookUpdate(Message, frozen=True, gc=False, tag="l2update"):
    product_id: str
    changes: list[Change]
    time: str


class WholeBook(Message, frozen=True, gc=False, tag="snapshot"):
    product_id: str
    bids: list[Level]
    asks: list[Level]
    time: str = ""


class Match(Message, frozen=True, gc=False, tag="match"):
    trade_id: Id
    side: Maker
    size: Number
    price: Number
    product_id: str
    time: str


class LastMatch(Match, frozen=True, gc=False, tag="last_match"):
    """The last trade before the subscription."""


class DayTicker(Message, frozen=True, gc=False, tag="ticker"):
    """Only the price is always there: the first one after a subscription lacks what belongs to a trade,
    old ones lack sizes."""

    product_id: str
    price: Number
    open_24h: Number | None = None
    volume_24h: Number | None = None
    low_24h: Number | None = None
    high_24h: Number | None = None
    best_bid: Number | None = None
    best_bid_size: Number | None = None
    best_ask: Number | None = None
    best_ask_size: Number | None = None
    time: str = ""


class Beat(Message, frozen=True, gc=False, tag="heartbeat"):
    """Once a second for each product; `last_trade_id` is the newest that `match` should have brought."""

    product_id: str
    time: str
    last_trade_id: Id = 0


class ChannelList(msgspec.Struct, frozen=True):
    name: str
    product_ids: list[str] = []


class SubscriptionList(Message, frozen=True, tag="subscriptions"):
    """Everything that this connection is subscribed to, after each request."""

    channels: list[ChannelList]


class Refusal(Message, frozen=True, gc=False, tag="error"):
    message: str = ""
    reason: str = ""


Known: TypeAlias = (
    BookUpdate | WholeBook | Match | LastMatch | DayTicker | Beat | SubscriptionList | Refusal
)


class Kind(msgspec.Struct, frozen=True, gc=False):
    type: str


# -- REST ------------------------------------------------------------------------------------

CandleRow: TypeAlias = tuple[Id, Positive, Positive, Positive, Positive, Positive]
"""Seconds, LOW, HIGH, OPEN, close, volume: in this order, unlike anywhere else."""


class RestTrade(msgspec.Struct, frozen=True, gc=False):
    trade_id: Id
    side: Maker
    size: Number
    price: Number
    time: str


class RestBook(msgspec.Struct, frozen=True):
    bids: list[tuple[str, str, int]]
    asks: list[tuple[str, str, int]]
    sequence: Id = 0
    time: str = ""


class RestTicker(msgspec.Struct, frozen=True, gc=False):
    """The last trade, the best prices, and the day's volume."""

    price: Number
    bid: Number
    ask: Number
    volume: Number
    time: str


class DayStats(msgspec.Struct, frozen=True, gc=False):
    open: Number
    high: Number
    low: Number
    last: Number
    volume: Number


class ProductStats(msgspec.Struct, frozen=True, gc=False):
    stats_24hour: DayStats | None = None


class Product(msgspec.Struct, frozen=True, gc=False):
    id: str
    base_currency: str
    quote_currency: str
    quote_increment: Number
    base_increment: Number
    status: str
    trading_disabled: bool = False
    cancel_only: bool = False


class ServerClock(msgspec.Struct, frozen=True, gc=False):
    iso: str


class RestError(msgspec.Struct, frozen=True, gc=False):
    message: str
