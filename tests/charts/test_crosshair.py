"""The cross that points at a candle, and what is measured with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from chart_drawing import PALETTE, START, colour_at, paint, picture, wave

from tui.charts import ASCII, ChartPainter, Layers
from tui.charts.axes import full_time, span_text
from tui.charts.layers import Crosshair
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

M = 60 * NS
CROSS = Crosshair(START + 20 * M, 99.0)
SPAN = Crosshair(START + 25 * M, 101.0, since=(START + 10 * M, 98.0))


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 12, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def crossed(cross: Crosshair, **options: Any) -> list[str]:
    return lines(wave(30), layers=Layers(crosshair=cross), **options)


def test_a_cross_has_its_time_and_its_price_on_the_axes() -> None:
    assert crossed(CROSS, height=14, volume=True) == [
        "       101.75   │",
        "          ╷ ╷ ╷ │               ╷ ╷",
        "      ╷ ╷ │ ┼ │ ╷ ╷         ╷ ╷ │ ┼",
        "    │ ▃ ▃ █ ╵ █ ▃ ▃ │     │ ▃ ▃ █ ╵",
        "┈   ▄ ▄ █ ┃ ┈ █ ┃ ▄ ▄   ┈ ▄ ▄ █ ┃    100.00",
        "╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "│─│─┃───│─│───│─┼───█─│─│─┃───│─│───  99.00",
        "█ █ ┃           │   █ █ █ ┃",
        "▃ ▃ ▃           │   ▃ ▃ ▃ ▃",
        "╵ ╵ ╵           │   ╵ ╵ ╵ ╵",
        "97.00           │",
        "▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇ ▇     1.1",
        "█ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █ █",
        "    10:15 21 Nov 10:20  10:25           UTC",
    ]


def test_a_cross_of_letters() -> None:
    assert crossed(CROSS, glyphs=ASCII) == [
        "       101.75   |",
        "          . . . |               . .",
        "      . . | | | . .         . . | |",
        "    | | | O + # | | |     | | | O +",
        ".   O + # O . # O + #   . O + # O    100.00",
        ". . O ' # O   # O ' # . . O ' # O",
        "|-|-O---|-|---|-+---#-|-|-O---|-|---  99.00",
        "O # O           |   # O # O",
        "O # O           |   # O # O",
        "' ' '           |   ' ' ' '",
        "97.00           |",
        "    10:15 21 Nov 10:20  10:25           UTC",
    ]


def test_what_is_measured_is_marked_and_told() -> None:
    assert crossed(SPAN, width=60, fine_colours=False) == [
        " 101.75                                   │",
        "    ╷ ╷ ╷              +15 bars  15m  +3.00  +3.06%",
        "╷─╷─│─┼─│─╷─╷─────────╷─╷─│─┼─│─╷─╷───────┼─╷─╷─│─┼─ 101.00",
        "▃ ▃ █ ╵ █ ▃ ▃ │   · │ ▃ ▃ █ ╵ █ ▃ ▃ │ ·   │ ▃ ▃ █ ╵",
        "▄ █ ┃   █ ┃ ▄ ▄ ·   ▄ ▄ █ ┃ · █ ┃ ▄ ▄   · ▄ ▄ █ ┃    100.00",
        "╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "  │ │   │ │ · █ │ │ ┃   │ │ · │ │   █ │ │ ┃   │ │",
        "              █ █ █ ┃ ·   ·   ·   · █ █ █ ┃",
        "              ▃ ▃ ▃ ▃               ▃ ▃ ▃ ▃",
        "              ╵ ╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "            97.00                         │",
        "10:05     10:10     10:15     10:20 21 Nov 10:25        UTC",
    ]


def test_without_a_price_there_is_only_the_line_down() -> None:
    rows = crossed(Crosshair(START + 20 * M), height=14, volume=True)

    assert not any("─" in row for row in rows)
    assert all(row[16] == "│" for row in (*rows[:2], *rows[7:11]))
    assert "21 Nov 10:20" in rows[-1]


def test_a_cross_out_of_sight_is_not_drawn() -> None:
    assert crossed(Crosshair(START - 500 * M)) == lines(wave(30))
    assert crossed(Crosshair(START + 500 * M, 1e6)) == lines(wave(30))


def test_a_cross_ahead_of_the_newest_candle_is_drawn() -> None:
    assert "10:32" in crossed(Crosshair(START + 32 * M, 99.0), margin=5)[-1]


def test_no_half_of_another_time_is_left_beside_the_cross() -> None:
    assert crossed(Crosshair(START + 17 * M))[-1].split() == ["21", "Nov", "10:17", "10:25", "UTC"]


def test_the_labels_stand_out() -> None:
    strips = paint(wave(30), 44, 12, volume=False, layers=Layers(crosshair=CROSS))

    assert colour_at(strips, 16, 11)[1] == PALETTE.text
    assert colour_at(strips, 40, 6)[1] == PALETTE.text


def test_what_is_measured_is_shaded() -> None:
    strips = paint(wave(30), 60, 12, volume=False, layers=Layers(crosshair=SPAN))

    assert colour_at(strips, 16, 4)[1] == "#2e2e2e"
    assert colour_at(strips, 46, 4)[1] == PALETTE.background


def test_a_fall_is_measured_with_its_sign() -> None:
    fall = Crosshair(START + 25 * M, 98.0, since=(START + 26 * M, 100.0))

    rows = crossed(fall, width=60)

    assert any("-1 bar  1m  -2.00  -2.00%" in row for row in rows)


def test_a_cross_that_moves_changes_what_it_touches() -> None:
    painter = ChartPainter()
    before = paint(wave(30), 80, 30, painter=painter, layers=Layers(crosshair=CROSS))
    up = Crosshair(CROSS.time, 100.0)

    after = paint(wave(30), 80, 30, painter=painter, layers=Layers(crosshair=up))

    assert sum(one is not other for one, other in zip(before, after, strict=True)) == 2


@pytest.mark.parametrize(
    ("timeframe", "text"),
    [
        ("1s", "21 Nov 10:20:00"),
        ("1m", "21 Nov 10:20"),
        ("1d", "21 Nov 2026"),
        ("1M", "Nov 2026"),
    ],
)
def test_times_are_as_exact_as_the_timeframe(timeframe: str, text: str) -> None:
    assert full_time(START + 20 * M, Timeframe.parse(timeframe)) == text


def test_a_time_before_the_calendar_is_empty() -> None:
    assert full_time(-NS, Timeframe(1, "m")) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (45, "45s"),
        (720, "12m"),
        (750, "12m 30s"),
        (12_000, "3h 20m"),
        (-187_200, "2d 4h"),
    ],
)
def test_spans_are_told_in_two_units(seconds: int, text: str) -> None:
    assert span_text(seconds * NS) == text
