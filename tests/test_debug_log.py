"""The debug mode's file: complete, readable, private, without secrets, and never a burden."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from staging import CONNECTED, PROGRAM

from tui.debug_log import FRAMES_A_SECOND, DebugLog
from tui.feed.clock import ManualClock
from tui.feed.redaction import Redactor
from tui.feed.trace import TraceKind

NOON = 1_700_049_600_123_000_000  # 2023-11-15 12:00:00.123 UTC
STAMP = "2023-11-15T12:00:00.123Z"
SECRET = "s3cr3t-t0k3n"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> DebugLog:
    return DebugLog(tmp_path / "state" / "debug.log", clock=clock, redactor=Redactor([SECRET]))


def lines_of(log: DebugLog) -> list[str]:
    """What was written while it was on, without stamps."""
    log.close()
    text = log.path.read_text()
    assert text.endswith("\n")
    return [line.partition(" ")[2] for line in text.splitlines()]


def test_nothing_is_written_and_no_file_made_while_it_is_off(log: DebugLog) -> None:
    log.note(TraceKind.CONNECTION, "BINANCE", "connected")

    assert not log.is_on
    assert not log.path.exists()


def test_each_note_is_one_line_with_time_kind_and_venue(log: DebugLog) -> None:
    log.switch(True)
    log.note(TraceKind.CONNECTION, "BINANCE", "connected by websocket")
    log.note(TraceKind.FRAME_IN, "BINANCE", b'{"e":"trade"}')
    log.note(TraceKind.SUBSCRIPTION, "", "none")
    log.switch(False)
    log.note(TraceKind.CONNECTION, "BINANCE", "lost")

    assert log.path.read_text().splitlines() == [
        f"{STAMP} debug - on",
        f"{STAMP} connection BINANCE connected by websocket",
        f'{STAMP} in BINANCE {{"e":"trade"}}',
        f"{STAMP} subscription - none",
        f"{STAMP} debug - off",
    ]


def test_only_the_owner_may_read_it(log: DebugLog) -> None:
    log.switch(True)
    log.close()

    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_long_frames_are_shortened_and_say_how_long_they_are(log: DebugLog) -> None:
    log.switch(True)

    log.note(TraceKind.FRAME_IN, "BINANCE", b"x" * 5_000_000)

    assert lines_of(log)[1] == "in BINANCE " + "x" * 300 + " … (5,000,000 in all)"


def test_control_characters_are_made_visible(log: DebugLog) -> None:
    log.switch(True)

    log.note(TraceKind.FRAME_IN, "BINANCE", b"a\x1b[2J\r\n\x00\xff\xe2\x80\xae\xc3\xa9[red]")

    assert lines_of(log)[1] == r"in BINANCE a\x1b[2J\r\n\x00\xff\u202eé[red]"


@given(st.text("abc .,\n\x1b{}", max_size=700), st.text("abc .,\n\x1b{}", max_size=40))
def test_no_secret_is_ever_written(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis-debug.log"
    path.unlink(missing_ok=True)
    log = DebugLog(path, clock=ManualClock(NOON), redactor=Redactor([SECRET]))
    log.switch(True)

    for kind in TraceKind:
        log.note(kind, "BINANCE", before + SECRET + after)
        log.note(kind, "BINANCE", f"{before} Authorization: Bearer {SECRET[:6]}{after}".encode())
    log.close()

    text = path.read_text()
    assert SECRET not in text
    assert SECRET[:6] not in text


async def test_a_burst_of_frames_is_written_in_part_and_counted(
    log: DebugLog, clock: ManualClock
) -> None:
    log.switch(True)
    for _ in range(FRAMES_A_SECOND + 1200):
        log.note(TraceKind.FRAME_IN, "BINANCE", b"x")
    log.note(TraceKind.ERROR, "BINANCE", "said all the same")
    await clock.advance(1.0)
    log.note(TraceKind.FRAME_IN, "BINANCE", b"the next second")

    lines = lines_of(log)
    assert lines.count("in BINANCE x") == FRAMES_A_SECOND
    assert lines[-4:] == [
        "error BINANCE said all the same",
        "debug - 1,200 more frames are not written down",
        "in BINANCE the next second",
        "debug - off",
    ]


def test_performance_is_a_line_for_the_program_and_one_a_feed(log: DebugLog) -> None:
    log.switch(True)

    log.performance([CONNECTED], PROGRAM, 0.042)

    assert lines_of(log)[1:3] == [
        "performance - loop lag 42 ms, frames 9.8/s, frame p50 1.9 ms p99 6.2 ms, "
        "terminal 2345 B/s, memory 78.0 MiB, instruments 6, tasks 31, errors 0",
        "performance BINANCE CONNECTED by websocket, in 119.4/s 32100 B/s, queue 0, applied 0, "
        "conflated 0, dropped 0, latency p50 12.5 ms p99 48.2 ms, ping 23.4 ms, reconnects 1, "
        "16 live, 1 stale",
    ]


def test_a_place_that_cannot_be_written_is_told_and_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = DebugLog(tmp_path / "file" / "debug.log", clock=ManualClock(), redactor=Redactor())

    log.switch(True)
    log.note(TraceKind.ERROR, "BINANCE", "something")

    assert log.problem.startswith(f"the log file {tmp_path}/file/debug.log cannot be written: ")
    log.close()


def test_the_file_rotates(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "debug.log"
    log = DebugLog(path, clock=clock, redactor=Redactor(), max_bytes=400, old_files=1)
    log.switch(True)

    for _ in range(20):
        log.note(TraceKind.ERROR, "BINANCE", "y" * 60)
    log.close()

    assert sorted(file.name for file in tmp_path.iterdir()) == ["debug.log", "debug.log.1"]
    assert all(file.stat().st_size <= 400 for file in tmp_path.iterdir())
