"""Panes below the candles: their room, their lines, their scales, and what repaints them."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from chart_drawing import MINUTE, PALETTE, START, candle, colour_at, paint, picture, wave
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts import ASCII, BRAILLE, EIGHTHS, HALVES, ChartPainter, Layers, Plot
from tui.charts.layers import Crosshair, PlotKind
from tui.charts.layout import share_room
from tui.charts.panes import fit_pane
from tui.charts.view import look
from tui.model.timeframe import NS


def opens(count: int) -> list[int]:
    return [START + at * 60 * NS for at in range(count)]


def pane(*values: float | None, name: str = "RSI") -> Plot:
    return Plot(name, opens(len(values)), [(value,) for value in values])


def drawn(*panes: Plot, count: int = 18, height: int = 20, **options: Any) -> list[str]:
    """The rows of the panes, without the candles above and the times below."""
    rows = picture(paint(wave(count), 44, height, panes=panes, **options)).split("\n")
    first = next(at for at, row in enumerate(rows) if row.startswith(panes[0].name))
    return rows[first:-1]


RAMP = pane(*(30.0 + 40 * at / 17 for at in range(18)))


def test_a_line_rises_with_its_values_below_its_candles() -> None:
    assert drawn(RAMP) == [
        "RSI 70.00 ──────────────────────────",
        "                       ⢀⣀⡠⠤⠤⠤⠔⠒⠊⠉⠉⠁      70",
        "           ⢀⣀⣀⣀⡠⠤⠔⠒⠊⠉⠉⠉⠁",
        "⣀⣀⣀⡠⠤⠔⠒⠒⠒⠊⠉⠁                             30",
    ]


def test_half_blocks_where_there_is_no_braille() -> None:
    assert drawn(RAMP, glyphs=HALVES) == [
        "RSI 70.00 ──────────────────────────",
        "                        ▄▄▄▄▄▄▀▀▀▀▀      70",
        "            ▄▄▄▄▄▄▀▀▀▀▀▀",
        "▄▄▄▄▄▄▀▀▀▀▀▀                             30",
    ]


def test_stars_where_there_is_only_ascii() -> None:
    assert drawn(RAMP, glyphs=ASCII) == [
        "RSI 70.00 --------------------------",
        "                        ***********      70",
        "            ************",
        "************                             30",
    ]


HISTOGRAM = Plot(
    "MACD", opens(18), [((at - 6) / 5,) for at in range(18)], kinds=[PlotKind.HISTOGRAM]
)


def test_a_histogram_grows_from_zero() -> None:
    assert drawn(HISTOGRAM) == [
        "MACD 2.200 ─────────────────────────",
        "                          ▁ ▃ ▄ ▅ ▆     2.5",
        "▁ ▁ ▁ ▁ ┈ ▁ ▁ ▁ ▂ ▄ ▅ ▆ ▁ ▁ ▁ ▁ ▁ ▁",
        "▂ ▃ ▄ ▅ ▇                              -1.5",
    ]


def test_a_histogram_of_half_blocks() -> None:
    assert drawn(HISTOGRAM, glyphs=HALVES) == [
        "MACD 2.200 ─────────────────────────",
        "                            ▄ ▄ ▄ █     2.5",
        "┈   ┈   ┈   ┈ ▄ ▄ ▄ ▄ █ █ █ █ █ █ █",
        "█ ▀ ▀ ▀ ─ ─ ─                          -1.5",
    ]


def test_a_histogram_of_braille() -> None:
    assert drawn(HISTOGRAM, glyphs=BRAILLE) == [
        "MACD 2.200 ─────────────────────────",
        "                          ⣀ ⣀ ⣤ ⣤ ⣶     2.5",
        "┈   ┈   ┈   ┈ ━ ⣤ ⣤ ⣶ ⣶ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿",
        "⠿ ⠿ ⠛ ━ ━ ─ ─                          -1.5",
    ]


def test_a_histogram_of_letters() -> None:
    assert drawn(HISTOGRAM, glyphs=ASCII) == [
        "MACD 2.200 -------------------------",
        "                                # #     2.5",
        ".   .   .   .   . # # # # # # # # #",
        "# # - - - - - - -                      -1.5",
    ]


def test_a_histogram_is_coloured_by_its_sign() -> None:
    strips = paint(wave(18), 44, 20, panes=[HISTOGRAM])

    assert PALETTE.up_volume in colour_at(strips, 34, 17)
    assert PALETTE.down_volume in colour_at(strips, 0, 18)


def test_a_line_stands_before_its_histogram() -> None:
    both = Plot(
        "MACD",
        opens(18),
        [(5.0, 10.0)] * 18,
        ("A", "B"),
        kinds=[PlotKind.LINE, PlotKind.HISTOGRAM],
    )

    rows = drawn(both, glyphs=ASCII)

    assert any(set(row[:35]) == {"*"} for row in rows)
    assert sum("#" in row for row in rows) == 2


def test_levels_have_faint_lines_and_bounds_hold_the_scale() -> None:
    made = msgspec.structs.replace(pane(*([50.0] * 18)), levels=[30.0, 70.0], bounds=(0.0, 100.0))

    rows = drawn(made, height=38)

    assert labels(rows) == ("100", "0")
    assert sum(row.startswith("┈   ┈") for row in rows) == 2


def test_bounds_that_make_no_sense_are_left_out() -> None:
    made = msgspec.structs.replace(RAMP, bounds=(math.nan, 100.0))

    assert drawn(made) == drawn(RAMP)


def test_the_heading_tells_the_values_at_the_cross() -> None:
    layers = Layers(crosshair=Crosshair(opens(1)[0]))

    assert drawn(RAMP, layers=layers)[0].startswith("RSI 30.00 ")


def test_several_lines_of_one_pane_are_named_and_told_apart_without_colours() -> None:
    macd = Plot("MACD", opens(18), [(1.0, -1.0)] * 18, ("MACD", "Signal"))
    rows = picture(paint(wave(18), 44, 20, panes=[macd], glyphs=ASCII)).split("\n")

    assert rows[15] == "* MACD 1.000 + Signal -1.000 -------"
    assert rows[16:19] == [
        "***********************************       1",
        ".   .   .   .   .   .   .   .   .",
        "+++++++++++++++++++++++++++++++++++      -1",
    ]


def test_several_lines_have_colours_of_their_own_in_heading_and_drawing() -> None:
    macd = Plot("MACD", opens(18), [(1.0, -1.0)] * 18, ("A", "B"))

    strips = paint(wave(18), 44, 20, panes=[macd])

    heading, first, last = 15, 16, 18
    assert strips[heading].text.startswith("MACD A 1.000 B -1.000 ")
    assert colour_at(strips, 5, heading) == colour_at(strips, 4, first)
    assert colour_at(strips, 13, heading) == colour_at(strips, 4, last)
    assert colour_at(strips, 5, heading) != colour_at(strips, 13, heading)


def test_the_line_is_broken_where_there_is_no_value() -> None:
    values = [None, None, *([50.0] * 6), None, None, *([50.0] * 8)]

    line = next(row for row in drawn(pane(*values), glyphs=ASCII)[1:] if "*" in row)

    assert line[:35] == "    ***********     ***************"


def test_the_line_runs_on_where_nobody_traded_and_is_broken_where_nobody_knows() -> None:
    held = [each for at, each in enumerate(wave(18)) if at not in (8, 9)]
    flat = Plot("RSI", [each.open_time for each in held], [(50.0,)] * 16)

    def line(**options: Any) -> str:
        strips = paint(held, 44, 20, panes=[flat], glyphs=ASCII, **options)
        return next(row for row in picture(strips).split("\n") if "***" in row)

    assert line() == "***********************************"
    assert line(holes=[(opens(9)[8], opens(11)[10])]) == "*************** ////***************"


def test_the_newest_candle_without_a_value_is_said() -> None:
    assert drawn(pane(*([50.0] * 17), None))[0].startswith("RSI - ─")


def test_values_of_a_candle_that_is_not_there_are_not_drawn() -> None:
    ahead = pane(*([50.0] * 18), 99.0)

    assert drawn(ahead) == drawn(pane(*([50.0] * 18)))


def test_a_merged_bar_shows_the_value_of_its_last_candle() -> None:
    rows = drawn(pane(*(float(at) for at in range(18))), merge=3, glyphs=ASCII)

    assert rows[0].startswith("RSI 17.00 ")


def test_scrolling_back_takes_the_heading_along() -> None:
    assert drawn(RAMP, offset=3)[0].startswith("RSI 62.94 ")


def test_a_pane_without_any_value_in_sight_is_a_heading() -> None:
    assert drawn(pane(None, None)) == ["RSI - ──────────────────────────────", "", "", ""]


def test_a_value_that_does_not_move_has_a_scale() -> None:
    rows = drawn(pane(*([100.0] * 18)))

    assert rows[0].startswith("RSI 100.000 ")
    assert [row[36:].strip() for row in rows[1:]] == ["101", "", "99"]


def test_what_is_no_number_is_a_gap() -> None:
    values = [50.0, math.nan, math.inf, -math.inf, 1e100, *([50.0] * 13)]

    assert drawn(pane(*values)) == drawn(pane(50.0, None, None, None, None, *([50.0] * 13)))


def test_wide_characters_in_a_name_do_not_shift_the_row() -> None:
    strips = paint(wave(18), 44, 20, panes=[pane(50.0, name="行R情SI")])

    assert any(strip.text.startswith("RSI ") for strip in strips)
    assert {strip.cell_length for strip in strips} == {44}


@pytest.mark.parametrize(
    ("height", "wanted", "candles", "volume", "panes"),
    [
        (17, 2, 13, 3, 0),
        (18, 1, 10, 3, 1),
        (18, 2, 9, 0, 2),
        (24, 1, 15, 4, 1),
        (24, 2, 15, 0, 2),
        (38, 2, 25, 0, 2),
        (38, 1, 24, 7, 1),
        (38, 9, 19, 0, 3),
    ],
)
def test_candles_keep_half_of_the_rows_and_the_volume_gives_way_first(
    height: int, wanted: int, candles: int, volume: int, panes: int
) -> None:
    layout = share_room(80, height, volume=True, panes=wanted)

    assert (layout.price_rows, layout.volume_rows, layout.panes) == (candles, volume, panes)
    assert candles + volume + panes * layout.pane_rows + layout.time_rows == height


def test_a_chart_without_a_price_axis_has_no_panes() -> None:
    assert share_room(18, 40, volume=True, panes=2).panes == 0


def test_panes_stand_in_the_order_given() -> None:
    rows = drawn(pane(1.0, name="A"), pane(2.0, name="B"), height=24)

    assert [row[:2] for row in rows if row[:1] in "AB" and row] == ["A ", "B "]


def test_an_unchanged_chart_with_panes_is_the_very_same_strips() -> None:
    painter = ChartPainter()
    first = paint(wave(50), 80, 30, painter=painter, panes=[RAMP])
    again = paint(wave(50), 80, 30, painter=painter, panes=[RAMP])

    assert all(one is other for one, other in zip(first, again, strict=True))


def test_a_new_value_changes_its_heading_and_the_end_of_its_line() -> None:
    painter = ChartPainter()
    values = [50 + 20 * math.sin(at / 3) for at in range(50)]
    before = paint(wave(50), 120, 40, painter=painter, panes=[pane(*values)])

    after = paint(wave(50), 120, 40, painter=painter, panes=[pane(*values[:-1], values[-1] + 0.2)])

    changed = [row for row in range(40) if before[row] is not after[row]]
    assert 1 <= len(changed) <= 2
    assert after[changed[0]].text.startswith("RSI ")


def labels(rows: list[str]) -> tuple[str, str]:
    """The highest and the lowest value of a pane's axis."""
    found = [row[36:].strip() for row in rows]
    return found[1], found[-1]


