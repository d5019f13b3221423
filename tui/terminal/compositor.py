"""The compositor of a screen: of a frame, it renders what may have changed, most urgent first.

This module, and those beside it that list `PRIVATE_NAMES`, are the only ones that use private names of
Textual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any, cast

from rich.console import RenderableType
from textual._compositor import Compositor, CompositorUpdate
from textual._context import visible_screen_stack
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from tui.terminal.canvas import DirtyLine
from tui.terminal.seats import Seats
from tui.terminal.urgency import Urgency

if TYPE_CHECKING:
    from tui.terminal.diffing_app import DiffingApp

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual._compositor.Compositor": (
        "_dirty_regions",
        "_regions_to_spans",
        "clear",
        "render_update",
        "size",
        "visible_widgets",
    ),
    "textual._compositor.CompositorUpdate": ("render_segments",),
    "textual.screen.Screen": ("_dirty_widgets", "check_idle"),
    "textual.widget.Widget": ("_exchange_repaint_regions", "_repaint_regions"),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""

_MOST_REGIONS = (
    256  # of a screen whose frames are held; beyond, the whole screen is taken for dirty
)


def mark_dirty(widget: Widget, *regions: Region) -> None:
    """Have parts of a widget painted with the next frame.

    As `Widget.refresh` does for a widget without border and padding, which keeps its lines itself, but
    without three messages for each widget of each frame.
    """
    widget._repaint_regions.update(regions)
    screen = widget.screen
    screen._dirty_widgets.add(widget)
    screen.check_idle()


class FrameUpdate(CompositorUpdate):
    """The rendered pieces of the lines that may have changed, to be compared with the terminal."""

    def __init__(
        self,
        compositor: DiffCompositor,
        regions: set[Region],
        lines: Sequence[DirtyLine],
        *,
        started: float,
        worked: float,
    ) -> None:
        self.compositor = compositor
        self.regions = regions
        self.lines = lines
        self.started = started
        self.worked = worked

    @property
    def is_full(self) -> bool:
        """Tell whether the update covers the whole screen."""
        return self.compositor.size.region in self.regions


class DiffCompositor(Compositor):
    """Textual's compositor, but its updates are compared with what the terminal shows."""

    def __init__(self, app: DiffingApp[Any]) -> None:
        super().__init__()
        self._app = app
        self._seats: Seats | None = None
        self._urgency = Urgency()
        self._waiting: set[Region] = set()  # dirty since before the last frame

    def clear(self) -> None:
        """Let go of the widgets: the screen closes."""
        super().clear()
        self._seats = None

    def render_update(
        self,
        full: bool = False,
        screen_stack: list[Screen[Any]] | None = None,
        simplify: bool = False,
    ) -> RenderableType | None:
        """Render what may have changed since the last frame; with `full`, all, for a screenshot."""
        if full:
            # Not for the terminal, so what is dirty there stays dirty.
            dirty = self._dirty_regions.copy()
            update = super().render_update(True, screen_stack, simplify)
            self._dirty_regions.update(dirty)
            return update
        started, worked = perf_counter(), thread_time()
        app = self._app
        if isinstance(self.root, Screen):
            # The screen forgets them when it has painted, also where it has not asked them yet. Those
            # that have no place yet are painted when they get one.
            self.update_widgets(self.root._dirty_widgets & self.visible_widgets.keys())
        # What comes while a key's effect is waited for is taken for that.
        if fresh := self._dirty_regions - self._waiting:
            self._urgency.note(fresh, is_for_key=app.awaits_key)
            app.key_is_seen = app.key_is_seen or app.awaits_key
        if app.holds_frames():
            app.terminal_meter.frames_held += 1
            if len(self._dirty_regions) > _MOST_REGIONS:
                self._dirty_regions = {self.size.region}
            self._waiting = self._dirty_regions.copy()
            return None
        visible_screen_stack.set([] if screen_stack is None else screen_stack)
        screen_region = self.size.region
        # Without a terminal nothing is ever painted, so nothing can be missing from it.
        repaint = not app.is_headless and app.canvas.prepare(self.size, app.color_system)
        if repaint or screen_region in self._dirty_regions:
            regions = {screen_region}
        else:
            regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if not regions:
            return None
        lines = self._lines(regions)
        if app.pacer.part_size is not None:
            focus = app.focused_region
            lines.sort(key=lambda line: self._urgency.rank(line.y, focus))
        frame = FrameUpdate(self, regions, lines, started=started, worked=worked)
        return cast(RenderableType, frame)  # nobody but our app's `_display` meets it

    def _lines(self, regions: set[Region]) -> list[DirtyLine]:
        spans_of: dict[int, list[tuple[int, int]]] = {}
        for y, x1, x2 in self._regions_to_spans(regions):
            spans_of.setdefault(y, []).append((x1, x2))
        placed = self.visible_widgets
        if self._seats is None or self._seats.placed is not placed:
            self._seats = Seats(placed, self.size)
        # What no widget covers is blanked rather than left as it was.
        return self._seats.lines(spans_of, blank_free=self.size.region in regions)

    def put_back(self, lines: Sequence[DirtyLine]) -> None:
        """Take lines of the last update for dirty again, since they could not be shown."""
        self._waiting = {Region(x1, y, x2 - x1, 1) for y, spans, _ in lines for x1, x2 in spans}
        self._dirty_regions.update(self._waiting)
        self._urgency.keep([y for y, _, _ in lines])
