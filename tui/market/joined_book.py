"""One book made of several venues' books of the same market."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, inf

import msgspec

from tui.market.order_book import BookSide

_MOST_IN_A_STEP = 200
"""Levels of each book that are looked at where prices are taken together."""


class JoinedLevel(msgspec.Struct, frozen=True):
    """One price, and what rests there at all venues together.

    Attributes:
        price_text: a venue's digits; "" where prices are taken together.
        sources: indices of the books that have it.
        is_whole: False where one of the books does not reach this far, so that more may rest here.
    """

    price: float
    price_text: str
    size: float
    sources: tuple[int, ...]
    is_whole: bool


def join_sides(
    sides: Sequence[tuple[int, BookSide]], depth: int, *, is_bid: bool, step: float = 0.0
) -> list[JoinedLevel]:
    """The best `depth` prices of several books' same side, best first.

    Args:
        sides: each with the index by which it is known.
        step: take prices together to multiples of this, away from the other side; 0 for each price by
            itself.
    """
    looked_at = _MOST_IN_A_STEP if step else depth
    sign = -1.0 if is_bid else 1.0
    found: dict[float, tuple[str, float, dict[int, None]]] = {}
    reach = inf
    for index, side in sides:
        levels = side.top(looked_at)
        if levels:
            # Where a book is longer than what was looked at, that is where it ends for us.
            reach = min(reach, sign * levels[-1].price)
        for level in levels:
            price, text = level.price, level.price_text
            if step:
                # Prices are sums of binary fractions: 61837.6 may lie a hair above its step.
                steps = price / step
                price = (floor(steps + 1e-9) if is_bid else ceil(steps - 1e-9)) * step
                text = ""
            held, size, sources = found.get(price, (text, 0.0, {}))
            found[price] = (held, size + level.size, {**sources, index: None})
    best = sorted(found.items(), key=lambda entry: sign * entry[0])[:depth]
    return [
        JoinedLevel(price, text, size, tuple(sources), sign * price <= reach)
        for price, (text, size, sources) in best
    ]
