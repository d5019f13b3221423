"""The styles of candles, each in the glyph sets where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from chart_drawing import PALETTE, START, candle, colour_at, paint, picture, series, wave

from tui.charts import ASCII, BRAILLE, HALVES, ChartPainter
from tui.charts.styles import heikin_ashi
from tui.charts.view import look
from tui.model.chart import ChartStyle
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

MINUTE = Timeframe(1, "m")


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 10, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def test_heikin_ashi() -> None:
    assert lines(wave(30), style=ChartStyle.HEIKIN_ASHI) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      │ │ │ ▄ │ │ │         │ │ │ ▄",
        "┈   │ ▅ │ ┿ ▁ ▄ ▅ ┿ ▄   ┈ │ ▅ │ ┿ ▁  100.00",
        "▅ ╷ │ ┃ ┿ │   │ │ ╵ █ ▅ ╷ │ ┃ ┿ │",
        "█ ▆ ▄ ▅ ╵ ╵   ╵ ╵   │ █ ▆ ▄ ▅ ╵ ╵",
        "│ │ │               │ │ │ │",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_heikin_ashi_of_braille() -> None:
    assert lines(wave(30), style=ChartStyle.HEIKIN_ASHI, glyphs=BRAILLE) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      │ │ │ ⣤ │ │ │         │ │ │ ⣤",
        "┈   │ ⣶ │ │ ⣿ ⣤ ⣤ ⣤ ⣤   ┈ │ ⣶ │ │ ⣿  100.00",
        "⣶ ╷ │ ⢕ ⠛ ┿   │ │ ╵ ⣿ ⣶ ╷ │ ⢕ ⠛ ┿",
        "⣿ ⣶ ⣤ ⠛ ╵ ╵   ╵ ╵   │ ⣿ ⣶ ⣤ ⠛ ╵ ╵",
        "│ │ │               │ │ │ │",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_heikin_ashi_of_letters() -> None:
    assert lines(wave(30), style=ChartStyle.HEIKIN_ASHI, glyphs=ASCII) == [
        "       101.75",
        "          . . .                 . .",
        "      | | | O | | |         | | | O",
        ".   | O | | O # # O |   . | O | | O  100.00",
        "# . | O + +   | | ' # # . | O + +",
        "# # O   ' '   ' '   | # # O   ' '",
        "| | |               | | | |",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_bars() -> None:
    assert lines(wave(30), style=ChartStyle.BARS) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      │ │ ├ ┼ ┤ │ │         │ │ ├ ┼",
        "┈   ├ ┼ ┤ │ ┈ │ ├ ┼ ┤   ┈ ├ ┼ ┤ │    100.00",
        "╷ ╷ │ ╵ │ │   │ │ ╵ │ ╷ ╷ │ ╵ │ │",
        "├ ┤ │   ├ ┤   ├ ┤   │ ├ ┤ │   ├ ┤",
        "┤ ├ ┤               ├ ┤ ├ ┤",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_wide_bars_have_their_open_at_the_left_and_their_close_at_the_right() -> None:
    assert lines(wave(30), style=ChartStyle.BARS, columns=4) == [
        "                          101.75",
        "                             ╷   ╷",
        " │                   │   │   ├─ ─┼─",
        "─┼─ ─┤  ┈   ┈   ┈├─ ─┼─ ─┤  ┈│  ┈    100.00",
        " ╵   │   ╷   ╷   │   ╵   │   │",
        "     │   ├─ ─┤   │       ├─ ─┤",
        "     ├─ ─┤   ├─ ─┤",
        "     ╵   ╵   ╵   ╵",
        "   97.00",
        "               10:25                    UTC",
    ]


def test_bars_of_letters() -> None:
    assert lines(wave(30), style=ChartStyle.BARS, columns=4, glyphs=ASCII) == [
        "                          101.75",
        "                             .   .",
        " |                   |   |   |   |",
        "-+  .|  .   .   .|  .+- -+  .+- -+-  100.00",
        " +- -+   .   .   +- -+   |   |",
        "     |   |   |   |       +- -+",
        "     |   +- -+   |",
        "     +- -+   +- -+",
        "   97.00",
        "               10:25                    UTC",
    ]


def test_a_line_through_the_closes() -> None:
    assert lines(wave(30), style=ChartStyle.LINE) == [
        "       101.00",
        "          ⡤⠤⢄                   ⡤⠤⠄",
        "     ⡠⢢  ⢰⠁ ⠘⡄ ⢀⠦⡀         ⡠⢢  ⢰⠁",
        "┈   ⡎  ⢇┈⡎  ┈⢱ ⡜┈⠈⢢ ┈   ┈ ⡎ ┈⢇ ⡎┈    100.00",
        "   ⢰⠁  ⠘⡼    ⠈⡶⠁  ⠘⡄     ⢰⠁  ⠘⡼",
        "⢄  ⡎               ⢣  ⣄  ⡎",
        "⠈⢆⢰⠁               ⠘⣄⠎⠈⢆⢰⠁",
        "  ⠋                 ⠋   ⠋",
        "97.50",
        "    10:15     10:20     10:25           UTC",
    ]


def test_a_line_of_half_blocks() -> None:
    assert lines(wave(30), style=ChartStyle.LINE, glyphs=HALVES) == [
        "       101.00",
        "          ▄▄▄                   ▄▄▄",
        "     ▄▀▄  █  █  █▄         ▄▀▄  █",
        "┈   █  ▀▄█  ┈▀▄▄▀ ▀▄┈   ┈ █ ┈▀▄█┈    100.00",
        "    █   █▀    █▀   █      █   █▀",
        "▄  █               ▀▄ ▄  █",
        " █ █                ██ █ █",
        "  ▀                 ▀   ▀",
        "97.50",
        "    10:15     10:20     10:25           UTC",
    ]


def test_a_line_of_letters() -> None:
    assert lines(wave(30), style=ChartStyle.LINE, glyphs=ASCII) == [
        "       101.00",
        "          ***                   ***",
        "      *  *   *  **          *  *",
        ".   ** *.*  .* *. * .   . **.* *.    100.00",
        "    *   *     *    *      *   *",
        "*  *               *  *  *",
        " * *                ** * *",
        "  *                 *   *",
        "97.50",
        "    10:15     10:20     10:25           UTC",
    ]


def test_an_area_is_dotted_where_colours_are_few() -> None:
    assert lines(wave(30), style=ChartStyle.AREA, fine_colours=False) == [
        "       101.00",
        "          ⡤⠤⢄                   ⡤⠤⠄",
        "     ⡠⢢  ⢰⠁ ⠘⡄ ⢀⠦⡀         ⡠⢢  ⢰⠁",
        "┈   ⡎ ·⢇┈⡎· ┈⢱ ⡜┈⠈⢢ ┈   ┈ ⡎ ┈⢇ ⡎┈ ·  100.00",
        "   ⢰⠁  ⠘⡼   ·⠈⡶⠁· ⠘⡄     ⢰⠁ ·⠘⡼ ·",
        "⢄  ⡎  ·   ·   ·   ·⢣  ⣄  ⡎·   ·   ·",
        "⠈⢆⢰⠁·   ·   ·   ·  ⠘⣄⠎⠈⢆⢰⠁  ·   ·",
        "  ⠋   ·   ·   ·   · ⠋ · ⠋ ·   ·   ·",
        "97.50   ·   ·   ·   ·   ·   ·   ·",
        "    10:15     10:20     10:25           UTC",
    ]


def test_an_area_is_shaded_below_its_line() -> None:
    strips = paint(wave(30), 44, 10, volume=False, style=ChartStyle.AREA)

    assert colour_at(strips, 11, 1)[1] == PALETTE.background
    assert colour_at(strips, 11, 4)[1] == "#2e2e00"


def test_heikin_ashi_averages() -> None:
    bars = look(series([(10, 12, 8, 11), (11, 16, 10, 15), (15, 15, 9, 10)]), MINUTE, slots=3).bars

    found = [(bar.open, bar.high, bar.low, bar.close) for bar in heikin_ashi(bars)]

    assert found == [
        (10.5, 12.0, 8.0, 10.25),
        (10.375, 16.0, 10.0, 13.0),
        (11.6875, 15.0, 9.0, 12.25),
    ]


@pytest.mark.parametrize("merge", [1, 3])
def test_heikin_ashi_does_not_depend_on_where_the_view_begins(merge: int) -> None:
    held = wave(900)
    options: dict[str, Any] = {"style": ChartStyle.HEIKIN_ASHI, "merge": merge, "price_decimals": 6}
    wide = paint(held, 120, 20, **options)
    narrow = paint(held, 60, 20, **options)

    compared = 0
    for one, other in zip(wide, narrow, strict=True):
        ends = one.crop(72, 108).text, other.crop(12, 48).text
        if not any(each.isdigit() for each in "".join(ends)):
            assert ends[0].replace("┊", " ") == ends[1].replace("┊", " ")
            compared += 1
    assert compared > 12


def test_a_line_is_broken_where_nobody_knows_and_goes_on_where_nobody_traded() -> None:
    held = [each for at, each in enumerate(wave(30)) if at not in (20, 21)]
    hole = (START + 20 * 60 * NS, START + 22 * 60 * NS)

    joined = lines(held, style=ChartStyle.LINE)
    broken = lines(held, style=ChartStyle.LINE, holes=[hole])

    gap = slice(17, 20)
    assert all(set(row[gap]) <= {"░", "⡄", "⠁"} for row in broken[:-1])
    assert not any("░" in row for row in joined)


def test_the_title_of_a_bar_keeps_its_true_prices_whatever_the_style() -> None:
    painter = ChartPainter()
    paint(wave(30), 44, 10, style=ChartStyle.HEIKIN_ASHI, painter=painter)

    assert painter.geometry is not None
    newest, true = painter.geometry.bars[-1], wave(30)[-1]
    assert (newest.open, newest.close) == (true.open, true.close)


@pytest.mark.parametrize("style", list(ChartStyle))
def test_one_tick_changes_few_rows_in_every_style(style: ChartStyle) -> None:
    painter = ChartPainter()
    held = wave(50)
    before = paint(held, 80, 40, painter=painter, style=style)
    last = held[-1]
    held[-1] = candle(last.open, last.high, last.low, last.close + 0.01, last.volume, at=49)

    after = paint(held, 80, 40, painter=painter, style=style)

    assert sum(one is not other for one, other in zip(before, after, strict=True)) <= 2
