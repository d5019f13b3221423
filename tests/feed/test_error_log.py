"""The error log."""

from __future__ import annotations

from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.redaction import Redactor
from tui.model.health import ErrorCategory, ErrorRecord
from tui.model.instrument import Instrument

BTC = Instrument("BINANCE", "BTCUSDT")


async def test_the_same_problem_again_is_counted_not_repeated() -> None:
    clock = ManualClock(time_ns=1_000_000_000)
    log = ErrorLog(clock)
    log.report(ErrorCategory.CONNECTION, "gone", venue="BINANCE")
    log.report(ErrorCategory.PARSE, "what", venue="BINANCE")
    await clock.advance(5.0)

    log.report(ErrorCategory.CONNECTION, "gone", venue="BINANCE")

    newest, other = log.records()
    assert (newest.message, newest.count) == ("gone", 2)
    assert (newest.first_seen, newest.last_seen) == (1_000_000_000, 6_000_000_000)
    assert (other.message, other.count) == ("what", 1)


def test_only_the_last_ones_are_kept() -> None:
    log = ErrorLog(ManualClock(), limit=3)
    for number in range(5):
        log.report(ErrorCategory.SERVER, str(number))

    assert [record.message for record in log.records()] == ["4", "3", "2"]


def test_one_category_can_be_looked_at() -> None:
    log = ErrorLog(ManualClock())
    log.report(ErrorCategory.SERVER, "a")
    log.report(ErrorCategory.PARSE, "b")

    assert [record.message for record in log.records(ErrorCategory.PARSE)] == ["b"]


def test_an_instrument_names_its_venue() -> None:
    log = ErrorLog(ManualClock())

    log.report(ErrorCategory.SUBSCRIPTION, "no", instrument=BTC)

    assert log.records()[0].venue == "BINANCE"


def test_every_report_is_written_and_changes_the_revision() -> None:
    written: list[ErrorRecord] = []
    log = ErrorLog(ManualClock(), write=written.append)
    log.report(ErrorCategory.SERVER, "a")
    log.report(ErrorCategory.SERVER, "a")

    assert [record.count for record in written] == [1, 2]
    assert log.revision == 2
    log.clear()
    assert log.records() == []
    assert log.revision == 3


def test_a_message_without_end_is_cut() -> None:
    log = ErrorLog(ManualClock())

    log.report(ErrorCategory.PARSE, "x" * 10_000)

    assert len(log.records()[0].message) == 500


def test_no_secret_gets_into_the_log_not_even_its_beginning_at_the_cut() -> None:
    written: list[ErrorRecord] = []
    log = ErrorLog(ManualClock(), write=written.append, redactor=Redactor(["s3cr3t-t0k3n"]))

    log.report(ErrorCategory.SERVER, "refused s3cr3t-t0k3n and Authorization: Bearer abc")
    log.report(ErrorCategory.SERVER, "." * 494 + "s3cr3t-t0k3n")

    assert [record.message for record in written] == [
        "refused ••• and Authorization: •••",
        "." * 494 + "•••",
    ]
    assert [record.message for record in log.records()] == [
        "." * 494 + "•••",
        "refused ••• and Authorization: •••",
    ]
