"""Notifications on the desktop of whoever sits at the terminal, by escape sequences: OSC 9 and OSC 777.

They need no program and no permission on this machine, and so they work over SSH. `PRIVATE_NAMES` lists
what is used of Textual beside its public interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App

from tui.model.text import clean
from tui.terminal.detection import find_multiplexer
from tui.terminal.passing import pass_through

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual.app.App": ("_driver",),
    "textual.driver.Driver": ("is_web", "write"),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""

LONGEST_TITLE = 60
LONGEST_BODY = 200
_END = "\x1b\\"
# Who understands both would show both, and the second has a title.
_BY_777 = ("foot", "rxvt-unicode", "xterm-ghostty", "wezterm", "contour")
_PROGRAMS_BY_777 = ("WezTerm", "ghostty", "contour")
_BY_9 = ("xterm-kitty", "mintty")
_PROGRAMS_BY_9 = ("iTerm.app", "mintty")
_DEAF = ("linux", "dumb", "cons25", "vt100", "vt220")
"""Would show the text of a sequence that they do not know."""


def notification(
    title: str, body: str, environment: Mapping[str, str], *, passes: bool = True
) -> str:
    """What to write to a terminal so that its desktop shows a notification; "" where it cannot.

    A terminal that is not known gets both kinds, of which most know at most one.

    Args:
        environment: what tells the terminal: TERM, TERM_PROGRAM, VTE_VERSION, TMUX, STY.
        passes: through tmux or screen to the terminal around them, which alone can show it.
    """
    title, body = _field(title, LONGEST_TITLE), _field(body, LONGEST_BODY)
    by_9 = f"\x1b]9;{title}: {body}{_END}"
    by_777 = f"\x1b]777;notify;{title};{body}{_END}"
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if multiplexer := find_multiplexer(environment).name:
        if not passes:
            return ""
        return pass_through(by_9, multiplexer) + pass_through(by_777, multiplexer)
    if term in ("", *_DEAF):
        return ""
    if program in _PROGRAMS_BY_777 or term.startswith(_BY_777) or "VTE_VERSION" in environment:
        return by_777
    if program in _PROGRAMS_BY_9 or term.startswith(_BY_9):
        return by_9
    return by_9 + by_777


def notify_desktop(
    app: App[Any], title: str, body: str, environment: Mapping[str, str], *, passes: bool = True
) -> None:
    """Show a notification on the desktop of the app's terminal, where there is one that can."""
    driver = app._driver
    if driver is not None and not driver.is_web:
        driver.write(notification(title, body, environment, passes=passes))


def _field(text: str, limit: int) -> str:
    """A text that ends no field and no sequence: a semicolon would begin the next field, and a number
    before one has a meaning of its own to some terminals."""
    return clean(text).replace(";", ",")[:limit].strip()
