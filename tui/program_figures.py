"""How the program itself does: frames, bytes to the terminal, memory, and how long it stood still."""

from __future__ import annotations

import resource
from collections.abc import Callable

from tui.feed.clock import Clock
from tui.model.health import AppHealth
from tui.terminal.meter import TerminalMeter
from tui.terminal.pacing import Pacer


class ProgramFigures:
    """Turns counters into rates since the last look."""

    def __init__(
        self,
        clock: Clock,
        meter: TerminalMeter,
        pacer: Pacer | None = None,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        """Begin now; `clock` is the program's own, not that of a recording.

        `backlog` tells how many bytes the terminal has not taken yet.
        """
        self._clock = clock
        self._meter = meter
        self._pacer = pacer
        self._backlog = backlog
        self._last_look = (clock.monotonic(), 0, 0)
        self._last_frame = clock.monotonic()
        self._worst_gap_s = 0.0

    def note_frame(self) -> None:
        """A frame is painted now."""
        now = self._clock.monotonic()
        self._worst_gap_s = max(self._worst_gap_s, now - self._last_frame)
        self._last_frame = now

    def take_lag_s(self, period_s: float) -> float:
        """How much longer than `period_s` two frames were apart at worst since the last time."""
        lag, self._worst_gap_s = max(0.0, self._worst_gap_s - period_s), 0.0
        return lag

    def health(self, objects: dict[str, int]) -> AppHealth:
        """The figures since the last look, with counts of `objects` beside them."""
        meter = self._meter
        now = self._clock.monotonic()
        frames = meter.frames_sent + meter.frames_empty
        then, frames_then, bytes_then = self._last_look
        elapsed = max(now - then, 1e-3)
        self._last_look = now, frames, meter.bytes_sent
        p50, p99 = meter.quantile_s(0.5), meter.quantile_s(0.99)
        return AppHealth(
            frame_rate=(frames - frames_then) / elapsed,
            frame_p50_ms=None if p50 is None else p50 * 1e3,
            frame_p99_ms=None if p99 is None else p99 * 1e3,
            terminal_byte_rate=(meter.bytes_sent - bytes_then) / elapsed,
            paint_rate=None if self._pacer is None else self._pacer.rate,
            frames_sent=meter.frames_sent,
            frames_skipped=meter.frames_held + meter.frames_skipped,
            terminal_backlog=self._backlog(),
            memory_bytes=_resident_bytes(),
            objects=objects,
        )


def _resident_bytes() -> int:
    """Memory in use now; where the system does not tell, the most there ever was."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
