"""What the crosshair points at, and what is measured with it."""

from __future__ import annotations

from tui.charts.layers import Crosshair
from tui.model.timeframe import NS, Timeframe
from tui.widgets.chart_crosshair import Measured, Pointer

SPAN = 60 * NS
TIMES = range(0, 100 * SPAN, SPAN)


def test_it_stays_on_closes_while_it_is_moved_from_candle_to_candle() -> None:
    pointer = Pointer()

    pointer.start(5 * SPAN, 10.0)
    pointer.move_on(4 * SPAN, 12.0)

    assert pointer.cross == Crosshair(4 * SPAN, 12.0)


def test_nothing_is_measured_before_it_points() -> None:
    pointer = Pointer()

    pointer.start_measuring()
    pointer.stop_measuring()

    assert (pointer.cross, pointer.measures, pointer.measured(TIMES, 1)) == (None, False, None)


def test_what_is_measured_is_told_from_the_first_point_to_the_second() -> None:
    pointer = Pointer()
    pointer.start(20 * SPAN, 10.0)

    pointer.start_measuring()
    pointer.move_on(14 * SPAN, 9.0)

    assert pointer.measured(TIMES, 1) == Measured(-6, -360.0, -1.0, -10.0)
    assert pointer.measured(TIMES, 3) == Measured(-2, -360.0, -1.0, -10.0)


def test_bars_are_counted_where_there_are_candles_and_time_where_there_are_none() -> None:
    pointer = Pointer()
    pointer.start(0, 10.0)

    pointer.start_measuring()
    pointer.move_on(10 * SPAN, 10.0)

    measured = pointer.measured([0, SPAN, 10 * SPAN], 1)
    assert measured is not None
    assert (measured.bars, measured.seconds) == (2, 600.0)


def test_of_a_price_that_is_not_above_zero_nothing_is_a_percent() -> None:
    pointer = Pointer()
    pointer.start(0, -2.0)

    pointer.start_measuring()
    pointer.move_on(SPAN, 1.0)

    assert pointer.measured(TIMES, 1) == Measured(1, 60.0, 3.0, None)


def test_measuring_again_begins_where_it_points_now_and_ends_without_moving() -> None:
    pointer = Pointer()
    pointer.start(0, 10.0)
    pointer.start_measuring()
    pointer.move_on(SPAN, 11.0)

    pointer.start_measuring()
    assert pointer.cross == Crosshair(SPAN, 11.0, (SPAN, 11.0))
    pointer.stop_measuring()
    assert pointer.cross == Crosshair(SPAN, 11.0)


def test_in_another_timeframe_it_points_at_the_candle_of_the_same_moment() -> None:
    pointer = Pointer()
    pointer.start(7 * SPAN, 10.0)

    pointer.change_timeframe(Timeframe(5, "m"))

    assert pointer.cross == Crosshair(5 * SPAN, 10.0)
