"""A screen over the dashboard whose picture goes on with the market while it is open."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import BindingType
from textual.screen import ModalScreen

from tui.screens.dialog import SUSPEND


class LiveScreen(ModalScreen[None]):
    """The app calls `frame` with every frame while it is the screen on top."""

    BINDINGS: ClassVar[list[BindingType]] = [SUSPEND]

    @abstractmethod
    def frame(self, now: int) -> None:
        """Look at the world again, at `now` (ns)."""
