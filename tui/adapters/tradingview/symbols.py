"""How TradingView spells symbols and timeframes."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Final

from tui.adapters.tradingview.messages import QuoteValues, SymbolInfo
from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import Timeframe

# The minute is "1" and the month "1M": a name that lost its case would be the other one.
_CODES: Final = {
    "1m": "1",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "1d": "1D",
    "1w": "1W",
    "1M": "1M",
}
TIMEFRAMES: Final = tuple(map(Timeframe.parse, _CODES))
TRIES: Final = 3
"""Ways to write a symbol, each of which is tried once."""

_SYMBOL: Final = re.compile(r"[^\s:\"\\\x00-\x1f\x7f-\x9f]{1,40}:[^\s\"\\\x00-\x1f\x7f-\x9f]{1,80}")
NONE: Final = 1e99
"""Larger numbers stand for "no value"."""


def timeframe_code(timeframe: Timeframe | None) -> str:
    """The venue's name of a timeframe.

    Raises:
        InstrumentError: the venue does not have it.
    """
    code = _CODES.get(str(timeframe))
    if code is None:
        raise InstrumentError(
            f"TradingView has no timeframe {timeframe}", f"choose one of {', '.join(_CODES)}"
        )
    return code


def check_symbol(symbol: str) -> str:
    """The symbol, if it names an exchange.

    Raises:
        InstrumentError: it does not, or cannot be written.
    """
    if ":" not in symbol:
        raise InstrumentError(f"{symbol[:40]!r} names no exchange: write it as in NASDAQ:AAPL")
    if not _SYMBOL.fullmatch(symbol):
        raise InstrumentError(
            f"{symbol[:80]!r} is not a symbol of TradingView",
            "write the exchange before it, for example TRADINGVIEW:NASDAQ:AAPL",
        )
    return symbol


def spelling(symbol: str, attempt: int) -> str:
    """How a symbol is asked for the first, second and third time (from 0)."""
    if attempt >= TRIES - 1:
        return symbol
    asked = {"symbol": symbol} | ({"adjustment": "splits"} if attempt == 0 else {})
    return "=" + json.dumps(asked, separators=(",", ":"))


def read_number(value: float | None) -> float | None:
    """A number of the venue; None where it stands for no value."""
    return value if value is not None and abs(value) < NONE else None


def decimals_of(pricescale: float | None) -> int | None:
    """Digits after the point; None of prices in fractions, and of what is not known."""
    if pricescale is None or not 1 <= pricescale <= 1e12:
        return None
    digits = round(math.log10(pricescale))
    return digits if 10**digits == pricescale else None


def write_price(price: float | None, decimals: int | None) -> str | None:
    """A price with the digits that its symbol has."""
    if price is None:
        return None
    if decimals is not None and abs(price) < 1e15:
        return f"{price:.{decimals}f}"
    return format(Decimal(repr(price)), "f") if abs(price) < 1e30 else repr(price)


def read_info(instrument: Instrument, told: QuoteValues | SymbolInfo) -> InstrumentInfo | None:
    """What is told of an instrument; None where its price step is not."""
    scale, steps = told.pricescale, told.minmov
    if scale is None or steps is None or not 1 <= scale <= 1e12 or not 0 < steps <= scale:
        return None
    step = Decimal(repr(steps)) / Decimal(repr(scale))
    name = told.short_name if isinstance(told, QuoteValues) else told.name
    return InstrumentInfo(
        instrument,
        base=name or instrument.symbol.partition(":")[2],
        quote=told.currency_code or "",
        tick_size=format(step.normalize(), "f"),
    )
