"""All that a chart can show, together: no input breaks it, nothing leaves its frame."""

from __future__ import annotations

import math
from typing import Any

import pytest
from chart_drawing import MINUTE, START, candle, colour_at, paint, picture, series, wave
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from tui.charts import ASCII, BRAILLE, EIGHTHS, HALVES, ChartPainter, Layers, Plot
from tui.charts.layers import (
    Box,
    Crosshair,
    Heat,
    Mark,
    Note,
    PlotKind,
    PriceLine,
    Profile,
    Reach,
    Stroke,
)
from tui.charts.palette import Ink
from tui.charts.rows import Cell, Row, put_behind
from tui.model.chart import ChartStyle, PriceScale
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

M = 60 * NS

PRICES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(1e-9, 1e12),
    st.floats(-1e12, 1e12),
    st.floats(95, 105),
    st.sampled_from([0.0, -0.0, 1.0, 100.0, 5e-324, 1.7e308, -1e99]),
)
TIMES = st.one_of(
    st.integers(-40, 60).map(lambda minute: START + minute * M),
    st.integers(START - 90 * M, START + 90 * M),
    st.integers(-(2**63), 2**63),
)
POINTS = st.tuples(TIMES, PRICES)
TEXTS = st.text(max_size=12)
COLOURS = st.sampled_from(["", "#ff8800", "red", "#12", "\x1b[31m"])
VALUES = st.one_of(st.none(), PRICES)
PLOTS = st.builds(
    Plot,
    TEXTS,
    st.lists(TIMES, max_size=30).map(sorted),
    st.lists(st.lists(VALUES, max_size=4), max_size=30),
    st.lists(TEXTS, max_size=10),
    st.lists(st.sampled_from(list(PlotKind)), max_size=4),
    st.lists(COLOURS, max_size=4),
    st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=2),
    st.lists(PRICES, max_size=3),
    st.one_of(st.none(), st.tuples(PRICES, PRICES)),
)
LAYERS = st.builds(
    Layers,
    heat=st.one_of(
        st.none(),
        st.builds(
            Heat,
            st.lists(TIMES, max_size=8).map(sorted),
            st.sampled_from([-1, 0, NS, M, 10 * M]),
            st.lists(st.lists(st.tuples(PRICES, PRICES), max_size=4), max_size=8),
            PRICES,
            st.lists(st.tuples(VALUES, VALUES), max_size=8),
        ),
    ),
    profile=st.one_of(
        st.none(),
        st.builds(Profile, st.lists(st.tuples(PRICES, PRICES, PRICES, PRICES), max_size=4), PRICES),
    ),
    overlays=st.lists(PLOTS, max_size=3),
    price_lines=st.lists(st.builds(PriceLine, PRICES, TEXTS, COLOURS), max_size=3),
    drawings=st.lists(
        st.one_of(
            st.builds(
                Stroke, POINTS, POINTS, st.sampled_from(list(Reach)), TEXTS, COLOURS, st.booleans()
            ),
            st.builds(Box, POINTS, POINTS, TEXTS, COLOURS, st.booleans()),
            st.builds(Note, POINTS, TEXTS, COLOURS, st.booleans()),
        ),
        max_size=4,
    ),
    marks=st.lists(st.builds(Mark, POINTS, TEXTS, TEXTS, COLOURS), max_size=3),
    crosshair=st.one_of(
        st.none(), st.builds(Crosshair, TIMES, VALUES, st.one_of(st.none(), POINTS))
    ),
)
CANDLES = st.lists(
    st.builds(
        lambda at, opened, high, low, close: candle(opened, high, low, close, at=at),
        st.one_of(st.integers(-5, 40), st.integers(-(10**9), 10**9)),
        *([PRICES] * 4),
    ),
    max_size=15,
)
OPTIONS = st.fixed_dictionaries(
    {
        "glyphs": st.sampled_from([EIGHTHS, HALVES, BRAILLE, ASCII]),
        "style": st.sampled_from(list(ChartStyle)),
        "price_scale": st.sampled_from(list(PriceScale)),
        "price_decimals": st.integers(0, 12),
        "timeframe": st.sampled_from(
            [MINUTE, Timeframe(1, "s"), Timeframe(1, "w"), Timeframe(1, "M")]
        ),
        "columns": st.integers(0, 9),
        "merge": st.integers(0, 4),
        "offset": st.integers(-2, 20),
        "margin": st.integers(-2, 60),
        "absent_flat": st.booleans(),
        "fine_colours": st.booleans(),
        "last_price": st.one_of(st.none(), PRICES),
        "holes": st.lists(st.tuples(TIMES, TIMES), max_size=2),
        "panes": st.lists(PLOTS, max_size=2),
    }
)
SIZES = st.tuples(st.integers(0, 80), st.integers(0, 32))


