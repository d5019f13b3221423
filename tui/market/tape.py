"""The trades of one instrument, newest last, with what is known to be missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from tui.model.events import Trade


class Tape:
    """The last `limit` trades, without doubles.

    Attributes:
        revision: changes with every change.
        missed: trades known to have happened and not seen since the start.
        some_missed: trades may have been missed, and nothing tells how many: they have no ids.
        appended: trades put behind the last one since the start. rewrites: changes of what stood
            before. Together they tell whoever follows the tape what is new to it.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._trades: deque[Trade] = deque(maxlen=limit)
        self.revision = 0
        self.missed = 0
        self.some_missed = False
        self.appended = 0
        self.rewrites = 0

    def __len__(self) -> int:
        return len(self._trades)

    @property
    def last(self) -> Trade | None:
        return self._trades[-1] if self._trades else None

    @property
    def missed_note(self) -> str:
        """What to say of missed trades, in at most a few words; "" when none are missing."""
        if self.missed:
            return f"{self.missed} missed"
        return "some missed" if self.some_missed else ""

    def newest(self, count: int) -> list[Trade]:
        """The newest `count` trades, newest first."""
        trades = self._trades
        return [trades[-i] for i in range(1, min(count, len(trades)) + 1)]

    def add(self, trade: Trade) -> bool:
        """Append a trade; False when it (or a newer one, by id) is already there.

        One without an id that comes late is put where its time belongs.
        """
        last = self.last
        if last is not None:
            if trade.trade_id is not None and last.trade_id is not None:
                if trade.trade_id <= last.trade_id:
                    return False
            elif trade.ts_exchange < last.ts_exchange:
                return self._insert(trade)
        self._trades.append(trade)
        self.appended += 1
        self.revision += 1
        return True

    def merge(self, history: Iterable[Trade]) -> int:
        """Merge fetched trades by id; returns how many were new and had room.

        Trades without id cannot be told apart: they are not merged, and nothing is merged with them.
        """
        held = {trade.trade_id: trade for trade in self._trades if trade.trade_id is not None}
        if len(held) < len(self._trades):
            return 0
        known = set(held)
        for trade in history:
            if trade.trade_id is not None:
                held.setdefault(trade.trade_id, trade)
        merged = deque((held[key] for key in sorted(held)), maxlen=self._trades.maxlen)
        added = sum(trade.trade_id not in known for trade in merged)
        if added:
            self._trades = merged
            self.rewrites += 1
            self.revision += 1
        return added

    def mark_missed(self, count: int) -> None:
        self.missed += count
        self.revision += 1

    def mark_some_missed(self) -> None:
        """Trades may have been missed, nobody knows how many."""
        self.some_missed = True
        self.revision += 1

    def clear(self) -> None:
        self._trades.clear()
        self.missed = 0
        self.some_missed = False
        self.rewrites += 1
        self.revision += 1

    def _insert(self, trade: Trade) -> bool:
        """Put a late trade in its place; False when it is older than all that there is room for."""
        place = len(self._trades)
        while place and self._trades[place - 1].ts_exchange > trade.ts_exchange:
            place -= 1
        if len(self._trades) == self._trades.maxlen:
            if not place:
                return False
            self._trades.popleft()
            place -= 1
        self._trades.insert(place, trade)
        self.rewrites += 1
        self.revision += 1
        return True
