"""Bars: dividing one and joining the parts gives the very same bar."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tui.sim.bars import Bar, BarSum, divide, flat, join


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Any bar that trades can make."""
    trades = draw(st.integers(min_value=1, max_value=400))
    volume = trades + draw(st.integers(min_value=0, max_value=10**9))
    low = draw(st.integers(min_value=1, max_value=10**6))
    high = low + (draw(st.integers(min_value=0, max_value=5000)) if trades >= 4 else 0)
    opened = draw(st.integers(min_value=low, max_value=high))
    close = draw(st.integers(min_value=low, max_value=high))
    value = draw(st.integers(min_value=low * volume, max_value=high * volume))
    bought = draw(st.integers(min_value=0, max_value=volume))
    return Bar(opened, high, low, close, volume, value, trades, bought, value * bought // volume)


@given(bars(), st.sampled_from([4, 15, 24, 60]), st.integers(), st.integers(1, 10**6))
def test_the_parts_of_a_bar_join_to_it_exactly(
    bar: Bar, count: int, seed: int, before: int
) -> None:
    parts = divide(bar, count, random.Random(seed), before)

    assert len(parts) == count
    assert join(parts, before) == bar


@given(bars(), st.sampled_from([4, 15, 24, 60]), st.integers())
def test_every_part_is_a_bar_that_trades_could_make(bar: Bar, count: int, seed: int) -> None:
    for part in divide(bar, count, random.Random(seed), bar.open):
        assert part.low <= min(part.open, part.close)
        assert max(part.open, part.close) <= part.high
        assert part.volume >= part.trades
        assert 0 <= part.taker_volume <= part.volume
        if part.trades == 0:
            assert part == flat(part.close)


def test_a_part_opens_where_the_one_before_closed() -> None:
    bar = Bar(100, 180, 90, 150, 9000, 1_170_000, 600, 4500, 585_000)

    parts = divide(bar, 60, random.Random(3), 100)

    assert [part.open for part in parts[1:]] == [part.close for part in parts[:-1]]


def test_a_bar_of_few_trades_leaves_most_parts_empty_at_the_previous_close() -> None:
    bar = Bar(105, 105, 105, 105, 7, 735, 2, 7, 735)

    parts = divide(bar, 4, random.Random(1), 99)

    place = parts.index(bar)
    assert parts[:place] == [flat(99)] * place
    assert parts[place + 1 :] == [flat(105)] * (3 - place)


def test_trades_add_up_to_a_bar() -> None:
    total = BarSum(50)
    total.add_trade(52, 3, is_buy=True)
    total.add_trade(48, 1, is_buy=False)
    total.add_trade(49, 2, is_buy=True)

    assert total.bar() == Bar(52, 52, 48, 49, 6, 302, 3, 5, 254)


def test_a_span_without_trades_repeats_the_close_before() -> None:
    assert join([flat(77), flat(77)], 77) == flat(77)
