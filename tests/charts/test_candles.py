"""The shapes of single candles, as pictures. A digit is a piece of body that hangs from the top
edge of its cell, so many eighths high: a block with its colours exchanged."""

from __future__ import annotations

import pytest

from tui.charts import ASCII, EIGHTHS, HALVES, Glyphs
from tui.charts.candles import body_width, candle_shape

ROWS = 6
NO_UPPER, NO_LOWER = 2 * ROWS, 0


def draw(
    glyphs: Glyphs,
    top: int,
    bottom: int,
    high: int = NO_UPPER,
    low: int = NO_LOWER,
    *,
    width: int = 1,
    hollow: bool = False,
) -> list[str]:
    rows = [[" "] * width for _ in range(ROWS)]
    for row, column, text, is_cut in candle_shape(
        glyphs,
        width,
        (False, True),
        top=top,
        bottom=bottom,
        high=high,
        low=low,
        hollow=hollow,
    ):
        for offset, character in enumerate(text):
            if is_cut and character in glyphs.lower:
                character = str(glyphs.steps - glyphs.lower.index(character))
            rows[row][column + offset] = character
    return ["".join(row) for row in rows]


def side_by_side(*candles: list[str]) -> list[str]:
    return [" ".join(cells) for cells in zip(*candles, strict=True)]


def test_edges_of_a_body_move_by_eighths() -> None:
    bodies = [draw(EIGHTHS, 16 + step, 32 + step) for step in range(8)]

    assert side_by_side(*bodies) == [
        "               ",
        "               ",
        "█ ▇ ▆ ▅ ▄ ▃ ▂ ▁",
        "█ █ █ █ █ █ █ █",
        "  1 2 3 4 5 6 7",
        "               ",
    ]


def test_edges_of_a_body_move_by_halves() -> None:
    bodies = [draw(HALVES, 4 + step, 8 + step) for step in range(3)]

    assert side_by_side(*bodies) == ["     ", "     ", "█ ▄  ", "█ █ █", "  ▀ █", "     "]


def test_a_short_body_touches_the_nearer_edge_of_its_row() -> None:
    bodies = [draw(EIGHTHS, 16 + above, 20 + above) for above in range(5)]

    assert side_by_side(*bodies)[2] == "4 4 ▄ ▄ ▄"


def test_wicks_end_at_half_rows() -> None:
    wicks = [draw(EIGHTHS, 16, 32, high, low) for high, low in ((0, 12), (1, 11), (2, 10), (3, 9))]

    assert side_by_side(*wicks) == [
        "│ ╷    ",
        "│ │ │ ╷",
        "█ █ █ █",
        "█ █ █ █",
        "│ │ │ ╵",
        "│ ╵    ",
    ]


def test_a_wick_takes_up_to_a_quarter_row_of_its_body_so_as_not_to_hang_free() -> None:
    bodies = [draw(EIGHTHS, 16 + step, 32 + step, 0, 12) for step in (0, 1, 2, 5, 6, 7)]

    assert side_by_side(*bodies) == [
        "│ │ │ │ │ │",
        "│ │ │ │ │ │",
        "█ ▇ ▆ ▃ │ │",
        "█ █ █ █ █ █",
        "│ │ │ 5 6 7",
        "│ │ │ │ │ │",
    ]


def test_a_doji_is_a_cross_of_the_wicks_it_has() -> None:
    crosses = [
        draw(EIGHTHS, 20, 20),
        draw(EIGHTHS, 20, 20, high=1),
        draw(EIGHTHS, 20, 20, low=9),
        draw(EIGHTHS, 20, 20, 1, 10),
    ]

    assert side_by_side(*crosses) == [
        "  ╷   ╷",
        "  │   │",
        "─ ┴ ┬ ┼",
        "    │ │",
        "    ╵ │",
        "       ",
    ]


def test_a_candle_of_one_price_is_a_line_at_its_height() -> None:
    lines = [draw(EIGHTHS, 16 + step, 16 + step) for step in range(8)]

    assert side_by_side(*lines)[2] == "1 1 ─ ─ ─ ─ ▁ ▁"


def test_a_body_of_a_quarter_row_is_a_thicker_cross() -> None:
    assert draw(EIGHTHS, 19, 21, 3, 7) == [" ", "╷", "┿", "╵", " ", " "]
    assert draw(EIGHTHS, 18, 21, width=3) == ["   ", "   ", "333", "   ", "   ", "   "]


def test_a_thin_body_across_two_rows_keeps_its_wicks() -> None:
    assert draw(EIGHTHS, 15, 17, 0, 12) == ["│", "│", "┿", "│", "│", "│"]


def test_the_inside_of_a_hollow_body_is_a_hole() -> None:
    narrow = draw(EIGHTHS, 5, 43, hollow=True)
    wide = draw(EIGHTHS, 5, 43, width=3, hollow=True)

    assert side_by_side(narrow, wide) == [
        "▃ ▃▃▃",
        "┃ █ █",
        "┃ █ █",
        "┃ █ █",
        "┃ █ █",
        "3 333",
    ]


def test_ascii_tells_rising_from_falling_by_their_characters() -> None:
    candles = [
        draw(ASCII, 2, 4, 1, 11, hollow=True),
        draw(ASCII, 2, 4, 1, 11),
        draw(ASCII, 2, 4, 1, 11, width=3, hollow=True),
        draw(ASCII, 2, 4, 1, 11, width=3),
        draw(ASCII, 3, 3, 1, 11, width=3),
    ]

    assert side_by_side(*candles) == [
        ". .  .   .   . ",
        "| |  |   |   | ",
        "O # [ ] ###  | ",
        "O # [ ] ### -+-",
        "| |  |   |   | ",
        "' '  '   '   ' ",
    ]


@pytest.mark.parametrize(
    ("columns", "width"), [(1, 1), (2, 1), (3, 1), (4, 3), (5, 3), (6, 5), (7, 5), (8, 7)]
)
def test_bodies_are_odd_so_that_wicks_stand_in_the_middle(columns: int, width: int) -> None:
    assert body_width(columns) == width
