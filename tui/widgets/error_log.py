"""The error log: what went wrong, when, where, and how often."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from tui.model.health import ErrorCategory, ErrorRecord
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look


class ErrorLogView(LineWidget, can_focus=True):
    """Problems, newest first; filtered by category; scrolls while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("pagedown", "scroll(10)", "page down", show=False),
        Binding("escape", "leave", "leave", show=False),
    ]

    category: reactive[ErrorCategory | None] = reactive(None, init=False, repaint=False)
    first: reactive[int] = reactive(0, init=False, repaint=False)

    def __init__(
        self,
        records: Callable[[ErrorCategory | None], Sequence[ErrorRecord]],
        revision: Callable[[], int],
        *,
        zone: tzinfo = UTC,
        id: str | None = None,
    ) -> None:
        """Make a view; `records` gives those of a category, newest first."""
        super().__init__(id=id)
        self._records = records
        self._revision = revision
        self._zone = zone

    def cycle_category(self) -> None:
        """Show the next category: all, then each of them."""
        choices: list[ErrorCategory | None] = [None, *ErrorCategory]
        self.category = choices[(choices.index(self.category) + 1) % len(choices)]
        self.first = 0

    def as_text(self) -> str:
        """What is listed now, as plain text for the clipboard."""
        return "\n".join(self._line(record) for record in self._records(self.category))

    def watch_category(self) -> None:
        self.sync(self.now)

    def watch_first(self) -> None:
        self.sync(self.now)

    def validate_first(self, first: int) -> int:
        return max(0, min(first, len(self._records(self.category)) - 1))

    def action_scroll(self, lines: int) -> None:
        self.first += lines

    def action_leave(self) -> None:
        self.screen.set_focus(None)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.first += 3

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.first -= 3

    def fingerprint(self, now: int) -> Hashable:
        return (self._revision(), self.category, self.first, self.has_focus)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        records = self._records(self.category)
        what = self.category.value if self.category else "all"
        heading = f" Errors {len(records)} · {what} "
        title = look.title_focused if self.has_focus else look.title
        rows: list[Row] = [((heading.ljust(width), title),)]
        if not records:
            nothing = f"no {what} errors" if self.category else "no errors"
            rows.append(((f" {nothing}", look.muted),))
        for record in records[self.first : self.first + height - 1]:
            times = f" ×{record.count}" if record.count > 1 else ""
            where = clean(str(record.instrument) if record.instrument else record.venue, 24)
            colour = look.warning if record.category is ErrorCategory.SUBSCRIPTION else look.error
            parts: list[Part] = [(f" {fmt.clock_time(record.last_seen, self._zone)} ", look.muted)]
            if width >= 60:
                parts.append((f"{record.category:<12} ", colour))
            if where:
                parts.append((f"{where} ", look.bold))
            indent = sum(cell_len(text) for text, _ in parts)
            front = look.base if width >= 60 else colour
            further = min(indent, width // 3)
            for line in _wrapped(clean(record.message, 400), width - len(times), indent, further):
                rows.append((*parts, (line, front), (times, look.warning)))
                parts, times = [(" " * further, look.base)], ""
        return rows

    def has_any(self) -> bool:
        """Is anything listed now?"""
        return bool(self._records(self.category))

    def _line(self, record: ErrorRecord) -> str:
        where = clean(str(record.instrument) if record.instrument else record.venue, 24)
        when = fmt.clock_time(record.last_seen, self._zone)
        return f"{when} {record.category} {where} {clean(record.message, 500)} x{record.count}"


def _wrapped(text: str, width: int, indent: int, further: int) -> list[str]:
    """The text in lines that fit behind their indents, so that a remedy at its end can be read."""
    lines = textwrap.wrap(
        text,
        max(width, indent + 12),
        initial_indent=" " * indent,
        subsequent_indent=" " * further,
        break_on_hyphens=False,
    )
    return [line.strip() for line in lines] or [""]
