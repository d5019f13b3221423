"""A chart that the mouse steers: wheel, drag, click, and pointing at a candle."""

from __future__ import annotations

import msgspec
from textual import events

from tui.market.market import Market
from tui.widgets.steered_chart import SteeredChart

_WHEEL_BARS = 3


class MouseChart(SteeredChart):
    """The wheel zooms, with shift and sideways it pans; dragging pans, with shift it measures; a click
    points at a candle, another one ends that. While the chart points, it points where the mouse is."""

    def __init__(self, market: Market, *, id: str | None = None) -> None:
        super().__init__(market, id=id)
        self._drag: _Drag | None = None
        self._was_dragged = False

    def was_clicked(self, column: int, row: int) -> None:
        """What a click does that did not end a drag: point there, or end that."""
        if self.points:
            self.stop_pointing()
        else:
            self.point_at(column, row)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._pan_by(event, -_WHEEL_BARS)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._pan_by(event, _WHEEL_BARS)

    def _wheel(self, event: events.MouseEvent, steps: int) -> None:
        if event.shift:
            self._pan_by(event, -steps * _WHEEL_BARS)
            return
        event.stop()
        event.prevent_default()
        self.zoom(steps, event.x, may_leave_now=event.ctrl)

    def _pan_by(self, event: events.MouseEvent, bars: int) -> None:
        event.stop()
        event.prevent_default()
        self.pan(bars)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._was_dragged = False
        if event.button == 1 and event.y >= self._top and self.instrument is not None:
            self._drag = _Drag(event.x, event.y)
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._drag is not None:
            self._was_dragged = self._drag.is_used
            self._drag = None
            self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        drag = self._drag
        if drag is not None and not event.button:
            # It was let go where no terminal could tell.
            self._drag = drag = None
            self.release_mouse()
        if drag is None:
            if self.points:
                self.point_at(event.x, event.y)
        elif drag.measures or (event.shift and not drag.is_used):
            if not drag.measures and self.point_at(drag.x, drag.y):
                drag.is_used = drag.measures = True
                self.start_measuring()
            self.point_at(event.x, event.y)
        else:
            bars = (drag.x - event.x) // self.view.columns
            if bars != drag.bars:
                drag.is_used = True
                self.pan(bars - drag.bars)
                drag.bars = bars

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if not self._was_dragged:
            self.was_clicked(event.x, event.y)


class _Drag(msgspec.Struct):
    """The mouse is held since a cell: for a click still, or for moving, or for measuring.

    Attributes:
        bars: that the view was moved by so far.
    """

    x: int
    y: int
    bars: int = 0
    measures: bool = False
    is_used: bool = False
