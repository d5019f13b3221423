"""Where in time the trades of a pair are: REST counts from a moment on, while gaps are known by id."""

from __future__ import annotations

from collections import deque
from typing import Final

from tui.model.instrument import Instrument

_MOST_CORNERS: Final = 64
_MOST_INSTRUMENTS: Final = 1024

_Seen = tuple[int, int]
"""A trade's id and its time, ns."""


class TradeCursors:
    """Ids of trades and when they were, of each instrument: the newest, and those before a gap."""

    def __init__(self) -> None:
        self._newest: dict[Instrument, _Seen] = {}
        self._corners: dict[Instrument, deque[_Seen]] = {}

    def saw(self, instrument: Instrument, trade_id: int, ts: int) -> None:
        """A trade of the stream."""
        newest = self._newest.get(instrument)
        if newest is not None and trade_id > newest[0] + 1:
            self.fetched(instrument, *newest)
        if newest is None or trade_id > newest[0]:
            if newest is None and len(self._newest) >= _MOST_INSTRUMENTS:
                self._newest.clear()
                self._corners.clear()
            self._newest[instrument] = trade_id, ts

    def fetched(self, instrument: Instrument, trade_id: int, ts: int) -> None:
        """The newest trade of a fetched page, or the last one before a gap."""
        corners = self._corners.setdefault(instrument, deque(maxlen=_MOST_CORNERS))
        corners.append((trade_id, ts))

    def before(self, instrument: Instrument, trade_id: int) -> int | None:
        """The time (ns) of the nearest known trade before this one; None when there is none."""
        seen = [*self._corners.get(instrument, ())]
        newest = self._newest.get(instrument)
        if newest is not None:
            seen.append(newest)
        older = [one for one in seen if one[0] < trade_id]
        return max(older)[1] if older else None
