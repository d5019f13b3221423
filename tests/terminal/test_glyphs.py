"""Text becomes as many cells as the layout reserved, none of which a terminal acts on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from tui.terminal.glyphs import is_odd, is_plain, split_cells


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("字a", ["字", "", "a"]),
        ("e\u0301x", ["e\u0301", "x"]),
        ("z\u0301\u0302\u0303", ["z\u0301\u0302"]),
        ("\x1b[31m", ["[", "3", "1", "m"]),
        ("\x9b1m", ["1", "m"]),
        ("a\u202eb\u2066c", ["a", "b", "c"]),
        ("a\u200bb", ["a", "b"]),
        ("\ud800", ["\ufffd"]),
        ("\u0301a", ["a"]),
        ("👨\u200d👩!", ["👨", "", "!"]),
        ("❤\ufe0f", ["❤", " "]),
    ],
)
def test_text_is_split_into_harmless_cells(text: str, cells: list[str]) -> None:
    assert split_cells(text) == cells


@pytest.mark.parametrize("cell", ["e\u0301", "😀", "❤"])
def test_a_glyph_of_doubtful_width_is_odd(cell: str) -> None:
    split_cells(cell)

    assert is_odd(cell)


@pytest.mark.parametrize("cell", ["字", "한", "█", "a"])
def test_a_glyph_that_all_terminals_draw_alike_is_not_odd(cell: str) -> None:
    split_cells(cell)

    assert not is_odd(cell)


def test_plain_characters_are_one_harmless_cell_each() -> None:
    plain = [chr(code) for code in range(0x110000) if is_plain(chr(code))]

    assert len(plain) > 1500
    assert {get_character_cell_size(character) for character in plain} == {1}
    assert {unicodedata.category(character)[0] for character in plain}.isdisjoint("CM")


@given(st.text(st.characters(), max_size=30))
def test_any_text_fills_the_columns_that_the_layout_gave_it(text: str) -> None:
    cells = list(text) if is_plain(text) else split_cells(text)

    assert len(cells) == cell_len(text)
    written = "".join(cells)
    assert {unicodedata.category(c) for c in written}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
