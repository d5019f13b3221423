"""Chooses the characters that charts are drawn with: the user's choice, or what the terminal can show."""

from __future__ import annotations

import os
import sys
from typing import Final

from tui.charts.glyphs import ASCII, BRAILLE, EIGHTHS, HALVES, Glyphs
from tui.terminal import detection

_SETS: Final[dict[str, Glyphs]] = {
    "eighths": EIGHTHS,
    "halves": HALVES,
    "braille": BRAILLE,
    "ascii": ASCII,
}


def choose_glyphs(name: str) -> Glyphs:
    """The set of that name; for "auto" the finest that the terminal can be trusted to show."""
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    return _SETS[detection.choose_glyphs(name, os.environ, encoding).value]
