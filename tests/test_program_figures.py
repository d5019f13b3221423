"""The program's own figures."""

from __future__ import annotations

from tui.feed.clock import ManualClock
from tui.program_figures import ProgramFigures
from tui.terminal.meter import TerminalMeter


async def test_counters_become_rates_since_the_last_look() -> None:
    clock, meter = ManualClock(), TerminalMeter()
    figures = ProgramFigures(clock, meter)
    for _ in range(20):
        meter.count_frame(size_bytes=100, took_s=0.002, full=False)
    await clock.advance(2.0)

    first = figures.health({"tasks": 3})
    await clock.advance(2.0)
    second = figures.health({})

    assert (first.frame_rate, first.terminal_byte_rate) == (10.0, 1000.0)
    assert (first.frame_p50_ms, first.objects) == (2.0, {"tasks": 3})
    assert first.memory_bytes > 2**20
    assert (second.frame_rate, second.terminal_byte_rate) == (0.0, 0.0)


async def test_the_lag_is_the_worst_gap_between_frames_and_told_once() -> None:
    clock = ManualClock()
    figures = ProgramFigures(clock, TerminalMeter())
    for gap in (0.1, 0.35, 0.1):
        await clock.advance(gap)
        figures.note_frame()

    assert round(figures.take_lag_s(0.1), 6) == 0.25
    assert figures.take_lag_s(0.1) == 0.0
