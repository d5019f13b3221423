"""Alerts: the language they are written in, what each watches, and the engine that sees every fact."""

from tui.market.alerts.engine import Alerts, RuleState, RuleStatus
from tui.market.alerts.language import FORMS, Form, read_condition, read_duration, write_condition
from tui.market.alerts.language import write_duration as write_duration

__all__ = [
    "FORMS",
    "Alerts",
    "Form",
    "RuleState",
    "RuleStatus",
    "read_condition",
    "read_duration",
    "write_condition",
    "write_duration",
]
