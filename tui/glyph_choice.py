"""Chooses the characters that charts are drawn with: the user's choice, or what the terminal can show."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from tui.charts.glyphs import ASCII, BRAILLE, EIGHTHS, HALVES, Glyphs
from tui.terminal import detection, tmux
from tui.terminal.detection import Choice

_SETS: Final[dict[str, Glyphs]] = {
    "eighths": EIGHTHS,
    "halves": HALVES,
    "braille": BRAILLE,
    "ascii": ASCII,
}


def choose_glyphs(name: str, environment: Mapping[str, str]) -> Glyphs:
    """The set of that name; for "auto" the finest that the terminal can be trusted to show."""
    return _SETS[name_glyphs(name, environment).value]


def name_glyphs(name: str, environment: Mapping[str, str]) -> Choice:
    """The same by its name, with the reason."""
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    choice = detection.choose_glyphs(name, environment, encoding)
    if name != detection.AUTO or choice.value == "ascii" or detection.has_locale(environment):
        return choice
    # Without a locale all are taken for ones that show UTF-8; tmux can be asked.
    if environment.get("TMUX") and not tmux.passes_utf8():
        return Choice("ascii", "tmux shows no more without a UTF-8 locale; or call it tmux -u")
    return choice
