"""The user's alerts over the dashboard: what is watched and how it stands, and what fired when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.market.alerts import Alerts
from tui.model.alert import AlertRule
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.screens.alert_form import AlertForm, Draft, draft_of
from tui.screens.live import LiveScreen
from tui.widgets.alert_lists import AlertDetails, FiringsView, RulesView
from tui.widgets.key_bar import KeyBar


class AlertsScreen(LiveScreen):
    """Live while it is open; Escape leaves it. Every change holds at once. The arrows go from one list
    into the other."""

    DEFAULT_CSS = """
    AlertsScreen { layout: vertical; overflow: hidden; background: $background; }
    AlertsScreen #alert-rules { height: 1fr; }
    AlertsScreen #alert-firings { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,a", "new", "new", key_display="n"),
        Binding("enter,e", "edit", "edit"),
        Binding("space", "switch", "on/off"),
        Binding("x,delete", "delete", "delete", key_display="x"),
        Binding("tab", "other", show=False),
        Binding("down,j", "move(1)", "move", key_display="↑↓"),
        Binding("up,k", "move(-1)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("escape,A,q", "app.pop_screen", "close", key_display="esc"),
    ]

    def __init__(
        self,
        alerts: Alerts,
        *,
        proposal: Callable[[], Draft],
        instruments: Sequence[Instrument],
        newest: Callable[[Instrument], str],
        timeframe: Timeframe,
        refuse: Callable[[Instrument], str],
        lines: Callable[[Instrument], Sequence[str]],
        changed: Callable[[], None],
        zone: tzinfo,
        now: Callable[[], int],
    ) -> None:
        """Make the screen.

        Args:
            proposal: what a new alert begins with.
            instruments, newest, timeframe, refuse, lines: as of `AlertForm`.
            changed: called after each change of the rules.
            zone: of the times. now: gives the time (ns) that the screen is opened with.
        """
        super().__init__()
        self._alerts = alerts
        self._proposal = proposal
        self._instruments = instruments
        self._newest = newest
        self._timeframe = timeframe
        self._refuse = refuse
        self._lines = lines
        self._changed = changed
        self._now = now
        self._doomed = ""
        self._rules = RulesView(alerts, zone=zone, id="alert-rules")
        self._firings = FiringsView(alerts, zone=zone, id="alert-firings")
        self._details = AlertDetails(
            alerts, self._rules, self._firings, zone=zone, id="alert-details"
        )
        self._rules.is_chosen = True

    def compose(self) -> ComposeResult:
        yield self._rules
        yield self._details
        yield self._firings
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_focus(None)
        self.frame(self._now())

    def frame(self, now: int) -> None:
        """Look at the alerts again, at `now` (ns)."""
        if self.app.screen is self:
            self._alerts.acknowledge()
        for view in (self._rules, self._details, self._firings):
            view.sync(now)

    @on(RulesView.Picked)
    @on(FiringsView.Picked)
    def _clicked(self, event: RulesView.Picked) -> None:
        self._choose(rules=event.source is self._rules)

    def action_other(self) -> None:
        self._choose(rules=not self._rules.is_chosen)

    def _choose(self, *, rules: bool) -> None:
        self._rules.is_chosen = rules
        self._firings.is_chosen = not rules
        self._details.sync(self._now())

    def action_move(self, lines: int) -> None:
        self._doomed = ""
        rules, firings = self._rules, self._firings
        if rules.is_chosen and lines > 0 and rules.cursor >= rules.count() - 1 and firings.count():
            self._choose(rules=False)
        elif firings.is_chosen and lines < 0 and firings.cursor <= 0:
            self._choose(rules=True)
        else:
            (rules if rules.is_chosen else firings).move(lines)
        self._look()

    async def action_new(self) -> None:
        await self._ask(self._proposal(), self._new_id(), "New alert")

    async def action_edit(self) -> None:
        rule = self._own()
        if rule is not None:
            await self._ask(draft_of(rule), rule.id, "Alert")

    def action_switch(self) -> None:
        rule = self._rules.current
        if rule is not None:
            self._alerts.switch(rule.id, not rule.enabled)
            self._tell()

    def action_delete(self) -> None:
        rule = self._own()
        if rule is None:
            return
        if self._doomed != rule.id:
            self._doomed = rule.id
            self.notify("press x once more to delete this alert", markup=False, timeout=3)
            return
        self._doomed = ""
        self._alerts.remove(rule.id)
        self._rules.move(0)
        self._tell()

    async def _ask(self, draft: Draft, rule_id: str, title: str) -> None:
        self._doomed = ""
        # Waited for, so that the letters that follow find the form.
        await self.app.push_screen(
            AlertForm(
                draft,
                rule_id,
                title=title,
                instruments=self._instruments,
                newest=self._newest,
                timeframe=self._timeframe,
                refuse=self._refuse,
                lines=self._lines,
            ),
            self._keep,
        )

    def _keep(self, rule: AlertRule | None) -> None:
        if rule is None:
            return
        self._alerts.put(rule)
        ids = [one.id for one in self._alerts.rules]
        self._choose(rules=True)
        self._rules.cursor = ids.index(rule.id)
        self._tell()

    def _own(self) -> AlertRule | None:
        """The rule at the cursor, where it can be changed here."""
        rule = self._rules.current
        if rule is not None and rule.is_from_settings:
            self.notify(
                "this alert stands in config.toml: change it there; space switches it on and off",
                markup=False,
                timeout=5,
            )
            return None
        return rule

    def _new_id(self) -> str:
        taken = {rule.id for rule in self._alerts.rules}
        return next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)

    def _tell(self) -> None:
        self._changed()
        self._look()

    def _look(self) -> None:
        self.frame(self._now())
