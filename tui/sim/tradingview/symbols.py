"""What the socket calls the instruments of the embedded market, and what it tells of them."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from tui.model.timeframe import Timeframe
from tui.sim.instruments import Listing
from tui.sim.market import SimMarket
from tui.sim.writing import decimals_of

EXCHANGES: Final = ("BINANCE", "COINBASE", "KRAKEN", "SIM")
"""In whose names the instruments can be asked for, without delay."""

LATE_S: Final = 900
"""By how much exchanges are behind for those who do not pay them."""


class Shown(msgspec.Struct, frozen=True):
    """An instrument under the name by which it is asked for.

    Attributes:
        kind: what the socket says that it is; an `index` is counted and not traded, and has no volume.
        delay_s: by how much it is behind.
    """

    name: str
    listing: Listing
    kind: str = "spot"
    delay_s: int = 0

    @property
    def mode(self) -> str:
        """The socket's word for how late the data is."""
        return f"delayed_streaming_{self.delay_s}" if self.delay_s else "streaming"

    @property
    def has_volume(self) -> bool:
        return self.kind != "index"


_OTHERS: Final = {
    "NASDAQ:AAPL": ("SOLUSDT", "stock", LATE_S),
    "NASDAQ:NDX": ("BTCUSDT", "index", LATE_S),
    "TVC:VIX": ("LINKUSDT", "index", 0),
}
"""Names of stocks and indices, and whose prices stand in for theirs."""

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


def read_symbol(text: object, market: SimMarket) -> Shown | None:
    """What a symbol means, which may be wrapped in JSON behind `=`; None where there is no such
    thing."""
    name = text
    if isinstance(text, str) and text.startswith("="):
        try:
            wrapped = json.loads(text[1:])
        except (ValueError, RecursionError):
            return None
        name = wrapped.get("symbol") if isinstance(wrapped, dict) else None
    if not isinstance(name, str):
        return None
    return _find(name, market)


def find_symbols(text: str, exchange: str, market: SimMarket) -> list[Shown]:
    """Those whose names hold a text; those of one exchange, where one is named."""
    names = [f"{exchange or 'SIM'}:{symbol}" for symbol in market.listings]
    names += [name for name in _OTHERS if name.startswith(f"{exchange}:" if exchange else "")]
    found = (_find(name, market) for name in names if text in name.partition(":")[2])
    return [one for one in found if one is not None]


def _find(name: str, market: SimMarket) -> Shown | None:
    exchange, _, symbol = name.partition(":")
    kind, delay_s = "spot", 0
    if name in _OTHERS:
        symbol, kind, delay_s = _OTHERS[name]
    elif exchange not in EXCHANGES:
        return None
    listing = market.listings.get(symbol)
    return Shown(name, listing, kind, delay_s) if listing is not None else None


def description(shown: Shown) -> str:
    """In the tongue and script of whoever listed it."""
    listing = shown.listing
    if shown.kind != "spot":
        return shown.name.partition(":")[2]
    return f"{_DESCRIPTIONS.get(listing.base, listing.base)} / {listing.quote}"


def describe(shown: Shown) -> dict[str, Any]:
    """What is told when a symbol is resolved."""
    name, listing = shown.name, shown.listing
    exchange, _, symbol = name.partition(":")
    return {
        "source2": {"country": "", "description": exchange, "exchange-type": "exchange"},
        "currency_code": listing.quote if shown.kind == "spot" else "USD",
        "source_id": exchange,
        "session_holidays": "",
        "provider_id": exchange.lower(),
        "visible_plots_set": "ohlcv" if shown.has_volume else "ohlc",
        "is_tradable": shown.has_volume,
        "has_intraday": True,
        "fractional": False,
        "minmov": 1,
        "minmove2": 0,
        "pricescale": 10 ** decimals_of(listing.tick_e8),
        "pro_name": name,
        "full_name": name,
        "name": symbol,
        "short_description": description(shown),
        "description": description(shown),
        "exchange": exchange,
        "type": shown.kind,
        "typespecs": ["crypto"] if shown.kind == "spot" else [],
        "timezone": "Etc/UTC",
        "session": "24x7",
        "subsessions": [],
    }
