"""What the user drew on the charts of each instrument, and where on it a point lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument

FIBONACCI = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)
"""The levels of a retracement, from the second point (0) back to the first (1)."""

LINES: Final = (DrawingKind.LEVEL, DrawingKind.TREND, DrawingKind.RAY)
"""What the price can touch."""

_CORNERS = {DrawingKind.LEVEL: 1, DrawingKind.NOTE: 1}


def corner_count(kind: DrawingKind) -> int:
    """How many points a drawing of this kind has."""
    return _CORNERS.get(kind, 2)


def line_price(drawing: Drawing, time: int) -> float | None:
    """The price of a level, a trend line or a ray at a time (ns); None where it does not reach.

    Between its points a line is straight in price, whatever scale the chart has.
    """
    if drawing.kind is DrawingKind.LEVEL:
        return drawing.points[0][1]
    if drawing.kind not in LINES:
        return None
    return _between(drawing, time)


def _between(drawing: Drawing, time: int) -> float | None:
    (start, first), (end, second) = drawing.points
    if drawing.kind is DrawingKind.RAY:
        if (time < start) if start <= end else (time > start):
            return None
    elif not min(start, end) <= time <= max(start, end):
        return None
    if start == end:
        return first if time == start else None
    return first + (second - first) * ((time - start) / (end - start))


def fibonacci_levels(drawing: Drawing) -> list[tuple[float, float]]:
    """Share and price of each level of a retracement."""
    (_, first), (_, second) = drawing.points
    return [(share, second + (first - second) * share) for share in FIBONACCI]


def moved(drawing: Drawing, *, by_ns: int, by_price: float, corner: int | None = None) -> Drawing:
    """The drawing, or one corner of it, somewhere else."""
    points = tuple(
        (time + by_ns, price + by_price) if corner in (None, number) else (time, price)
        for number, (time, price) in enumerate(drawing.points)
    )
    return msgspec.structs.replace(drawing, points=points)


class Handle(msgspec.Struct, frozen=True):
    """What the user points at: a drawing by its number, and its corner, or None for the whole."""

    number: int
    corner: int | None


class Drawings:
    """The drawings of every instrument, in the order they were made.

    `revision` changes with every change.
    """

    def __init__(self, held: Mapping[Instrument, tuple[Drawing, ...]] | None = None) -> None:
        self._held = {
            instrument: tuple(drawing for drawing in drawings if _is_sound(drawing))
            for instrument, drawings in (held or {}).items()
        }
        self.revision = 0

    def of(self, instrument: Instrument) -> tuple[Drawing, ...]:
        """What is drawn on an instrument's charts."""
        return self._held.get(instrument, ())

    def all(self) -> dict[Instrument, tuple[Drawing, ...]]:
        """Everything that is drawn anywhere."""
        return {instrument: drawings for instrument, drawings in self._held.items() if drawings}

    def add(self, instrument: Instrument, drawing: Drawing) -> int:
        """Add a drawing.

        Returns:
            Its number.

        Raises:
            ValueError: it has not the points that its kind needs, or they are no numbers.
        """
        if not _is_sound(drawing):
            raise ValueError(f"a {drawing.kind} cannot have the points {drawing.points}")
        drawings = self.of(instrument)
        self._set(instrument, (*drawings, drawing))
        return len(drawings)

    def replace(self, instrument: Instrument, number: int, drawing: Drawing) -> None:
        """Put a drawing in the place of another.

        Raises:
            IndexError: there is none of that number.
            ValueError: as `add`.
        """
        drawings = list(self.of(instrument))
        if not _is_sound(drawing):
            raise ValueError(f"a {drawing.kind} cannot have the points {drawing.points}")
        drawings[number] = drawing
        self._set(instrument, tuple(drawings))

    def remove(self, instrument: Instrument, number: int) -> Drawing:
        """Take a drawing away, and return it.

        Raises:
            IndexError: there is none of that number.
        """
        drawings = list(self.of(instrument))
        gone = drawings.pop(number)
        self._set(instrument, tuple(drawings))
        return gone

    def nearest(
        self, instrument: Instrument, at: tuple[int, float], reach: tuple[int, float]
    ) -> Handle | None:
        """The drawing at a point (time in ns, price), corners before lines, the newest first.

        Args:
            reach: how far (ns, price) from it still counts: about a cell.
        """
        best: tuple[float, int, Handle] | None = None
        for number, drawing in enumerate(self.of(instrument)):
            for distance, corner in _distances(drawing, at, reach):
                # Corners lie on their lines: what can be moved alone is meant.
                rank = (distance + (corner is None) * 0.5, -number, Handle(number, corner))
                if distance <= 1.0 and (best is None or rank[:2] < best[:2]):
                    best = rank
        return best[2] if best else None

    def _set(self, instrument: Instrument, drawings: tuple[Drawing, ...]) -> None:
        self._held[instrument] = drawings
        self.revision += 1


def _is_sound(drawing: Drawing) -> bool:
    points = drawing.points
    return len(points) == corner_count(drawing.kind) and all(
        math.isfinite(price) for _, price in points
    )


def _distances(
    drawing: Drawing, at: tuple[int, float], reach: tuple[int, float]
) -> list[tuple[float, int | None]]:
    """How far a point is from the corners and the lines of a drawing, in reaches."""
    time, price = at
    wide, high = max(reach[0], 1), max(reach[1], 1e-300)
    found: list[tuple[float, int | None]] = []
    if drawing.kind is not DrawingKind.LEVEL:
        found += [
            (max(abs(time - corner[0]) / wide, abs(price - corner[1]) / high), number)
            for number, corner in enumerate(drawing.points)
        ]
    on_line = line_price(drawing, time)
    if on_line is not None:
        found.append((abs(price - on_line) / high, None))
    if drawing.kind in (DrawingKind.TREND, DrawingKind.RAY):
        # A steep line passes many prices between two candles.
        passed = [
            end for each in (time - wide, time, time + wide) for end in _clipped(drawing, each)
        ]
        if _is_beside(drawing, time, wide) and min(passed) <= price <= max(passed):
            found.append((0.75, None))
    if drawing.kind is DrawingKind.RECTANGLE:
        found += _box_distances(drawing, at, wide, high)
    if drawing.kind is DrawingKind.FIBONACCI and time >= min(drawing.points)[0] - wide:
        found += [(abs(price - level) / high, None) for _, level in fibonacci_levels(drawing)]
    return found


def _clipped(drawing: Drawing, time: int) -> list[float]:
    """The price of a line at a time, or at its end where it does not reach as far."""
    (start, first), (end, second) = drawing.points
    price = line_price(drawing, time)
    if price is not None:
        return [price]
    if start == end:
        return [first, second]
    return [first if abs(time - start) < abs(time - end) else second]


def _is_beside(drawing: Drawing, time: int, wide: int) -> bool:
    return any(line_price(drawing, each) is not None for each in (time - wide, time, time + wide))


def _box_distances(
    drawing: Drawing, at: tuple[int, float], wide: int, high: float
) -> list[tuple[float, int | None]]:
    (start, first), (end, second) = drawing.points
    left, right = sorted((start, end))
    bottom, top = sorted((first, second))
    time, price = at
    found: list[tuple[float, int | None]] = []
    if left - wide <= time <= right + wide:
        found += [(abs(price - edge) / high, None) for edge in (bottom, top)]
    if bottom - high <= price <= top + high:
        found += [(abs(time - edge) / wide, None) for edge in (left, right)]
    return found
