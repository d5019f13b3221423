"""A matching engine with price-time priority, in whole ticks and lots."""

from __future__ import annotations

from bisect import bisect_left, insort

import msgspec


class Order(msgspec.Struct, gc=False):
    """A resting order; `lots` is what remains of it."""

    order_id: int
    is_bid: bool
    price: int
    lots: int


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One maker order met by a taker.

    Attributes:
        price: ticks. lots: how much was traded.
        is_buy: True when the taker bought, so the maker is the seller.
    """

    price: int
    lots: int
    is_buy: bool
    maker_id: int


class _Level:
    """The orders at one price, the oldest first (a dict keeps its order of insertion)."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.lots = 0


class MatchingEngine:
    """One instrument's book.

    A bid is keyed by its price and an ask by its negated price, so that on both sides the best
    level has the greatest key, which stands last in the sorted list of keys.

    Attributes:
        orders: every resting order by its id.
        update_id: counts changes of levels; never falls.
        resting: how many orders wait, asks first.
        changed: keys of the levels (see above) changed since a reader cleared it.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_levels",
        "_next_id",
        "changed",
        "orders",
        "resting",
        "update_id",
    )

    def __init__(self, first_update_id: int = 0) -> None:
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._levels: dict[int, _Level] = {}
        self._next_id = 1
        self.orders: dict[int, Order] = {}
        self.update_id = first_update_id
        self.changed: set[int] = set()
        self.resting = [0, 0]

    # -- reading ---------------------------------------------------------------------------

    @property
    def best_bid(self) -> int | None:
        """Ticks; None while there is no bid."""
        return self._bids[-1] if self._bids else None

    @property
    def best_ask(self) -> int | None:
        """Ticks; None while there is no ask."""
        return -self._asks[-1] if self._asks else None

    def lots_at(self, key: int) -> int:
        """Lots resting at a level's key: the price of a bid, the negated price of an ask."""
        level = self._levels.get(key)
        return level.lots if level is not None else 0

    def top(self, depth: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The best `depth` bids and asks as (ticks, lots), the best first."""
        levels = self._levels
        bids = [(key, levels[key].lots) for key in self._bids[: -depth - 1 : -1]]
        asks = [(-key, levels[key].lots) for key in self._asks[: -depth - 1 : -1]]
        return bids, asks

    def depth(self, *, is_bid: bool) -> int:
        """How many levels a side has."""
        return len(self._bids if is_bid else self._asks)

    def oldest_at(self, key: int) -> int | None:
        """The id of the order first in line at a level's key; None for an empty level."""
        level = self._levels.get(key)
        return next(iter(level.orders)) if level is not None else None

    # -- writing ---------------------------------------------------------------------------

    def place(self, *, is_bid: bool, price: int, lots: int) -> tuple[int, list[Fill]]:
        """A limit order: what crosses trades at the makers' prices, the rest waits.

        Returns:
            The order's id, or 0 when nothing of it rests, and its fills.

        Raises:
            ValueError: price or lots are not positive.
        """
        if price <= 0 or lots <= 0:
            raise ValueError(f"an order needs a positive price and size, not {price} and {lots}")
        fills, rest = self._match(is_bid, lots, price)
        if rest == 0:
            return 0, fills
        order_id = self._next_id
        self._next_id = order_id + 1
        key = price if is_bid else -price
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = _Level()
            insort(self._bids if is_bid else self._asks, key)
        order = Order(order_id, is_bid, price, rest)
        level.orders[order_id] = order
        level.lots += rest
        self.orders[order_id] = order
        self.resting[is_bid] += 1
        self._touch(key)
        return order_id, fills

    def take(self, *, is_buy: bool, lots: int, limit: int | None = None) -> list[Fill]:
        """A market order, or one that is cancelled beyond the price `limit`; what finds no maker
        lapses.

        Raises:
            ValueError: lots are not positive.
        """
        if lots <= 0:
            raise ValueError(f"an order needs a positive size, not {lots}")
        return self._match(is_buy, lots, limit)[0]

    def cancel(self, order_id: int) -> bool:
        """Take an order out of the book; False when it is not there any more."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return False
        key = order.price if order.is_bid else -order.price
        level = self._levels[key]
        del level.orders[order_id]
        level.lots -= order.lots
        self.resting[order.is_bid] -= 1
        if not level.orders:
            self._drop(key, is_bid=order.is_bid)
        self._touch(key)
        return True

    def _match(self, is_buy: bool, lots: int, limit: int | None) -> tuple[list[Fill], int]:
        keys = self._asks if is_buy else self._bids
        worst = None if limit is None else -limit if is_buy else limit
        fills: list[Fill] = []
        while lots and keys and (worst is None or keys[-1] >= worst):
            key = keys[-1]
            level = self._levels[key]
            price = -key if is_buy else key
            for maker in list(level.orders.values()):
                traded = min(lots, maker.lots)
                fills.append(Fill(price, traded, is_buy, maker.order_id))
                lots -= traded
                level.lots -= traded
                if traded == maker.lots:
                    del level.orders[maker.order_id]
                    del self.orders[maker.order_id]
                    self.resting[not is_buy] -= 1
                else:
                    maker.lots -= traded
                if not lots:
                    break
            if not level.orders:
                self._drop(key, is_bid=not is_buy)
            self._touch(key)
        return fills, lots

    def _touch(self, key: int) -> None:
        self.update_id += 1
        self.changed.add(key)

    def _drop(self, key: int, *, is_bid: bool) -> None:
        keys = self._bids if is_bid else self._asks
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]
        del self._levels[key]
