"""The whole program on a pseudo-terminal, driven step by step, and what a fresh repaint would show."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import signal
import struct
import termios
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from unittest import mock

import msgspec
from emulator import Cell, Emulator
from hasty_loop import HastyLoop
from moved_market import WALKED, MovedMarket, StillApp
from staging import StagedApp, staged_app
from textual._xterm_parser import XTermParser
from textual.strip import Strip

from tui.feed.clock import ManualClock
from tui.terminal.canvas import Canvas, DirtyLine
from tui.terminal.driver import TerminalDriver
from tui.terminal.pacing import Pacer

_MOMENT_S = 0.02  # of the program's time
_LOOK_S = 0.01  # of real time
_LOOKS = 60
_PATIENCE_S = 5.0
_MOST_ROWS_KEPT = 20_000
_SIGNALS = (
    signal.SIGTSTP,
    signal.SIGCONT,
    signal.SIGWINCH,
    signal.SIGTTOU,
    signal.SIGTTIN,
)


class FarTerminal:
    """The far end of a pseudo-terminal, as a person sees it.

    Attributes:
        shown: what it shows, and what it answers to questions goes back on the line.
        is_stopped: it takes nothing, as after Ctrl+S or on a dead link.
        sent: bytes of keys and answers.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._far, self.near = os.openpty()
        self.near_file = os.fdopen(self.near, "w", closefd=False)
        os.set_blocking(self._far, False)
        self._tell_size(columns, rows)
        self.shown = Emulator(columns, rows, self.type)
        self.shown.scribble()
        self.is_stopped = False
        self.sent = 0
        self._rest = b""

    def _tell_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, codes: str) -> None:
        self.sent += os.write(self._far, codes.encode())

    def take(self, most: int = 1 << 20) -> int:
        """Show what has come, at most so many bytes; returns how many."""
        if self.is_stopped:
            return 0
        taken = 0
        while taken < most:
            try:
                data = os.read(self._far, min(65_536, most - taken))
            except BlockingIOError:
                break
            taken += len(data)
            data = self._rest + data
            text = data.decode("utf-8", "ignore")
            # A character may be cut in two.
            whole = len(text.encode())
            self._rest = data[whole:]
            self.shown.feed(text)
        return taken

    def wait(self, seconds: float) -> None:
        """Wait until something has come, but not longer."""
        select.select([self._far], [], [], seconds)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as careless terminals do, which show garbage until they are told."""
        self.shown.resize(columns, rows)
        self._tell_size(columns, rows)

    def close(self) -> None:
        os.close(self._far)
        os.close(self.near)


class NearDriver(TerminalDriver):
    """The program's own driver, on a pseudo-terminal that is not the standard input.

    It listens in the event loop, when it is told to, and not in a thread: so all runs the same each time.
    """

    def __init__(self, app: Any, *, terminal: FarTerminal, **options: Any) -> None:
        super().__init__(app, **options)
        self.fileno = terminal.near
        self._file = terminal.near_file
        self.input_tty = True
        self._terminal = terminal
        self._heard = 0
        self._parser = XTermParser()

    def _get_terminal_size(self) -> tuple[int, int]:
        return tuple(os.get_terminal_size(self.fileno))  # type: ignore[return-value]

    def _run_input_thread(self) -> None:
        """Leave it to `hear`."""

    def hear(self) -> None:
        """Take all that the terminal has sent."""
        while self._heard < self._terminal.sent:
            assert select.select([self.fileno], [], [], _PATIENCE_S)[0], "keys are lost"
            data = os.read(self.fileno, 4096)
            self._heard += len(data)
            for message in self._parser.feed(data.decode()):
                self.process_message(message)

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self._heard = self._terminal.sent  # the rest was thrown away


class Setting(msgspec.Struct, frozen=True):
    """How the program is started, and on what."""

    size: tuple[int, int] = (80, 24)
    theme: str = "dark"
    grid: int = 4
    glyphs: str = "eighths"
    colours: str = "truecolor"
    low_bandwidth: str = "off"
    erases: bool = True
    has_sync: bool = False


class WalkedProgram:
    """The program and the terminal that it runs on. Nothing in it moves but by the steps."""

    def __init__(self, setting: Setting, loop: HastyLoop) -> None:
        self.terminal = FarTerminal(*setting.size)
        self.setting = setting
        self.app: StagedApp = staged_app(
            theme=setting.theme,
            grid=setting.grid,
            glyphs=setting.glyphs,
            colours=setting.colours,
            low_bandwidth=setting.low_bandwidth,
            instruments=WALKED,
            filled=False,
            kind=StillApp,
        )
        self.market = MovedMarket(self.app)
        app = self.app
        app.driver_class = partial(NearDriver, terminal=self.terminal)  # type: ignore[assignment]
        app.pacer = Pacer(10.0, loop.time)
        app.pacer.low_bandwidth = setting.low_bandwidth
        app.can_erase = setting.erases
        self._stack = AsyncExitStack()
        self._signals: dict[signal.Signals, Any] = {}
        self._repainted = Repainted(app)

    # -- from its start to its end -------------------------------------------------------------

    async def open(self) -> None:
        self._signals = {number: signal.getsignal(number) for number in _SIGNALS}
        self._stack.enter_context(
            mock.patch("textual._time.get_time", asyncio.get_running_loop().time)
        )
        self.market.begin()
        await self._stack.enter_async_context(
            self.app.run_test(
                headless=False, size=self.setting.size, notifications=True, tooltips=True
            )
        )
        if self.setting.has_sync:
            await self.type("\x1b[?2026;2$y")
        self.frame()

    async def close(self) -> None:
        # A terminal that takes nothing would be waited for.
        self.terminal.is_stopped = False
        self.terminal.take()
        try:
            await self._stack.aclose()
        finally:
            self.terminal.close()
            for number, handler in self._signals.items():
                signal.signal(number, handler)

    @property
    def driver(self) -> NearDriver:
        driver = self.app._driver
        assert isinstance(driver, NearDriver)
        return driver

    # -- time ----------------------------------------------------------------------------------

    async def advance(self, seconds: float) -> None:
        """Let time pass, also for the market."""
        clock = self.app._source.clock
        assert isinstance(clock, ManualClock)
        await clock.advance(seconds)
        await asyncio.sleep(seconds)

    def frame(self) -> None:
        self.app.frame()

    # -- the terminal --------------------------------------------------------------------------

    async def type(self, codes: str) -> None:
        """Press keys, or use the mouse; returns when the program has heard it."""
        assert self.app.is_running, "the program has ended"
        self.terminal.type(codes)
        self.driver.hear()
        await asyncio.sleep(_MOMENT_S)

    async def resize(self, columns: int, rows: int) -> None:
        self.terminal.resize(columns, rows)
        tell = signal.getsignal(signal.SIGWINCH)
        assert callable(tell)
        tell(signal.SIGWINCH, None)
        await asyncio.sleep(0)

    async def suspend(self) -> None:
        """Give the terminal to another program for a while, which leaves its own picture."""
        self.terminal.is_stopped = False
        self.terminal.take()
        self.driver.hear()  # an answer would be waited for
        with self.app.suspend():
            self.terminal.take()
            self.terminal.shown.scribble()
            self.terminal.shown.feed("\x1b[4;33;45m\x1b[2;3Hanother program")
        await asyncio.sleep(0)

    async def settle(self) -> list[str]:
        """Wait until the terminal shows what it should; returns what it shows else when all is quiet."""
        self.terminal.is_stopped = False
        quiet = 0
        while True:
            await asyncio.sleep(_MOMENT_S)
            # Its own driver hears what it answers, as a thread would.
            if self.terminal.take():
                self.driver.hear()
                quiet = 0
            elif not (wrong := self.differences()):
                return []
            elif quiet > _LOOKS:
                return wrong
            else:
                # The system takes a moment to carry what was written from one end to the other.
                self.terminal.wait(_LOOK_S)
                quiet += 1

    def differences(self) -> list[str]:
        """What the terminal shows that a fresh full repaint would not, the first few of it."""
        shown, wanted = self.terminal.shown.cells(), self._repainted.cells()
        found = []
        if not self.terminal.shown.screen.cursor.hidden:
            found.append("the cursor is shown")
        if len(shown) != len(wanted) or len(shown[0]) != len(wanted[0]):
            return [*found, f"{len(wanted)} lines on a terminal of {len(shown)}, or other columns"]
        for y, (row, right_row) in enumerate(zip(shown, wanted, strict=True)):
            if row != right_row:
                wrong = [x for x, cell in enumerate(row) if cell != right_row[x]]
                x = wrong[0]
                found.append(
                    f"line {y}, {len(wrong)} columns from {x}: {row[x]} instead of {right_row[x]}; "
                    f"{_text(row)!r} instead of {_text(right_row)!r}"
                )
        return found[:12]


class Repainted:
    """What a terminal would show on which everything was painted from scratch, line by line."""

    def __init__(self, app: StagedApp) -> None:
        self._app = app
        self._canvases: dict[tuple[object, ...], Canvas] = {}
        self._rows: dict[tuple[object, ...], list[Cell]] = {}

    def cells(self) -> list[list[Cell]]:
        held = self._app.canvas
        mode = (held.color_system, held.is_plain, held.is_ascii)
        return [self._row(strip, mode) for strip in self._app.lines_shown()]

    def _row(self, strip: Strip, mode: tuple[str | None, bool, bool]) -> list[Cell]:
        key = (mode, *strip)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _MOST_ROWS_KEPT:
                self._rows.clear()
            row = self._rows[key] = self._paint(strip, mode)
        return row

    def _paint(self, strip: Strip, mode: tuple[str | None, bool, bool]) -> list[Cell]:
        canvas = self._canvases.get(mode)
        if canvas is None:
            canvas = self._canvases[mode] = Canvas(mode[0])
            _, canvas.is_plain, canvas.is_ascii = mode
        width = strip.cell_length
        canvas.forget()
        canvas.prepare((width, 1), mode[0])
        emulator = Emulator(width, 1)
        emulator.scribble()
        emulator.feed(canvas.paint([DirtyLine(0, [(0, width)], [(0, width, strip)])], full=True))
        return emulator.cells()[0]


def _text(row: Sequence[Cell]) -> str:
    return "".join(cell[0] for cell in row)
