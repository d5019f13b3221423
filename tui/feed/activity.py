"""Whether somebody looks at the screen: what is polled is polled as often as it is worth."""

from __future__ import annotations

from tui.feed.clock import Clock


class Activity:
    """When the user last did something."""

    def __init__(self, clock: Clock) -> None:
        """Begin as if a key had just been pressed."""
        self._clock = clock
        self._last = clock.monotonic()

    def touch(self) -> None:
        """A key was pressed, or the mouse used."""
        self._last = self._clock.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the user last did something."""
        return self._clock.monotonic() - self._last
