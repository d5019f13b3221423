"""Where only ASCII can be shown, each cell has a form of it, and no column shifts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.strip import Strip

import tui
from tui.terminal.ascii_forms import to_ascii
from tui.terminal.canvas import Canvas, DirtyLine
from tui.terminal.glyphs import split_cells

# What has no form that says the same, and none that would be mistaken for something else.
FORMLESS = {"\ufffd", "币"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("● live ▲ 1.5 ▼", "* live ^ 1.5 v"),
        ("◌ syncing…", "o syncing~"),
        ("┄┄┃ 81,000", "--| 81,000"),
        ("╭─╮", "+-+"),
        ("▁▃█", ".:#"),
        ("Société — ü", "Societe - u"),
        ("币安x", "? ? x"),
        ("⠀⠁⣿", " .#"),
    ],
)
def test_marks_lines_and_letters_have_forms(text: str, shown: str) -> None:
    assert "".join(to_ascii(split_cells(text))) == shown


def test_every_mark_of_the_program_has_a_form() -> None:
    folder = Path(tui.__file__).parent
    sources = [*folder.glob("widgets/*.py"), *folder.glob("screens/*.py"), folder / "app.py"]
    texts = [
        text
        for source in sources
        for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"', source.read_text("utf-8"))
    ]
    marks = {character for text in texts for character in text if not character.isascii()}

    assert {mark for mark in marks if to_ascii([mark]) == ["?"]} <= FORMLESS
    assert len(marks) > 10


def test_an_ascii_canvas_writes_nothing_else() -> None:
    canvas = Canvas("truecolor")
    canvas.is_ascii = True
    canvas.prepare((14, 1), "truecolor")
    strip = Strip([Segment("● 币安 ┄┄ é 😀 ")]).adjust_cell_length(14)

    written = canvas.paint([DirtyLine(0, [(0, 14)], [(0, 14, strip)])], full=True)

    assert written == "\x1b[m\x1b[H* ? ?  -- e ? "


def test_a_plain_canvas_leaves_the_grid_out() -> None:
    canvas = Canvas("truecolor")
    canvas.is_plain = True
    canvas.prepare((8, 1), "truecolor")
    strip = Strip([Segment("┈  █┈  1")])

    written = canvas.paint([DirtyLine(0, [(0, 8)], [(0, 8, strip)])], full=True)

    assert written == "\x1b[m\x1b[H   █   1"


def test_what_stayed_the_same_is_drawn_plainly_once_that_is_asked_for() -> None:
    canvas = Canvas("truecolor")
    canvas.prepare((8, 1), "truecolor")
    line = DirtyLine(0, [(0, 8)], [(0, 8, Strip([Segment("┈  █┈  1")]))])
    canvas.paint([line], full=True)

    canvas.is_plain = True
    canvas.reconsider()

    assert canvas.paint([line], full=True) == "\r \x1b[5G "
