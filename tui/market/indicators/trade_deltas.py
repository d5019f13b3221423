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
    """Follows a tape; sums up what was bought and sold in each candle since its first trade.

    Attributes:
        is_used: a candle was told what takers bought of it.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self._sums: OrderedDict[int, tuple[float, float]] = OrderedDict()
        self._first: Trade | None = None
        self._last: Trade | None = None
        self._missing: set[int] = set()
        self._revision = -1
        self.is_used = False

    @property
    def since(self) -> int | None:
        """Time (ns) of the first trade that is counted; None while there is none."""
        return None if self._first is None else self._first.ts_exchange

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
        if last is not None and (
            not self._is_joined(last, fresh, trades) or self._began_too_late(trades)
        ):
            self._begin_anew()
            fresh, oldest = trades, 0
        if self._missing:
            fresh += self._found(trades[len(fresh) :])
        opened = [self._count(trade) for trade in fresh]
        self._last = trades[0]
        if self._first is None:
            self._first = trades[-1]
        while len(self._sums) > _MOST_CANDLES:
            self._sums.popitem(last=False)
        return oldest if oldest is not None else min(opened, default=None)

    def dress(self, candle: Candle) -> Candle:
        """The candle with what takers bought of it, as far as that was counted, where the venue did not
        say; its volume is then what was counted."""
        if candle.taker_buy_volume is not None or self._first is None:
            return candle
        sums = self._sums.get(candle.open_time)
        is_before = candle.open_time < self._timeframe.floor(self._first.ts_exchange)
        if is_before or (sums is None and candle.volume):
            return candle
        bought, sold = sums or (0.0, 0.0)
        self.is_used = True
        return msgspec.structs.replace(candle, taker_buy_volume=bought, volume=bought + sold)

    def _began_too_late(self, trades: Sequence[Trade]) -> bool:
        """Whether trades from before the first one that was counted came later on, as what is fetched
        does, and all that was counted is still there to be counted again."""
        first = self._first
        if first is None or trades[-1].ts_exchange >= first.ts_exchange:
            return False
        return any(trade is first for trade in trades)

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
        self._first = self._last = None
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
