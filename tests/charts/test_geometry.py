"""Which time and which price a painted chart shows where."""

from __future__ import annotations

import pytest
from chart_drawing import BTC, START, candle, paint, wave
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts import ChartPainter, Geometry
from tui.model.chart import PriceScale
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

M = 60 * NS


def geometry(
    candles: list[Candle], width: int = 44, height: int = 16, **options: object
) -> Geometry:
    painter = ChartPainter()
    paint(candles, width, height, painter=painter, **options)
    assert painter.geometry is not None
    return painter.geometry


def test_the_plot_ends_before_the_price_axis_and_above_the_times() -> None:
    found = geometry(wave(30))

    assert (found.width, found.price_rows, found.plot_rows) == (36, 12, 15)
    assert (found.first_time, found.last_time) == (START + 12 * M, START + 29 * M)


def test_a_candle_is_found_at_each_of_its_columns() -> None:
    found = geometry(wave(30), columns=4)

    newest = found.column_of(START + 29 * M)
    assert newest == 33
    assert [found.time_at(column) for column in (32, 33, 34)] == [START + 29 * M] * 3
    assert found.time_at(29) == START + 28 * M


def test_a_moment_within_a_candle_belongs_to_it() -> None:
    found = geometry(wave(30))

    assert found.column_of(START + 29 * M + 59 * NS) == found.column_of(START + 29 * M)
    bar = found.bar_at(START + 29 * M + 59 * NS)
    assert bar is not None
    assert bar.open_time == START + 29 * M


def test_time_goes_on_right_of_the_newest_candle() -> None:
    found = geometry(wave(30), margin=4)

    assert found.column_of(START + 29 * M) == 26
    assert found.time_at(28) == START + 30 * M
    assert found.column_of(START + 33 * M) == 34
    assert found.column_of(START + 34 * M) is None
    assert found.bar_at(START + 30 * M) is None


def test_left_of_the_oldest_candle_is_nothing() -> None:
    found = geometry(wave(5))

    assert found.time_at(0) is None
    assert found.column_of(START - M) is None
    assert found.place_of(START - M) == found.place_of(START) - 2


def test_outside_the_plot_there_is_neither_time_nor_price() -> None:
    found = geometry(wave(30))

    assert (found.time_at(-1), found.time_at(36)) == (None, None)
    assert (found.price_at(-1), found.price_at(12)) == (None, None)
    assert found.row_of(1e9) is None


def test_where_nothing_was_traded_the_time_is_known() -> None:
    found = geometry([each for at, each in enumerate(wave(30)) if at not in (20, 21)])

    assert found.time_at(17) == START + 20 * M
    assert found.column_of(START + 21 * M) == 18


def test_a_long_gap_that_was_shortened_has_its_moments_before_the_next_candle() -> None:
    found = geometry([candle(1, 2, 1, 2, at=at) for at in (0, 5000)])

    assert found.column_of(START + 4999 * M) == found.place_of(START + 5000 * M) - 2


def test_months_go_on_by_the_calendar() -> None:
    month = Timeframe(1, "M")
    opens = [month.floor(START)]
    for _ in range(3):
        opens.append(month.next_open(opens[-1]))
    held = [Candle(BTC, month, each, 1.0, 2.0, 1.0, 2.0, 1.0, closed=True) for each in opens]

    found = geometry(held, timeframe=month, margin=3)

    ahead = month.next_open(month.next_open(opens[-1]))
    newest = found.column_of(opens[-1])
    assert newest is not None
    assert found.time_at(newest + 4) == ahead
    assert found.column_of(ahead) == newest + 4


@pytest.mark.parametrize("kind", list(PriceScale))
@pytest.mark.parametrize("columns", [1, 2, 3, 8])
def test_there_and_back_is_the_same_place(kind: PriceScale, columns: int) -> None:
    found = geometry(wave(40), 70, 20, columns=columns, price_scale=kind)

    for row in range(found.price_rows):
        price = found.price_at(row)
        assert price is not None
        assert found.row_of(price) == row
    for bar in found.bars:
        column = found.column_of(bar.open_time)
        assert column is not None
        assert found.time_at(column) == bar.open_time
        assert found.bar_at(bar.open_time) is bar


def test_without_candles_there_is_no_geometry() -> None:
    painter = ChartPainter()
    paint(wave(3), 40, 10, painter=painter)
    paint([], 40, 10, painter=painter)

    assert painter.geometry is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True),
    st.integers(1, 8),
    st.integers(1, 6),
    st.integers(0, 9),
    st.integers(-500, 900),
)
def test_a_column_in_sight_shows_the_time_it_was_asked_for(
    places: list[int], columns: int, merge: int, margin: int, minute: int
) -> None:
    held = [candle(1, 2, 1, 2, at=at) for at in sorted(places)]
    found = geometry(held, 60, 12, columns=columns, merge=merge, margin=margin)

    time = START + minute * M
    column = found.column_of(time)

    if column is None:
        assert time < found.first_time or found.place_of(time) >= found.width
    else:
        shown = found.time_at(column)
        assert shown is not None
        assert shown <= time
