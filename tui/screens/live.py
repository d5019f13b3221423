"""A screen over the dashboard whose picture goes on with the market while it is open."""

from __future__ import annotations

from abc import abstractmethod

from textual.screen import ModalScreen


class LiveScreen(ModalScreen[None]):
    """The app calls `frame` with every frame while it is the screen on top."""

    @abstractmethod
    def frame(self, now: int) -> None:
        """Look at the world again, at `now` (ns)."""
