"""The top line: what kind of data this is, how the feeds are, what time it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import tzinfo

from rich.cells import cell_len
from textual.reactive import reactive

from tui.model.events import Status
from tui.model.health import ConnectionState, FeedHealth
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row, spread
from tui.widgets.look import Look, on

STATE_MARKS = {
    ConnectionState.CONNECTED: "●",
    ConnectionState.CONNECTING: "◌",
    ConnectionState.RECONNECTING: "◌",
    ConnectionState.DISCONNECTED: "○",
    ConnectionState.ERROR: "✗",
    ConnectionState.CLOSED: "–",
}


_TROUBLE = frozenset(
    {"maintenance", "cancel_only", "post_only", "limit_only", "reduce_only", "halted", "degraded"}
)
"""Words by which venues tell that they do not trade as usual."""


class StatusBar(LineWidget):
    """Mode badge, a hint, one mark a feed, what it tells of its venue's trouble, errors and the clock.

    Attributes:
        unseen_alerts: counts the alerts that fired and that nobody has looked at.
    """

    DEFAULT_CSS = "StatusBar { height: 1; width: 1fr; }"

    paused: reactive[bool] = reactive(False, init=False, repaint=False)

    def __init__(
        self,
        feeds: Callable[[], Sequence[FeedHealth]],
        errors: Callable[[], int],
        *,
        badge: Callable[[], str],
        hint: str,
        zone: tzinfo,
        is_debugging: Callable[[], bool] = lambda: False,
        retry_key: Callable[[], str] = lambda: "r",
        state_of: Callable[[str], Status | None] = lambda venue: None,
        id: str | None = None,
    ) -> None:
        """Make the bar; `errors` counts what the error log holds, `hint` says how to go live,
        `retry_key` names the key that connects anew, `state_of` knows what a venue tells of itself."""
        super().__init__(id=id)
        self._feeds = feeds
        self._errors = errors
        self._badge = badge
        self._hint = hint
        self._zone = zone
        self._is_debugging = is_debugging
        self._retry_key = retry_key
        self._state_of = state_of
        self.unseen_alerts: Callable[[], int] = lambda: 0

    def watch_paused(self) -> None:
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        feeds = tuple(
            (
                *(feed.venue, feed.state, feed.cause, feed.retry_in_s and int(feed.retry_in_s)),
                self._trouble(feed.venue),
            )
            for feed in self._feeds()
        )
        marks = (self.paused, self._badge(), self._is_debugging(), self.unseen_alerts())
        return (now // 1_000_000_000, feeds, self._errors(), marks)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        back = look.title
        right: list[Part] = []
        for count, word, style in (
            (self.unseen_alerts(), "alert", look.badge),
            (self._errors(), "error", on(look.error, back)),
        ):
            if count:
                right.append((f" {count} {word}{'s' if count > 1 else ''} ", style))
        zone = "" if width < 60 else f" {self._zone.tzname(None) or ''}"
        right.append((f" {fmt.clock_time(self.now, self._zone)}{zone} ", back))
        marks = (
            self._badge(),
            "VIEW PAUSED" if self.paused else "",
            "DEBUG" if self._is_debugging() else "",
        )
        left: list[Part] = [(f" {mark} ", look.badge) for mark in marks if mark]
        for feed in self._feeds():
            used = sum(cell_len(text) for text, _ in (*left, *right))
            left += self._feed(feed, width, width - used, look)
        if self._hint:
            left.append((f"  {self._hint}", look.title_muted))
        return [spread(left, right, width, back)]

    def _feed(self, feed: FeedHealth, width: int, room: int, look: Look) -> list[Part]:
        """How a venue's feed stands; a long cause is cut to the `room` that is left."""
        back = look.title
        good = feed.state is ConnectionState.CONNECTED
        colour = on(look.success if good else look.error, back)
        parts: list[Part] = [(f" {STATE_MARKS[feed.state]} {feed.venue}", colour)]
        trouble = self._trouble(feed.venue)
        if trouble:
            parts.append((f" {trouble}", on(look.warning, back)))
        if good:
            if feed.latency_p50_ms is not None and width >= 60:
                parts.append((f" {fmt.milliseconds(feed.latency_p50_ms)}", look.title_muted))
            return parts
        retry = f" retry in {feed.retry_in_s:.0f}s" if feed.retry_in_s else ""
        if feed.state is ConnectionState.ERROR:
            retry = f" {self._retry_key()}: retry"
        parts.append((retry if retry and width < 60 else f" {feed.state}", colour))
        if width >= 60:
            # The cause last, and cut where room is short: the countdown matters more.
            parts.append((retry, colour))
            used = sum(cell_len(text) for text, _ in parts)
            cause = clean(feed.cause, max(0, min(60, room - used - 4)))
            parts.append((f" · {cause}" if cause else "", colour))
        return parts

    def _trouble(self, venue: str) -> str:
        status = self._state_of(venue)
        if status is None or status.word not in _TROUBLE:
            return ""
        return status.word.replace("_", " ")
