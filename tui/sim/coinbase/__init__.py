"""The embedded market as Coinbase: Exchange and Advanced Trade, two protocols of one venue."""
