"""Which cells one candle fills: pure shapes, without colours and without prices."""

from __future__ import annotations

from typing import TypeAlias

from tui.charts.glyphs import Glyphs

Shape: TypeAlias = list[tuple[int, int, str, bool]]
"""Cells as row, column within the candle, text, and whether foreground and background exchange."""


def body_width(columns: int) -> int:
    """Cells of a body where a candle has `columns`, its gap included; odd, so wicks are centred."""
    if columns <= 2:
        return 1
    return columns - 1 if columns % 2 == 0 else columns - 2


def candle_shape(
    glyphs: Glyphs, width: int, *, top: int, bottom: int, high: int, low: int, hollow: bool
) -> Shape:
    """The cells of a candle.

    Args:
        width: cells of the body, odd.
        top, bottom: edges of the body, in steps (`glyphs.steps` a row) down from the top.
        high, low: ends of the wicks, in half rows down from the top.
        hollow: draw the inside of the body empty.
    """
    steps = glyphs.steps
    middle = width // 2
    top, bottom = _joined(glyphs, top, bottom, high, low)
    first = top // steps
    last = max((bottom - 1) // steps, first)
    shape: Shape = []
    row = high >> 1
    if row < first:
        if high & 1:
            shape.append((row, middle, glyphs.wick_lower, False))
            row += 1
        shape.extend((each, middle, glyphs.wick, False) for each in range(row, first))

    height = bottom - top
    if height <= steps >> 2 or (height <= 3 * steps >> 3 and first == last):
        shape.append(_cross(glyphs, width, first, height, high, low))
    elif first == last:
        shape.extend(_short_body(glyphs, width, first, top, bottom, hollow=hollow))
    else:
        _add_body(shape, glyphs, width, first, last, top, bottom, hollow=hollow)

    row = last + 1
    end = low >> 1
    if row <= end:
        shape.extend((each, middle, glyphs.wick, False) for each in range(row, end))
        if low & 1:
            shape.append((end, middle, glyphs.wick_upper, False))
    return shape


def _joined(glyphs: Glyphs, top: int, bottom: int, high: int, low: int) -> tuple[int, int]:
    """Give up to a quarter row at either end of a body to its wick where that passes through.

    A cell shows a piece of body or a piece of wick, never both, and a wick that hangs free above
    its body looks like a fault.
    """
    steps = glyphs.steps
    spare = steps >> 2
    first, last = top // steps, (bottom - 1) // steps
    if last > first:
        if high <= 2 * first and (first + 1) * steps - top <= spare:
            top = (first + 1) * steps
        if low >= 2 * last + 2 and bottom - last * steps <= spare:
            bottom = last * steps
    return top, bottom


def _cross(
    glyphs: Glyphs, width: int, row: int, height: int, high: int, low: int
) -> tuple[int, int, str, bool]:
    above = high <= 2 * row
    below = low >= 2 * row + 2
    thick = height > glyphs.steps >> 3
    dash = (glyphs.thick_dash if thick else glyphs.dash) * (width // 2)
    return (
        row,
        0,
        dash + (glyphs.thick_cross if thick else glyphs.cross)[above + 2 * below] + dash,
        False,
    )


def _short_body(
    glyphs: Glyphs, width: int, row: int, top: int, bottom: int, *, hollow: bool
) -> Shape:
    """A body within one row: it hangs from the nearer edge of the row at its true height."""
    steps = glyphs.steps
    height = bottom - top
    if hollow and steps == 1:
        return _hollow_row(glyphs, width, row)
    above = top - row * steps
    below = steps - above - height
    if above < below:
        return [_upper(glyphs, width, row, height)]
    return [(row, 0, glyphs.lower[height] * width, False)]


def _add_body(
    shape: Shape,
    glyphs: Glyphs,
    width: int,
    first: int,
    last: int,
    top: int,
    bottom: int,
    *,
    hollow: bool,
) -> None:
    steps = glyphs.steps
    if hollow and steps == 1:
        for row in range(first, last + 1):
            shape.extend(_hollow_row(glyphs, width, row))
        return
    shape.append((first, 0, glyphs.lower[(first + 1) * steps - top] * width, False))
    if hollow:
        for row in range(first + 1, last):
            shape.extend(_hollow_row(glyphs, width, row))
    else:
        full = glyphs.lower[steps] * width
        for row in range(first + 1, last):
            shape.append((row, 0, full, False))
    shape.append(_upper(glyphs, width, last, bottom - last * steps))


def _upper(glyphs: Glyphs, width: int, row: int, height: int) -> tuple[int, int, str, bool]:
    if glyphs.upper or height == glyphs.steps:
        return row, 0, (glyphs.upper or glyphs.lower)[height] * width, False
    return row, 0, glyphs.lower[glyphs.steps - height] * width, True


def _hollow_row(glyphs: Glyphs, width: int, row: int) -> Shape:
    if width == 1:
        return [(row, 0, glyphs.hollow, glyphs.hollow_is_cut)]
    return [(row, 0, glyphs.hollow_left + " " * (width - 2) + glyphs.hollow_right, False)]
