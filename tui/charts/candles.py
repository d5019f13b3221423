"""Which cells one candle fills: pure shapes, without prices, in any two inks."""

from __future__ import annotations

from typing import TypeVar

from tui.charts.glyphs import Glyphs

_Ink = TypeVar("_Ink")


def body_width(columns: int) -> int:
    """Cells of a body where a candle has `columns`, its gap included; odd, so wicks are centred."""
    if columns <= 2:
        return 1
    return columns - 1 if columns % 2 == 0 else columns - 2


def candle_shape(
    glyphs: Glyphs,
    width: int,
    inks: tuple[_Ink, _Ink],
    *,
    top: int,
    bottom: int,
    high: int,
    low: int,
    hollow: bool,
) -> list[tuple[int, int, str, _Ink]]:
    """The cells of a candle: row, column within the candle, text, ink.

    Args:
        width: cells of the body, odd.
        inks: the usual one, and the one with foreground and background exchanged.
        top, bottom: edges of the body, in steps (`glyphs.steps` a row) down from the top.
        high, low: ends of the wicks, in half rows down from the top; for a body without wicks
            the lower end of the chart and its upper end.
        hollow: draw the inside of the body empty.
    """
    steps = glyphs.steps
    middle = width // 2
    ink = inks[0]
    upper, lower = top, bottom
    if bottom - top > steps >> 2:
        upper, lower = _joined(steps, top, bottom, high, low)
    height = lower - upper
    if height <= steps >> 2 or (
        height <= 3 * steps >> 3 and upper // steps == (lower - 1) // steps
    ):
        first = last = (top + bottom) // 2 // steps
        body = [_thin_body(glyphs, width, inks, first, top, bottom, high, low)]
    else:
        first, last = upper // steps, (lower - 1) // steps
        if hollow and steps == 1:
            body = [_hollow_row(glyphs, width, inks, row) for row in range(first, last + 1)]
        elif first == last:
            body = [_short_body(glyphs, width, inks, first, upper, lower)]
        else:
            body = _tall_body(glyphs, width, inks, first, last, upper, lower, hollow=hollow)

    row = high >> 1
    if row < first:
        wick = glyphs.wick_lower if high & 1 else glyphs.wick
        body.append((row, middle, wick, ink))
        body += [(between, middle, glyphs.wick, ink) for between in range(row + 1, first)]
    end = low >> 1
    if last < end:
        body += [(between, middle, glyphs.wick, ink) for between in range(last + 1, end)]
        if low & 1:
            body.append((end, middle, glyphs.wick_upper, ink))
    return body


def _joined(steps: int, top: int, bottom: int, high: int, low: int) -> tuple[int, int]:
    """Give up to a quarter row at either end of a body to the wick that passes through there.

    A cell shows a piece of body or a piece of wick, never both, and a wick that hangs free above
    its body looks like a fault.
    """
    spare = steps >> 2
    first, last = top // steps, (bottom - 1) // steps
    if last > first:
        if high <= 2 * first and (first + 1) * steps - top <= spare:
            top = (first + 1) * steps
        if low >= 2 * last + 2 and bottom - last * steps <= spare:
            bottom = last * steps
    return top, bottom


def _thin_body(
    glyphs: Glyphs,
    width: int,
    inks: tuple[_Ink, _Ink],
    row: int,
    top: int,
    bottom: int,
    high: int,
    low: int,
) -> tuple[int, int, str, _Ink]:
    """A body of at most a few steps: a cross with its wicks, or a line at its true height."""
    steps = glyphs.steps
    above, below = high <= 2 * row, low >= 2 * row + 2
    upper = max(top - row * steps, 0)
    lower = min(max(bottom - row * steps, upper + 1), steps)
    if steps == 8 and not (above or below) and (lower - upper > 1 or upper < 2 or lower > 6):
        return _short_body(glyphs, width, inks, row, row * steps + upper, row * steps + lower)
    thick = bottom - top > steps >> 3
    dash = (glyphs.thick_dash if thick else glyphs.dash) * (width // 2)
    centre = (glyphs.thick_cross if thick else glyphs.cross)[above + 2 * below]
    return row, 0, dash + centre + dash, inks[0]


def _short_body(
    glyphs: Glyphs, width: int, inks: tuple[_Ink, _Ink], row: int, top: int, bottom: int
) -> tuple[int, int, str, _Ink]:
    """A body within one row: it touches the nearer edge of the row and has its true height."""
    above = top - row * glyphs.steps
    below = (row + 1) * glyphs.steps - bottom
    if above < below:
        return _hanging(glyphs, width, inks, row, bottom - top)
    return row, 0, glyphs.lower[bottom - top] * width, inks[0]


def _tall_body(
    glyphs: Glyphs,
    width: int,
    inks: tuple[_Ink, _Ink],
    first: int,
    last: int,
    top: int,
    bottom: int,
    *,
    hollow: bool,
) -> list[tuple[int, int, str, _Ink]]:
    steps, ink = glyphs.steps, inks[0]
    body = [(first, 0, glyphs.lower[(first + 1) * steps - top] * width, ink)]
    if hollow:
        body += [_hollow_row(glyphs, width, inks, row) for row in range(first + 1, last)]
    else:
        full = glyphs.lower[steps] * width
        body += [(row, 0, full, ink) for row in range(first + 1, last)]
    body.append(_hanging(glyphs, width, inks, last, bottom - last * steps))
    return body


def _hanging(
    glyphs: Glyphs, width: int, inks: tuple[_Ink, _Ink], row: int, height: int
) -> tuple[int, int, str, _Ink]:
    """A piece of body that hangs from the row's upper edge."""
    if glyphs.upper or height == glyphs.steps:
        return row, 0, (glyphs.upper or glyphs.lower)[height] * width, inks[0]
    return row, 0, glyphs.lower[glyphs.steps - height] * width, inks[1]


def _hollow_row(
    glyphs: Glyphs, width: int, inks: tuple[_Ink, _Ink], row: int
) -> tuple[int, int, str, _Ink]:
    if width == 1:
        return row, 0, glyphs.hollow, inks[glyphs.hollow_is_cut]
    walls = glyphs.hollow_left + " " * (width - 2) + glyphs.hollow_right
    return row, 0, walls, inks[0]


def tick_shape(
    glyphs: Glyphs, width: int, ink: _Ink, opened: int, close: int, *, high: int, low: int
) -> list[tuple[int, int, str, _Ink]]:
    """The cells of a bar without a body: a line from its high to its low, a tick to the left where it
    opened and one to the right where it closed.

    Args:
        width: cells of the bar, odd; where it is 1 the ticks stand on the line.
        opened, close: rows. high, low: ends of the line, in half rows down from the top.
    """
    side = width // 2
    first, last = min(high >> 1, opened, close), max((low - 1) >> 1, opened, close)
    cells: list[tuple[int, int, str, _Ink]] = []
    for row in range(first, last + 1):
        if row in (opened, close):
            mark = glyphs.ticks[2 if opened == close else int(row == close)]
        elif row == high >> 1 and high & 1:
            mark = glyphs.wick_lower
        elif row == low >> 1 and low & 1:
            mark = glyphs.wick_upper
        else:
            mark = glyphs.wick
        before = glyphs.dash * side if row == opened else ""
        after = glyphs.dash * side if row == close else ""
        cells.append((row, side - len(before), before + mark + after, ink))
    return cells
