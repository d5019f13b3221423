"""The log file: one harmless line a report, rotated, private, and never the cause of a crash."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from tui.log_file import LogFile, describe_report
from tui.model.health import ErrorCategory, ErrorRecord
from tui.model.instrument import Instrument

NOON = 1_700_049_600_123_000_000  # 2023-11-15 12:00:00.123 UTC
REPORT = ErrorRecord(
    NOON - 5_000_000_000, NOON, "BINANCE", None, ErrorCategory.CONNECTION, "the venue hung up"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "errors.log"


def test_a_report_is_one_line(path: Path) -> None:
    log = LogFile(path)

    log.write(REPORT)
    log.close()

    assert path.read_text() == "2023-11-15T12:00:00.123Z connection BINANCE the venue hung up\n"
    assert log.problem == ""


def test_the_line_names_the_instrument_and_the_count() -> None:
    instrument = Instrument("BINANCE", "BTCUSDT")
    report = msgspec.structs.replace(
        REPORT, instrument=instrument, category=ErrorCategory.PARSE, message="no price", count=12
    )

    line = describe_report(report)

    assert line == "2023-11-15T12:00:00.123Z parse BINANCE:BTCUSDT no price (x12)"


def test_the_line_has_a_dash_where_there_is_no_venue() -> None:
    line = describe_report(msgspec.structs.replace(REPORT, venue=""))

    assert line == "2023-11-15T12:00:00.123Z connection - the venue hung up"


def test_text_from_outside_cannot_add_lines_or_escape_codes(path: Path) -> None:
    log = LogFile(path)

    log.write(msgspec.structs.replace(REPORT, message="a\nb\x1b[2J\x1b]0;t\x07c\ud800\u202e"))
    log.close()

    text = path.read_text()
    assert text.count("\n") == 1
    assert text.endswith("a b\ufffd\ufffdc\ufffd\ufffd\n")


def test_percent_signs_are_left_alone(path: Path) -> None:
    log = LogFile(path)

    log.write(msgspec.structs.replace(REPORT, message="100 %s %d"))
    log.close()

    assert path.read_text().endswith("100 %s %d\n")


def test_each_report_is_on_disk_at_once(path: Path) -> None:
    log = LogFile(path)

    log.write(REPORT)

    assert path.read_text().endswith("the venue hung up\n")
    log.close()


def test_a_new_run_goes_on_below_the_old_one(path: Path) -> None:
    for _ in range(2):
        log = LogFile(path)
        log.write(REPORT)
        log.close()

    assert len(path.read_text().splitlines()) == 2


def test_old_lines_move_to_other_files_and_the_oldest_go(path: Path) -> None:
    log = LogFile(path, max_bytes=200, old_files=2)

    for number in range(20):
        log.write(msgspec.structs.replace(REPORT, message=f"number {number:02}"))
    log.close()

    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["errors.log", "errors.log.1", "errors.log.2"]
    assert all(file.stat().st_size <= 200 for file in path.parent.iterdir())
    assert path.read_text().splitlines()[-1].endswith("number 19")


def test_only_the_owner_may_read_the_files(path: Path) -> None:
    log = LogFile(path, max_bytes=200)

    for _ in range(5):
        log.write(REPORT)
    log.close()

    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_older_more_open_file_is_closed_to_others(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("old\n")
    path.chmod(0o644)

    log = LogFile(path)
    log.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the folder's place")

    log = LogFile(tmp_path / "state" / "errors.log")
    log.write(REPORT)
    log.close()

    assert log.problem.startswith(f"the log file {tmp_path}/state/errors.log cannot be written: ")


def test_a_full_disk_is_a_message_and_no_print(capfd: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("no /dev/full here")
    log = LogFile(full)

    log.write(REPORT)
    log.write(REPORT)
    log.close()

    assert log.problem == "the log file /dev/full cannot be written: No space left on device"
    assert capfd.readouterr() == ("", "")


def test_writing_after_the_end_is_ignored(path: Path) -> None:
    log = LogFile(path)
    log.close()

    log.write(REPORT)
    log.close()

    assert path.read_text() == ""


def test_a_removed_folder_does_not_end_the_program(path: Path) -> None:
    log = LogFile(path, max_bytes=150)
    log.write(REPORT)
    path.unlink()
    path.parent.rmdir()

    for _ in range(3):
        log.write(REPORT)
    log.close()

    assert "cannot be written" in log.problem
