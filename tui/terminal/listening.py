"""Hears the terminal: what it sends becomes Textual's events, but for its answers, which are no keys.

Textual asks nothing that it does not understand the answer of, but others do (the shell before us, a
program that the terminal ran in the background, ourselves with too little patience), and an answer may
come late. Textual takes one that it does not know for keys, and each of its letters does something.
`PRIVATE_NAMES` lists what is used of Textual beside its public interface.
"""

from __future__ import annotations

import errno
import os
import re
import select
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from time import monotonic
from typing import Final

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.message import Message

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual._xterm_parser.XTermParser": ("_timeout_time", "feed", "tick"),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""

_PATIENCE_S: Final = 1.0
_LONGEST_ANSWER: Final = 65_536
_CHUNK: Final = 4096
_WAIT_S: Final = 0.1

_ANSWER: Final = re.compile(
    r"\x1b(?:"
    r"\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)"  # colours, clipboard
    r"|P[>!01][^\x1b]*\x1b\\"  # name and version, capabilities
    r"|_G[^\x1b]*\x1b\\"  # pictures
    r"|\[(?![?][0-9]+;[0-9]\$y)[?>=][0-9;:]*[ -/]*[@-~]"  # attributes; the parser knows modes
    r"|\[(?!48;)[0-9;]*t"  # sizes; the parser knows the one that comes unasked
    r"|\[[0-9;]*(?:[cnx]|\$y)"
    r")"
)
_BEGINNING: Final = re.compile(
    r"\x1b(?:\](?:[0-9]+(?:;[^\x07\x1b]*\x1b?)?)?"
    r"|P(?:[>!01][^\x1b]*\x1b?)?"
    r"|_(?:G[^\x1b]*\x1b?)?"
    r"|\[[?>=]?[0-9;:]*[ -/]*"
    r")?\Z"
)
_MAY_BE_KEYS: Final = re.compile(r"\x1b(?:[\]P_]|\[[0-9;:]*)?\Z")


class AnswerFilter:
    """Takes a terminal's answers out of what it sends, however that is cut into pieces."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held = ""
        self._deadline = 0.0

    @property
    def wait_s(self) -> float | None:
        """Seconds until `give_up` is due; None when nothing is held."""
        return max(0.0, self._deadline - self._clock()) if self._held else None

    def take(self, text: str) -> str:
        """Return what is not part of an answer; what may become one is held."""
        text = self._held + text
        self._held = ""
        passed: list[str] = []
        at = 0
        while (start := text.find("\x1b", at)) >= 0:
            passed.append(text[at:start])
            if answer := _ANSWER.match(text, start):
                at = answer.end()
            elif _BEGINNING.match(text, start):
                self._hold(text[start:])
                return "".join(passed)
            else:
                passed.append("\x1b")
                at = start + 1
        passed.append(text[at:])
        return "".join(passed)

    def give_up(self) -> str:
        """Wait no longer; returns what was held where it may have been keys."""
        held, self._held = self._held, ""
        return held if _MAY_BE_KEYS.match(held) else ""

    def _hold(self, text: str) -> None:
        if len(text) > _LONGEST_ANSWER:
            return
        self._held = text
        patience_s = ESCAPE_DELAY if _MAY_BE_KEYS.match(text) else _PATIENCE_S
        self._deadline = self._clock() + patience_s


def has_hung_up(descriptor: int) -> bool:
    """Tell whether nobody is left who could send anything."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def listen(
    terminal: int, is_over: Event, deliver: Callable[[Message], None], encoding: str = "utf-8"
) -> None:
    """Deliver what the terminal sends until it is over; for a thread of its own.

    Args:
        terminal: a descriptor to read from.
        is_over: is looked at ten times a second.
        encoding: of what the terminal sends; what is not of it becomes a replacement character.

    Raises:
        OSError: the terminal has gone.
    """
    parser = XTermParser()
    answers = AnswerFilter()
    decode = getincrementaldecoder(encoding)("replace").decode
    poll = select.poll()
    poll.register(terminal, select.POLLIN)

    def parse(text: str) -> None:
        if text:  # nothing would mean the end to the parser
            for message in parser.feed(text):
                deliver(message)

    while not is_over.is_set():
        wait_s = answers.wait_s
        if poll.poll(1000 * min(_WAIT_S, _WAIT_S if wait_s is None else wait_s)):
            data = os.read(terminal, _CHUNK)
            if not data:
                raise OSError(errno.EIO, "the terminal has hung up")
            parse(answers.take(decode(data)))
        elif wait_s is not None and answers.wait_s == 0:
            parse(answers.give_up())
            # The wait for what belongs to an escape key is over, and need not begin anew.
            if parser._timeout_time is not None:
                parser._timeout_time = 0.0
        for message in parser.tick():
            deliver(message)
