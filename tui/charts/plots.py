"""The values of plots at the bars in sight, as lines of dots; what a tick leaves alone is kept."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from math import isfinite
from typing import Any, TypeAlias, TypeVar

import msgspec
from rich.cells import cell_len

from tui.charts.candles import body_width
from tui.charts.canvas import Canvas
from tui.charts.dots import Dots
from tui.charts.layers import Plot, PlotKind
from tui.charts.palette import Ink, line_colours, line_ink
from tui.charts.rows import FILLER, Cell, Row
from tui.charts.scale import Scale
from tui.model.timeframe import NS

LINES = 8
"""So many lines of one plot are drawn; more of them cannot be told apart."""
MARKS = "*+xo%&@~"
"""What lines are drawn with where there are only letters."""
_HUGE = 1e100
_MOST_KEPT = 100
_COLOUR = re.compile("#[0-9a-fA-F]{6}")

_Drawing = TypeVar("_Drawing")

Spot: TypeAlias = tuple[int, float, bool] | None
"""Column, value, and whether the line comes there from the spot before."""


class Window(msgspec.Struct, frozen=True, eq=False):
    """A plot where the bars in sight are.

    Attributes:
        colours: of its lines.
        head: of each line the spots at all bars but the newest; the same object while they stay the same.
        tail: the spots at the newest bar and behind it.
        low, high: of all that; None where there is no value.
    """

    plot: Plot
    colours: tuple[str, ...]
    head: tuple[Sequence[Spot], ...]
    tail: tuple[Sequence[Spot], ...]
    low: float | None
    high: float | None

    def value(self, line: int, bar: int) -> float | None:
        """A line's value at a bar in sight, by its number."""
        head = self.head[line]
        spot = head[bar] if bar < len(head) else self.tail[line][0]
        return None if spot is None else spot[1]

    def kind(self, line: int) -> PlotKind:
        """How the line is to be drawn."""
        kinds = self.plot.kinds
        return kinds[line] if line < len(kinds) else PlotKind.LINE


class _Head(msgspec.Struct):
    key: Hashable
    spots: tuple[Sequence[Spot], ...]
    values: Sequence[float]


class PlotMemory:
    """What is kept of plots from one painting to the next, by where they are: values and drawings as far
    as the newest candle does not change them, and the scales of panes."""

    def __init__(self) -> None:
        self._heads: dict[str, _Head] = {}
        self._drawings: dict[str, tuple[object, Any]] = {}
        self.scales: dict[str, Scale] = {}

    def forget(self) -> None:
        """Begin anew at the next painting."""
        self._heads.clear()
        self._drawings.clear()
        self.scales.clear()

    def window(self, canvas: Canvas, plot: Plot, place: str, colours: tuple[str, ...]) -> Window:
        """The plot in the view. Bars that were merged have the value of their last candle."""
        times, values = plot.times, plot.values
        known = min(len(times), len(values))
        lines = min(len(plot.lines) or 1, LINES)
        start = bisect_left(times, canvas.bars[0].open_time, 0, known)
        cut = bisect_left(times, canvas.bars[-1].open_time, start, known)
        key = (canvas.head_key, lines, times[start:cut], values[start:cut])
        head = self._heads.get(place)
        if head is None or head.key != key:
            spots = _aligned_spots(canvas, plot, start, cut, lines)
            if spots is None:
                spots = _spots(canvas, plot, range(len(canvas.bars) - 1), start, lines)
            found = [spot[1] for line in spots for spot in line if spot is not None]
            ends = [min(found), max(found)] if found else []
            head = self._heads[place] = _Head(key, spots, ends)
        tail = _spots(canvas, plot, range(len(canvas.bars) - 1, len(canvas.bars)), cut, lines)
        for line, more in zip(tail, _behind_the_newest(canvas, plot, cut, lines), strict=True):
            line += more
        ends = [*head.values, *(spot[1] for line in tail for spot in line if spot is not None)]
        low, high = (min(ends), max(ends)) if ends else (None, None)
        return Window(plot, colours, head.spots, tail, low, high)

    def drawing(self, place: str, key: object, draw: Callable[[], _Drawing]) -> _Drawing:
        """The drawing that was kept for the place and the key, or a new one."""
        held = self._drawings.get(place)
        if held is None or held[0] != key:
            if len(self._drawings) >= _MOST_KEPT:
                self.forget()  # of plots that are no longer shown
            held = self._drawings[place] = key, draw()
        drawing: _Drawing = held[1]
        return drawing


