"""The book over time and volume by price, behind the candles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from chart_drawing import PALETTE, START, candle, colour_at, paint, picture, wave

from tui.charts import ASCII, BRAILLE, ChartPainter, Layers
from tui.charts.layers import Heat, Profile
from tui.model.events import Candle
from tui.model.timeframe import NS

M = 60 * NS
HEAT = Heat(
    [START + at * M for at in range(30)],
    M,
    [((98.2, float(at % 9)), (101.0, 8.0)) for at in range(30)],
    8.0,
    [(99.0, 100.0)] * 30,
)
PROFILE = Profile(
    [(97 + at / 2, 97.5 + at / 2, float(5 - abs(5 - at)), 2.0) for at in range(11)], 99.75
)


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 12, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def heated(heat: Heat, **options: Any) -> list[str]:
    return lines(wave(30), fine_colours=False, layers=Layers(heat=heat), **options)


def profiled(profile: Profile, **options: Any) -> list[str]:
    return lines(wave(30), fine_colours=False, layers=Layers(profile=profile), **options)


def test_the_book_is_shaded_by_patterns_where_colours_are_few() -> None:
    assert heated(HEAT) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "▓▓▓▓▓▓╷▓╷▓│▓┼▓│▓╷▓╷▓▓▓▓▓▓▓▓▓╷▓╷▓│▓┼▓",
        "    │ ▃ ▃ █ ╵ █ ▃ ▃ │     │ ▃ ▃ █ ╵",
        "⠒⠒⠒⠒▄⠒▄⠒█⠒┃⠒⠒⠒█⠒┃⠒▄⠒▄⠒⠒⠒⠒⠒▄⠒▄⠒█⠒┃⠒⠒⠒ 100.00",
        "╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃ ╵ █ █",
        "│⠉│⠉┃⠉⠉⠉│⠉│⠉⠉⠉│⠉│⠉⠉⠉█⠉│⠉│⠉┃⠉⠉⠉│⠉│⠉⠉⠉",
        "█░█░┃░▒▒▒▒▓▓      ░░█░█░█▒┃▒▓▓",
        "▃ ▃ ▃               ▃ ▃ ▃ ▃",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_the_book_among_braille_bodies() -> None:
    assert heated(HEAT, glyphs=BRAILLE) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "⢷⢷⢷⢷⢷⢷╷⢷╷⢷│⢷┼⢷│⢷╷⢷╷⢷⢷⢷⢷⢷⢷⢷⢷⢷╷⢷╷⢷│⢷┼⢷",
        "    │ │ │ ⣿ ╵ ⣿ │ │ │     │ │ │ ⣿ ╵",
        "⠒⠒⠒⠒⣤⠒⠛⠒⣿⠒⢕⠒⠒⠒⣿⠒⣿⠒⠛⠒⣤⠒⠒⠒⠒⠒⣤⠒⠛⠒⣿⠒⢕⠒⠒⠒ 100.00",
        "╷ ╷ ⢕ ╵ ⣿ ⣿   ⣿ ⣿ ╵ ⣿ ╷ ╷ ⢕ ╵ ⣿ ⣿",
        "│⠉│⠉⢕⠉⠉⠉│⠉│⠉⠉⠉│⠉│⠉⠉⠉⣿⠉│⠉│⠉⢕⠉⠉⠉│⠉│⠉⠉⠉",
        "⣿⠄⣿⠄⢕⠄⠕⠕⠕⠕⢷⢷      ⠄⠄⣿⠄⣿⠄⣿⠕⢕⠕⢷⢷",
        "⠛ ⠛ ⠛               ⠛ ⠛ ⠛ ⠛",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_the_book_of_letters() -> None:
    assert heated(HEAT, glyphs=ASCII) == [
        "       101.75",
        "          . . .                 . .",
        "%%%%%%.%.%|%|%|%.%.%%%%%%%%%.%.%|%|%",
        "    | | | O + # | | |     | | | O +",
        "aaaaOa+a#aOaaa#aOa+a#aaaaaOa+a#aOaaa 100.00",
        ". . O ' # O   # O ' # . . O ' # O",
        "|b|bObbb|b|bbb|b|bbb#b|b|bObbb|b|bbb",
        "O.#.O.::::%%      ..#.O.#:O:%%",
        "O # O               # O # O",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_volume_by_price_grows_from_the_right() -> None:
    assert profiled(PROFILE) == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷▒",
        "      ╷ ╷ │ ┼ │ ╷ ╷         ╷ ╷▒│▒┼░",
        "    │ ▃ ▃ █ ╵ █ ▃ ▃ │     │ ▃▒▃▒█░╵░",
        "╌   ▄ ▄ █ ┃ ╌ █ ┃ ▄ ▄   ╌ ▄▓▄▓█▒┃▒▒▒ 100.00",
        "╷ ╷ ┃ ╵ █ █   █ █ ╵ █ ╷ ╷ ┃▒╵▒█░█░░░",
        "│ │ ┃   │ │   │ │   █ │ │ ┃  ▒│▒│░░░",
        "█ █ ┃               █ █ █ ┃     ▒▒▒▒",
        "▃ ▃ ▃               ▃ ▃ ▃ ▃        ▒",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_volume_by_price_of_letters() -> None:
    assert profiled(PROFILE, glyphs=ASCII) == [
        "       101.75",
        "          . . .                 . .:",
        "      . . | | | . .         . .:|:|.",
        "    | | | O + # | | |     | |:|:O.+.",
        "-   O + # O - # O + #   - O%+%#:O::: 100.00",
        ". . O ' # O   # O ' # . . O:':#.O...",
        "| | O   | |   | |   # | | O  :|:|...",
        "O # O               # O # O     ::::",
        "O # O               # O # O        :",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def ground(layers: Layers, column: int, row: int, **options: Any) -> str:
    strips = paint(wave(30), 44, 12, **{"volume": False, "layers": layers} | options)
    return colour_at(strips, column, row)[1]


def test_sizes_are_shades_of_the_background() -> None:
    shades = [ground(Layers(heat=HEAT), column, 7) for column in (13, 15, 17, 19)]

    assert shades[:1] == [PALETTE.background]
    assert shades[1:] == sorted(set(shades[1:]))
    assert ground(Layers(heat=HEAT), 3, 2) == "#808000"


def test_a_body_on_the_book_shows_the_book_beside_its_edge() -> None:
    strips = paint(wave(30), 44, 12, volume=False, layers=Layers(heat=HEAT))
    lower_edges = [
        (column, row)
        for row, column in ((7, 20), (7, 24), (4, 4))
        if colour_at(strips, column, row)[1] == PALETTE.down
    ]

    for column, row in lower_edges:
        assert colour_at(strips, column, row)[0] == colour_at(strips, column + 1, row)[1]


def test_a_wide_candle_shows_the_book_within_its_time() -> None:
    halves = Heat(
        [START + at * M // 2 for at in range(60)],
        M // 2,
        [((101.4, 8.0 * (at % 2)),) for at in range(60)],
        8.0,
    )

    rows = heated(halves, columns=8)

    assert rows[2] == "        ▓▓▓▓    ▓▓▓▓   │▓▓▓▓   │▓▓▓▓"


def test_more_columns_of_the_book_than_of_the_screen_are_averaged() -> None:
    fine = Heat(
        [START + at * M // 20 for at in range(600)],
        M // 20,
        [((98.2, 8.0 if at % 2 else 0.0),) for at in range(600)],
        8.0,
    )

    assert ground(Layers(heat=fine), 15, 7) == "#404000"


def test_what_was_not_recorded_is_not_shaded() -> None:
    part = msgspec.structs.replace(HEAT, times=HEAT.times[:20], columns=HEAT.columns[:20], bests=())

    assert ground(Layers(heat=part), 13, 2) != PALETTE.background
    assert ground(Layers(heat=part), 19, 2) == PALETTE.background


@pytest.mark.parametrize(
    "broken",
    [
        Heat((), M, (), 1.0),
        Heat([START], 0, [((100.0, 1.0),)], 1.0),
        Heat([START], M, [((100.0, 1.0),)], 0.0),
        Heat([START], M, [((100.0, 1.0),)], math.nan),
        Heat([START + 20 * M], M, [((math.nan, 1.0), (100.0, math.inf), (99.0, -1.0))], 1.0),
        Heat([START + 20 * M], M, [], 1.0, [(math.nan, None)]),
    ],
)
def test_a_book_that_makes_no_sense_is_left_out(broken: Heat) -> None:
    assert heated(broken) == lines(wave(30))


def test_a_tick_keeps_the_book_and_changes_few_rows() -> None:
    painter = ChartPainter()
    held = wave(30)
    before = paint(held, 80, 40, painter=painter, layers=Layers(heat=HEAT))
    held[-1] = candle(held[-1].open, held[-1].high, held[-1].low, held[-1].close + 0.01, at=29)
    newest = msgspec.structs.replace(
        HEAT, columns=[*HEAT.columns[:-1], ((98.2, 1.0), (101.0, 8.0))]
    )

    after = paint(held, 80, 40, painter=painter, layers=Layers(heat=newest))

    fresh = paint(held, 80, 40, layers=Layers(heat=newest))
    assert [list(row) for row in after] == [list(row) for row in fresh]
    assert sum(one is not other for one, other in zip(before, after, strict=True)) <= 3


def test_the_price_with_the_most_volume_has_a_line_and_a_stronger_bar() -> None:
    strips = paint(wave(30), 44, 12, volume=False, layers=Layers(profile=PROFILE))

    assert strips[4].text.startswith("╌   ")
    assert colour_at(strips, 27, 4)[1] == "#008000"
    assert colour_at(strips, 29, 3)[1] == "#004700"
    assert colour_at(strips, 35, 3)[1] == "#470000"


def test_volume_by_price_takes_less_than_a_third_of_the_width() -> None:
    assert all(set(row[:25]).isdisjoint("░▒▓") for row in profiled(PROFILE))


@pytest.mark.parametrize(
    "broken",
    [
        Profile((), 100.0),
        Profile([(99.0, 100.0, 0.0, 0.0)], math.nan),
        Profile([(math.nan, 100.0, 1.0, 1.0), (99.0, 98.0, 1.0, 1.0)], 5.0),
        Profile([(99.0, 100.0, math.inf, 1.0)], 5.0),
        Profile([(500.0, 501.0, 9.0, 1.0)], 500.5),
    ],
)
def test_volume_that_makes_no_sense_is_left_out(broken: Profile) -> None:
    assert profiled(broken) == lines(wave(30))


def test_volume_at_one_price_is_one_row() -> None:
    rows = profiled(Profile([(100.0, 100.0, 5.0, 5.0)], 0.0))

    assert [row for row, text in enumerate(rows) if "▒" in text] == [4]
