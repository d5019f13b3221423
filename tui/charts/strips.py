"""Rows of a chart as strips, of which those that stay the same are kept."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from tui.charts.palette import Ink, Inks
from tui.charts.rows import Row


def to_strips(
    rows: Sequence[Row], before: Sequence[Row], held: Sequence[Strip], width: int, blank: Ink
) -> list[Strip]:
    """The rows as strips; one that is like that `before` it keeps its strip of those `held`, if any."""
    return [
        held[number] if held and row.same_as(before[number]) else row.to_strip(width, blank)
        for number, row in enumerate(rows)
    ]


def blank_strips(width: int, height: int, inks: Inks, message: str) -> list[Strip]:
    """A chart without anything but a message in its middle."""
    strips = [Strip.blank(width, inks.blank.style)] * height
    if message:
        strips[height // 2] = _centred(message, width, inks)
    return strips


def _centred(message: str, width: int, inks: Inks) -> Strip:
    text = set_cell_size(message, min(cell_len(message), width))
    before = (width - cell_len(text)) // 2
    text = set_cell_size(" " * before + text, width)
    return Strip([Segment(text, inks.muted.style)], width)
