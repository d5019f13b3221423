"""The streams of the Binance protocol: what a name means, and what is due on it at a moment."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from tui.model.timeframe import NS, Timeframe
from tui.sim import payloads
from tui.sim.bars import Bar
from tui.sim.market import Pair, SimMarket
from tui.sim.payloads import Window

Payload: TypeAlias = Callable[[int], str]
"""Writes the JSON for a time unit, given in ns."""

_NAMES = "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"
TIMEFRAMES = {text: Timeframe.parse(text) for text in _NAMES.split()}
WINDOWS = {"1h": 3_600 * NS, "4h": 14_400 * NS, "1d": 86_400 * NS}
_ARRAYS = {"!miniTicker@arr": None, **{f"!ticker_{name}@arr": name for name in WINDOWS}}
_KLINE = re.compile(r"kline_(\w+)(?:@\+08:00)?")
_DEPTH = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?")
_FAST_NS = 100_000_000


class Stream(ABC):
    """One stream's state; exists while somebody listens."""

    @abstractmethod
    def due(self, now_ns: int) -> list[Payload]:
        """What is to be sent now. Called at every step of the market, once."""


def open_stream(name: str, market: SimMarket) -> Stream | None:
    """The stream of a name; None for one that will never say anything.

    Names are case sensitive: the symbol is in lower case.
    """
    if name in _ARRAYS:
        return _TickerArray(market, _ARRAYS[name])
    symbol, _, kind = name.partition("@")
    if symbol != symbol.lower() or symbol.upper() not in market.listings:
        return None
    pair = partial(market.pair, symbol.upper())
    return _open_of_pair(kind, pair, market.now_ns)


def _open_of_pair(kind: str, pair: Callable[[], Pair], now_ns: int) -> Stream | None:
    if kind == "trade":
        return _Trades(pair())
    if kind == "aggTrade":
        return _AggregateTrades(pair())
    if kind == "bookTicker":
        return _BookTicker(pair())
    if kind == "avgPrice":
        held = pair()
        return _Periodic(NS, now_ns, lambda now: partial(payloads.average_event, held, now))
    if kind in ("ticker", "miniTicker"):
        write = payloads.ticker if kind == "ticker" else payloads.mini_ticker
        held = pair()
        return _Periodic(NS, now_ns, lambda now: partial(write, Window(held, now)))
    if kind.startswith("ticker_") and kind[7:] in WINDOWS:
        return _window_stream(pair(), kind[7:], now_ns)
    if (match := _KLINE.fullmatch(kind)) is not None and match[1] in TIMEFRAMES:
        offset_s = 8 * 3_600 if kind.endswith("@+08:00") else 0
        return _Klines(pair(), TIMEFRAMES[match[1]], offset_s, now_ns)
    if (match := _DEPTH.fullmatch(kind)) is not None:
        period = _FAST_NS if match[2] == "@100ms" else NS
        held = pair()
        if match[1] is None:
            return _DepthUpdates(held, period, now_ns)
        depth = int(match[1])
        return _Periodic(period, now_ns, lambda now: _fixed(payloads.partial_depth(held, depth)))
    return None


def _fixed(text: str) -> Payload:
    return lambda per: text


def _window_stream(pair: Pair, name: str, now_ns: int) -> Stream:
    span = WINDOWS[name]

    def write(now: int) -> Payload:
        window = Window(pair, now, span)
        return lambda per: payloads.window_ticker(window, name, per)

    return _Periodic(NS, now_ns, write)


class _Periodic(Stream):
    """Says something once in every period, at its multiples."""

    def __init__(self, period_ns: int, now_ns: int, write: Callable[[int], Payload]) -> None:
        self._period_ns = period_ns
        self._slot = now_ns // period_ns
        self._write = write

    def due(self, now_ns: int) -> list[Payload]:
        slot = now_ns // self._period_ns
        if slot == self._slot:
            return []
        self._slot = slot
        return [self._write(now_ns)]


class _Trades(Stream):
    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def due(self, now_ns: int) -> list[Payload]:
        listing = self._pair.listing
        return [
            partial(payloads.trade, listing, fact, now_ns) for fact in self._pair.new_executions
        ]


class _AggregateTrades(Stream):
    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def due(self, now_ns: int) -> list[Payload]:
        listing = self._pair.listing
        return [
            partial(payloads.aggregate_trade, listing, fact, now_ns)
            for fact in self._pair.new_aggregates
        ]


