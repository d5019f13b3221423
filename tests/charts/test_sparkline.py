"""Sparklines and horizontal bars."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tui.charts import ASCII, EIGHTHS, HALVES, Glyphs
from tui.charts.bars import bar
from tui.charts.sparkline import sparkline

SETS = st.sampled_from([EIGHTHS, HALVES, ASCII])


def test_a_sparkline_spans_the_lowest_to_the_highest() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8, EIGHTHS) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 2, 3], 3, HALVES) == "▁▄█"
    assert sparkline([1, 2, 3, 4, 5], 5, ASCII) == "_.-=^"


def test_a_sparkline_shows_the_last_values_at_the_right() -> None:
    assert sparkline([9, 9, 1, 2], 2, EIGHTHS) == "▁█"
    assert sparkline([1, 2], 5, EIGHTHS) == "   ▁█"


def test_values_that_do_not_move_stand_in_the_middle() -> None:
    assert sparkline([5, 5, 5], 3, EIGHTHS) == "▄▄▄"


def test_what_is_no_number_leaves_a_blank() -> None:
    assert sparkline([1, math.nan, math.inf, 2], 4, EIGHTHS) == "▁  █"
    assert sparkline([math.nan], 3, EIGHTHS) == "   "
    assert sparkline([], 3, EIGHTHS) == "   "


@given(st.lists(st.floats()), st.integers(-2, 30), SETS)
def test_a_sparkline_has_exactly_its_width(values: list[float], width: int, glyphs: Glyphs) -> None:
    assert len(sparkline(values, width, glyphs)) == max(width, 0)


def test_bars_grow_by_eighths_of_a_cell() -> None:
    assert [bar(eighths / 16, 2, EIGHTHS) for eighths in (0, 1, 7, 8, 11, 16)] == [
        "  ",
        "▏ ",
        "▉ ",
        "█ ",
        "█▍",
        "██",
    ]


def test_the_least_of_something_is_visible() -> None:
    assert bar(1e-9, 3, EIGHTHS) == "▏  "
    assert bar(0.0, 3, EIGHTHS) == "   "
    assert bar(math.nan, 3, EIGHTHS) == "   "
    assert bar(7.0, 3, EIGHTHS) == "███"


@given(st.floats(), st.integers(-2, 40), SETS)
def test_bars_have_exactly_their_width(fraction: float, width: int, glyphs: Glyphs) -> None:
    assert len(bar(fraction, width, glyphs)) == max(width, 0)
