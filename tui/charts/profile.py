"""Volume by price: bars that grow from the right edge, behind everything else."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from tui.charts.canvas import Canvas
from tui.charts.layers import Profile
from tui.charts.palette import blend
from tui.charts.plots import PlotMemory
from tui.charts.rows import Cell, Patch

_SHARE = 0.3
_FAINT = 0.72
_STRONG = 0.5


class _Drawn(msgspec.Struct, frozen=True, eq=False):
    patches: list[list[Patch]]
    cells: list[list[Cell]]


def draw_profile(canvas: Canvas, profile: Profile, memory: PlotMemory) -> None:
    """Draw a bar for each row of the screen: what takers bought, then what they sold, and a line at the
    price with the most."""
    key = (
        canvas.scale,
        canvas.plot_width,
        canvas.inks,
        canvas.glyphs,
        canvas.fine_colours,
        profile,
    )
    drawn = memory.drawing("profile", key, lambda: _draw(canvas, profile))
    for row, patches, cells in zip(canvas.rows, drawn.patches, drawn.cells, strict=False):
        if cells:
            row.behind.append(cells)
        if patches:
            row.ground.append(patches)


def _draw(canvas: Canvas, profile: Profile) -> _Drawn:
    volumes, bought = _by_row(canvas, profile.rows)
    most = max(volumes, default=0.0)
    patches: list[list[Patch]] = [[] for _ in volumes]
    cells: list[list[Cell]] = [[] for _ in volumes]
    control = canvas.scale.row(profile.control) if isfinite(profile.control) else None
    if not most > 0.0 or not isfinite(most):
        return _Drawn(patches, cells)
    palette, right = canvas.inks.palette, canvas.plot_width
    room = max(int(right * _SHARE), 1)
    for number, volume in enumerate(volumes):
        size = round(volume / most * room)
        if volume > 0.0:
            size = max(size, 1)
        part = min(round(bought[number] / most * room), size)
        share = _STRONG if number == control else _FAINT
        pieces = (
            (right - size, right - size + part, palette.up, 2),
            (right - size + part, right, palette.down, 1),
        )
        for start, end, colour, level in pieces:
            if start >= end:
                continue
            if canvas.fine_colours:
                patches[number].append((start, end, blend(colour, palette.background, share)))
            else:
                level += number == control
                shade = canvas.glyphs.shades[level] * (end - start)
                cells[number].append((start, shade, canvas.inks.muted))
        if number == control:
            glyph = canvas.glyphs.price_line
            line = [(column, glyph, canvas.inks.muted) for column in range(0, right - size, 4)]
            cells[number] = [*line, *cells[number]]
    return _Drawn(patches, cells)


def _by_row(
    canvas: Canvas, rows: Sequence[tuple[float, float, float, float]]
) -> tuple[list[float], list[float]]:
    """Volume, and what of it was bought, in each row of the screen."""
    scale = canvas.scale
    volumes, boughts = [0.0] * scale.rows, [0.0] * scale.rows
    for low, high, volume, bought in rows:
        if not (isfinite(low + high + volume + bought) and volume > 0.0 and low <= high):
            continue
        top, bottom = scale.position(high), scale.position(low)
        if not isfinite(top) or not isfinite(bottom):
            continue
        height = max(bottom - top, 1e-9)
        for row in range(max(int(top), 0), min(int(bottom) + 1, scale.rows)):
            share = (min(bottom, row + 1.0) - max(top, float(row))) / height
            if bottom - top < 1e-9:
                share = float(row <= top < row + 1)
            volumes[row] += volume * max(share, 0.0)
            boughts[row] += min(max(bought, 0.0), volume) * max(share, 0.0)
    return volumes, boughts
