"""Coinbase Exchange: symbols, wire structs, stream, requests, polls, and REST."""
