"""The commands of alerts: few at once, none for ever, with what a program needs of our environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final

from tui.feed.programs import run_program
from tui.market.alerts.telling import fill_command
from tui.model.alert import Firing
from tui.model.instrument import Instrument
from tui.model.text import clean

TIMEOUT_S: Final = 30.0
AT_ONCE: Final = 4
WAITING: Final = 32
_LONGEST_COMPLAINT: Final = 160

# Programs that notify, play a sound or send a mail need no more. Tokens of venues are in variables too.
_PASSED_ON: Final = frozenset(
    (
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TERM",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS",
        "PULSE_SERVER",
        "PIPEWIRE_REMOTE",
        "TMUX",
        "TMUX_PANE",
    )
)
_FAMILIES: Final = ("LC_", "XDG_")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What a command sees of an environment."""
    return {
        name: value
        for name, value in environment.items()
        if name in _PASSED_ON or name.startswith(_FAMILIES)
    }


class AlertCommands:
    """Runs the commands of rules that fired; what goes wrong is reported, and nothing else is seen."""

    def __init__(
        self,
        report: Callable[[Instrument, str], None],
        *,
        timeout_s: float = TIMEOUT_S,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Run nothing yet; `report` is told of a command that failed, for the error log."""
        self._report = report
        self._timeout_s = timeout_s
        self._environment = environment
        self._room = asyncio.Semaphore(AT_ONCE)
        self._count = 0

    async def run(self, firing: Firing) -> None:
        """Run a rule's command to its end, when it is its turn."""
        instrument = firing.rule.instrument
        if self._count >= AT_ONCE + WAITING:
            self._report(instrument, f"an alert's command was left out: {self._count} others wait")
            return
        self._count += 1
        try:
            async with self._room:
                problem = await self._run(firing)
        finally:
            self._count -= 1
        if problem:
            # Its arguments may hold secrets: messages show the command's name only.
            name = clean(firing.rule.command[0], 60)
            self._report(instrument, f"the alert's command {name} {problem}")

    async def _run(self, firing: Firing) -> str:
        """What went wrong; "" when nothing did."""
        try:
            ended = await run_program(
                fill_command(firing.rule.command, firing),
                timeout_s=self._timeout_s,
                environment=passed_on(self._environment),
            )
        except TimeoutError:
            return f"did not end within {self._timeout_s:g} s, and was ended"
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return f"cannot be run: {reason}"
        if not ended.code:
            return ""
        said = clean((ended.complaint.strip().splitlines() or [""])[-1], _LONGEST_COMPLAINT)
        return f"failed with {ended.how}{f': {said}' if said else ''}"
