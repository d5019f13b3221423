"""Lines as dots within cells: braille, half blocks, or one letter a line, as the glyph set allows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from tui.charts.glyphs import Glyphs
from tui.charts.palette import Ink
from tui.charts.rows import Row

_BRAILLE = 0x2800
# Bits of a braille cell, by column and by row from the top.
_BRAILLE_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_UPPER, _LOWER = 1, 2


class Dots:
    """A field of dots over `width` by `height` cells.

    Of lines that meet in one cell the first is seen, but for half blocks, which can show two.

    Attributes:
        across, down: dots in a cell.
    """

    def __init__(self, width: int, height: int, glyphs: Glyphs) -> None:
        self.across, self.down = glyphs.dots
        self._width = width
        self._height = height
        self._cells: list[dict[int, dict[int, int]]] = [{} for _ in range(height)]

    def put(self, line: int, x: int, y: int) -> None:
        """Set one dot of a line; dots outside are left out."""
        if not (0 <= x < self._width * self.across and 0 <= y < self._height * self.down):
            return
        column, dx = divmod(x, self.across)
        row, dy = divmod(y, self.down)
        bit = _BRAILLE_BITS[dx][dy] if self.across == 2 else 1 << dy
        cell = self._cells[row].setdefault(column, {})
        cell[line] = cell.get(line, 0) | bit

    def join(self, line: int, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Draw from one dot to another further right, without a gap; `start` itself is left out."""
        (x, y), (last_x, last_y) = start, end
        steps = last_x - x
        if steps <= 0:
            self._rise(line, x, y, last_y)
            return
        before = y
        for step in range(1, steps + 1):
            now = y + round((last_y - y) * step / steps)
            self._rise(line, x + step, before, now)
            before = now

    def _rise(self, line: int, x: int, before: int, now: int) -> None:
        """The dots of one column, from behind the height before it to its own."""
        if now == before:
            self.put(line, x, now)
        for y in range(before + 1, now + 1) if now > before else range(now, before):
            self.put(line, x, y)

    def draw(self, rows: Sequence[Row], inks: Sequence[Ink], marks: Sequence[str]) -> None:
        """Put the dots into rows, each line in its ink; `marks` are the lines' letters."""
        for row, cells in zip(rows, self._cells, strict=False):
            row.cells += [
                (column, *self._glyph(cells[column], inks, marks)) for column in sorted(cells)
            ]

    def _glyph(
        self, cell: dict[int, int], inks: Sequence[Ink], marks: Sequence[str]
    ) -> tuple[str, Ink]:
        first = min(cell)
        bits = cell[first]
        if self.down == 4:
            return chr(_BRAILLE + bits), inks[first]
        if self.down == 1:
            return marks[first % len(marks)], inks[first]
        other = next((line for line in sorted(cell)[1:] if cell[line] & ~bits), None)
        if bits == _UPPER | _LOWER:
            return "█", inks[first]
        glyph = "▀" if bits == _UPPER else "▄"
        return (glyph, inks[first] if other is None else _over(inks[first], inks[other]))


def _over(front: Ink, back: Ink) -> Ink:
    """The one colour in one half of a cell, the other in the other half."""
    ground = back.style.color
    return Ink(front.style + Style(bgcolor=ground), solid=True)
