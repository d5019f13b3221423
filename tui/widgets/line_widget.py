"""The base of our live widgets: rows are laid out once a change, and only rows that differ are drawn.

A row that has not changed keeps its Strip object, which the compositor skips by identity.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.compositor import mark_dirty
from tui.terminal.drawing import runs_of
from tui.widgets.look import Look, look_of

Part: TypeAlias = tuple[str, Style]
Row: TypeAlias = "tuple[Part, ...] | Strip"


class LineWidget(Widget):
    """A widget made of rows.

    Subclasses say in `fingerprint` what their picture depends on, and lay it out in `rows`. The frame
    clock calls `sync`; nothing is drawn while the fingerprint stays the same.

    All text given to a row must have been cleaned (`tui.model.text.clean`) where it comes from outside.
    """

    DEFAULT_CSS = "LineWidget { width: 1fr; height: 1fr; }"
    ALLOW_SELECT = False

    is_paused = False
    """True while the view stands still: a title that claims something must say so."""
    repaints = 0
    """How often rows of it were painted anew."""

    revision: reactive[Hashable] = reactive(None, init=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._strips: list[Strip] = []

    def fingerprint(self, now: int) -> Hashable:
        """What the picture at `now` (ns) depends on, beside size and theme."""
        raise NotImplementedError

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        """The picture: at most `height` rows; short ones are padded, long ones cut."""
        raise NotImplementedError

    def sync(self, now: int) -> None:
        """Look at the world again; called by the frame clock for widgets that are shown."""
        self._now = now
        self.revision = self.fingerprint(now)

    @property
    def now(self) -> int:
        """The moment (ns) of the frame that is being drawn."""
        return getattr(self, "_now", 0)

    def pause(self, paused: bool) -> None:
        """The view is to stand still from now on, or to go on."""
        if paused != self.is_paused:
            self.is_paused = paused
            self.draw()

    def watch_revision(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self._rows = []
        self.draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._rows = []
        if self.is_attached and self.size.area:
            self.draw()

    def draw(self) -> None:
        """Lay the rows out and refresh those that differ."""
        width, height = self.size
        if not width or not height:
            return
        look = look_of(self.app)
        rows = list(self.rows(width, height, look))[:height]
        rows += [((" ", look.base),)] * (height - len(rows))
        held, strips = self._rows, self._strips
        whole = len(held) != height
        if whole:
            strips = [Strip.blank(width)] * height
        changed: list[int] = []
        for y, row in enumerate(rows):
            if not whole and (row is held[y] or (isinstance(row, tuple) and row == held[y])):
                continue
            strips[y] = row if isinstance(row, Strip) else _strip(row, width, look.base)
            changed.append(y)
        self._rows, self._strips = rows, strips
        self.repaints += bool(whole or changed)
        if whole:
            self.refresh()
        elif changed:
            regions = [Region(0, first, width, end - first) for first, end in runs_of(changed)]
            if self.is_mounted and not self.app.no_color:
                mark_dirty(self, *regions)
            else:
                self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Our rows are finished: no border, no padding, true colours. What Textual would make of them
        # costs most of a frame, and would be new objects each time.
        if self.app.no_color:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width == self.size.width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, look_of(self.app).base)


def _strip(parts: tuple[Part, ...], width: int, base: Style) -> Strip:
    length = sum([len(text) if text.isascii() else cell_len(text) for text, _ in parts])
    segments = [Segment(text, style) for text, style in parts]
    if length < width:
        segments.append(Segment(" " * (width - length), parts[-1][1] if parts else base))
    strip = Strip(segments, max(length, width))
    return strip if length <= width else strip.adjust_cell_length(width)


def spread(
    left: Sequence[Part], right: Sequence[Part], width: int, fill: Style
) -> tuple[Part, ...]:
    """Parts at the left edge and parts at the right edge, with `fill` between.

    Where there is not room for all, the last parts on the left go first.
    """
    need = sum(cell_len(text) for text, _ in right)
    kept: list[Part] = []
    room = width - need
    for text, style in left:
        length = cell_len(text)
        if length > room:
            break
        kept.append((text, style))
        room -= length
    return (*kept, (" " * max(0, room), fill), *right)
