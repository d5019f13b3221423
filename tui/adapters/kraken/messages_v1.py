"""What Kraken's first protocol puts on the wire: arrays by position, and objects for events."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tui.adapters.kraken.day_figures import DayFigures, Pair
from tui.adapters.kraken.numbers import Count, NumberText

CrcText: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,10}\Z")]


class BookRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`flag` "r": the level was there before, and re-enters the depth with its old time."""

    price: str
    size: str
    time: str
    flag: str = ""


class BookPart(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"snapshot_asks": "as", "snapshot_bids": "bs", "asks": "a", "bids": "b", "crc": "c"},
):
    """A snapshot, or the changes of one side or of both. When both sides change they may come in two
    parts, the checksum in the last."""

    snapshot_asks: list[BookRow] | UnsetType = UNSET
    snapshot_bids: list[BookRow] | UnsetType = UNSET
    asks: list[BookRow] = []
    bids: list[BookRow] = []
    crc: CrcText | UnsetType = UNSET


class TradeRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    price: NumberText
    size: NumberText
    time: str
    side: Literal["b", "s"]


class TickerBody(DayFigures, frozen=True, gc=False, rename={"open": "o"}):
    open: Pair


class OhlcRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`end` is the END of the interval, `trades` the number of trades: nothing says "closed"."""

    time: str
    end: str
    open: NumberText
    high: NumberText
    low: NumberText
    close: NumberText
    vwap: NumberText
    volume: NumberText
    trades: Count


BookFrame: TypeAlias = list[int | str | BookPart]
TradeFrame: TypeAlias = list[int | str | list[TradeRow]]
TickerFrame: TypeAlias = list[int | str | TickerBody]
OhlcFrame: TypeAlias = list[int | str | OhlcRow]
"""Channel's number, payload (of a book: one or two), channel's name, pair: read from the end."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class Occurrence(msgspec.Struct, frozen=True, gc=False, rename={"error": "errorMessage"}):
    """Any frame that is an object."""

    event: str
    status: str = ""
    error: str = ""
    pair: str = ""
    reqid: Count | None = None
    version: str = ""
    connection_id: int | UnsetType = msgspec.field(default=UNSET, name="connectionID")
    subscription: Wanted = Wanted()
