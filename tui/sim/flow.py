"""Random order flow for one instrument: makers around a fair value, takers, and cancels."""

from __future__ import annotations

import math
import random

from tui.sim.engine import Fill, MatchingEngine
from tui.sim.instruments import Listing
from tui.sim.regimes import Mood, Weather

NS = 1_000_000_000
_DEPTH = 600  # orders a side that the flow keeps in the book
_REVERSION_S = 15 * 86_400.0  # how slowly the fair value is drawn back to its anchor
_NEAR = 0.00012  # mean distance of a near order from the fair value, as a part of the price
_FAR = 0.004


class OrderFlow:
    """Sends orders to an engine at random moments.

    The moments are a process of their own, so that what happens depends on the seed only, never on
    how the time between is cut into steps.

    Attributes:
        fair: fair value, ticks.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        listing: Listing,
        rng: random.Random,
        weather: Weather,
        *,
        start_ns: int,
        fair: float,
    ) -> None:
        self._engine = engine
        self._listing = listing
        self._rng = rng
        self._weather = weather
        self._start_ns = start_ns
        self.fair = fair
        self._anchor = math.log(listing.ticks(listing.price))
        self._sigma = listing.volatility / math.sqrt(86_400)
        self._near = max(4.0, listing.ticks(listing.price) * _NEAR)
        self._far = max(380.0, listing.ticks(listing.price) * _FAR)
        self._half_spread = max(0.5, self._near * 0.02)
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._clock_ns = start_ns
        self._second = -1
        self._mood: Mood = weather.second(0).mood
        self._fill_book()
        self._next_ns = start_ns + self._pause()

    def step(self, until_ns: int) -> tuple[int, list[Fill]] | None:
        """Let the next event up to and including `until_ns` happen.

        Returns:
            The event's time (ns) and its fills, which are often none; None when it is not due yet.
        """
        now = self._next_ns
        if now > until_ns:
            return None
        self._move_fair(now)
        fills = self._act()
        self._next_ns = now + self._pause()
        return now, fills

    def skip(self, to_ns: int) -> None:
        """Let time pass without any event, as while the machine slept."""
        if to_ns > self._clock_ns:
            self._clock_ns = to_ns
            self._next_ns = max(self._next_ns, to_ns + self._pause())
            self._second = (to_ns - self._start_ns) // NS

    # -- the fair value --------------------------------------------------------------------

    def _pause(self) -> int:
        return int(self._rng.expovariate(self._listing.activity * self._mood.rate) * NS) + 1

    def _move_fair(self, now: int) -> None:
        elapsed = (now - self._clock_ns) / NS
        self._clock_ns = now
        change = (
            self._rng.gauss(0.0, 0.8 * self._sigma * math.sqrt(elapsed)) * self._mood.volatility
        )
        second = (now - self._start_ns) // NS
        if second > self._second:
            weather = self._weather
            beta = self._listing.beta
            for index in range(self._second + 1, second + 1):
                change += beta * weather.second(index).drift
            self._mood = weather.second(second).mood
            self._second = second
            gap = self._anchor - math.log(self.fair)
            change += gap * elapsed / _REVERSION_S
        # Below some tens of ticks a price could not move by less than percents.
        self.fair = max(30.0, self.fair * math.exp(change))

    # -- events ----------------------------------------------------------------------------

    def _act(self) -> list[Fill]:
        dice = self._rng.random()
        mood = self._mood
        if dice < mood.taker_share:
            return self._take()
        if dice < mood.taker_share + mood.cancel:
            self._cancel()
            return []
        return self._make()

    def _take(self) -> list[Fill]:
        engine = self._engine
        bid, ask = engine.best_bid, engine.best_ask
        if bid is None or ask is None:
            return []
        # Takers know the fair value: they lift what is too cheap and hit what is too dear.
        pull = (self.fair - (bid + ask) / 2) / self._near
        is_buy = self._rng.random() < 0.5 + max(-0.45, min(0.45, pull))
        size = self._listing.order_size * self._mood.size * self._rng.lognormvariate(-1.1, 1.2)
        reach = int(self._near * (1.0 + self._mood.spread))
        limit = ask + reach if is_buy else max(1, bid - reach)
        return engine.take(is_buy=is_buy, lots=self._listing.lots(size), limit=limit)

    def _make(self) -> list[Fill]:
        is_bid = self._rng.random() < 0.5
        near = self._rng.random() < 0.55
        distance = self._distance(near=near)
        return self._quote(is_bid, distance, near=near)

    def _distance(self, *, near: bool) -> float:
        mean = self._near * self._mood.spread if near else self._far
        return self._half_spread * self._mood.spread + self._rng.expovariate(1.0 / mean)

    def _quote(self, is_bid: bool, distance: float, *, near: bool) -> list[Fill]:
        price = math.floor(self.fair - distance) if is_bid else math.ceil(self.fair + distance)
        if price < 0.4 * self.fair:
            # So far down there is no room left for a coarse tick: stand somewhere between.
            price = max(1, int(self.fair * self._rng.uniform(0.4, 0.95)))
        size = self._listing.order_size * self._rng.lognormvariate(-0.5 if near else 0.6, 0.9)
        lots = self._listing.lots(size)
        order_id, fills = self._engine.place(is_bid=is_bid, price=price, lots=lots)
        if order_id:
            ids = self._bids if is_bid else self._asks
            ids.append(order_id)
            if len(ids) > 4 * _DEPTH:
                held = self._engine.orders
                ids[:] = [order_id for order_id in ids if order_id in held]
        return fills

    def _cancel(self) -> None:
        """Cancel one order: the stale ones that the fair value has passed go first."""
        engine = self._engine
        ask, bid = engine.best_ask, engine.best_bid
        if ask is not None and ask < self.fair and self._cancel_best(-ask):
            return
        if bid is not None and bid > self.fair and self._cancel_best(bid):
            return
        asks, bids = engine.resting
        ids, resting = (self._bids, bids) if bids >= asks else (self._asks, asks)
        # A thin side keeps what it has, so the book holds its depth while takers eat it.
        if resting < _DEPTH:
            return
        self._cancel_any(ids)
        if resting > 1.2 * _DEPTH:
            self._cancel_any(ids)

    def _cancel_any(self, ids: list[int]) -> None:
        engine = self._engine
        randrange = self._rng.randrange
        while ids:
            index = randrange(len(ids))
            order_id = ids[index]
            ids[index] = ids[-1]
            ids.pop()
            if engine.cancel(order_id):
                return

    def _cancel_best(self, key: int) -> bool:
        order_id = self._engine.oldest_at(key)
        return order_id is not None and self._engine.cancel(order_id)

    def _fill_book(self) -> None:
        """Place the orders that stand at the start, spread as the flow would spread them."""
        for _ in range(_DEPTH):
            for is_bid in (True, False):
                near = self._rng.random() < 0.45
                self._quote(is_bid, self._distance(near=near), near=near)
