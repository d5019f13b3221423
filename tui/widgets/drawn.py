"""The user's drawings as the charts want them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from tui.charts.layers import Box, Layers, Note, PriceLine, Reach, Stroke
from tui.market.drawing_editor import DrawingEditor
from tui.market.drawings import Drawings, Handle, fibonacci_levels
from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.chart_layers import LayerSource, Sight

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


class DrawingLayers(LayerSource):
    """Draws an instrument's drawings on all its charts, the one at work as it would become.

    Attributes:
        editor: at work on one of them; None while nothing is placed or moved.
        pointed: the instrument and the drawing that the user points at, which stands out.
    """

    def __init__(self, drawings: Drawings) -> None:
        self._drawings = drawings
        self.editor: DrawingEditor | None = None
        self.pointed: tuple[Instrument, Handle] | None = None

    def revision(self, sight: Sight) -> Hashable:
        editor = self.editor
        at_work = editor is not None and editor.instrument == sight.instrument
        return (
            self._drawings.revision,
            editor.drawing if editor is not None and at_work else None,
            self._chosen(sight.instrument),
        )

    def layers(self, sight: Sight) -> Layers:
        drawings = list(self._drawings.of(sight.instrument))
        chosen = self._chosen(sight.instrument)
        editor = self.editor
        if editor is not None and editor.instrument == sight.instrument:
            if editor.number is None:
                chosen = len(drawings)
                drawings.append(editor.drawing)
            else:
                chosen = editor.number
                drawings[chosen] = editor.drawing
        if not drawings:
            return Layers()
        shapes, lines = shapes_of(
            drawings, write=lambda price: fmt.price(price, sight.decimals), chosen=chosen
        )
        return Layers(drawings=shapes, price_lines=lines)

    def _chosen(self, instrument: Instrument) -> int | None:
        pointed = self.pointed
        return pointed[1].number if pointed is not None and pointed[0] == instrument else None
