"""What the terminal shows, cell by cell, and the bytes that turn it into what it should show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from textual.strip import Strip

from tui.terminal.glyphs import CONTINUATION, is_odd, is_plain, split_cells
from tui.terminal.palette import PLAIN, Palette

_UNKNOWN = "\0"  # no cell decodes to it, so whatever is painted there is a change
_LOST = -1
_MOST_GAP = 4  # moving over up to so many unchanged cells costs as much as sending them again


class DirtyLine(NamedTuple):
    """A line to paint: spans `(x1, x2)` that may have changed, and the pieces that cover it.

    A piece is known by the column it starts at; `ends` holds the columns where the pieces end, in the
    same order. Pieces are right only inside the spans.
    """

    y: int
    spans: Sequence[tuple[int, int]]
    pieces: Mapping[int, Strip | None]
    ends: Sequence[int]


class _Row:
    __slots__ = ("cells", "has_odd", "is_patched", "looks", "painted")

    def __init__(self, width: int) -> None:
        self.cells = [_UNKNOWN] * width
        self.looks = [PLAIN] * width
        # Start column -> (end, strip) of what fills these cells: the same strip need not be compared.
        self.painted: dict[int, tuple[int, Strip]] = {}
        self.has_odd = False
        self.is_patched = False  # changed columns were added out of order


class Canvas:
    """The front buffer of one terminal.

    Attributes:
        size: columns and rows of what is remembered; (0, 0) when nothing is known.
    """

    def __init__(self, color_system: str | None) -> None:
        self._palette = Palette(color_system)
        self._rows: list[_Row] = []
        self._is_complete = False
        self.size = (0, 0)

    def forget(self) -> None:
        """Take the terminal's content for unknown, so that the next frame must paint all of it."""
        self.size = (0, 0)
        self._rows = []
        self._is_complete = False

    def prepare(self, size: tuple[int, int], color_system: str | None) -> bool:
        """Make ready for a frame of this size.

        Returns:
            True until a full frame was painted since the terminal's content was last unknown: the next
            frame must be a full one.
        """
        if self._palette.is_full or self._palette.color_system != color_system:
            self._palette = Palette(color_system)
            self.forget()
        if self.size != size:
            self.forget()
            self.size = size
            self._rows = [_Row(size[0]) for _ in range(size[1])]
        return not self._is_complete

    def paint(
        self,
        lines: Iterable[DirtyLine],
        *,
        full: bool,
        cursor: tuple[int, int] | None = None,
    ) -> str:
        """Record the lines as shown and return what must be written for it; "" when nothing changed.

        Args:
            lines: in order, each at most once.
            full: the lines are all there are, in their whole width.
            cursor: column and row where the cursor shall stand afterwards; None for anywhere.
        """
        pen = _Pen(self._palette)
        height = len(self._rows)
        for line in lines:
            if 0 <= line.y < height:
                row = self._rows[line.y]
                changed = self._merge(row, line)
                if changed:
                    _draw(pen, line.y, row, changed)
        self._is_complete |= full
        return pen.finish(cursor)

    def _merge(self, row: _Row, line: DirtyLine) -> list[int]:
        """Take over what the line holds inside its spans; return the columns that look different."""
        changed: list[int] = []
        width = len(row.cells)
        row.is_patched = False
        for x1, x2 in line.spans:
            for end, (x, strip) in zip(line.ends, line.pieces.items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                painted = row.painted.get(x)
                if painted is not None and painted[0] == end:
                    if painted[1] is strip:
                        continue
                    if painted[1] == strip:
                        row.painted[x] = (end, strip)
                        continue
                cells, looks = self._decode(row, strip, end - x)
                start, stop = max(x, x1, 0), min(end, x2, width)
                # A span may cut a wide character, which can only be painted whole.
                if start > x and cells[start - x] == CONTINUATION:
                    start -= 1
                    row.is_patched = True
                if stop < min(end, width) and cells[stop - x] == CONTINUATION:
                    stop += 1
                    row.is_patched = True
                if start >= stop:
                    continue
                _forget_painted(row, start, stop)
                if start == x and stop == end:
                    row.painted[x] = (end, strip)
                self._replace(
                    row, start, cells[start - x : stop - x], looks[start - x : stop - x], changed
                )
        return sorted(set(changed)) if row.is_patched else changed

    def _decode(self, row: _Row, strip: Strip, width: int) -> tuple[list[str], list[int]]:
        cells: list[str] = []
        looks: list[int] = []
        known = self._palette.known
        for text, style, control in strip:
            if control:
                continue
            if style is None:
                look = PLAIN
            else:
                number = known.get(style)
                look = self._palette.number(style) if number is None else number
            if is_plain(text):
                cells += text
                looks += [look] * len(text)
            else:
                row.has_odd = True
                glyphs = split_cells(text)
                cells += glyphs
                looks += [look] * len(glyphs)
        missing = width - len(cells)
        if missing > 0:
            cells += [" "] * missing
            looks += [PLAIN] * missing
        elif missing < 0:
            if cells[width] == CONTINUATION:
                cells[width - 1] = " "
            del cells[width:], looks[width:]
        return cells, looks

    def _replace(
        self, row: _Row, start: int, cells: list[str], looks: list[int], changed: list[int]
    ) -> None:
        stop = start + len(cells)
        old_cells = row.cells[start:stop]
        old_looks = row.looks[start:stop]
        if cells == old_cells and looks == old_looks:
            return
        on_blank = self._palette.on_blank
        changed += [
            column
            for column, (cell, old_cell, look, old_look) in enumerate(
                zip(cells, old_cells, looks, old_looks, strict=True), start
            )
            if cell != old_cell
            or (look != old_look and (cell != " " or on_blank[look] != on_blank[old_look]))
        ]
        # Overwriting one half of a wide character destroys the other half.
        if old_cells[0] == CONTINUATION:
            row.cells[start - 1] = " "
            changed.append(start - 1)
            row.is_patched = True
        if stop < len(row.cells) and row.cells[stop] == CONTINUATION:
            row.cells[stop] = " "
            changed.append(stop)
            row.is_patched = True
        row.cells[start:stop] = cells
        row.looks[start:stop] = looks


class _Pen:
    """Collects codes, knowing where the cursor is and which look is on."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.out: list[str] = []
        self.x = _LOST
        self.y = _LOST
        self.look = PLAIN

    def move(self, x: int, y: int) -> None:
        if self.x != x or self.y != y:
            self.out.append(_shortest_move(self.x, self.y, x, y))
            self.x, self.y = x, y

    def advance(self, x: int, width: int) -> None:
        # In the last column the cursor stays where it is, or waits to wrap: terminals differ.
        self.x = x if x < width else _LOST

    def finish(self, cursor: tuple[int, int] | None) -> str:
        if cursor is not None and self.out:
            self.move(*cursor)
        if self.look != PLAIN:
            self.out.append(self.palette.step(self.look, PLAIN))
        return "".join(self.out)


def _forget_painted(row: _Row, start: int, stop: int) -> None:
    painted = row.painted
    stale = [x for x, (end, _) in painted.items() if x < stop and end > start]
    for x in stale:
        del painted[x]


def _draw(pen: _Pen, y: int, row: _Row, changed: list[int]) -> None:
    cells = row.cells
    width = len(cells)
    done = 0  # columns before this one are drawn
    for start, stop in _runs(row, changed):
        while start > done and cells[start] == CONTINUATION:
            start -= 1
        start = max(start, done)
        while stop < width and cells[stop] == CONTINUATION:
            stop += 1
        if start < stop:
            pen.move(start, y)
            if row.has_odd:
                done = _draw_odd_run(pen, y, row, start, stop)
            else:
                _draw_run(pen, row, start, stop)
                done = stop


def _runs(row: _Row, changed: list[int]) -> list[tuple[int, int]]:
    first, last = changed[0], changed[-1]
    if last - first == len(changed) - 1:
        return [(first, last + 1)]
    runs = []
    start, stop = first, first + 1
    for column in changed:
        if column > stop and not _worth_filling(row, stop, column):
            runs.append((start, stop))
            start = column
        stop = column + 1
    runs.append((start, stop))
    return runs


def _worth_filling(row: _Row, start: int, stop: int) -> bool:
    """Tell whether drawing the unchanged columns between two runs is as short as moving over them."""
    if stop - start > _MOST_GAP:
        return False
    looks = row.looks[start - 1 : stop]
    gap = "".join(row.cells[start:stop])
    return gap.isascii() and gap.isprintable() and looks.count(looks[0]) == len(looks)


def _draw_run(pen: _Pen, row: _Row, start: int, stop: int) -> None:
    cells = row.cells
    append = pen.out.append
    look = pen.look
    drawn = start
    for x, wanted in enumerate(row.looks[start:stop], start):
        if wanted != look:
            append("".join(cells[drawn:x]))
            drawn = x
            if cells[x] == " ":
                codes, look = pen.palette.step_to_blank(look, wanted)
                append(codes)
            else:
                append(pen.palette.step(look, wanted))
                look = wanted
    append("".join(cells[drawn:stop]))
    pen.look = look
    pen.advance(stop, len(cells))


def _draw_odd_run(pen: _Pen, y: int, row: _Row, start: int, stop: int) -> int:
    """Draw a run that may hold glyphs of doubtful width; return the column behind what was drawn."""
    cells = row.cells
    width = len(cells)
    x = drawn = start
    while x < stop:
        cell = cells[x]
        x += 1
        if is_odd(cell):
            while x < width and cells[x] == CONTINUATION:
                x += 1
            _draw_run(pen, row, drawn, x)
            drawn = x
            # The terminal may have drawn it wider or narrower: find the cursor again, and draw the
            # neighbour again, which it may have covered.
            pen.x = _LOST
            if x < width:
                pen.move(x, y)
                stop = max(stop, x + 1)
                while stop < width and cells[stop] == CONTINUATION:
                    stop += 1
    if drawn < stop:
        _draw_run(pen, row, drawn, stop)
    return max(x, stop)


def cursor_to(x: int, y: int) -> str:
    """Return the codes that put the cursor into a cell, wherever it was."""
    return _shortest_move(_LOST, _LOST, x, y)


@lru_cache(maxsize=8192)
def _shortest_move(x: int, y: int, to_x: int, to_y: int) -> str:
    """Return the shortest way to a cell; a lost cursor has x, or x and y, of -1."""
    row, column = to_y + 1, to_x + 1
    ways = [f"\x1b[{row};{column}H" if to_x else (f"\x1b[{row}H" if to_y else "\x1b[H")]
    if y >= 0:
        down = to_y - y
        right = f"\x1b[{_count(to_x)}C" if to_x else ""
        if down == 0:
            ways += [f"\x1b[{column}G" if to_x else "\r", "\r" + right]
        elif 0 < down <= 3:
            ways.append("\r" + "\n" * down + right)
        if x >= 0 and down >= 0:
            ways.append((f"\x1b[{_count(down)}B" if down else "") + _along(to_x - x))
    return min(ways, key=len)


def _along(columns: int) -> str:
    if columns >= 0:
        return f"\x1b[{_count(columns)}C" if columns else ""
    return min("\b" * -columns, f"\x1b[{_count(-columns)}D", key=len)


def _count(number: int) -> str:
    return "" if number == 1 else str(number)
