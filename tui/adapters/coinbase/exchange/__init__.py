"""Coinbase Exchange: symbols, wire structs, stream, requests, REST, and the adapter that joins them."""

from tui.adapters.coinbase.exchange.adapter import CoinbaseExchangeAdapter

__all__ = ["CoinbaseExchangeAdapter"]
