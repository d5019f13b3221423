"""The user's alerts: each rule sees every fact of its instrument, and fires as soon as it comes true."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from tui.market.alerts.detectors import Detector, PriceDetector, TruthDetector
from tui.market.alerts.lags import Lags
from tui.market.alerts.making import make_detector, needs
from tui.market.alerts.watching import Armed, InstrumentWatch
from tui.market.market import Market
from tui.model.alert import AlertRule, Firing
from tui.model.chart import Drawing
from tui.model.instrument import Instrument
from tui.model.subscription import Subscription, SubscriptionStatus

_HISTORY: Final = 500


class Time(Protocol):
    """What time it is, as the feeds' clock says it."""

    def time_ns(self) -> int: ...

    def monotonic(self) -> float: ...


class RuleStatus(StrEnum):
    """armed: it watches; waiting: what it watches is not live; cooling: it fired and may not yet again;
    fired: it fired once and is done; off: switched off."""

    ARMED = "armed"
    WAITING = "waiting"
    COOLING = "cooling"
    FIRED = "fired"
    OFF = "off"


class RuleState(msgspec.Struct, frozen=True):
    """How a rule stands.

    Attributes:
        why: what it waits for, in a few words; else "".
        fired_at: when (ns) it fired last in this run; 0 for never. count: how often it did.
        wait_s: seconds until it may fire again, while it is cooling.
    """

    status: RuleStatus
    why: str = ""
    fired_at: int = 0
    count: int = 0
    wait_s: float = 0.0


