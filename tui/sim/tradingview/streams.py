"""What goes on behind the socket's sessions: bars and quotes of each instrument, at an easy pace."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar
from tui.sim.board import Stream
from tui.sim.instruments import Listing
from tui.sim.market import Pair
from tui.sim.payloads import Window
from tui.sim.tradingview.symbols import CODES, Shown


class Key(NamedTuple):
    """Names what goes on: `bars` of a timeframe's code, or `quote`, of an instrument, and how late."""

    kind: str
    symbol: str
    code: str
    delay_s: int


def bars_key(shown: Shown, code: str) -> Key:
    return Key("bars", shown.listing.symbol, code, shown.delay_s)


def quote_key(shown: Shown) -> Key:
    return Key("quote", shown.listing.symbol, "", shown.delay_s)


class News(msgspec.Struct, frozen=True):
    """What changed: bars with their opening times (ns), oldest first, or the figures of a quote."""

    bars: list[tuple[int, Bar]] = []
    quote: dict[str, Any] = {}


_DAY: Final = Timeframe(1, "d")


def open_stream(key: Key, pair: Pair, now_ns: int) -> Stream[News]:
    """Bars of a timeframe, or quotes."""
    if key.kind == "quote":
        return _Quotes(pair, key.delay_s, now_ns)
    if key.delay_s:
        return _LateBars(pair, CODES[key.code], key.delay_s, now_ns)
    return _Bars(pair, CODES[key.code], now_ns)


def number(listing: Listing, ticks: int) -> float:
    return float(listing.price_text(ticks))


def size(listing: Listing, lots: int) -> float:
    return float(listing.size_text(lots))


def candles(
    pair: Pair,
    timeframe: Timeframe,
    start_ns: int,
    end_ns: int,
    count: int,
    *,
    now_ns: int,
    delay_s: int,
    newest: bool = False,
) -> list[tuple[int, Bar]]:
    """Candles that open in a window, as they were so long before now, whole seconds."""
    ledger = pair.ledger
    if not delay_s:
        return ledger.candles(timeframe, start_ns, min(end_ns, now_ns), count, newest=newest)
    second = now_ns // NS - delay_s
    found = ledger.candles(timeframe, start_ns, min(end_ns, second * NS - 1), count, newest=newest)
    if found and timeframe.next_open(found[-1][0]) > second * NS:
        opened = found[-1][0]
        found[-1] = opened, ledger.between(opened // NS, second)
    return found


def quote(pair: Pair, now_ns: int, delay_s: int = 0) -> dict[str, Any]:
    """The figures that change. Best prices are of those who pay for what is not late."""
    listing = pair.listing
    (_, before), (_, today) = candles(
        pair, _DAY, 0, now_ns, 2, now_ns=now_ns, delay_s=delay_s, newest=True
    )
    last = today.close
    last_ns = pair.executions[-1].ts_ns if pair.executions and not delay_s else now_ns
    places = len(listing.price_text(1).partition(".")[2])
    figures = {
        "lp": number(listing, last),
        "lp_time": last_ns // NS - delay_s,
        "ch": round(number(listing, last) - number(listing, before.close), places),
        "chp": round(100 * (last - before.close) / before.close, 2),
        "volume": size(listing, today.volume),
        "open_price": number(listing, today.open),
        "high_price": number(listing, today.high),
        "low_price": number(listing, today.low),
        "prev_close_price": number(listing, before.close),
    }
    if delay_s:
        return figures
    window = Window(pair, now_ns)
    bid, bid_lots = window.bids[0] if window.bids else (0, 0)
    ask, ask_lots = window.asks[0] if window.asks else (0, 0)
    best = {
        "bid": number(listing, bid),
        "ask": number(listing, ask),
        "bid_size": size(listing, bid_lots),
        "ask_size": size(listing, ask_lots),
    }
    return figures | best


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


class _LateBars(Stream[News]):
    """Likewise, of what was traded a while ago."""

    def __init__(self, pair: Pair, timeframe: Timeframe, delay_s: int, now_ns: int) -> None:
        self._pair = pair
        self._timeframe = timeframe
        self._delay_s = delay_s
        self._second = now_ns // NS - delay_s

    def due(self, now_ns: int) -> list[News]:
        second, self._second = self._second, now_ns // NS - self._delay_s
        opens = {
            self._timeframe.floor(one * NS): None
            for one in range(second, self._second)
            if self._pair.ledger.bar(0, one).trades
        }
        if not opens:
            return []
        found = candles(
            self._pair,
            self._timeframe,
            min(opens),
            now_ns,
            len(opens) + 1,
            now_ns=now_ns,
            delay_s=self._delay_s,
        )
        return [News(bars=[(opened, bar) for opened, bar in found if opened in opens])]


class _Quotes(Stream[News]):
    """Once a second, the figures as they are, or were."""

    def __init__(self, pair: Pair, delay_s: int, now_ns: int) -> None:
        self._pair = pair
        self._delay_s = delay_s
        self._slot = now_ns // NS

    def due(self, now_ns: int) -> list[News]:
        slot = now_ns // NS
        if slot == self._slot:
            return []
        self._slot = slot
        return [News(quote=quote(self._pair, now_ns, self._delay_s))]
