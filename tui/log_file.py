"""Logs on disk: one line a report, in files that rotate and only their owner can read."""

from __future__ import annotations

import io
import logging
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from tui.model.health import ErrorRecord
from tui.model.text import clean

MAX_BYTES: Final = 1_000_000
OLD_FILES: Final = 2
"""Kept beside the present one, as errors.log.1 and errors.log.2."""

_NOBODY_ELSE = 0o600


class PrivateFile:
    """Lines appended to a file that rotates. It never raises and never prints: a log that cannot be
    written must not stop the program or spoil its screen.

    Attributes:
        problem: why the file cannot be written; "" while it can.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = MAX_BYTES, old_files: int = OLD_FILES
    ) -> None:
        """Open the file, making its folder; `problem` says when that cannot be done."""
        self.problem = ""
        self._path = path
        self._handler: _Handler | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._handler = _Handler(path, max_bytes, old_files)
        except OSError as error:
            self._note(error)

    def append(self, line: str) -> None:
        """Append a line. A failure is noted in `problem`, and the next line is tried again: a full
        disk may have room by then."""
        if self._handler is None:
            return
        try:
            self._handler.emit(logging.LogRecord("", 0, "", 0, line, None, None))
        except OSError as error:
            self._note(error)
        else:
            self.problem = ""

    def close(self) -> None:
        if self._handler is not None:
            with suppress(OSError):  # what could not be written cannot be flushed either
                self._handler.close()
            self._handler = None

    def _note(self, error: OSError) -> None:
        self.problem = f"the log file {self._path} cannot be written: {error.strerror or error}"


class LogFile(PrivateFile):
    """The file of the error log."""

    def write(self, record: ErrorRecord) -> None:
        """Append a report."""
        self.append(describe_report(record))


def moment_text(time_ns: int) -> str:
    """A time (ns) as the logs write it: UTC, with milliseconds."""
    moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9 // 10**6:03d}Z"


def describe_report(record: ErrorRecord) -> str:
    """A report as one line: time (UTC), category, venue or instrument, message, count of repeats."""
    where = str(record.instrument) if record.instrument is not None else record.venue or "-"
    return clean(f"{moment_text(record.last_seen)} {record.category} {where} ") + describe_error(
        record
    )


def describe_error(record: ErrorRecord) -> str:
    """What was wrong and how often, harmless to draw."""
    times = f" (x{record.count})" if record.count > 1 else ""
    return clean(f"{record.message}{times}")


class _Handler(RotatingFileHandler):
    """Rotation from the standard library, with errors raised and files kept private."""

    def __init__(self, path: Path, max_bytes: int, old_files: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=old_files, encoding="utf-8")

    def _open(self) -> io.TextIOWrapper:
        def opener(name: str, flags: int) -> int:
            handle = os.open(name, flags, _NOBODY_ELSE)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.fchmod(handle, _NOBODY_ELSE)  # an older file may have been more open
            return handle

        return io.TextIOWrapper(
            io.FileIO(self.baseFilename, self.mode, opener=opener),
            encoding=self.encoding,
            errors="replace",
            write_through=True,
        )

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise what the standard library would print into the middle of the screen."""
        raise
