"""Where a price stands on the screen, and the range that holds still while prices move in it."""

from __future__ import annotations

import msgspec

_ROOM = 0.08
_FREE_ROWS = 1.6
_TOO_EMPTY = 0.55


class Scale(msgspec.Struct, frozen=True):
    """A linear scale of prices over `rows` rows; `low` is the bottom edge, `high` the top edge."""

    low: float
    high: float
    rows: int

    def position(self, price: float) -> float:
        """Rows from the top edge down to the price."""
        return (self.high - price) / (self.high - self.low) * self.rows

    def row(self, price: float) -> int | None:
        """The row that shows the price; None when it lies outside."""
        if not self.low <= price <= self.high:
            return None
        return min(int(self.position(price)), self.rows - 1)


class HeldScale:
    """A scale that is fitted with room to spare and kept until the range leaves it, or until it
    has grown much too wide, so that one tick moves one candle and not all of them."""

    def __init__(self) -> None:
        self._held: Scale | None = None

    def fit(self, low: float, high: float, rows: int, *, smallest: float) -> Scale:
        """The scale for a view whose prices span `low` to `high`, finite and in order.

        Args:
            smallest: the least range worth showing, in price units, for prices that do not move.
        """
        held = self._held
        if (
            held is not None
            and held.rows == rows
            and held.low <= low
            and high <= held.high
            and max(high - low, smallest) >= (held.high - held.low) * _TOO_EMPTY
        ):
            return held
        self._held = held = _fitted(low, high, rows, smallest)
        return held

    def forget(self) -> None:
        """Fit anew at the next chance."""
        self._held = None


def _fitted(low: float, high: float, rows: int, smallest: float) -> Scale:
    # A range below the resolution of the floats themselves would divide by zero.
    smallest = max(smallest, max(abs(low), abs(high)) * 1e-12, 1e-300)
    span = high - low
    if span < smallest:
        middle = low + span / 2
        low, high, span = middle - smallest / 2, middle + smallest / 2, smallest
    # Rows that stay free above and below hold the marks of the highest and the lowest price.
    free = _FREE_ROWS / (rows - 2 * _FREE_ROWS) if rows >= 8 else 0.0
    room = span * max(_ROOM, free)
    return Scale(low - room, high + room, rows)
