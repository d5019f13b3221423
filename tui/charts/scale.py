"""Where a price stands on the screen, and the range that holds still while prices move in it."""

from __future__ import annotations

from math import exp, inf, log

import msgspec

_ROOM = 0.08
_FREE_ROWS = 1.6
_TOO_EMPTY = 0.55
_ROW_SLACK = 0.6


class Scale(msgspec.Struct, frozen=True):
    """A scale of prices over `rows` rows.

    Attributes:
        bottom, top: its edges: prices, or their natural logarithms where it `is_log`.
    """

    bottom: float
    top: float
    rows: int
    is_log: bool = False

    @property
    def low(self) -> float:
        """The price at the bottom edge."""
        return exp(self.bottom) if self.is_log else self.bottom

    @property
    def high(self) -> float:
        """The price at the top edge."""
        return exp(self.top) if self.is_log else self.top

    def position(self, price: float) -> float:
        """Rows from the top edge down to the price; infinite for a price that a logarithm cannot
        show."""
        if self.is_log:
            if price <= 0.0:
                return inf
            price = log(price)
        return (self.top - price) / (self.top - self.bottom) * self.rows

    def row(self, price: float) -> int | None:
        """The row that shows the price; None when it lies outside."""
        position = self.position(price)
        # A price at an edge is inside, however the division was rounded.
        if not -1e-9 <= position <= self.rows + 1e-9:
            return None
        return min(max(int(position), 0), self.rows - 1)

    def price(self, position: float) -> float:
        """The price so many rows down from the top edge."""
        value = self.top - position / self.rows * (self.top - self.bottom)
        return exp(min(value, 700.0)) if self.is_log else value


class HeldScale:
    """A scale that is fitted with room to spare and kept until the range leaves it, or until it
    has grown much too wide, so that one tick moves one candle and not all of them."""

    def __init__(self) -> None:
        self._held: Scale | None = None
        self._head = 0

    def fit(
        self,
        low: float,
        high: float,
        rows: int,
        *,
        smallest: float,
        is_log: bool = False,
        head: int = 0,
    ) -> Scale:
        """The scale for a view whose prices span `low` to `high`, finite and in order.

        Args:
            smallest: the least range worth showing, in price units, for prices that do not move.
            is_log: spread the logarithms of the prices, all of them above 0.
            head: rows at the top that the prices are kept out of.
        """
        if is_log:
            smallest /= high
            low, high = log(low), log(high)
        head = min(head, rows - 1)
        held = self._held
        if held is not None and (held.rows, held.is_log, self._head) == (rows, is_log, head):
            span = held.top - held.bottom
            free = span * head / rows
            if (
                held.bottom <= low
                and high <= held.top - free
                and max(high - low, smallest) >= (span - free) * _TOO_EMPTY
            ):
                return held
        self._held = held = _fitted(low, high, rows, head, smallest, is_log)
        self._head = head
        return held

    def forget(self) -> None:
        """Fit anew at the next chance."""
        self._held = None


class HeldRow:
    """The row of a price that goes to and fro: it stays until the price is well inside of another one,
    so that a price at the edge of two rows does not move a whole line with every tick."""

    def __init__(self) -> None:
        self._row: int | None = None
        self._scale: Scale | None = None

    def of(self, scale: Scale, price: float) -> int | None:
        """The row to show the price in, never more than a part of a row away from it; None where the
        price lies outside of the scale."""
        row, held = scale.row(price), self._row
        if row is not None and held is not None and scale is self._scale:
            position = scale.position(price)
            if held - _ROW_SLACK <= position <= held + 1 + _ROW_SLACK:
                return held
        self._row, self._scale = row, scale
        return row

    def forget(self) -> None:
        """Show the price where it is at the next chance."""
        self._row = None


def _fitted(low: float, high: float, rows: int, head: int, smallest: float, is_log: bool) -> Scale:
    # A range below the resolution of the floats themselves would divide by zero.
    smallest = max(smallest, max(abs(low), abs(high)) * 1e-12, 1e-12 if is_log else 1e-300)
    span = high - low
    if span < smallest:
        middle = low + span / 2
        low, high, span = middle - smallest / 2, middle + smallest / 2, smallest
    # Rows that stay free above and below hold the marks of the highest and the lowest price.
    used = rows - head
    free = _FREE_ROWS / (used - 2 * _FREE_ROWS) if used >= 8 else 0.0
    room = span * max(_ROOM, free)
    bottom, top = low - room, high + room
    return Scale(bottom, top + (top - bottom) * head / used, rows, is_log)
