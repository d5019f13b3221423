"""One instrument's order book: levels by price, the best of them cheap to read."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from math import inf

import msgspec

from tui.model.events import Level

_USUAL_ZERO = (
    "0.00000000"  # the size of most removals at Binance: comparing is cheaper than parsing
)
_SORTED = 256
_MOST_SORTED = 512  # kept sorted before the worse half is let go


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """A price level. `price_text` and `size_text` are the venue's own digits."""

    price: float
    size: float
    price_text: str
    size_text: str


class BookSide:
    """The levels of one side.

    A bid's key is its price, an ask's key its negated price, so that both sides are the same code.
    Only the best levels are kept sorted, the best one last: `_keys` holds every key from `_floor` up.
    What is far from the best changes as often as what is near, and nobody looks at its order.
    For the same reason a level stays as the venue wrote it until somebody reads it as numbers.
    """

    __slots__ = ("_floor", "_keys", "_levels", "_sign")

    def __init__(self, *, is_bid: bool) -> None:
        self._sign = 1.0 if is_bid else -1.0
        self._levels: dict[float, Level | BookLevel] = {}
        self._keys: list[float] = []
        self._floor = -inf

    def __len__(self) -> int:
        return len(self._levels)

    def replace(self, levels: Iterable[Level]) -> None:
        """Become exactly these levels; those of size zero are left out.

        Raises:
            ValueError: a price or a size is not a finite number.
        """
        sign = self._sign
        found: dict[float, Level | BookLevel] = {}
        for level in levels:
            key, amount = sign * float(level[0]), float(level[1])
            if amount != 0.0:
                if key - key + amount - amount != 0.0:
                    raise ValueError(f"{level[0]!r} {level[1]!r} is not finite")
                found[key] = level
        self._levels = found
        self._sort(_SORTED)

    def apply(self, levels: Iterable[Level]) -> None:
        """Set each level to its absolute size; size zero removes (removing an unknown one is normal).

        Raises:
            ValueError: a price or a size is not a finite number; the levels before it are set.
        """
        sign = self._sign
        held = self._levels
        keys = self._keys
        floor = self._floor
        count = len(held)
        for level in levels:
            price, size = level
            key = sign * float(price)
            if size != _USUAL_ZERO and (amount := float(size)) != 0.0:
                if (
                    key - key + amount - amount != 0.0
                ):  # cheaper than to ask whether they are finite
                    raise ValueError(f"{price!r} {size!r} is not finite")
                held[key] = level
                if len(held) != count:
                    count += 1
                    if key >= floor:
                        insort(keys, key)
            elif held.pop(key, None) is not None:
                count -= 1
                if key >= floor:
                    del keys[bisect_left(keys, key)]
        if len(keys) > _MOST_SORTED:
            del keys[:-_SORTED]
            self._floor = keys[0]

    def truncate(self, depth: int) -> None:
        """Keep only the best `depth` levels."""
        excess = len(self._levels) - depth
        if excess > 0:
            self._sort_at_least(len(self._levels))
            for key in self._keys[:excess]:
                del self._levels[key]
            del self._keys[:excess]

    def top_raw(self, count: int) -> list[Level]:
        """The best `count` levels as the venue wrote them, best first."""
        return [
            (level.price_text, level.size_text) if isinstance(level, BookLevel) else level
            for level in self.top_as_held(count)
        ]

    def top_as_held(self, count: int) -> Iterable[Level | BookLevel]:
        """The best `count` levels, best first, without the cost of making them alike. Read it at once."""
        if len(self._keys) < count:
            self._sort_at_least(count)
        return map(self._levels.__getitem__, self._keys[: -count - 1 : -1])

    def top(self, count: int) -> list[BookLevel]:
        """The best `count` levels, best first."""
        self._sort_at_least(count)
        sign = self._sign
        held = self._levels
        levels = []
        for key in self._keys[: -count - 1 : -1]:
            level = held[key]
            if not isinstance(level, BookLevel):
                price, size = level
                level = held[key] = BookLevel(sign * key, float(size), price, size)
            levels.append(level)
        return levels

    @property
    def best_price(self) -> float | None:
        self._sort_at_least(1)
        return self._sign * self._keys[-1] if self._keys else None

    def _sort_at_least(self, count: int) -> None:
        if len(self._keys) < count and len(self._keys) < len(self._levels):
            self._sort(max(count, _SORTED))

    def _sort(self, count: int) -> None:
        """Sort the best `count` levels anew."""
        self._keys = sorted(self._levels)[-count:]
        self._floor = self._keys[0] if len(self._keys) < len(self._levels) else -inf


class OrderBook:
    """Bids and asks. Written by the book synchroniser only; everyone else reads."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids.replace(bids)
        self.asks.replace(asks)

    def apply(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        if bids:
            self.bids.apply(bids)
        if asks:
            self.asks.apply(asks)

    def truncate(self, depth: int) -> None:
        """Keep only the best `depth` levels of each side."""
        if len(self.bids) > depth:
            self.bids.truncate(depth)
        if len(self.asks) > depth:
            self.asks.truncate(depth)

    @property
    def is_crossed(self) -> bool:
        """True when the best bid is not below the best ask: such a book is wrong."""
        bids, asks = self.bids._keys, self.asks._keys
        if bids and asks:
            return bids[-1] >= -asks[-1]
        bid, ask = self.bids.best_price, self.asks.best_price
        return bid is not None and ask is not None and bid >= ask
