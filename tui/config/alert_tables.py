"""The alerts of the file, `[[alerts]]`, read key by key: each mistake names the key and the remedy."""

from __future__ import annotations

import hashlib
from typing import NoReturn

from tui.config.feed_tables import Table, WrongFeed
from tui.config.values import nearest, read_instrument
from tui.market.alerts.language import read_condition, read_duration, write_condition
from tui.market.alerts.telling import check_command
from tui.model.alert import USUAL_NOTICES, AlertRule, Condition, Notice
from tui.model.errors import TradeTuiError
from tui.model.instrument import Instrument

_KEYS = ("instrument", "when", "repeat", "tell", "command", "note", "enabled")


class WrongAlert(Exception):
    """What is wrong with an alert: its key, the problem, the remedy."""

    def __init__(self, key: str, problem: str, hint: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem
        self.hint = hint


def read_alert(values: object) -> AlertRule:
    """One table of `[[alerts]]`.

    Its id depends on what it watches alone, so that what the user switched off stays so while other
    alerts come and go.

    Raises:
        WrongAlert: a key or a value is wrong.
    """
    try:
        return _read(Table("", values))
    except WrongFeed as error:
        raise WrongAlert(error.key, error.problem, error.hint) from None


def _read(table: Table) -> AlertRule:
    table.allow(_KEYS)
    instrument = _instrument(table)
    condition = _condition(table)
    watched = f"{instrument} {write_condition(condition)}"
    enabled = table.flag("enabled") if "enabled" in table else True
    return AlertRule(
        id=f"file-{hashlib.sha256(watched.encode()).hexdigest()[:10]}",
        instrument=instrument,
        condition=condition,
        cooldown_s=_repeat(table),
        notices=_notices(table),
        command=_command(table),
        note=table.text("note"),
        enabled=enabled,
        is_from_settings=True,
    )


def _instrument(table: Table) -> Instrument:
    text = table.need_text("instrument", 'write one such as "BINANCE:BTCUSDT"')
    try:
        return read_instrument(text)
    except TradeTuiError as error:
        _refuse(table, "instrument", error)


def _condition(table: Table) -> Condition:
    text = table.need_text("when", 'write one such as "price > 65000"')
    try:
        return read_condition(text)
    except TradeTuiError as error:
        _refuse(table, "when", error)


def _repeat(table: Table) -> float | None:
    text = table.text("repeat", "once")
    if text == "once":
        return None
    try:
        return read_duration(text)
    except TradeTuiError as error:
        table.fail("repeat", error.message, 'write "once", or a time such as "5m"')


def _notices(table: Table) -> tuple[Notice, ...]:
    if "tell" not in table:
        return USUAL_NOTICES
    words = [str(one) for one in Notice]
    value = table.raw("tell")
    if not isinstance(value, list):
        table.fail("tell", f"{value!r} is not a list", f'write a list, such as ["{words[0]}"]')
    for word in value:
        if word not in words:
            hint = nearest(str(word), words, f"choose {', '.join(words)}")
            table.fail("tell", f"{word!r} is not one of {', '.join(words)}", hint)
    return tuple(one for one in Notice if one in value)


def _command(table: Table) -> tuple[str, ...]:
    if "command" not in table:
        return ()
    value = table.raw("command")
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        table.fail(
            "command",
            "that is not a command as a list of texts",
            'no shell reads it: write a list, such as ["notify-send", "{text}"]',
        )
    try:
        return check_command(value)
    except TradeTuiError as error:
        _refuse(table, "command", error)


def _refuse(table: Table, key: str, error: TradeTuiError) -> NoReturn:
    table.fail(key, error.message, error.hint)
