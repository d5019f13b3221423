"""The embedded market: every instrument's engine, order flow, bars and trades under one clock."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence

import msgspec

from tui.sim.engine import Fill, MatchingEngine
from tui.sim.flow import OrderFlow
from tui.sim.history import History
from tui.sim.instruments import BY_SYMBOL, LISTINGS, Listing
from tui.sim.ledger import Ledger
from tui.sim.regimes import Regime, Weather

NS = 1_000_000_000
WARM_UP_S = 90
"""Seconds of live trading before the start, so that there are trades and a worn-in book at once."""
_FIRST_TRADE = 5_000_000_000
_FIRST_AGGREGATE = 3_000_000_000
# Ids of a market that begins later are higher, whatever happens until then: who has seen the ids of
# one must not take those of the next for old ones.
_IDS_FROM_NS = 1_700_000_000 * NS
_TRADES_PER_S = 500
_UPDATES_PER_S = 5_000
_KEPT_TRADES = 5_000
_KEPT_AGGREGATES = 10_000
_LAG_S = 600  # how far an instrument that nobody asked for may lag


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A trade: price in ticks, size in lots, time in ns. `is_sell`: the taker sold."""

    trade_id: int
    price: int
    lots: int
    ts_ns: int
    is_sell: bool


class Aggregate(msgspec.Struct, frozen=True, gc=False):
    """The trades of one taker's order at one price, from trade `first` to trade `last`."""

    aggregate_id: int
    price: int
    lots: int
    first: int
    last: int
    ts_ns: int
    is_sell: bool


