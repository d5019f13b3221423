"""Placing and moving one drawing: what it looks like while the pointer moves, and when it is done."""

from __future__ import annotations

from tui.market.drawings import Drawings, Handle, corner_count, moved
from tui.model.chart import Drawing, DrawingKind
from tui.model.instrument import Instrument


class DrawingEditor:
    """At work on one drawing of one instrument; the drawings change only when it is accepted.

    Attributes:
        done: it was accepted or given up, and does nothing any more.
    """

    def __init__(
        self,
        drawings: Drawings,
        instrument: Instrument,
        at: tuple[int, float],
        *,
        kind: DrawingKind | None = None,
        handle: Handle | None = None,
    ) -> None:
        """Begin at a point (time in ns, price) to place a drawing of a kind, or to move one.

        Raises:
            IndexError: there is no drawing of the handle's number.
        """
        self._drawings = drawings
        self.instrument = instrument
        self._at = at
        self._handle = handle
        self._before: Drawing | None = None
        self._points: tuple[tuple[int, float], ...] = ()
        self.done = False
        if handle is not None:
            self._before = drawings.of(instrument)[handle.number]
            self._grip = at
            kind = self._before.kind
        assert kind is not None
        self.kind = kind

    @property
    def number(self) -> int | None:
        """Of the drawing that is moved; None while one is placed."""
        return None if self._handle is None else self._handle.number

    @property
    def needs_text(self) -> bool:
        """True for a note that is placed: it is nothing without its text."""
        return self._before is None and self.kind is DrawingKind.NOTE

    @property
    def next_point(self) -> int:
        """Which point is placed next, from 1; 0 while a drawing is moved."""
        return len(self._points) + 1 if self._before is None else 0

    def steer(self, at: tuple[int, float]) -> None:
        """The pointer is at another point (time in ns, price)."""
        self._at = at

    def next_corner(self) -> None:
        """Move the next corner alone; after the last one the whole again."""
        if self._handle is None or self._before is None:
            return
        shown = self.drawing
        corner = self._handle.corner
        following = 0 if corner is None else corner + 1
        last = corner_count(self.kind)
        self._before = shown
        self._grip = self._at
        self._handle = Handle(self._handle.number, None if following >= last else following)

    @property
    def corner(self) -> int | None:
        """The corner that is moved alone; None for the whole."""
        return None if self._handle is None else self._handle.corner

    @property
    def drawing(self) -> Drawing:
        """What it would be if it were accepted now."""
        if self._before is not None and self._handle is not None:
            return moved(
                self._before,
                by_ns=self._at[0] - self._grip[0],
                by_price=self._at[1] - self._grip[1],
                corner=self._handle.corner,
            )
        points = (*self._points, self._at)
        missing = corner_count(self.kind) - len(points)
        return Drawing(self.kind, points + (self._at,) * missing)

    def accept(self, text: str = "") -> bool:
        """Take the point; True when the drawing is finished by it."""
        if self.done:
            return True
        if self._handle is not None:
            self._drawings.replace(self.instrument, self._handle.number, self.drawing)
            self.done = True
            return True
        self._points = (*self._points, self._at)
        if len(self._points) < corner_count(self.kind):
            return False
        self._drawings.add(self.instrument, Drawing(self.kind, self._points, text))
        self.done = True
        return True

    def cancel(self) -> None:
        """Give it up: everything stays as it was."""
        self.done = True
