"""The price scale holds still."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.charts.scale import HeldRow, HeldScale, Scale


def test_a_fresh_scale_leaves_room_above_and_below() -> None:
    scale = HeldScale().fit(100.0, 200.0, 50, smallest=0.01)

    assert (scale.low, scale.high) == (92.0, 208.0)


def test_a_scale_holds_while_prices_stay_inside() -> None:
    held = HeldScale()
    first = held.fit(100.0, 200.0, 50, smallest=0.01)

    assert held.fit(95.0, 205.0, 50, smallest=0.01) is first
    assert held.fit(120.0, 190.0, 50, smallest=0.01) is first


def test_a_scale_moves_when_a_price_leaves_it() -> None:
    held = HeldScale()
    held.fit(100.0, 200.0, 50, smallest=0.01)

    assert held.fit(100.0, 300.0, 50, smallest=0.01).high == 316.0


def test_a_scale_that_became_much_too_wide_is_fitted_anew() -> None:
    held = HeldScale()
    held.fit(100.0, 200.0, 50, smallest=0.01)

    assert held.fit(100.0, 150.0, 50, smallest=0.01).high == 154.0


def test_another_height_is_another_scale() -> None:
    held = HeldScale()
    held.fit(100.0, 200.0, 50, smallest=0.01)

    assert held.fit(100.0, 200.0, 40, smallest=0.01).rows == 40


def test_prices_that_do_not_move_stand_in_the_middle() -> None:
    scale = HeldScale().fit(100.0, 100.0, 11, smallest=0.04)

    assert scale.row(100.0) == 5
    assert 0.04 <= scale.high - scale.low < 0.1


def test_positions_count_rows_from_the_top() -> None:
    scale = Scale(0.0, 10.0, 20)

    assert [scale.position(price) for price in (10.0, 5.0, 0.0)] == [0.0, 10.0, 20.0]
    assert [scale.row(price) for price in (10.0, 5.0, 0.0, 10.1, -0.1)] == [0, 10, 19, None, None]


def test_a_price_at_the_edge_of_two_rows_stays_in_its_row() -> None:
    held, scale = HeldRow(), Scale(0.0, 10.0, 10)

    assert [held.of(scale, price) for price in (5.1, 4.9, 5.1, 4.55)] == [4, 4, 4, 4]
    assert [held.of(scale, price) for price in (4.35, 5.3, 5.65)] == [5, 5, 4]


def test_a_held_row_is_found_anew_on_another_scale() -> None:
    held = HeldRow()
    held.of(Scale(0.0, 10.0, 10), 5.1)

    assert held.of(Scale(0.0, 10.0, 10), 4.9) == 5
    assert held.of(Scale(0.0, 10.0, 10), 10.5) is None


@given(
    st.floats(-1e12, 1e12),
    st.floats(0, 1e12),
    st.integers(1, 100),
    st.sampled_from([1e-18, 1e-8, 0.01, 1.0]),
)
def test_every_scale_holds_its_prices(low: float, span: float, rows: int, smallest: float) -> None:
    high = low + span

    scale = HeldScale().fit(low, high, rows, smallest=smallest)

    assert scale.low <= low <= high <= scale.high
    assert 0 <= scale.position(high) <= scale.position(low) <= rows
