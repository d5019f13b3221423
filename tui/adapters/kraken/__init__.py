"""Kraken spot: symbols, wire structs, both versions of the stream, REST, and the adapter."""

from tui.adapters.kraken.adapter import KrakenAdapter

__all__ = ["KrakenAdapter"]
