"""The channels of Advanced Trade, a product each: what is due on them at a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.model.timeframe import NS
from tui.sim.board import Stream
from tui.sim.coinbase.advanced import texts
from tui.sim.market import Execution, Pair

Key = tuple[str, str]
"""A channel and a product; heartbeats and the status have none."""

ARRIVES_AS: Final = {"level2": "l2_data"}
"""Channels whose frames have another name than what was asked for."""

_TRADES_NS: Final = 250_000_000
_BATCH_NS: Final = 5 * NS
_FIRST_TRADES: Final = 100
_FIRST_CANDLES: Final = 100


def open_heartbeats(now_ns: int) -> Stream[str]:
    """A word a second, whatever happens."""
    return _Heartbeats(now_ns)


def open_stream(channel: str, pair: Pair, now_ns: int) -> Stream[str]:
    """A channel of a product: the events of its frames."""
    if channel == "level2":
        return _Changes(pair)
    if channel == "market_trades":
        return _Trades(pair, now_ns)
    if channel == "candles":
        return _Paced(pair, now_ns, NS, lambda now: _candle(pair, now))
    if channel == "ticker":
        return _Paced(
            pair, now_ns, 0, lambda now: texts.ticker(pair, now, "update", is_batch=False)
        )
    return _Paced(
        pair, now_ns, _BATCH_NS, lambda now: texts.ticker(pair, now, "update", is_batch=True)
    )


def state(channel: str, pair: Pair, now_ns: int) -> str:
    """How things stand, for who just subscribed."""
    if channel == "level2":
        return texts.book_snapshot(pair, now_ns)
    if channel == "market_trades":
        newest = list(pair.executions)[: -_FIRST_TRADES - 1 : -1]
        return texts.trades(pair.listing, newest, "snapshot")
    if channel == "candles":
        found = pair.ledger.candles(texts.FIVE_MINUTES, 0, now_ns, _FIRST_CANDLES, newest=True)
        return texts.candles(pair.listing, reversed(found), "snapshot")
    return texts.ticker(pair, now_ns, "snapshot", is_batch=channel == "ticker_batch")


def _candle(pair: Pair, now_ns: int) -> str:
    timeframe = texts.FIVE_MINUTES
    found = pair.ledger.candles(timeframe, 0, now_ns, 1, newest=True)
    return texts.candles(pair.listing, found, "update")


class _Changes(Stream[str]):
    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def due(self, now_ns: int) -> list[str]:
        engine = self._pair.engine
        if not engine.changed:
            return []
        rows = [(key, engine.lots_at(key)) for key in sorted(engine.changed)]
        return [texts.book_update(self._pair.listing, rows, now_ns)]


class _Trades(Stream[str]):
    """What was traded in a quarter of a second, the newest first."""

    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        self._slot = now_ns // _TRADES_NS
        self._waiting: list[Execution] = []

    def due(self, now_ns: int) -> list[str]:
        self._waiting += self._pair.new_executions
        slot = now_ns // _TRADES_NS
        if slot == self._slot or not self._waiting:
            return []
        self._slot = slot
        said = texts.trades(self._pair.listing, reversed(self._waiting), "update")
        self._waiting = []
        return [said]


class _Paced(Stream[str]):
    """Speaks when something was traded, once in a period at most."""

    def __init__(
        self, pair: Pair, now_ns: int, period_ns: int, write: Callable[[int], str]
    ) -> None:
        self._pair = pair
        self._period_ns = period_ns
        self._write = write
        self._spoke_ns = now_ns
        self._said = pair.last_trade_id

    def due(self, now_ns: int) -> list[str]:
        is_early = now_ns - self._spoke_ns < self._period_ns
        if is_early or self._said == self._pair.last_trade_id:
            return []
        self._spoke_ns, self._said = now_ns, self._pair.last_trade_id
        return [self._write(now_ns)]


class _Heartbeats(Stream[str]):
    def __init__(self, now_ns: int) -> None:
        self._slot = now_ns // NS
        self._count = now_ns // NS % 1_000_000

    def due(self, now_ns: int) -> list[str]:
        slot = now_ns // NS
        if slot == self._slot:
            return []
        self._slot = slot
        self._count += 1
        return [texts.heartbeat(now_ns, self._count)]
