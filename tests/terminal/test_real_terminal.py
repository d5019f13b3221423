"""On a real pseudo-terminal: the screen is right, idle costs nothing, and the terminal is given back."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("the driver is for Linux", allow_module_level=True)

APP = Path(__file__).parent / "apps" / "ticking.py"
COLUMNS, ROWS = 80, 24
PATIENCE_S = 20.0


class Terminal:
    """The far end of a pseudo-terminal with the ticking app on it."""

    def __init__(self, emulator: Any, report: Path) -> None:
        self.report = report
        self.emulator = emulator(COLUMNS, ROWS)
        self.written = b""
        self.far, self.near = pty.openpty()
        self.set_size(COLUMNS, ROWS)
        self.modes_before = termios.tcgetattr(self.near)
        self.process = subprocess.Popen(
            [sys.executable, str(APP), str(report)],
            stdin=self.near,
            stdout=self.near,
            stderr=self.near,
            # As a login shell does it: the terminal is the controlling one.
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),  # type: ignore[func-returns-value]
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PYTHONPATH": str(APP.parents[3]),
            },
        )

    def set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, within_s: float) -> bytes:
        """Take what the app wrote within a time, as little as one read."""
        if not select.select([self.far], [], [], within_s)[0]:
            return b""
        data = os.read(self.far, 65_536)
        self.written += data
        self.emulator.feed(data.decode("utf-8", "replace"))
        return data

    def read_until(self, is_so: Callable[[], bool]) -> None:
        deadline = monotonic() + PATIENCE_S
        while not is_so():
            assert monotonic() < deadline, "\n".join(self.emulator.rows())
            self.read(0.05)

    def read_until_quiet(self, for_s: float = 0.3) -> None:
        while self.read(for_s):
            pass

    def start(self) -> None:
        self.read_until(lambda: self.shows(f"ready {self.process.pid}"))
        self.read_until_quiet(0.5)

    def shows(self, text: str) -> bool:
        return any(text in row for row in self.emulator.rows())

    def type(self, keys: str) -> None:
        os.write(self.far, keys.encode())

    def read_to_the_end(self) -> int:
        deadline = monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert monotonic() < deadline
            self.read(0.05)
        self.read_until_quiet(0.1)
        return self.process.returncode

    def is_as_before(self) -> bool:
        """Tell whether modes, screen, cursor and mouse are as they were before the app."""
        written = self.written
        return (
            termios.tcgetattr(self.near) == self.modes_before
            and written.rfind(b"\x1b[?1049l") > written.rfind(b"\x1b[?1049h")
            and written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l")
            and written.rfind(b"\x1b[?2004l") > written.rfind(b"\x1b[?2004h")
            and all(
                written.rfind(b"\x1b[?%dl" % mode) > written.rfind(b"\x1b[?%dh" % mode)
                for mode in (1000, 1003, 1006, 1015)
            )
            and written.rfind(b"\x1b[<u") > written.rfind(b"\x1b[>")
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for descriptor in (self.far, self.near):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def terminal(emulator: Any, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(emulator, tmp_path / "report")
    yield terminal
    terminal.close()


def test_keys_change_the_screen_and_quitting_gives_the_terminal_back(terminal: Terminal) -> None:
    terminal.start()
    assert terminal.shows("line 3 number 0 0000")

    terminal.type("t")
    terminal.read_until(lambda: terminal.shows("line 20 number 1 1111"))
    terminal.type("q")

    assert terminal.read_to_the_end() == 0
    assert terminal.is_as_before()


def test_a_terminal_with_one_screen_is_left_blank(terminal: Terminal) -> None:
    terminal.start()

    terminal.type("q")
    terminal.read_to_the_end()

    _, _, last = terminal.written.rpartition(b"\x1b[m\x1b[H\x1b[2J")
    assert b"\x1b[?1049l" in last
    assert b"line " not in last


def test_an_idle_app_writes_nothing(terminal: Terminal) -> None:
    terminal.start()

    assert terminal.read(1.5) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_the_app_and_gives_the_terminal_back(
    terminal: Terminal, number: signal.Signals
) -> None:
    terminal.start()

    terminal.process.send_signal(number)

    assert terminal.read_to_the_end() == 128 + number
    assert terminal.is_as_before()


def test_a_resize_paints_everything_anew(terminal: Terminal) -> None:
    terminal.start()

    terminal.emulator.resize(50, 10)
    terminal.set_size(50, 10)

    terminal.read_until(lambda: terminal.shows("line 8 number 0") and not terminal.shows("#"))


def test_a_storm_of_sizes_is_painted_as_few_frames(terminal: Terminal) -> None:
    terminal.start()
    terminal.emulator.resize(70, 20)

    for turn in range(60):
        terminal.set_size(50 + turn % 9, 10 + turn % 5)
        select.select([], [], [], 0.003)
    terminal.set_size(70, 20)
    before = len(terminal.written)

    terminal.read_until(lambda: terminal.shows("line 18 number 0") and not terminal.shows("#"))
    frames = terminal.written[before:].count(b"ready")
    # On a busy machine the storm takes long enough for some frames between.
    assert frames <= 40
    assert terminal.emulator.rows()[19].startswith("line 18 number 0")


def test_suspended_and_resumed_the_screen_is_whole_again(terminal: Terminal) -> None:
    terminal.start()
    terminal.type("z")
    terminal.read_until(lambda: _is_stopped(terminal.process.pid))
    terminal.read_until_quiet(0.1)
    assert terminal.is_as_before()

    terminal.emulator.resize(COLUMNS, ROWS)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.read_until(lambda: terminal.shows("line 20 number 0") and not terminal.shows("#"))
    terminal.type("q")

    assert terminal.read_to_the_end() == 0
    assert terminal.is_as_before()


def test_stopped_without_asking_and_continued_it_paints_anew(terminal: Terminal) -> None:
    terminal.start()
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.read_until(lambda: _is_stopped(terminal.process.pid))
    terminal.emulator.resize(COLUMNS, ROWS)

    terminal.process.send_signal(signal.SIGCONT)

    terminal.read_until(lambda: terminal.shows("line 20 number 0") and not terminal.shows("#"))


def test_a_reader_that_stops_does_not_stop_the_app(terminal: Terminal) -> None:
    terminal.start()
    terminal.type("f")
    terminal.read(1)
    # Nobody reads now; the app goes on for a while, then is asked to stop flooding.
    deadline = monotonic() + 2.5
    while monotonic() < deadline:
        select.select([], [], [], 0.1)
    terminal.type("f")
    select.select([], [], [], 0.3)
    terminal.type("t")

    terminal.read_until_quiet()
    numbers = {row.split(" number ")[1].split()[0] for row in terminal.emulator.rows()[1:]}
    terminal.type("q")

    assert len(numbers) == 1, "all lines are of the newest frame"
    assert terminal.read_to_the_end() == 0
    _, sent, held = map(float, terminal.report.read_text().split())
    assert held > 20
    assert int(*numbers) > sent


def test_the_loop_does_not_wait_for_the_terminal(terminal: Terminal) -> None:
    terminal.start()
    terminal.type("f")
    deadline = monotonic() + 2.5
    while monotonic() < deadline:
        select.select([], [], [], 0.1)
    terminal.type("q")

    assert terminal.read_to_the_end() == 0
    worst_lag_s = float(terminal.report.read_text().split()[0])
    assert worst_lag_s < 0.5  # a blocked loop would have stood for all the two seconds


def test_a_stuck_terminal_does_not_keep_the_app_from_ending(terminal: Terminal) -> None:
    terminal.start()
    terminal.type("f")
    select.select([], [], [], 1.0)  # floods what nobody reads

    terminal.process.send_signal(signal.SIGTERM)

    assert terminal.process.wait(PATIENCE_S / 2) == 128 + signal.SIGTERM
    terminal.read_until_quiet(0.2)
    assert terminal.is_as_before()


def test_a_closed_terminal_ends_the_app(terminal: Terminal) -> None:
    terminal.start()

    os.close(terminal.far)
    os.close(terminal.near)
    terminal.far = terminal.near = -1

    assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGHUP


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