def _aligned_spots(
    canvas: Canvas, plot: Plot, start: int, cut: int, lines: int
) -> tuple[list[Spot], ...] | None:
    """Each line's values at all bars but the newest, where every bar has a value of its own and nothing
    is missing; None where it is not as simple as that."""
    bars = canvas.bars[:-1]
    if canvas.holes or list(plot.times[start:cut]) != [bar.open_time for bar in bars]:
        return None
    before, columns = canvas.left + body_width(canvas.columns) // 2, canvas.columns
    rows = plot.values[start:cut]
    if any(len(row) < lines for row in rows):
        return None
    return tuple(
        [
            (before + bar.slot * columns, value, True)
            if (value := row[line]) is not None and -_HUGE < value < _HUGE
            else None
            for bar, row in zip(bars, rows, strict=True)
        ]
        for line in range(lines)
    )


def _spots(canvas: Canvas, plot: Plot, bars: range, at: int, lines: int) -> tuple[list[Spot], ...]:
    """Each line's values at some of the bars, from the plot's value number `at` on."""
    times, values = plot.times, plot.values
    known = min(len(times), len(values))
    span = canvas.timeframe.seconds * NS
    # Months differ in length: half of one is room enough for the longest of them.
    reach = canvas.merge * span - span // 2
    holes = canvas.holes
    spots: tuple[list[Spot], ...] = tuple([] for _ in range(lines))
    for number in bars:
        bar = canvas.bars[number]
        opened = bar.open_time
        first = bisect_left(times, opened, at, known)
        at = bisect_left(times, opened + reach, first, known)
        # Where candles could not be had nobody knows how the line went.
        before = canvas.bars[number - 1].open_time if number else opened
        is_joined = not holes or not any(low < opened and before < high for low, high in holes)
        column = canvas.middle(bar)
        for line, found in enumerate(spots):
            value = _last_sane(values, line, first, at)
            found.append(None if value is None else (column, value, is_joined))
    return spots


def _last_sane(
    values: Sequence[Sequence[float | None]], line: int, first: int, end: int
) -> float | None:
    """The last value of a line among some of them that is one."""
    for at in range(end - 1, first - 1, -1):
        row = values[at]
        if line < len(row) and (value := row[line]) is not None and -_HUGE < value < _HUGE:
            return value
    return None


def _behind_the_newest(canvas: Canvas, plot: Plot, at: int, lines: int) -> tuple[list[Spot], ...]:
    """Values ahead of the newest bar, in the columns that are free there."""
    times, values = plot.times, plot.values
    known = min(len(times), len(values))
    span = canvas.timeframe.seconds * NS * canvas.merge
    newest = canvas.bars[-1]
    column = canvas.middle(newest)
    spots: tuple[list[Spot], ...] = tuple([] for _ in range(lines))
    ahead: dict[int, list[float | None]] = {}
    while at < known:
        slots = (times[at] - newest.open_time + canvas.half_month) // span
        if column + slots * canvas.columns >= canvas.plot_width:
            break
        if slots > 0:
            _take(values[at], ahead.setdefault(slots, [None] * lines))
        at += 1
    for slots, found in ahead.items():
        for line, value in zip(spots, found, strict=True):
            spot = None if value is None else (column + slots * canvas.columns, value, True)
            line.append(spot)
    return spots


def _take(row: Sequence[float | None], found: list[float | None]) -> None:
    for line in range(min(len(found), len(row))):
        value = row[line]
        if value is not None and -_HUGE < value < _HUGE:
            found[line] = value


