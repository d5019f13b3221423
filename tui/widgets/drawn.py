"""The user's drawings as the charts want them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.charts.layers import Box, Note, PriceLine, Reach, Stroke
from tui.market.drawings import fibonacci_levels
from tui.model.chart import Drawing, DrawingKind
from tui.model.text import clean

_LONGEST = 60


def shapes_of(
    drawings: Sequence[Drawing], *, write: Callable[[float], str], chosen: int | None = None
) -> tuple[list[Stroke | Box | Note], list[PriceLine]]:
    """What to draw, and which prices get a line across the whole chart.

    Args:
        write: how prices are written. chosen: number of the drawing that stands out.
    """
    shapes: list[Stroke | Box | Note] = []
    lines: list[PriceLine] = []
    for number, drawing in enumerate(drawings):
        is_chosen = number == chosen
        label, colour = clean(drawing.text, _LONGEST), drawing.colour
        start = drawing.points[0]
        end = drawing.points[-1]
        match drawing.kind:
            case DrawingKind.LEVEL:
                lines.append(PriceLine(start[1], label, colour))
                if is_chosen:
                    shapes.append(Stroke(start, start, Reach.BOTH, "", colour, chosen=True))
            case DrawingKind.NOTE:
                shapes.append(Note(start, label, colour, is_chosen))
            case DrawingKind.RECTANGLE:
                shapes.append(Box(start, end, label, colour, is_chosen))
            case DrawingKind.TREND:
                shapes.append(Stroke(start, end, Reach.NONE, label, colour, is_chosen))
            case DrawingKind.RAY:
                shapes.append(Stroke(start, end, Reach.RIGHT, label, colour, is_chosen))
            case DrawingKind.FIBONACCI:
                left, right = sorted((start[0], end[0]))
                shapes += [
                    Stroke(
                        (left, price),
                        (right, price),
                        Reach.RIGHT,
                        f"{share * 100:g}% {write(price)}",
                        colour,
                        is_chosen,
                    )
                    for share, price in fibonacci_levels(drawing)
                ]
    return shapes, lines
