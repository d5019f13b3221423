"""Lines as dots within cells: braille, half blocks, or one letter a line, as the glyph set allows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from tui.charts.glyphs import Glyphs
from tui.charts.palette import Ink
from tui.charts.rows import Row

_BRAILLE = [chr(0x2800 + bits) for bits in range(256)]
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
        self._size = (width * self.across, height * self.down)
        self._masks = _BRAILLE_BITS if self.across == 2 else ((_UPPER, _LOWER),)
        # By line, by number of the cell: which of its dots are set.
        self._lines: dict[int, dict[int, int]] = {}

    def put(self, line: int, x: int, y: int) -> None:
        """Set one dot of a line; dots outside are left out."""
        self._put(self._lines.setdefault(line, {}), x, y, y)

    def join(self, line: int, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Draw from one dot to another further right, without a gap; `start` itself is left out."""
        bits = self._lines.setdefault(line, {})
        (x, y), (last_x, last_y) = start, end
        steps = last_x - x
        if steps <= 0:
            self._rise(bits, x, y, last_y)
            return
        across, down, width = self.across, self.down, self._width
        right, bottom = self._size
        masks = self._masks
        if y == last_y:
            first, dot = y // down * width, y % down
            for at in range(max(x + 1, 0), min(last_x + 1, right)) if 0 <= y < bottom else ():
                cell = first + at // across
                bits[cell] = bits.get(cell, 0) | masks[at % across][dot]
            return
        before, rise = y, (last_y - y) / steps
        for step in range(1, steps + 1):
            now = y + round(rise * step)
            if -1 <= now - before <= 1:
                at = x + step
                if 0 <= at < right and 0 <= now < bottom:
                    cell = now // down * width + at // across
                    bits[cell] = bits.get(cell, 0) | masks[at % across][now % down]
            else:
                self._rise(bits, x + step, before, now)
            before = now

    def _rise(self, bits: dict[int, int], x: int, before: int, now: int) -> None:
        """The dots of one column, from behind the height before it to its own."""
        if now > before:
            self._put(bits, x, before + 1, now)
        elif now < before:
            self._put(bits, x, now, before - 1)
        else:
            self._put(bits, x, now, now)

    def _put(self, bits: dict[int, int], x: int, top: int, bottom: int) -> None:
        if not 0 <= x < self._size[0]:
            return
        column, side = divmod(x, self.across)
        masks, down = self._masks[side], self.down
        for y in range(max(top, 0), min(bottom + 1, self._size[1])):
            cell = y // down * self._width + column
            bits[cell] = bits.get(cell, 0) | masks[y % down]

    def draw(self, rows: Sequence[Row], inks: Sequence[Ink], marks: Sequence[str]) -> None:
        """Put the dots into rows, each line in its ink; `marks` are the lines' letters."""
        seen: dict[int, tuple[str, Ink]] = {}
        lines = sorted(self._lines)
        for line in lines:
            ink = inks[line]
            letter = marks[line % len(marks)]
            for cell, bits in self._lines[line].items():
                if cell in seen:
                    continue
                if self.down == 4:
                    seen[cell] = (_BRAILLE[bits], ink)
                elif self.down == 1:
                    seen[cell] = (letter, ink)
                else:
                    seen[cell] = self._halves(cell, line, bits, inks)
        for cell in sorted(seen):
            number, column = divmod(cell, self._width)
            rows[number].cells.append((column, *seen[cell]))

    def _halves(self, cell: int, line: int, bits: int, inks: Sequence[Ink]) -> tuple[str, Ink]:
        """The first line of a cell, and the next one that shows in the half it leaves free."""
        if bits == _UPPER | _LOWER:
            return "█", inks[line]
        glyph = "▀" if bits == _UPPER else "▄"
        others = (each for each in sorted(self._lines) if each > line)
        other = next((each for each in others if self._lines[each].get(cell, 0) & ~bits), None)
        return glyph, inks[line] if other is None else _over(inks[line], inks[other])


def _over(front: Ink, back: Ink) -> Ink:
    """The one colour in one half of a cell, the other in the other half."""
    ground = back.style.color
    return Ink(front.style + Style(bgcolor=ground), solid=True)
