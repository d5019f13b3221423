"""How venues write times and numbers, from whole nanoseconds, ticks and lots."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from tui.model.timeframe import NS
from tui.sim.instruments import E8, Listing, write_e8


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso_us(ts_ns: int) -> str:
    """`2026-09-30T02:03:12.819699Z`."""
    seconds, rest = divmod(ts_ns, NS)
    return f"{_second(seconds)}.{rest // 1_000:06d}Z"


def iso_ns(ts_ns: int) -> str:
    """`2026-09-30T02:39:53.862739917Z`."""
    seconds, rest = divmod(ts_ns, NS)
    return f"{_second(seconds)}.{rest:09d}Z"


def unix_us(ts_ns: int) -> str:
    """`1616333924.737428`."""
    micros = ts_ns // 1_000
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def plain(text: str) -> str:
    """A decimal number without the zeros at its end: `83420.20000000` as `83420.2`."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed_e8(units: int, decimals: int) -> str:
    """A number of 1e-8 units with so many decimals, at most eight; what is beyond is cut off."""
    if decimals == 0:
        return str(units // E8)
    scale: int = 10 ** (8 - decimals)
    whole, rest = divmod(units // scale, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"


def decimals_of(step_e8: int) -> int:
    """How many decimals the multiples of a step have."""
    return 8 - (len(str(step_e8)) - 1)


def plain_e8(units: int) -> str:
    """A number of 1e-8 units, without zeros at its end."""
    return plain(write_e8(units))


def mean_price_e8(listing: Listing, value: int, volume: int, otherwise: int) -> int:
    """The mean price of what was traded (ticks times lots, and lots), or a price in ticks."""
    return value * listing.tick_e8 // volume if volume else otherwise * listing.tick_e8


ZERO_SIZE: Final = "0.00000000"
