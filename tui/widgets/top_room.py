"""Where a list that grows at its top is drawn, so that most of its rows stay where they are."""

from __future__ import annotations

from tui.model.timeframe import NS

_HOLD_S = 1.0
_FILLED = 3  # rows that are never free, or a third of a longer list


class TopRoom:
    """Rows that are kept free above the newest entry of a list.

    A list that moves down by a row with every entry is drawn anew each time, and cannot be read while
    entries come fast. So the newest ones are written into free rows above what stands; when these are
    used up, the list moves down once, by as many rows as will do for a second. Where entries come
    slowly no row is kept free.
    """

    def __init__(self) -> None:
        self._free = 0
        self._moved = 0  # ns; when the list moved down last
        self._entries = 0  # since then

    def after(self, entries: int, rows: int, now: int) -> int:
        """How many rows are free above the newest entry, now that there are so many new entries.

        Args:
            rows: of the list. now: ns.
        """
        self._entries += entries
        if entries <= self._free < rows:
            self._free -= entries
            return self._free
        elapsed_s = (now - self._moved) / NS
        wanted = int(self._entries / elapsed_s * _HOLD_S) if elapsed_s > 0 else 0
        # Where all of it is new there is nothing to keep in place.
        is_kept = wanted > 1 and entries < rows
        self._free = min(wanted, max(rows - max(_FILLED, -(-rows // 3)), 0)) if is_kept else 0
        self._moved, self._entries = now, 0
        return self._free
