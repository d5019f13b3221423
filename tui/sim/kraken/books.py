"""The top of a book as Kraken tells it: cut at a depth, change by change, with its checksum."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import msgspec

from tui.sim.instruments import Listing
from tui.sim.market import Pair

_SUMMED: Final = 10

Levels = list[tuple[int, int]]
"""Ticks and lots."""


class Change(msgspec.Struct, frozen=True):
    """What changed; a level without lots is gone.

    Attributes:
        republished: keys of levels that did not change, and came back into the depth.
        checksum: of the top that results.
    """

    bids: Levels
    asks: Levels
    republished: frozenset[int]
    checksum: int


class BookTop:
    """Follows the best levels of a book; `write` gives the digits that the checksum is made of."""

    def __init__(self, pair: Pair, depth: int, write: Callable[[Listing, int], str]) -> None:
        self._pair = pair
        self._depth = depth
        self._write = write
        self._bids, self._asks = map(dict, pair.engine.top(depth))

    def snapshot(self) -> tuple[Levels, Levels, int]:
        """Bids and asks, the best first, and their checksum."""
        bids, asks = self._pair.engine.top(self._depth)
        return bids, asks, self._checksum(bids, asks)

    def advance(self) -> Change | None:
        """What changed since the last time; nobody is told of levels that are pushed out of the
        depth: whoever keeps the book cuts it himself."""
        engine = self._pair.engine
        if not engine.changed:
            return None
        bids, asks = engine.top(self._depth)
        new_bids, new_asks = dict(bids), dict(asks)
        changed_bids = self._differences(self._bids, new_bids, 1)
        changed_asks = self._differences(self._asks, new_asks, -1)
        if not changed_bids and not changed_asks:
            return None
        back = frozenset(
            key
            for sign, before, after in ((1, self._bids, new_bids), (-1, self._asks, new_asks))
            for ticks in after
            if ticks not in before and (key := sign * ticks) not in engine.changed
        )
        self._bids, self._asks = new_bids, new_asks
        return Change(changed_bids, changed_asks, back, self._checksum(bids, asks))

    def _differences(self, before: dict[int, int], after: dict[int, int], sign: int) -> Levels:
        lots_at = self._pair.engine.lots_at
        gone = [(ticks, 0) for ticks in before if ticks not in after and not lots_at(sign * ticks)]
        return gone + [item for item in after.items() if before.get(item[0]) != item[1]]

    def _checksum(self, bids: Levels, asks: Levels) -> int:
        listing = self._pair.listing
        parts = []
        for ticks, lots in (*asks[:_SUMMED], *bids[:_SUMMED]):
            parts.append(_digits(self._write(listing, ticks)))
            # With all eight decimals, the digits of a size are those of its units.
            parts.append(str(lots * listing.lot_e8))
        return zlib.crc32("".join(parts).encode())


def _digits(text: str) -> str:
    return text.replace(".", "").lstrip("0")
