"""The native protocol (docs/protocol.md): for markets that have no adapter of their own."""

from tui.adapters.native.adapter import NativeAdapter

__all__ = ["NativeAdapter"]
