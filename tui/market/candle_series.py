"""The candles of one instrument and timeframe, by open time, without doubles, and the known holes."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from tui.model.events import Candle

KEPT: Final = 10_000
"""Candles that a series holds while nobody looks at what is older."""
_MOST_HOLES = 100
_CHANGES_KEPT = 32


class Past(msgspec.Struct, frozen=True):
    """What there is before a series' oldest candle.

    Attributes:
        begins: nothing is to be had: the venue has no more, or gives no more.
        note: plain text: what is being done about older candles, or why there are none; "" when nobody
            asked for them.
    """

    begins: bool = False
    note: str = ""


UNASKED: Final = Past()


class CandleSeries:
    """Candles in order of open time, at most `limit` of them (the oldest go first).

    `revision` changes with every change; `past_revision` only when more than the newest candle changed,
    or one was added behind it: whatever was computed of older candles then has to be computed anew.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._candles: list[Candle] = []
        self._times: list[int] = []
        self._holes: list[tuple[int, int]] = []
        self._past = UNASKED
        self._revision = 0
        self._past_revision = 0
        self._inner_revision = 0
        self._changes: deque[int] = deque(maxlen=_CHANGES_KEPT)

    def __len__(self) -> int:
        return len(self._candles)

    @property
    def revision(self) -> int:
        return self._revision

    @property
    def past_revision(self) -> int:
        return self._past_revision

    @property
    def inner_revision(self) -> int:
        """Changes where `past_revision` does, but not for candles that came in front of all others."""
        return self._inner_revision

    @property
    def candles(self) -> Sequence[Candle]:
        """The candles, oldest first; do not keep across a change."""
        return self._candles

    @property
    def times(self) -> Sequence[int]:
        """Their open times (ns); do not keep across a change."""
        return self._times

    @property
    def past(self) -> Past:
        """What there is before the oldest candle."""
        return self._past

    @property
    def last(self) -> Candle | None:
        return self._candles[-1] if self._candles else None

    @property
    def holes(self) -> Sequence[tuple[int, int]]:
        """Spans (ns, the end excluded), oldest first, whose candles could not be had. Where candles
        are merely absent, because nothing was traded, there is no hole."""
        return self._holes

    def oldest_change(self, past_revision: int) -> int | None:
        """Open time (ns) of the oldest candle that changed since that `past_revision`.

        Returns:
            None when none did; 0 when there were too many changes to tell.
        """
        count = self.past_revision - past_revision
        if not count:
            return None
        if count > len(self._changes):
            return 0
        return min(list(self._changes)[-count:])

    def upsert(self, candle: Candle) -> bool:
        """Put a candle where its open time belongs.

        Returns:
            False when it is no news: the same as what is held, or older (an open state after the
            close, or an earlier state of the open candle), which is then kept; also when it is older
            than all that a full series has room for.
        """
        times = self._times
        if not times or candle.open_time > times[-1]:
            times.append(candle.open_time)
            self._candles.append(candle)
            self._trim()
        else:
            index = bisect_left(times, candle.open_time)
            if times[index] != candle.open_time:
                if index == 0 and len(times) >= self._limit:
                    return False
                times.insert(index, candle.open_time)
                self._candles.insert(index, candle)
                self._note_change(candle.open_time, is_inner=index > 0)
                self._trim()
            elif not _is_news(candle, self._candles[index]):
                return False
            else:
                self._candles[index] = candle
                if index < len(times) - 1:
                    self._note_change(candle.open_time)
        self._revision += 1
        return True

    def merge(self, history: Iterable[Candle]) -> int:
        """Merge fetched candles with what is held; returns how many were new or newer.

        A page in front of all that is held costs the same however much that is.
        """
        page = list(history)
        in_front = self._put_in_front(page)
        return in_front + sum(self.upsert(candle) for candle in page[in_front:])

    def keep(self, limit: int) -> None:
        """Hold at most so many candles from now on; what is too much goes, the oldest first."""
        self._limit = limit
        if len(self._times) > limit:
            self._trim()
            self._revision += 1

    def tell_past(self, past: Past) -> None:
        """Say what there is before the oldest candle."""
        if past != self._past:
            self._past = past
            self._revision += 1

    def mark_hole(self, start: int, end: int) -> None:
        """Note that the candles of this span (ns, the end excluded) could not be had."""
        if start >= end:
            return
        before = [hole for hole in self._holes if hole[1] < start]
        after = [hole for hole in self._holes if hole[0] > end]
        touched = self._holes[len(before) : len(self._holes) - len(after)]
        joined = (
            min([start, *(hole[0] for hole in touched)]),
            max([end, *(hole[1] for hole in touched)]),
        )
        self._set_holes([*before, joined, *after])

    def fill_hole(self, start: int, end: int) -> None:
        """Note that this span (ns, the end excluded) was fetched: what is absent there never was."""
        if start >= end:
            return
        left: list[tuple[int, int]] = []
        for low, high in self._holes:
            pieces = [(low, min(high, start)), (max(low, end), high)]
            left += [piece for piece in pieces if piece[0] < piece[1]]
        self._set_holes(left)

    def clear(self) -> None:
        self._candles.clear()
        self._times.clear()
        self._holes = []
        self._past = UNASKED
        self._revision += 1
        self._note_change(0)

    def _note_change(self, open_time: int, *, is_inner: bool = True) -> None:
        self._past_revision += 1
        self._inner_revision += is_inner
        self._changes.append(open_time)

    def _set_holes(self, holes: list[tuple[int, int]]) -> None:
        holes = holes[-_MOST_HOLES:]
        if holes != self._holes:
            self._holes = holes
            self._revision += 1

    def _put_in_front(self, page: Sequence[Candle]) -> int:
        """Put the part of a page that is older than all that is held, if its order is right, where it
        belongs; returns how many candles that were."""
        times = self._times
        if not times:
            return 0
        count = 0
        while count < len(page) and page[count].open_time < times[0]:
            count += 1
        older = [candle.open_time for candle in page[:count]]
        if (
            count < 2
            or len(times) + count > self._limit
            or any(first >= second for first, second in pairwise(older))
        ):
            return 0
        times[:0] = older
        self._candles[:0] = page[:count]
        self._revision += 1
        self._note_change(older[0], is_inner=False)
        return count

    def _trim(self) -> None:
        excess = len(self._times) - self._limit
        if excess > 0:
            # What was there once can be had again.
            self._past = UNASKED
            del self._times[:excess]
            del self._candles[:excess]
            if self._holes and self._holes[0][1] <= self._times[0]:
                self._holes = [hole for hole in self._holes if hole[1] > self._times[0]]


def _is_news(candle: Candle, held: Candle) -> bool:
    if held.closed != candle.closed:
        return candle.closed
    if candle.ts_exchange == held.ts_exchange:
        return _figures(candle) != _figures(held) and (
            bool(candle.ts_exchange) or candle.volume >= held.volume
        )
    if candle.ts_exchange and held.ts_exchange:
        return candle.ts_exchange > held.ts_exchange
    # A fetched candle that still moves has no time of its own, but its volume only grows; where
    # both know the same, the streamed one says when.
    if candle.volume == held.volume:
        return candle.closed or bool(candle.ts_exchange)
    return candle.volume > held.volume


def _figures(candle: Candle) -> tuple[float, float, float, float, float]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume
