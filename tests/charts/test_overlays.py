"""Plots over the candles: lines, dots, bands, and the legend with their values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from chart_drawing import PALETTE, START, candle, colour_at, paint, picture, wave
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts import ASCII, BRAILLE, HALVES, ChartPainter, Layers, Plot
from tui.charts.layers import Crosshair, PlotKind
from tui.charts.overlays import stretch
from tui.charts.palette import line_colours
from tui.charts.plots import Window
from tui.model.events import Candle
from tui.model.timeframe import NS

M = 60 * NS


def plot(*values: float | None, name: str = "EMA", **options: Any) -> Plot:
    return Plot(
        name, [START + at * M for at in range(len(values))], [(each,) for each in values], **options
    )


RAMP = plot(*(97.0 + at / 5 for at in range(30)))
BANDS = Plot(
    "BB",
    [START + at * M for at in range(34)],
    [(102.0, 100.5, 99.0)] * 34,
    ("upper", "middle", "lower"),
    bands=[(0, 2)],
)
DOTS = plot(*([97.5] * 30), name="SAR", kinds=[PlotKind.DOTS])


def lines(
    candles: Sequence[Candle], width: int = 44, height: int = 12, **options: Any
) -> list[str]:
    return picture(paint(candles, width, height, **{"volume": False} | options)).split("\n")


def over(*plots: Plot, **options: Any) -> list[str]:
    return lines(wave(30), layers=Layers(overlays=plots), **options)


def test_a_line_of_braille_passes_behind_the_candles() -> None:
    assert over(RAMP, margin=2) == [
        "EMA 102.80  ┈   ┈   ┈   ┈   ┈   ┈    105.00",
        "",
        "   101.75                  ⢀⣀⡠⠄",
        "                   ⢀⣀⡠⠤⠔⠒⠊⠉⠁",
        "  ╷ ╷ │ ┼⢀│⡠╷⠔╷⠊⠉⠉⠉⠁    ╷ ╷ │ ┼",
        "│⢀▅⡠▆⠔█⠊╵⠁█ ▆ ▅ │   ┈ │ ▅ ▆ █ ╵ ┈    100.00",
        "█⠁╵ █ █   █ █ ╵ █     █ ╵ █ █",
        "┃   ╵ ╵   ╵ ╵   █ ▃ ▃ ┃   ╵ ╵",
        "▁               ▁ ▁ ▁ ▁",
        "╵               ╵ ╵ ╵ ╵",
        "97.00",
        "10:15     10:20     10:25               UTC",
    ]


def test_a_line_of_half_blocks() -> None:
    assert over(RAMP, margin=2, glyphs=HALVES) == [
        "EMA 102.80  ┈   ┈   ┈   ┈   ┈   ┈    105.00",
        "",
        "                            ▄▄▄",
        "   101.75           ▄▄▄▄▀▀▀▀",
        "  ╷ ╷ ▄ ┼ ▄▄╷▄╷▀▀▀▀▀    ╷ ╷ ▄ ┼",
        "│ ▄▄▄▄┃▀╵▀█ ▄ ▄ │   ┈ │ ▄ ▄ ┃ ╵ ┈    100.00",
        "█▀╵ █ █   █ █ ╵ █     █ ╵ █ █",
        "┃   ╵ ╵   ╵ ╵   █ ▄ ▄ ┃   ╵ ╵",
        "█               █ █ █ █",
        "╵               ╵ ╵ ╵ ╵",
        "97.00",
        "10:15     10:20     10:25               UTC",
    ]


def test_a_line_among_braille_bodies() -> None:
    assert over(RAMP, margin=2, glyphs=BRAILLE) == [
        "EMA 102.80  ┈   ┈   ┈   ┈   ┈   ┈    105.00",
        "",
        "   101.75                  ⢀⣀⡠⠄",
        "                   ⢀⣀⡠⠤⠔⠒⠊⠉⠁",
        "  ╷ ╷ │ ┼⢀│⡠╷⠔╷⠊⠉⠉⠉⠁    ╷ ╷ │ ┼",
        "│⢀⣶⡠⣶⠔⣿⠊╵⠁⣿ ⣶ ⣶ │   ┈ │ ⣶ ⣶ ⣿ ╵ ┈    100.00",
        "⣿⠁╵ ⣿ ⣿   ⣿ ⣿ ╵ ⣿     ⣿ ╵ ⣿ ⣿",
        "⢕   ╵ ╵   ╵ ╵   ⣿ │ │ ⢕   ╵ ╵",
        "⠿               ⠿ ⠿ ⠿ ⠿",
        "╵               ╵ ╵ ╵ ╵",
        "97.00",
        "10:15     10:20     10:25               UTC",
    ]


def test_a_line_of_letters_says_in_the_legend_which_letter() -> None:
    assert over(RAMP, margin=2, glyphs=ASCII) == [
        "EMA * 102.80    .   .   .   .   .    105.00",
        "",
        "                            ***",
        "   101.75           ********",
        "  . . | | |*.*.*****    . . | |",
        "| O*#*O*+*# O # |   . | O # O + .    100.00",
        "O*' # O   # O ' #     O ' # O",
        "O   ' '   ' '   # | | O   ' '",
        "O               # O # O",
        "'               ' ' ' '",
        "97.00",
        "10:15     10:20     10:25               UTC",
    ]


def test_dots_are_not_joined() -> None:
    assert over(DOTS) == [
        "SAR 97.50",
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      ╷ ╷ ▃ ┼ ▃ ╷ ╷         ╷ ╷ ▃ ┼",
        "    │ ▅ ▅ ┃ ╵ █ ▅ ▅ │     │ ▅ ▅ ┃ ╵",
        "┈   ▇ │ █ ┃ ┈ █ ┃ │ ▇   ┈ ▇ │ █ ┃    100.00",
        "│ │ ┃   ▄ ▄   ▄ ▄   █ │ │ ┃   ▄ ▄",
        "▆ ▆ ┃   ╵ ╵   ╵ ╵   █ ▆ ▆ ┃   ╵ ╵",
        "▃ ▃ ▃ ⠤ ⠤ ⠤ ⠤ ⠤ ⠤ ⠤ ▃ ▃ ▃ ▃ ⠤ ⠤ ⠤ ⠤",
        "╵ ╵ ╵               ╵ ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_dots_of_letters() -> None:
    assert over(DOTS, glyphs=ASCII) == [
        "SAR * 97.50",
        "       101.75",
        "          . . .                 . .",
        "      . . | | | . .         . . | |",
        "    | O # O + # O # |     | O # O +",
        ".   O | # O . # O | #   . O | # O    100.00",
        "| | O   # O   # O   # | | O   # O",
        "O # O   ' '   ' '   # O # O   ' '",
        "O # O * * * * * * * # O # O * * * *",
        "' ' '               ' ' ' '",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]


def test_a_band_runs_on_ahead_of_the_candles_and_is_dotted_where_colours_are_few() -> None:
    assert over(BANDS, margin=4, fine_colours=False) == [
        "BB 102.00 100.50 99.00",
        "",
        "101.75⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄",
        "╷ │ │ │ ╷ ╷   ·   · ╷ ╷ │ │   ·   ·",
        "▃⠤█⠤┴⠤█⠤▃⠤▃⠤╷⠤⠤⠤⠤⠤╷⠤▃⠤▃⠤█⠤┴⠤⠤⠤⠤⠤⠤⠤⠄",
        "█ ┃ ┈ █ ┃ ▅ ▅ · ┈ ▅ ▅ █ ┃ · ┈ · ┈ ·  100.00",
        "▃⠤▃⠤⠤⠤▃⠤▃⠤⠤⠤█⠤╷⠤╷⠤┃⠤⠤⠤▃⠤▃⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄",
        "╵ ╵   ╵ ╵   █ ▅ ▅ ┃   ╵ ╵",
        "            ▂ ▂ ▂ ▂",
        "            ╵ ╵ ╵ ╵",
        "          97.00",
        "      10:20     10:25                   UTC",
    ]


def test_a_band_is_a_faint_background_between_its_lines() -> None:
    strips = paint(wave(30), 44, 12, volume=False, margin=4, layers=Layers(overlays=[BANDS]))

    assert colour_at(strips, 33, 4)[1] == "#0c1921"
    assert colour_at(strips, 33, 8)[1] == PALETTE.background


def test_values_ahead_of_the_newest_candle_stay_out_of_the_price_axis() -> None:
    assert all(len(row) <= 36 for row in over(BANDS) if not row[-1:].isdigit() and "UTC" not in row)


def test_the_legend_tells_the_values_at_the_cross() -> None:
    cross = Crosshair(START + 20 * M)

    drawn = lines(wave(30), layers=Layers(overlays=[RAMP], crosshair=cross))

    assert over(RAMP)[0].startswith("EMA 102.80 ")
    assert drawn[0].startswith("EMA 101.00 ")


def test_the_newest_candle_without_a_value_is_said() -> None:
    assert over(plot(*([100.0] * 29), None))[0] == "EMA -"


def test_the_legend_goes_on_in_a_second_row_where_there_is_room() -> None:
    plots = [plot(*([100.0] * 30), name=f"Average {number}") for number in range(3)]

    drawn = over(*plots, height=24)

    assert drawn[0].startswith("Average 0 100.00  Average 1 100.00")
    assert drawn[1].startswith("Average 2 100.00")
    assert not over(*plots, height=12)[1].startswith("Average")


def test_values_that_do_not_fit_are_left_out_whole_and_that_is_said() -> None:
    five = Plot("Ichimoku", RAMP.times, [(99.5,) * 5] * 30, tuple("ABCDE"))

    tall = over(RAMP, five, height=24)
    assert [row[:36].strip(" ┈") for row in tall[:3]] == [
        "EMA 102.80",
        "Ichimoku 99.50 99.50 99.50 99.50",
        "99.50",
    ]
    assert over(RAMP, five)[0].startswith("EMA 102.80  Ichimoku 99.50 99.50 … ")
    assert over(five, glyphs=ASCII)[0].startswith("Ichimoku * 99.50 + 99.50 x 99.50 >")


def test_a_small_chart_has_no_legend() -> None:
    assert not any("EMA" in row for row in over(RAMP, height=7))


def test_candles_are_kept_out_of_the_legend() -> None:
    painter = ChartPainter()
    held = wave(30)
    for step in range(12):
        held[-1] = candle(100.0, 100.0 + step / 2, 99.0, 100.0, at=29)

        drawn = lines(held, painter=painter, layers=Layers(overlays=[RAMP]))

        assert drawn[0].startswith("EMA 102.80")
        assert set(drawn[0][10:35]) <= set(" ┈⢀⣀⡠⠤⠔⠒⠊⠉⠁")


def test_lines_have_the_users_colours_or_the_themes() -> None:
    own = plot(*([100.0] * 30), name="A", colours=["#123456"])
    wrong = plot(*([99.0] * 30), name="B", colours=["red"])

    strips = paint(wave(30), 44, 12, layers=Layers(overlays=[own, wrong]))

    assert colour_at(strips, 2, 0)[0] == "#123456"
    assert colour_at(strips, 12, 0)[0] == line_colours(PALETTE, 2)[1]


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (95.0, 115.0, (95.0, 115.0)),
        (100.0, 110.0, (100.0, 110.0)),
        (0.0, 110.0, (80.0, 110.0)),
        (0.0, 1000.0, (90.0, 120.0)),
        (0.0, 112.0, (82.0, 112.0)),
    ],
)
def test_lines_widen_the_scale_as_far_as_the_candles_keep_a_third(
    lowest: float, highest: float, expected: tuple[float, float]
) -> None:
    window = Window(RAMP, (), (), (), lowest, highest)

    assert stretch(100.0, 110.0, [window], rows=20, smallest=0.04, is_log=False) == expected


def test_where_rows_are_few_the_candles_keep_most_of_them() -> None:
    window = Window(RAMP, (), (), (), 0.0, 1000.0)

    assert stretch(100.0, 110.0, [window], rows=8, smallest=0.04, is_log=False) == (97.0, 113.0)


def test_lines_in_another_measure_get_more_of_the_rows() -> None:
    window = Window(plot(0.0, 1000.0, said=["+1.00%"]), (), (), (), 0.0, 1000.0)

    assert stretch(100.0, 110.0, [window], rows=20, smallest=0.04, is_log=False) == (80.0, 130.0)
    assert over(plot(*([100.0] * 30), name="ETH", said=["+1.00%"]))[0].startswith("ETH +1.00%")


def test_a_wild_line_does_not_flatten_the_candles() -> None:
    wild = plot(*([1e9] * 29), -1e9)

    drawn = over(wild, height=20)

    assert sum("█" in row or "┃" in row for row in drawn) >= 3


def test_a_line_is_broken_where_there_is_no_value_or_none_that_makes_sense() -> None:
    values = [None, math.nan, *([97.5] * 6), math.inf, None, *([97.5] * 20)]

    row = over(plot(*values), glyphs=ASCII, margin=0)[8]

    assert over(plot(*values), glyphs=ASCII) == over(
        plot(*[each if each and each < 98 else None for each in values]), glyphs=ASCII
    )
    assert "*" in row


def test_a_tick_costs_only_the_rows_that_it_changes() -> None:
    painter = ChartPainter()
    held = wave(50)
    values = [100 + 2 * math.sin(at / 5) for at in range(50)]
    plots = [plot(*values), plot(*(each + 0.7 for each in values), name="B")]
    before = paint(held, 120, 40, painter=painter, layers=Layers(overlays=plots))
    close = held[-1].close + 0.01
    held[-1] = candle(held[-1].open, held[-1].high, held[-1].low, close, at=49)
    plots[0] = plot(*values[:-1], values[-1] + 0.01)

    after = paint(held, 120, 40, painter=painter, layers=Layers(overlays=plots))

    changed = [row for row in range(40) if before[row] is not after[row]]
    assert len(changed) <= 2
    assert changed[0] == 0


def test_a_value_that_is_corrected_in_the_past_is_drawn_anew() -> None:
    painter = ChartPainter()
    values = [100.0] * 30
    lines(wave(30), painter=painter, layers=Layers(overlays=[plot(*values)]))
    values[15] = 99.0

    drawn = lines(wave(30), painter=painter, layers=Layers(overlays=[plot(*values)]))

    assert drawn == over(plot(*values))


VALUES = st.one_of(
    st.none(), st.floats(97, 102), st.sampled_from([math.nan, math.inf, 1e99, -1e99])
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=3),
    st.sampled_from(list(PlotKind)),
    st.booleans(),
)
def test_what_is_kept_from_painting_to_painting_draws_the_same(
    ends: list[tuple[float | None, float | None]], kind: PlotKind, fine: bool
) -> None:
    # The whole range is always in sight, so that the scale does not depend on what came before.
    begun: list[tuple[float | None, float | None]] = [(97.0, 102.0)] * 27
    times = [START + at * M for at in range(30)]
    painter = ChartPainter()
    for number in range(3):
        values = [*begun, *ends[number:], *ends[:number]]
        made = Plot("X", times, values, ("A", "B"), kinds=[kind], bands=[(0, 1)])
        options: dict[str, Any] = {"layers": Layers(overlays=[made]), "fine_colours": fine}

        kept = paint(wave(30), 60, 20, painter=painter, **options)

        fresh = paint(wave(30), 60, 20, **options)
        assert [list(strip) for strip in kept] == [list(strip) for strip in fresh]
