"""On a link that takes few bytes a second frames are whole, keys come first, and the end is right."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the driver is for Linux", allow_module_level=True)

from pseudo_terminal import PATIENCE_S, PseudoTerminal

pytestmark = pytest.mark.xdist_group("terminal")

APP = Path(__file__).parents[1] / "terminal/apps/ticking.py"
COLUMNS, ROWS = 60, 16


class SlowTerminal(PseudoTerminal):
    """Takes so many bytes a second, and tells where its cursor is only when it comes to the question.

    Attributes:
        numbers: of each frame that ended in a question, the different numbers that its rows showed.
        sizes: bytes between two questions.
    """

    def __init__(self, byte_rate: int, **options: Any) -> None:
        super().__init__([sys.executable, str(APP)], columns=COLUMNS, rows=ROWS, **options)
        self.byte_rate = byte_rate
        self.numbers: list[set[str]] = []
        self.sizes: list[int] = []
        self._read_at = monotonic()
        self._asked_at = 0

    def _answer(self) -> None:
        self.numbers.append({row.split(" number ")[1].split()[0] for row in self._board()})
        self.sizes.append(len(self.written) - self._asked_at)
        self._asked_at = len(self.written)
        os.write(self._far, b"\x1b[1;1R")

    def _board(self) -> list[str]:
        return [row for row in self.screen.display if " number " in row]

    def read(self, within_s: float = 0.05) -> bytes:
        sleep(max(0.0, self._read_at - monotonic()))
        if not select.select([self._far], [], [], within_s)[0]:
            return b""
        data = os.read(self._far, max(1, self.byte_rate // 100))
        self._read_at = monotonic() + len(data) / self.byte_rate
        for byte in data:  # one by one, so that a question is met with what stands before it
            self.written.append(byte)
            self._stream.feed(bytes([byte]))
            if self.written.endswith(b"\x1b[6n"):
                self._answer()
        return data

    def watch(self, seconds: float) -> None:
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            self.read()

    def drain(self) -> None:
        deadline = monotonic() + PATIENCE_S
        while self.read(0.25):
            assert monotonic() < deadline


@pytest.fixture
def terminal() -> Iterator[SlowTerminal]:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(APP.parents[3]),
    }
    terminal = SlowTerminal(1_000_000, environment=environment)
    yield terminal
    terminal.close()


def test_a_slow_link_gets_whole_frames_keys_first_and_the_right_screen_in_the_end(
    terminal: SlowTerminal,
) -> None:
    terminal.see(f"ready {terminal.process.pid}")
    terminal.drain()
    terminal.byte_rate = 12_000  # a flood has 50 frames a second, of over a kilobyte each
    terminal.type("f")
    terminal.watch(0.8)

    terminal.type("k")
    before = len(terminal.written)
    terminal.wait_for(lambda: terminal.rows[0] == "key")
    read_for_key = len(terminal.written) - before
    terminal.type("f")
    terminal.byte_rate = 1_000_000
    terminal.drain()
    shown = list(terminal.screen.display)
    terminal.screen.reset()
    terminal.process.send_signal(signal.SIGWINCH)  # the same size again asks for a redraw
    terminal.drain()

    frame = max(terminal.sizes[2:])
    assert read_for_key < 3 * frame  # what was on its way, what it waited for, and its own frame
    assert [numbers for numbers in terminal.numbers if len(numbers) > 1] == []
    assert terminal.screen.display == shown
    assert len(terminal.numbers) > 5
    terminal.type("q")
    assert terminal.wait_for_end() == 0
