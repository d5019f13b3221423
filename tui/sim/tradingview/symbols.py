"""What the socket calls the instruments of the embedded market, and what it tells of them."""

from __future__ import annotations

import json
from typing import Any, Final

from tui.model.timeframe import Timeframe
from tui.sim.instruments import Listing
from tui.sim.market import SimMarket
from tui.sim.writing import decimals_of

EXCHANGES: Final = ("BINANCE", "COINBASE", "KRAKEN", "SIM")
"""In whose names the instruments can be asked for."""

CODES: Final = {
    "1": Timeframe(1, "m"),
    "3": Timeframe(3, "m"),
    "5": Timeframe(5, "m"),
    "15": Timeframe(15, "m"),
    "30": Timeframe(30, "m"),
    "45": Timeframe(45, "m"),
    "60": Timeframe(1, "h"),
    "120": Timeframe(2, "h"),
    "180": Timeframe(3, "h"),
    "240": Timeframe(4, "h"),
    "1H": Timeframe(1, "h"),
    "2H": Timeframe(2, "h"),
    "3H": Timeframe(3, "h"),
    "4H": Timeframe(4, "h"),
    "D": Timeframe(1, "d"),
    "1D": Timeframe(1, "d"),
    "W": Timeframe(1, "w"),
    "1W": Timeframe(1, "w"),
    "M": Timeframe(1, "M"),
    "1M": Timeframe(1, "M"),
}

_DESCRIPTIONS: Final = {
    "BTC": "비트코인",
    "DOGE": "도지코인 🐕",
    "ETH": "Ethereum ~m~ Ether",
}


def read_symbol(text: object, market: SimMarket) -> tuple[str, Listing] | None:
    """The name and the instrument of a symbol, which may be wrapped in JSON behind `=`; None where
    there is no such thing."""
    name = text
    if isinstance(text, str) and text.startswith("="):
        try:
            wrapped = json.loads(text[1:])
        except (ValueError, RecursionError):
            return None
        name = wrapped.get("symbol") if isinstance(wrapped, dict) else None
    if not isinstance(name, str):
        return None
    exchange, _, symbol = name.partition(":")
    listing = market.listings.get(symbol)
    return (name, listing) if listing is not None and exchange in EXCHANGES else None


def description(listing: Listing) -> str:
    """In the tongue and script of whoever listed it."""
    return f"{_DESCRIPTIONS.get(listing.base, listing.base)} / {listing.quote}"


def describe(name: str, listing: Listing) -> dict[str, Any]:
    """What is told when a symbol is resolved."""
    exchange, _, symbol = name.partition(":")
    return {
        "source2": {"country": "", "description": exchange, "exchange-type": "exchange"},
        "currency_code": listing.quote,
        "source_id": exchange,
        "session_holidays": "",
        "provider_id": exchange.lower(),
        "visible_plots_set": "ohlcv",
        "is_tradable": True,
        "has_intraday": True,
        "fractional": False,
        "minmov": 1,
        "minmove2": 0,
        "pricescale": 10 ** decimals_of(listing.tick_e8),
        "pro_name": name,
        "full_name": name,
        "name": symbol,
        "short_description": description(listing),
        "description": description(listing),
        "exchange": exchange,
        "type": "spot",
        "typespecs": ["crypto"],
        "timezone": "Etc/UTC",
        "session": "24x7",
        "subsessions": [],
    }
