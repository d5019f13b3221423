"""What the user drew: strokes, rectangles and notes, and the marks at moments and prices."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import inf, isfinite

import msgspec

from tui.charts.canvas import Canvas
from tui.charts.dots import Dots
from tui.charts.geometry import Geometry
from tui.charts.layers import Box, Mark, Note, Reach, Stroke
from tui.charts.palette import blend, line_colours, line_ink, mark_ink
from tui.charts.patterns import dotted
from tui.charts.plots import PlotMemory, colour_or, fitted, narrow
from tui.charts.rows import Cell, Patch, Row

_FARTHEST = 1e12
_NEAREST = 1e-6
_FAINT = 0.88
_LETTERS = "-|/\\"
_AWAY = (0, 1, -1, 2, -2, 3, -3)
"""Rows that a text may be from where it belongs, the best first."""

Point = tuple[float, float]
"""Dots to the right and down from the upper left corner."""


class _Rank(IntEnum):
    """What is placed first where texts are in one another's way."""

    CORNER = 0
    CHOSEN = 1
    NOTE = 2
    LABEL = 3


class _Text(msgspec.Struct, frozen=True):
    row: int
    column: int
    text: str
    colour: str
    rank: _Rank
    is_label: bool


class _Field:
    """Drawings as they gather: dots and backgrounds by row, and the texts in front of the candles."""

    def __init__(self, canvas: Canvas, geometry: Geometry) -> None:
        self.canvas = canvas
        self.geometry = geometry
        self.dots = Dots(canvas.plot_width, canvas.scale.rows, canvas.glyphs)
        self.size = (canvas.plot_width * self.dots.across, canvas.scale.rows * self.dots.down)
        self.colours: list[str] = []
        self.letters: list[str] = []
        self.patches: list[list[Patch]] = [[] for _ in range(canvas.scale.rows)]
        self.texts: list[_Text] = []
        self.skipped = 0

    def place(self, point: tuple[int, float]) -> Point | None:
        """Where a point is, in dots; None for a price that cannot be shown."""
        time, price = point
        position = self.canvas.scale.position(price)
        if not isfinite(position) or abs(position) > _FARTHEST:
            return None
        column = self.geometry.place_of(time)
        if abs(column) > _FARTHEST:
            return None
        return float(column * self.dots.across), position * self.dots.down

    def line(self, start: Point, end: Point, reach: Reach, colour: str) -> Point | None:
        """Draw a line as far as it is in sight; returns its right end, None where all is out of it."""
        clipped = clip(start, end, reach, self.size)
        if clipped is None:
            return None
        one, other = sorted(clipped)
        number = len(self.colours)
        self.colours.append(colour)
        self.letters.append(_letter(start, end, self.dots))
        first, last = (int(one[0]), int(one[1])), (int(other[0]), int(other[1]))
        self.dots.put(number, *first)
        self.dots.join(number, first, last)
        return other

    def cell(self, point: Point) -> tuple[int, int] | None:
        """The column and the row of a point; None where it is out of sight."""
        column, row = int(point[0] // self.dots.across), int(point[1] // self.dots.down)
        if point[1] == self.size[1]:
            row -= 1
        inside = 0 <= column < self.canvas.plot_width and 0 <= row < self.canvas.scale.rows
        return (column, row) if inside else None

    def write(
        self, row: int, column: int, text: str, colour: str, rank: _Rank, *, is_label: bool = False
    ) -> None:
        """Put a text in front, moved to where it has room."""
        width = self.canvas.plot_width
        text = fitted(text)[:width]
        column = max(min(column, width - len(text)), 0)
        if text and 0 <= row < self.canvas.scale.rows:
            self.texts.append(_Text(row, column, text, colour, rank, is_label))

    def corner(self, point: Point, colour: str) -> None:
        cell = self.cell(point)
        if cell is not None:
            self.write(cell[1], cell[0], self.canvas.glyphs.corner, colour, _Rank.CORNER)


class _Drawn(msgspec.Struct, frozen=True, eq=False):
    rows: list[list[Cell]]
    patches: list[list[Patch]]
    texts: list[_Text]
    skipped: int


def draw_strokes(
    canvas: Canvas,
    geometry: Geometry,
    drawings: Sequence[Stroke | Box | Note],
    memory: PlotMemory,
) -> int:
    """Draw behind the candles, and labels and notes in front of them; returns how many drawings make no
    sense here."""
    if not drawings:
        return 0
    newest = canvas.bars[-1]
    key = (
        canvas.head_key,
        newest.slot,
        newest.open_time,
        canvas.scale,
        canvas.glyphs,
        canvas.inks,
        tuple(drawings),
    )
    drawn = memory.drawing("strokes", key, lambda: _draw_all(canvas, geometry, drawings))
    for number, (cells, patches) in enumerate(zip(drawn.rows, drawn.patches, strict=True)):
        row = canvas.rows[number]
        if cells:
            row.behind.append(cells)
        if patches and canvas.fine_colours:
            row.ground.append(patches)
        elif patches:
            row.behind.append(dotted(canvas, patches, number))
    for each in drawn.texts:
        ink = line_ink(each.colour, canvas.inks.palette.background)
        if each.is_label:
            ink = mark_ink(each.colour)
        canvas.rows[each.row].overlay(each.column, each.text, ink)
    return drawn.skipped


def _draw_all(
    canvas: Canvas, geometry: Geometry, drawings: Sequence[Stroke | Box | Note]
) -> _Drawn:
    field = _Field(canvas, geometry)
    palette = canvas.inks.palette
    usual = line_colours(palette, 1)[0]
    # What is chosen was drawn last as a rule, and is to be in front.
    for drawing in sorted(drawings, key=lambda each: not each.chosen):
        colour = palette.text if drawing.chosen else colour_or(drawing.colour, usual)
        if isinstance(drawing, Note):
            _draw_note(field, drawing, colour)
            continue
        start, end = field.place(drawing.start), field.place(drawing.end)
        if start is None or end is None:
            field.skipped += 1
        elif isinstance(drawing, Stroke):
            _draw_stroke(field, drawing, start, end, colour)
        else:
            _draw_box(field, drawing, start, end, colour)
    rows = [Row() for _ in range(canvas.scale.rows)]
    inks = [line_ink(colour, palette.background) for colour in field.colours]
    if inks:
        field.dots.draw(rows, inks, field.letters)
    texts = _apart(field.texts, canvas.scale.rows)
    return _Drawn([row.cells for row in rows], field.patches, texts, field.skipped)


def _apart(texts: Sequence[_Text], rows: int) -> list[_Text]:
    """Move texts a few rows off one another. A label that has no room is left out, since its line is
    there; a note is not."""
    taken: list[list[tuple[int, int]]] = [[] for _ in range(rows)]
    placed: list[_Text] = []
    for text in sorted(texts, key=lambda each: each.rank):
        start, end = text.column, text.column + len(text.text)
        free = (
            row
            for row in (text.row + away for away in _AWAY)
            if 0 <= row < rows and all(end <= left or right <= start for left, right in taken[row])
        )
        row = text.row if text.rank is _Rank.CORNER else next(free, None)
        if row is None and text.rank is _Rank.LABEL:
            continue
        placed.append(text if row is None else msgspec.structs.replace(text, row=row))
        taken[placed[-1].row].append((start, end))
    return placed[::-1]  # what comes last is in front


def _draw_note(field: _Field, note: Note, colour: str) -> None:
    point = field.place(note.at)
    if point is None:
        field.skipped += 1
        return
    cell = field.cell(point)
    if cell is not None:
        rank = _Rank.CHOSEN if note.chosen else _Rank.NOTE
        field.write(cell[1], cell[0], note.text, colour, rank, is_label=note.chosen)


def _draw_stroke(field: _Field, stroke: Stroke, start: Point, end: Point, colour: str) -> None:
    right = field.line(start, end, stroke.reach, colour)
    cell = None if right is None else field.cell(right)
    if cell is not None and stroke.label:
        column, row = cell
        # Above the line where there is room, so that both can be seen.
        row = row - 1 if row else min(1, field.canvas.scale.rows - 1)
        left = column + 1 - len(fitted(stroke.label))
        rank = _Rank.CHOSEN if stroke.chosen else _Rank.LABEL
        field.write(row, left, stroke.label, colour, rank)
    if stroke.chosen:
        field.corner(start, colour)
        field.corner(end, colour)


def _draw_box(field: _Field, box: Box, start: Point, end: Point, colour: str) -> None:
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    right += field.dots.across - 1
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    for number in range(4):
        field.line(corners[number - 1], corners[number], Reach.NONE, colour)
    columns = (
        max(int(left // field.dots.across), 0),
        min(int(right // field.dots.across) + 1, field.canvas.plot_width),
    )
    shade = blend(colour, field.canvas.inks.palette.background, _FAINT)
    first, last = int(top // field.dots.down), int(bottom // field.dots.down)
    for row in range(max(first, 0), min(last + 1, field.canvas.scale.rows)):
        if columns[0] < columns[1]:
            field.patches[row].append((*columns, shade))
    if box.label and columns[0] < columns[1]:
        rank = _Rank.CHOSEN if box.chosen else _Rank.LABEL
        field.write(max(first, 0) + 1, columns[0] + 1, box.label, colour, rank)
    if box.chosen:
        for corner in (start, end):
            field.corner(corner, colour)


def _letter(start: Point, end: Point, dots: Dots) -> str:
    """What a line is made of where there are only letters."""
    across, down = (end[0] - start[0]) / dots.across, (end[1] - start[1]) / dots.down
    if abs(down) * 2 <= abs(across):
        return _LETTERS[0]
    if abs(across) * 2 <= abs(down):
        return _LETTERS[1]
    return _LETTERS[2] if (across > 0) != (down > 0) else _LETTERS[3]


def clip(
    start: Point, end: Point, reach: Reach, size: tuple[int, int]
) -> tuple[Point, Point] | None:
    """The part of a line that lies in a field of `size` dots; None when there is none.

    After Liang and Barsky: each edge cuts off what lies on its other side.
    """
    across, down = end[0] - start[0], end[1] - start[1]
    if abs(across) < _NEAREST:
        across = 0.0
    if abs(down) < _NEAREST:
        down = 0.0
    if not across and not down:
        reach = Reach.NONE
    first = -inf if reach is Reach.BOTH else 0.0
    last = 1.0 if reach is Reach.NONE else inf
    edges = (
        (-across, start[0]),
        (across, size[0] - 0.5 - start[0]),
        (-down, start[1]),
        (down, size[1] - 0.01 - start[1]),
    )
    for slope, room in edges:
        if not slope:
            if room < -0.5:
                return None
        elif slope < 0:
            first = max(first, room / slope)
        else:
            last = min(last, room / slope)
    if first > last:
        return None
    return (
        (start[0] + across * first, start[1] + down * first),
        (start[0] + across * last, start[1] + down * last),
    )


def draw_moments(canvas: Canvas, geometry: Geometry, marks: Sequence[Mark]) -> int:
    """Put marks at their moments and prices in front of the candles; returns how many make no sense."""
    skipped = 0
    usual = canvas.inks.palette.highlight
    for mark in marks:
        time, price = mark.at
        glyph = narrow(mark.ascii if canvas.glyphs.is_ascii else mark.glyph)
        if not isfinite(price) or len(glyph) != 1:
            skipped += 1
            continue
        column, row = geometry.column_of(time), canvas.scale.row(price)
        if column is not None and row is not None:
            ink = line_ink(colour_or(mark.colour, usual), canvas.inks.palette.background)
            canvas.rows[row].overlay(column, glyph, ink)
    return skipped
