"""How Kraken spells pairs, channels and intervals, today and in its first protocol."""

from __future__ import annotations

import re
from typing import Final

from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe

MINUTES: Final = {
    Timeframe.parse(text): minutes
    for text, minutes in (
        ("1m", 1),
        ("5m", 5),
        ("15m", 15),
        ("30m", 30),
        ("1h", 60),
        ("4h", 240),
        ("1d", 1440),
    )
}
"""The venue has weeks too, and spans of 15 days, which do not begin when ours do."""
TIMEFRAMES: Final = tuple(MINUTES)
TIMEFRAME_OF: Final = {minutes: timeframe for timeframe, minutes in MINUTES.items()}

WORDS: Final = {
    Channel.TICKER: "ticker",
    Channel.TRADES: "trade",
    Channel.BOOK: "book",
    Channel.CANDLES: "ohlc",
}
CHANNELS: Final = frozenset(WORDS)

_OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_NEW_NAMES: Final = {old: new for new, old in _OLD_NAMES.items()}
_PAIR: Final = re.compile(r"[A-Za-z0-9.]{1,20}/[A-Za-z0-9.]{1,20}")


def pair_name(instrument: Instrument) -> str:
    """The pair's name of today, which is the instrument's symbol.

    Raises:
        InstrumentError: it cannot be a pair of this venue, or is an old name of one.
    """
    symbol = instrument.symbol
    if not _PAIR.fullmatch(symbol):
        raise InstrumentError(
            f"{symbol[:40]!r} is no pair of Kraken", "write it like BTC/USD, with a slash"
        )
    current = from_old_name(symbol)
    if current != symbol:
        raise InstrumentError(f"{symbol} is Kraken's old name", f"write {current}")
    return symbol


def to_old_name(pair: str) -> str:
    """`BTC/USD` as `XBT/USD`: the spelling of the first protocol and of REST."""
    return "/".join(_OLD_NAMES.get(part, part) for part in pair.split("/"))


def from_old_name(pair: str) -> str:
    """`XBT/USD` as `BTC/USD`."""
    return "/".join(_NEW_NAMES.get(part, part) for part in pair.split("/"))


def interval(timeframe: Timeframe | None) -> int:
    """A timeframe in minutes, as the venue names it.

    Raises:
        InstrumentError: the venue does not have it.
    """
    minutes = MINUTES.get(timeframe) if timeframe is not None else None
    if minutes is None:
        raise InstrumentError(
            f"Kraken has no candles of {timeframe}", f"use one of {' '.join(map(str, TIMEFRAMES))}"
        )
    return minutes
