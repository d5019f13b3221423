"""Horizontal bars, for the sizes of a depth ladder."""

from __future__ import annotations

from math import isnan

from tui.charts.glyphs import Glyphs


def bar(fraction: float, width: int, glyphs: Glyphs) -> str:
    """A bar that grows from the left to the glyph set's finest step.

    Args:
        fraction: of the width, clipped to 0..1; anything above 0 shows at least one step.

    Returns:
        Exactly `width` characters, each a cell, for one ink.
    """
    full, rest, empty = _pieces(fraction, width, len(glyphs.left) - 1)
    return glyphs.left[-1] * full + (glyphs.left[rest] if rest else "") + " " * empty


def _pieces(fraction: float, width: int, steps: int) -> tuple[int, int, int]:
    """Full cells, steps of the partial cell, empty cells."""
    width = max(width, 0)
    if isnan(fraction) or fraction <= 0.0:
        return 0, 0, width
    filled = max(int(min(fraction, 1.0) * width * steps + 0.5), 1) if width else 0
    full, rest = divmod(filled, steps)
    return full, rest, width - full - (rest > 0)
