"""Light patterns, for terminals whose colours are too few for backgrounds."""

from __future__ import annotations

from collections.abc import Sequence

from tui.charts.canvas import Canvas
from tui.charts.rows import Cell, Patch


def dotted(canvas: Canvas, patches: Sequence[Patch], row: int) -> list[Cell]:
    """Sparse dots in place of backgrounds, those of one row between those of the next."""
    columns = {
        column
        for start, end, _ in patches
        for column in range(start + (2 * row - start) % 4, end, 4)
    }
    return [(column, canvas.glyphs.band, canvas.inks.grid) for column in sorted(columns)]
