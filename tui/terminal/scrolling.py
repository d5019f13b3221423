"""Lists that move up or down by a few lines: the terminal can move them itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tui.terminal.drawing import Change, Pen, Row, differing, draw_changes, runs_of

Content: TypeAlias = tuple[list[str], list[int]]
"""Cells of a line, and their looks."""

_LEAST_LINES = 4
_MOST_MOVED = 3
_LEAST_SHARE = 0.7  # of the lines that stay in sight, those that are found again


class Shift(NamedTuple):
    """Lines from `top` to before `end` move: each shows what stood `by` lines below it."""

    top: int
    end: int
    by: int


def draw_moved(
    pen: Pen, changes: Sequence[Change], before: Mapping[int, Content], rows: Sequence[Row]
) -> None:
    """Collect the codes that draw the changes: by moving lines first, where that takes fewer bytes.

    Args:
        before: what lines showed that may have changed in their whole width.
        rows: all lines as they are to be.
    """
    shift = find_shift(before, rows)
    if shift is None:
        draw_changes(pen, changes)
        return
    moved = pen.copy()
    moved.begin()
    around = [change for change in changes if not shift.top <= change[0] < shift.end]
    _move(moved, shift, before, rows, around)
    draw_changes(pen, changes)
    if moved.size() < pen.size():
        pen.follow(moved)


def find_shift(before: Mapping[int, Content], rows: Sequence[Row]) -> Shift | None:
    """Find lines most of which are to show what others beside them have shown."""
    for top, end in runs_of(sorted(before)):
        if end - top < _LEAST_LINES:
            continue
        stays = sum(_shows(rows[y], before[y]) for y in range(top, end))
        for by in (by for step in range(1, _MOST_MOVED + 1) for by in (step, -step)):
            first, last = max(top, top - by), min(end, end - by)
            found = sum(_shows(rows[y], before[y + by]) for y in range(first, last))
            if found > stays and found >= (last - first) * _LEAST_SHARE:
                return Shift(top, end, by)
    return None


def _shows(row: Row, content: Content) -> bool:
    return row.cells == content[0] and row.looks == content[1]


def _move(
    pen: Pen,
    shift: Shift,
    before: Mapping[int, Content],
    rows: Sequence[Row],
    around: Sequence[Change],
) -> None:
    """Have the terminal move the lines, and draw what differs then."""
    top, end, by = shift
    pen.out.append(
        f"\x1b[{top + 1};{end}r\x1b[{top + 1}H\x1b[{abs(by)}{'M' if by > 0 else 'L'}\x1b[r"
    )
    pen.x, pen.y = 0, 0
    changes = list(around)
    for y in range(top, end):
        row = rows[y]
        width = len(row.cells)
        if not top <= y + by < end:
            # What has come in is blank, but on which ground depends on the terminal.
            changes.append((y, row, list(range(width))))
            continue
        changed = differing((row.cells, row.looks), before[y + by], pen.palette.on_blank)
        if changed:
            changes.append((y, row, changed))
    changes.sort(key=lambda change: change[0])
    draw_changes(pen, changes)
