"""What venues publish beside prices: their own figures, the states of things, and alerts.

All of it is text from outside: it is shown as it is, cleaned, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, tzinfo

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.reactive import reactive

from tui.charts.axes import compact
from tui.charts.glyphs import Glyphs
from tui.charts.sparkline import sparkline
from tui.market.announced import Notices, VenueMetrics
from tui.model.events import Alert, AlertLevel, Status
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.model.timeframe import NS
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look

_MARKS = {AlertLevel.INFO: "·", AlertLevel.WARNING: "▲", AlertLevel.CRITICAL: "✗"}
_MOST_SPARK = 60


class _ListView(LineWidget):
    """A title and lines below it that scroll."""

    word = ""
    empty = ""
    is_chosen = False
    """True for the panel that the keys scroll."""
    first: reactive[int] = reactive(0, init=False, repaint=False)

    def scroll_by(self, lines: int) -> None:
        self.first = max(0, min(self.first + lines, self.count() - self.size.height + 1))

    def watch_first(self) -> None:
        self.sync(self.now)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)

    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def lines(self, first: int, end: int, width: int, look: Look) -> list[Row]:
        """The lines of an interval."""
        raise NotImplementedError

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        count, room = self.count(), max(0, height - 1)
        first = max(0, min(self.first, count - room))
        end = min(count, first + room)
        place = f" {first + 1}–{end} of {count} " if count > room else f" {count} " if count else ""
        style = look.title_focused if self.is_chosen else look.title
        title = ((f" {self.word}{place.rjust(width - len(self.word) - 1)}", style),)
        if not count:
            return [title, ((f" {self.empty}", look.muted),)]
        return [title, *self.lines(first, end, width, look)]


class FiguresView(_ListView):
    """Named figures with their newest values, a small history, and their age."""

    word = "Figures"
    empty = "no venue publishes figures of its own"

    def __init__(
        self, metrics: VenueMetrics, *, badge: str = "", glyphs: Glyphs, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._metrics = metrics
        self._glyphs = glyphs
        if badge:
            self.word = f"{self.word} · {badge}"

    def count(self) -> int:
        return len(self._metrics)

    def fingerprint(self, now: int) -> Hashable:
        return (self._metrics.revision, now // NS, self.first)

    def lines(self, first: int, end: int, width: int, look: Look) -> list[Row]:
        shown = list(self._metrics)
        names = [
            f"{_of(metric.venue, metric.instrument)} {clean(metric.name, 40)}" for metric in shown
        ]
        # Of all of them, so that columns stay where they are while the list scrolls.
        longest = max(cell_len(name) for name in names)
        name_width = min(longest, max(8, width - 18), max(30, width // 2))
        rows: list[Row] = []
        for metric, name in zip(shown[first:end], names[first:end], strict=True):
            value = "—" if metric.value is None else _figure(metric.value)
            age = fmt.age((self.now - metric.ts_local) / 1e9)
            parts: list[Part] = [
                (f" {_shortened(name, name_width)} ", look.base),
                (value.rjust(11), look.bold),
                (f" {age:>4} ", look.muted),
            ]
            room = min(_MOST_SPARK, width - name_width - 20)
            if room >= 4:
                history = self._metrics.history(metric)
                parts.append((sparkline(history, room, self._glyphs), look.accent))
            rows.append(tuple(parts))
        return rows


class StatesView(_ListView):
    """The newest state of every instrument and venue that tells one, in the venue's own word."""

    word = "States"
    empty = "no venue tells a state"

    def __init__(self, notices: Notices, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._notices = notices

    def count(self) -> int:
        return len(self._notices.statuses)

    def fingerprint(self, now: int) -> Hashable:
        return (self._notices.revision, now // NS, self.first)

    def lines(self, first: int, end: int, width: int, look: Look) -> list[Row]:
        return [self._line(status, width, look) for status in self._notices.statuses[first:end]]

    def _line(self, status: Status, width: int, look: Look) -> Row:
        name = clean(_of(status.venue, status.instrument), max(8, width // 2))
        age = fmt.age((self.now - status.ts_local) / 1e9)
        return (
            (f" {age:>4} ", look.muted),
            (f"{name} ", look.base),
            (clean(status.word, 30), look.bold),
            (f" {clean(status.text, 200)}", look.muted),
        )


class AlertsView(_ListView):
    """Alerts, newest first; their level is told by a mark as well as by colour."""

    word = "Alerts"
    empty = "no alerts"

    def __init__(self, notices: Notices, *, zone: tzinfo = UTC, id: str | None = None) -> None:
        super().__init__(id=id)
        self._notices = notices
        self._zone = zone

    def count(self) -> int:
        return len(self._notices.alerts)

    def fingerprint(self, now: int) -> Hashable:
        return (self._notices.revision, self.first)

    def lines(self, first: int, end: int, width: int, look: Look) -> list[Row]:
        return [self._line(alert, width, look) for alert in self._notices.alerts[first:end]]

    def _line(self, alert: Alert, width: int, look: Look) -> Row:
        style = {AlertLevel.WARNING: look.warning, AlertLevel.CRITICAL: look.error}.get(
            alert.level, look.base
        )
        name = clean(_of(alert.venue, alert.instrument), max(8, width // 3))
        kind = f"{clean(alert.key, 24)}: " if alert.key else ""
        return (
            (f" {self._when(alert.ts_exchange or alert.ts_local)} ", look.muted),
            (f"{_MARKS[alert.level]} ", style),
            (f"{name} ", look.base),
            (f"{kind}{clean(alert.text, 400)}", style),
        )

    def _when(self, ts: int) -> str:
        return fmt.when(ts, self.now, self._zone)


def _of(venue: str, instrument: Instrument | None) -> str:
    return clean(venue if instrument is None else str(instrument), 40)


def _figure(value: float) -> str:
    """Plain where that is short, else abbreviated."""
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    return text if len(text) <= 11 and (value == 0 or abs(value) >= 0.001) else compact(value)


def _shortened(name: str, width: int) -> str:
    return set_cell_size(name if cell_len(name) <= width else clean(name, width), width)
