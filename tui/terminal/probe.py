"""Asks a terminal what it can do. Whoever asks must have the terminal for himself: before the app."""

from __future__ import annotations

import os
import re
import select
import termios
import tty
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Final, NamedTuple

DEFAULT_TIMEOUT_S: Final = 3.0
SAMPLES: Final[Mapping[str, str]] = {
    "eighths": "▁▂▃",
    "halves": "▀▄█",
    "braille": "⣿⡇⠁",
    "marks": "●▲▼",
    "lines": "│┄┃",
    "wide": "币安",
    "combining": "e\u0301",
}
"""Texts whose width on the terminal is measured."""
WIDTHS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("eighths", "halves", "braille", "marks", "lines"), 3),
    "wide": 4,
    "combining": 1,
}
"""Their width in columns, as we count it."""
MODES: Final[Mapping[str, int]] = {
    "synchronised": 2026,
    "bracketed paste": 2004,
    "mouse": 1006,
    "margins": 69,
}
"""Modes that a terminal is asked for, by number."""

_REPLY_OF_MODE: Final = re.compile(rb"\x1b\[\?(\d+);(\d)\$y")
_REPLY_OF_CURSOR: Final = re.compile(rb"\x1b\[(\d+);(\d+)R")
_REPLY_OF_BACKGROUND: Final = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})"
)
_REPLY_OF_NAME: Final = re.compile(rb"\x1bP>\|([ -~]{1,80})\x1b\\")
_REPLY_OF_ATTRIBUTES: Final = re.compile(rb"\x1b\[\?[0-9;]+c")  # all terminals know it: asked last


class Answers(NamedTuple):
    """What a terminal answered; where it did not, None or nothing.

    Attributes:
        name: its own, with its version; "" when it does not tell.
        modes: by the words of `MODES`, whether it knows the mode.
        widths: by the words of `SAMPLES`, the columns that they took.
        background: red, green and blue, 0 to 255.
        took_s: seconds until the last answer; None without any.
    """

    name: str = ""
    modes: Mapping[str, bool] = {}
    widths: Mapping[str, int] = {}
    background: tuple[int, int, int] | None = None
    took_s: float | None = None


def ask_all(
    terminal: int, timeout_s: float = DEFAULT_TIMEOUT_S, *, may_name: bool = True
) -> Answers:
    """Ask for everything; waits for the last answer, but no longer than the timeout.

    Args:
        terminal: a descriptor of it, for reading and writing.
        may_name: also ask for its name, which some old ones would print.
    """
    samples = "".join(f"\r{sample}\x1b[6n" for sample in SAMPLES.values())
    asked = samples + "\r\x1b[K"
    asked += "".join(f"\x1b[?{mode}$p" for mode in MODES.values())
    asked += "\x1b]11;?\x1b\\" + ("\x1b[>0q" if may_name else "")
    began = monotonic()
    written = _ask(terminal, asked, timeout_s)
    took_s = monotonic() - began
    known = {int(number): state != b"0" for number, state in _REPLY_OF_MODE.findall(written)}
    columns = [int(column) - 1 for _, column in _REPLY_OF_CURSOR.findall(written)]
    name = _REPLY_OF_NAME.search(written)
    return Answers(
        name=name[1].decode("ascii") if name else "",
        modes={word: known[number] for word, number in MODES.items() if number in known},
        widths=dict(zip(SAMPLES, columns, strict=False)) if len(columns) == len(SAMPLES) else {},
        background=_background(written),
        took_s=took_s if _REPLY_OF_ATTRIBUTES.search(written) else None,
    )


def ask_background(terminal: int, timeout_s: float) -> tuple[int, int, int] | None:
    """Ask for the background's colour: red, green, blue, 0 to 255; None when it does not tell."""
    return _background(_ask(terminal, "\x1b]11;?\x1b\\", timeout_s))


def _background(written: bytes) -> tuple[int, int, int] | None:
    found = _REPLY_OF_BACKGROUND.search(written)
    if found is None:
        return None
    red, green, blue = (
        round(int(part, 16) * 255 / (16 ** len(part) - 1)) for part in found.groups()
    )
    return red, green, blue


def _ask(terminal: int, questions: str, timeout_s: float) -> bytes:
    """Return what came back, up to the answer to a last question that every terminal knows."""
    came = b""
    with suppress(OSError, termios.error), _raw(terminal):
        os.write(terminal, f"{questions}\x1b[c".encode())
        deadline = monotonic() + timeout_s
        while not _REPLY_OF_ATTRIBUTES.search(came) and (left := deadline - monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                data = os.read(terminal, 4096)
                if not data:
                    break
                came += data
    return came


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Have the answers as they come, and unseen; what was typed ahead is lost."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal, termios.TCSAFLUSH)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
