"""The debug mode's file: what connections do, frames in and out, subscriptions, errors, performance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui.feed.clock import Clock
from tui.feed.redaction import Redactor
from tui.feed.trace import TraceKind
from tui.log_file import PrivateFile, moment_text
from tui.model.health import AppHealth, FeedHealth

MAX_BYTES: Final = 10_000_000
OLD_FILES: Final = 2
SHOWN: Final = 300
"""Characters of a frame that are written; the rest is only counted."""
FRAMES_A_SECOND: Final = 500
"""Frames written at most: a debug mode must not become what slows the program down."""

_LOOKED_AT = 16_384  # bytes of a frame: far more than is shown, so that no secret is cut in two
_FRAMES = (TraceKind.FRAME_IN, TraceKind.FRAME_OUT)


class DebugLog:
    """Writes down everything that a feed tells, while it is on.

    Attributes:
        path: where.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        redactor: Redactor,
        max_bytes: int = MAX_BYTES,
        old_files: int = OLD_FILES,
    ) -> None:
        """Write nothing yet; the file is made when the mode is first switched on."""
        self.path = path
        self._clock = clock
        self._redactor = redactor
        self._max_bytes = max_bytes
        self._old_files = old_files
        self._file: PrivateFile | None = None
        self._second = 0
        self._frames = 0
        self._unwritten = 0

    @property
    def is_on(self) -> bool:
        return self._file is not None

    @property
    def problem(self) -> str:
        """Why the file cannot be written; "" while it can."""
        return self._file.problem if self._file is not None else ""

    def switch(self, on: bool) -> None:
        """Begin or end to write."""
        if on and self._file is None:
            self._file = PrivateFile(
                self.path, max_bytes=self._max_bytes, old_files=self._old_files
            )
            self._append("debug", "-", "on")
        elif not on and self._file is not None:
            self._say_what_is_missing()
            self._append("debug", "-", "off")
            self._file.close()
            self._file = None

    def note(self, kind: TraceKind, venue: str, text: str | bytes) -> None:
        """Write something down: without secrets, shortened, its control characters made visible."""
        if self._file is None or (kind in _FRAMES and not self._has_room_for_a_frame()):
            return
        if isinstance(text, str):
            size, told = len(text), text
        else:
            size, told = len(text), text[:_LOOKED_AT].decode("utf-8", "backslashreplace")
        shown = _visible(self._redactor.hide(told, SHOWN))
        more = f" … ({size:,} in all)" if size > SHOWN else ""
        self._append(kind, venue or "-", shown + more)

    def performance(self, feeds: Sequence[FeedHealth], program: AppHealth, lag_s: float) -> None:
        """Write down the figures of a moment; `lag_s` is the longest that the program stood still
        since the last time."""
        if self._file is None:
            return
        self._say_what_is_missing()
        self.note(TraceKind.PERFORMANCE, "-", describe_program(program, lag_s))
        for feed in feeds:
            self.note(TraceKind.PERFORMANCE, feed.venue, describe_feed(feed))

    def close(self) -> None:
        self.switch(False)

    def _has_room_for_a_frame(self) -> bool:
        second = int(self._clock.monotonic())
        if second != self._second:
            self._second = second
            self._frames = 0
            self._say_what_is_missing()
        self._frames += 1
        if self._frames <= FRAMES_A_SECOND:
            return True
        self._unwritten += 1
        return False

    def _say_what_is_missing(self) -> None:
        if self._unwritten:
            self._append("debug", "-", f"{self._unwritten:,} more frames are not written down")
            self._unwritten = 0

    def _append(self, kind: str, venue: str, text: str) -> None:
        if self._file is not None:
            self._file.append(f"{moment_text(self._clock.time_ns())} {kind} {venue} {text}")


def describe_program(program: AppHealth, lag_s: float) -> str:
    """The program's figures as one line."""
    parts = [
        f"loop lag {lag_s * 1e3:.0f} ms",
        f"frames {program.frame_rate:.1f}/s",
        f"frame p50 {_ms(program.frame_p50_ms)} p99 {_ms(program.frame_p99_ms)}",
        f"terminal {program.terminal_byte_rate:.0f} B/s",
        f"memory {program.memory_bytes / 2**20:.1f} MiB",
        *(f"{name} {count}" for name, count in program.objects.items()),
    ]
    return ", ".join(parts)


def describe_feed(feed: FeedHealth) -> str:
    """A feed's figures as one line."""
    parts = [
        f"{feed.state} by {feed.transport}",
        f"in {feed.message_rate:.1f}/s {feed.byte_rate:.0f} B/s",
        f"queue {feed.queue_length}",
        f"applied {feed.applied}",
        f"conflated {feed.conflated}",
        f"dropped {feed.dropped}",
        f"latency p50 {_ms(feed.latency_p50_ms)} p99 {_ms(feed.latency_p99_ms)}",
        f"ping {_ms(feed.ping_ms)}",
        f"reconnects {feed.reconnects}",
        *(f"{count} {status}" for status, count in feed.subscriptions.items() if count),
    ]
    return ", ".join(parts)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _visible(text: str) -> str:
    """The text in one line of characters that can be seen: `\\x1b` for an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return _NAMED.get(character) or character.encode("unicode_escape").decode("ascii")
