"""Lines across the chart at prices that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from tui.charts.canvas import Canvas, write_label
from tui.charts.layers import PriceLine
from tui.charts.palette import line_ink, mark_ink
from tui.charts.plots import colour_or, fitted


def draw_price_lines(canvas: Canvas, lines: Sequence[PriceLine]) -> int:
    """Draw each line behind the candles, its label at the left, its price on the axis; returns how many
    make no sense."""
    skipped = 0
    palette = canvas.inks.palette
    for line in lines:
        if not isfinite(line.price):
            skipped += 1
            continue
        number = canvas.scale.row(line.price)
        if number is None:
            continue
        colour = colour_or(line.colour, palette.highlight)
        ink = line_ink(colour, palette.background)
        glyph = canvas.glyphs.price_line
        row = canvas.rows[number]
        row.behind.append([(column, glyph, ink) for column in range(0, canvas.plot_width, 2)])
        label = fitted(line.label)[: canvas.plot_width]
        if label:
            row.overlay(0, label, ink)
        if canvas.label_width:
            text = canvas.form(line.price)[-canvas.label_width :]
            write_label(canvas, number, text, mark_ink(colour))
    return skipped
