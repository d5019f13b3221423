"""TradingView's chart socket, which is not an official interface: candles, quotes and studies."""

from tui.adapters.tradingview.adapter import TradingViewAdapter

__all__ = ["TradingViewAdapter"]
