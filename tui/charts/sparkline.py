"""A line of tiny bars for a few values in a row of text."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from tui.charts.glyphs import Glyphs


def sparkline(
    values: Sequence[float], width: int, glyphs: Glyphs, *, floor: float | None = None
) -> str:
    """The last `width` values as bars between their lowest and highest, right-aligned.

    A value that is not a number leaves a blank; values that do not move stand at half height.

    Args:
        floor: the lowest bar is for this value, where all are higher; 0 for counts.

    Returns:
        Exactly `width` characters, each a cell.
    """
    if width <= 0:
        return ""
    shown = values[-width:]
    known = [value for value in shown if isfinite(value)]
    if not known:
        return " " * width
    spark = glyphs.spark
    low, high = min(known), max(known)
    if floor is not None:
        low = min(low, floor)
    if high == low:
        middle = spark[(len(spark) - 1) // 2]
        bars = [middle if isfinite(value) else " " for value in shown]
    else:
        # Halved first, so that the range of huge values stays finite.
        per_value = (len(spark) - 1) / (high / 2 - low / 2)
        bars = [
            spark[int((value / 2 - low / 2) * per_value + 0.5)] if isfinite(value) else " "
            for value in shown
        ]
    return "".join(bars).rjust(width)
