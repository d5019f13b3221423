"""What Kraken's REST interface answers, field for field."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from tui.adapters.kraken.numbers import Count, NumberText, UnixSeconds


class Body(msgspec.Struct, frozen=True):
    """Every answer: errors, or a result. Its HTTP status is 200 in both cases."""

    error: list[str]
    result: msgspec.Raw | UnsetType = UNSET


OhlcRow: TypeAlias = tuple[
    UnixSeconds, NumberText, NumberText, NumberText, NumberText, NumberText, NumberText, Count
]
"""Start, open, high, low, close, vwap, volume, number of trades."""

TradeRow: TypeAlias = tuple[NumberText, NumberText, Any, Literal["b", "s"], str, str, Count]
"""Price, size, seconds (a number of any precision), who took, kind of order, misc, id."""

BookRow: TypeAlias = tuple[NumberText, NumberText, Any]


class Book(msgspec.Struct, frozen=True):
    asks: list[BookRow]
    bids: list[BookRow]


class PairInfo(msgspec.Struct, frozen=True, gc=False):
    """`wsname` is spelled as in the first protocol; a few pairs, not traded in public, have none."""

    altname: str
    wsname: str = ""
    lot_decimals: Count = 0
    tick_size: str = ""
    pair_decimals: Count = 0
    status: str = ""
