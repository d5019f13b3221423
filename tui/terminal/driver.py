"""A terminal driver that never blocks the event loop and leaves the terminal as it was.

Textual's own writes through a thread with a short queue and waits for it when the terminal is slow.
This one writes what the terminal takes at once and keeps the rest, so that the app can see that it is
ahead of its terminal and skip frames. `PRIVATE_NAMES` lists what it uses of Textual beside its public
interface.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.terminal.listening import listen

PRIVATE_NAMES: Mapping[str, Sequence[str]] = {
    "textual.drivers.linux_driver.LinuxDriver": (
        "_app",
        "_auto_restart",
        "_enable_bracketed_paste",
        "_file",
        "_key_thread",
        "_loop",
        "_run_input_thread",
        "_sigcont_application",
        "_sigtstp_application",
        "_writer_thread",
        "close",
        "exit_event",
        "flush",
        "process_message",
        "start_application_mode",
        "stop_application_mode",
        "write",
    ),
}
"""What this module relies on beside Textual's public interface: owner to attributes."""

_EXIT_WAIT_S = 1.0
_ANSWER_WAIT_S = 0.3
_MOST_IN_LINE = 256
_WHERE_IS_THE_CURSOR = "\x1b[6n"
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
# A frame may have been cut off: end its synchronised update and its colours.
_END_OF_CUT_FRAME = b"\x1b[?2026l\x1b[m"
# Not every terminal has a second screen: the shell is not to write into our picture, nor in our colours.
_BLANK = "\x1b[m\x1b[H\x1b[2J"


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux with an output side of its own, and ears that know answers from keys.

    Attributes:
        on_drained: called in the event loop when the terminal has taken everything after it was behind.
        on_damaged: called in the event loop when something else may have drawn on the terminal.
        on_answered: called in the event loop when the terminal has told where its cursor is.
        passes_line_feeds: the line does not make carriage returns of line feeds.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.on_drained: Callable[[], None] | None = None
        self.on_damaged: Callable[[], None] | None = None
        self.on_answered: Callable[[], None] | None = None
        self.passes_line_feeds = False
        self._questions = 0  # asked and not answered; the input thread counts them down
        self._has_terminal = False  # otherwise Textual's thread writes, say, to a pipe
        self._output: int | None = None
        self._outbox: deque[bytes] = deque()
        self._is_waiting = False  # the event loop tells when the terminal takes more
        self._is_active = False
        self._loop_thread = threading.get_ident()

    @property
    def backlog(self) -> int:
        """Bytes that the terminal has not taken yet: kept here, or in the line."""
        return sum(len(data) for data in list(self._outbox)) + self._in_line()

    @property
    def is_ready(self) -> bool:
        """Tell whether the terminal has taken everything, and is ours to write to."""
        return self._is_active and not self._outbox and self._in_line() < _MOST_IN_LINE

    def ask(self) -> str:
        """Return the codes that ask where the cursor is, and expect one more answer."""
        self._questions += 1
        return _WHERE_IS_THE_CURSOR

    def process_message(self, message: Message) -> None:
        """Take an answer to a question of ours; the rest is Textual's. Runs in the input thread."""
        if isinstance(message, events.CursorPosition) and self._questions:
            self._questions -= 1
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._tell_answered)
            return
        super().process_message(message)

    def _tell_answered(self) -> None:
        if self.on_answered is not None:
            self.on_answered()

    def _in_line(self) -> int:
        """Bytes that a real line has not sent yet. A pseudo-terminal has none to tell of."""
        if self._output is None:
            return 0
        with suppress(OSError):
            return int(
                struct.unpack("i", fcntl.ioctl(self._output, termios.TIOCOUTQ, b"\0" * 4))[0]
            )
        return 0

    def write(self, data: str) -> None:
        """Write, or keep what the terminal does not take at once. Never waits. Safe from any thread."""
        if threading.get_ident() != self._loop_thread:
            with suppress(RuntimeError):  # the loop has ended, and the terminal was given back
                self._loop.call_soon_threadsafe(self.write, data)
            return
        if not self._has_terminal:
            super().write(data)
            return
        if self._output is None:
            return  # the terminal is gone
        self._outbox.append(data.encode("utf-8", "replace"))
        if not self._is_waiting:
            self._write_out()
            if self._outbox and self._output is not None:
                self._loop.add_writer(self._output, self._write_more)
                self._is_waiting = True

    def start_application_mode(self) -> None:
        """Take over the terminal."""
        # A description of our own, since whether it blocks is shared by all who hold the same one:
        # the shell that started us among them.
        if self._output is None:
            self._has_terminal = False
            with suppress(OSError):
                path = os.ttyname(self._file.fileno() if self._file else -1)
                self._output = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
                self._has_terminal = True
        for number in _ENDING_SIGNALS:
            self._loop.add_signal_handler(number, self._end, number)
        input_before = self._key_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # In the background nothing was started, and we are called again in the foreground.
        self._is_active = self._key_thread is not input_before
        if self._is_active and self._output is not None:
            self._pass_line_feeds(self._output)

    def _enable_bracketed_paste(self) -> None:
        if getattr(self._app, "bracketed_paste", True):
            super()._enable_bracketed_paste()

    def _pass_line_feeds(self, output: int) -> None:
        """Have nothing translated on its way to the terminal; giving the terminal back undoes it."""
        with suppress(termios.error):
            attributes = termios.tcgetattr(self.fileno)
            attributes[tty.OFLAG] &= ~termios.OPOST
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
            # Input and output may be different terminals.
            self.passes_line_feeds = not termios.tcgetattr(output)[tty.OFLAG] & termios.OPOST

    def stop_application_mode(self) -> None:
        """Give the terminal back; what it has not taken of the last frame is dropped."""
        self._is_active = False
        self._wait_for_answers()
        if self._outbox:
            self._outbox.clear()
            self._outbox.append(_END_OF_CUT_FRAME)
        self.write(_BLANK)
        super().stop_application_mode()
        for number in _ENDING_SIGNALS:
            self._loop.remove_signal_handler(number)

    def _wait_for_answers(self) -> None:
        """Give answers a moment to come: whoever has the terminal next would take them for keys."""
        deadline = monotonic() + _ANSWER_WAIT_S
        while self._questions and not self._outbox and monotonic() < deadline:
            sleep(0.005)
        self._questions = 0

    def close(self) -> None:
        """Wait until the terminal has taken everything, but only so long: it may be stuck."""
        if self._output is not None:
            self._write_until(monotonic() + _EXIT_WAIT_S)
            if self._outbox:
                # Nobody reads. Throw away what lies in the line, so that the last words fit into it.
                with suppress(termios.error):
                    termios.tcflush(self._output, termios.TCOFLUSH)
                self._write_out()
            self._let_go()
        super().close()

    def _write_out(self) -> None:
        """Write as much as the terminal takes now."""
        while self._outbox and self._output is not None:
            data = self._outbox[0]
            try:
                taken = os.write(self._output, data)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # The terminal is gone; the app has nobody to show anything.
                self._let_go()
                if self._is_active:
                    self._loop.call_soon(self._end, signal.SIGHUP)
                return
            if taken == len(data):
                self._outbox.popleft()
            else:
                self._outbox[0] = data[taken:]

    def _write_more(self) -> None:
        self._write_out()
        if not self._outbox and self._output is not None:
            self._stop_waiting()
            if self.on_drained is not None:
                self.on_drained()

    def _write_until(self, deadline: float) -> None:
        poll = select.poll()
        if self._output is not None:
            poll.register(self._output, select.POLLOUT)
        while self._outbox and self._output is not None:
            remaining_s = deadline - monotonic()
            if remaining_s <= 0:
                return
            poll.poll(remaining_s * 1000)
            self._write_out()

    def _stop_waiting(self) -> None:
        if self._is_waiting and self._output is not None:
            self._is_waiting = False
            self._loop.remove_writer(self._output)

    def _let_go(self) -> None:
        self._stop_waiting()
        self._outbox.clear()
        if self._output is not None:
            os.close(self._output)
            self._output = None

    def _end(self, number: int) -> None:
        self._app.exit(return_code=128 + number)

    def _sigtstp_application(self, *args: Any) -> None:
        # A signal may come in the middle of a write; stopping then would mix up the two. But while
        # another program has the terminal, the loop stands still and we must stop with that program.
        if self._auto_restart:
            self._loop.call_soon_threadsafe(super()._sigtstp_application)
        else:
            super()._sigtstp_application()

    def _sigcont_application(self, *args: Any) -> None:
        if self._auto_restart:
            self._loop.call_soon_threadsafe(self._continue)

    def _continue(self) -> None:
        if self._is_active:
            # Stopped without having been asked, so nothing was given back and nothing is to be taken.
            self.write("\x1b[?25l")
            if self.on_damaged is not None:
                self.on_damaged()
        else:
            super()._sigcont_application()

    def _run_input_thread(self) -> None:
        encoding = getattr(sys.__stdin__, "encoding", None) or "utf-8"
        try:
            listen(self.fileno, self.exit_event, self.process_message, encoding)
        except OSError:
            # The terminal was closed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end, signal.SIGHUP)
