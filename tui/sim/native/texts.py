"""The JSON texts of the native protocol's messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from tui.model.timeframe import Timeframe
from tui.sim.bars import Bar
from tui.sim.instruments import E8, Listing
from tui.sim.market import Execution
from tui.sim.payloads import Window

Levels = Sequence[tuple[int, int]]
"""(ticks, lots), the best first."""


class Digits:
    """Writes an instrument's numbers with as many decimals as its steps have."""

    def __init__(self, listing: Listing) -> None:
        self._tick, self._lot = listing.tick_e8, listing.lot_e8
        self._price_end, self._size_end = _surplus(listing.tick_e8), _surplus(listing.lot_e8)

    def price(self, ticks: int) -> str:
        units = ticks * self._tick
        return f"{units // E8}.{units % E8:08d}"[: self._price_end]

    def size(self, lots: int) -> str:
        units = lots * self._lot
        return f"{units // E8}.{units % E8:08d}"[: self._size_end]


def _surplus(step_e8: int) -> int | None:
    """Where to cut a text of eight decimals, so that a step's own remain."""
    decimals = len(f"{step_e8 % E8:08d}".rstrip("0")) if step_e8 % E8 else -1
    return decimals - 8 or None


def ms(ns: int) -> str:
    """A time in milliseconds, with a fraction where it has one."""
    whole, micros = divmod(ns // 1000, 1000)
    return f"{whole}.{micros:03d}".rstrip("0") if micros else str(whole)


def error(code: str, message: str, *, request_id: int | None = None, topic: str = "") -> str:
    """An error; `topic` is the JSON of the one channel that it is about."""
    head = '{"type":"error"' + ("" if request_id is None else f',"id":{request_id}')
    about = f',"channel":{topic}' if topic else ""
    return f'{head}{about},"code":"{code}","message":{json.dumps(message)}}}'


def acknowledgement(word: str, now_ns: int, *, request_id: int | None = None) -> str:
    head = '{"type":"status"' + ("" if request_id is None else f',"id":{request_id}')
    return f'{head},"status":"{word}","time":{ms(now_ns)}}}'


def pong(request_id: int, now_ns: int) -> str:
    return f'{{"type":"pong","id":{request_id},"time":{ms(now_ns)}}}'


def heartbeat(number: int, now_ns: int) -> str:
    return f'{{"type":"heartbeat","id":{number},"time":{ms(now_ns)}}}'


# -- bodies of data messages: what stands after the type and the position ----------------------


def price(symbol: str, text: str, now_ns: int) -> str:
    return f'"symbol":"{symbol}","time":{ms(now_ns)},"price":"{text}"'


def best(symbol: str, digits: Digits, last: int, sides: tuple[Levels, Levels], now_ns: int) -> str:
    """The last price and the best of both sides, as far as there are any."""
    parts = [f'"symbol":"{symbol}","time":{ms(now_ns)},"last":"{digits.price(last)}"']
    for name, levels in zip(("bid", "ask"), sides, strict=True):
        if levels:
            ticks, lots = levels[0]
            parts.append(f'"{name}":"{digits.price(ticks)}","{name}_size":"{digits.size(lots)}"')
    return ",".join(parts)


def ticker(window: Window, digits: Digits, last: int) -> str:
    """The best prices and the figures of the last 24 hours."""
    listing, bar = window.pair.listing, window.bar
    head = best(listing.symbol, digits, last, (window.bids, window.asks), window.now_ns)
    return (
        f'{head},"open":"{digits.price(bar.open)}","high":"{digits.price(bar.high)}",'
        f'"low":"{digits.price(bar.low)}","volume":"{digits.size(bar.volume)}",'
        f'"quote_volume":"{listing.value_text(bar.value)}","change_percent":"{window.percent}"'
    )


def trades(symbol: str, digits: Digits, executions: Iterable[Execution]) -> str:
    rows = ",".join(
        f'{{"id":{fact.trade_id},"price":"{digits.price(fact.price)}",'
        f'"size":"{digits.size(fact.lots)}","side":"{"sell" if fact.is_sell else "buy"}",'
        f'"time":{ms(fact.ts_ns)}}}'
        for fact in executions
    )
    return f'"symbol":"{symbol}","trades":[{rows}]'


def candles(
    listing: Listing,
    digits: Digits,
    timeframe: Timeframe,
    bars: Iterable[tuple[int, Bar]],
    now_ns: int,
) -> str:
    """`bars`: open times (ns) and candles, oldest first."""
    rows = []
    for opened, bar in bars:
        closed = ',"closed":true' if timeframe.next_open(opened) <= now_ns else ""
        rows.append(
            f'{{"time":{ms(opened)},"open":"{digits.price(bar.open)}",'
            f'"high":"{digits.price(bar.high)}","low":"{digits.price(bar.low)}",'
            f'"close":"{digits.price(bar.close)}","volume":"{digits.size(bar.volume)}",'
            f'"quote_volume":"{listing.value_text(bar.value)}",'
            f'"taker_buy_volume":"{digits.size(bar.taker_volume)}","trades":{bar.trades}{closed}}}'
        )
    return (
        f'"symbol":"{listing.symbol}","timeframe":"{timeframe}","time":{ms(now_ns)},'
        f'"candles":[{",".join(rows)}]'
    )


def book_head(symbol: str, depth: int, now_ns: int) -> str:
    asked = f',"depth":{depth}' if depth else ""
    return f'"symbol":"{symbol}"{asked},"time":{ms(now_ns)}'


def book(digits: Digits, bids: Levels, asks: Levels) -> str:
    """The document of a book."""
    return f'{{"bids":{{{_sizes(digits, bids)}}},"asks":{{{_sizes(digits, asks)}}}}}'


def _sizes(digits: Digits, levels: Levels) -> str:
    return ",".join(f'"{digits.price(ticks)}":"{digits.size(lots)}"' for ticks, lots in levels)


def changes(digits: Digits, bids: Levels, asks: Levels) -> str:
    """New sizes of levels, 0 for those that are gone."""
    return f'"changes":{book(digits, bids, asks)}'


def patch(operations: Iterable[str]) -> str:
    return f'"patch":[{",".join(operations)}]'


def operation(digits: Digits, key: int, before: int, lots: int) -> str:
    """One level's change from `before` to `lots`; an ask's key is its negated price."""
    path = f"/bids/{digits.price(key)}" if key > 0 else f"/asks/{digits.price(-key)}"
    if not lots:
        return f'{{"op":"remove","path":"{path}"}}'
    name = "replace" if before else "add"
    return f'{{"op":"{name}","path":"{path}","value":"{digits.size(lots)}"}}'
