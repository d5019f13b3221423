"""Kraken's checksum of a book: CRC32 over the digits of the best ten levels of each side."""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

LEVELS: Final = 10
"""Of each side, whatever the depth of the book. What lies below is not covered."""

_MOST_KEPT: Final = 20_000


class _Parts(dict[Any, str]):
    """What a level adds to the text, kept: from one message to the next nearly all levels stay."""

    def __missing__(self, level: Any) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        price, size = level if isinstance(level, tuple) else (level.price_text, level.size_text)
        text = self[level] = _digits(price) + _digits(size)
        return text


class Checksum:
    """Computes the checksum of a book that holds the venue's own digits."""

    def __init__(self) -> None:
        self._part = _Parts().__getitem__

    def __call__(self, book: Any) -> int:
        """The checksum of an order book's best levels, or of as many as there are: asks first, each
        side from its best on."""
        best = [*book.asks.top_as_held(LEVELS), *book.bids.top_as_held(LEVELS)]
        return crc32("".join(map(self._part, best)).encode())


def _digits(number: str) -> str:
    return number.replace(".", "").lstrip("0")
