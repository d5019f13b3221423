"""The cross that points at a candle and a price, and the span that is measured with it."""

from __future__ import annotations

from math import isfinite

from tui.charts.axes import full_time, span_text
from tui.charts.canvas import Canvas, write_label
from tui.charts.geometry import Geometry
from tui.charts.layers import Crosshair
from tui.charts.palette import blend, mark_ink
from tui.charts.patterns import dotted
from tui.charts.rows import Patch

_FAINT = 0.82


def draw_cross_lines(canvas: Canvas, geometry: Geometry, cross: Crosshair) -> None:
    """Draw the lines behind the candles, and shade what is measured."""
    ink = canvas.inks.axis
    column, row = geometry.column_of(cross.time), _row(canvas, cross)
    if row is not None:
        line = canvas.glyphs.cross_across * canvas.plot_width
        canvas.rows[row].behind.append([(0, line, ink)])
    if column is not None:
        down = [(column, canvas.glyphs.cross_down, ink)]
        for each in canvas.rows[: canvas.parts]:
            each.behind.append(down)
    if cross.since is not None and cross.price is not None:
        _shade_span(canvas, geometry, cross)


def draw_cross_labels(canvas: Canvas, geometry: Geometry, cross: Crosshair) -> None:
    """Write time and price on the axes, and what was measured beside the cross."""
    palette = canvas.inks.palette
    label = mark_ink(palette.text)
    column, row = geometry.column_of(cross.time), _row(canvas, cross)
    if cross.since is not None:
        _write_measure(canvas, geometry, cross)
    if column is not None and row is not None:
        canvas.rows[row].overlay(column, canvas.glyphs.cross_centre, canvas.inks.text)
    if row is not None and canvas.label_width and cross.price is not None:
        write_label(canvas, row, canvas.form(cross.price)[-canvas.label_width :], label)
    if column is not None and canvas.layout.time_rows:
        text = f" {full_time(cross.time, canvas.timeframe)} "
        if not text.isspace() and len(text) <= canvas.plot_width:
            start = min(max(column - len(text) // 2, 0), canvas.plot_width - len(text))
            axis = canvas.rows[canvas.height - 1]
            # What is left of a time beside it would be read as another time.
            axis.cells = [
                cell
                for cell in axis.cells
                if cell[0] + len(cell[1]) <= start or cell[0] >= start + len(text)
            ]
            axis.overlay(start, text, label)


def _row(canvas: Canvas, cross: Crosshair) -> int | None:
    if cross.price is None or not isfinite(cross.price):
        return None
    return canvas.scale.row(cross.price)


def _shade_span(canvas: Canvas, geometry: Geometry, cross: Crosshair) -> None:
    """Shade the rectangle between the ends of what is measured, as far as it is in sight."""
    if cross.since is None or cross.price is None:
        return
    places = sorted((geometry.place_of(cross.since[0]), geometry.place_of(cross.time)))
    heights = sorted(canvas.scale.position(price) for price in (cross.since[1], cross.price))
    start, end = max(places[0], 0), min(places[1] + 1, canvas.plot_width)
    if start >= end or not all(map(isfinite, heights)):
        return
    palette = canvas.inks.palette
    patches: list[Patch] = [(start, end, blend(palette.text, palette.background, _FAINT))]
    first = max(min(heights[0], float(canvas.scale.rows)), 0.0)
    last = max(min(heights[1], canvas.scale.rows - 1.0), -1.0)
    for number in range(int(first), int(last) + 1):
        row = canvas.rows[number]
        if canvas.fine_colours:
            row.ground.insert(0, patches)
        else:
            row.behind.append(dotted(canvas, patches, number))


def _write_measure(canvas: Canvas, geometry: Geometry, cross: Crosshair) -> None:
    """Write bars, time, price and percent of the span, beside the cross where it hides least."""
    text = f" {measure(canvas, geometry, cross)} "
    row = _row(canvas, cross)
    if cross.since is None or row is None or len(text) > canvas.plot_width:
        return
    is_up = cross.price is not None and cross.price >= cross.since[1]
    number = row - 1 if is_up and row else row + 1
    if number >= canvas.scale.rows:
        number = row - 1
    if number < 0:
        return
    column = geometry.place_of(cross.time) - len(text) // 2
    column = min(max(column, 0), canvas.plot_width - len(text))
    palette = canvas.inks.palette
    ink = mark_ink(palette.up if is_up else palette.down)
    canvas.rows[number].overlay(column, text, ink)


def measure(canvas: Canvas, geometry: Geometry, cross: Crosshair) -> str:
    """The span in words: bars, time, and the change of the price."""
    if cross.since is None or cross.price is None:
        return ""
    time, price = cross.since
    bars = geometry.slot_of(cross.time) - geometry.slot_of(time)
    parts = [f"{bars:+d} bars" if abs(bars) != 1 else f"{bars:+d} bar"]
    parts.append(span_text(cross.time - time))
    if isfinite(price) and isfinite(cross.price):
        change = cross.price - price
        parts.append(f"{change:+,.{canvas.decimals}f}")
        if price > 0.0:
            parts.append(f"{change / price * 100:+.2f}%")
    return "  ".join(parts)
