"""Whole charts: golden pictures, exact sizes, rows that stay the same object, no input that breaks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from chart_drawing import (
    BTC,
    MINUTE,
    PALETTE,
    START,
    candle,
    colour_at,
    paint,
    picture,
    series,
    wave,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts import ASCII, BRAILLE, EIGHTHS, HALVES, ChartPainter, Glyphs
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

NOW = START + 29 * 60 * NS + 13 * NS
HOUR = Timeframe(1, "h")


def lines(*args: Any, **options: Any) -> list[str]:
    return picture(paint(*args, **options)).split("\n")


def test_eighths() -> None:
    drawn = lines(wave(30), 44, 16, last_price=101.25, now_ns=NOW)

    assert drawn == [
        "┈   ┈  101.75   ┈   ┈   ┈   ┈   ┈    102.50",
        "          ╷ ╷ ╷                 ╷ ╷",
        "- - - ╷ ╷ │ │ │ ╷ ╷ - - - - ╷ ╷ │ │  101.25",
        "    ╷ │ │ █ ┼ █ │ │ ╷     ╷ │ │ █ ┼   00:47",
        "┈   │ ▁ █ ┃ ┈ █ █ ▁ │   ┈ │ ▁ █ ┃    100.00",
        "    █ │ █ ┃   █ ┃ │ █     █ │ █ ┃",
        "│ │ ┃   ▂ ▂   ▂ ▂   █ │ │ ┃   ▂ ▂",
        "▃ ▃ ┃   ╵ ╵   ╵ ╵   █ ▃ ▃ ┃   ╵ ╵",
        "┃ █ ┃               █ ┃ █ ┃",
        "▄ ▄ ▄   ┈   ┈   ┈   ▄ ▄ ▄ ▄ ┈   ┈     97.50",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆ ▆     1.1",
        "█ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █",
        "█ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █",
        "    10:15     10:20     10:25           UTC",
    ]


def test_a_date_stands_at_the_very_left() -> None:
    drawn = lines(wave(62, timeframe=HOUR), 60, 14, timeframe=HOUR, columns=1, volume=False)

    assert drawn[-1] == "22 Nov       12:00      23 Nov       12:00              UTC"


def test_wide_candles() -> None:
    drawn = lines(wave(30), 44, 16, columns=4, last_price=101.25, now_ns=NOW)

    assert drawn == [
        "┈   ┈   ┈   ┈   ┈   ┈   ┈ 101.75┈    102.50",
        "                             ╷   ╷",
        "-╷- - - - - - - - - -╷- -╷- -│- -│-  101.25",
        " │   ╷           ╷   │   │  ███ ─┼─   00:47",
        "▁▁▁ ┈│  ┈   ┈   ┈│  ▁▁▁ ███ █ █ ┈    100.00",
        " │  ███         ███  │  ███ █ █",
        "    ███  │   │  █ █     ▂▂▂ ▂▂▂",
        "    ███ ▃▃▃ ▃▃▃ █ █      ╵   ╵",
        "    ███ █ █ ███ █ █",
        "┈   ▄▄▄ ▄▄▄ ▄▄▄ ▄▄▄ ┈   ┈   ┈   ┈     97.50",
        "     ╵   ╵   ╵   ╵",
        "   97.00",
        "▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆ ▆▆▆     1.1",
        "███ ███ ███ ███ ███ ███ ███ ███ ███",
        "███ ███ ███ ███ ███ ███ ███ ███ ███",
        "               10:25                    UTC",
    ]


def test_halves() -> None:
    drawn = lines(wave(30), 44, 16, glyphs=HALVES, last_price=101.25, now_ns=NOW)

    assert drawn == [
        "┈   ┈  101.75   ┈   ┈   ┈   ┈   ┈    102.50",
        "          ╷ ╷ ╷                 ╷ ╷",
        "- - - ╷ ╷ │ │ │ ╷ ╷ - - - - ╷ ╷ │ │  101.25",
        "    ╷ │ │ █ ┼ █ │ │ ╷     ╷ │ │ █ ┼   00:47",
        "┈   │ █ █ ┃ ┈ █ █ █ │   ┈ │ █ █ ┃    100.00",
        "    █ │ █ ┃   █ ┃ │ █     █ │ █ ┃",
        "│ │ ┃   ▀ ▀   ▀ ▀   █ │ │ ┃   ▀ ▀",
        "▄ ▄ ┃   ╵ ╵   ╵ ╵   █ ▄ ▄ ┃   ╵ ╵",
        "┃ █ ┃               █ ┃ █ ┃",
        "▀ ▀ ▀   ┈   ┈   ┈   ▀ ▀ ▀ ▀ ┈   ┈     97.50",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄     1.1",
        "█ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █",
        "█ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █",
        "    10:15     10:20     10:25           UTC",
    ]


def test_ascii() -> None:
    drawn = lines(wave(30), 44, 16, glyphs=ASCII, last_price=101.25, now_ns=NOW)

    assert drawn == [
        ".   .  101.75   .   .   .   .   .    102.50",
        "          . . .                 . .",
        "- - - . . | | | . . - - - - . . | |  101.25",
        "    . | | O + # | | .     . | | O +   00:47",
        ".   | O # O . # O # |   . | O # O    100.00",
        "    O | # O   # O | #     O | # O",
        "| | O   # O   # O   # | | O   # O",
        "| | O   ' '   ' '   # | | O   ' '",
        "O # O               # O # O",
        "| | |   .   .   .   | | | | .   .     97.50",
        "' ' '               ' ' ' '",
        "97.00",
        ": : : : : : : : : : : : : : : : : :     1.1",
        "# # # # # # # # # # # # # # # # # #",
        "# # # # # # # # # # # # # # # # # #",
        "    10:15     10:20     10:25           UTC",
    ]
    assert all(line.isascii() for line in drawn)


def test_braille() -> None:
    drawn = lines(wave(30), 44, 16, glyphs=BRAILLE, last_price=101.25, now_ns=NOW)

    assert drawn == [
        "┈   ┈  101.75   ┈   ┈   ┈   ┈   ┈    102.50",
        "          ╷ ╷ ╷                 ╷ ╷",
        "- - - ╷ ╷ │ │ │ ╷ ╷ - - - - ╷ ╷ │ │  101.25",
        "    ╷ │ │ ⣿ ┼ ⣿ │ │ ╷     ╷ │ │ ⣿ ┼   00:47",
        "┈   │ ⠿ ⣿ ⢕ ┈ ⣿ ⣿ ⠿ │   ┈ │ ⠿ ⣿ ⢕    100.00",
        "    ⣿ │ ⣿ ⢕   ⣿ ⢕ │ ⣿     ⣿ │ ⣿ ⢕",
        "│ │ ⢕   ⠿ ⠿   ⠿ ⠿   ⣿ │ │ ⢕   ⠿ ⠿",
        "⣤ ⣤ ⢕   ╵ ╵   ╵ ╵   ⣿ ⣤ ⣤ ⢕   ╵ ╵",
        "⢕ ⣿ ⢕               ⣿ ⢕ ⣿ ⢕",
        "⠛ ⠛ ⠛   ┈   ┈   ┈   ⠛ ⠛ ⠛ ⠛ ┈   ┈     97.50",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶ ⣶     1.1",
        "⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿",
        "⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿ ⣿",
        "    10:15     10:20     10:25           UTC",
    ]


def test_wide_candles_of_braille_have_walls() -> None:
    drawn = lines(wave(30), 44, 10, glyphs=BRAILLE, columns=4, volume=False)

    assert drawn[3:7] == [
        "⣤⣤⣤ ┈│  ┈   ┈   ┈│  ⣤⣤⣤ ⣶⣶⣶ ⡇ ⢸ ┈    100.00",
        " ╵  ⣿⣿⣿  ╷   ╷  ⣿⣿⣿  ╵  ⣿⣿⣿ ⣿⣿⣿",
        "    ⣿⣿⣿ ⣤⣤⣤ ⣤⣤⣤ ⡇ ⢸      ╵   ╵",
        "    ⠿⠿⠿ ⠿⠿⠿ ⠿⠿⠿ ⠿⠿⠿",
    ]


def test_days_are_separated() -> None:
    drawn = lines(wave(60, timeframe=HOUR), 60, 14, timeframe=HOUR, columns=1, volume=False)

    assert drawn == [
        "┈   ┈101.75 ┈   ┈   ┈   ┈   ┈┊  ┈   ┈   ┈   ┈   ┈    102.50",
        "     ┊  ╷╷╷        ╷╷╷       ┊╷╷╷        ╷╷╷",
        "╷╷   ┊╷╷│││╷╷    ╷╷│││╷╷    ╷╷│││╷╷    ╷╷│││╷╷    ╷",
        "││╷  ╷││▇┼▇││╷  ╷││▇┼▇││╷  ╷││▇┼▇││╷  ╷││▇┼▇││╷  ╷│",
        "▇▇│  │▇▇┃ █▇▇│  │▇▇┃ █▇▇│  │▇▇┃ █▇▇│  │▇▇┃ █▇▇│  │▇",
        "┃│▆ ┈▆│█┃ █┃│▆  ▆│█┃┈█┃│▆  ▆│█┃ █┃│▆┈ ▆│█┃ █┃│▆ ┈▆│  100.00",
        "█ █  ┃ ██ ██ █  ┃ ██ ██ █  ┃ ██ ██ █  ┃ ██ ██ █  ┃",
        "│ █││┃ ││ ││ █││┃ ││ ││ █││┃ ││ ││ █││┃ ││ ││ █││┃",
        "╵ █▆▆┃ ╵╵ ╵╵ █▆▆┃ ╵╵ ╵╵ █▆▆┃ ╵╵ ╵╵ █▆▆┃ ╵╵ ╵╵ █▆▆┃",
        "  █┃█┃       █┃█┃       █┃█┃ ┊     █┃█┃       █┃█┃",
        "┈ ▅▅▅▅  ┈   ┈▅▅▅▅   ┈   ▅▅▅▅┈┊  ┈  ▅▅▅▅ ┈   ┈ ▅▅▅▅    97.50",
        "  ╵╵╵╵       ╵╵╵╵       ╵╵╵╵ ┊     ╵╵╵╵       ╵╵╵╵",
        "97.00┊                       ┊",
        "  22 Nov       12:00      23 Nov       12:00            UTC",
    ]


def test_missing_candles_are_holes() -> None:
    drawn = lines([each for at, each in enumerate(wave(30)) if at not in (20, 21, 25)], 44, 10)

    assert drawn == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      │ │ ▄ ┼ ▄             │ │ ▄ ┼",
        "┈   │ ▃ ▇ ┃ ┈ █ ┈   │   ┈   ▃ ▇ ┃    100.00",
        "╷ ╷ █ ╵ █ █   █     █ ╷ ╷   ╵ █ █",
        "▃ ▃ ┃   ╵ ╵   ╵     █ ▃ ▃     ╵ ╵",
        "▂ ▂ ▂               ▂ ▂ ▂",
        "╵ ╵ ╵               ╵ ╵ ╵",
        "97.00",
        "    10:15         10:22   10:26         UTC",
    ]


def test_a_short_chart_drops_the_volume_and_shortens_the_axis() -> None:
    assert lines(wave(30), 30, 6, last_price=101.25, now_ns=NOW) == [
        "-╷- - - - - - - - -╷-╷- 101.25",
        "┈█ ▄┈┿ ▁┈   ┈▁ ┿┈▄ █┈┴   00:47",
        " ▁ ▁ ╵ █ ╷ ╷ ┃ ╵ ▁ ▁",
        " ╵ ╵   █ ▆ ▆ ┃   ╵ ╵",
        "       ▆ ▆ ▆ ▆",
        " 10:20     10:25           UTC",
    ]


def test_a_tiny_chart_is_only_candles() -> None:
    assert lines(wave(30), 12, 3) == [
        "     ╷ ▁ ▃ ┼",
        " ╷ ▇ ┷ ▂ ▂",
        " ▄ ▄",
    ]


def test_one_row_and_no_candles_are_blank() -> None:
    assert lines(wave(30), 40, 1) == [""]
    assert lines([], 40, 3) == ["", "", ""]
    assert paint(wave(30), 40, 0) == []
    assert [strip.cell_length for strip in paint(wave(30), 0, 2)] == [0, 0]


def test_a_message_stands_in_the_middle_of_an_empty_chart() -> None:
    assert lines([], 20, 3, message="no candles yet") == ["", "   no candles yet", ""]


def test_a_message_of_wide_characters_is_cut_at_the_edge() -> None:
    strips = paint([], 7, 1, message="行情行情行情")

    assert [(strip.text, strip.cell_length) for strip in strips] == [("行情行 ", 7)]


def test_colours_follow_the_palette() -> None:
    strips = paint(series([(1, 2, 1, 2), (2, 2, 1, 1)]), 4, 4, columns=2)

    assert picture(strips).split("\n") == [" ▆ ▆", " ┃ █", " ┃ █", " ▂ ▂"]
    assert colour_at(strips, 1, 0) == (PALETTE.up, PALETTE.background)
    assert colour_at(strips, 3, 0) == (PALETTE.down, PALETTE.background)


def test_a_lower_edge_exchanges_the_colours() -> None:
    strips = paint(series([(2.0, 2.0, 1.0, 1.0)]), 1, 4, columns=1)

    assert picture(strips).split("\n") == ["▆", "█", "█", "▂"]
    assert colour_at(strips, 0, 3) == (PALETTE.background, PALETTE.down)


def test_the_last_price_is_highlighted_on_the_axis() -> None:
    strips = paint(wave(30), 44, 16, last_price=101.25)
    row = next(row for row, strip in enumerate(strips) if "101.25" in strip.text)

    assert colour_at(strips, 40, row) == ("#000000", PALETTE.last_price)


def test_a_last_price_of_a_while_ago_and_its_countdown_do_not_stand_out() -> None:
    painter, close = ChartPainter(), START + 30 * 60 * NS

    def draw(left: int) -> list[Any]:
        now = close - left * NS
        return paint(
            wave(30), 44, 16, painter=painter, last_price=101.25, is_stale=True, now_ns=now
        )

    strips = draw(9)
    row = next(row for row, strip in enumerate(strips) if "101.25" in strip.text)
    assert colour_at(strips, 40, row) == (PALETTE.muted, PALETTE.background)
    assert colour_at(strips, 40, row + 1) == (PALETTE.muted, PALETTE.background)
    assert painter.count_down(close - 8 * NS) == draw(8)


def test_the_countdown_runs_to_the_close_of_the_newest_candle() -> None:
    drawn = lines(wave(30), 44, 16, last_price=101.25, now_ns=START + 29 * 60 * NS + 58 * NS)

    assert any(line.endswith("00:02") for line in drawn)


def test_there_is_no_countdown_once_the_candle_is_over() -> None:
    drawn = lines(wave(30), 44, 16, last_price=101.25, now_ns=START + 31 * 60 * NS)

    assert [line[-6:] for line in drawn[2:5]] == ["101.25", drawn[3][-6:], "100.00"]
    assert not any(":" in line for line in drawn[:-1])


def test_the_countdown_alone_is_drawn_as_a_new_painting_would() -> None:
    painter, close = ChartPainter(), START + 30 * 60 * NS
    first = paint(wave(30), 44, 16, painter=painter, last_price=101.25, now_ns=close - 9 * NS)

    for left in (8, 7, 2):
        now = close - left * NS
        found = painter.count_down(now)
        assert found is not None
        again = paint(wave(30), 44, 16, last_price=101.25, now_ns=now)
        assert found == again
        assert sum(one is not other for one, other in zip(found, first, strict=True)) == 1


def test_a_countdown_that_ends_needs_a_new_painting() -> None:
    painter, close = ChartPainter(), START + 30 * 60 * NS
    paint(wave(30), 44, 16, painter=painter, last_price=101.25, now_ns=close - 9 * NS)

    assert painter.count_down(close) is None


def test_without_a_countdown_time_changes_nothing() -> None:
    painter, close = ChartPainter(), START + 30 * 60 * NS
    first = paint(wave(30), 44, 16, painter=painter, last_price=500.0, now_ns=close - 9 * NS)

    assert painter.count_down(close - 8 * NS) == first


def test_a_price_at_the_edge_of_two_rows_leaves_its_line_where_it_is() -> None:
    painter = ChartPainter()
    rows = []
    for price in (101.25, 101.0, 101.25, 100.9, 101.25):
        drawn = paint(wave(30), 44, 16, painter=painter, last_price=price)
        rows.append(next(y for y, strip in enumerate(drawn) if EIGHTHS.last_line in strip.text))

    assert len(set(rows)) == 1


def test_a_last_price_out_of_sight_has_no_line() -> None:
    drawn = lines(wave(30), 44, 16, last_price=5000.0)

    assert not any(EIGHTHS.last_line in line for line in drawn)


def test_without_colours_of_their_own_short_rising_bodies_are_dimmer() -> None:
    palette = msgspec.structs.replace(PALETTE, up="#ffffff", down="#ffffff")

    strips = paint(series([(1, 9, 1, 9), (9, 9, 1, 1), (1, 2, 1, 2)]), 6, 9, palette=palette)

    assert colour_at(strips, 1, 2) == ("#000000", "#ffffff")
    assert "#808080" in colour_at(strips, 5, 7)


def test_merged_candles_fill_the_chart() -> None:
    painter = ChartPainter()

    paint(wave(300), 44, 16, merge=5, painter=painter)

    assert painter.slots == 18


def test_an_unchanged_chart_is_the_very_same_strips() -> None:
    painter = ChartPainter()
    first = paint(wave(50), 80, 24, painter=painter, last_price=100.0, now_ns=NOW)
    again = paint(wave(50), 80, 24, painter=painter, last_price=100.0, now_ns=NOW)

    assert all(one is other for one, other in zip(first, again, strict=True))


def test_an_unchanged_empty_chart_is_the_very_same_strips() -> None:
    painter = ChartPainter()
    first = paint([], 80, 24, painter=painter, message="loading")
    again = paint([], 80, 24, painter=painter, message="loading")

    assert all(one is other for one, other in zip(first, again, strict=True))


def test_one_tick_changes_few_rows() -> None:
    painter = ChartPainter()
    held = wave(50)
    before = paint(held, 80, 40, painter=painter, last_price=held[-1].close)
    tick = msgspec.structs.replace(held[-1], close=held[-1].close + 0.01, volume=1.01)

    after = paint([*held[:-1], tick], 80, 40, painter=painter, last_price=tick.close)

    changed = [row for row in range(40) if before[row] is not after[row]]
    assert len(changed) == 1


def test_the_scale_holds_still_while_the_price_stays_inside() -> None:
    painter = ChartPainter()
    held = wave(50)
    before = paint(held, 80, 40, painter=painter)
    higher = candle(100.0, 102.0, 99.0, 101.9, at=50)

    after = paint([*held[1:], higher], 80, 40, painter=painter)

    assert [strip.text[-7:] for strip in before[:33]] == [strip.text[-7:] for strip in after[:33]]


def test_another_instrument_gets_a_scale_of_its_own() -> None:
    painter = ChartPainter()
    paint(wave(50), 80, 24, painter=painter)
    other = [
        msgspec.structs.replace(each, instrument=msgspec.structs.replace(BTC, symbol="ETHUSDT"))
        for each in series([(100.0, 100.9, 99.8, 100.1)] * 50)
    ]

    drawn = lines(other, 80, 24, painter=painter)

    assert drawn == lines(other, 80, 24)


def test_another_palette_repaints_every_row() -> None:
    painter = ChartPainter()
    light = msgspec.structs.replace(PALETTE, background="#ffffff")
    before = paint(wave(50), 80, 24, painter=painter)

    after = paint(wave(50), 80, 24, painter=painter, palette=light)

    assert not any(one is other for one, other in zip(before, after, strict=True))


def test_neighbours_of_one_colour_are_one_segment() -> None:
    for strip in paint(wave(200), 120, 30, columns=1, last_price=100.0):
        assert all(one.style != other.style for one, other in pairwise(strip))


PRICES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(1e-9, 1e-6),
    st.floats(-1e12, 1e12),
    st.floats(99, 101),
    st.sampled_from([0.0, 1.0, 1e12, 5e-324, 1.7e308]),
)
CANDLES = st.lists(
    st.builds(
        lambda at, opened, high, low, close, volume: candle(
            opened, high, low, close, volume, at=at
        ),
        st.one_of(st.integers(-50, 300), st.integers(-(10**9), 10**9)),
        PRICES,
        PRICES,
        PRICES,
        PRICES,
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    max_size=25,
)
TIMEFRAMES = st.sampled_from(
    [MINUTE, Timeframe(1, "s"), HOUR, Timeframe(1, "w"), Timeframe(1, "M")]
)


@settings(max_examples=100, deadline=None)
@given(
    CANDLES,
    st.integers(0, 90),
    st.integers(0, 40),
    TIMEFRAMES,
    st.fixed_dictionaries(
        {
            "glyphs": st.sampled_from([EIGHTHS, HALVES, BRAILLE, ASCII]),
            "price_decimals": st.integers(0, 12),
            "now_ns": st.integers(0, 2**63),
            "last_price": st.one_of(st.none(), PRICES),
            "columns": st.integers(-1, 9),
            "merge": st.integers(0, 7),
            "offset": st.integers(-3, 40),
            "volume": st.booleans(),
            "hollow_up": st.booleans(),
        }
    ),
)
def test_whatever_comes_every_strip_has_its_width(
    candles: list[Candle], width: int, height: int, timeframe: Timeframe, options: dict[str, Any]
) -> None:
    painter = ChartPainter()
    for part in (candles[: len(candles) // 2], candles):
        strips = paint(part, width, height, timeframe=timeframe, painter=painter, **options)

        assert len(strips) == height
        for strip in strips:
            assert strip.cell_length == width
            assert sum(segment.cell_length for segment in strip) == width


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(90, 110), st.floats(90, 110)), min_size=2, max_size=14),
    st.sampled_from([EIGHTHS, HALVES, BRAILLE, ASCII]),
    st.integers(4, 40),
)
def test_bodies_reach_to_their_price(
    bodies: list[tuple[float, float]], glyphs: Glyphs, height: int
) -> None:
    painter = ChartPainter()
    held = series(
        [
            (opened, max(opened, close), min(opened, close), close)
            for opened, close in [(90.0, 110.0), *bodies]
        ]
    )
    width = len(held)
    strips = paint(
        held,
        width,
        height,
        painter=painter,
        glyphs=glyphs,
        columns=1,
        volume=False,
        hollow_up=False,
    )
    scale = painter._scale.fit(90.0, 110.0, height, smallest=0.04)
    step = 1 / glyphs.steps

    for column, each in enumerate(held):
        upper = scale.position(max(each.open, each.close))
        lower = scale.position(min(each.open, each.close))
        if lower - upper < 1.0:
            continue  # shorter than a row: only its row is promised
        cells = [strip.text[column] for strip in strips]
        first = next(row for row, cell in enumerate(cells) if cell != " ")
        top = first + 1 - glyphs.lower.index(cells[first]) * step
        assert abs(top - upper) <= step / 2 + 1e-9


def test_a_million_candles_cost_no_more_than_those_in_sight() -> None:
    held = wave(200) * 5000
    short = lines(held[-200:], 80, 24)

    assert lines(held, 80, 24) == short


@pytest.mark.parametrize("price", [1e-9, 0.00001234, 1.0, 64_512.35, 1e12, -5.0])
def test_prices_of_any_size_are_drawn(price: float) -> None:
    step = abs(price) * 0.01
    held = series([(price, price + step, price - step, price + step / 2)] * 10)

    drawn = "".join(lines(held, 80, 24, price_decimals=12))

    assert "┃" in drawn
    assert not math.isnan(held[0].open)


HATCHED = [
    "     101.75 ░░░░░░░░░░░░",
    "        ╷ ╷ ╷░░░░░░░░░░░      ╷ ╷ ╷",
    "    │ │ ▄ ┼ ▄░░░░░░░░░░░  │ │ ▄ ┼ ▄",
    "┈ │ ▃ ▇ ┃   █░░░░░░░░░░░│ ▃ ▇ ┃ ┈ █  100.00",
    "╷ █ ╵ █ █   █░░░░░░░░░░░█ ╵ █ █   █",
    "▃ ┃   ╵ ╵   ╵░░░░░░░░░░░┃   ╵ ╵   ╵",
    "▂ ▂         ░░░░░░░░░░░░▂",
    "╵ ╵         ░░░░░░░░░░░░╵",
    "97.00       ░░░░░░░░░░░░",
    "▇ ▇ ▇ ▇ ▇ ▇ ▇░░░░░░░░░░░▇ ▇ ▇ ▇ ▇ ▇     1.1",
    "█ █ █ █ █ █ █░░░░░░░░░░░█ █ █ █ █ █",
    "    10:05             10:14             UTC",
]


def test_what_could_not_be_had_is_hatched_around_what_is_there() -> None:
    held = [one for at, one in enumerate(wave(20)) if not 9 <= at < 14]
    missing = [(START + 8 * 60 * NS, START + 14 * 60 * NS)]

    drawn = lines(held, 44, 12, holes=missing)

    assert drawn == HATCHED
    assert lines(held, 44, 12) != drawn


def test_a_hatched_row_that_stays_is_the_same_strip() -> None:
    painter = ChartPainter()
    missing = [(START + 8 * 60 * NS, START + 14 * 60 * NS)]
    held = [one for at, one in enumerate(wave(20)) if not 9 <= at < 14]
    first = paint(held, 44, 12, holes=missing, painter=painter)

    second = paint(held, 44, 12, holes=missing, painter=painter)

    assert all(one is other for one, other in zip(first, second, strict=True))
    assert colour_at(first, 22, 5) == ("#525252", "#000000")
