"""Which lines of a frame come first where the link carries only a part of it at a time."""

from __future__ import annotations

from collections.abc import Iterable

from textual.geometry import Region


class Urgency:
    """Remembers what waits, and since when.

    What a key did comes first, the last key before those before it; then what has waited longest. Of
    either, that where the user is at comes before the rest.
    """

    def __init__(self) -> None:
        self._frame = 0
        self._places: dict[int, int] = {}  # line -> its place: of keys below 0, of the rest above

    def note(self, regions: Iterable[Region], *, is_for_key: bool) -> None:
        """These have changed since the last frame: because of a key, or for another reason."""
        self._frame += 1
        place = -self._frame if is_for_key else self._frame
        for region in regions:
            for y in region.line_range:
                self._places[y] = min(self._places.get(y, place), place)

    def rank(self, y: int, focus: Region | None) -> tuple[int, int, int]:
        """What a line is sorted by; `focus` is the region that the user is at."""
        place = self._places.get(y, self._frame)
        is_there = focus is not None and y in focus.line_range
        return (0 if place < 0 else 2) + (not is_there), place, y

    def keep(self, lines: Iterable[int]) -> None:
        """Only these lines wait on: the rest was shown."""
        self._places = {y: self._places[y] for y in lines if y in self._places}
