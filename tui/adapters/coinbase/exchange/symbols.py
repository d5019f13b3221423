"""How Coinbase Exchange spells products, channels and granularities, and how ours map to them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from tui.model.errors import InstrumentError, ProtocolError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe

TIMEFRAMES: Final = tuple(map(Timeframe.parse, ("1m", "5m", "15m", "1h", "6h", "1d")))
"""The granularities of candles. The venue streams none of them on Exchange."""

WORDS: Final = {
    Channel.TICKER: "ticker",
    Channel.TRADES: "matches",
    # The only book without a login; one update each 50 ms.
    Channel.BOOK: "level2_batch",
}
CHANNELS: Final = frozenset(WORDS)
HEARTBEAT: Final = "heartbeat"

_PRODUCT: Final = re.compile(r"[A-Z0-9]{1,20}-[A-Z0-9]{1,20}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z"
)


def product_id(instrument: Instrument) -> str:
    """The venue's name of an instrument.

    Raises:
        InstrumentError: it cannot be a name of this venue.
    """
    symbol = instrument.symbol.upper()
    if not _PRODUCT.fullmatch(symbol):
        raise InstrumentError(
            f"{symbol[:40]!r} is no product of Coinbase", "write it like BTC-USD, with a hyphen"
        )
    return symbol


def channel_word(subscription: Subscription) -> str:
    """The channel to ask for.

    Raises:
        InstrumentError: the venue has no such channel.
    """
    word = WORDS.get(subscription.channel)
    if word is None:
        raise InstrumentError(f"Coinbase does not stream {subscription.channel}")
    return word


def root_word(word: str) -> str:
    """What stays the same of a channel's name: it is echoed as `level2_50` for `level2_batch`."""
    return word.partition("_")[0]


def granularity(timeframe: Timeframe) -> int:
    """A timeframe in seconds, as the venue names it.

    Raises:
        InstrumentError: the venue does not have it.
    """
    if timeframe not in TIMEFRAMES:
        raise InstrumentError(
            f"Coinbase has no candles of {timeframe}",
            f"use one of {' '.join(map(str, TIMEFRAMES))}",
        )
    return timeframe.seconds


_USUAL_FRACTIONS: Final = {6: 1000, 9: 1}
"""Nanoseconds of the last of so many digits."""


class TimeReader:
    """Reads times such as `2026-09-30T02:03:12.819699Z`; those of one second cost little."""

    def __init__(self, path: str = "$.time") -> None:
        """Read times of the field at `path`, which errors name."""
        self._path = path
        self._second = "?"
        self._second_ns = 0

    def __call__(self, text: str) -> int:
        """Nanoseconds since the epoch; 0 for the zero time that the venue sends now and then.

        Raises:
            ProtocolError: not a time.
        """
        if text[:20] == self._second and text[-1] == "Z":
            fraction = text[20:-1]
            if len(fraction) in _USUAL_FRACTIONS and fraction.isdecimal() and fraction.isascii():
                return self._second_ns + int(fraction) * _USUAL_FRACTIONS[len(fraction)]
        return self._read(text)

    def _read(self, text: str) -> int:
        match = _TIME.fullmatch(text)
        if match is None:
            raise ProtocolError(f"{text[:40]!r} is not a time - at `{self._path}`")
        second, fraction = match[1], match[2] or ""
        try:
            seconds = int(datetime.fromisoformat(f"{second}+00:00").timestamp())
        except ValueError as error:
            raise ProtocolError(f"{error} - at `{self._path}`") from error
        if seconds <= 0:
            return 0
        self._second, self._second_ns = f"{second}.", seconds * NS
        return self._second_ns + int(fraction.ljust(9, "0"))
