"""Rows of coloured cells that become strips, and stay the same strip while they do not change."""

from __future__ import annotations

from typing import TypeAlias

from rich.segment import Segment
from textual.strip import Strip

from tui.charts.palette import Ink

Cell: TypeAlias = tuple[int, str, Ink]
"""Column, text, ink. The cells of a row do not overlap and stand from left to right."""


class Row:
    """One row: its cells, and the pattern that the empty ones between them show up to
    `fill_width`."""

    __slots__ = ("cells", "fill", "fill_ink", "fill_width")

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.fill = ""
        self.fill_ink: Ink | None = None
        self.fill_width = 0

    def same_as(self, other: Row) -> bool:
        return (
            self.cells == other.cells
            and self.fill_ink is other.fill_ink
            and self.fill == other.fill
            and self.fill_width == other.fill_width
        )

    def overlay(self, column: int, text: str, ink: Ink) -> None:
        """Put text over whatever is there."""
        end = column + len(text)
        kept = [cell for cell in self.cells if cell[0] >= end or cell[0] + len(cell[1]) <= column]
        at = sum(cell[0] < column for cell in kept)
        kept.insert(at, (column, text, ink))
        self.cells = kept

    def put_under(self, column: int, text: str, ink: Ink) -> None:
        """Put one cell of text where nothing is drawn yet."""
        cells = self.cells
        at = 0
        while at < len(cells) and cells[at][0] <= column:
            if column < cells[at][0] + len(cells[at][1]):
                return
            at += 1
        cells.insert(at, (column, text, ink))

    def fill_under(self, start: int, end: int, text: str, ink: Ink) -> None:
        """Put one cell of text into every cell of `start..end` (the end excluded) where nothing is
        drawn yet."""
        filled: list[Cell] = []
        at = start
        for cell in self.cells:
            filled += [(column, text, ink) for column in range(at, min(cell[0], end))]
            filled.append(cell)
            at = max(at, cell[0] + len(cell[1]))
        filled += [(column, text, ink) for column in range(at, end)]
        self.cells = filled

    def to_strip(self, width: int, blank: Ink) -> Strip:
        """The row as a strip of exactly `width` cells, neighbours of the same colour in one piece."""
        if self.fill_ink is None:
            return Strip(_plain(self.cells, width, blank), width)
        return Strip(
            _filled(self.cells, width, blank, self.fill, self.fill_ink, self.fill_width), width
        )


def _plain(cells: list[Cell], width: int, blank: Ink) -> list[Segment]:
    # The foreground of a blank does not show, so blanks join whatever stands before them; only
    # an ink that colours the background cannot take them.
    segments: list[Segment] = []
    text = ""
    ink = blank
    at = 0
    for column, piece, piece_ink in cells:
        if column > at:
            if ink.solid:
                segments.append(Segment(text, ink.style))
                text, ink = "", blank
            text += " " * (column - at)
        if piece_ink is ink:
            text += piece
        elif ink is blank and not piece_ink.solid:
            text += piece
            ink = piece_ink
        else:
            if text:
                segments.append(Segment(text, ink.style))
            text = piece
            ink = piece_ink
        at = column + len(piece)
    if at < width:
        if ink.solid:
            segments.append(Segment(text, ink.style))
            text, ink = "", blank
        text += " " * (width - at)
    if text:
        segments.append(Segment(text, ink.style))
    return segments


def _filled(
    cells: list[Cell], width: int, blank: Ink, fill: str, fill_ink: Ink, fill_width: int
) -> list[Segment]:
    pattern = fill * (fill_width // len(fill) + 1)
    complete: list[Cell] = []
    at = 0
    for cell in cells:
        column = cell[0]
        end = min(column, fill_width)
        if end > at and not (piece := pattern[at:end]).isspace():
            complete.append((at, piece, fill_ink))
        complete.append(cell)
        at = column + len(cell[1])
    if at < fill_width:
        complete.append((at, pattern[at:fill_width], fill_ink))
    return _plain(complete, width, blank)
