"""Which widget is seen where on a screen, so that a frame asks only those for lines that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.canvas import DirtyLine
from tui.terminal.drawing import runs_of

Placed: TypeAlias = "Mapping[Widget, tuple[Region, Region]]"
"""Widgets from the front to the back: where each is on the screen, and what of that is not cut off."""


class Seat(NamedTuple):
    """Columns of a line that one widget fills: from `start` to before `end`; None where no one does."""

    start: int
    end: int
    widget: Widget | None


class Seats:
    """The seats of one arrangement of widgets."""

    def __init__(self, placed: Placed, size: Size) -> None:
        self.placed = placed
        self._size = size
        self._lines = _seated(placed, size)

    def lines(
        self, spans_of: Mapping[int, Sequence[tuple[int, int]]], *, blank_free: bool
    ) -> list[DirtyLine]:
        """Have the widgets drawn that are seen in these spans `(x1, x2)` of lines.

        Args:
            spans_of: line to spans, which do not overlap; lines in ascending order.
            blank_free: also fill what no widget covers.
        """
        seats_of: dict[int, list[Seat]] = {}
        wanted: dict[Widget, list[int]] = {}
        for y, spans in spans_of.items():
            if not 0 <= y < self._size.height:
                continue
            seats = seats_of[y] = [
                seat
                for seat in self._lines[y]
                if any(x1 < seat.end and seat.start < x2 for x1, x2 in spans)
            ]
            for seat in seats:
                if seat.widget is not None:
                    rows = wanted.setdefault(seat.widget, [])
                    if not rows or rows[-1] != y:
                        rows.append(y)
        drawn = {widget: self._draw(widget, rows) for widget, rows in wanted.items()}
        return [
            DirtyLine(y, spans_of[y], _pieces(y, seats, drawn, blank_free=blank_free))
            for y, seats in seats_of.items()
        ]

    def _draw(self, widget: Widget, rows: Sequence[int]) -> tuple[int, dict[int, Strip]]:
        """What a widget shows in these lines of the screen, and the column where that begins."""
        region, clip = self.placed[widget]
        seen = region.intersection(clip)
        strips: dict[int, Strip] = {}
        for first, end in runs_of(rows):
            crop = Region(seen.x - region.x, first - region.y, seen.width, end - first)
            strips.update(zip(range(first, end), widget.render_lines(crop), strict=False))
        return seen.x, strips


def _pieces(
    y: int,
    seats: Iterable[Seat],
    drawn: Mapping[Widget, tuple[int, Mapping[int, Strip]]],
    *,
    blank_free: bool,
) -> list[tuple[int, int, Strip]]:
    pieces = []
    for start, end, widget in seats:
        if widget is None:
            if blank_free:
                pieces.append((start, end, Strip.blank(end - start)))
            continue
        left, strips = drawn[widget]
        strip = strips.get(y)
        if strip is None:
            continue
        if start != left or end - start != strip.cell_length:
            strip = strip.crop(start - left, end - left)
        pieces.append((start, end, strip))
    return pieces


def _seated(placed: Placed, size: Size) -> list[list[Seat]]:
    width, height = size
    lines: list[list[Seat]] = [[] for _ in range(height)]
    free = [[(0, width)] for _ in range(height)]
    for widget, (region, clip) in placed.items():
        x1, y1, seen_width, seen_height = region.intersection(clip)
        x2 = x1 + seen_width
        if seen_width <= 0:
            continue
        for y in range(max(y1, 0), min(y1 + seen_height, height)):
            if not free[y]:
                continue
            left = []
            for start, end in free[y]:
                if x2 <= start or end <= x1:
                    left.append((start, end))
                    continue
                lines[y].append(Seat(max(start, x1), min(end, x2), widget))
                if start < x1:
                    left.append((start, x1))
                if x2 < end:
                    left.append((x2, end))
            free[y] = left
    for y in range(height):
        lines[y] += [Seat(start, end, None) for start, end in free[y]]
        lines[y].sort(key=lambda seat: seat.start)
    return lines
