"""Coinbase: the Exchange protocol, which shows whole markets to anybody without a key."""

from tui.adapters.coinbase.exchange import CoinbaseExchangeAdapter

__all__ = ["CoinbaseExchangeAdapter"]
