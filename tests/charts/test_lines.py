"""Several series in one chart: percent of the left edge, letters, holes, and cells shared by lines."""

from __future__ import annotations

import math

import msgspec
import pytest
from chart_drawing import MINUTE, PALETTE, START, picture
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.glyphs import ASCII, EIGHTHS, HALVES, Glyphs
from tui.charts.lines import LineChart, LinePainter, Reading, Series
from tui.charts.palette import contrast, line_colours
from tui.model.timeframe import NS

MIN = 60 * NS


def points(values: list[float], first: int = 0) -> list[tuple[int, float]]:
    return [(START + (first + at) * MIN, value) for at, value in enumerate(values)]


def paint(
    *series: Series, width: int = 30, height: int = 9, glyphs: Glyphs = ASCII, message: str = ""
) -> LineChart:
    return LinePainter().paint(
        series,
        width=width,
        height=height,
        timeframe=MINUTE,
        palette=PALETTE,
        glyphs=glyphs,
        message=message,
    )


def test_lines_of_different_prices_begin_at_the_same_height_and_show_percent() -> None:
    dear = Series(points([60_000.0, 60_300.0, 60_600.0]))
    cheap = Series(points([2.0, 2.0, 1.98]))

    chart = paint(dear, cheap)

    assert chart.readings == [
        Reading(pytest.approx(1.0), START, is_late=False),
        Reading(pytest.approx(-1.0), START, is_late=False),
    ]
    assert picture(chart.strips).splitlines() == [
        "",
        "                   A A",
        "                  A",
        "                  A",
        "- - - - - - - - -AB         0%",
        "                   B",
        "                   B B",
        "",
        "     09:50     10:00     UTC",
    ]


def test_only_what_is_in_sight_counts_as_the_left_edge() -> None:
    chart = paint(Series(points([1.0] * 100 + [100.0] * 10 + [110.0] * 5)), width=14, height=4)

    [reading] = chart.readings
    assert reading is not None
    assert reading.percent == pytest.approx(10.0)


def test_a_series_that_begins_later_than_the_others_says_so() -> None:
    whole, late = Series(points([1.0] * 10)), Series(points([5.0] * 3, first=7))

    assert [each and each.is_late for each in paint(whole, late).readings] == [False, True]


def test_a_series_that_ended_stays_where_it_ended() -> None:
    ended, live = Series(points([1.0, 0.9])), Series(points([1.0, 1.0, 1.1, 1.1, 1.1, 1.1]))

    assert picture(paint(live, ended, height=6).strips).splitlines() == [
        "                AAAA A",
        "                A",
        "- - - - - - - AA- -         0%",
        "               B",
        "               B     B",
        "  09:50     10:00        UTC",
    ]


def test_no_line_is_drawn_through_a_hole() -> None:
    values = points([1.0, 1.0, 1.0]) + points([2.0, 2.0, 2.0], first=6)
    hole = (START + 3 * MIN, START + 6 * MIN)

    joined = picture(paint(Series(values), height=12).strips)
    broken = picture(paint(Series(values, [hole]), height=12).strips)

    assert joined.count("A") > 12
    assert broken.count("A") == 6 + 1  # its points, and the letter at its end


def test_two_lines_share_a_cell_of_half_blocks() -> None:
    front, back = Series(points([1.0] * 3)), Series(points([1.0, 1.01, 0.999]))
    colours = line_colours(PALETTE, 2)

    chart = paint(front, back, glyphs=HALVES, height=6)

    shared = {
        (segment.style.color.name, segment.style.bgcolor.name)
        for strip in chart.strips
        for segment in strip
        if segment.style
        and segment.style.color
        and segment.style.bgcolor
        and segment.text in ("▀", "▄")
    }
    assert colours in shared


def test_a_cell_of_braille_holds_two_points() -> None:
    chart = paint(Series(points([1.0, 1.1, 1.2, 1.3])), width=30, height=8, glyphs=EIGHTHS)

    cells = {character for character in picture(chart.strips) if "\u2800" < character <= "\u28ff"}
    columns = {
        row.index(cell) for row in picture(chart.strips).splitlines() for cell in cells & {*row}
    }
    assert len(columns) == 2


def test_letters_of_lines_that_end_together_stand_side_by_side() -> None:
    same = Series(points([1.0] * 5))

    assert "AB" in picture(paint(same, same, width=40).strips)


def test_a_row_that_did_not_change_is_the_same_strip() -> None:
    painter = LinePainter()
    one, two = (
        painter.paint(
            [Series(points(values))],
            width=40,
            height=12,
            timeframe=MINUTE,
            palette=PALETTE,
            glyphs=EIGHTHS,
        ).strips
        for values in ([1.0, 1.1, 1.2, 1.15], [1.0, 1.1, 1.2, 1.16])
    )

    assert sum(a is b for a, b in zip(one, two, strict=True)) >= 9


def test_without_any_point_there_is_a_message() -> None:
    chart = paint(Series([]), Series([]), message="no candles yet")

    assert "no candles yet" in picture(chart.strips)
    assert chart.readings == [None, None]


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(0, 2**62),
                st.floats(allow_nan=True, allow_infinity=True),
            ),
            max_size=12,
        ),
        max_size=10,
    ),
    st.integers(0, 60),
    st.integers(0, 20),
    st.sampled_from([EIGHTHS, HALVES, ASCII]),
)
def test_any_points_in_any_size_make_strips_of_that_size(
    series: list[list[tuple[int, float]]], width: int, height: int, glyphs: Glyphs
) -> None:
    chart = paint(*map(Series, series), width=width, height=height, glyphs=glyphs)

    assert [strip.cell_length for strip in chart.strips] == [width] * height
    assert all(each is None or math.isfinite(each.percent) for each in chart.readings)


@pytest.mark.parametrize("ground", ["#000000", "#0b0e14", "#ffffff", "#f4ecd8"])
def test_the_colours_of_lines_can_be_read_on_the_background(ground: str) -> None:
    palette = msgspec.structs.replace(PALETTE, background=ground)
    colours = line_colours(palette, 4)

    assert len(set(colours)) == 4
    assert all(contrast(colour, ground) >= 2.4 for colour in colours)
