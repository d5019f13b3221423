"""The channels of Kraken, a pair each: what is due on them at a moment, in either protocol."""

from __future__ import annotations

from typing import Protocol

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar
from tui.sim.board import Stream
from tui.sim.instruments import Listing
from tui.sim.kraken import texts
from tui.sim.kraken.books import BookTop, Change
from tui.sim.kraken.pairs import TIMEFRAMES, price
from tui.sim.market import Execution, Pair

Key = tuple[str, str]
"""A channel with its option, such as `book-25` or `ohlc-1`, and a pair."""


class Dialect(Protocol):
    """How one version of the protocol writes what happened; `channel` is the key's."""

    def top(self, pair: Pair, depth: int) -> BookTop: ...

    def book(self, channel: str, listing: Listing, change: Change, now_ns: int) -> str: ...

    def trades(self, channel: str, listing: Listing, facts: list[Execution]) -> str: ...

    def ticker(self, channel: str, pair: Pair, now_ns: int) -> str: ...

    def candle(
        self, channel: str, listing: Listing, minutes: int, candle: tuple[int, Bar], now_ns: int
    ) -> str: ...

    def spread(self, channel: str, pair: Pair, now_ns: int) -> str: ...


class DialectV2:
    """The second protocol's."""

    def top(self, pair: Pair, depth: int) -> BookTop:
        return BookTop(pair, depth, price)

    def book(self, channel: str, listing: Listing, change: Change, now_ns: int) -> str:
        return texts.book_update(listing, change, now_ns)

    def trades(self, channel: str, listing: Listing, facts: list[Execution]) -> str:
        return texts.trades(listing, facts)

    def ticker(self, channel: str, pair: Pair, now_ns: int) -> str:
        return texts.ticker(pair, now_ns)

    def candle(
        self, channel: str, listing: Listing, minutes: int, candle: tuple[int, Bar], now_ns: int
    ) -> str:
        return texts.candles(listing, (minutes, TIMEFRAMES[minutes]), [candle], now_ns)

    def spread(self, channel: str, pair: Pair, now_ns: int) -> str:
        return texts.ticker(pair, now_ns)


def open_stream(channel: str, pair: Pair, dialect: Dialect) -> Stream[str]:
    """A channel of a pair."""
    name, _, option = channel.partition("-")
    if name == "book":
        return _Book(channel, pair, int(option), dialect)
    if name == "trade":
        return _Trades(channel, pair, dialect)
    if name == "ohlc":
        return _Candles(channel, pair, int(option), dialect)
    if name == "spread":
        return _Best(channel, pair, dialect)
    return _Best(channel, pair, dialect) if option == "bbo" else _Tickers(channel, pair, dialect)


def recent_candles(pair: Pair, timeframe: Timeframe, now_ns: int) -> list[tuple[int, Bar]]:
    """The newest ten candles, without those in which nothing was traded."""
    found = pair.ledger.candles(timeframe, 0, now_ns, 10, newest=True)
    return [(opened, bar) for opened, bar in found if bar.trades]


class _Book(Stream[str]):
    def __init__(self, channel: str, pair: Pair, depth: int, dialect: Dialect) -> None:
        self._channel = channel
        self._pair = pair
        self._dialect = dialect
        self._top = dialect.top(pair, depth)

    def due(self, now_ns: int) -> list[str]:
        change = self._top.advance()
        if change is None:
            return []
        return [self._dialect.book(self._channel, self._pair.listing, change, now_ns)]


class _Trades(Stream[str]):
    def __init__(self, channel: str, pair: Pair, dialect: Dialect) -> None:
        self._channel = channel
        self._pair = pair
        self._dialect = dialect

    def due(self, now_ns: int) -> list[str]:
        facts = list(self._pair.new_executions)
        return [self._dialect.trades(self._channel, self._pair.listing, facts)] if facts else []


class _Tickers(Stream[str]):
    """Speaks when something was traded."""

    def __init__(self, channel: str, pair: Pair, dialect: Dialect) -> None:
        self._channel = channel
        self._pair = pair
        self._dialect = dialect

    def due(self, now_ns: int) -> list[str]:
        if not self._pair.new_executions:
            return []
        return [self._dialect.ticker(self._channel, self._pair, now_ns)]


class _Best(Stream[str]):
    """Speaks when the best bid or ask changed."""

    def __init__(self, channel: str, pair: Pair, dialect: Dialect) -> None:
        self._channel = channel
        self._pair = pair
        self._dialect = dialect
        self._best = pair.engine.top(1)

    def due(self, now_ns: int) -> list[str]:
        best = self._pair.engine.top(1)
        if best == self._best:
            return []
        self._best = best
        write = self._dialect.spread if self._channel == "spread" else self._dialect.ticker
        return [write(self._channel, self._pair, now_ns)]


class _Candles(Stream[str]):
    """Speaks when something was traded: of the running candle, and of one that ended meanwhile.
    Nothing says that a candle is closed."""

    def __init__(self, channel: str, pair: Pair, minutes: int, dialect: Dialect) -> None:
        self._channel = channel
        self._pair = pair
        self._minutes = minutes
        self._dialect = dialect

    def due(self, now_ns: int) -> list[str]:
        pair, timeframe = self._pair, TIMEFRAMES[self._minutes]
        opens = dict.fromkeys(
            timeframe.floor(fact.ts_ns // NS * NS) for fact in pair.new_executions
        )
        return [
            self._dialect.candle(
                self._channel,
                pair.listing,
                self._minutes,
                (opened, pair.ledger.candle(timeframe, opened)),
                now_ns,
            )
            for opened in opens
        ]
