"""Apps whose output goes into a terminal emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from emulator import Cell, Emulator
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.strip import Strip

from tui.terminal.palette import one_of_sixteen


def repaint(
    strips: Iterable[Strip], width: int, height: int, color_system: Any = "truecolor"
) -> list[list[Cell]]:
    """Return the cells of a terminal on which Textual itself has drawn these lines from scratch."""
    console = Console(force_terminal=True, color_system=color_system, _environ={})
    emulator = Emulator(width, height)
    for y, strip in enumerate(strips):
        emulator.feed(f"\x1b[{y + 1}H" + _fresh(strip, color_system).render(console))
    return emulator.cells()


def _fresh(strip: Strip, color_system: Any) -> Strip:
    """Return an equal strip that remembers no codes, which may be those of another colour system."""
    is_of_sixteen = color_system == "standard"
    segments = []
    for text, style, control in strip:
        if style is not None:
            style = style.copy()
            if is_of_sixteen:  # as Textual draws them, but with our choice of the colour
                style += Style(
                    color=style.color and one_of_sixteen(style.color),
                    bgcolor=style.bgcolor and one_of_sixteen(style.bgcolor),
                )
            style._ansi = None
        segments.append(Segment(text, style, control))
    return Strip(segments, strip.cell_length)


def shown_by(app: App[Any]) -> list[list[Cell]]:
    """Return the cells of a terminal on which Textual itself has drawn the app's screen."""
    compositor = app.screen._compositor
    screenshot = compositor.render_update(full=True, screen_stack=app._background_screens)
    lines = [Strip.join(strips) for strips in screenshot.strips]
    return repaint(lines, *app.size, app.console.color_system)


class EmulatedDriver(HeadlessDriver):
    """A driver without a terminal that keeps what it was given."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.writes: list[str] = []
        self.listener: Callable[[str], None] | None = None

    @property
    def is_headless(self) -> bool:
        return False

    @property
    def can_suspend(self) -> bool:
        return True

    def write(self, data: str) -> None:
        self.writes.append(data)
        if self.listener is not None:
            self.listener(data)


class Emulated:
    """Mix into an app, first: it draws on an emulator even under a pilot."""

    emulator: Emulator
    driver: EmulatedDriver

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: Any) -> Driver:
        size = size or (80, 24)
        self.emulator = Emulator(*size)
        self.driver = EmulatedDriver(self, mouse=mouse, size=size)
        self.driver.listener = self.emulator.feed
        self._driver = self.driver
        return self.driver


@pytest.fixture(autouse=True)
def _true_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual reads its environment once, when the first test plug-in imports it."""
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")


@pytest.fixture
def emulated() -> type[Emulated]:
    return Emulated


@pytest.fixture
def emulator() -> type[Emulator]:
    return Emulator


@pytest.fixture(name="repaint")
def _repaint() -> Callable[..., list[list[Cell]]]:
    return repaint


@pytest.fixture(name="shown_by")
def _shown_by() -> Callable[[App[Any]], list[list[Cell]]]:
    return shown_by
