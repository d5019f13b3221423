"""Coinbase: market data for anybody without a key, by either of the venue's two protocols."""

from tui.adapters.coinbase.adapter import CoinbaseAdapter

__all__ = ["CoinbaseAdapter"]