@settings(max_examples=30, deadline=None)
@given(st.one_of(CANDLES, st.just(wave(40))), SIZES, LAYERS, OPTIONS)
def test_whatever_comes_every_strip_has_its_width(
    candles: list[Candle], size: tuple[int, int], layers: Layers, options: dict[str, Any]
) -> None:
    painter = ChartPainter()
    for part in (candles[: len(candles) // 2], candles):
        strips = paint(part, *size, painter=painter, layers=layers, **options)

        assert len(strips) == size[1]
        for strip in strips:
            assert strip.cell_length == size[0]
            assert sum(segment.cell_length for segment in strip) == size[0]
            assert all(segment.text.isprintable() for segment in strip)


EVERYTHING = Layers(
    heat=Heat([START + at * M for at in range(30)], M, [((99.0, 5.0),)] * 30, 8.0),
    profile=Profile([(98.0, 101.0, 3.0, 1.0)], 99.0),
    overlays=[
        Plot("EMA", [START + at * M for at in range(30)], [(99.5 + at / 50,) for at in range(30)])
    ],
    price_lines=[PriceLine(98.4, "alert")],
    drawings=[Stroke((START, 98.0), (START + 20 * M, 100.0), Reach.RIGHT)],
    marks=[Mark((START + 22 * M, 99.0), "▲", "^")],
    crosshair=Crosshair(START + 15 * M, 100.2),
)


@pytest.mark.parametrize("glyphs", [EIGHTHS, HALVES, BRAILLE, ASCII])
def test_with_everything_an_unchanged_chart_is_the_very_same_strips(glyphs: Any) -> None:
    painter = ChartPainter()
    options: dict[str, Any] = {"painter": painter, "layers": EVERYTHING, "glyphs": glyphs}
    first = paint(wave(30), 80, 24, **options)
    again = paint(wave(30), 80, 24, **options)

    assert all(one is other for one, other in zip(first, again, strict=True))


def test_with_everything_in_ascii_there_are_only_letters() -> None:
    strips = paint(wave(30), 80, 24, layers=EVERYTHING, glyphs=ASCII, fine_colours=False)

    assert picture(strips).isascii()


def test_what_is_kept_does_not_outlive_what_it_depends_on() -> None:
    painter = ChartPainter()
    for width, columns, style in ((80, 2, ChartStyle.CANDLES), (60, 4, ChartStyle.LINE)) * 2:
        options: dict[str, Any] = {"columns": columns, "style": style, "layers": EVERYTHING}
        painter.forget_scale()

        kept = paint(wave(30), width, 24, painter=painter, **options)

        assert picture(kept) == picture(paint(wave(30), width, 24, **options))


def test_candles_that_make_no_sense_or_come_twice_are_counted() -> None:
    painter = ChartPainter()
    held = [*wave(10), candle(1.0, math.nan, 1.0, 1.0, at=10), wave(10)[-1]]

    paint(held, 44, 12, painter=painter)

    assert painter.skipped == 2


def test_only_what_is_in_sight_is_counted() -> None:
    painter = ChartPainter()
    wrong = [candle(1.0, math.inf, 1.0, 1.0, at=-9)]

    paint([*wrong, *wave(60)], 44, 12, painter=painter)

    assert painter.skipped == 0


def test_absent_candles_are_left_out_or_flat_at_the_last_close() -> None:
    held = [each for at, each in enumerate(wave(30)) if at not in (20, 21, 25)]
    options: dict[str, Any] = {"volume": False, "hollow_up": False}
    left_out = picture(paint(held, 44, 10, **options)).split("\n")

    flat = picture(paint(held, 44, 10, absent_flat=True, **options)).split("\n")

    assert flat == [
        "       101.75",
        "          ╷ ╷ ╷                 ╷ ╷",
        "      │ │ ▄ ┼ ▄             │ │ ▄ ┼",
        "┈   │ ▃ ▇ █ ┈ █ ┈   │   ┈   ▃ ▇ █    100.00",
        "╷ ╷ █ ╵ █ █   █     █ ╷ ╷   ╵ █ █",
        "▃ ▃ █   ╵ ╵   ╵ ▇ ▇ █ ▃ ▃     ╵ ╵",
        "▂ ▂ ▂               ▂ ▂ ▂ ▁",
        "╵ ╵ ╵               ╵ ╵ ╵",
        "97.00",
        "    10:15     10:20     10:25           UTC",
    ]
    assert [row[16:20].strip() for row in left_out[:9]] == [""] * 2 + ["", "┈"] + [""] * 5


def test_what_could_not_be_had_is_never_flat() -> None:
    held = [each for at, each in enumerate(wave(30)) if at not in (20, 21)]
    holes = [(START + 20 * M, START + 22 * M)]

    drawn = paint(held, 44, 10, volume=False, absent_flat=True, holes=holes)

    assert all(strip.text[16] == "░" for strip in drawn[:9])


@pytest.mark.parametrize("merge", [1, 3])
@pytest.mark.parametrize("style", [ChartStyle.CANDLES, ChartStyle.HEIKIN_ASHI])
def test_a_view_of_the_past_stays_when_candles_arrive(merge: int, style: ChartStyle) -> None:
    painter = ChartPainter()
    held = wave(300)
    options: dict[str, Any] = {
        "painter": painter,
        "merge": merge,
        "style": style,
        "layers": EVERYTHING,
    }
    before = paint(held[:280], 80, 24, offset=150, last_price=held[279].close, **options)
    for count in range(281, 301):
        after = paint(
            held[:count], 80, 24, offset=count - 130, last_price=held[279].close, **options
        )

        assert all(one is other for one, other in zip(before, after, strict=True))


def test_room_at_the_right_moves_the_candles_to_the_left() -> None:
    without = picture(paint(wave(60), 44, 10)).split("\n")
    room = picture(paint(wave(60), 44, 10, margin=3)).split("\n")

    assert room[3][:24] == without[3][6:30].replace("┈", " ") or room[3][30:36].strip(" ┈") == ""


def test_more_room_than_there_is_leaves_the_newest_candle() -> None:
    painter = ChartPainter()

    paint(wave(60), 44, 10, margin=99, painter=painter)

    assert painter.geometry is not None
    assert [bar.slot for bar in painter.geometry.bars] == [0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*([st.floats(90, 110)] * 4), st.floats(0, 1e6)), min_size=1, max_size=60),
    st.integers(1, 7),
)
def test_merging_keeps_open_high_low_close_and_volume(
    values: list[tuple[float, float, float, float, float]], merge: int
) -> None:
    held = [
        candle(one, max(one, two, three), min(one, two, four), two, volume, at=at)
        for at, (one, two, three, four, volume) in enumerate(values)
    ]
    painter = ChartPainter()
    paint(held, 200, 12, columns=1, merge=merge, painter=painter)
    assert painter.geometry is not None
    bars = painter.geometry.bars

    assert bars[0].open == held[0].open
    assert bars[-1].close == held[-1].close
    assert max(bar.high for bar in bars) == max(each.high for each in held)
    assert min(bar.low for bar in bars) == min(each.low for each in held)
    assert sum(bar.volume for bar in bars) == pytest.approx(sum(each.volume for each in held))
    for bar in bars:
        part = [
            each for each in held if each.open_time // (merge * M) == bar.open_time // (merge * M)
        ]
        assert (bar.open, bar.close) == (part[0].open, part[-1].close)


