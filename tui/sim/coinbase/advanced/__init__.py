"""The embedded market in the protocol of Coinbase's Advanced Trade."""
