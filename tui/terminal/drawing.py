"""Changed cells to codes: in the order, and with the cursor moves and colours, that take fewest bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from textual.strip import Strip

from tui.terminal.glyphs import CONTINUATION, is_odd
from tui.terminal.moves import LOST, along, shortest_move
from tui.terminal.palette import PLAIN, Palette


class Traits(NamedTuple):
    """What the terminal does beside drawing, as far as it makes frames shorter.

    Attributes:
        line_feeds: a line feed goes down and nothing else, since nothing translates it on its way.
        erases: erasing leaves the background of the moment (some multiplexers leave their own).
    """

    line_feeds: bool = False
    erases: bool = False


_CAUTIOUS = Traits()
_UNKNOWN = "\0"  # no cell decodes to it, so whatever is painted there is a change
_RESET = "\x1b[m"
_MOST_GAP = 4  # moving over up to so many unchanged cells costs as much as sending them again
_MOST_CELLS_BY_LOOK = (
    3000  # of larger frames most runs are long, and the second try is not worth it
)
_MOST_LOOKS_ORDERED = 40
_FEW_LINES = 12
_BLANKS = " " * 4
_LONG_BLANKS = re.compile(" {4,}")


class Row:
    """A line of the front buffer: what each cell holds, and in which look."""

    __slots__ = ("cells", "has_odd", "is_patched", "looks", "painted")

    def __init__(self, width: int) -> None:
        self.cells = [_UNKNOWN] * width
        self.looks = [PLAIN] * width
        # Start column -> (end, strip) of what fills these cells: the same strip need not be compared.
        self.painted: dict[int, tuple[int, Strip]] = {}
        self.has_odd = False
        self.is_patched = False  # changed columns were added out of order


Change: TypeAlias = tuple[int, Row, list[int]]
"""Line, its row, and the columns of it that changed, ascending."""


class _Piece(NamedTuple):
    """Neighbouring cells of one look."""

    y: int
    start: int
    stop: int
    row: Row


class Pen:
    """Collects codes, knowing where the cursor is and which look is on.

    At first it knows neither.
    """

    def __init__(self, palette: Palette, traits: Traits = _CAUTIOUS) -> None:
        self.palette = palette
        self.traits = traits
        self.out: list[str] = []
        self.x = LOST
        self.y = LOST
        self.look = LOST

    def move(self, x: int, y: int) -> None:
        if self.x != x or self.y != y:
            self.out.append(shortest_move(self.x, self.y, x, y, self.traits.line_feeds))
            self.x, self.y = x, y

    def advance(self, x: int, width: int) -> None:
        # In the last column the cursor stays where it is, or waits to wrap: terminals differ.
        self.x = x if x < width else LOST

    @property
    def erasable(self) -> list[bool]:
        """For each look, whether an erasure leaves what a blank with it looks like."""
        return self.palette.is_erasable if self.traits.erases else []

    def copy(self) -> Pen:
        pen = Pen(self.palette, self.traits)
        pen.out, pen.x, pen.y, pen.look = self.out.copy(), self.x, self.y, self.look
        return pen

    def follow(self, other: Pen) -> None:
        """Go on where another one has got to."""
        self.out, self.x, self.y, self.look = other.out, other.x, other.y, other.look

    def begin(self) -> None:
        if self.look == LOST:
            self.out.append(_RESET)
            self.look = PLAIN

    def set_look(self, look: int) -> None:
        if look != self.palette.shown[self.look]:
            codes, self.look = self.palette.step(self.look, look)
            self.out.append(codes)

    def end_link(self) -> None:
        """Whatever is written to the terminal besides must not become part of a link."""
        if self.look != LOST:
            self.set_look(self.palette.unlinked(self.look))

    def take(self) -> str:
        """Return the codes collected, and go on from where they lead."""
        codes = "".join(self.out)
        self.out = []
        return codes

    def size(self) -> int:
        """Bytes collected."""
        return sum([len(code) if code.isascii() else len(code.encode()) for code in self.out])


def runs_of(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of numbers that follow one another: first, and one more than last."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number:
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs


def differing(
    wanted: tuple[Sequence[str], Sequence[int]],
    shown: tuple[Sequence[str], Sequence[int]],
    on_blank: Sequence[int],
    start: int = 0,
) -> list[int]:
    """Return the columns, counted from `start`, that look different, of as many cells and looks each."""
    return [
        column
        for column, (cell, old_cell, look, old_look) in enumerate(
            zip(wanted[0], shown[0], wanted[1], shown[1], strict=True), start
        )
        if cell != old_cell
        or (look != old_look and (cell != " " or on_blank[look] != on_blank[old_look]))
    ]


def draw_changes(pen: Pen, changes: Sequence[Change]) -> None:
    """Collect the shortest codes found that draw the changed cells.

    Drawing line by line needs few moves, drawing colour by colour few codes for colours. Where a few
    lines have changed either may be shorter; where many have, but little of each, it is the latter, and
    where nearly all of the screen has, the former.
    """
    if not changes:
        return
    pen.begin()
    plain = []
    for change in changes:
        if change[1].has_odd:
            _draw_row(pen, *change)
        else:
            plain.append(change)
    is_large = sum(len(changed) for _, _, changed in plain) > _MOST_CELLS_BY_LOOK
    if is_large or len(plain) <= _FEW_LINES:
        by_line = pen.copy()
        for change in plain:
            _draw_row(by_line, *change)
        if not is_large:
            _draw_by_look(pen, plain)
        if is_large or by_line.size() < pen.size():
            pen.follow(by_line)
    else:
        _draw_by_look(pen, plain)
    pen.end_link()


def size_of(pen: Pen, change: Change) -> int:
    """Return how many bytes the changes of one line take when they are drawn by themselves."""
    alone = Pen(pen.palette, pen.traits)
    alone.look = PLAIN
    _draw_row(alone, *change)
    return alone.size()


def _draw_by_look(pen: Pen, changes: Iterable[Change]) -> None:
    on_blank = pen.palette.on_blank
    erasable = pen.erasable
    inked: dict[int, list[_Piece]] = {}
    blank: dict[int, list[_Piece]] = {}
    for change in changes:
        for look, is_blank, piece in _split_by_look(change, on_blank, erasable):
            (blank if is_blank else inked).setdefault(look, []).append(piece)
    # A blank shows its background only: draw it with any ink that has the same.
    for look, pieces in blank.items():
        hosts = [other for other in inked if on_blank[other] == look]
        if hosts:
            host = inked[max(hosts, key=lambda other: len(inked[other]))]
            host += pieces
            host.sort(key=lambda piece: piece[:2])
        else:
            inked[look] = pieces
    for look in _in_short_steps(pen.palette, pen.look, list(inked)):
        for y, start, stop, row in inked[look]:
            pen.move(start, y)
            pen.set_look(look)
            _write(pen, row.cells, start, stop, is_last=True)


def _split_by_look(
    change: Change, on_blank: list[int], erasable: list[bool]
) -> list[tuple[int, bool, _Piece]]:
    """Return the changed cells of a line as pieces: look, whether nothing but blank, and where."""
    y, row, changed = change
    cells, looks = row.cells, row.looks
    pieces: list[tuple[int, bool, _Piece]] = []
    start = stop = look = LOST
    is_blank = False
    for x in changed:
        if x < stop:
            continue
        while cells[x] == CONTINUATION:
            x -= 1
        wanted = looks[x]
        wants_blank = cells[x] == " "
        joins = (
            x == stop and (wanted == look or (wants_blank and on_blank[wanted] == on_blank[look]))
        ) or (stop < x and wanted == look and stop != LOST and _worth_filling(row, stop, x))
        if not joins and x == stop and is_blank and on_blank[wanted] == look:
            look, joins = wanted, True
        if not joins and stop < x and is_blank and wants_blank and on_blank[wanted] == look:
            joins = _is_erasable(row, stop, x, look, on_blank, erasable)
        if not joins:
            if stop != LOST:
                pieces.append((look, is_blank, _Piece(y, start, stop, row)))
            start, is_blank = x, True
            look = on_blank[wanted] if wants_blank else wanted
        is_blank = is_blank and wants_blank
        stop = x + 1
        while stop < len(cells) and cells[stop] == CONTINUATION:
            stop += 1
    pieces.append((look, is_blank, _Piece(y, start, stop, row)))
    return pieces


def _in_short_steps(palette: Palette, look: int, looks: list[int]) -> list[int]:
    if len(looks) > _MOST_LOOKS_ORDERED:
        return looks
    ordered = []
    while looks:
        following = min(looks, key=lambda other: len(palette.step(look, other)[0]))
        looks.remove(following)
        ordered.append(following)
        look = palette.step(look, following)[1]
    return ordered


def _draw_row(pen: Pen, y: int, row: Row, changed: list[int]) -> None:
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


def _runs(row: Row, changed: list[int]) -> list[tuple[int, int]]:
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


def _worth_filling(row: Row, start: int, stop: int) -> bool:
    """Tell whether drawing the unchanged columns between two runs is as short as moving over them."""
    if stop - start > _MOST_GAP:
        return False
    looks = row.looks[start - 1 : stop]
    gap = "".join(row.cells[start:stop])
    return gap.isascii() and gap.isprintable() and looks.count(looks[0]) == len(looks)


def _is_erasable(
    row: Row, start: int, stop: int, look: int, on_blank: list[int], erasable: list[bool]
) -> bool:
    """Tell whether one erasure of the blanks on both sides may go over the cells between them."""
    return (
        look < len(erasable)
        and erasable[look]
        and row.cells[start:stop].count(" ") == stop - start
        and all(on_blank[each] == look for each in row.looks[start:stop])
    )


def _draw_run(pen: Pen, row: Row, start: int, stop: int) -> None:
    cells = row.cells
    append = pen.out.append
    look = pen.look
    shown = pen.palette.shown
    drawn = start
    for x, wanted in enumerate(row.looks[start:stop], start):
        if wanted != shown[look]:
            if x > drawn:
                _write(pen, cells, drawn, x, is_last=False)
                drawn = x
            if cells[x] == " ":
                codes, look = pen.palette.step_to_blank(look, wanted)
                append(codes)
            else:
                codes, look = pen.palette.step(look, wanted)
                append(codes)
            pen.look = look
    _write(pen, cells, drawn, stop, is_last=True)


def _write(pen: Pen, cells: list[str], start: int, stop: int, *, is_last: bool) -> None:
    """Write cells in the look that is on; erase long blanks where that is shorter.

    Unless more of the same run follows, the cursor may be left before blanks that were erased.
    """
    text = "".join(cells[start:stop])
    pen.advance(stop, len(cells))
    if (
        not pen.traits.erases
        or _BLANKS not in text
        or not pen.palette.is_erasable[pen.look]
        or len(text) != stop - start  # not one character a cell
    ):
        pen.out.append(text)
        return
    done = 0
    for blanks in _LONG_BLANKS.finditer(text):
        first, end = blanks.span()
        at_end = is_last and end == len(text)
        erase = "\x1b[K" if at_end and stop == len(cells) else f"\x1b[{end - first}X"
        codes = erase if at_end else erase + along(end - first)
        if len(codes) < end - first:
            pen.out.append(text[done:first] + codes)
            done = end
            if at_end:
                pen.x = start + first
    pen.out.append(text[done:])


def _draw_odd_run(pen: Pen, y: int, row: Row, start: int, stop: int) -> int:
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
            pen.x = LOST
            if x < width:
                pen.move(x, y)
                stop = max(stop, x + 1)
                while stop < width and cells[stop] == CONTINUATION:
                    stop += 1
    if drawn < stop:
        _draw_run(pen, row, drawn, stop)
    return max(x, stop)
