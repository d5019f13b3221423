"""Which price stands in which row of a depth ladder: rows keep their prices while the market moves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

import msgspec

from tui.market.depth import MOST_STEPS, Bucket, read_buckets, step_ticks
from tui.market.order_book import OrderBook

_FULL = 0.75
_DENSE = 0.6
_SPARSE = 0.4


class RungKind(StrEnum):
    """ASK, BID: something rests there. GAP: nothing does. SPREAD: between the sides.
    UNKNOWN: the book that is held does not reach there."""

    ASK = "ask"
    BID = "bid"
    GAP = "gap"
    SPREAD = "spread"
    UNKNOWN = "unknown"


class Rung(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        slot: its price in steps; None where it has none.
        total: of all sizes from the best price to here.
    """

    kind: RungKind
    slot: int | None = None
    bucket: Bucket | None = None
    total: float = 0.0


_SPREAD = Rung(RungKind.SPREAD)
_UNKNOWN = Rung(RungKind.UNKNOWN)


class Ladder:
    """Arranges the buckets of one book, one step of price to a row where they stand close together.

    There a row keeps its price until the spread leaves the middle third of the rows; only the row
    that tells the spread moves, and only when the market moves through it. Where most steps would be
    empty, and in a book that is crossed, the steps in which something rests stand one under the
    other around a spread that does not move.
    """

    def __init__(self) -> None:
        self._top: int | None = None
        self._split = 0
        self._is_dense = True

    @property
    def is_dense(self) -> bool:
        """True while each row is the next step of price."""
        return self._is_dense

    def forget(self) -> None:
        """Centre at the next arrangement, as for another book or another step."""
        self._top = None
        self._is_dense = True

    def arrange(self, asks: Sequence[Bucket], bids: Sequence[Bucket], rows: int) -> list[Rung]:
        """What stands in each of `rows` rows, from top to bottom.

        Args:
            asks, bids: best first, at least as many as there are rows if the book has them.
        """
        if rows <= 0:
            return []
        if not asks and not bids:
            return [_UNKNOWN] * rows
        fits = not (asks and bids) or 0 < asks[0].slot - bids[0].slot <= max(rows // 3, 1)
        enough = _DENSE if not self._is_dense else _SPARSE
        self._is_dense = fits and density(asks, bids, rows) >= enough
        return (self._anchored if self._is_dense else self._packed)(asks, bids, rows)

    def _packed(self, asks: Sequence[Bucket], bids: Sequence[Bucket], rows: int) -> list[Rung]:
        self._top = None
        above = (rows - 1) // 2
        upper = list(_filled(RungKind.ASK, asks[:above]).values())[::-1]
        lower = list(_filled(RungKind.BID, bids[: rows - 1 - above]).values())
        found = [_UNKNOWN] * (above - len(upper)) + upper + [_SPREAD] + lower
        return found + [_UNKNOWN] * (rows - len(found))

    def _anchored(self, asks: Sequence[Bucket], bids: Sequence[Bucket], rows: int) -> list[Rung]:
        best_bid = bids[0].slot if bids else asks[0].slot - 1
        best_ask = asks[0].slot if asks else best_bid + 1
        # The row of the spread stands just below the step `split`.
        centre = (best_bid + best_ask + 2) // 2
        if self._top is None or not best_bid < self._split <= best_ask:
            self._split = centre
        at = -1 if self._top is None else self._top - self._split + 1
        if not rows // 3 <= at <= rows - 1 - rows // 3:
            self._split = centre
            self._top = self._split - 1 + (rows - 1) // 2
            at = (rows - 1) // 2
        assert self._top is not None
        resting = {**_filled(RungKind.BID, bids), **_filled(RungKind.ASK, asks)}
        low, high = bids[-1].slot if bids else best_ask, asks[-1].slot if asks else best_bid
        found = []
        for row in range(rows):
            if row == at:
                found.append(_SPREAD)
                continue
            slot = self._top - row + (row > at)
            rung = resting.get(slot)
            if rung is None:
                rung = Rung(RungKind.GAP, slot) if low < slot < high else _UNKNOWN
            found.append(rung)
        return found


def fitting_step(book: OrderBook, tick: Decimal, rows: int) -> int:
    """The number of the finest step in which the rows around the spread are nearly full.

    0, the tick itself, where that would leave rows empty, as in a book of few levels.
    """
    each = max(rows // 2, 1)
    for number in range(MOST_STEPS):
        step = step_ticks(number) * tick
        asks = read_buckets(book.asks, step, each, is_bid=False)
        bids = read_buckets(book.bids, step, each, is_bid=True)
        if not asks or not bids or min(len(asks), len(bids)) < each * _FULL:
            return 0
        is_near = 0 < asks[0].slot - bids[0].slot <= max(rows // 4, 1)
        if is_near and density(asks, bids, rows) >= _FULL:
            return number
    return 0


def density(asks: Sequence[Bucket], bids: Sequence[Bucket], rows: int) -> float:
    """Which part of the steps around the spread has something resting, 0 to 1."""
    steps = filled = 0
    for side in (asks, bids):
        if not side:
            continue
        reach = max(rows // 2, 1)
        near = [one for one in side if abs(one.slot - side[0].slot) < reach]
        filled += len(near)
        # A side that ends is not sparse behind its end.
        is_ended = len(near) == len(side)
        steps += abs(near[-1].slot - near[0].slot) + 1 if is_ended else reach
    return filled / steps if steps else 0.0


def _filled(kind: RungKind, side: Sequence[Bucket]) -> dict[int, Rung]:
    totals = accumulate(bucket.size for bucket in side)
    return {
        bucket.slot: Rung(kind, bucket.slot, bucket, total)
        for bucket, total in zip(side, totals, strict=True)
    }
