"""PyPI's crypto-terminal, unchanged but for its addresses: python _crypto_terminal.py PORT PORT."""

from __future__ import annotations

import sys

import crypto_terminal.feed
import crypto_terminal.history

stream, rest = sys.argv[1:3]
sys.argv = ["crypto-terminal"]
crypto_terminal.feed.FEED_URL = f"ws://127.0.0.1:{stream}/"
crypto_terminal.feed.Feed.__init__.__defaults__ = tuple(
    crypto_terminal.feed.FEED_URL
    if isinstance(default, str) and default.startswith("wss")
    else default
    for default in crypto_terminal.feed.Feed.__init__.__defaults__
)
crypto_terminal.history.REST_BASE = f"http://127.0.0.1:{rest}"

from crypto_terminal.app import TerminalApp  # noqa: E402

TerminalApp().run()