def cells(*pieces: tuple[int, str]) -> list[Cell]:
    ink = Ink(Style())
    return [(column, text, ink) for column, text in pieces]


def texts(found: list[Cell]) -> list[tuple[int, str]]:
    return [cell[:2] for cell in found]


def test_what_is_behind_shows_between_what_is_in_front() -> None:
    front = cells((2, "ab"), (6, "c"))
    back = cells((0, "1234567"), (8, "9"))

    assert texts(put_behind(front, back)) == [
        (0, "12"),
        (2, "ab"),
        (4, "56"),
        (6, "c"),
        (8, "9"),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=8),
)
def test_every_column_shows_the_layer_in_front(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    def layer(pieces: list[tuple[int, int]], letter: str) -> list[Cell]:
        found, at = [], 0
        for gap, size in pieces:
            found.append((at + gap, letter * size))
            at += gap + size
        return cells(*found)

    def flat(layer: list[Cell]) -> str:
        line = [" "] * 70
        for column, text, _ in layer:
            assert line[column : column + len(text)] == [" "] * len(text)
            line[column : column + len(text)] = text
        return "".join(line)

    front, back = layer(one, "f"), layer(other, "b")
    expected = "".join(
        above if above != " " else below
        for above, below in zip(flat(front), flat(back), strict=True)
    )

    merged = put_behind(front, back)

    assert flat(merged) == expected
    assert merged == sorted(merged, key=lambda cell: cell[0])


def test_backgrounds_lie_under_text_and_blanks_and_those_in_front_win() -> None:
    strips = paint(series([(100.0, 101.0, 99.0, 100.5)]), 10, 4)
    row = Row()
    row.ground = [[(2, 4, "#111111")], [(0, 3, "#222222")]]

    strip = row.to_strip(5, Ink(next(iter(strips[0])).style or pytest.fail("no style")))

    assert [colour_at([strip], column, 0)[1] for column in range(5)] == [
        "#222222",
        "#222222",
        "#111111",
        "#111111",
        "#000000",
    ]
