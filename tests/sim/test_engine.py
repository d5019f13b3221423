"""The matching engine: priority, conservation, and never a crossed book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sim.engine import MatchingEngine

PRICES = st.integers(min_value=90, max_value=110)
LOTS = st.integers(min_value=1, max_value=30)
LIMIT = st.tuples(st.just("limit"), st.booleans(), PRICES, LOTS)
MARKET = st.tuples(st.just("market"), st.booleans(), LOTS)
CANCEL = st.tuples(st.just("cancel"), st.integers(min_value=1, max_value=60))
FLOW = st.lists(st.one_of(LIMIT, LIMIT, LIMIT, MARKET, CANCEL), max_size=80)


def test_an_order_that_crosses_trades_at_the_makers_price() -> None:
    engine = MatchingEngine()
    engine.place(is_bid=False, price=101, lots=5)

    order_id, fills = engine.place(is_bid=True, price=105, lots=3)

    assert order_id == 0
    assert [(fill.price, fill.lots, fill.is_buy) for fill in fills] == [(101, 3, True)]
    assert engine.best_ask == 101
    assert engine.lots_at(-101) == 2


def test_the_best_price_trades_first() -> None:
    engine = MatchingEngine()
    engine.place(is_bid=True, price=99, lots=1)
    engine.place(is_bid=True, price=100, lots=1)

    fills = engine.take(is_buy=False, lots=2)

    assert [fill.price for fill in fills] == [100, 99]


def test_the_oldest_order_at_a_price_trades_first() -> None:
    engine = MatchingEngine()
    first, _ = engine.place(is_bid=True, price=100, lots=2)
    second, _ = engine.place(is_bid=True, price=100, lots=2)

    fills = engine.take(is_buy=False, lots=3)

    assert [(fill.maker_id, fill.lots) for fill in fills] == [(first, 2), (second, 1)]


def test_a_partly_filled_order_keeps_its_place_in_line() -> None:
    engine = MatchingEngine()
    first, _ = engine.place(is_bid=True, price=100, lots=5)
    engine.place(is_bid=True, price=100, lots=5)
    engine.take(is_buy=False, lots=1)

    (fill,) = engine.take(is_buy=False, lots=1)

    assert fill.maker_id == first


def test_what_does_not_cross_rests() -> None:
    engine = MatchingEngine()
    engine.place(is_bid=False, price=101, lots=5)

    order_id, fills = engine.place(is_bid=True, price=101, lots=8)

    assert [fill.lots for fill in fills] == [5]
    assert engine.orders[order_id].lots == 3
    assert engine.top(5) == ([(101, 3)], [])


def test_a_taker_stops_at_its_limit() -> None:
    engine = MatchingEngine()
    engine.place(is_bid=False, price=101, lots=5)
    engine.place(is_bid=False, price=103, lots=5)

    fills = engine.take(is_buy=True, lots=10, limit=102)

    assert sum(fill.lots for fill in fills) == 5
    assert engine.best_ask == 103


def test_a_market_order_in_an_empty_book_lapses() -> None:
    assert MatchingEngine().take(is_buy=True, lots=3) == []


def test_a_cancelled_order_is_gone_and_cannot_be_cancelled_again() -> None:
    engine = MatchingEngine()
    order_id, _ = engine.place(is_bid=True, price=100, lots=2)

    assert engine.cancel(order_id) is True
    assert engine.cancel(order_id) is False
    assert engine.best_bid is None


def test_every_change_of_a_level_counts_one_update() -> None:
    engine = MatchingEngine(first_update_id=10)
    engine.place(is_bid=False, price=101, lots=1)
    engine.place(is_bid=False, price=102, lots=1)

    engine.take(is_buy=True, lots=2)

    assert engine.update_id == 14
    assert engine.changed == {-101, -102}


@pytest.mark.parametrize(("price", "lots"), [(0, 1), (100, 0), (-5, 1), (100, -1)])
def test_an_order_without_price_or_size_is_refused(price: int, lots: int) -> None:
    with pytest.raises(ValueError, match="positive price and size"):
        MatchingEngine().place(is_bid=True, price=price, lots=lots)


class NaiveBook:
    """The same rules without any structure: a list of orders in order of arrival."""

    def __init__(self) -> None:
        self.orders: list[list[int]] = []  # id, is_bid, price, lots
        self.next_id = 1

    def match(
        self, is_buy: bool, lots: int, limit: int | None
    ) -> tuple[list[tuple[int, int]], int]:
        fills = []
        while lots:
            makers = [
                order
                for order in self.orders
                if bool(order[1]) is not is_buy
                and (limit is None or (order[2] <= limit if is_buy else order[2] >= limit))
            ]
            if not makers:
                break
            best = min(makers, key=lambda order: (order[2] if is_buy else -order[2], order[0]))
            traded = min(lots, best[3])
            fills.append((best[0], traded))
            lots -= traded
            best[3] -= traded
            if best[3] == 0:
                self.orders.remove(best)
        return fills, lots

    def place(self, is_bid: bool, price: int, lots: int) -> list[tuple[int, int]]:
        fills, rest = self.match(is_bid, lots, price)
        if rest:
            self.orders.append([self.next_id, int(is_bid), price, rest])
            self.next_id += 1
        return fills

    def cancel(self, order_id: int) -> None:
        self.orders = [order for order in self.orders if order[0] != order_id]

    def levels(self, is_bid: bool) -> dict[int, int]:
        levels: dict[int, int] = {}
        for order in self.orders:
            if bool(order[1]) is is_bid:
                levels[order[2]] = levels.get(order[2], 0) + order[3]
        return levels


@given(FLOW)
def test_any_flow_fills_and_rests_as_the_plain_rules_say(flow: list[tuple[object, ...]]) -> None:
    engine, naive = MatchingEngine(), NaiveBook()

    for kind, *values in flow:
        if kind == "limit":
            is_bid, price, lots = values
            _, fills = engine.place(is_bid=is_bid, price=price, lots=lots)  # type: ignore[arg-type]
            expected = naive.place(is_bid, price, lots)  # type: ignore[arg-type]
        elif kind == "market":
            is_buy, lots = values
            fills = engine.take(is_buy=is_buy, lots=lots)  # type: ignore[arg-type]
            expected, _ = naive.match(is_buy, lots, None)  # type: ignore[arg-type]
        else:
            engine.cancel(values[0])  # type: ignore[arg-type]
            naive.cancel(values[0])  # type: ignore[arg-type]
            fills, expected = [], []
        assert [(fill.maker_id, fill.lots) for fill in fills] == expected

    bids, asks = engine.top(100)
    assert bids == sorted(naive.levels(True).items(), reverse=True)
    assert asks == sorted(naive.levels(False).items())
    assert engine.resting == [
        sum(not order[1] for order in naive.orders),
        sum(bool(order[1]) for order in naive.orders),
    ]


@given(FLOW)
def test_no_flow_crosses_the_book_or_loses_volume(flow: list[tuple[object, ...]]) -> None:
    engine = MatchingEngine()
    offered = traded = cancelled = 0

    for kind, *values in flow:
        if kind == "limit":
            _, fills = engine.place(is_bid=values[0], price=values[1], lots=values[2])  # type: ignore[arg-type]
            offered += values[2] - sum(fill.lots for fill in fills)  # type: ignore[operator]
        elif kind == "market":
            fills = engine.take(is_buy=values[0], lots=values[1])  # type: ignore[arg-type]
        else:
            order = engine.orders.get(values[0])  # type: ignore[arg-type]
            cancelled += order.lots if order is not None else 0
            engine.cancel(values[0])  # type: ignore[arg-type]
            fills = []
        traded += sum(fill.lots for fill in fills)
        bid, ask = engine.best_bid, engine.best_ask
        assert bid is None or ask is None or bid < ask

    bids, asks = engine.top(100)
    resting = sum(lots for _, lots in bids) + sum(lots for _, lots in asks)
    assert resting == offered - traded - cancelled
    assert resting == sum(order.lots for order in engine.orders.values())
