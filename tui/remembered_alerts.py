"""Alerts as state.toml keeps them: their conditions in the words that the user may write."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tui.config import read_instrument
from tui.model.alert import USUAL_NOTICES, AlertRule, Notice
from tui.model.errors import TradeTuiError


class RememberedAlert(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """One rule. `cooldown_s` 0 is that of a rule that fires once."""

    id: str
    instrument: str
    when: str
    cooldown_s: float = 0.0
    tell: tuple[Notice, ...] = USUAL_NOTICES
    command: tuple[str, ...] = ()
    note: str = ""
    enabled: bool = True


def remember(rules: Iterable[AlertRule]) -> list[RememberedAlert]:
    """The rules that do not stand in config.toml."""
    from tui.market.alerts.language import write_condition  # only for those who have alerts

    return [
        RememberedAlert(
            id=rule.id,
            instrument=str(rule.instrument),
            when=write_condition(rule.condition),
            cooldown_s=rule.cooldown_s or 0.0,
            tell=rule.notices,
            command=rule.command,
            note=rule.note,
            enabled=rule.enabled,
        )
        for rule in rules
    ]


def recall(alerts: Iterable[RememberedAlert]) -> tuple[tuple[AlertRule, ...], list[str]]:
    """The rules, and what was wrong with those that cannot be understood any more."""
    rules, problems = [], []
    for alert in alerts:
        try:
            rules.append(_recall(alert))
        except TradeTuiError as error:
            problems.append(f"the alert {alert.instrument} {alert.when!r} is left out: {error}")
    return tuple(rules), problems


def _recall(alert: RememberedAlert) -> AlertRule:
    from tui.market.alerts.language import read_condition  # likewise
    from tui.market.alerts.telling import check_command

    return AlertRule(
        id=alert.id,
        instrument=read_instrument(alert.instrument),
        condition=read_condition(alert.when),
        cooldown_s=alert.cooldown_s or None,
        notices=alert.tell,
        command=check_command(alert.command) if alert.command else (),
        note=alert.note,
        enabled=alert.enabled,
    )
