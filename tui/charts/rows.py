"""Rows of coloured cells that become strips, and stay the same strip while they do not change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.charts.palette import Ink

Cell: TypeAlias = tuple[int, str, Ink]
"""Column, text, ink. The cells of a row do not overlap and stand from left to right."""

Patch: TypeAlias = tuple[int, int, str]
"""First column, the one behind the last, and the colour "#rrggbb" that is the background there."""


FILLER = "\ue000"
"""Stands behind a wide character, so that a text has a character for each of its cells."""


class Row:
    """One row, in layers: its cells; behind them other cells, which show where the row has none; behind
    those a pattern that fills what is empty up to `fill_width`; and the backgrounds of all that.

    Attributes:
        behind, ground: layers, those in front first. They are put together only when the row has
            changed, so a layer that stays should stay the same list.
    """

    __slots__ = ("behind", "cells", "fill", "fill_ink", "fill_width", "ground", "has_wide")

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.behind: list[list[Cell]] = []
        self.ground: list[Sequence[Patch]] = []
        self.fill = ""
        self.fill_ink: Ink | None = None
        self.fill_width = 0
        self.has_wide = False

    def same_as(self, other: Row) -> bool:
        return (
            self.cells == other.cells
            and self.behind == other.behind
            and self.ground == other.ground
            and self.fill_ink is other.fill_ink
            and self.fill == other.fill
            and self.fill_width == other.fill_width
        )

    def overlay(self, column: int, text: str, ink: Ink) -> None:
        """Put text over whatever is there; it may hold wide characters, each followed by `FILLER`."""
        self.has_wide = self.has_wide or FILLER in text
        self.cells = put_behind([(column, text, ink)], self.cells)

    def to_strip(self, width: int, blank: Ink) -> Strip:
        """The row as a strip of exactly `width` cells, neighbours of the same colour in one piece."""
        cells = self.cells
        for layer in self.behind:
            cells = put_behind(cells, layer)
        if self.fill_ink is not None:
            cells = _filled(cells, self.fill, self.fill_ink, self.fill_width)
        if self.ground:
            cells = _grounded(cells, self.ground, width, blank)
        segments = _segments(cells, width, blank)
        if self.has_wide:
            segments = [Segment(_without_fillers(each.text), each.style) for each in segments]
        return Strip(segments, width)


def put_behind(front: list[Cell], back: list[Cell]) -> list[Cell]:
    """The cells in front, and between them what is to be seen of those at the back."""
    if not front or not back:
        return front or back
    merged: list[Cell] = []
    at, count = 0, len(front)
    free = 0
    for cell in back:
        column, text, ink = cell
        end = column + len(text)
        while at < count and front[at][0] < end:
            start = max(column, free)
            if front[at][0] > start:
                merged.append((start, text[start - column : front[at][0] - column], ink))
            merged.append(front[at])
            free = front[at][0] + len(front[at][1])
            at += 1
        if free <= column:
            merged.append(cell)
        elif free < end:
            merged.append((free, text[free - column :], ink))
        free = max(free, end)
    merged += front[at:]
    return merged


def _segments(cells: list[Cell], width: int, blank: Ink) -> list[Segment]:
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


def _without_fillers(text: str) -> str:
    """The text as it is to be seen; of a wide character that was cut in half a blank is left."""
    found: list[str] = []
    for at, each in enumerate(text):
        if each == FILLER:
            if at == 0 or cell_len(text[at - 1]) != 2:
                found.append(" ")
        elif cell_len(each) == 2 and text[at + 1 : at + 2] != FILLER:
            found.append(" ")
        else:
            found.append(each)
    return "".join(found)


def _filled(cells: list[Cell], fill: str, fill_ink: Ink, fill_width: int) -> list[Cell]:
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
    return complete


def _grounded(
    cells: list[Cell], layers: Sequence[Sequence[Patch]], width: int, blank: Ink
) -> list[Cell]:
    """The cells, and the blanks between them, on the backgrounds that they stand on."""
    colours = [""] * width
    for patches in reversed(layers):
        for start, end, colour in patches:
            end = min(end, width)
            colours[start:end] = [colour] * (end - start)
    found: list[Cell] = []
    at = 0
    for cell in cells:
        if cell[0] > at:
            _lay(found, colours, (at, " " * (cell[0] - at), blank))
        _lay(found, colours, cell)
        at = cell[0] + len(cell[1])
    if at < width:
        _lay(found, colours, (at, " " * (width - at), blank))
    return found


def _lay(found: list[Cell], colours: Sequence[str], cell: Cell) -> None:
    column, text, ink = cell
    start, size = 0, len(text)
    while start < size:
        colour = colours[column + start]
        end = start + 1
        while end < size and colours[column + end] == colour:
            end += 1
        if not colour:
            found.append((column + start, text[start:end], ink))
        else:
            found.append((column + start, text[start:end], _on(ink, colour)))
        start = end


@lru_cache(maxsize=4096)
def _on(ink: Ink, colour: str) -> Ink:
    """The ink on another background than the chart's."""
    if ink.is_cut:
        return Ink(ink.style + Style(color=colour), solid=True)
    return ink if ink.solid else Ink(ink.style + Style(bgcolor=colour), solid=True)
