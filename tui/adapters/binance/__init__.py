"""Binance spot: symbols, wire structs, stream, REST, and the adapter that joins them."""

from tui.adapters.binance.adapter import BinanceAdapter

__all__ = ["BinanceAdapter"]
