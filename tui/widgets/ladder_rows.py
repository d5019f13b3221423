"""The rows of a depth ladder: price, size, mark and a bar that does not tremble with every tick."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from rich.style import Style

from tui.charts.glyphs import Glyphs
from tui.market.ladder import Rung, RungKind
from tui.widgets import format as fmt
from tui.widgets.line_widget import Part, Row
from tui.widgets.look import Look

_LEAST_PRICE_WIDTH = 9
_BOLD = Style(bold=True)
_SIZE_WIDTH = 8
_BARS_TOO_SHORT = 0.5
_ROOM_FOR_BARS = 1.25
_SLACK = 8
"""A bar may be off by the part of its length that this divides it into."""


class Columns(msgspec.Struct, frozen=True):
    """How wide things are: it depends on steps and on the panel, not on the levels of the moment."""

    price_decimals: int
    size_decimals: int
    price_width: int
    bar_width: int

    @classmethod
    def share(cls, width: int, step: Decimal, slot: int, size_decimals: int) -> Columns:
        """Share `width` cells among the columns for prices like that of a slot."""
        exponent = step.normalize().as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
        price_width = max(_LEAST_PRICE_WIDTH, len(f"{slot * step:,.{decimals}f}"))
        rest = width - 1 - price_width - 1 - _SIZE_WIDTH - 1
        return cls(decimals, size_decimals, price_width, max(0, rest))


class HeldBars:
    """The lengths of the bars. Each is drawn anew only when it is off by most of a cell, a long one when
    it is off by a part of its length, and their scale is kept while the longest fits it, so that a tick
    does not redraw all of them.

    A price that moves changes all the totals at once: between two looks that settle them, the bars of
    prices that had one stay."""

    def __init__(self) -> None:
        self._top = 0.0
        self._held: dict[tuple[RungKind, int], int] = {}
        self._width = 0

    def forget(self) -> None:
        """Draw all of them anew."""
        self._top = 0.0

    def lengths(
        self, rungs: Sequence[Rung], width: int, glyphs: Glyphs, *, settles: bool = True
    ) -> list[int]:
        """For each row the bar's length in the glyph set's steps of a cell."""
        steps = len(glyphs.left) - 1
        most = max((rung.total for rung in rungs), default=0.0)
        if not self._top * _BARS_TOO_SHORT <= most <= self._top or width != self._width:
            self._top, self._width, self._held = most * _ROOM_FOR_BARS, width, {}
        found = [0] * len(rungs)
        kept: dict[tuple[RungKind, int], int] = {}
        least = max(steps * 3 // 4, 1) if settles else width * steps + 1
        asks = [number for number, rung in enumerate(rungs) if rung.kind is RungKind.ASK]
        bids = [number for number, rung in enumerate(rungs) if rung.kind is RungKind.BID]
        for numbers in (asks[::-1], bids):
            inner = 0
            for number in numbers:
                rung = rungs[number]
                key = (rung.kind, rung.slot or 0)
                exact = max(int(rung.total / (self._top or 1.0) * width * steps + 0.5), 1)
                held = self._held.get(key)
                slack = max(least, exact // _SLACK)
                length = exact if held is None or abs(held - exact) >= slack else held
                # A total never shrinks outwards; nor may its bar.
                inner = kept[key] = found[number] = min(max(length, inner), width * steps)
        self._held = kept
        return found


def rung_row(
    rung: Rung,
    length: int,
    columns: Columns,
    step: Decimal,
    glyphs: Glyphs,
    look: Look,
    *,
    is_sound: bool,
    is_recent: bool,
    is_large: bool,
    is_at_cursor: bool,
) -> Row:
    """One price of the ladder, whatever rests there; the row that tells the spread is not one.

    Args:
        length: of the bar, in steps of a cell.
        is_sound: False where the book is not verified now: it fades.
    """
    if rung.slot is None:
        return ((" ", look.base),)
    is_plain = glyphs.name == "ascii"
    pointer = (">" if is_plain else "▸") if is_at_cursor else " "
    price = f"{rung.slot * step:,.{columns.price_decimals}f}".rjust(columns.price_width)
    size, mark, bar = " " * _SIZE_WIDTH, " ", ""
    if rung.bucket is not None:
        size = fmt.size(rung.bucket.size, columns.size_decimals).rjust(_SIZE_WIDTH)
        if not rung.bucket.is_whole:
            mark = "+"
        if is_large:
            mark = "*" if is_plain else "◆"
        bar = _bar(length, columns.bar_width, glyphs)
    styles = _styles(rung.kind, look, is_sound, is_at_cursor)
    front, plain, bar_style = styles
    size_style = plain + _BOLD if is_recent and is_sound else plain
    mark_style = plain if is_at_cursor or not is_sound or not is_large else look.accent
    parts: list[Part] = [
        (pointer + price + " ", front),
        (size, size_style),
        (mark, mark_style),
        (bar.ljust(columns.bar_width), bar_style),
    ]
    return tuple(parts)


def _styles(
    kind: RungKind, look: Look, is_sound: bool, is_at_cursor: bool
) -> tuple[Style, Style, Style]:
    """Of price, size, bar."""
    if is_at_cursor:
        return look.cursor, look.cursor, look.cursor
    if not is_sound or kind is RungKind.GAP:
        return look.muted, look.muted, look.muted
    if kind is RungKind.ASK:
        return look.ask, look.base, look.ask_bar
    return look.bid, look.base, look.bid_bar


def _bar(length: int, width: int, glyphs: Glyphs) -> str:
    full, rest = divmod(length, len(glyphs.left) - 1)
    return (glyphs.left[-1] * full + (glyphs.left[rest] if rest else ""))[:width]
