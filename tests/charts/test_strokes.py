"""What the user drew, marks at moments, and prices that are watched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from chart_drawing import PALETTE, START, colour_at, paint, picture, wave
from hypothesis import given
from hypothesis import strategies as st

from tui.charts import ASCII, BRAILLE, EIGHTHS, HALVES, ChartPainter, Glyphs, Layers
from tui.charts.layers import Box, Mark, Note, PriceLine, Reach, Stroke
from tui.charts.strokes import clip
from tui.model.events import Candle
from tui.model.timeframe import NS

M = 60 * NS


def at(minute: int, price: float) -> tuple[int, float]:
    return START + minute * M, price


RAY = Stroke(at(14, 98.0), at(20, 100.0), Reach.RIGHT, label="up")
ZONE = Box(at(15, 101.0), at(24, 98.5), label="zone")


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 12, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def drawn(*drawings: Stroke | Box | Note, **options: Any) -> list[str]:
    return lines(wave(30), layers=Layers(drawings=drawings), **options)


def test_a_ray_goes_on_to_the_edge_and_has_its_label_there() -> None:
    assert drawn(RAY, margin=3) == [
        " 101.75                ⣀⠤⠒⠁",
        "    ╷ ╷ ╷          ⢀⠤⠒⠉  up ╷",
        "╷ ╷ │ ┼ │ ╷ ╷  ⢀⡠⠔⠊⠁  ╷ ╷ │ ┼",
        "▃ ▃ █ ╵ █ ▃ ▃⠔│⠁    │ ▃ ▃ █ ╵",
        "▄ █ ┃   █⠤┃⠉▄ ▄ ┈   ▄ ▄ █ ┃ ┈   ┈    100.00",
        "╵ █ █⡠⠔⠉█ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "⢀⡠│⠊│   │ │   █ │ │ ┃   │ │",
        "⠁             █ █ █ ┃",
        "              ▃ ▃ ▃ ▃",
        "              ╵ ╵ ╵ ╵",
        "            97.00",
        "        10:20     10:25                 UTC",
    ]


def texts_of(drawings: Sequence[Stroke | Box | Note], names: str, **options: Any) -> str:
    """The names that can be read, in the order of their rows."""
    found = "\n".join(drawn(*drawings, **options))
    return "".join(sorted((name for name in names if name * 4 in found), key=found.index))


def test_labels_of_lines_close_to_one_another_do_not_overwrite_each_other() -> None:
    levels = [
        Stroke(at(0, 99.5 + 0.1 * number), at(1, 99.5 + 0.1 * number), Reach.BOTH, label=name * 4)
        for number, name in enumerate("vwxyz")
    ]

    assert sorted(texts_of(levels, "vwxyz", width=24)) == list("vwxyz")


def test_where_all_labels_have_no_room_the_chosen_ones_has() -> None:
    levels = [
        Stroke(at(0, 99.5), at(1, 99.5), Reach.BOTH, label=name * 4, chosen=name == "z")
        for name in "klmnopqrstuvwxyz"
    ]

    assert "z" in texts_of(levels, "klmnopqrstuvwxyz", width=24)
    assert len(texts_of(levels, "klmnopqrstuvwxyz", width=24)) == 7


def test_a_note_is_never_left_out() -> None:
    notes = [Note(at(26, 99.5), name * 4) for name in "vw"]
    levels = [Stroke(at(0, 99.5), at(1, 99.5), Reach.BOTH, label=name * 4) for name in "abcdefghij"]

    assert set("vw") <= set(texts_of([*levels, *notes], "abcdefghijvw", width=24))


def test_a_ray_of_half_blocks() -> None:
    assert drawn(RAY, margin=3, glyphs=HALVES) == [
        " 101.75                 ▄▄▀",
        "    ╷ ╷ ╷           ▄▄▀▀ up ╷",
        "╷ ╷ │ │ │ ╷ ╷   ▄▄▀▀  ╷ ╷ │ │",
        "▄ ▄ █ ┴ █ ▄ ▄▄│▀    │ ▄ ▄ █ ┴",
        "▀ █ ┃   █▄┃▀▀ ▄ ┈   ▄ ▀ █ ┃ ┈   ┈    100.00",
        "╵ █ █▄▄▀█ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        " ▄│▀│   │ │   █ │ │ ┃   │ │",
        "▀             █ █ █ ┃",
        "              ▀ ▀ ▀ ▀",
        "              ╵ ╵ ╵ ╵",
        "            97.00",
        "        10:20     10:25                 UTC",
    ]


def test_a_ray_among_braille_bodies() -> None:
    assert drawn(RAY, margin=3, glyphs=BRAILLE) == [
        " 101.75                ⣀⠤⠒⠁",
        "    ╷ ╷ ╷          ⢀⠤⠒⠉  up ╷",
        "╷ ╷ │ ┼ │ ╷ ╷  ⢀⡠⠔⠊⠁  ╷ ╷ │ ┼",
        "│ │ ⣿ ╵ ⣿ │ │⠔│⠁    │ │ │ ⣿ ╵",
        "⠛ ⣿ ⢕   ⣿⠤⣿⠉⠛ ⣤ ┈   ⣤ ⠛ ⣿ ⢕ ┈   ┈    100.00",
        "╵ ⣿ ⣿⡠⠔⠉⣿ ⣿ ╵ ⣿ ╷ ╷ ⢕ ╵ ⣿ ⣿",
        "⢀⡠│⠊│   │ │   ⣿ │ │ ⢕   │ │",
        "⠁             ⣿ ⣿ ⣿ ⢕",
        "              ⠛ ⠛ ⠛ ⠛",
        "              ╵ ╵ ╵ ╵",
        "            97.00",
        "        10:20     10:25                 UTC",
    ]


def test_a_ray_of_letters_leans_as_it_goes() -> None:
    assert drawn(RAY, margin=3, glyphs=ASCII) == [
        " 101.75                  --",
        "    . . .            ----up .",
        ". . | | | . .    ---- . . | |",
        "| | O + # | |-|--   | | | O +",
        "+ # O   # O-+ # .   O + # O .   .    100.00",
        "' # O --#-O ' # . . O ' # O",
        "  |-|-  | |   # | | O   | |",
        "--            # O # O",
        "              # O # O",
        "              ' ' ' '",
        "            97.00",
        "        10:20     10:25                 UTC",
    ]


def test_a_chosen_rectangle_has_its_corners_marked() -> None:
    assert drawn(Box(at(15, 101.0), at(24, 98.5), label="zone", chosen=True)) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      ◆⣀╷⣀│⣀┼⣀│⣀╷⣀╷⣀⣀⣀⣀⣀⣀   ╷ ╷ │ ┼",
        "    │ ▃zone ╵ █ ▃ ▃ │   ⢸ │ ▃ ▃ █ ╵",
        "┈   ▄ ▄ █ ┃ ┈ █ ┃ ▄ ▄   ⢸ ▄ ▄ █ ┃    100.00",
        "╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "│ │ ┃ ⡇⣀│⣀│⣀⣀⣀│⣀│⣀⣀⣀█⣀│⣀◆ ┃   │ │",
        "█ █ ┃               █ █ █ ┃",
        "▃ ▃ ▃               ▃ ▃ ▃ ▃",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_a_rectangle_of_letters() -> None:
    assert drawn(ZONE, glyphs=ASCII, fine_colours=False) == [
        "       101.75",
        "          . . .                 . .",
        "      .-.-|-|-|-.-.------   . . | |",
        "    | |zone + # | | | . | | | | O +",
        ".   O + # O . # O + #   | O + # O    100.00",
        ". . O ' # O   # O ' # . . O ' # O",
        "| | O |-|-|---|-|---#-|-| O   | |",
        "O # O               # O # O",
        "O # O               # O # O",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_notes_and_marks_stand_before_the_candles_and_watched_prices_behind() -> None:
    layers = Layers(
        drawings=[Note(at(20, 98.0), "bought")],
        marks=[Mark(at(22, 99.0), "▲", "^")],
        price_lines=[PriceLine(98.4, "alert")],
    )

    assert lines(wave(30), layers=layers) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      ╷ ╷ │ ┼ │ ╷ ╷         ╷ ╷ │ ┼",
        "    │ ▃ ▃ █ ╵ █ ▃ ▃ │     │ ▃ ▃ █ ╵",
        "┈   ▄ ▄ █ ┃ ┈ █ ┃ ▄ ▄   ┈ ▄ ▄ █ ┃    100.00",
        "╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "│ │ ┃   │ │   │ │   ▲ │ │ ┃   │ │",
        "alert ╌ ╌ ╌ ╌ ╌ bought█ █ ┃ ╌ ╌ ╌ ╌   98.40",
        "▃ ▃ ▃               ▃ ▃ ▃ ▃",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_marks_and_watched_prices_of_letters() -> None:
    layers = Layers(
        marks=[Mark(at(22, 99.0), "▲", "^")],
        price_lines=[PriceLine(98.4, "alert")],
    )

    assert lines(wave(30), layers=layers, glyphs=ASCII) == [
        "       101.75",
        "          . . .                 . .",
        "      . . | | | . .         . . | |",
        "    | | | O + # | | |     | | | O +",
        ".   O + # O . # O + #   . O + # O    100.00",
        ". . O ' # O   # O ' # . . O ' # O",
        "| | O   | |   | |   ^ | | O   | |",
        "alert - - - - - - - # O # O - - - -   98.40",
        "O # O               # O # O",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def dots(*drawings: Stroke | Box | Note, **options: Any) -> int:
    """How many cells of a chart are braille."""
    return sum("\u2800" < each <= "\u28ff" for row in drawn(*drawings, **options) for each in row)


def test_a_stroke_ends_at_its_points() -> None:
    assert dots(Stroke(at(14, 98.0), at(20, 100.0))) < dots(RAY)
    both = Stroke(at(14, 98.0), at(20, 100.0), Reach.BOTH)
    assert dots(both) >= dots(RAY)


def test_a_stroke_with_both_ends_out_of_sight_crosses_the_view() -> None:
    assert dots(Stroke(at(-1000, 99.0), at(1000, 99.0))) > 18


def test_a_stroke_that_passes_by_is_not_drawn() -> None:
    assert drawn(Stroke(at(-1000, 150.0), at(1000, 150.0))) == drawn()
    assert drawn(Stroke(at(-90, 99.0), at(-50, 99.0))) == drawn()


def test_a_line_straight_up_is_drawn_from_top_to_bottom() -> None:
    rows = drawn(Stroke(at(20, 99.0), at(20, 100.0), Reach.BOTH), glyphs=ASCII)

    assert all(row[16] in "|#O+.'" for row in rows[:10])


def test_both_points_in_one_place_are_a_dot() -> None:
    assert dots(Stroke(at(20, 98.0), at(20, 98.0), Reach.BOTH)) == 1


def test_what_is_chosen_stands_out() -> None:
    plain = paint(wave(30), 44, 12, volume=False, layers=Layers(drawings=[ZONE]))
    chosen = paint(
        wave(30),
        44,
        12,
        volume=False,
        layers=Layers(drawings=[Box(ZONE.start, ZONE.end, label="zone", chosen=True)]),
    )

    assert colour_at(plain, 7, 2)[0] == "#56b4e9"
    assert colour_at(chosen, 7, 2)[0] == PALETTE.text


def test_what_is_inside_a_rectangle_is_shaded_and_stays_visible() -> None:
    strips = paint(wave(30), 44, 12, volume=False, layers=Layers(drawings=[ZONE]))

    assert strips[5].text[12] == "╷" or strips[4].text[14] == "█"
    assert colour_at(strips, 13, 5)[1] == "#0a161c"
    assert colour_at(strips, 1, 5)[1] == PALETTE.background


def test_a_drawing_at_an_impossible_price_is_left_out_and_counted() -> None:
    painter = ChartPainter()
    wrong = [
        Stroke(at(14, math.nan), at(20, 100.0)),
        Box(at(14, 98.0), at(20, math.inf)),
        Note(at(14, math.nan), "x"),
    ]
    layers = Layers(
        drawings=wrong,
        marks=[Mark(at(22, math.inf), "▲", "^"), Mark(at(22, 99.0), "too long", "^")],
        price_lines=[PriceLine(math.nan)],
    )

    strips = paint(wave(30), 44, 12, volume=False, painter=painter, layers=layers)

    drawn = picture(strips).split("\n")
    assert drawn[10] == "6 left out"
    assert [*drawn[:10], *drawn[11:]] == [*lines(wave(30))[:10], *lines(wave(30))[11:]]
    assert painter.skipped == 6


def test_a_note_at_the_edge_is_moved_to_where_it_has_room() -> None:
    rows = drawn(Note(at(29, 98.0), "the end of it"))

    assert any(row[:36].endswith("the end of it") for row in rows)


def test_a_note_in_wide_characters_keeps_the_width_of_its_row() -> None:
    strips = paint(
        wave(30), 44, 12, volume=False, layers=Layers(drawings=[Note(at(18, 98.0), "買い増し")])
    )

    assert strips[7].text[12:20] == "買い増し█ █ "
    assert {strip.cell_length for strip in strips} == {44}


def test_of_a_wide_character_cut_in_half_a_blank_is_left() -> None:
    layers = Layers(drawings=[Note(at(18, 98.0), "買い")], marks=[Mark(at(19, 98.0), "▲", "^")])

    strip = paint(wave(30), 44, 12, volume=False, layers=layers)[7]

    assert strip.text[12:16] == "買▲  "
    assert strip.cell_length == sum(segment.cell_length for segment in strip) == 44


def test_a_watched_price_is_labelled_on_the_axis_in_its_colour() -> None:
    strips = paint(
        wave(30),
        44,
        12,
        volume=False,
        layers=Layers(price_lines=[PriceLine(98.4, colour="#ff8800")]),
    )

    assert strips[7].text.endswith(" 98.40 ")
    assert colour_at(strips, 39, 7)[1] == "#ff8800"


def test_the_last_price_has_the_axis_before_a_watched_one() -> None:
    rows = lines(wave(30), last_price=98.4, layers=Layers(price_lines=[PriceLine(98.39)]))

    assert rows[7].endswith(" 98.40")


def test_drawings_that_stay_keep_their_rows() -> None:
    painter = ChartPainter()
    layers = Layers(drawings=[RAY, ZONE, Note(at(20, 98.0), "bought")])
    first = paint(wave(30), 44, 12, painter=painter, layers=layers)
    again = paint(wave(30), 44, 12, painter=painter, layers=layers)

    assert all(one is other for one, other in zip(first, again, strict=True))


def test_a_new_candle_moves_drawings_along() -> None:
    painter = ChartPainter()
    lines(wave(30), painter=painter, layers=Layers(drawings=[RAY, ZONE]))

    moved = lines(wave(31), painter=painter, layers=Layers(drawings=[RAY, ZONE]))

    assert moved == lines(wave(31), layers=Layers(drawings=[RAY, ZONE]))


COORDINATES = st.floats(-1e12, 1e12) | st.floats(-100, 300)


@given(
    st.tuples(COORDINATES, COORDINATES),
    st.tuples(COORDINATES, COORDINATES),
    st.sampled_from(list(Reach)),
)
def test_what_is_clipped_lies_in_the_field(
    start: tuple[float, float], end: tuple[float, float], reach: Reach
) -> None:
    found = clip(start, end, reach, (200, 100))

    if found is not None:
        for x, y in found:
            slack = 1e-3 * max(1.0, *map(abs, (*start, *end))) / 1e6
            assert -slack - 0.5 <= x <= 200 + slack
            assert -slack - 0.5 <= y <= 100 + slack


@given(
    st.tuples(st.floats(0, 199), st.floats(0, 99)), st.tuples(st.floats(0, 199), st.floats(0, 99))
)
def test_a_line_within_the_field_is_not_cut(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    found = clip(start, end, Reach.NONE, (200, 100))

    assert found is not None
    assert found[0] == pytest.approx(start, abs=1e-5)
    assert found[1] == pytest.approx(end, abs=1e-5)


@pytest.mark.parametrize("glyphs", [EIGHTHS, HALVES, BRAILLE, ASCII])
@pytest.mark.parametrize("size", [(10, 3), (16, 5), (40, 12)])
def test_drawings_have_no_cell_outside_small_charts(glyphs: Glyphs, size: tuple[int, int]) -> None:
    note = Note(at(25, 100.0), "a note that is longer than the chart is wide, whatever one does")
    layers = Layers(drawings=[RAY, ZONE, note], price_lines=[PriceLine(100.0, "watched " * 9)])

    strips = paint(wave(30), *size, glyphs=glyphs, layers=layers)

    assert {strip.cell_length for strip in strips} == {size[0]}
