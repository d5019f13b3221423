"""What happened within the last so many seconds, in bounded memory.

A window is cut into slots. A slot leaves as a whole when its beginning is older than the window, so that
nothing older than the window is ever counted, and something up to one slot younger may not be.
"""

from __future__ import annotations

import math
from collections import deque

_SLOTS = 240


class _Window:
    def __init__(self, seconds: float) -> None:
        self._span = round(seconds * 1e9)
        self._slot = max(1, self._span // _SLOTS)

    def _slot_of(self, ts: int) -> int:
        return ts - ts % self._slot

    def _oldest(self, ts: int) -> int:
        return ts - self._span


class Extremes(_Window):
    """The lowest and the highest price of a window."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._lows: deque[tuple[int, float]] = deque()  # rising in time and in price
        self._highs: deque[tuple[int, float]] = deque()

    def add(self, ts: int, price: float) -> tuple[float, float]:
        """Take a price at `ts` (ns, never less than before); returns lowest and highest with it."""
        slot, oldest = self._slot_of(ts), self._oldest(ts)
        lows, highs = self._lows, self._highs
        while lows and lows[-1][1] >= price:
            lows.pop()
        if not lows or lows[-1][0] != slot:  # else a lower one is held that leaves with this one
            lows.append((slot, price))
        while highs and highs[-1][1] <= price:
            highs.pop()
        if not highs or highs[-1][0] != slot:
            highs.append((slot, price))
        while lows[0][0] < oldest:
            lows.popleft()
        while highs[0][0] < oldest:
            highs.popleft()
        return lows[0][1], highs[0][1]

    def clear(self) -> None:
        self._lows.clear()
        self._highs.clear()


class Total(_Window):
    """The sum of what came within a window."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._sums: deque[list[float]] = deque()
        self._total = 0.0

    def add(self, ts: int, amount: float) -> float:
        """Take an amount at `ts` (ns, never less than before); returns the sum with it."""
        slot, sums = self._slot_of(ts), self._sums
        if sums and sums[-1][0] == slot:
            sums[-1][1] += amount
        else:
            sums.append([slot, amount])
        self._total += amount
        oldest = self._oldest(ts)
        if sums[0][0] < oldest:
            while sums[0][0] < oldest:
                sums.popleft()
            self._total = math.fsum(one[1] for one in sums)  # anew: differences would add up
        return self._total

    def clear(self) -> None:
        self._sums.clear()
        self._total = 0.0
