"""How late each venue's facts usually are, by which old news and impossible stamps are known."""

from __future__ import annotations

from typing import Final

from tui.model.events import Ticker, Trade
from tui.model.timeframe import NS

LATE_NS: Final = 60 * NS
"""A trade that is later by so much than its venue's trades usually are was caught up with: no news."""

_USUAL_NS: Final = 300 * NS
_USUAL_COUNT: Final = 200
_NEVER: Final = 2**63
_CONVINCED: Final = 20
"""So many trades in a row that come from the future show that our clock was set."""
_STAYS_NS: Final = 10 * NS
"""What is late for so long, and as late as it was, is not catching up."""


class Lags:
    """What a lag includes is how wrong our clock is: only differences from the usual one count."""

    def __init__(self) -> None:
        self._usual: dict[str, _Usual] = {}

    def is_news(self, trade: Trade) -> bool:
        """Take a streamed trade into account; False where it is old, or stamped with a time to come."""
        venue = trade.instrument.venue
        usual = self._usual.get(venue)
        if usual is None:
            usual = self._usual[venue] = _Usual(trade.ts_local)
        return usual.take(trade.ts_local - trade.ts_exchange, trade.ts_local)

    def is_credible(self, ticker: Ticker) -> bool:
        """False where a ticker is stamped with a time to come."""
        usual = self._usual.get(ticker.instrument.venue)
        return usual is None or ticker.ts_local - ticker.ts_exchange >= usual.least - LATE_NS

    def venue_time(self, venue: str, ts_local: int) -> int:
        """About what the newest facts that a venue has sent by `ts_local` (ns) are stamped with."""
        usual = self._usual.get(venue)
        return ts_local - (usual.least if usual is not None else 0)


class _Usual:
    """The least lag of one venue's trades of late.

    What is of late is told by their number as well as by the time: what comes after a long silence is
    not usual. When our clock was set, all lags are others from then on: back, and trades seem to come
    from the future; forward, and they seem late, but do not catch up.
    """

    __slots__ = ("_before", "_count", "_first_late", "_future", "_now", "_since", "least")

    def __init__(self, ts_local: int) -> None:
        self._future = 0
        self._begin(ts_local)

    def _begin(self, ts_local: int) -> None:
        self.least = self._before = self._now = _NEVER
        self._count = 0
        self._since = ts_local
        self._first_late: tuple[int, int] | None = None

    def take(self, lag: int, ts_local: int) -> bool:
        """Take a lag (ns); True for one that is about as usual."""
        least = self.least
        if least != _NEVER and lag < least - LATE_NS:
            self._future += 1
            if self._future < _CONVINCED:
                return False
            self._begin(ts_local)
        elif lag > least + LATE_NS:
            if not self._stays_late(lag, ts_local):
                return False
            self._begin(ts_local)
        else:
            self._first_late = None
        self._future = 0
        if self._count >= _USUAL_COUNT and ts_local - self._since > _USUAL_NS:
            self._before, self._now, self._count, self._since = self._now, _NEVER, 0, ts_local
        self._count += 1
        if lag < self._now:
            self._now = lag
        self.least = self._before if self._before < self._now else self._now
        return True

    def _stays_late(self, lag: int, ts_local: int) -> bool:
        if self._first_late is None:
            self._first_late = lag, ts_local
        first, since = self._first_late
        return ts_local - since >= _STAYS_NS and lag > first - _STAYS_NS // 2
