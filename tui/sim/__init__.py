"""The embedded market: a matching engine with order flow, served on loopback as venues serve theirs."""
