"""Which levels of a book changed a moment ago, so that they can be shown to have."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low
from typing import Final

from tui.market.depth import Bucket

SHOWN_NS: Final = 500_000_000
"""How long a change counts as recent."""
_GRAIN_NS = 125_000_000


class LevelChanges:
    """Compares each look at a side of a book with the one before.

    Of interest is what changes by what usually rests at a price, or more: in a busy book everything
    else changes all the time.
    """

    def __init__(self) -> None:
        self._sizes: dict[int, float] = {}
        self._until: dict[int, int] = {}

    def forget(self) -> None:
        """Compare with nothing at the next look, as when the book was rebuilt or the step changed."""
        self._sizes = {}
        self._until = {}

    def note(self, buckets: Sequence[Bucket], now: int) -> None:
        """Look at the buckets of one side, best first, at `now` (ns).

        What stands only in one of two looks has changed only if the other one reached so far.
        """
        before, sizes = self._sizes, {bucket.slot: bucket.size for bucket in buckets}
        self._sizes = sizes
        for slot in [slot for slot, until in self._until.items() if until <= now]:
            del self._until[slot]
        if not before or not sizes:
            return
        low, high = max(min(before), min(sizes)), min(max(before), max(sizes))
        # At the best price the looks end as well, but beyond it there is nothing to be seen.
        if buckets[0].slot == max(sizes):
            high = max(max(before), max(sizes))
        if buckets[0].slot == min(sizes):
            low = min(min(before), min(sizes))
        least = median_low(before.values())
        until = (now + SHOWN_NS) // _GRAIN_NS * _GRAIN_NS
        for slot in before.keys() | sizes.keys():
            change = abs(sizes.get(slot, 0.0) - before.get(slot, 0.0))
            if change >= least and low <= slot <= high:
                self._until[slot] = until

    def is_recent(self, slot: int, now: int) -> bool:
        """True where a price's size changed within the last moment."""
        return self._until.get(slot, 0) > now

    @property
    def next_end(self) -> int:
        """When (ns) the first of the recent changes is recent no longer; 0 when there is none."""
        return min(self._until.values(), default=0)
