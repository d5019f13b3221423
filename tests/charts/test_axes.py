"""Labels of axes: round steps, numbers of stable width, times and dates."""

from __future__ import annotations

import pytest
from chart_drawing import MINUTE, START
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.axes import (
    compact,
    countdown,
    day_starts,
    fit_price_format,
    price_step,
    round_prices,
    round_up,
    step_decimals,
    time_labels,
)
from tui.model.timeframe import NS, Timeframe

HOUR = 3600 * NS
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("span", "at_most", "decimals", "step"),
    [
        (1000.0, 5, 2, 200.0),
        (1001.0, 5, 2, 250.0),
        (620.0, 6, 2, 200.0),
        (0.9, 4, 2, 0.25),
        (0.09, 4, 2, 0.05),
        (0.001, 4, 2, 0.01),
        (3e-7, 5, 8, 1e-7),
        (1e12, 4, 0, 2.5e11),
    ],
)
def test_price_steps_are_round_and_no_finer_than_prices(
    span: float, at_most: int, decimals: int, step: float
) -> None:
    assert price_step(span, at_most, decimals) == pytest.approx(step)


@given(
    st.floats(1e-9, 1e12),
    st.integers(1, 50),
    st.integers(0, 10),
)
def test_steps_never_make_more_labels_than_asked_for(
    span: float, at_most: int, decimals: int
) -> None:
    step = price_step(span, at_most, decimals)

    assert span / step <= at_most * (1 + 1e-6)
    assert step_decimals(step) <= decimals


def test_round_prices_are_the_multiples_in_between() -> None:
    assert round_prices(99.3, 101.2, 0.5) == [99.5, 100.0, 100.5, 101.0]
    assert round_prices(-3.0, 3.0, 2.5) == [-2.5, 0.0, 2.5]


def test_labels_have_the_venues_digits_where_there_is_room() -> None:
    form, width = fit_price_format((998.0, 64_500.0), decimals=2, least=0, limit=20)

    assert (form(64_500.0), form(998.0), width) == ("64,500.00", "998.00", 9)


def test_labels_lose_digits_before_they_lose_meaning() -> None:
    def label(limit: int) -> str:
        form, _ = fit_price_format((64_000.0, 64_512.5), decimals=4, least=1, limit=limit)
        return form(64_512.5)

    assert [label(limit) for limit in (11, 10, 9, 8, 7)] == [
        "64,512.5000",
        "64,512.500",
        "64,512.50",
        "64,512.5",
        "64512.5",
    ]


def test_labels_that_cannot_fit_are_abbreviated() -> None:
    form, width = fit_price_format((1e12, 2e12), decimals=2, least=0, limit=7)

    assert (form(1_230_000_000_000.0), width) == ("1.23T", 7)


def test_a_price_that_rounds_to_zero_has_no_sign() -> None:
    form, _ = fit_price_format((-5.0, 5.0), decimals=2, least=0, limit=9)

    assert form(-0.001) == "0.00"
    assert form(-0.01) == "-0.01"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (950, "950"),
        (999.7, "1K"),
        (1234, "1.23K"),
        (45_600_000, "45.6M"),
        (1e9, "1B"),
        (2.5e12, "2.5T"),
        (3e20, "3e20"),
        (12.34, "12.3"),
        (0.0123, "0.012"),
        (1.2e-9, "1e-9"),
        (float("nan"), "-"),
        (-1234, "-1.23K"),
    ],
)
def test_compact_numbers(value: float, text: str) -> None:
    assert compact(value) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_compact_numbers_never_need_more_than_seven_cells(value: float) -> None:
    assert len(compact(value)) <= 7


@pytest.mark.parametrize(
    ("value", "up"),
    [(1.05, 1.1), (123.0, 130.0), (0.0, 0.0), (-1.0, 0.0), (5e-324, 0.0), (1e300, 0.0)],
)
def test_rounding_up_to_two_digits(value: float, up: float) -> None:
    assert round_up(value) == pytest.approx(up)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, ""),
        (-5, ""),
        (0.2, "00:01"),
        (59, "00:59"),
        (272, "04:32"),
        (3872, "1:04:32"),
        (3 * 86_400 + 4 * 3600 + 59, "3d 04h"),
    ],
)
def test_countdowns(seconds: float, text: str) -> None:
    assert countdown(START + int(seconds * NS), START) == text


def texts(times: list[int], timeframe: Timeframe, every: float) -> list[tuple[int, str]]:
    return [(label.index, label.text) for label in time_labels(times, timeframe, every=every)]


def test_minutes_are_labelled_at_round_times() -> None:
    times = [START + minute * 60 * NS for minute in range(21)]

    assert texts(times, MINUTE, 5) == [
        (0, "10:00"),
        (5, "10:05"),
        (10, "10:10"),
        (15, "10:15"),
        (20, "10:20"),
    ]
    assert texts(times, MINUTE, 6) == [(0, "10:00"), (10, "10:10"), (20, "10:20")]


def test_seconds_show_where_they_matter() -> None:
    times = [START + second * NS for second in range(31)]

    assert texts(times, Timeframe(1, "s"), 11) == [
        (0, "10:00:00"),
        (15, "10:00:15"),
        (30, "10:00:30"),
    ]


def test_midnight_shows_the_date() -> None:
    times = [START + hour * HOUR for hour in range(20)]

    assert texts(times, Timeframe(1, "h"), 5) == [
        (2, "12:00"),
        (8, "18:00"),
        (14, "22 Nov"),
    ]


def test_days_months_and_years() -> None:
    times = [START - 10 * HOUR + day * DAY for day in range(60)]

    assert texts(times, Timeframe(1, "d"), 6)[:3] == [(2, "23 Nov"), (9, "30 Nov"), (16, "7 Dec")]
    assert texts(times, Timeframe(1, "d"), 8) == [(10, "Dec"), (41, "2027")]


def test_a_label_after_a_gap_says_the_candles_own_time() -> None:
    times = [START + minute * 60 * NS for minute in (1, 2, 3, 17, 18, 20)]

    assert texts(times, MINUTE, 5) == [(3, "10:17"), (5, "10:20")]


def test_times_outside_the_calendar_have_no_labels() -> None:
    times = [10**21 + minute * 60 * NS for minute in range(30)]

    assert texts(times, MINUTE, 5) == []
    assert texts(times, Timeframe(1, "M"), 5) == []


def test_days_start_where_the_date_changes() -> None:
    times = [START + hour * HOUR for hour in (0, 13, 14, 15, 40)]

    assert day_starts(times) == [2, 4]