def test_the_scale_holds_still_while_values_stay_inside_it() -> None:
    painter = ChartPainter()

    def ends(*values: float) -> tuple[str, str]:
        return labels(drawn(pane(*values, *([50.0] * 16)), painter=painter))

    assert ends(33.0, 68.0) == ("70", "30")
    assert ends(31.0, 69.0) == ("70", "30")
    assert ends(40.0, 71.0) == ("75", "40")


def test_the_scale_is_fitted_anew_when_it_has_grown_much_too_wide() -> None:
    painter = ChartPainter()
    drawn(pane(*([0.0, 100.0] * 9)), painter=painter)

    assert labels(drawn(pane(*([50.0, 60.0] * 9)), painter=painter)) == ("60", "50")


def test_a_scale_has_round_ends() -> None:
    scale = fit_pane(33.0, 68.0, 5)

    assert (scale.low, scale.high) == (30.0, 70.0)


VALUES = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-1, 101),
    st.sampled_from([0.0, 5e-324, 1e99, -1e99, 1e100]),
)
OPTIONS = st.fixed_dictionaries(
    {
        "glyphs": st.sampled_from([EIGHTHS, HALVES, ASCII]),
        "columns": st.integers(1, 8),
        "merge": st.integers(1, 5),
        "offset": st.integers(0, 9),
    }
)
ROWS = st.lists(st.lists(VALUES, max_size=5), max_size=30)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 90), st.integers(0, 45), st.integers(0, 6), OPTIONS)
def test_whatever_the_values_every_strip_has_its_width(
    rows: list[list[float | None]], width: int, height: int, lines: int, options: dict[str, Any]
) -> None:
    names = tuple("ABCDEF"[:lines])
    made = Plot("X", opens(len(rows)), rows, names)

    strips = paint(wave(25), width, height, panes=[made, made, made], **options)

    assert len(strips) == height
    assert {strip.cell_length for strip in strips} <= {width}
    assert all(sum(piece.cell_length for piece in strip) == width for strip in strips)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=2, max_size=2), max_size=9),
    OPTIONS,
)
def test_what_is_kept_from_painting_to_painting_draws_the_same(
    ends: list[list[float | None]], options: dict[str, Any]
) -> None:
    # The whole range is always in sight, so that the scale does not depend on what came before.
    begun: list[list[float | None]] = [[0.0, 100.0]] * 12
    painter = ChartPainter()
    for end in ends:
        made = Plot("X", opens(13), [*begun, end], ("A", "B"))
        options = options | {"offset": 0, "merge": 1, "columns": 2}

        kept = paint(wave(13), 60, 30, painter=painter, panes=[made], **options)

        assert picture(kept) == picture(paint(wave(13), 60, 30, panes=[made], **options))


def test_candles_in_sight_are_found_among_many_values() -> None:
    long = Plot("RSI", [START - (9000 - at) * 60 * NS for at in range(9018)], [(50.0,)] * 9018)

    assert drawn(long) == drawn(pane(*([50.0] * 18)))


def test_another_instrument_begins_with_a_scale_of_its_own() -> None:
    painter = ChartPainter()
    paint(wave(18), 44, 20, painter=painter, panes=[pane(*([0.0, 100.0] * 9))])
    other = msgspec.structs.replace(candle(1, 2, 1, 2).instrument, symbol="ETHUSDT")
    moved = [msgspec.structs.replace(each, instrument=other) for each in wave(18)]

    rows = picture(paint(moved, 44, 20, painter=painter, panes=[RAMP])).split("\n")

    assert rows[-4].endswith(" 70")
    assert look(moved, MINUTE, slots=18).bars[0].open_time == START