class Pair:
    """One instrument at work.

    Attributes:
        executions, aggregates: the newest ones, oldest first.
        new_executions, new_aggregates: those since a reader last cleared them.
    """

    def __init__(self, listing: Listing, seed: int, weather: Weather, start_ns: int) -> None:
        self.listing = listing
        self.ledger = Ledger(History(listing, seed, start_ns // NS), start_ns // NS)
        dice = random.Random(f"{seed}:{listing.symbol}:flow")
        age_s = max(0, start_ns - _IDS_FROM_NS) // NS
        first_update = dice.randrange(10**9, 10**10) + age_s * _UPDATES_PER_S
        self.engine = MatchingEngine(first_update_id=first_update)
        self._flow = OrderFlow(
            self.engine,
            listing,
            dice,
            weather,
            start_ns=start_ns,
            fair=float(self.ledger.price),
        )
        self.executions: deque[Execution] = deque(maxlen=_KEPT_TRADES)
        self.aggregates: deque[Aggregate] = deque(maxlen=_KEPT_AGGREGATES)
        self.new_executions: list[Execution] = []
        self.new_aggregates: list[Aggregate] = []
        self.last_trade_id = _FIRST_TRADE + age_s * _TRADES_PER_S - 1
        self.last_lots = 0
        self._last_aggregate_id = _FIRST_AGGREGATE + age_s * _TRADES_PER_S - 1

    def advance(self, to_ns: int) -> None:
        """Let everything happen that is due up to and including `to_ns`."""
        step = self._flow.step
        while (event := step(to_ns)) is not None:
            ts_ns, fills = event
            if fills:
                self._record(ts_ns, fills)
        self.ledger.roll(to_ns // NS)

    def skip(self, to_ns: int) -> None:
        """Let time pass without trading."""
        self._flow.skip(to_ns)
        self.ledger.roll(to_ns // NS)

    def forget_news(self) -> None:
        """Clear what the readers have read: new trades and changed levels."""
        self.new_executions.clear()
        self.new_aggregates.clear()
        self.engine.changed.clear()

    def _record(self, ts_ns: int, fills: list[Fill]) -> None:
        add = self.ledger.add_trade
        first = self.last_trade_id + 1
        lots = 0
        for place, fill in enumerate(fills):
            self.last_trade_id += 1
            execution = Execution(self.last_trade_id, fill.price, fill.lots, ts_ns, not fill.is_buy)
            self.executions.append(execution)
            self.new_executions.append(execution)
            add(ts_ns, fill.price, fill.lots, is_buy=fill.is_buy)
            lots += fill.lots
            if place + 1 == len(fills) or fills[place + 1].price != fill.price:
                self._last_aggregate_id += 1
                aggregate = Aggregate(
                    self._last_aggregate_id,
                    fill.price,
                    lots,
                    first,
                    self.last_trade_id,
                    ts_ns,
                    not fill.is_buy,
                )
                self.aggregates.append(aggregate)
                self.new_aggregates.append(aggregate)
                first = self.last_trade_id + 1
                lots = 0
        self.last_lots = fills[-1].lots


class SimMarket:
    """A market made from a seed; the same seed and start give the same market.

    An instrument comes to life when it is first asked for and then catches up; that changes when
    the work is done, never what happens.

    Attributes:
        now_ns: how far the market has come.
    """

    def __init__(
        self,
        seed: int,
        start_ns: int,
        *,
        regime: Regime | str = Regime.AUTO,
        symbols: Sequence[str] | None = None,
    ) -> None:
        """Make a market that has just reached `start_ns` (ns since the epoch).

        Raises:
            ValueError: an unknown regime or symbol.
        """
        unknown = [symbol for symbol in symbols or () if symbol not in BY_SYMBOL]
        if unknown:
            raise ValueError(f"the embedded market does not list {', '.join(unknown)}")
        self.listings: dict[str, Listing] = {
            listing.symbol: listing
            for listing in LISTINGS
            if symbols is None or listing.symbol in symbols
        }
        self._seed = seed
        self._born_ns = (start_ns // NS - WARM_UP_S) * NS
        # The warm-up is calm whatever comes, so that it is cheap and a crash is seen from its start.
        self._weather = Weather(random.Random(f"{seed}:weather"), Regime.NORMAL)
        self._weather.second(WARM_UP_S - 1)
        self._weather.set_regime(Regime(regime))
        self._pairs: dict[str, Pair] = {}
        self._skips: list[tuple[int, int]] = []
        self.now_ns = start_ns

    @property
    def regime(self) -> Regime:
        """The regime that rules now."""
        return self._weather.regime

    def set_regime(self, regime: Regime | str) -> None:
        """Choose the regime from now on; AUTO lets it change on its own.

        Raises:
            ValueError: an unknown regime.
        """
        chosen = Regime(regime)
        self.wake()
        self._weather.set_regime(chosen)

    def pair(self, symbol: str) -> Pair:
        """An instrument at work, woken when it sleeps.

        Raises:
            KeyError: it is not listed.
        """
        found = self._pairs.get(symbol)
        if found is None:
            found = Pair(self.listings[symbol], self._seed, self._weather, self._born_ns)
            for until_ns, to_ns in self._skips:
                found.advance(until_ns)
                found.skip(to_ns)
            found.advance(self.now_ns)
            found.forget_news()
            self._pairs[symbol] = found
        return found

    def pairs(self) -> list[Pair]:
        """Every instrument, in the order of listing."""
        return [self.pair(symbol) for symbol in self.listings]

    def awake(self) -> list[Pair]:
        """The instruments that somebody asked for."""
        return list(self._pairs.values())

    def wake(self, count: int | None = None) -> bool:
        """Wake instruments that sleep, at most `count`; False when all are awake."""
        asleep = [symbol for symbol in self.listings if symbol not in self._pairs]
        for symbol in asleep[:count]:
            self.pair(symbol)
        return bool(asleep)

    def advance(self, to_ns: int) -> None:
        """Let everything happen up to and including `to_ns`; time never runs backwards."""
        while self.now_ns < to_ns:
            self.now_ns = min(to_ns, self.now_ns + 60 * NS)
            for pair in self._pairs.values():
                pair.advance(self.now_ns)
            if self.now_ns - self._born_ns > _LAG_S * NS:
                self.wake()

    def forget_news(self) -> None:
        """Clear what all readers have read of what happened since they last did."""
        for pair in self.awake():
            pair.forget_news()

    def skip(self, to_ns: int) -> None:
        """Let time pass without trading, as after the machine slept."""
        if to_ns > self.now_ns:
            self._skips.append((self.now_ns, to_ns))
            self.now_ns = to_ns
            for pair in self._pairs.values():
                pair.skip(to_ns)
            self.wake()
            self._skips.clear()
