"""The user's alerts as lists: the rules and how they stand, and what fired."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, tzinfo

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.market.alerts import Alerts, RuleState, RuleStatus, write_condition, write_duration
from tui.model.alert import AlertRule, Firing
from tui.model.text import clean
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look, on

MARKS = {
    RuleStatus.ARMED: "●",
    RuleStatus.WAITING: "◌",
    RuleStatus.COOLING: "◐",
    RuleStatus.FIRED: "✓",
    RuleStatus.OFF: "○",
}
_STATUS_WIDTH = 10
_NARROW = 60


class _CursorList(LineWidget, can_focus=True):
    """A title and lines below it, one of which the cursor is on."""

    word = ""
    empty = ""
    cursor: reactive[int] = reactive(0, init=False, repaint=False)
    is_chosen: reactive[bool] = reactive(False, init=False, repaint=False)
    """True for the list that the keys move in."""

    class Picked(Message):
        """The user clicked a line of this list."""

        def __init__(self, source: _CursorList) -> None:
            super().__init__()
            self.source = source

    def __init__(self, alerts: Alerts, *, zone: tzinfo = UTC, id: str | None = None) -> None:
        super().__init__(id=id)
        self._alerts = alerts
        self._zone = zone
        self._first = 0

    def count(self) -> int:
        raise NotImplementedError

    def line(self, index: int, width: int, look: Look, *, is_current: bool) -> Row:
        raise NotImplementedError

    def move(self, lines: int) -> None:
        self.cursor = max(0, min(self.cursor + lines, self.count() - 1))

    def watch_cursor(self) -> None:
        self.sync(self.now)

    def watch_is_chosen(self) -> None:
        self.sync(self.now)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if 0 < event.y <= self.count() - self._first:
            self.cursor = self._first + event.y - 1
        self.post_message(self.Picked(self))

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        count, room = self.count(), max(0, height - 1)
        cursor = max(0, min(self.cursor, count - 1))
        first = min(self._first, max(0, count - room))
        if room:
            first = max(min(first, cursor), cursor - room + 1)
        self._first = first
        end = min(count, first + room)
        place = f" {first + 1}–{end} of {count} " if count > room else f" {count} " if count else ""
        style = look.title_focused if self.is_chosen else look.title
        title = ((f" {self.word}{place.rjust(width - len(self.word) - 1)}", style),)
        if not count:
            return [title, ((f" {self.empty}", look.muted),)]
        shown = range(first, end)
        return [
            title,
            *(self.line(i, width, look, is_current=self.is_chosen and i == cursor) for i in shown),
        ]


class RulesView(_CursorList):
    """Every rule: what it watches, whether it may fire again, and how it stands."""

    word = "Alerts"
    empty = "none yet: n makes one"

    def count(self) -> int:
        return len(self._alerts.rules)

    @property
    def current(self) -> AlertRule | None:
        """The rule at the cursor."""
        rules = self._alerts.rules
        return rules[max(0, min(self.cursor, len(rules) - 1))] if rules else None

    def fingerprint(self, now: int) -> Hashable:
        states = tuple(self._alerts.state(rule.id) for rule in self._alerts.rules)
        # Seconds, not their fractions: the countdown moves once in each.
        shown = tuple((s.status, s.why, s.count, int(s.wait_s)) for s in states)
        return (self._alerts.revision, shown, self.cursor, self.is_chosen)

    def line(self, index: int, width: int, look: Look, *, is_current: bool) -> Row:
        rule = self._alerts.rules[index]
        state = self._alerts.state(rule.id)
        back = look.cursor if is_current else look.base
        style = _style(state.status, look, back)
        name = rule.instrument.symbol if width < _NARROW else str(rule.instrument)
        again = "" if width < _NARROW else f"{_again(rule):>5}"
        status = f" {status_text(state):<{_STATUS_WIDTH}}"
        name_width = _name_width(width)
        room = width - 5 - name_width - len(again) - _STATUS_WIDTH
        parts: list[Part] = [
            (f" {MARKS[state.status]} ", style),
            (_cut(name, name_width), back),
            (f" {_cut(write_condition(rule.condition), room)}", on(look.bold, back)),
            (again, on(look.muted, back)),
            (status, style),
        ]
        return tuple(parts)


class FiringsView(_CursorList):
    """What fired in this run, newest first."""

    word = "Fired"
    empty = "nothing in this run"

    def count(self) -> int:
        return len(self._alerts.history)

    @property
    def current(self) -> Firing | None:
        """What fired, at the cursor."""
        history = self._alerts.history
        return history[-1 - max(0, min(self.cursor, len(history) - 1))] if history else None

    def fingerprint(self, now: int) -> Hashable:
        return (self._alerts.revision, self.cursor, self.is_chosen, now // fmt.DAY_NS)

    def line(self, index: int, width: int, look: Look, *, is_current: bool) -> Row:
        firing = self._alerts.history[-1 - index]
        back = look.cursor if is_current else look.base
        rule = firing.rule
        name = rule.instrument.symbol if width < _NARROW else str(rule.instrument)
        when = self._when(firing)
        name_width = _name_width(width)
        note = f" ({clean(rule.note, 60)})" if rule.note else ""
        room = max(0, width - 3 - len(when) - name_width)
        return (
            (f" {when} ", on(look.muted, back)),
            (_cut(name, name_width), back),
            (f" {_cut(f'{clean(firing.text)}{note}', room)}", on(look.bold, back)),
        )

    def _when(self, firing: Firing) -> str:
        return fmt.when(firing.ts, self.now, self._zone)


class AlertDetails(LineWidget):
    """All about the rule at the cursor, or about what fired there, in two lines."""

    DEFAULT_CSS = "AlertDetails { height: 2; }"

    def __init__(
        self, alerts: Alerts, rules: RulesView, firings: FiringsView, *, zone: tzinfo, id: str
    ) -> None:
        super().__init__(id=id)
        self._alerts = alerts
        self._rules = rules
        self._firings = firings
        self._zone = zone

    def fingerprint(self, now: int) -> Hashable:
        firing = self._firing()
        if firing is not None:
            return (firing.ts, firing.text)
        rule = self._rules.current
        if rule is None:
            return None
        state = self._alerts.state(rule.id)
        return (rule.id, self._alerts.revision, state.status, state.why, state.count)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        firing, rule = self._firing(), self._rules.current
        if firing is not None:
            rule = firing.rule
            note = f" ({rule.note})" if rule.note else ""
            lines = [
                f"{firing.text}{note}",
                f"{rule.instrument} {write_condition(rule.condition)}",
            ]
        elif rule is not None:
            state = self._alerts.state(rule.id)
            lines = ["; ".join(self._facts(rule, state)), self._told_by(rule)]
        else:
            lines = []
        return [((_cut(f" {line}", width), look.muted),) for line in lines]

    def _firing(self) -> Firing | None:
        return self._firings.current if self._firings.is_chosen else None

    def _facts(self, rule: AlertRule, state: RuleState) -> list[str]:
        facts = []
        if state.why:
            facts.append(f"waits: {clean(state.why, 60)}")
        if state.count:
            time = fmt.clock_time(state.fired_at, self._zone)
            facts.append(f"fired at {time}" + (f", {state.count} times" * (state.count > 1)))
        facts.append("fires once" if rule.cooldown_s is None else f"again after {_again(rule)}")
        if rule.is_from_settings:
            facts.append("of config.toml")
        if rule.note:
            facts.append(clean(rule.note, 60))
        return facts

    def _told_by(self, rule: AlertRule) -> str:
        ways = [str(one) for one in rule.notices]
        if rule.command:
            ways.append(f"runs {clean(' '.join(rule.command), 100)}")
        return ", ".join(ways) or "told in this list alone"


def status_text(state: RuleState) -> str:
    """How a rule stands, in a word."""
    if state.status is RuleStatus.COOLING:
        return f"again {fmt.age(state.wait_s + 1)}"
    return str(state.status)


def _again(rule: AlertRule) -> str:
    return "once" if rule.cooldown_s is None else write_duration(rule.cooldown_s)


def _style(status: RuleStatus, look: Look, back: Style) -> Style:
    front = {
        RuleStatus.ARMED: look.success,
        RuleStatus.WAITING: look.warning,
        RuleStatus.COOLING: look.accent,
        RuleStatus.FIRED: look.accent,
    }.get(status, look.muted)
    return on(front, back)


def _name_width(width: int) -> int:
    return 8 if width < _NARROW else min(24, width // 4)


def _cut(text: str, width: int) -> str:
    text = clean(text)
    return set_cell_size(text if cell_len(text) <= width else clean(text, width), max(0, width))