class _BookTicker(Stream):
    """Says the best prices whenever they, or their sizes, have changed."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._said: tuple[int, int, int, int] | None = None

    def due(self, now_ns: int) -> list[Payload]:
        if self._said is not None and not self._pair.engine.changed:
            return []
        bids, asks = self._pair.engine.top(1)
        if not bids or not asks:
            return []
        top = (*bids[0], *asks[0])
        if top == self._said:
            return []
        self._said = top
        return [_fixed(payloads.book_ticker(self._pair, top, self._pair.engine.update_id))]


class _DepthUpdates(Stream):
    """Says which levels changed; the update ids of its events follow each other without a hole."""

    def __init__(self, pair: Pair, period_ns: int, now_ns: int) -> None:
        self._pair = pair
        self._period_ns = period_ns
        self._slot = now_ns // period_ns
        self._said = pair.engine.update_id
        self._changed: set[int] = set()

    def due(self, now_ns: int) -> list[Payload]:
        engine = self._pair.engine
        self._changed |= engine.changed
        slot = now_ns // self._period_ns
        if slot == self._slot:
            return []
        self._slot = slot
        if engine.update_id == self._said:
            return []
        keys = sorted(self._changed, reverse=True)
        lots_at = engine.lots_at
        bids = [(key, lots_at(key)) for key in keys if key > 0]
        asks = [(-key, lots_at(key)) for key in keys if key < 0]
        ids = (self._said + 1, engine.update_id)
        self._said = engine.update_id
        self._changed = set()
        listing = self._pair.listing
        return [partial(payloads.depth_update, listing, ids, (bids, asks), now_ns)]


class _Klines(Stream):
    """Says how the candle stands every one or two seconds, and once that it is closed."""

    def __init__(self, pair: Pair, timeframe: Timeframe, offset_s: int, now_ns: int) -> None:
        self._pair = pair
        self._timeframe = timeframe
        self._offset_s = offset_s
        self._period_ns = NS if timeframe.unit == "s" else 2 * NS
        self._slot = now_ns // self._period_ns
        self._open_ns, self._end_ns = self._edges(now_ns)

    def due(self, now_ns: int) -> list[Payload]:
        slot = now_ns // self._period_ns
        is_over = now_ns >= self._end_ns
        if slot == self._slot and not is_over:
            return []
        said: list[Payload] = []
        if is_over:
            said.append(self._closing(now_ns))
            self._open_ns, self._end_ns = self._edges(now_ns)
        if slot != self._slot:
            self._slot = slot
            # The last word on a closed candle stands alone: the next candle speaks up in its turn.
            if not is_over or self._period_ns == NS:
                said.append(self._present(now_ns))
        return said

    def _closing(self, now_ns: int) -> Payload:
        opened, end = self._open_ns, self._end_ns
        ledger = self._pair.ledger
        bar = ledger.candle(self._timeframe, opened, self._offset_s)
        later = ledger.since(end // NS)[0].trades
        return self._write((opened, end, bar), self._pair.last_trade_id - later, now_ns, True)

    def _present(self, now_ns: int) -> Payload:
        bar = self._pair.ledger.candle(self._timeframe, self._open_ns, self._offset_s)
        candle = (self._open_ns, self._end_ns, bar)
        return self._write(candle, self._pair.last_trade_id, now_ns, False)

    def _write(
        self, candle: tuple[int, int, Bar], last_id: int, now_ns: int, is_closed: bool
    ) -> Payload:
        return lambda per: payloads.kline(
            self._pair.listing,
            self._timeframe,
            candle,
            last_id,
            now_ns,
            per,
            is_closed=is_closed,
        )

    def _edges(self, now_ns: int) -> tuple[int, int]:
        shift = self._offset_s * NS
        shifted = now_ns + shift
        return self._timeframe.floor(shifted) - shift, self._timeframe.next_open(shifted) - shift


class _TickerArray(Stream):
    """Says the tickers of all instruments whose last price or book changed in the last second."""

    def __init__(self, market: SimMarket, window: str | None) -> None:
        self._market = market
        self._window = window
        self._slot = market.now_ns // NS
        self._said: dict[str, int] = {}

    def due(self, now_ns: int) -> list[Payload]:
        slot = now_ns // NS
        if slot == self._slot:
            return []
        self._slot = slot
        windows = []
        span = WINDOWS[self._window] if self._window else payloads.DAY_NS
        for pair in self._market.pairs():
            if self._said.get(pair.listing.symbol) != pair.last_trade_id:
                self._said[pair.listing.symbol] = pair.last_trade_id
                windows.append(Window(pair, now_ns, span))
        if not windows:
            return []
        return [lambda per: f"[{','.join(self._row(window, per) for window in windows)}]"]

    def _row(self, window: Window, per: int) -> str:
        if self._window is None:
            return payloads.mini_ticker(window, per)
        return payloads.window_ticker(window, self._window, per)
