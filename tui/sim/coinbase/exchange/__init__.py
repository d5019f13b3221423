"""The embedded market in Coinbase Exchange's protocol."""
