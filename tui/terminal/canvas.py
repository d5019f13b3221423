"""What the terminal shows, cell by cell, and the bytes that turn it into what it should show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual.strip import Strip

from tui.terminal.ascii_forms import to_ascii
from tui.terminal.drawing import Change, Pen, Row, Traits, differing, size_of
from tui.terminal.glyphs import CONTINUATION, is_plain, split_cells
from tui.terminal.palette import PLAIN, Palette
from tui.terminal.scrolling import Content, draw_moved

DECORATIONS = "┈"
"""What a chart's grid is drawn with, and nothing else is."""


_PLAINER = str.maketrans(dict.fromkeys(DECORATIONS, " "))


class DirtyLine(NamedTuple):
    """A line to paint: spans `(x1, x2)` that may have changed, and the pieces that cover them.

    A piece has the columns where it starts and ends. Pieces are right only inside the spans.
    """

    y: int
    spans: Sequence[tuple[int, int]]
    pieces: Sequence[tuple[int, int, Strip]]


class Canvas:
    """The front buffer of one terminal.

    Attributes:
        is_complete: a full frame was painted since the terminal's content was last unknown.
        left: lines of the last frame that there was no room for.
        size: columns and rows of what is remembered; (0, 0) when nothing is known.
        traits: what the terminal does beside drawing; the least until somebody knows better.
        is_ascii: draw ASCII only, whatever is asked for.
        is_plain: leave out what only decorates.
    """

    def __init__(self, color_system: str | None) -> None:
        self._palette = Palette(color_system)
        self._pen = Pen(self._palette)
        self._rows: list[Row] = []
        self.is_complete = False
        self.size = (0, 0)
        self.traits = Traits()
        self.left: list[DirtyLine] = []
        self.is_ascii = False
        self.is_plain = False

    @property
    def color_system(self) -> str | None:
        """What is drawn with."""
        return self._palette.color_system

    def forget(self) -> None:
        """Take the terminal's content for unknown, so that the next frame must paint all of it."""
        self.size = (0, 0)
        self._rows = []
        self._pen = Pen(self._palette)
        self.is_complete = False

    def reconsider(self) -> None:
        """Compare again what is asked for with what is shown, also where it stayed the same."""
        for row in self._rows:
            row.painted.clear()

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
            self._rows = [Row(size[0]) for _ in range(size[1])]
        return not self.is_complete

    def paint(
        self,
        lines: Iterable[DirtyLine],
        *,
        full: bool,
        cursor: tuple[int, int] | None = None,
        most: int | None = None,
    ) -> str:
        """Record the lines as shown and return what must be written for it; "" when nothing changed.

        Args:
            lines: what is most urgent first, where there may not be room for all of it.
            full: the lines are all there are, in their whole width.
            cursor: column and row where the cursor shall stand afterwards; None for anywhere.
            most: bytes after which no further line is begun; `left` holds those then.
        """
        self.left = []
        self._pen.traits = self.traits
        before: dict[int, Content] = {}
        changes = self._take_over(lines, most, before if self.is_complete else None)
        self.is_complete |= full and not self.left
        draw_moved(self._pen, changes, before, self._rows)
        if cursor is not None:
            self._pen.move(*cursor)
        return self._pen.take()

    def _take_over(
        self, lines: Iterable[DirtyLine], most: int | None, before: dict[int, Content] | None
    ) -> list[Change]:
        """Note lines as shown; `before` gets what those showed that are dirty in their whole width."""
        changes: list[Change] = []
        size = 0
        for line in lines:
            if not 0 <= line.y < len(self._rows):
                continue
            if most is not None and size >= most:
                self.left.append(line)
                continue
            row = self._rows[line.y]
            if before is not None and line.spans[0] == (0, len(row.cells)):
                before[line.y] = row.cells.copy(), row.looks.copy()
            changed = self._merge(row, line)
            if changed:
                changes.append((line.y, row, changed))
                if most is not None:
                    size += size_of(self._pen, changes[-1])
        changes.sort(key=lambda change: change[0])
        return changes

    def _merge(self, row: Row, line: DirtyLine) -> list[int]:
        """Take over what the line holds inside its spans; return the columns that look different."""
        changed: list[int] = []
        width = len(row.cells)
        row.is_patched = False
        for x1, x2 in line.spans:
            for x, end, strip in line.pieces:
                if x >= x2 or end <= x1:
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

    def _decode(self, row: Row, strip: Strip, width: int) -> tuple[list[str], list[int]]:
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
            if self.is_plain:
                text = text.translate(_PLAINER)
            if self.is_ascii and not text.isascii():
                cells += to_ascii(split_cells(text))
                looks += [look] * (len(cells) - len(looks))
            elif is_plain(text):
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
        self, row: Row, start: int, cells: list[str], looks: list[int], changed: list[int]
    ) -> None:
        stop = start + len(cells)
        old_cells = row.cells[start:stop]
        old_looks = row.looks[start:stop]
        if cells == old_cells and looks == old_looks:
            return
        changed += differing((cells, looks), (old_cells, old_looks), self._palette.on_blank, start)
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


def _forget_painted(row: Row, start: int, stop: int) -> None:
    painted = row.painted
    stale = [x for x, (end, _) in painted.items() if x < stop and end > start]
    for x in stale:
        del painted[x]
