"""The embedded market behind a socket like TradingView's, whose protocol nobody publishes."""
