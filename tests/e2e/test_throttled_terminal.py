"""The whole program on a terminal that takes few bytes a second, or none for a while.

`make slow-links` stays longer at each rate and stops for half a minute; TRADETUI_LINK_S and
TRADETUI_STOP_S choose other times.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the driver is for Linux", allow_module_level=True)

from emulator import Cell, Emulator
from pseudo_terminal import PATIENCE_S, PseudoTerminal, children_of, end
from written_codes import faults

pytestmark = pytest.mark.xdist_group("terminal")

PROGRAM = Path(__file__).parent / "apps/probed_program.py"
COLUMNS, ROWS = 200, 60
RATES = {"40 KiB/s": 40_960, "4 KiB/s": 4_096, "1 KiB/s": 1_024}
OPEN = 10_000_000  # bytes a second
REDRAW = (
    signal.SIGWINCH
)  # the same size again: all is painted anew, and there is something to wait for
LINK_S = float(os.environ.get("TRADETUI_LINK_S", "0.6"))
STOP_S = float(os.environ.get("TRADETUI_STOP_S", "0.8"))
MOST_GROWTH_MIB = 4.0
MOST_LAG_MS = 50.0

Figures = dict[str, Any]


class Link(PseudoTerminal):
    """Takes so many bytes a second, and answers what it is asked when it comes to the question.

    Attributes:
        writes: where each write of the program ended, of all that it has written.
    """

    def __init__(self, home: Path) -> None:
        self.report = home / "report"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(PROGRAM.parents[3]),
        }
        command = [sys.executable, str(PROGRAM), str(self.report), "--regime", "busy"]
        super().__init__(command, environment=environment, columns=COLUMNS, rows=ROWS)
        self.rate = OPEN
        self._asked_to = 0
        self._next = monotonic()
        self._told = 0
        self.writes: list[int] = []

    def read(self, within_s: float = 0.05) -> bytes:
        sleep(max(0.0, min(within_s, self._next - monotonic())))
        if monotonic() < self._next or not select.select([self._far], [], [], within_s)[0]:
            return b""
        data = os.read(self._far, max(16, min(65_536, self.rate // 100)))
        self._next = monotonic() + len(data) / self.rate
        self.written += data
        self._stream.feed(data)
        for question, answer in ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[?2026$p", b"\x1b[?2026;2$y")):
            for _ in range(
                self.written.count(question, max(0, self._asked_to - len(question) + 1))
            ):
                os.write(self._far, answer)
        self._asked_to = len(self.written)
        return data

    def watch(self, seconds: float) -> None:
        deadline = monotonic() + seconds
        while (left := deadline - monotonic()) > 0:
            self.read(min(0.05, left))

    def figures(self, number: signal.Signals = signal.SIGUSR1, *, reading: bool = True) -> Figures:
        """Ask the program for a line of its report, and wait for it."""
        self.process.send_signal(number)
        self._told += 1
        deadline = monotonic() + PATIENCE_S
        while True:
            lines = self.report.read_text().splitlines(True) if self.report.exists() else []
            if len(lines) >= self._told and lines[-1].endswith("\n"):
                figures = dict(json.loads(lines[self._told - 1]))
                self.writes += figures["writes"]
                return figures
            assert self.process.poll() is None, f"it ended:\n{self.text}"
            assert monotonic() < deadline, f"no answer:\n{self.text}"
            if reading:
                self.read(0.01)
            else:
                sleep(0.01)

    def clog(self, *, reading: bool = True) -> Figures:
        """Have more painted than the line holds; returns the figures when that is on its way."""
        before = self.figures(reading=reading)
        self.process.send_signal(REDRAW)
        while True:
            figures = self.figures(reading=reading)
            if figures["full"] > before["full"]:
                return figures

    def read_to(self, place: int) -> None:
        """Read until so many bytes were written in all."""
        deadline = monotonic() + PATIENCE_S
        while len(self.written) < place:
            assert monotonic() < deadline
            self.read()


class Stretch(NamedTuple):
    """A time at one rate, and the opening of the link after it."""

    before: Figures
    after: Figures
    read_then: int  # bytes that were read when the link was opened
    screen: Figures


class Course(NamedTuple):
    """What the program did at all rates in turn, and while nobody read."""

    slow: dict[str, Stretch]
    stopped: Stretch
    written: bytes
    writes: list[int]
    code: int

    def screens(self) -> dict[str, Stretch]:
        return {**self.slow, "stopped": self.stopped}


def open_up(link: Link, before: Figures, after: Figures) -> Stretch:
    """Let all come that waits; the screen is that of the first frame that leaves nothing out."""
    read_then = len(link.written)
    link.rate = OPEN
    screen = link.figures(signal.SIGUSR2)
    link.read_to(screen["written"])
    return Stretch(before, after, read_then, screen)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    link = Link(tmp_path_factory.mktemp("slow"))
    try:
        link.see("● live")
        link.watch(0.2)
        slow = {}
        for name, rate in RATES.items():
            link.rate = rate
            before = link.clog()
            link.watch(LINK_S)
            slow[name] = open_up(link, before, link.figures())
        before = link.clog(reading=False)
        sleep(STOP_S)
        stopped = open_up(link, before, link.figures(reading=False))
        link.figures()
        link.type("q")
        code = link.wait_for_end()
        for name, one in {**slow, "stopped": stopped}.items():
            print(
                f"{name}: {one.after['written'] - one.before['written']:,} bytes in "
                f"{one.after['frames'] - one.before['frames']} frames, {one.after['held']} held so far, "
                f"{one.after['messages'] - one.before['messages']:,} messages; the loop was late by "
                f"p50 {one.after['own p50']:.1f}, p99 {one.after['own p99']:.1f}, "
                f"worst {one.after['own worst']:.1f} ms (with waits for a processor "
                f"p99 {one.after['all p99']:.1f}); {one.after['memory'] / 2**20:.1f} MiB, "
                f"{(one.after['memory'] - one.before['memory']) / 2**20:+.1f}; "
                f"{one.after['written'] - one.read_then:,} bytes under way, and right "
                f"{one.screen['written'] - one.after['written']:,} later; all of it is "
                f"{len(one.screen['repaint'].encode()):,}"
            )
        yield Course(slow, stopped, bytes(link.written), link.writes, code)
    finally:
        left = children_of(link.process.pid)
        link.close()
        end(left)


@pytest.fixture(scope="module")
def differences(course: Course) -> dict[str, list[str]]:
    """Rows that the terminal showed otherwise than a full repaint of that moment would."""
    found = {}
    terminal, at = Emulator(COLUMNS, ROWS), 0
    for name, stretch in course.screens().items():
        until = stretch.screen["written"]
        terminal.feed(course.written[at:until].decode().replace("\x1b[?1049h", "\x1b[2J"))
        at = until
        repainted = Emulator(COLUMNS, ROWS)
        repainted.feed(stretch.screen["repaint"])
        found[name] = [
            f"{text_of(row)!r} instead of {text_of(right)!r}"
            for row, right in zip(terminal.cells(), repainted.cells(), strict=True)
            if row != right
        ]
    return found


def text_of(row: Sequence[Cell]) -> str:
    return "".join(cell[0] for cell in row)


@pytest.mark.parametrize("name", [*RATES, "stopped"])
def test_the_screen_equals_a_full_repaint_as_soon_as_the_link_drains(
    course: Course, differences: dict[str, list[str]], name: str
) -> None:
    stretch = course.screens()[name]

    assert differences[name] == []
    # Behind what the line held there comes no more than all of the screen, and a part of that before.
    all_of_it = len(stretch.screen["repaint"].encode())
    assert stretch.screen["written"] - stretch.after["written"] < 2 * all_of_it


@pytest.mark.parametrize("name", [*RATES, "stopped"])
def test_a_slow_terminal_does_not_hold_up_the_event_loop(course: Course, name: str) -> None:
    figures = course.screens()[name].after

    assert figures["looks"] > 20
    assert figures["own p99"] < MOST_LAG_MS


def test_characters_codes_and_frames_are_sent_whole(course: Course) -> None:
    assert len(course.writes) > 20
    assert faults(course.written, course.writes) == []


def test_while_nobody_reads_feeds_go_on_and_memory_stays_flat(course: Course) -> None:
    before, after = course.stopped.before, course.stopped.after

    assert after["messages"] > before["messages"] + 10 * STOP_S
    assert (after["memory"] - before["memory"]) / 2**20 < MOST_GROWTH_MIB
    assert after["written"] == before["written"]
    assert after["held"] > before["held"]


def test_it_ends_as_asked(course: Course) -> None:
    assert course.code == 0
