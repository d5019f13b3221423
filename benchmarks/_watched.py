"""A program on a pseudo-terminal whose every byte is counted, and whose screen is looked at."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import tempfile
import termios
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import psutil
import pyte


class Screen(pyte.Screen):
    """An emulated terminal that answers what it is asked."""

    def __init__(self, columns: int, rows: int, answer: Callable[[bytes], None]) -> None:
        super().__init__(columns, rows)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data.encode())


class Watched:
    """A program of its own session and home, on a terminal of a given size.

    Attributes:
        taken: bytes written since `begin`.
        typed: when the keys of the last `record` were typed (ns).
        pids: processes besides the program whose processor time counts as its own.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 200,
        rows: int = 50,
        environment: Mapping[str, str] | None = None,
        answers: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.home = tempfile.mkdtemp(prefix="watched-")
        self.columns, self.rows = columns, rows
        self.pid, self._far = pty.fork()
        if self.pid == 0:
            os.environ.update(
                TERM="xterm-256color",
                COLORTERM="truecolor",
                LANG="C.UTF-8",
                HOME=self.home,
                XDG_CONFIG_HOME=f"{self.home}/config",
                XDG_STATE_HOME=f"{self.home}/state",
                **(environment or {}),
            )
            time.sleep(0.05)  # until the size is set
            os.execvp(command[0], command)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._far, termios.TIOCSWINSZ, size)
        os.set_blocking(self._far, False)
        os.set_inheritable(self._far, False)
        self.screen = Screen(columns, rows, self.write)
        self._stream = pyte.ByteStream(self.screen)
        self._display: list[str] = []
        self._process = psutil.Process(self.pid)
        self._answers = answers or {}
        self.pids: list[int] = []
        self.typed: list[int] = []
        self.taken = 0
        self._kept = bytearray()
        self._began = time.monotonic()
        self._worked = 0.0
        self.begin()

    # -- what it does --------------------------------------------------------------------------

    def write(self, keys: bytes) -> None:
        with suppress(OSError):
            os.write(self._far, keys)

    def watch(
        self, seconds: float, until: Callable[[], bool] | None = None, look: float = 0.05
    ) -> bool:
        """Read for a time, or until something is true, looked for whenever something came."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.read(min(look, left)) and until is not None and until():
                return True
        return until is not None and until()

    def record(
        self, seconds: float, keys: Sequence[tuple[float, bytes]] = ()
    ) -> list[tuple[int, bytes]]:
        """Read for a time without looking, so that nobody waits for us: what came, and when (ns).

        `keys` are typed so many seconds after the beginning; `typed` tells when that was (ns).
        """
        self.typed = []
        chunks: list[tuple[int, bytes]] = []
        began = time.monotonic()
        due = list(keys)
        while (passed := time.monotonic() - began) < seconds:
            while due and due[0][0] <= passed:
                self.typed.append(time.monotonic_ns())
                self.write(due.pop(0)[1])
            ends = min(seconds, due[0][0]) if due else seconds
            if data := self._take(max(0.0, min(0.05, ends - passed)), 65_536):
                chunks.append((time.monotonic_ns(), data))
                self._tell_cursor(data)
        return chunks

    @staticmethod
    def record_all(watched: Sequence[Watched], seconds: float) -> list[list[tuple[int, bytes]]]:
        """Do as `record` for several at once."""
        chunks: list[list[tuple[int, bytes]]] = [[] for _ in watched]
        numbers = {one._far: number for number, one in enumerate(watched)}
        poll = select.poll()
        for far in numbers:
            poll.register(far, select.POLLIN)
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            for far, _ in poll.poll(left * 1e3):
                one = watched[numbers[far]]
                if data := one._take(0.0, 65_536):
                    chunks[numbers[far]].append((time.monotonic_ns(), data))
                    one._tell_cursor(data)
        return chunks

    def _tell_cursor(self, data: bytes) -> None:
        if asked := data.count(b"\x1b[6n"):
            self.write(b"\x1b[1;1R" * asked)

    def replay(
        self, chunks: Sequence[tuple[int, bytes]], look: Callable[[int], object] | None = None
    ) -> None:
        """Show what was recorded, and look at the screen after each piece of it."""
        answer, self.screen._answer = self.screen._answer, lambda data: None
        for moment, data in chunks:
            with suppress(Exception):  # what the emulator does not know
                self._stream.feed(data)
            if look is not None:
                look(moment)
        self.screen._answer = answer

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal a size, or the same again, as one that asks for a redraw."""
        self.columns, self.rows = columns, rows
        self.screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._far, termios.TIOCSWINSZ, size)
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, within_s: float, most: int = 65_536) -> bytes:
        """Take what comes within a time, and show it."""
        data = self._take(within_s, most)
        with suppress(Exception):  # what the emulator does not know
            self._stream.feed(data)
        return data

    def _take(self, within_s: float, most: int) -> bytes:
        if not select.select([self._far], [], [], within_s)[0]:
            return b""
        try:
            data = os.read(self._far, most)
        except OSError:
            raise SystemExit("it ended early:\n" + self.text) from None
        self.taken += len(data)
        self._kept += data
        for question, answer in self._answers.items():
            if question in data:
                self.write(answer)
        return data

    @property
    def display(self) -> list[str]:
        """The rows of the screen; only those that were written to since the last look are read again."""
        screen = self.screen
        columns = range(screen.columns)
        if len(self._display) != screen.lines:
            self._display = [""] * screen.lines
            screen.dirty.update(range(screen.lines))
        for y in screen.dirty:
            if y < screen.lines:
                row = screen.buffer[y]
                self._display[y] = "".join([row[x].data for x in columns])
        screen.dirty.clear()
        return self._display

    @property
    def text(self) -> str:
        return "\n".join(self.display)

    # -- what it cost --------------------------------------------------------------------------

    def begin(self) -> None:
        """Count from now."""
        self.taken = 0
        self._kept = bytearray()
        self._began, self._worked = time.monotonic(), self._cpu_s()

    @property
    def kept(self) -> bytes:
        """What was written since `begin`."""
        return bytes(self._kept)

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.taken / self._elapsed()

    @property
    def packed_rate(self) -> float:
        """Bytes a second as one stream of zlib at level 6, as OpenSSH packs them."""
        return len(zlib.compress(self.kept, 6)) / self._elapsed()

    @property
    def load(self) -> float:
        """Per cent of a core, children included."""
        return (self._cpu_s() - self._worked) / self._elapsed() * 100

    @property
    def memory_mib(self) -> float:
        """Resident, of the program alone."""
        return float(self._process.memory_info().rss) / 2**20

    @property
    def memory_alone_mib(self) -> tuple[float, float]:
        """With its share of what others hold too (PSS), and only what no other holds (USS)."""
        held = self._process.memory_full_info()
        return held.pss / 2**20, held.uss / 2**20

    def _elapsed(self) -> float:
        return max(1e-3, time.monotonic() - self._began)

    def _cpu_s(self) -> float:
        worked = 0.0
        processes = [self._process, *self._process.children(recursive=True)]
        for pid in self.pids:
            with suppress(psutil.Error):
                processes.append(psutil.Process(pid))
        for process in processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                worked += times.user + times.system
        return worked

    # -- its end -------------------------------------------------------------------------------

    def end(self, keys: bytes = b"q", within_s: float = 4.0) -> bool:
        """Ask it to quit; True when it did, and did not have to be killed."""
        self.write(keys)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with suppress(OSError, SystemExit):
                self.read(0.02)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                os.close(self._far)
                return True
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._far)
        return False


def kind_of(data: bytes) -> dict[str, int]:
    """How many bytes of an output are text, cursor moves, colours, erasures, and the rest."""
    kinds = dict.fromkeys(("text", "moves", "colours", "erasures", "other"), 0)
    at, size = 0, len(data)
    while at < size:
        byte = data[at]
        if byte == 0x1B and at + 1 < size:
            end = at + 2
            if data[at + 1] == 0x5B:
                while end < size and not 0x40 <= data[end] <= 0x7E:
                    end += 1
                end += 1
                final = data[end - 1 : end]
                if final == b"m":
                    kind = "colours"
                elif final in (b"K", b"J", b"X", b"P", b"@", b"S", b"T", b"L", b"M", b"b"):
                    kind = "erasures"
                elif final in (b"h", b"l"):
                    kind = "other"
                else:
                    kind = "moves"
            else:
                kind = "moves" if data[at + 1] in b"DME" else "other"
            kinds[kind] += end - at
            at = end
            continue
        kinds["moves" if byte in (8, 9, 10, 13) else "text"] += 1
        at += 1
    return kinds
