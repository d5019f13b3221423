"""The error log: the last thousand problems, repeats counted instead of repeated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from tui.feed.clock import Clock
from tui.feed.redaction import Redactor
from tui.model.health import ErrorCategory, ErrorRecord
from tui.model.instrument import Instrument

_LONGEST = 500  # characters of a message
_Key = tuple[str, Instrument | None, ErrorCategory, str]


class ErrorLog:
    """Problems, newest last; the same problem again only raises its count and moves it to the end."""

    def __init__(
        self,
        clock: Clock,
        *,
        limit: int = 1000,
        write: Callable[[ErrorRecord], None] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """Make an empty log; `write` is called with every report, for the log file. What
        `redactor` knows or takes for a secret is in neither."""
        self._clock = clock
        self._redactor = redactor or Redactor()
        self._limit = limit
        self._write = write
        self._records: OrderedDict[_Key, ErrorRecord] = OrderedDict()
        self.revision = 0

    def __len__(self) -> int:
        return len(self._records)

    def report(
        self,
        category: ErrorCategory,
        message: str,
        *,
        venue: str = "",
        instrument: Instrument | None = None,
    ) -> None:
        now = self._clock.time_ns()
        message = self._redactor.hide(message, _LONGEST)
        venue = venue or (instrument.venue if instrument else "")
        key = (venue, instrument, category, message)
        held = self._records.pop(key, None)
        if held is None:
            record = ErrorRecord(now, now, venue, instrument, category, message)
        else:
            record = msgspec.structs.replace(held, last_seen=now, count=held.count + 1)
        self._records[key] = record
        while len(self._records) > self._limit:
            self._records.popitem(last=False)
        self.revision += 1
        if self._write is not None:
            self._write(record)

    def records(self, category: ErrorCategory | None = None) -> list[ErrorRecord]:
        """Newest first."""
        return [
            record
            for record in reversed(self._records.values())
            if category is None or record.category is category
        ]

    def clear(self) -> None:
        self._records.clear()
        self.revision += 1
