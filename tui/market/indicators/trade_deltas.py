"""What takers bought in each candle, counted from the tape, where the venue's candles do not say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import takewhile

import msgspec

from tui.market.tape import Tape
from tui.model.events import Candle, Side, Trade
from tui.model.timeframe import Timeframe

_MOST_CANDLES = 10_000
_MOST_MISSING = 1000


class TradeDeltas:
    """Follows a tape; counts what was bought and sold in each candle since it began.

    The first candle of which trades are known may have begun before them: it is left out, because
    what is known of it is a part.

    Attributes:
        since: open time (ns) of the first candle that is counted whole; None while nothing is known.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self._sums: OrderedDict[int, tuple[float, float]] = OrderedDict()
        self._last: Trade | None = None
        self._missing: set[int] = set()
        self._revision = -1
        self.since: int | None = None

    def follow(self, tape: Tape) -> int | None:
        """Count the trades that are new on a tape.

        Returns:
            Open time (ns) of the oldest candle whose sums changed; 0 when counting began anew because
            too much was missed, None when nothing changed.
        """
        if tape.revision == self._revision:
            return None
        self._revision = tape.revision
        trades = tape.newest(len(tape))
        if not trades:
            return self._begin_anew() if self._last is not None else None
        last = self._last
        fresh = list(takewhile(lambda trade: trade is not last, trades))
        oldest = None
        if last is not None and not self._is_joined(last, fresh, trades):
            self._begin_anew()
            fresh, oldest = trades, 0
        if self._missing:
            fresh += self._found(trades[len(fresh) :])
        opened = [self._count(trade) for trade in fresh]
        self._last = trades[0]
        if self.since is None:
            self.since = self._timeframe.next_open(min(opened))
        while len(self._sums) > _MOST_CANDLES:
            self._sums.popitem(last=False)
        return oldest if oldest is not None else min(opened, default=None)

    def dress(self, candle: Candle) -> Candle:
        """The candle with what takers bought of it, where the tape knows and the venue did not say."""
        if candle.taker_buy_volume is not None or self.since is None:
            return candle
        sums = self._sums.get(candle.open_time)
        if candle.open_time < self.since or (sums is None and candle.volume):
            return candle
        bought, sold = sums or (0.0, 0.0)
        return msgspec.structs.replace(candle, taker_buy_volume=bought, volume=bought + sold)

    def _is_joined(self, last: Trade, fresh: Sequence[Trade], trades: Sequence[Trade]) -> bool:
        """Whether nothing is missing for good between what was counted and what is fresh. Trades that
        may yet be fetched are waited for, by their ids."""
        if not fresh:
            return True
        first = fresh[-1]
        if last.trade_id is None or first.trade_id is None:
            return len(fresh) < len(trades)
        between = range(last.trade_id + 1, first.trade_id)
        if len(between) > _MOST_MISSING:
            return False
        self._missing.update(between)
        return True

    def _found(self, trades: Sequence[Trade]) -> list[Trade]:
        """Those of the older trades that had been missing."""
        found = [trade for trade in trades if trade.trade_id in self._missing]
        self._missing.difference_update(trade.trade_id or 0 for trade in found)
        lowest = trades[-1].trade_id if trades else None
        if lowest is not None:  # what is older than the tape does not come any more
            self._missing = {each for each in self._missing if each > lowest}
        return found

    def _begin_anew(self) -> int:
        self._sums.clear()
        self._missing.clear()
        self._last = self.since = None
        return 0

    def _count(self, trade: Trade) -> int:
        opened = self._timeframe.floor(trade.ts_exchange)
        bought, sold = self._sums.get(opened, (0.0, 0.0))
        if trade.aggressor is Side.BUY:
            bought += trade.size
        else:
            sold += trade.size
        self._sums[opened] = bought, sold
        return opened
