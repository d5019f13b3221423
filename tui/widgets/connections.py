"""How each venue's connection stands and what became of it: transports, subscriptions, history."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, tzinfo

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.reactive import reactive

from tui.market.announced import Notices
from tui.model.health import ConnectionState, FeedHealth, Transition
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.model.timeframe import NS
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look
from tui.widgets.status_bar import STATE_MARKS
from tui.widgets.title import LESSER

SubscriptionState = tuple[Subscription, SubscriptionStatus, str]

_LABEL = 11
_TWO_COLUMNS = 130
"""From this width on, the history stands beside the rest."""
_ALERTS = 3
_ORDER = (
    SubscriptionStatus.REJECTED,
    SubscriptionStatus.STALE,
    SubscriptionStatus.SYNCING,
    SubscriptionStatus.PENDING,
    SubscriptionStatus.LIVE,
    SubscriptionStatus.OFF,
)
_STATUS_MARKS = {
    SubscriptionStatus.REJECTED: "✗",
    SubscriptionStatus.STALE: "○",
    SubscriptionStatus.LIVE: "●",
    SubscriptionStatus.OFF: "–",
}


class ConnectionsView(LineWidget):
    """One document that scrolls; looked at anew four times a second while it is open."""

    first: reactive[int] = reactive(0, init=False, repaint=False)

    def __init__(
        self,
        feeds: Callable[[], Sequence[FeedHealth]],
        history: Callable[[str], Sequence[Transition]],
        subscriptions: Callable[[str], Sequence[SubscriptionState]],
        *,
        notices: Notices,
        zone: tzinfo = UTC,
        id: str | None = None,
    ) -> None:
        """Make a view. `history` gives a venue's transitions, oldest first; `subscriptions` what is
        wanted of it; `notices` hold what venues tell of themselves."""
        super().__init__(id=id)
        self._feeds = feeds
        self._history = history
        self._subscriptions = subscriptions
        self._notices = notices
        self._zone = zone
        self._length = 0

    def scroll_by(self, lines: int) -> None:
        self.first = max(0, min(self.first + lines, self._length - self.size.height + 1))

    def watch_first(self) -> None:
        self.sync(self.now)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)

    def fingerprint(self, now: int) -> Hashable:
        return (now // (NS // 4), self.first)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        feeds = self._feeds()
        if width >= _TWO_COLUMNS:
            half = width // 2
            left = self._state_rows(feeds, half - 1, look)
            body = _side_by_side(left, self._history_rows(feeds, width - half, look), half, look)
        else:
            body = self._state_rows(feeds, width, look)
            body += [_blank(look), *self._history_rows(feeds, width, look)]
        self._length = len(body)
        first = max(0, min(self.first, len(body) - height + 1))
        shown = body[first : first + height - 1]
        place = f" {first + 1}–{first + len(shown)} of {len(body)} " if len(body) >= height else ""
        heading = " Connections"
        title = heading + place.rjust(width - len(heading))
        return [((title, look.title_focused),), *shown]

    # -- how things stand ------------------------------------------------------------------

    def _state_rows(self, feeds: Sequence[FeedHealth], width: int, look: Look) -> list[Row]:
        found: list[Row] = []
        if not feeds:
            return [((" no venue is open yet", look.muted),)]
        for number, feed in enumerate(feeds):
            if number:
                found.append(_blank(look))
            good = feed.state is ConnectionState.CONNECTED
            up = f"  up {fmt.age(feed.uptime_s)}" if good else ""
            found.append(
                (
                    (f" {STATE_MARKS[feed.state]} {feed.venue} ", look.bold),
                    (f"{feed.state}", look.success if good else look.error),
                    (up, look.muted),
                )
            )
            for label, text, style in self._facts(feed, look):
                found += _labelled(label, text, width, look, style)
            found += self._subscription_rows(feed, width, look)
        return found

    def _facts(self, feed: FeedHealth, look: Look) -> list[tuple[str, str, Style]]:
        offered = ", ".join(feed.transports)
        is_lesser = bool(feed.transports) and feed.transport is not feed.transports[0]
        way = f"{LESSER if is_lesser else ''}{feed.transport}"
        facts = [
            ("cause", feed.cause, look.base),
            ("endpoint", feed.endpoint, look.muted),
            ("transport", way + (f"  of {offered}" if len(feed.transports) > 1 else ""), look.base),
        ]
        if feed.fallback:
            facts.append(("because", feed.fallback, look.warning))
        if feed.probe_in_s is not None and feed.transports:
            text = f"{feed.transports[0]} is tried again in {_seconds(feed.probe_in_s)}"
            facts.append(("better", text, look.base))
        for endpoint, left in sorted(feed.breakers.items()):
            text = f"{endpoint} failed too often: left alone for {_seconds(left)}"
            facts.append(("resting", text, look.warning))
        if feed.state is ConnectionState.ERROR:
            facts.append(("next try", "none by itself: r tries again", look.error))
        elif feed.retry_in_s is not None:
            facts.append(("next try", f"in {_seconds(feed.retry_in_s)}", look.warning))
        if feed.reconnects:
            facts.append(("reconnects", str(feed.reconnects), look.muted))
        status = self._notices.status(feed.venue)
        if status is not None:
            facts.append(("venue is", f"{status.word} {status.text}".strip(), look.base))
        told = [alert for alert in self._notices.alerts if alert.venue == feed.venue]
        for alert in told[:_ALERTS]:
            when = fmt.clock_time(alert.ts_exchange or alert.ts_local, self._zone)
            facts.append((f"{alert.level}", f"{when} {alert.text}", look.warning))
        return facts

    def _subscription_rows(self, feed: FeedHealth, width: int, look: Look) -> list[Row]:
        states = self._subscriptions(feed.venue)
        counts = " ".join(
            f"{count} {status}"
            for status in _ORDER
            if (count := sum(held is status for _, held, _ in states))
        )
        found = _labelled("subscribed", counts or "to nothing", width, look, look.base)
        flowing: dict[Instrument, list[Subscription]] = {}
        for subscription, status, reason in sorted(states, key=_rank):
            if status is SubscriptionStatus.LIVE:
                flowing.setdefault(subscription.instrument, []).append(subscription)
                continue
            colour = look.error if status is SubscriptionStatus.REJECTED else look.warning
            name = f"{subscription.instrument.symbol} {_channel(subscription)}"
            text = f"{name}: {status}" + (f": {reason}" if reason else "")
            found += _marked(_STATUS_MARKS.get(status, "◌"), text, width, look, colour)
        for instrument, live in flowing.items():
            text = f"{instrument.symbol} {', '.join(map(_channel, live))}"
            found += _marked("●", text, width, look, look.success)
        return found

    # -- what became of it -----------------------------------------------------------------

    def _history_rows(self, feeds: Sequence[FeedHealth], width: int, look: Look) -> list[Row]:
        found: list[Row] = [((" History", look.bold), (", newest first", look.muted))]
        past = [(one, feed.venue) for feed in feeds for one in self._history(feed.venue)]
        past.reverse()  # of the same moment, the later one first
        past.sort(key=lambda entry: -entry[0].ts_local)
        if not past:
            found.append(((" nothing happened yet", look.muted),))
        for transition, venue in past:
            good = transition.state is ConnectionState.CONNECTED
            bad = transition.state in (ConnectionState.DISCONNECTED, ConnectionState.ERROR)
            colour = look.success if good else look.error if bad else look.warning
            parts: list[Part] = [(f" {self._when(transition.ts_local)} ", look.muted)]
            if len(feeds) > 1:
                parts.append((f"{clean(venue, 12)} ", look.bold))
            parts.append((f"{STATE_MARKS[transition.state]} {transition.state} ", colour))
            found += _wrapped(parts, transition.cause, width, look, look.base)
        return found

    def _when(self, ts: int) -> str:
        return fmt.when(ts, self.now, self._zone, millis=self.size.width >= 60)


def _rank(state: SubscriptionState) -> tuple[int, Instrument, int]:
    subscription, status, _ = state
    return _ORDER.index(status), subscription.instrument, list(Channel).index(subscription.channel)


def _channel(subscription: Subscription) -> str:
    timeframe = subscription.timeframe
    return f"{subscription.channel} {timeframe}" if timeframe else str(subscription.channel)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _blank(look: Look) -> Row:
    return ((" ", look.base),)


def _labelled(label: str, text: str, width: int, look: Look, style: Style) -> list[Row]:
    name = f"   {label:<{_LABEL}}" if width >= 60 else f" {label} "
    return _wrapped([(name, look.muted)], text, width, look, style)


def _marked(mark: str, text: str, width: int, look: Look, style: Style) -> list[Row]:
    indent = " " * (_LABEL + 3) if width >= 60 else "  "
    return _wrapped([(f"{indent}{mark} ", style)], text, width, look, look.base)


def _wrapped(parts: Sequence[Part], text: str, width: int, look: Look, style: Style) -> list[Row]:
    """A text behind its parts, going on below itself where that leaves room, so that its end can be
    read too."""
    indent = sum(cell_len(part) for part, _ in parts)
    further = indent if indent <= width // 2 else 3
    lines = textwrap.wrap(
        clean(text, 400),
        max(width - 1, further + 8),
        initial_indent=" " * indent,
        subsequent_indent=" " * further,
        break_on_hyphens=False,
    ) or [""]
    head, *rest = lines
    if len(head) <= indent:  # not even its first word fits
        return [tuple(parts), *(((line, style),) for line in rest)]
    return [(*parts, (head[indent:], style)), *(((line, style),) for line in rest)]


def _side_by_side(left: Sequence[Row], right: Sequence[Row], at: int, look: Look) -> list[Row]:
    """Two columns, the right one beginning at a column; the shorter one is filled up."""
    found: list[Row] = []
    for y in range(max(len(left), len(right))):
        parts = _parts(left, y)
        found.append((*parts, (" " * (at - _width(parts)), look.base), *_parts(right, y)))
    return found


def _parts(rows: Sequence[Row], y: int) -> tuple[Part, ...]:
    row = rows[y] if y < len(rows) else ()
    return row if isinstance(row, tuple) else ()


def _width(parts: Iterable[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)
