"""A volume profile says how much was traded at which price in the view."""

from __future__ import annotations

import msgspec
import pytest
from candle_walks import make_candle, make_flat, make_walk
from hypothesis import given
from hypothesis import strategies as st

from tui.market.indicators.profile import ViewProfile


def test_a_candles_volume_is_spread_evenly_from_its_low_to_its_high() -> None:
    candles = [
        make_candle(0, 100.0, low=100.0, high=104.0, volume=8.0, bought=2.0),
        make_candle(1, 102.5, low=102.5, high=103.5, volume=2.0, bought=2.0),
    ]

    found = ViewProfile(4).of(candles)

    assert [row[:2] for row in found.rows] == [(100, 101), (101, 102), (102, 103), (103, 104)]
    assert [row[2] for row in found.rows] == pytest.approx([2.0, 2.0, 3.0, 3.0])
    assert [row[3] for row in found.rows] == pytest.approx([0.5, 0.5, 1.5, 1.5])


def test_the_control_is_the_middle_of_the_row_with_the_most_volume() -> None:
    candles = [
        make_candle(0, 100.0, low=100.0, high=104.0, volume=4.0),
        make_candle(1, 101.5, volume=1.0),
    ]

    assert ViewProfile(4).of(candles).control == 101.5


def test_where_the_venue_does_not_tell_the_direction_of_the_candle_does() -> None:
    rising = make_candle(0, 101.0, open=100.0, volume=4.0)
    falling = make_candle(1, 102.0, open=103.0, volume=2.0)

    rows = ViewProfile(3).of([rising, falling]).rows

    assert [(row[2], row[3]) for row in rows] == pytest.approx([(4.0, 4.0), (0.0, 0.0), (2.0, 0.0)])


def test_nothing_traded_is_no_profile() -> None:
    assert ViewProfile(10).of([]) is None
    assert ViewProfile(10).of(make_flat(5)) is None


def test_one_price_has_one_row_with_everything() -> None:
    rows = ViewProfile(4).of(make_flat(5, volume=2.0)).rows

    assert sum(row[2] for row in rows) == 10.0
    assert sum(row[2] > 0 for row in rows) == 1


def test_candles_that_make_no_sense_are_left_out() -> None:
    good = make_walk(10)
    bad = [
        msgspec.structs.replace(good[3], high=float("nan")),
        msgspec.structs.replace(good[4], low=float("-inf")),
        msgspec.structs.replace(good[5], low=good[5].high + 1),
    ]

    assert ViewProfile(8).of([*bad, *good]) == ViewProfile(8).of(good)


@given(st.integers(1, 80), st.integers(4, 60), st.integers(0, 1000))
def test_no_volume_is_lost_or_made(count: int, rows: int, seed: int) -> None:
    candles = make_walk(count, seed)

    found = ViewProfile(rows).of(candles)

    traded = sum(candle.volume for candle in candles)
    bought = sum(candle.taker_buy_volume for candle in candles)
    if not traded:
        assert found is None
        return
    assert sum(row[2] for row in found.rows) == pytest.approx(traded)
    assert sum(row[3] for row in found.rows) == pytest.approx(bought, abs=1e-6)


def test_a_view_that_moves_and_ticks_is_as_good_as_a_new_one() -> None:
    walk = make_walk(120)
    moving = ViewProfile(24)

    for first in range(0, 60, 7):
        for close in (1.0, 1.01, 0.98):
            newest = walk[first + 50]
            price = newest.close * close
            ticked = msgspec.structs.replace(
                newest, close=price, high=max(newest.high, price), low=min(newest.low, price)
            )
            view = [*walk[first : first + 50], ticked]
            found, anew = moving.of(view), ViewProfile(24).of(view)
            assert found == anew
