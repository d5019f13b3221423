"""The book over time: what rested where, in bounded memory, and nothing where it was not known."""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from tui.market.depth import Bucket, read_buckets, step_ticks, tick_of
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS

TIERS: Final = ((2, 300, 1), (15, 480, 2), (120, 480, 4))
"""Seconds that a column lasts, how many columns are kept, and how many cells of price make one there."""
KEPT_BESTS: Final = 900
"""Seconds of best prices that are kept."""
_CELL = Decimal("0.00005")  # of the price, half a basis point: cells are the next round step above
_CELLS = 160  # of each side in which something rests
_FARTHEST = 4 * _CELLS  # an order at an absurd price is in nobody's sight
_MOST_INSTRUMENTS = 16
_TOO_FAR = 3.0  # the price has multiplied: its cells are of the wrong size


class Best(msgspec.Struct, frozen=True, gc=False):
    """The best prices at a moment (ns); None on a side that is empty."""

    time: int
    bid: float | None
    ask: float | None


class BookColumn(msgspec.Struct, frozen=True, gc=False):
    """What rested in the book over some seconds, on average of the time that it was known.

    Attributes:
        time: its start (ns). seconds: how many of it were known.
        cells, sizes: cells of price, and what rested in each.
        bid, ask: the best prices at its end.
    """

    time: int
    seconds: int
    cells: Sequence[int]
    sizes: Sequence[float]
    bid: float | None
    ask: float | None


class BookHistory:
    """Columns of one book in several lengths, each kept for its own time.

    Attributes:
        step: the height of a cell of price. Cell `n` reaches from `n * step` to `(n + 1) * step`.
        revision: changes with every sample.
    """

    def __init__(self, step: Decimal, *, is_tick: bool) -> None:
        """Make an empty history.

        Args:
            step: the height of a cell. is_tick: True where it is the smallest step of price, so that
                asks need not be rounded up into the cell above them.
        """
        self.step = float(step)
        self.revision = 0
        self._exact = step
        self._is_tick = is_tick
        self._tiers = [_Tier(*tier) for tier in TIERS]

    @property
    def cells_step(self) -> Decimal:
        """The height of a cell, exactly."""
        return self._exact

    def add(self, time: int, bids: Sequence[Bucket], asks: Sequence[Bucket], best: Best) -> None:
        """Take in a sample at `time` (ns): buckets in this history's step."""
        shift = 0 if self._is_tick else 1
        sizes = {bucket.slot: bucket.size for bucket in bids}
        for bucket in asks:
            cell = bucket.slot - shift
            sizes[cell] = sizes.get(cell, 0.0) + bucket.size
        for tier in self._tiers:
            tier.add(time, sizes, best)
        self.revision += 1

    def columns(self, number: int, since: int, until: int) -> list[BookColumn]:
        """The columns of one of the TIERS that begin at `since` or later and before `until` (ns), oldest
        first; the newest may still grow. Where the book was not known there are none."""
        return self._tiers[number].columns(since, until)

    @property
    def first_time(self) -> int | None:
        """The start (ns) of the oldest column of all; None while there is none."""
        firsts = [first for tier in self._tiers if (first := tier.first_time) is not None]
        return min(firsts, default=None)


class _Tier:
    def __init__(self, seconds: int, kept: int, coarseness: int) -> None:
        self._span = seconds * NS
        self._coarseness = coarseness
        self._columns: deque[BookColumn] = deque(maxlen=kept)
        self._start = 0
        self._count = 0
        self._sums: dict[int, float] = {}
        self._best = Best(0, None, None)

    @property
    def first_time(self) -> int | None:
        if self._columns:
            return self._columns[0].time
        return self._start if self._count else None

    def add(self, time: int, sizes: dict[int, float], best: Best) -> None:
        start = time // self._span * self._span
        if start != self._start:
            if self._count:
                self._columns.append(self._column())
            self._start, self._count, self._sums = start, 0, {}
        sums, coarseness = self._sums, self._coarseness
        for fine, size in sizes.items():
            cell = fine // coarseness
            sums[cell] = sums.get(cell, 0.0) + size
        self._count += 1
        self._best = best

    def columns(self, since: int, until: int) -> list[BookColumn]:
        found = [column for column in self._columns if since <= column.time < until]
        if self._count and since <= self._start < until:
            found.append(self._column())
        return found

    def _column(self) -> BookColumn:
        cells = sorted(self._sums)
        sizes = [self._sums[cell] / self._count for cell in cells]
        return BookColumn(
            self._start,
            self._count,
            array("i", cells),
            array("f", sizes),
            self._best.bid,
            self._best.ask,
        )


