"""The channels of Coinbase Exchange's feed, a product each: what is due on them at a moment."""

from __future__ import annotations

from typing import Final

from tui.model.timeframe import NS
from tui.sim.board import Stream
from tui.sim.coinbase.exchange import texts
from tui.sim.market import Execution, Pair, SimMarket

Key = tuple[str, str]
"""A channel and a product."""

_BATCH_NS: Final = 5 * NS


def open_stream(channel: str, pair: Pair, market: SimMarket) -> Stream[str]:
    """A channel of a product."""
    if channel in ("level2_batch", "level2"):
        return _Changes(pair)
    if channel == "matches":
        return _Matches(pair)
    if channel == "ticker":
        return _Tickers(pair)
    if channel == "ticker_batch":
        return _TickerBatches(pair, market.now_ns)
    if channel == "heartbeat":
        return _Heartbeats(pair, market.now_ns)
    return _Silence()


def first_words(channel: str, pair: Pair, market: SimMarket) -> list[str]:
    """What a client that just subscribed is told before anything happens."""
    if channel in ("level2_batch", "level2"):
        return [texts.snapshot(pair, market.now_ns)]
    last = pair.executions[-1] if pair.executions else None
    if channel == "matches" and last is not None:
        sequence = texts.sequence_now(pair)
        return [texts.match(pair.listing, last, sequence, "last_match")]
    if channel in ("ticker", "ticker_batch"):
        return [texts.ticker(pair, last, market.now_ns)]
    return []


class _Changes(Stream[str]):
    """The book's changes, at most one message in 50 ms: the market's own step."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def due(self, now_ns: int) -> list[str]:
        engine = self._pair.engine
        if not engine.changed:
            return []
        rows = [(key, engine.lots_at(key)) for key in sorted(engine.changed)]
        return [texts.changes(self._pair.listing, rows, now_ns)]


class _Matches(Stream[str]):
    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._before = pair.engine.update_id

    def due(self, now_ns: int) -> list[str]:
        pair = self._pair
        said = [
            texts.match(pair.listing, fact, self._before + fact.trade_id)
            for fact in pair.new_executions
        ]
        self._before = pair.engine.update_id
        return said


class _Tickers(Stream[str]):
    """One after each order that traded, however many resting orders it met."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def due(self, now_ns: int) -> list[str]:
        last: dict[int, Execution] = {fact.ts_ns: fact for fact in self._pair.new_executions}
        return [texts.ticker(self._pair, fact, now_ns) for fact in last.values()]


class _TickerBatches(Stream[str]):
    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        self._slot = now_ns // _BATCH_NS
        self._said = pair.last_trade_id

    def due(self, now_ns: int) -> list[str]:
        slot = now_ns // _BATCH_NS
        if slot == self._slot or self._said == self._pair.last_trade_id:
            return []
        self._slot, self._said = slot, self._pair.last_trade_id
        return [texts.ticker(self._pair, self._pair.executions[-1], now_ns)]


class _Heartbeats(Stream[str]):
    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        self._slot = now_ns // NS

    def due(self, now_ns: int) -> list[str]:
        slot = now_ns // NS
        if slot == self._slot:
            return []
        self._slot = slot
        return [texts.heartbeat(self._pair, now_ns)]


class _Silence(Stream[str]):
    """A channel on which nothing ever happens here, such as auctions."""

    def due(self, now_ns: int) -> list[str]:
        return []
