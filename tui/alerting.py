"""The app's alerts: which rules there are, how the user is told, and the dialog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

import msgspec

from tui.alert_commands import AlertCommands
from tui.config import SIM_VENUE
from tui.launch import Launch, Mode
from tui.market.alerts import Alerts
from tui.market.alerts.telling import message
from tui.market.drawings import LINES
from tui.model.alert import Firing, Notice
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.screens.alert_form import Draft
from tui.screens.alerts import AlertsScreen
from tui.screens.dashboard import Dashboard
from tui.session import Session
from tui.sources import Source
from tui.state import State
from tui.terminal.diffing_app import DiffingApp
from tui.terminal.notifications import notify_desktop
from tui.widgets import format as fmt
from tui.widgets.alert_layers import AlertLayers

_TOAST_S = 8.0
ROOMY = 16
"""Rows; below that a toast is one line."""
_BELL_EVERY_S = 1.0
_WHO = "alerts"


class AlertActions(DiffingApp[int]):
    """Part of the app.

    Attributes:
        alerts: what the user wants to be told of.
    """

    dashboard: Dashboard
    environment: Mapping[str, str]
    session: Session
    alerts: Alerts
    _launch: Launch
    _source: Source
    _state: State
    _zone: tzinfo

    def start_alerts(self) -> None:
        """Watch for what the settings and the last run ask for; called once, before the screen is
        shown."""
        self._commands = AlertCommands(self._alert_failed)
        self._rung_at = float("-inf")
        self._stands = {
            rule.id: rule.enabled for rule in self._launch.settings.alerts
        }  # in config.toml
        self.alerts = Alerts(
            self.session.market,
            self.session.clock,
            drawings=self.dashboard.drawings.of,
            fired=self._alert_fired,
            failed=self._alert_failed,
        )
        switched = self._state.alerts_switched
        for rule in self._launch.settings.alerts:
            if not self._refuse(rule.instrument):
                enabled = switched.get(rule.id, rule.enabled)
                self.alerts.put(msgspec.structs.replace(rule, enabled=enabled))
        self.alerts.put(*self._state.alerts)
        layers = AlertLayers(self.alerts)
        for panel in self.dashboard.panels:
            panel.sources.append(layers)
        self.dashboard.status_bar.unseen_alerts = lambda: self.alerts.unseen
        self.want_for_alerts()

    def check_alerts(self) -> None:
        """Look at what comes true by time alone; the clock calls it once a second."""
        self.alerts.check_time()
        self.want_for_alerts()

    def want_for_alerts(self) -> None:
        """Subscribe to what the rules need, whatever is shown."""
        self.session.want(self.alerts.wanted(), _WHO)

    def with_alerts(self, state: State) -> State:
        """What the next run should remember, with the alerts."""
        rules = self.alerts.rules
        return msgspec.structs.replace(
            state,
            alerts=tuple(rule for rule in rules if not rule.is_from_settings),
            alerts_switched={
                rule.id: rule.enabled
                for rule in rules
                if rule.is_from_settings and rule.enabled != self._stands[rule.id]
            },
        )

    async def action_alerts(self) -> None:
        """Show the rules, and what fired."""
        # Waited for, so that the keys that follow find the list.
        await self.push_screen(
            AlertsScreen(
                self.alerts,
                proposal=self._proposal,
                instruments=self.dashboard.instruments(),
                newest=self._newest,
                timeframe=self.dashboard.chosen.timeframe,
                refuse=self._refuse,
                lines=self._lines,
                changed=self.want_for_alerts,
                zone=self._zone,
                now=self._source.clock.time_ns,
            )
        )

    def _proposal(self) -> Draft:
        """What the chosen panel points at, or its newest price."""
        panel = self.dashboard.chosen
        if panel.instrument is None:
            return Draft("", "price > ")
        state = self.session.market[panel.instrument]
        pointed = panel.cross[1] if panel.cross is not None else None
        if pointed is None or state.last_price is None:
            return Draft(str(panel.instrument), f"price > {self._newest(panel.instrument)}")
        price = f"{pointed:.{fmt.price_decimals(state.info, state.last_text)}f}"
        sign = "<" if pointed < state.last_price else ">"
        return Draft(str(panel.instrument), f"price {sign} {price}")

    def _newest(self, instrument: Instrument) -> str:
        """The newest price in the venue's precision; "" when none is known."""
        state = self.session.market[instrument]
        if state.last_price is None:
            return ""
        return f"{state.last_price:.{fmt.price_decimals(state.info, state.last_text)}f}"

    def _refuse(self, instrument: Instrument) -> str:
        """Why nothing of an instrument can be watched in this run; "" where it can."""
        if self._launch.mode is Mode.LIVE:
            return f"there is no {SIM_VENUE} beside live venues" * (instrument.venue == SIM_VENUE)
        own = {one.venue for one in self._source.instruments}
        if instrument.venue in own or not own:
            return ""
        return f"in this run there is only {', '.join(sorted(own))}"

    def _lines(self, instrument: Instrument) -> list[str]:
        """Names of what the price can touch there."""
        drawn = self.dashboard.drawings.of(instrument)
        return [drawing.text.strip() for drawing in drawn if drawing.kind in LINES]

    # -- telling ---------------------------------------------------------------------------

    def _alert_fired(self, firing: Firing) -> None:
        rule, text = firing.rule, message(firing)
        # A recording is not now: nobody is to be woken by it, and nothing to be bought.
        is_now = self._launch.mode is not Mode.REPLAY
        badge = f" · {self._source.badge}" if self._source.badge else ""
        if Notice.BELL in rule.notices:
            self._ring()
        if Notice.TOAST in rule.notices and not self._shows_alerts():
            title = f"Alert{badge}" if self.size.height >= ROOMY else ""
            self.notify(text, title=title, severity="warning", timeout=_TOAST_S, markup=False)
        if Notice.DESKTOP in rule.notices and is_now:
            notify_desktop(
                self,
                f"tradetui{badge}",
                text,
                self.environment,
                passes=self._launch.settings.passthrough,
            )
        if rule.command and is_now:
            self.run_worker(
                self._commands.run(firing),
                name="alert command",
                group="alerts",
                exit_on_error=False,
            )
        self.want_for_alerts()

    def _shows_alerts(self) -> bool:
        """The list of what fired is there already, and a toast would cover it."""
        return any(isinstance(screen, AlertsScreen) for screen in self.screen_stack)

    def _ring(self) -> None:
        now = self.session.clock.monotonic()
        if now - self._rung_at >= _BELL_EVERY_S:
            self._rung_at = now
            self.bell()

    def _alert_failed(self, instrument: Instrument, text: str) -> None:
        self.session.errors.report(ErrorCategory.CONFIG, text, instrument=instrument)