class BookHistories:
    """Looks at books once a second, and remembers what it saw for those who draw it.

    Only of a book that is live and verified at that moment anything is remembered.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._bests: OrderedDict[Instrument, deque[Best]] = OrderedDict()
        self._depths: dict[Instrument, BookHistory] = {}
        self._second = 0

    def sample(
        self, now: int, shown: Collection[Instrument], whole: Collection[Instrument]
    ) -> None:
        """Look at the books at `now` (ns), at most once a second; may be called with every frame.

        Args:
            shown: instruments whose best prices are to be remembered.
            whole: those whose whole books are. What was known of other whole books is forgotten.
        """
        second = now // NS
        if second == self._second:
            return
        if second < self._second:  # a replay went back: what is remembered has not happened yet
            self._bests.clear()
            self._depths.clear()
        self._second = second
        for gone in self._depths.keys() - set(whole):
            del self._depths[gone]
        for instrument in dict.fromkeys((*shown, *whole)):
            self._look(instrument, now, instrument in whole)
        while len(self._bests) > _MOST_INSTRUMENTS:
            self._bests.popitem(last=False)

    def bests(self, instrument: Instrument) -> Sequence[Best]:
        """The best prices, one a second, oldest first, without the seconds when they were not known."""
        return self._bests.get(instrument, ())

    def depth(self, instrument: Instrument) -> BookHistory | None:
        """The history of a whole book; None where there is none."""
        return self._depths.get(instrument)

    def _look(self, instrument: Instrument, now: int, is_whole: bool) -> None:
        truth = self._market.truth(Subscription(instrument, Channel.BOOK))
        if truth.status is not SubscriptionStatus.LIVE or not truth.verified:
            return
        book = self._market[instrument].book
        best = Best(now, book.bids.best_price, book.asks.best_price)
        self._bests.setdefault(instrument, deque(maxlen=KEPT_BESTS)).append(best)
        self._bests.move_to_end(instrument)
        if not is_whole or best.bid is None or best.ask is None or book.is_crossed:
            return
        history = self._depths.get(instrument)
        middle = abs(best.bid + best.ask) / 2
        if history is None or not 1 / _TOO_FAR < middle * float(_CELL) / history.step < _TOO_FAR:
            history = self._begin(instrument, middle, history)
        step = history.cells_step
        history.add(
            now,
            _near(read_buckets(book.bids, step, _CELLS, is_bid=True)),
            _near(read_buckets(book.asks, step, _CELLS, is_bid=False)),
            best,
        )

    def _begin(
        self, instrument: Instrument, middle: float, held: BookHistory | None
    ) -> BookHistory:
        state = self._market[instrument]
        tick = tick_of(state.info, (*state.book.asks.top(5), *state.book.bids.top(5)))
        number = 0
        while step_ticks(number) * tick < Decimal(middle) * _CELL:
            number += 1
        step = step_ticks(number) * tick
        if held is not None and held.cells_step == step:
            return held  # a tick is larger than what a cell should be
        history = self._depths[instrument] = BookHistory(step, is_tick=number == 0)
        return history


def _near(buckets: Sequence[Bucket]) -> list[Bucket]:
    return [one for one in buckets if abs(one.slot - buckets[0].slot) <= _FARTHEST]
