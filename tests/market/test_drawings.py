"""Drawings are kept by instrument, found where they lie, and moved as a whole or by a corner."""

from __future__ import annotations

import math

import pytest

from tui.market.drawings import Drawings, Handle, fibonacci_levels, line_price, moved
from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument

BTC, ETH = Instrument("BINANCE", "BTCUSDT"), Instrument("BINANCE", "ETHUSDT")
LEVEL = Drawing(DrawingKind.LEVEL, ((100, 50.0),))
TREND = Drawing(DrawingKind.TREND, ((100, 10.0), (200, 20.0)))
RAY = Drawing(DrawingKind.RAY, ((100, 10.0), (200, 20.0)))
BOX = Drawing(DrawingKind.RECTANGLE, ((100, 40.0), (200, 10.0)))
FIBONACCI = Drawing(DrawingKind.FIBONACCI, ((100, 0.0), (200, 100.0)))
NOTE = Drawing(DrawingKind.NOTE, ((100, 50.0),), text="here")
CELL = (10, 1.0)


def drawn(*drawings: Drawing) -> Drawings:
    held = Drawings()
    for drawing in drawings:
        held.add(BTC, drawing)
    return held


def test_what_is_drawn_belongs_to_its_instrument() -> None:
    held = drawn(LEVEL, TREND)

    assert held.of(BTC) == (LEVEL, TREND)
    assert held.of(ETH) == ()
    assert held.all() == {BTC: (LEVEL, TREND)}


def test_every_change_is_counted() -> None:
    held = drawn(LEVEL)
    revision = held.revision

    held.replace(BTC, 0, TREND)
    assert held.remove(BTC, 0) == TREND

    assert held.revision == revision + 2
    assert held.all() == {}


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing(DrawingKind.TREND, ((1, 2.0),)),
        Drawing(DrawingKind.LEVEL, ((1, 2.0), (2, 3.0))),
        Drawing(DrawingKind.LEVEL, ((1, math.nan),)),
    ],
)
def test_what_cannot_be_drawn_is_refused(drawing: Drawing) -> None:
    with pytest.raises(ValueError, match=r"cannot have the points"):
        drawn(drawing)
    assert Drawings({BTC: (drawing, LEVEL)}).of(BTC) == (LEVEL,)


@pytest.mark.parametrize(
    ("drawing", "time", "price"),
    [
        (LEVEL, 0, 50.0),
        (LEVEL, 10**18, 50.0),
        (TREND, 150, 15.0),
        (TREND, 99, None),
        (TREND, 201, None),
        (RAY, 99, None),
        (RAY, 300, 30.0),
        (Drawing(DrawingKind.RAY, ((200, 20.0), (100, 10.0))), 0, 0.0),
        (Drawing(DrawingKind.RAY, ((200, 20.0), (100, 10.0))), 201, None),
        (Drawing(DrawingKind.TREND, ((100, 10.0), (100, 20.0))), 100, 10.0),
        (BOX, 150, None),
        (NOTE, 100, None),
    ],
)
def test_a_line_has_a_price_where_it_reaches(
    drawing: Drawing, time: int, price: float | None
) -> None:
    assert line_price(drawing, time) == price


def test_a_retracement_counts_from_its_end() -> None:
    levels = fibonacci_levels(FIBONACCI)

    assert [share for share, _ in levels] == [0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0]
    assert [price for _, price in levels] == pytest.approx([100, 76.4, 61.8, 50, 38.2, 21.4, 0])


def test_a_drawing_is_moved_as_a_whole_or_by_a_corner() -> None:
    assert moved(TREND, by_ns=5, by_price=1.0).points == ((105, 11.0), (205, 21.0))
    assert moved(TREND, by_ns=5, by_price=1.0, corner=1).points == ((100, 10.0), (205, 21.0))


@pytest.mark.parametrize(
    ("drawing", "at", "corner"),
    [
        (LEVEL, (12345, 50.9), None),
        (TREND, (150, 15.5), None),
        (TREND, (101, 10.2), 0),
        (TREND, (195, 20.5), 1),
        (RAY, (400, 40.0), None),
        (BOX, (150, 39.5), None),
        (BOX, (105, 25.0), None),
        (BOX, (200, 10.0), 1),
        (FIBONACCI, (150, 61.5), None),
        (FIBONACCI, (900, 50.0), None),
        (NOTE, (95, 50.0), 0),
        # Between two candles a steep line passes many prices.
        (Drawing(DrawingKind.TREND, ((100, 0.0), (110, 900.0))), (105, 700.0), None),
    ],
)
def test_a_drawing_is_found_where_it_lies(
    drawing: Drawing, at: tuple[int, float], corner: int | None
) -> None:
    assert drawn(drawing).nearest(BTC, at, CELL) == Handle(0, corner)


@pytest.mark.parametrize(
    ("drawing", "at"),
    [
        (LEVEL, (0, 51.5)),
        (TREND, (250, 25.0)),
        (RAY, (50, 5.0)),
        (BOX, (150, 25.0)),
        (BOX, (250, 40.0)),
        (FIBONACCI, (50, 50.0)),
        (FIBONACCI, (150, 90.0)),
        (NOTE, (150, 50.0)),
    ],
)
def test_beside_a_drawing_nothing_is_found(drawing: Drawing, at: tuple[int, float]) -> None:
    assert drawn(drawing).nearest(BTC, at, CELL) is None
    assert drawn(drawing).nearest(ETH, drawing.points[0], CELL) is None


def test_of_drawings_at_one_point_the_newest_is_found_and_corners_go_before_lines() -> None:
    other = Drawing(DrawingKind.LEVEL, ((0, 50.0),))

    assert drawn(LEVEL, other).nearest(BTC, (7, 50.0), CELL) == Handle(1, None)
    assert drawn(NOTE, other).nearest(BTC, (100, 50.0), CELL) == Handle(0, 0)
