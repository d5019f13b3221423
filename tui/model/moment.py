"""Times in ns as dates, whatever a venue takes for a time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from tui.model.timeframe import NS

# A day from either end of the calendar, so that every zone has a date for them.
_FIRST: Final = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())


def date_of(ts: int, zone: tzinfo = UTC) -> datetime:
    """The date and time of `ts` (ns), to the second; of what lies beyond the calendar its first or
    last day."""
    return datetime.fromtimestamp(min(max(ts // NS, _FIRST), _LAST), zone)
