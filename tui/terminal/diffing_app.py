"""An app whose screens send the terminal only the cells that differ from what it shows.

`PRIVATE_NAMES` lists what this module uses of Textual beside its public interface.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic, perf_counter, thread_time
from typing import Any, Protocol, TypeVar, runtime_checkable

from rich.console import RenderableType
from textual import constants, events
from textual._compositor import Compositor, LayoutUpdate
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.terminal.canvas import Canvas
from tui.terminal.compositor import DiffCompositor, FrameUpdate
from tui.terminal.drawing import Traits
from tui.terminal.meter import TerminalMeter
from tui.terminal.pacing import Pacer

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual._compositor.LayoutUpdate": ("strips",),
    "textual.app.App": (
        "_background_screens",
        "_batch_count",
        "_build_driver",
        "_closed",
        "_display",
        "_driver",
        "_handle_exception",
        "_register",
        "_running",
        "_sync_available",
        "post_display_hook",
    ),
    "textual.screen.Screen": ("_compositor", "_compositor_refresh", "_screen_resized"),
    "textual.driver.Driver": ("flush", "is_headless", "is_inline", "write"),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""

_SYNC_START = "\x1b[?2026h"
_SYNC_END = "\x1b[?2026l"
_SMALL_FRAME = 1024  # bytes that come in one piece through a line or SSH, and so are shown at once
_KEY_WAIT_S = 0.3  # that the effect of a key may take to come, before anything else is painted

ReturnType = TypeVar("ReturnType")


@runtime_checkable
class PacedDriver(Protocol):
    """A driver that knows whether the terminal keeps up."""

    on_drained: Callable[[], None] | None
    on_damaged: Callable[[], None] | None
    on_answered: Callable[[], None] | None
    passes_line_feeds: bool

    @property
    def backlog(self) -> int:
        """Bytes that the terminal has not taken yet."""
        ...

    def ask(self) -> str:
        """Return the codes of a question that `on_answered` tells the answer of."""
        ...

    @property
    def is_ready(self) -> bool:
        """Tell whether the terminal has taken everything, and is ours to write to."""
        ...


class DiffingApp(App[ReturnType]):
    """An app all of whose screens, modal and built-in ones too, share one front buffer.

    Attributes:
        canvas: what the terminal shows.
        terminal_meter: frames, bytes and frame times.
        pacer: how often to paint.
        can_erase: the terminal erases with the background of the moment.
        colour_depth: "truecolor", "256", "16" or "none"; None for what Textual finds.
        key_is_seen: something has changed since the last key was pressed.
        synchronised: "on", "off", or "auto" for marking frames where the terminal knows the marks.
    """

    can_erase = False
    synchronised = "auto"
    colour_depth: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.canvas = Canvas(self.console.color_system)
        self.terminal_meter = TerminalMeter()
        self.pacer = Pacer()
        self._reported_size: Size | None = None
        self._paced_driver: PacedDriver | None = None
        self._has_held_frame = False
        self._waits_for_answer = False
        self._key_at: float | None = None  # of the last key of which nothing was painted yet
        self.key_is_seen = False

    @property
    def terminal_backlog(self) -> int:
        """Bytes written that the terminal has not taken, or not come to as far as it tells."""
        paced = self._paced_driver
        return max(self.pacer.unseen, 0 if paced is None else paced.backlog)

    @property
    def color_system(self) -> str | None:
        """What the palette is to draw with: fewer colours where the link is slow.

        A link that turns out to be slow is not given everything again in other colours; they change
        when the screen is painted in full for another reason.
        """
        depth = self.colour_depth or self.console.color_system
        depth = "standard" if depth == "16" else depth
        if depth != "truecolor" or self.pacer.low_bandwidth == "off":
            return depth
        if self.pacer.low_bandwidth == "auto" and self.canvas.is_complete:
            return self.canvas.color_system
        return "256" if self.pacer.is_low else depth

    def redraw(self) -> None:
        """Paint the whole screen anew, for when something else has written to the terminal."""
        self.canvas.forget()
        if self.screen_stack:
            self.screen.refresh()

    def lines_shown(self) -> list[Strip]:
        """Return what the screen on top and those behind it show, line by line, for a picture."""
        update = self.screen._compositor.render_update(
            full=True, screen_stack=self._background_screens
        )
        assert isinstance(update, LayoutUpdate)
        return [Strip.join(strips) for strips in update.strips]

    def action_redraw(self) -> None:
        """Paint the whole screen anew."""
        self.redraw()

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that never blocks where Textual would choose its own for Linux."""
        driver_class = super().get_driver_class()
        if sys.platform == "linux" and constants.DRIVER is None:
            from textual.drivers.linux_driver import LinuxDriver

            from tui.terminal.driver import TerminalDriver

            if driver_class is LinuxDriver:
                return TerminalDriver
        return driver_class

    @property
    def is_behind(self) -> bool:
        """Tell whether the terminal is still busy with the last frame.

        Whoever then changes nothing on his own account leaves the next frame to what a key does.
        """
        paced = self._paced_driver
        if paced is None:
            return False
        return not paced.is_ready or self.pacer.holds() or self.awaits_key

    @property
    def awaits_key(self) -> bool:
        """Tell whether the link is slow, and a key was pressed whose effect was not painted yet."""
        return (
            self._key_at is not None
            and self.pacer.part_size is not None
            and monotonic() - self._key_at < _KEY_WAIT_S
        )

    @property
    def focused_region(self) -> Region | None:
        """Where on the screen the user is at; None for nowhere."""
        focused = self.focused
        return None if focused is None else focused.region

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self._key_at, self.key_is_seen = monotonic(), False
        await super().on_event(event)

    def holds_frames(self) -> bool:
        """Tell whether the terminal has not yet come to the last frame, so that the next one waits."""
        paced = self._paced_driver
        if paced is None:
            return False
        waits_for_answer = self.pacer.holds()
        if paced.is_ready and not waits_for_answer:
            return False
        self._has_held_frame = True
        if waits_for_answer:
            self._wait_for_answer()
        return True

    def _wait_for_answer(self) -> None:
        """Go on with what is left when the terminal answers, or does not for too long."""
        self._has_held_frame = True
        if not self._waits_for_answer:
            self._waits_for_answer = True
            self.set_timer(self.pacer.patience_s, self._wait_no_longer)

    def _wait_no_longer(self) -> None:
        self._waits_for_answer = False
        self._show_held_frame()

    def _take_answer(self) -> None:
        self.pacer.note_answered()
        if self.pacer.is_low != self.canvas.is_plain and self.screen_stack:
            self.canvas.is_plain = self.pacer.is_low
            self.canvas.reconsider()
            self.screen.refresh()
        self._show_held_frame()

    def _show_held_frame(self) -> None:
        if self._has_held_frame and self.screen_stack:
            self._has_held_frame = False
            # In the context of the screen, as its own timer would.
            self.screen.call_later(self.screen._compositor_refresh)

    def _build_driver(
        self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None
    ) -> Driver:
        driver = super()._build_driver(headless, inline, mouse, size)
        self.canvas.is_plain = self.pacer.is_low
        if isinstance(driver, PacedDriver):
            self._paced_driver = driver
            driver.on_drained = self._show_held_frame
            driver.on_damaged = self.redraw
            driver.on_answered = self._take_answer
        return driver

    def on_resize(self, event: events.Resize) -> None:
        # A terminal that changes its size moves or drops what it showed. The same size again is how
        # detachable terminals ask for a redraw; only the first report, at the start, is neither.
        if self._reported_size == event.size:
            self.redraw()
        elif self._reported_size is not None or event.size != self.canvas.size:
            self.canvas.forget()
        self._reported_size = event.size

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self._resume(), immediate=True)

    def _resume(self) -> None:
        self.pacer.forget_questions()
        self.redraw()

    def _register(
        self,
        parent: DOMNode,
        *widgets: Widget,
        before: int | None = None,
        after: int | None = None,
        cache: Any = None,
    ) -> list[Widget]:
        # Every screen passes here before it has composed anything, whoever made it.
        for widget in widgets:
            if isinstance(widget, Screen) and type(widget._compositor) is Compositor:
                widget._compositor = DiffCompositor(self)
                widget._screen_resized = partial(self._lay_out, widget)  # type: ignore[method-assign]
        return super()._register(parent, *widgets, before=before, after=after, cache=cache)

    def _lay_out(self, screen: Screen[Any], size: Size) -> None:
        # By the size of now, not of when the news was sent: each layout sends news of its own, and
        # with two sizes under way they would call each other for ever.
        type(screen)._screen_resized(screen, self.size)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if not isinstance(renderable, FrameUpdate):
            super()._display(screen, renderable)
            return
        try:
            driver = self._driver
            if driver is None or driver.is_headless:
                return
            if self._batch_count or self._closed or not self._running:
                renderable.compositor.put_back(renderable.lines)
                return
            self._send(driver, renderable)
        except Exception as error:
            self.canvas.forget()
            self._handle_exception(error)
        finally:
            self.post_display_hook()

    def _send(self, driver: Driver, update: FrameUpdate) -> None:
        paced, canvas = self._paced_driver, self.canvas
        canvas.traits = Traits(
            line_feeds=paced is not None and paced.passes_line_feeds, erases=self.can_erase
        )
        cursor = None
        if isinstance(self.focused, Input | TextArea):
            # An input method draws where the cursor is, hidden or not.
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        frame = canvas.paint(
            update.lines, full=update.is_full, cursor=cursor, most=self.pacer.part_size
        )
        update.compositor.put_back(canvas.left)
        size = len(frame) if frame.isascii() else len(frame.encode("utf-8", "replace"))
        if frame:
            marks = {"on": True, "off": False}.get(self.synchronised, self._sync_available)
            if marks and size > _SMALL_FRAME:
                frame = f"{_SYNC_START}{frame}{_SYNC_END}"
                size += len(_SYNC_START) + len(_SYNC_END)
            self._write_frame(driver, frame, size)
            if self.key_is_seen:
                self._key_at = None
        if canvas.left:
            self._wait_for_answer()
        took_s = perf_counter() - update.started
        self.pacer.note_work(thread_time() - update.worked)
        self.terminal_meter.count_frame(size_bytes=size, took_s=took_s, full=update.is_full)

    def _write_frame(self, driver: Driver, frame: str, size: int) -> None:
        pacer, paced = self.pacer, self._paced_driver
        if paced is not None and self.terminal_meter.frames_sent == 0:
            # Before the first frame, which is large: what the way takes when nothing is on it.
            frame = paced.ask() + frame
            pacer.note_asked()
        pacer.note_sent(size)
        if paced is not None and pacer.should_ask(0):
            frame += paced.ask()
            pacer.note_asked()
        driver.write(frame)
        driver.flush()
