"""The shortest ways from one cell of a terminal to another."""

from __future__ import annotations

from functools import lru_cache

LOST = -1
"""Column, or row, of a cursor of which nobody knows where it is."""


@lru_cache(maxsize=16_384)
def shortest_move(x: int, y: int, to_x: int, to_y: int, line_feeds: bool) -> str:
    """Return the shortest way to a cell; of a lost cursor x is `LOST`, or x and y are."""
    row, column = to_y + 1, to_x + 1
    ways = [f"\x1b[{row};{column}H" if to_x else (f"\x1b[{row}H" if to_y else "\x1b[H")]
    if y >= 0:
        down = to_y - y
        vertical = _vertical(down, row, line_feeds)
        ways.append(_to_column(to_x) + vertical)
        if 0 < down <= 3:
            ways.append("\r" + "\n" * down + along(to_x))
        if x >= 0:
            ways.append(vertical + along(to_x - x))
    return min(ways, key=len)


def _vertical(down: int, row: int, line_feeds: bool) -> str:
    """Return the shortest way to a row in the same column."""
    if down == 0:
        return ""
    count = _count(abs(down))
    ways = [f"\x1b[{row}d", f"\x1b[{count}{'B' if down > 0 else 'A'}"]
    if down > 0:
        ways.append(("\n" if line_feeds else "\x1bD") * down)
    elif down == -1:
        ways.append("\x1bM")
    return min(ways, key=len)


def _to_column(column: int) -> str:
    return min(f"\x1b[{column + 1}G", "\r" + along(column), key=len)


def along(columns: int) -> str:
    """Return the shortest way along a row, to the left where the number of columns is below 0."""
    if columns >= 0:
        return f"\x1b[{_count(columns)}C" if columns else ""
    return min("\b" * -columns, f"\x1b[{_count(-columns)}D", key=len)


def _count(number: int) -> str:
    return "" if number == 1 else str(number)
