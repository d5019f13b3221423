"""What goes on behind the socket's sessions: bars and quotes of each instrument, at an easy pace."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar
from tui.sim.board import Stream
from tui.sim.instruments import Listing
from tui.sim.market import Pair
from tui.sim.payloads import Window
from tui.sim.tradingview.symbols import CODES

Key: TypeAlias = tuple[str, str, str]
"""`bars` and a timeframe's code, or `quote`; the instrument stands between."""


class News(msgspec.Struct, frozen=True):
    """What changed: bars with their opening times (ns), oldest first, or the figures of a quote."""

    bars: list[tuple[int, Bar]] = []
    quote: dict[str, Any] = {}


_DAY: Final = Timeframe(1, "d")


def open_stream(key: Key, pair: Pair, now_ns: int) -> Stream[News]:
    """Bars of a timeframe, or quotes."""
    if key[0] == "bars":
        return _Bars(pair, CODES[key[2]], now_ns)
    return _Quotes(pair, now_ns)


def number(listing: Listing, ticks: int) -> float:
    return float(listing.price_text(ticks))


def size(listing: Listing, lots: int) -> float:
    return float(listing.size_text(lots))


def quote(pair: Pair, now_ns: int) -> dict[str, Any]:
    """The figures that change."""
    listing, window = pair.listing, Window(pair, now_ns)
    (_, before), (_, today) = pair.ledger.candles(_DAY, 0, now_ns, 2, newest=True)
    bid, bid_lots = window.bids[0] if window.bids else (0, 0)
    ask, ask_lots = window.asks[0] if window.asks else (0, 0)
    last = today.close
    last_ns = pair.executions[-1].ts_ns if pair.executions else now_ns
    places = len(listing.price_text(1).partition(".")[2])
    return {
        "lp": number(listing, last),
        "lp_time": last_ns // NS,
        "ch": round(number(listing, last) - number(listing, before.close), places),
        "chp": round(100 * (last - before.close) / before.close, 2),
        "volume": size(listing, today.volume),
        "bid": number(listing, bid),
        "ask": number(listing, ask),
        "bid_size": size(listing, bid_lots),
        "ask_size": size(listing, ask_lots),
        "open_price": number(listing, today.open),
        "high_price": number(listing, today.high),
        "low_price": number(listing, today.low),
        "prev_close_price": number(listing, before.close),
    }


class _Bars(Stream[News]):
    """Once a second, the bars in which something was traded: the last state of one that ended, too.
    Nothing says that a bar is closed."""

    def __init__(self, pair: Pair, timeframe: Timeframe, now_ns: int) -> None:
        self._pair = pair
        self._timeframe = timeframe
        self._slot = now_ns // NS
        self._opens: dict[int, None] = {}

    def due(self, now_ns: int) -> list[News]:
        floor = self._timeframe.floor
        for fact in self._pair.new_executions:
            self._opens[floor(fact.ts_ns)] = None
        slot = now_ns // NS
        if slot == self._slot or not self._opens:
            return []
        self._slot = slot
        candle = self._pair.ledger.candle
        bars = [(opened, candle(self._timeframe, opened)) for opened in sorted(self._opens)]
        self._opens = {}
        return [News(bars=bars)]


class _Quotes(Stream[News]):
    """Once a second, the figures as they are."""

    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        self._slot = now_ns // NS

    def due(self, now_ns: int) -> list[News]:
        slot = now_ns // NS
        if slot == self._slot:
            return []
        self._slot = slot
        return [News(quote=quote(self._pair, now_ns))]
