"""What Kraken calls the instruments of the embedded market, and how it writes their numbers."""

from __future__ import annotations

from typing import Final

from tui.model.timeframe import Timeframe
from tui.sim.bars import Bar
from tui.sim.instruments import Listing, write_e8
from tui.sim.market import SimMarket
from tui.sim.writing import decimals_of, fixed_e8, mean_price_e8

_OLD: Final = {"BTC": "XBT", "DOGE": "XDG"}
_PREFIXED: Final = frozenset({"XBT", "XDG", "ETH", "XRP", "LTC"})
"""Assets that are old enough to have a letter in front of their names."""

TIMEFRAMES: Final = {
    1: Timeframe(1, "m"),
    5: Timeframe(5, "m"),
    15: Timeframe(15, "m"),
    30: Timeframe(30, "m"),
    60: Timeframe(1, "h"),
    240: Timeframe(4, "h"),
    1_440: Timeframe(1, "d"),
    10_080: Timeframe(1, "w"),
    21_600: Timeframe(15, "d"),
}
"""Spans of candles by their minutes."""

DEPTHS: Final = (10, 25, 100, 500, 1_000)
_LEAST_DECIMALS_OLD: Final = 5


def old_name(asset: str) -> str:
    """`BTC` as `XBT`."""
    return _OLD.get(asset, asset)


def asset_key(asset: str) -> str:
    """`BTC` as `XXBT`: how REST answers call an asset."""
    name = old_name(asset)
    return f"X{name}" if name in _PREFIXED else name


def symbol(listing: Listing) -> str:
    """`BTC/USDT`: the second protocol's name."""
    return f"{listing.base}/{listing.quote}"


def old_symbol(listing: Listing) -> str:
    """`XBT/USDT`: the first protocol's name."""
    return f"{old_name(listing.base)}/{old_name(listing.quote)}"


def alternative(listing: Listing) -> str:
    """`XBTUSDT`."""
    return f"{old_name(listing.base)}{old_name(listing.quote)}"


def key(listing: Listing) -> str:
    """`XETHXXBT`, or the alternative name where an asset is not old: how REST answers call a pair."""
    names = asset_key(listing.base), asset_key(listing.quote)
    are_old = names[0] != old_name(listing.base) and names[1] != old_name(listing.quote)
    return "".join(names) if are_old else alternative(listing)


def symbols(market: SimMarket) -> dict[str, Listing]:
    """The listed instruments by the second protocol's names."""
    return {symbol(listing): listing for listing in market.listings.values()}


def old_symbols(market: SimMarket) -> dict[str, Listing]:
    """The listed instruments by the first protocol's names."""
    return {old_symbol(listing): listing for listing in market.listings.values()}


def any_name(market: SimMarket) -> dict[str, Listing]:
    """The listed instruments by all the names under which REST knows them."""
    return {
        name: listing
        for listing in market.listings.values()
        for name in (
            symbol(listing),
            old_symbol(listing),
            alternative(listing),
            key(listing),
            listing.symbol,
        )
    }


def decimals(listing: Listing) -> int:
    return decimals_of(listing.tick_e8)


def price(listing: Listing, ticks: int) -> str:
    """A price in the pair's decimals, with all its zeros."""
    return fixed_e8(ticks * listing.tick_e8, decimals(listing))


def old_price(listing: Listing, ticks: int) -> str:
    """A price as the first protocol and REST write it: with five decimals at least."""
    return fixed_e8(ticks * listing.tick_e8, max(_LEAST_DECIMALS_OLD, decimals(listing)))


def size(listing: Listing, lots: int) -> str:
    """A size with eight decimals."""
    return write_e8(lots * listing.lot_e8)


def mean(listing: Listing, bar: Bar) -> str:
    """A bar's volume-weighted price, in the pair's decimals."""
    units = mean_price_e8(listing, bar.value, bar.volume, bar.close)
    return fixed_e8(units, decimals(listing))


def old_mean(listing: Listing, bar: Bar) -> str:
    """The same as the first protocol and REST write it."""
    units = mean_price_e8(listing, bar.value, bar.volume, bar.close)
    return fixed_e8(units, max(_LEAST_DECIMALS_OLD, decimals(listing)))
