"""The grid of candle panels: as many of the wanted ones as have room."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from tui.widgets.candle_panel import CandlePanel

GRIDS = (1, 2, 4, 6, 9)
MIN_WIDTH, MIN_HEIGHT = 38, 12
"""The smallest panel that still tells something, in cells."""


def shape(count: int, size: Size) -> tuple[int, int]:
    """Columns and rows for at most `count` panels in a space; at least one by one.

    Of the layouts that fit, the one with the most panels; of equals, the one whose panels are
    nearest to half as wide again as high (a cell is twice as high as wide).
    """
    best = (1, 1)
    best_score = (0, 0.0)
    for columns in (1, 2, 3):
        for rows in (1, 2, 3):
            if columns * rows > count or columns * rows not in GRIDS:
                continue
            width, height = size.width // columns, size.height // rows
            if columns * rows > 1 and (width < MIN_WIDTH or height < MIN_HEIGHT):
                continue
            looks = width / (height * 2) / 1.5 if height else 1.0
            score = (columns * rows, -max(looks, 1 / looks) if looks else 0.0)
            if score > best_score or best_score == (0, 0.0):
                best, best_score = (columns, rows), score
    return best


class PanelGrid(Container):
    """Nine panels, made once; those in use are shown in a grid."""

    DEFAULT_CSS = """
    PanelGrid { layout: grid; grid-gutter: 0 1; width: 1fr; height: 1fr; }
    """

    count: reactive[int] = reactive(1, init=False)
    """Panels that the user wants: 1, 2, 4, 6 or 9."""
    alone: reactive[bool] = reactive(False, init=False)
    """True while only the chosen panel is shown, over the whole space."""
    chosen: reactive[int] = reactive(0, init=False)
    """Index of the panel that drives ladder and tape."""

    class Arranged(Message):
        """Other panels are shown than before."""

    def __init__(self, panels: Sequence[CandlePanel], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.panels = list(panels)

    def compose(self) -> ComposeResult:
        yield from self.panels

    @property
    def visible_panels(self) -> list[CandlePanel]:
        return [panel for panel in self.panels if panel.display]

    @property
    def chosen_panel(self) -> CandlePanel:
        return self.panels[self.chosen]

    def on_mount(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def watch_count(self) -> None:
        self._arrange()

    def watch_alone(self) -> None:
        self._arrange()

    def watch_chosen(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        columns, rows = shape(1 if self.alone else self.count, self.size)
        room = columns * rows
        # Where not all wanted panels fit, the page that holds the chosen one is shown.
        first = self.chosen // room * room
        first = min(first, max(0, self.count - room))
        before = self.visible_panels
        for index, panel in enumerate(self.panels):
            panel.display = first <= index < first + room
            panel.is_chosen = index == self.chosen
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = rows
        if self.visible_panels != before:
            self.post_message(self.Arranged())
