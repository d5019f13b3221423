"""A terminal is asked what it can do: what it answers is understood, and silence is not waited for."""

from __future__ import annotations

import os
import pty
import re
import select
import termios
import threading
from collections.abc import Iterator

import pytest

from tui.terminal.probe import SAMPLES, WIDTHS, Answers, ask_all, ask_background

XTERM = {
    r"\x1b\[\?(2026|2004|1006)\$p": "\x1b[?#;2$y",
    r"\x1b\[\?(69)\$p": "\x1b[?#;0$y",
    r"\x1b\]11;\?\x1b\\": "\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\",
    r"\x1b\[>0q": "\x1bP>|XTerm(390)\x1b\\",
    r"\x1b\[c": "\x1b[?64;1;22c",
}


class Terminal:
    """Answers questions at the far end of a pseudo-terminal, by patterns."""

    def __init__(self, answers: dict[str, str], widths: dict[str, int] | None = None) -> None:
        self.answers = answers
        self.widths = widths
        self.far, self.near = pty.openpty()
        self._thread = threading.Thread(target=self._answer)
        self._stop, self._stopped = os.pipe()
        self._thread.start()

    def _answer(self) -> None:
        asked = ""
        while True:
            ready = select.select([self.far, self._stop], [], [])[0]
            if self._stop in ready:
                return
            asked += os.read(self.far, 4096).decode()
            if not asked.endswith("\x1b[c"):
                continue
            for question in re.split(r"(?<=[nqpc\\])(?=[\x1b\r])", asked):
                os.write(self.far, self._answer_to(question).encode())
            asked = ""

    def _answer_to(self, question: str) -> str:
        if self.widths is not None and question.endswith("\x1b[6n"):
            text = question.strip("\r").removesuffix("\x1b[6n")
            (name,) = [name for name, sample in SAMPLES.items() if sample == text]
            return f"\x1b[3;{self.widths[name] + 1}R"
        for pattern, answer in self.answers.items():
            if match := re.search(pattern, question):
                return answer.replace("#", match[1] if match.re.groups else "")
        return ""

    def close(self) -> None:
        os.write(self._stopped, b"x")
        self._thread.join()
        for descriptor in (self.far, self.near, self._stop, self._stopped):
            os.close(descriptor)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_what_a_terminal_answers_is_understood(terminals: list[Terminal]) -> None:
    terminal = Terminal(XTERM, dict(WIDTHS))
    terminals.append(terminal)
    before = termios.tcgetattr(terminal.near)

    answers = ask_all(terminal.near, 5)

    assert answers.name == "XTerm(390)"
    assert answers.modes == {
        "synchronised": True,
        "bracketed paste": True,
        "mouse": True,
        "margins": False,
    }
    assert answers.widths == WIDTHS
    assert answers.background == (253, 246, 227)
    assert answers.took_s is not None
    assert termios.tcgetattr(terminal.near) == before


def test_wide_ambiguous_characters_are_measured(terminals: list[Terminal]) -> None:
    terminal = Terminal(XTERM, {**WIDTHS, "eighths": 6})
    terminals.append(terminal)

    assert ask_all(terminal.near, 5).widths["eighths"] == 6


def test_a_terminal_that_knows_little_answers_at_once_all_the_same(
    terminals: list[Terminal],
) -> None:
    terminal = Terminal({r"\x1b\[c": "\x1b[?1;2c"})
    terminals.append(terminal)

    answers = ask_all(terminal.near, 5)

    assert answers._replace(took_s=None) == Answers()
    assert answers.took_s is not None
    assert answers.took_s < 4


def test_a_silent_terminal_is_not_waited_for(terminals: list[Terminal]) -> None:
    terminal = Terminal({})
    terminals.append(terminal)

    assert ask_all(terminal.near, 0.05) == Answers()
    assert ask_background(terminal.near, 0.05) is None


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        ("\x1b]11;rgb:0b/0e/14\x07", (11, 14, 20)),
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", (255, 255, 255)),
        ("\x1b]11;rgba:0000/2b2b/3636/ffff\x07", (0, 43, 54)),
        ("\x1b]11;?\x07", None),
    ],
)
def test_the_background_is_read_in_every_form(
    terminals: list[Terminal], answer: str, background: tuple[int, int, int] | None
) -> None:
    terminal = Terminal({r"\x1b\]11;\?": answer, r"\x1b\[c": "\x1b[?1;2c"})
    terminals.append(terminal)

    assert ask_background(terminal.near, 5) == background


def test_what_is_no_terminal_is_not_asked() -> None:
    reading, writing = os.pipe()
    try:
        assert ask_all(writing, 5) == Answers()
    finally:
        os.close(reading)
        os.close(writing)
