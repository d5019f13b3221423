"""The embedded market, which remembers what was ever true on it, and wakes from what woke before."""

from __future__ import annotations

import functools
import io
import pickle
from collections import deque
from collections.abc import Collection

import msgspec

from tui.feed.clock import Clock
from tui.model.events import Side
from tui.model.timeframe import Timeframe
from tui.sim.bars import Bar
from tui.sim.market import Aggregate, Execution, Pair, SimMarket
from tui.sim.regimes import Weather

TOP = 20
"""So many levels of a side are remembered."""
_FORGET_S = 60.0

Top = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
Figures = tuple[int, int, int, int, int, int]
"""Open, high, low, close in ticks; volume and what takers bought of it in lots."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A trade: price in ticks, size in lots."""

    price: int
    lots: int
    side: Side
    ts_ms: int


class History:
    """What was true of one instrument at each step of the market, and when it last was (seconds)."""

    def __init__(self) -> None:
        self.tops: dict[int, float] = {}
        self.prices: dict[int, float] = {}
        self.candles: dict[tuple[Timeframe, int, Figures], float] = {}
        self.trades: dict[int, Fact] = {}
        self.trade_times: deque[tuple[float, int]] = deque()
        self.last_trade = 0
        self.first_trade = 0
        self.second = 0
        self.newest_top: tuple[int, int] | None = None
        self.newest_candles: tuple[object, list[tuple[Timeframe, int, Figures]]] = (None, [])

    def forget_before(self, moment: float) -> None:
        for held in (self.tops, self.prices, self.candles):
            for key in [key for key, seen in held.items() if seen < moment]:
                del held[key]
        while len(self.trade_times) > 1 and self.trade_times[1][0] < moment:
            self.trade_times.popleft()


class TrueMarket(SimMarket):
    """The embedded market, which writes down every state that anybody could have seen."""

    def __init__(
        self,
        seed: int,
        start_ns: int,
        *,
        symbols: Collection[str],
        regime: str,
        clock: Clock,
        aggregates: bool,
    ) -> None:
        """Make a market; `aggregates`: a trade is all that one order met at one price."""
        super().__init__(seed, start_ns, symbols=tuple(symbols), regime=regime)
        self._made_of = seed, start_ns, regime
        self._clock = clock
        self._aggregates = aggregates
        self._forgot = 0.0
        self.history = {symbol: History() for symbol in symbols}
        self.timeframes: set[Timeframe] = set()
        """Timeframes whose candles are written down."""

    def now_s(self) -> float:
        """Seconds that passed; the market's own time may jump."""
        return self._clock.monotonic()

    def pair(self, symbol: str) -> Pair:
        """As every market; how things stood as it woke can be seen before time goes on."""
        sleeps = symbol not in self._pairs
        if sleeps and not self._skips:
            found = self._pairs[symbol] = _thaw(_woken(*self._made_of, symbol), self._weather)
            found.advance(self.now_ns)
            found.forget_news()
        found = super().pair(symbol)
        if sleeps:
            self._note(found, self.now_s())
        return found

    def advance(self, to_ns: int) -> None:
        super().advance(to_ns)
        self.write_down()

    def skip(self, to_ns: int) -> None:
        super().skip(to_ns)
        self.write_down()

    def write_down(self) -> None:
        """Note how things stand."""
        now = self.now_s()
        for pair in self.awake():
            self._note(pair, now)
        if now - self._forgot > 10.0:
            self._forgot = now
            for history in self.history.values():
                history.forget_before(now - _FORGET_S)

    def _note(self, pair: Pair, now: float) -> None:
        history = self.history[pair.listing.symbol]
        if history.newest_top is None or history.newest_top[0] != pair.engine.update_id:
            bids, asks = pair.engine.top(TOP)
            history.newest_top = pair.engine.update_id, digest((tuple(bids), tuple(asks)))
        history.tops[history.newest_top[1]] = now
        history.prices[pair.ledger.price] = now
        self._note_trades(pair, history, now)
        self._note_candles(pair, history, now)

    def _note_trades(self, pair: Pair, history: History, now: float) -> None:
        facts = pair.aggregates if self._aggregates else pair.executions
        newest = history.last_trade
        for fact in reversed(facts):
            trade_id = _id_of(fact)
            if trade_id <= history.last_trade:
                break
            newest = max(newest, trade_id)
            side = Side.SELL if fact.is_sell else Side.BUY
            history.trades[trade_id] = Fact(fact.price, fact.lots, side, fact.ts_ns // 1_000_000)
            history.prices[fact.price] = now
        if newest != history.last_trade:
            history.first_trade = history.first_trade or _id_of(facts[0])
            history.last_trade = newest
            history.trade_times.append((now, newest))

    def _note_candles(self, pair: Pair, history: History, now: float) -> None:
        moment = pair.last_trade_id, pair.ledger.second, len(self.timeframes)
        if history.newest_candles[0] != moment:
            ledger, until = pair.ledger, self.now_ns
            # Of a step over several candles each is told as it closed.
            passed_s = min(300, ledger.second - (history.second or ledger.second))
            history.second = ledger.second
            history.newest_candles = (
                moment,
                [
                    (timeframe, opened, figures(bar))
                    for timeframe in self.timeframes
                    for opened, bar in ledger.candles(
                        timeframe, 0, until, 2 + passed_s // timeframe.seconds, newest=True
                    )
                ],
            )
        for candle in history.newest_candles[1]:
            history.candles[candle] = now


@functools.lru_cache(maxsize=16)
def _woken(seed: int, start_ns: int, regime: str, symbol: str) -> bytes:
    """An instrument as it wakes, frozen: to thaw it takes a twentieth of the time."""
    file = io.BytesIO()
    _Freezer(file).dump(SimMarket(seed, start_ns, symbols=[symbol], regime=regime).pair(symbol))
    return file.getvalue()


def _thaw(frozen: bytes, weather: Weather) -> Pair:
    thawer = _Thawer(io.BytesIO(frozen))
    thawer.weather = weather
    pair = thawer.load()
    assert isinstance(pair, Pair)
    return pair


class _Freezer(pickle.Pickler):
    """Leaves the weather out: an instrument shares it with the others of its market."""

    def persistent_id(self, held: object) -> str | None:
        return "weather" if isinstance(held, Weather) else None


class _Thawer(pickle.Unpickler):
    weather: Weather

    def persistent_load(self, key: str) -> Weather:
        return self.weather


def digest(top: Top) -> int:
    """Stands for the best levels: thousands of them are remembered."""
    return hash(top)


def _id_of(fact: Aggregate | Execution) -> int:
    return fact.aggregate_id if isinstance(fact, Aggregate) else fact.trade_id


def figures(bar: Bar) -> Figures:
    return bar.open, bar.high, bar.low, bar.close, bar.volume, bar.taker_volume
