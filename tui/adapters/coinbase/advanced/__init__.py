"""Coinbase Advanced Trade: wire structs, stream, and requests."""
