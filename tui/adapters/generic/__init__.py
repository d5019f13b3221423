"""Venues that a user describes in the configuration: no code of their own."""

from tui.adapters.generic.adapter import DescribedAdapter, read_headers

__all__ = ["DescribedAdapter", "read_headers"]
