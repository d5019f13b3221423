"""The candles that a Binance recording tells of at any of its frames, as rows and as a stream."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from itertools import islice

import msgspec

from tui.model.timeframe import MS, Timeframe
from tui.sim.replay_history import SymbolHistory
from tui.sim.replay_wire import KlineRow, WireKline, WireTrade

_LONGEST_FILL = 1000


class _Bar:
    """A candle in the making; sums are exact."""

    __slots__ = (
        "bought",
        "bought_quote",
        "close",
        "high",
        "low",
        "open",
        "quote",
        "trades",
        "volume",
    )

    def __init__(self, price: str) -> None:
        self.open = self.high = self.low = self.close = price
        self.volume = self.quote = self.bought = self.bought_quote = Decimal(0)
        self.trades = 0

    @classmethod
    def of_row(cls, row: KlineRow) -> _Bar:
        bar = cls(row[1])
        bar.high, bar.low, bar.close = row[2], row[3], row[4]
        bar.volume, bar.quote = Decimal(row[5]), Decimal(row[7])
        bar.bought, bar.bought_quote = Decimal(row[9]), Decimal(row[10])
        bar.trades = row[8]
        return bar

    def add(self, trade: WireTrade) -> None:
        price, size = Decimal(trade.p), Decimal(trade.q)
        if price > Decimal(self.high):
            self.high = trade.p
        if price < Decimal(self.low):
            self.low = trade.p
        self.close = trade.p
        self.volume += size
        self.quote += price * size
        if not trade.m:
            self.bought += size
            self.bought_quote += price * size
        self.trades += 1 if trade.f is None or trade.l is None else trade.l - trade.f + 1

    def row(self, open_time: int, close_time: int) -> KlineRow:
        return (
            open_time,
            self.open,
            self.high,
            self.low,
            self.close,
            f"{self.volume:.8f}",
            close_time,
            f"{self.quote:.8f}",
            self.trades,
            f"{self.bought:.8f}",
            f"{self.bought_quote:.8f}",
            "0",
        )


class KlineHistory:
    """One symbol's candles of one interval.

    They come from three sources, each more to be trusted than the one before: the recorded trades
    added up, candles that were fetched while recording, and candles that were streamed. Where the
    recording begins within a candle and only trades are known, it holds what was recorded of it.
    """

    def __init__(self, history: SymbolHistory, timeframe: Timeframe) -> None:
        self._history = history
        self._timeframe = timeframe
        self._interval = str(timeframe)
        self._bars: dict[int, _Bar] = {}
        self._counted = 0

    def rows(self, upto: int, now_ms: int) -> list[KlineRow]:
        """The candles after the first `upto` frames of the recording, oldest first.

        The last one is the open one at `now_ms`, the venue's time; spans without a trade repeat the
        close before them, as the venue has it.
        """
        self._count(self._history.trade_count(upto))
        found = {
            open_time: bar.row(open_time, self._close_time(open_time))
            for open_time, bar in self._bars.items()
        }
        found.update(self._fetched(upto))
        found.update(self._streamed(upto))
        return self._without_holes(found, now_ms)

    def traded(self, upto: int) -> list[KlineRow]:
        """The last two candles that trades among the first `upto` frames made, oldest first."""
        self._count(self._history.trade_count(upto))
        fetched = self._fetched(upto)
        newest = list(islice(reversed(self._bars), 2))
        return [
            fetched.get(open_time)
            or self._bars[open_time].row(open_time, self._close_time(open_time))
            for open_time in reversed(newest)
        ]

    def _count(self, trades: int) -> None:
        if trades < self._counted:
            self._bars.clear()
            self._counted = 0
        for trade in self._history.trades[self._counted : trades]:
            open_time = self._open_time(trade.T)
            bar = self._bars.get(open_time)
            if bar is None:
                bar = self._bars[open_time] = _Bar(trade.p)
            bar.add(trade)
        self._counted = trades

    def _fetched(self, upto: int) -> dict[int, KlineRow]:
        found: dict[int, KlineRow] = {}
        for frame, rows in self._history.rows.get(self._interval, []):
            if frame >= upto or not rows:
                continue
            found.update((row[0], row) for row in rows)
            newest = rows[-1]
            first = bisect_left(self._history.trade_frames, frame)
            last = self._history.trade_count(upto)
            bar = _Bar.of_row(newest)
            for trade in self._history.trades[first:last]:
                if newest[0] <= trade.T <= newest[6]:
                    bar.add(trade)
            found[newest[0]] = bar.row(newest[0], newest[6])
        return found

    def _streamed(self, upto: int) -> dict[int, KlineRow]:
        klines = self._history.klines.get(self._interval, [])
        seen = klines[: bisect_left(klines, upto, key=lambda entry: entry[0])]
        return {kline.t: _row_of(kline) for _, kline in seen}

    def _without_holes(self, found: dict[int, KlineRow], now_ms: int) -> list[KlineRow]:
        rows: list[KlineRow] = []
        for open_time in sorted(found):
            self._fill(rows, open_time)
            rows.append(found[open_time])
        self._fill(rows, self._open_time(now_ms) + 1)
        return rows

    def _fill(self, rows: list[KlineRow], until_ms: int) -> None:
        for _ in range(_LONGEST_FILL):
            if not rows or rows[-1][6] + 1 >= until_ms:
                return
            open_time = rows[-1][6] + 1
            rows.append(_Bar(rows[-1][4]).row(open_time, self._close_time(open_time)))

    def _open_time(self, ms: int) -> int:
        return self._timeframe.floor(ms * MS) // MS

    def _close_time(self, open_time: int) -> int:
        return self._timeframe.next_open(open_time * MS) // MS - 1


class KlineStream:
    """A stream of candles that was not recorded, made of the recorded trades: one frame a trade."""

    def __init__(self, history: SymbolHistory, timeframe: Timeframe) -> None:
        self._symbol = history.symbol
        self._interval = str(timeframe)
        self._klines = KlineHistory(history, timeframe)
        self._open_time: int | None = None

    def frames(self, upto: int, now_ms: int) -> list[str]:
        """The wrapped frames due after the trade that is the last of the first `upto` frames."""
        rows = self._klines.traded(upto)
        if not rows:
            return []
        *before, opened = rows
        frames = [
            self._frame(row, now_ms, is_final=True) for row in before if row[0] == self._open_time
        ]
        self._open_time = opened[0]
        return [*frames, self._frame(opened, now_ms, is_final=False)]

    def _frame(self, row: KlineRow, now_ms: int, *, is_final: bool) -> str:
        kline = {
            "t": row[0],
            "T": row[6],
            "s": self._symbol,
            "i": self._interval,
            "f": -1,
            "L": -1,
            "o": row[1],
            "c": row[4],
            "h": row[2],
            "l": row[3],
            "v": row[5],
            "n": row[8],
            "x": is_final,
            "q": row[7],
            "V": row[9],
            "Q": row[10],
            "B": "0",
        }
        data = {"e": "kline", "E": now_ms, "s": self._symbol, "k": kline}
        name = f"{self._symbol.lower()}@kline_{self._interval}"
        return msgspec.json.encode({"stream": name, "data": data}).decode()


def _row_of(kline: WireKline) -> KlineRow:
    return (
        kline.t,
        kline.o,
        kline.h,
        kline.l,
        kline.c,
        kline.v,
        kline.T,
        kline.q,
        kline.n,
        kline.V,
        kline.Q,
        "0",
    )
