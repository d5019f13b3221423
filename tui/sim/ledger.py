"""All bars of one instrument: the made-up past, the live trades since the start, and the present."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar, BarSum, flat, join
from tui.sim.history import DAY, SPANS, History

_TOP = len(SPANS) - 1
# How many live bars of each span are kept; older ones are divided anew from the span above.
_KEPT = (3_600, 4_320, 4_000, 100_000, 100_000)


class Ledger:
    """Bars by span and index, where live trades continue the history without a seam."""

    def __init__(self, history: History, start_s: int) -> None:
        self._history = history
        self.start_s = start_s
        self.second = start_s
        """The second that is under way, since the epoch."""
        self._live: list[deque[Bar]] = [deque() for _ in SPANS]
        self._live_from = [start_s // span for span in SPANS]
        before = history.bar(0, start_s - 1).close
        self._open: list[BarSum] = []
        for level, span in enumerate(SPANS):
            total = BarSum(before)
            if level:
                finer = SPANS[level - 1]
                first = start_s // span * span // finer
                for index in range(first, start_s // finer):
                    total.add(history.bar(level - 1, index))
            self._open.append(total)
        self.price = before
        """The last price, ticks."""

    # -- writing ---------------------------------------------------------------------------

    def add_trade(self, ts_ns: int, price: int, lots: int, *, is_buy: bool) -> None:
        """Count a live trade; `ts_ns` never falls."""
        second = ts_ns // NS
        if second > self.second:
            self.roll(second)
        self._open[0].add_trade(price, lots, is_buy=is_buy)
        self.price = price

    def roll(self, second: int) -> None:
        """Close every span that ends before `second` (since the epoch)."""
        while self.second < second:
            self.second += 1
            for level, span in enumerate(SPANS):
                if self.second % span:
                    break
                self._close(level)

    def _close(self, level: int) -> None:
        running = self._open[level]
        bar = running.bar() if running.trades else flat(running.close)
        live = self._live[level]
        live.append(bar)
        if level < _TOP:
            self._open[level + 1].add(bar)
            group = SPANS[level + 1] // SPANS[level]
            # Whole parents go at once, so that what is divided anew never mixes with what is kept.
            if len(live) > _KEPT[level] + group and self._live_from[level] // group < (
                self.second // SPANS[level + 1] - 1
            ):
                for _ in range(group - self._live_from[level] % group):
                    live.popleft()
                    self._live_from[level] += 1
        self._open[level] = BarSum(self.price)

    # -- reading ---------------------------------------------------------------------------

    def bar(self, level: int, index: int) -> Bar:
        """The bar of a span of SPANS that has begun."""
        place = index - self._live_from[level]
        if place >= 0:
            live = self._live[level]
            return live[place] if place < len(live) else self._present(level)
        if level == _TOP:
            return self._history.bar(level, index)
        parent, offset = divmod(index, SPANS[level + 1] // SPANS[level])
        return self._parts(level, parent)[offset]

    def _parts(self, level: int, parent: int) -> list[Bar]:
        """The bars of a span of the past that is not, or not any more, kept live."""
        born = self.start_s // SPANS[level + 1]
        was_cut = self._live_from[level] > self.start_s // SPANS[level]
        if parent < born or (parent == born and not was_cut):
            return self._history.parts(level + 1, parent)
        whole, before = self.bar(level + 1, parent), self.bar(level + 1, parent - 1).close
        return self._history.split(level + 1, parent, whole, before)

    def _present(self, level: int) -> Bar:
        return join(reversed(self._open[: level + 1]), self._open[level].close)

    def _bars(self, level: int, first: int, end: int) -> list[Bar]:
        """Bars `first..end-1` of a span."""
        bars: list[Bar] = []
        index = first
        group = SPANS[level + 1] // SPANS[level] if level < _TOP else 1
        while index < end:
            if level == _TOP or index >= self._live_from[level]:
                bars.append(self.bar(level, index))
                index += 1
            else:
                parent, offset = divmod(index, group)
                stop = min(end, self._live_from[level], (parent + 1) * group)
                bars.extend(self._parts(level, parent)[offset : offset + stop - index])
                index = stop
        return bars

    def since(self, second: int) -> tuple[Bar, int]:
        """All that was traded from a second (since the epoch) on, and the price before it (ticks)."""
        second = min(second, self.second)
        before = self.bar(0, second - 1).close
        total = BarSum(before)
        for level, span in enumerate(SPANS):
            present = self.second // span
            index = second // span
            end = present
            if level < _TOP:
                wider = SPANS[level + 1]
                end = min(end, -(-second // wider) * wider // span)
            for bar in self._bars(level, index, end):
                total.add(bar)
            second = max(second, end * span)
            if end == present:
                total.add(self._present(level))
                break
        return total.bar(), before

    def between(self, start: int, end: int) -> Bar:
        """All that was traded from a second (since the epoch) on and before another, which must be
        over."""
        total = BarSum(self.bar(0, start - 1).close)
        for level in range(_TOP, -1, -1):
            span = SPANS[level]
            if start % span == 0 and start + span <= end:
                for bar in self._bars(level, start // span, end // span):
                    total.add(bar)
                start = end // span * span
        return total.bar()

    def candle(self, timeframe: Timeframe, open_ns: int, offset_s: int = 0) -> Bar:
        """The candle that opens at `open_ns`, complete or as it stands now."""
        return self.candles(timeframe, open_ns, open_ns, 1, offset_s=offset_s)[-1][1]

    def candles(
        self,
        timeframe: Timeframe,
        start_ns: int,
        end_ns: int,
        limit: int,
        *,
        newest: bool = False,
        offset_s: int = 0,
    ) -> list[tuple[int, Bar]]:
        """Candles that open in `start_ns..end_ns`, with their open times (ns), oldest first.

        Args:
            limit: how many at most; the oldest of the range, or with `newest` its newest.
            offset_s: the time zone, in seconds east, in which days begin.
        """
        shift = offset_s * NS
        first = self._history.first_day * DAY * NS
        end_ns = min(end_ns, self.second * NS)
        start_ns = max(start_ns, first)
        if newest:
            # A month has 31 days at most and a candle of another unit its nominal length.
            reach = limit * (timeframe.seconds if timeframe.unit != "M" else 31 * DAY) * NS
            start_ns = max(start_ns, timeframe.floor(end_ns + shift) - shift - reach)
        opens: list[int] = []
        moment = timeframe.floor(start_ns + shift) - shift
        if moment < start_ns:
            moment = timeframe.next_open(start_ns + shift) - shift
        while moment <= end_ns and (newest or len(opens) < limit):
            opens.append(moment)
            moment = timeframe.next_open(moment + shift) - shift
        if newest:
            opens = opens[-limit:]
            if opens:
                moment = timeframe.next_open(opens[-1] + shift) - shift
        if not opens:
            return []
        return self._join([*opens, moment], _level_for(timeframe, offset_s))

    def _join(self, edges: list[int], level: int) -> list[tuple[int, Bar]]:
        span = SPANS[level] * NS
        first = edges[0] // span
        present = self.second // SPANS[level]
        bars = self._bars(level, first, min(edges[-1] // span, present + 1))
        price = self._close_before(level, first)
        candles = []
        for start, end in pairwise(edges):
            bar = join(bars[start // span - first : end // span - first], price)
            price = bar.close
            candles.append((start, bar))
        return candles

    def _close_before(self, level: int, index: int) -> int:
        return self._bars(level, index - 1, index)[0].close


def _level_for(timeframe: Timeframe, offset_s: int) -> int:
    """The widest span that the candles' edges are multiples of."""
    seconds = DAY if timeframe.unit in "dwM" else timeframe.seconds
    fitting = [level for level, span in enumerate(SPANS) if not seconds % span | offset_s % span]
    return max(fitting)
