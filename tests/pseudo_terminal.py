"""A command on a real pseudo-terminal: keys go in, what it writes goes through a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

import pyte

PATIENCE_S = 30.0
# The command gets the terminal as its controlling one, as a login shell does it; without this no
# SIGWINCH would tell of a new size. It keeps its process id.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_MODES = {
    "alternate screen": 1049,
    "mouse buttons": 1000,
    "mouse moves": 1003,
    "mouse coordinates": 1006,
    "mouse pixels": 1016,
    "focus reports": 1004,
    "bracketed paste": 2004,
    "synchronised output": 2026,
    "size reports": 2048,
}


class PseudoTerminal:
    """The far end of a terminal with a command on it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        self._far, self._near = os.openpty()
        self._tell_size(columns, rows)
        self._attributes_before = termios.tcgetattr(self._near)
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", _TAKE_TERMINAL, *command],
            stdin=self._near,
            stdout=self._near,
            stderr=self._near,
            start_new_session=True,
            env=dict(environment),
        )

    def _tell_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # -- what the user does ----------------------------------------------------------------

    def type(self, keys: str) -> None:
        os.write(self._far, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size; the command hears of it by SIGWINCH."""
        self.screen.resize(rows, columns)
        self._tell_size(columns, rows)

    # -- what the user sees ----------------------------------------------------------------

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def read(self, within_s: float = 0.05) -> bytes:
        """Take what comes within a time, as little as one read; nothing once the line is closed."""
        if not select.select([self._far], [], [], within_s)[0]:
            return b""
        data = os.read(self._far, 65_536)
        self.written += data
        self._stream.feed(data)
        return data

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Read until something is true of the screen."""
        deadline = monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, f"it ended:\n{self.text}"
            assert monotonic() < deadline, f"still not so:\n{self.text}"
            self.read()

    def see(self, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Read until a text is on the screen."""
        self.wait_for(lambda: text in self.text, timeout_s)

    def see_gone(self, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Read until a text is no longer on the screen."""
        self.wait_for(lambda: text not in self.text, timeout_s)

    def wait_for_end(self, timeout_s: float = PATIENCE_S) -> int:
        """Read until the command has ended; returns its exit code."""
        deadline = monotonic() + timeout_s
        while self.process.poll() is None:
            assert monotonic() < deadline, f"it does not end:\n{self.text}"
            self.read()
        while self.read(0.1):
            pass
        return self.process.returncode

    # -- what it leaves --------------------------------------------------------------------

    def leftovers(self) -> list[str]:
        """What is not as it was before the command: modes of the terminal that are still on."""
        left = [name for name, mode in _MODES.items() if self._is_on(b"\x1b[?%dh", b"l", mode)]
        if self.written.rfind(b"\x1b[?25l") > self.written.rfind(b"\x1b[?25h"):
            left.append("hidden cursor")
        if self.written.rfind(b"\x1b[>") > self.written.rfind(b"\x1b[<u"):
            left.append("keyboard protocol")
        if termios.tcgetattr(self._near) != self._attributes_before:
            left.append("line attributes")
        return left

    def _is_on(self, switch: bytes, off: bytes, mode: int) -> bool:
        on = switch % mode
        return self.written.rfind(on) > self.written.rfind(on[:-1] + off)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._far)
        os.close(self._near)


def children_of(pid: int) -> set[int]:
    """The processes that a process has started and that still run."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.add(int(path.parent.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def end(pids: set[int]) -> None:
    """End what is left of a failed test."""
    for pid in pids:
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)
