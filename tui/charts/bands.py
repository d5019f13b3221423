"""Faint fillings between two lines of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil, floor, isfinite

from tui.charts.candles import body_width
from tui.charts.canvas import Canvas
from tui.charts.palette import blend
from tui.charts.patterns import dotted
from tui.charts.plots import PlotMemory, Spot, Window
from tui.charts.rows import Patch
from tui.charts.scale import Scale

_FAINT = 0.86


def draw_bands(
    canvas: Canvas,
    windows: Sequence[Window],
    scale: Scale,
    memory: PlotMemory,
    place: str,
    top: int,
) -> None:
    """Fill what lies between the lines of each band, in the rows from `top` on: by the background, or
    by a light pattern where colours are few."""
    for number, window in enumerate(windows):
        for one, other in window.plot.bands:
            if not 0 <= min(one, other) <= max(one, other) < len(window.head):
                continue
            heads = window.head[one], window.head[other]
            tails = window.tail[one], window.tail[other]
            shade = blend(window.colours[one], canvas.inks.palette.background, _FAINT)
            head = memory.drawing(
                f"{place} band {number} {one} {other}",
                (scale, canvas.plot_width, canvas.columns, shade, heads),
                partial(_patches, canvas, *heads, scale, shade),
            )
            tail = _patches(canvas, *tails, scale, shade)
            for at, row in enumerate(canvas.rows[top : top + scale.rows]):
                patches = head[at] + tail[at] if tail[at] else head[at]
                if not patches:
                    continue
                if canvas.fine_colours:
                    row.ground.append(patches)
                else:
                    row.behind.append(dotted(canvas, patches, top + at))


def _patches(
    canvas: Canvas, one: Sequence[Spot], other: Sequence[Spot], scale: Scale, shade: str
) -> list[list[Patch]]:
    rows: list[list[Patch]] = [[] for _ in range(scale.rows)]
    before = body_width(canvas.columns) // 2
    for first, second in zip(one, other, strict=True):
        if first is None or second is None:
            continue
        ends = scale.position(first[1]), scale.position(second[1])
        upper, lower = min(ends), max(ends)
        if not isfinite(lower):
            continue
        start = max(first[0] - before, 0)
        end = min(start + canvas.columns, canvas.plot_width)
        # A row belongs to the band when its middle does.
        for row in range(max(ceil(upper - 0.5), 0), min(floor(lower - 0.5) + 1, scale.rows)):
            run = rows[row]
            if run and run[-1][1] == start:
                run[-1] = (run[-1][0], end, shade)
            else:
                run.append((start, end, shade))
    return rows
