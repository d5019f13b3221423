"""The whole program with a probe in it: python probed_program.py REPORT [ARGUMENT ...].

SIGUSR1 has it add a line of figures to the report, at once: how late its event loop was since the line
before, and what it has counted. SIGUSR2 does it behind the next frame of the whole screen that leaves
nothing out, with the codes that would paint all of it anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import tui.app
from tui.app import TradeTuiApp
from tui.cli import main
from tui.terminal.canvas import Canvas, DirtyLine
from tui.terminal.compositor import FrameUpdate

_EVERY_S = 0.005


class Lateness:
    """How late the event loop was on its own account.

    The time for which the system let the loop's thread wait for a processor is left out.
    """

    def __init__(self) -> None:
        self.own: list[float] = []
        self.all: list[float] = []
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = -1
        self._loop = asyncio.get_running_loop()
        self._waited_s = self._waited()
        self._expect()

    def _waited(self) -> float:
        if self._file < 0:
            return 0.0
        return int(os.pread(self._file, 128, 0).split()[1]) / 1e9

    def _expect(self) -> None:
        self._loop.call_later(_EVERY_S, self._look, monotonic() + _EVERY_S)

    def _look(self, due: float) -> None:
        late, waited_s = monotonic() - due, self._waited()
        _add(self.all, late)
        _add(self.own, max(0.0, late - (waited_s - self._waited_s)))
        self._waited_s = waited_s
        self._expect()

    def take(self) -> dict[str, Any]:
        """Return the figures since the last time, in ms."""
        figures: dict[str, Any] = {"looks": len(self.own)}
        for name, lags in (("own", sorted(self.own)), ("all", sorted(self.all))):
            at = {"p50": 0.5, "p99": 0.99, "worst": 1.0}
            for word, q in at.items() if lags else ():
                figures[f"{name} {word}"] = lags[min(len(lags) - 1, int(q * len(lags)))] * 1e3
        self.own, self.all = [], []
        return figures


def _add(lags: list[float], late: float) -> None:
    """Add how late a look was, and how late those would have been that could not take place for it."""
    lags.append(late)
    while (late := late - _EVERY_S) > 0:
        lags.append(late)


class ProbedApp(TradeTuiApp):
    """The program itself, which also tells how it is."""

    report: Path
    written = 0
    writes: list[int]
    _lateness: Lateness
    _is_asked = False

    def on_mount(self) -> None:
        self._lateness = Lateness()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self.tell, None)
        loop.add_signal_handler(signal.SIGUSR2, self.ask)

    def get_driver_class(self) -> Any:
        """Return the program's own driver, which has its bytes counted."""
        app = self
        driver_class: Any = super().get_driver_class()
        app.writes = []

        class CountedDriver(driver_class):  # type: ignore[misc]
            def write(self, data: str) -> None:
                if self._loop_thread == threading.get_ident():
                    app.written += len(data.encode("utf-8", "replace"))
                    app.writes.append(app.written)
                super().write(data)

        return CountedDriver

    def ask(self) -> None:
        self._is_asked = True
        self.screen.refresh()

    def _display(self, screen: Any, renderable: Any) -> None:
        """Tell what the terminal should show, where it now was sent all of it as it is."""
        super()._display(screen, renderable)
        if self._is_asked and isinstance(renderable, FrameUpdate):
            if renderable.is_full and not self.canvas.left:
                self._is_asked = False
                self.tell(self._repaint())
            else:  # lines of earlier parts may be old by now
                self.screen.refresh()

    def _repaint(self) -> str:
        held, lines = self.canvas, self.lines_shown()
        canvas = Canvas(held.color_system)
        canvas.is_plain, canvas.is_ascii = held.is_plain, held.is_ascii
        canvas.prepare(held.size, held.color_system)
        width = held.size[0]
        return canvas.paint(
            [
                DirtyLine(y, [(0, width)], [(0, width, strip)])
                for y, strip in enumerate(lines[: held.size[1]])
            ],
            full=True,
        )

    def tell(self, repaint: str | None) -> None:
        meter = self.terminal_meter
        with open("/proc/self/statm", encoding="ascii") as statm:
            pages = int(statm.read().split()[1])
        figures = {
            **self._lateness.take(),
            "messages": sum(feed.messages_in for feed in self.session.health()),
            "frames": meter.frames_sent,
            "full": meter.full_frames,
            "held": meter.frames_held + meter.frames_skipped,
            "memory": pages * os.sysconf("SC_PAGE_SIZE"),
            "written": self.written,
            "writes": self.writes,
            "repaint": repaint,
        }
        self.writes = []
        with self.report.open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    ProbedApp.report = Path(sys.argv[1])
    tui.app.TradeTuiApp = ProbedApp  # type: ignore[misc]
    sys.exit(main(sys.argv[2:]))
