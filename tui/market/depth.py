"""What rests in a book: levels in steps of price, the cost to sweep, imbalance, large orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal, InvalidOperation
from functools import partial
from heapq import nlargest
from statistics import median_low
from typing import Final

import msgspec

from tui.market.order_book import BookLevel, BookSide
from tui.model.instrument import InstrumentInfo

MOST_READ: Final = 16_384
"""Raw levels of a side that are looked at, at most."""
MOST_STEPS: Final = 24
"""Steps that a user can choose from, 1 tick to 200,000,000 ticks."""
_FIRST_READ = 64
_EXACT = Context(prec=700)  # more digits than any float times any float has before the point
_LARGE = 5.0
_LEAST_FOR_LARGE = 6
_MOST_LARGE = 4
_LEAST_TICK = Decimal("1e-12")


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """What rests in one step of price.

    Attributes:
        slot: its price in steps: a bid's step is the one below it, an ask's the one above it.
        size: of all its levels. largest: of the largest of them. levels: how many.
        is_whole: False where the book that is held ends within it, so that more may rest there.
    """

    slot: int
    size: float
    largest: float
    levels: int
    is_whole: bool = True


class Sweep(msgspec.Struct, frozen=True):
    """What it takes to trade through the book up to a price; exact sums of the venue's digits.

    Attributes:
        levels: how many are taken. size: in the base asset. notional: in the quote asset.
        is_whole: False where the book that is held ends before the price is reached.
    """

    levels: int
    size: Decimal
    notional: Decimal
    is_whole: bool

    @property
    def average(self) -> Decimal | None:
        """The average price paid; None where nothing is taken."""
        return self.notional / self.size if self.size else None


def step_ticks(number: int) -> int:
    """Ticks of the step of this number, from 0: 1, 2, 5, 10, 20, 50 ..."""
    power, place = divmod(number, 3)
    return int((1, 2, 5)[place] * 10**power)


def exact(text: str, value: float) -> Decimal:
    """The venue's own digits as a number; those of the float where there are none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(repr(value))
    return number if number.is_finite() else Decimal(repr(value))


def tick_of(info: InstrumentInfo | None, levels: Iterable[BookLevel]) -> Decimal:
    """The smallest step of price: what the venue tells, or else what the prices' digits show."""
    if info is not None and info.tick_size:
        tick = exact(info.tick_size, 0.0)
        if tick > 0:
            return tick.normalize()
    finest = 0
    for level in levels:
        exponent = exact(level.price_text, level.price).normalize().as_tuple().exponent
        if isinstance(exponent, int):
            finest = min(finest, exponent)
    return max(Decimal(1).scaleb(finest), _LEAST_TICK)


def slot_of(price: Decimal, step: Decimal, *, is_bid: bool) -> int:
    """The step that a price belongs to: bids are rounded down, asks up."""
    steps, rest = _EXACT.divmod(price, step)
    # Decimals are divided towards zero.
    if rest > 0:
        return int(steps) + (not is_bid)
    return int(steps) - (is_bid and rest < 0)


def group(
    levels: Iterable[BookLevel], step: Decimal, *, is_bid: bool, most: int | None = None
) -> list[Bucket]:
    """Take levels, best first, together in steps of price; no size gets lost.

    Args:
        most: stop after as many buckets.
    """
    found: list[Bucket] = []
    slot = count = 0
    size = largest = edge = 0.0
    for level in levels:
        price, here = level.price, level.size
        # Floats are in the order of the digits that they stand for, unless they are equal.
        if count and (price > edge if is_bid else price < edge):
            size += here
            count += 1
            if here > largest:
                largest = here
            continue
        now = slot_of(exact(level.price_text, price), step, is_bid=is_bid)
        if count and now == slot:
            size, largest, count = size + here, max(largest, here), count + 1
            continue
        if count:
            found.append(Bucket(slot, size, largest, count))
            if len(found) == most:
                return found
        slot, size, largest, count = now, here, here, 1
        edge = float(now * step)
    if count:
        found.append(Bucket(slot, size, largest, count))
    return found


def read_buckets(side: BookSide, step: Decimal, count: int, *, is_bid: bool) -> list[Bucket]:
    """The best `count` steps of a side in which something rests, best first.

    Only as many levels are read as that takes. What the book that is held does not reach to the end
    of is marked as not whole.
    """
    if count <= 0:
        return []
    most = _FIRST_READ
    while True:
        levels = side.top(most)
        found = group(levels, step, is_bid=is_bid, most=count + 1)
        if len(found) > count:
            return found[:count]
        if len(levels) < most or most >= MOST_READ:
            if found and not _ends_at(levels[-1], found[-1].slot, step):
                found[-1] = msgspec.structs.replace(found[-1], is_whole=False)
            return found
        most *= 4