def draw_lines(
    canvas: Canvas,
    windows: Sequence[Window],
    scale: Scale,
    memory: PlotMemory,
    place: str,
    top: int,
    *,
    kinds: frozenset[PlotKind] = frozenset({PlotKind.LINE, PlotKind.DOTS}),
) -> None:
    """Put the lines of these kinds into the rows from `top` on, behind what is drawn already. A tick
    moves their ends only: all before is kept."""
    chosen = [
        (window, line)
        for window in windows
        for line in range(len(window.head))
        if window.kind(line) in kinds
    ]
    if not chosen:
        return
    ground = canvas.inks.palette.background
    inks = [line_ink(window.colours[line], ground) for window, line in chosen]
    dotted = [window.kind(line) is PlotKind.DOTS for window, line in chosen]
    heads = [window.head[line] for window, line in chosen]
    edge = canvas.middle(canvas.bars[-2]) if len(canvas.bars) > 1 else 0
    key = (scale, canvas.plot_width, canvas.glyphs, inks, dotted, heads)
    head = memory.drawing(
        place, key, lambda: _cut(_cells(canvas, heads, dotted, inks, scale), 0, edge)
    )
    ends = [[*window.head[line][-2:], *window.tail[line]] for window, line in chosen]
    tail = _cut(_cells(canvas, ends, dotted, inks, scale), edge, canvas.plot_width)
    for row, before, after in zip(canvas.rows[top:], head, tail, strict=False):
        if after:
            row.behind.append(before + after)
        elif before:
            row.behind.append(before)


def _cut(rows: list[list[Cell]], start: int, end: int) -> list[list[Cell]]:
    return [[cell for cell in row if start <= cell[0] < end] for row in rows]


def _cells(
    canvas: Canvas,
    lines: Sequence[Sequence[Spot]],
    dotted: Sequence[bool],
    inks: Sequence[Ink],
    scale: Scale,
) -> list[list[Cell]]:
    dots = Dots(canvas.plot_width, scale.rows, canvas.glyphs)
    most = scale.rows * dots.down
    per_unit = most / (scale.top - scale.bottom)
    for number, spots in enumerate(lines):
        before: tuple[int, int] | None = None
        for spot in spots:
            if spot is None:
                before = None
                continue
            height = (scale.top - spot[1]) * per_unit
            if scale.is_log or not 0.0 <= height < most:
                found = dot_row(scale, spot[1], dots.down)
                if found is None:
                    before = None
                    continue
                height = found
            place = spot[0] * dots.across, int(height)
            if dotted[number]:
                for across in range(dots.across):
                    dots.put(number, place[0] + across, place[1])
            elif before is None or not spot[2]:
                dots.put(number, *place)
            else:
                dots.join(number, before, place)
            before = place
    rows = [Row() for _ in range(scale.rows)]
    dots.draw(rows, inks, MARKS)
    return [row.cells for row in rows]


def dot_row(scale: Scale, value: float, down: int) -> int | None:
    """The row of dots of a value, `down` of them a row; outside the scale where the value is, but never
    far. None where the scale cannot show it."""
    position = scale.position(value)
    if not isfinite(position):
        return None
    rows = scale.rows
    if -1e-9 <= position <= rows + 1e-9:
        return min(max(int(position * down), 0), rows * down - 1)
    return int(min(max(position, -rows), 2 * rows) * down // 1)


def colours_of(plots: Sequence[Plot], canvas: Canvas) -> list[tuple[str, ...]]:
    """The colours of the lines of plots that are drawn together: the user's, or the theme's."""
    counts = [min(len(plot.lines) or 1, LINES) for plot in plots]
    own = line_colours(canvas.inks.palette, sum(counts))
    found: list[tuple[str, ...]] = []
    at = 0
    for plot, count in zip(plots, counts, strict=True):
        given = [*plot.colours[:count], *[""] * (count - len(plot.colours))]
        found.append(tuple(colour_or(colour, own[at + line]) for line, colour in enumerate(given)))
        at += count
    return found


def colour_or(colour: str, otherwise: str) -> str:
    """The colour if it is one, "#rrggbb"."""
    return colour if _COLOUR.fullmatch(colour) else otherwise


def fitted(text: str) -> str:
    """The text with a character for each of its cells, for `Row.overlay`."""
    if text.isascii() and text.isprintable():
        return text
    widths = ((each, cell_len(each)) for each in text if each.isprintable())
    return "".join(each + FILLER * (width - 1) for each, width in widths if width)


def narrow(text: str) -> str:
    """The text without characters that do not take one cell each."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each for each in text if each.isprintable() and cell_len(each) == 1)