class Alerts:
    """Rules, and what became of them. One thread only, as the market itself.

    Attributes:
        history: what fired in this run, oldest first; of very much the newest.
        unseen: how many of them nobody has looked at yet.
        revision: changes with every change of the rules and with every firing.
    """

    def __init__(
        self,
        market: Market,
        time: Time,
        *,
        drawings: Callable[[Instrument], Sequence[Drawing]] = lambda _: (),
        fired: Callable[[Firing], None] = lambda _: None,
        failed: Callable[[Instrument, str], None] = lambda _, __: None,
    ) -> None:
        """Begin without rules.

        Args:
            drawings: what is drawn on an instrument's charts now.
            fired: called in the moment a rule fires; what it does must be quick.
            failed: called where a rule met a fault of ours.
        """
        self._market = market
        self._time = time
        self._drawings = drawings
        self._fired = fired
        self._failed = failed
        self._rules: dict[str, AlertRule] = {}
        self._armed: dict[str, Armed] = {}
        self._problems: dict[str, str] = {}  # why a rule that is on cannot watch
        self._last: dict[str, tuple[int, int]] = {}  # when a rule fired last, and how often
        self._watches: dict[Instrument, InstrumentWatch] = {}
        self._lags = Lags()
        self.history: deque[Firing] = deque(maxlen=_HISTORY)
        self.unseen = 0
        self.revision = 0

    # -- rules -----------------------------------------------------------------------------

    @property
    def rules(self) -> list[AlertRule]:
        return list(self._rules.values())

    def rules_of(self, instrument: Instrument) -> list[AlertRule]:
        return [rule for rule in self._rules.values() if rule.instrument == instrument]

    def put(self, *rules: AlertRule) -> None:
        """Add rules, or put them in the place of those with the same ids; they begin anew."""
        for rule in rules:
            self._disarm(rule.id)
            self._rules[rule.id] = rule
            if rule.enabled:
                self._arm(rule)
        self.revision += 1

    def remove(self, rule_id: str) -> None:
        self._disarm(rule_id)
        self._last.pop(rule_id, None)
        if self._rules.pop(rule_id, None) is not None:
            self.revision += 1

    def switch(self, rule_id: str, enabled: bool) -> None:
        """Switch a rule on or off; one that is switched on begins anew."""
        rule = self._rules[rule_id]
        self.put(msgspec.structs.replace(rule, enabled=enabled))

    def state(self, rule_id: str) -> RuleState:
        rule = self._rules[rule_id]
        fired_at, count = self._last.get(rule_id, (0, 0))
        if not rule.enabled:
            done = rule.cooldown_s is None and count
            return RuleState(RuleStatus.FIRED if done else RuleStatus.OFF, "", fired_at, count)
        armed = self._armed.get(rule_id)
        if armed is None:
            why = self._problems.get(rule_id, "")
            return RuleState(RuleStatus.WAITING, why, fired_at, count)
        wait_s = armed.cool_at_s - self._time.monotonic()
        if wait_s > 0:
            return RuleState(RuleStatus.COOLING, "", fired_at, count, wait_s)
        why = self._waits_for(rule, armed.detector)
        status = RuleStatus.WAITING if why else RuleStatus.ARMED
        return RuleState(status, why, fired_at, count)

    def wanted(self) -> set[Subscription]:
        """What the active rules need, whether or not anything on the screen shows it."""
        return {
            subscription
            for rule in self._rules.values()
            if rule.id in self._armed
            for subscription in needs(rule)
        }

    # -- what happens ----------------------------------------------------------------------

    def check_time(self) -> None:
        """Look at what comes true by time alone; to be called about once a second."""
        now_s = self._time.monotonic()
        for watch in list(self._watches.values()):
            watch.check_time(now_s)

    def acknowledge(self) -> None:
        """The user looks at what fired."""
        self.unseen = 0

    # -- inside ----------------------------------------------------------------------------

    def _arm(self, rule: AlertRule) -> None:
        made = make_detector(rule, self._drawings, self._market)
        if isinstance(made, str):
            self._problems[rule.id] = made
            return
        watch = self._watches.get(rule.instrument)
        if watch is None:
            watch = InstrumentWatch(
                self._market,
                rule.instrument,
                lags=self._lags,
                monotonic=self._time.monotonic,
                fire=self._fire,
                failed=self._failed,
            )
            self._watches[rule.instrument] = watch
            self._market.watch(rule.instrument, watch)
        self._armed[rule.id] = armed = Armed(rule.id, made)
        watch.add(armed)

    def _disarm(self, rule_id: str) -> None:
        self._problems.pop(rule_id, None)
        armed = self._armed.pop(rule_id, None)
        if armed is None:
            return
        instrument = self._rules[rule_id].instrument
        watch = self._watches[instrument]
        watch.remove(armed)
        if watch.is_empty:
            del self._watches[instrument]
            self._market.unwatch(instrument, watch)

    def _fire(self, armed: Armed, value: float, ts_exchange: int, after: str) -> None:
        if self._armed.get(armed.rule_id) is not armed:
            return  # what fired by the same fact has changed this rule
        rule = self._rules[armed.rule_id]
        watch = self._watches[rule.instrument]
        price, price_text = watch.newest_price()
        text = armed.detector.describe(value, price_text) + after
        now = self._time.time_ns()
        armed.detector.told()
        firing = Firing(
            rule=rule,
            ts=now,
            ts_exchange=ts_exchange,
            value=value,
            price=price,
            price_text=price_text,
            text=text,
        )
        self.history.append(firing)
        self.unseen += 1
        self._last[rule.id] = (now, self._last.get(rule.id, (0, 0))[1] + 1)
        self.revision += 1
        if rule.cooldown_s is None:
            self._disarm(rule.id)
            self._rules[rule.id] = msgspec.structs.replace(rule, enabled=False)
        else:
            armed.cool_at_s = self._time.monotonic() + rule.cooldown_s
        self._fired(firing)

    def _waits_for(self, rule: AlertRule, detector: Detector) -> str:
        if isinstance(detector, TruthDetector):
            return ""
        *others, needed = needs(rule)
        truth = self._market.truth(needed)
        if truth.status is SubscriptionStatus.LIVE:
            return ""
        # A price may come by tickers instead, and so may a spread where there is no book.
        is_replaced = (
            isinstance(detector, PriceDetector) or truth.status is SubscriptionStatus.REJECTED
        )
        if is_replaced and any(self._is_live(one) for one in others):
            return ""
        reason = f": {truth.reason}" if truth.reason else ""
        return f"{needed.channel} {truth.status}{reason}"

    def _is_live(self, subscription: Subscription) -> bool:
        return self._market.truth(subscription).status is SubscriptionStatus.LIVE
