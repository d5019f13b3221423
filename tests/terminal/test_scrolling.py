"""A list that moves by a line is moved by the terminal, where that takes fewer bytes."""

from __future__ import annotations

import random

from emulator import Emulator
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.terminal.canvas import Canvas, DirtyLine
from tui.terminal.drawing import Traits

WIDTH, HEIGHT = 30, 10
CAPABLE = Traits(line_feeds=True, erases=True)
INK = Style(color="#d0d0d0", bgcolor="#101020")


def entry(number: int, style: Style = INK) -> Strip:
    text = f"{number:>4} {number**9 % 10**20:>20}"
    return Strip([Segment(text.ljust(WIDTH), style)])


def paint(canvas: Canvas, strips: dict[int, Strip], *, full: bool = False) -> str:
    canvas.prepare((WIDTH, HEIGHT), "truecolor")
    lines = [DirtyLine(y, [(0, WIDTH)], [(0, WIDTH, strip)]) for y, strip in strips.items()]
    return canvas.paint(lines, full=full)


def list_of(first: int, top: int = 0, end: int = HEIGHT) -> dict[int, Strip]:
    return {y: entry(first + y) for y in range(top, end)}


def shown(traits: Traits = CAPABLE) -> Canvas:
    canvas = Canvas("truecolor")
    canvas.traits = traits
    paint(canvas, list_of(100), full=True)
    return canvas


def test_a_list_that_moves_up_is_moved_and_its_new_line_drawn() -> None:
    assert paint(shown(), list_of(101)) == (
        "\x1b[1;10r\x1b[1H\x1b[1M\x1b[r\x1b[9B 110  2357947691000000000\x1b[K"
    )


def test_a_list_that_moves_down_is_moved_the_other_way() -> None:
    assert paint(shown(), list_of(98)) == (
        "\x1b[1;10r\x1b[1H\x1b[2L\x1b[r"
        "  98   833747762130149888\x1b[K\r\n  99   913517247483640899\x1b[K"
    )


def test_only_the_lines_of_the_list_move() -> None:
    written = paint(shown(), list_of(101, 2, 8) | {0: entry(7)})

    assert "\x1b[3;8r\x1b[3H\x1b[1M\x1b[r" in written


def test_a_few_lines_are_drawn() -> None:
    assert "r\x1b[" not in paint(shown(), list_of(101, 0, 3))


def test_lines_of_which_only_a_part_may_have_changed_stay() -> None:
    canvas = shown()
    half = WIDTH // 2
    lines = [
        DirtyLine(y, [(0, half)], [(0, half, strip.crop(0, half))])
        for y, strip in list_of(101).items()
    ]

    assert "M" not in canvas.paint(lines, full=False)


STYLES = [
    INK,
    Style(color="#00ff00", bgcolor="#101020"),
    Style(bgcolor="#303030"),
    Style(reverse=True),
]
MOVES = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(0, 4), st.integers(5, HEIGHT)), max_size=6
)


@settings(max_examples=40)
@given(st.integers(0, 1000), MOVES)
def test_wherever_it_moves_the_terminal_shows_what_it_should(
    seed: int, moves: list[tuple[int, int, int]]
) -> None:
    rng = random.Random(seed)
    entries = [
        Strip([Segment("".join(rng.choices("ab █", k=rng.choice([0, 9, WIDTH]))), style)])
        for style in rng.choices(STYLES, k=30)
    ]
    entries = [strip.adjust_cell_length(WIDTH) for strip in entries]
    canvas, terminal = Canvas("truecolor"), Emulator(WIDTH, HEIGHT)
    canvas.traits = CAPABLE
    first = 10
    wanted = dict(enumerate(entries[first : first + HEIGHT]))
    terminal.feed(paint(canvas, wanted, full=True))
    for by, top, end in moves:
        first = min(max(first + by, 0), 20)
        wanted |= {y: entries[first + y] for y in range(top, end)}
        terminal.feed(paint(canvas, wanted))

        anew, fresh = Canvas("truecolor"), Emulator(WIDTH, HEIGHT)
        fresh.feed(paint(anew, wanted, full=True))
        assert terminal.cells() == fresh.cells()
