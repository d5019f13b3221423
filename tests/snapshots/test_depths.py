"""What a terminal of each colour depth is made to show: characters, and where which look is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pyte
import pytest
from staging import staged_app

from tui.terminal.canvas import Canvas, DirtyLine

pytestmark = pytest.mark.snapshot

WIDTH, HEIGHT = 50, 14


def look_of(char: pyte.screens.Char) -> str:
    marks = [
        word
        for word, is_on in (
            ("bold", char.bold),
            ("underlined", char.underscore),
            ("reverse", char.reverse),
        )
        if is_on
    ]
    ink = char.fg if char.data != " " else ""
    return " ".join([f"{ink} on {char.bg}".strip(), *marks])


def described(screen: pyte.Screen) -> Iterable[str]:
    """Each row as it reads, and below it the looks of its pieces with their lengths."""
    for y, row in enumerate(screen.display):
        yield f"|{row}|"
        looks = [look_of(screen.buffer[y][x]) for x in range(screen.columns)]
        yield "  " + ", ".join(f"{len(list(run))} {look}" for look, run in groupby(looks))


@pytest.mark.parametrize(
    ("depth", "glyphs"),
    [("256", "eighths"), ("standard", "halves"), ("none", "eighths"), ("none", "ascii")],
)
async def test_a_screen_at_each_colour_depth(snapshot: Any, depth: str, glyphs: str) -> None:
    app = staged_app(glyphs=glyphs)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        app.frame()
        await pilot.pause()
        lines = app.lines_shown()
    canvas = Canvas(depth)
    canvas.is_ascii = glyphs == "ascii"
    canvas.prepare((WIDTH, HEIGHT), depth)
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.reset_mode(7, private=True)

    pyte.Stream(screen).feed(
        canvas.paint(
            [DirtyLine(y, [(0, WIDTH)], [(0, WIDTH, line)]) for y, line in enumerate(lines)],
            full=True,
        )
    )

    assert "\n".join(described(screen)) == snapshot
