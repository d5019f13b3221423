"""A drawing is placed point by point, moved as a whole or by a corner, and only then kept."""

from __future__ import annotations

import pytest

from tui.market.drawing_editor import DrawingEditor
from tui.market.drawings import Drawings, Handle
from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument

BTC = Instrument("BINANCE", "BTCUSDT")
TREND = Drawing(DrawingKind.TREND, ((100, 10.0), (200, 20.0)), text="up")


def test_a_level_is_placed_by_one_point() -> None:
    drawings = Drawings()
    editor = DrawingEditor(drawings, BTC, (1, 2.0), kind=DrawingKind.LEVEL)

    editor.steer((5, 6.0))
    assert editor.drawing == Drawing(DrawingKind.LEVEL, ((5, 6.0),))
    assert drawings.of(BTC) == ()

    assert editor.accept()
    assert drawings.of(BTC) == (Drawing(DrawingKind.LEVEL, ((5, 6.0),)),)


@pytest.mark.parametrize(
    "kind",
    [DrawingKind.TREND, DrawingKind.RAY, DrawingKind.RECTANGLE, DrawingKind.FIBONACCI],
)
def test_others_take_two_points_and_follow_the_pointer_between(kind: DrawingKind) -> None:
    drawings = Drawings()
    editor = DrawingEditor(drawings, BTC, (1, 2.0), kind=kind)
    assert editor.next_point == 1
    assert editor.drawing.points == ((1, 2.0), (1, 2.0))

    assert not editor.accept()
    assert editor.next_point == 2
    editor.steer((9, 8.0))
    assert editor.drawing.points == ((1, 2.0), (9, 8.0))
    assert drawings.of(BTC) == ()

    assert editor.accept()
    assert drawings.of(BTC) == (Drawing(kind, ((1, 2.0), (9, 8.0))),)


def test_a_note_is_kept_with_its_text() -> None:
    drawings = Drawings()
    editor = DrawingEditor(drawings, BTC, (1, 2.0), kind=DrawingKind.NOTE)
    assert editor.needs_text

    editor.accept("bought")

    assert drawings.of(BTC) == (Drawing(DrawingKind.NOTE, ((1, 2.0),), "bought"),)


def test_given_up_everything_is_as_it_was() -> None:
    drawings = Drawings({BTC: (TREND,)})
    editor = DrawingEditor(drawings, BTC, (1, 2.0), handle=Handle(0, None))

    editor.steer((50, 5.0))
    editor.cancel()

    assert editor.done
    assert editor.accept()
    assert drawings.of(BTC) == (TREND,)


def test_a_drawing_is_moved_by_as_much_as_the_pointer() -> None:
    drawings = Drawings({BTC: (TREND,)})
    editor = DrawingEditor(drawings, BTC, (150, 15.0), handle=Handle(0, None))
    assert editor.drawing == TREND

    editor.steer((160, 14.0))
    editor.accept()

    assert drawings.of(BTC) == (Drawing(DrawingKind.TREND, ((110, 9.0), (210, 19.0)), "up"),)


def test_a_corner_is_moved_alone_and_each_in_turn() -> None:
    drawings = Drawings({BTC: (TREND,)})
    editor = DrawingEditor(drawings, BTC, (0, 0.0), handle=Handle(0, None))

    editor.next_corner()
    editor.steer((10, 1.0))
    assert editor.drawing.points == ((110, 11.0), (200, 20.0))
    editor.next_corner()
    editor.steer((11, 0.0))
    assert editor.drawing.points == ((110, 11.0), (201, 19.0))
    editor.next_corner()
    assert editor.corner is None
    editor.steer((12, 0.0))
    assert editor.drawing.points == ((111, 11.0), (202, 19.0))
