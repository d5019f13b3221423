"""What Coinbase calls the instruments of the embedded market, and how it writes their numbers."""

from __future__ import annotations

from typing import Any

from tui.sim.instruments import Listing, write_e8
from tui.sim.market import SimMarket
from tui.sim.writing import decimals_of, fixed_e8, plain_e8


def product_id(listing: Listing) -> str:
    """`BTC-USDT`."""
    return f"{listing.base}-{listing.quote}"


def products(market: SimMarket) -> dict[str, Listing]:
    """The listed instruments by the venue's names."""
    return {product_id(listing): listing for listing in market.listings.values()}


def price_text(listing: Listing, ticks: int) -> str:
    """A price in the quote increment's decimals."""
    return fixed_e8(ticks * listing.tick_e8, decimals_of(listing.tick_e8))


def size_text(listing: Listing, lots: int) -> str:
    """A size in eight decimals."""
    return write_e8(lots * listing.lot_e8)


def short_size(listing: Listing, lots: int) -> str:
    """A size without zeros at its end."""
    return plain_e8(lots * listing.lot_e8)


def describe(listing: Listing) -> dict[str, Any]:
    """A product, as the REST side and the `status` channel tell it."""
    name = product_id(listing)
    return {
        "id": name,
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "quote_increment": plain_e8(listing.tick_e8),
        "base_increment": plain_e8(listing.lot_e8),
        "display_name": name,
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online",
        "status_message": "",
        "trading_disabled": False,
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02",
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }


def describe_currency(name: str) -> dict[str, Any]:
    """A currency, likewise."""
    return {
        "id": name,
        "name": name,
        "min_size": "0.00000001",
        "status": "online",
        "message": "",
        "max_precision": "0.00000001",
        "convertible_to": [],
        "details": {"type": "crypto", "symbol": None, "network_confirmations": 1, "sort_order": 0},
        "default_network": "",
        "supported_networks": [],
        "display_name": name,
    }


def currencies(market: SimMarket) -> list[str]:
    """The currencies of all listed instruments."""
    names = {name for one in market.listings.values() for name in (one.base, one.quote)}
    return sorted(names)
