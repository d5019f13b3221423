"""Chooses the characters that charts are drawn with: the user's choice, or what the terminal can show."""

from __future__ import annotations

import os
import sys
from typing import Final

from tui.charts.glyphs import ASCII, EIGHTHS, HALVES, Glyphs

_SETS: Final[dict[str, Glyphs]] = {"eighths": EIGHTHS, "halves": HALVES, "ascii": ASCII}


def choose_glyphs(name: str) -> Glyphs:
    """The set of that name; for any other word the finest that the terminal can be trusted to show."""
    if name in _SETS:
        return _SETS[name]
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    if not encoding.lower().startswith("utf"):
        return ASCII
    # The Linux console's font has 256 characters, halves among them and eighths not.
    return HALVES if os.environ.get("TERM") == "linux" else EIGHTHS