def _ends_at(level: BookLevel, slot: int, step: Decimal) -> bool:
    return exact(level.price_text, level.price) == slot * step


def levels_while(
    side: BookSide, is_near: Callable[[BookLevel], bool]
) -> tuple[list[BookLevel], bool]:
    """The best levels of a side that satisfy a condition which holds for the best ones only.

    Returns:
        The levels, and whether the book that is held reaches further than they do.
    """
    most = _FIRST_READ
    while True:
        levels = side.top(most)
        if levels and not is_near(levels[-1]):
            near = len(levels)
            low = 0
            while low < near:
                middle = (low + near) // 2
                if is_near(levels[middle]):
                    low = middle + 1
                else:
                    near = middle
            return levels[:low], True
        if len(levels) < most or most >= MOST_READ:
            return levels, False
        most *= 4


def sweep(side: BookSide, limit: Decimal, *, is_bid: bool) -> Sweep:
    """What it takes to trade with every level of a side up to a price, that included.

    Args:
        is_bid: True for the bids, which a seller takes; False for the asks, which a buyer takes.
    """
    edge = float(limit)

    def is_near(level: BookLevel) -> bool:
        if level.price != edge:
            return level.price > edge if is_bid else level.price < edge
        price = exact(level.price_text, level.price)
        return price >= limit if is_bid else price <= limit

    taken, is_whole = levels_while(side, is_near)
    size = notional = Decimal(0)
    for level in taken:
        of_level = exact(level.size_text, level.size)
        price = exact(level.price_text, level.price)
        size = _EXACT.add(size, of_level)
        notional = _EXACT.fma(of_level, price, notional)
    if taken and exact(taken[-1].price_text, taken[-1].price) == limit:
        is_whole = True
    return Sweep(len(taken), size, notional, is_whole)


def middle_price(bid: float | None, ask: float | None) -> float | None:
    """Between the best bid and the best ask; the one that there is in a one-sided book."""
    if bid is None or ask is None:
        return ask if bid is None else bid
    return bid + (ask - bid) / 2


def bp_from(price: float, middle: float) -> float | None:
    """Basis points from the middle to a price, signed; None where there is no measure."""
    return (price - middle) / abs(middle) * 10_000 if middle else None


def bid_share(bids: float, asks: float) -> float | None:
    """Which part of what rests on both sides are bids, 0 to 1; None where nothing rests."""
    both = bids + asks
    return bids / both if both > 0 else None


class Band(msgspec.Struct, frozen=True):
    """What rests within some basis points of the middle.

    Attributes:
        bp: how far it reaches; less than what was asked for where one side is not held that far.
        bids, asks: sizes. bid_notional, ask_notional: in the quote asset.
    """

    bp: float
    bids: float
    asks: float
    bid_notional: float
    ask_notional: float

    @property
    def share(self) -> float | None:
        """Which part of it are bids, 0 to 1."""
        return bid_share(self.bids, self.asks)


def band(bids: BookSide, asks: BookSide, bp: float) -> Band | None:
    """What rests within `bp` basis points of the middle, on both sides equally far.

    None where there is no middle: in a book that is one-sided or crossed.
    """
    best_bid, best_ask = bids.best_price, asks.best_price
    if best_bid is None or best_ask is None or best_bid >= best_ask:
        return None
    middle = best_bid + (best_ask - best_bid) / 2
    reach = abs(middle) * bp / 10_000
    found = []
    for side in (bids, asks):
        levels, is_further = levels_while(side, partial(_is_within, middle, reach))
        if not is_further:
            reach = min(reach, abs(levels[-1].price - middle))
        found.append(levels)
    sums = []
    for levels in found:
        near = [level for level in levels if abs(level.price - middle) <= reach]
        sums.append((sum(one.size for one in near), sum(one.size * one.price for one in near)))
    (bid_size, bid_notional), (ask_size, ask_notional) = sums
    return Band(
        reach / abs(middle) * 10_000 if middle else 0.0,
        bid_size,
        ask_size,
        bid_notional,
        ask_notional,
    )


def _is_within(middle: float, reach: float, level: BookLevel) -> bool:
    return abs(level.price - middle) <= reach


def large_size(levels: Sequence[BookLevel]) -> float | None:
    """From what size on an order is large among these levels: it is much larger than most, and few are.

    None where there are too few to say.
    """
    if len(levels) < _LEAST_FOR_LARGE:
        return None
    sizes = [level.size for level in levels]
    return max(_LARGE * median_low(sizes), nlargest(_MOST_LARGE, sizes)[-1])
