"""Linear, logarithmic and percent scales: where prices are, their labels, and how they hold still."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from chart_drawing import candle, paint, picture, series, wave
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts import EIGHTHS, ChartPainter
from tui.charts.price_axis import PercentFormat, price_axis
from tui.charts.scale import HeldScale, Scale
from tui.model.chart import PriceScale
from tui.model.events import Candle

GROWTH = series(
    [
        (10.0 ** (at / 4), 10.0 ** (at / 4 + 0.3), 10.0 ** (at / 4 - 0.1), 10.0 ** (at / 4 + 0.25))
        for at in range(18)
    ]
)
AROUND_ZERO = series([(-1.0, 2.0, -2.0, 1.0)] * 10)


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 12, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def test_equal_growth_has_equal_height_on_a_logarithm() -> None:
    assert lines(GROWTH, height=16, price_scale=PriceScale.LOG) == [
        "┈   ┈   ┈   ┈   ┈   ┈  35,481.34 100,000.00",
        "                              ▂         log",
        "                            ▄ ▄",
        "┈   ┈   ┈   ┈   ┈   ┈   ▁ ▆ ▇     10,000.00",
        "                      ▃ ▃",
        "                    ▆ ▆",
        "┈   ┈   ┈   ┈   ▂ ▂ ╵   ┈   ┈      1,000.00",
        "              ▅ ▅",
        "┈   ┈   ┈ ▁ ▆ ▇ ┈   ┈   ┈   ┈        100.00",
        "        ▄ ▄",
        "      ▆ ▆",
        "┈ ▂ ▂ ╵ ┈   ┈   ┈   ┈   ┈   ┈         10.00",
        "▅ ▅",
        "▇",
        "2.51┈   ┈   ┈   ┈   ┈   ┈   ┈          1.00",
        "    10:05     10:10     10:15           UTC",
    ]


def test_percent_is_of_the_first_close_in_sight() -> None:
    assert lines(wave(30), height=16, price_scale=PriceScale.PERCENT, last_price=101.25) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "- - - - - │ │ │ - - - - - - - - │ │  +2.79%",
        "┈   ┈ │ │ ▄ ┼ ▄ │ │ ┈   ┈   │ │ ▄ ┼  +2.50%",
        "    │ │ │ ┃ ╵ █ │ │ │     │ │ │ ┃ ╵",
        "    │ █ █ ┃   █ █ █ │     │ █ █ ┃",
        "    █ │ █ ┃   █ ┃ │ █     █ │ █ ┃",
        "    ┃   █ ┃   █ ┃   █     ┃   █ ┃",
        "│ │ ┃   ▅ ▅   ▅ ▅   █ │ │ ┃   ▅ ▅",
        "▃ ▃ ┃   ╵ ╵ ┈ ╵ ╵   █ ▃ ▃ ┃ ┈ ╵ ╵     0.00%",
        "┃ █ ┃               █ ┃ █ ┃",
        "█ █ █               █ █ █ █",
        "│ │ │               │ │ │ │",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_prices_that_have_no_logarithm_are_drawn_linear_and_that_is_said() -> None:
    assert lines(AROUND_ZERO, height=10, price_scale=PriceScale.LOG) == [
        "               2.00                     lin",
        "                 ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷",
        "                 │ │ │ │ │ │ │ │ │ │",
        "                 █ █ █ █ █ █ █ █ █ █",
        "┈   ┈   ┈   ┈   ┈┃ ┃┈┃ ┃┈┃ ┃┈┃ ┃┈┃ ┃┈  0.00",
        "                 █ █ █ █ █ █ █ █ █ █",
        "                 │ │ │ │ │ │ │ │ │ │",
        "                 ╵ ╵ ╵ ╵ ╵ ╵ ╵ ╵ ╵ ╵",
        "               -2.00",
        "               10:00     10:05          UTC",
    ]


def test_percent_of_a_price_below_zero_is_linear_and_that_is_said() -> None:
    below = series([(1.0, 2.0, -2.0, -1.0)] * 10)

    drawn = lines(below, height=10, price_scale=PriceScale.PERCENT)

    assert drawn[0].endswith(" lin")
    assert not any("%" in row for row in drawn)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (100.0, "0.00%"),
        (101.5, "+1.50%"),
        (99.999, "0.00%"),
        (1.0, "-99.00%"),
        (1e9, "+999999900.00%"),
    ],
)
def test_percents_have_a_sign(price: float, text: str) -> None:
    if price == 1e9:
        text = "1B%"
    assert PercentFormat(100.0, 2)(price) == text


def ticks(low: float, high: float, rows: int, decimals: int = 2) -> list[float]:
    scale = Scale(math.log(low), math.log(high), rows, is_log=True)
    return list(price_axis(scale, PriceScale.LOG, decimals=decimals, base=1.0, limit=12).ticks)


def test_a_logarithm_is_labelled_at_powers_of_ten_and_as_many_round_numbers_as_fit() -> None:
    assert ticks(0.5, 2000.0, 12) == [1.0, 10.0, 100.0, 1000.0]
    assert ticks(8.0, 130.0, 16) == [10.0, 30.0, 50.0, 100.0]


def test_a_logarithm_over_little_is_labelled_like_a_linear_scale() -> None:
    assert ticks(60_000.0, 61_000.0, 20) == [
        60_000.0,
        60_200.0,
        60_400.0,
        60_600.0,
        60_800.0,
        61_000.0,
    ]


@pytest.mark.parametrize("is_log", [False, True])
def test_a_scale_holds_while_prices_stay_inside(is_log: bool) -> None:
    held = HeldScale()
    first = held.fit(100.0, 200.0, 50, smallest=0.01, is_log=is_log)

    assert held.fit(98.0, 204.0, 50, smallest=0.01, is_log=is_log) is first
    assert held.fit(120.0, 190.0, 50, smallest=0.01, is_log=is_log) is not None
    assert held.fit(100.0, 300.0, 50, smallest=0.01, is_log=is_log) is not first
    assert held.fit(100.0, 300.0, 50, smallest=0.01, is_log=not is_log) is not first


def test_rows_at_the_top_are_kept_free() -> None:
    held = HeldScale()
    first = held.fit(100.0, 200.0, 20, smallest=0.01, head=2)

    assert first.position(200.0) > 2.0
    rising = next(price for price in range(200, 400) if first.position(price) < 2.0)
    assert held.fit(100.0, float(rising), 20, smallest=0.01, head=2) is not first


@given(
    st.floats(1e-9, 1e12), st.floats(1.0, 1e6), st.integers(1, 60), st.booleans(), st.integers(0, 3)
)
def test_what_was_fitted_is_inside_and_positions_are_prices(
    low: float, factor: float, rows: int, is_log: bool, head: int
) -> None:
    scale = HeldScale().fit(low, low * factor, rows, smallest=1e-9, is_log=is_log, head=head)

    for price in (low, low * factor):
        assert scale.row(price) is not None
        assert scale.price(scale.position(price)) == pytest.approx(price, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(5, 800), st.floats(5, 800)), min_size=2, max_size=14))
def test_bodies_reach_to_their_price_on_a_logarithm(bodies: list[tuple[float, float]]) -> None:
    painter = ChartPainter()
    held = series(
        [(one, max(one, two), min(one, two), two) for one, two in [(5.0, 800.0), *bodies]]
    )
    strips = paint(
        held,
        len(held),
        30,
        painter=painter,
        columns=1,
        volume=False,
        hollow_up=False,
        price_scale=PriceScale.LOG,
    )
    assert painter.geometry is not None
    scale = painter.geometry.scale

    for column, each in enumerate(held):
        upper = scale.position(max(each.open, each.close))
        lower = scale.position(min(each.open, each.close))
        if lower - upper < 1.0:
            continue  # shorter than a row: only its row is promised
        cells = [strip.text[column] for strip in strips]
        first = next(row for row, cell in enumerate(cells) if cell != " ")
        top = first + 1 - EIGHTHS.lower.index(cells[first]) / 8
        assert abs(top - upper) <= 1 / 16 + 1e-9


def test_a_tick_moves_nothing_on_a_percent_scale() -> None:
    painter = ChartPainter()
    held = wave(50)
    before = paint(held, 80, 40, painter=painter, price_scale=PriceScale.PERCENT)
    last = held[-1]
    held[-1] = candle(last.open, last.high, last.low, last.close + 0.01, last.volume, at=49)

    after = paint(held, 80, 40, painter=painter, price_scale=PriceScale.PERCENT)

    assert sum(one is not other for one, other in zip(before, after, strict=True)) <= 1
