"""What the embedded market finds worth an alert: moods that turn, sharp moves, large trades."""

from __future__ import annotations

import json
import math
from collections import deque

from tui.model.timeframe import NS
from tui.sim.market import Pair, SimMarket
from tui.sim.native import texts
from tui.sim.native.draft import Draft, Slots, Source
from tui.sim.regimes import Regime

_LEVELS = {
    Regime.QUIET: "info",
    Regime.NORMAL: "info",
    Regime.BUSY: "warning",
    Regime.CRASH: "critical",
}
_LARGE = 8.0  # times the size of a typical order
_WINDOW_S = 60
_SHARP = 4.0  # times what a move in the window usually is
_REST_S = 30


class MarketAlerts(Source):
    """The market's mood, when it turns."""

    is_chained = True
    is_kept = True

    def __init__(self, market: SimMarket) -> None:
        self._market = market
        self._regime = market.regime

    def due(self, now_ns: int) -> list[Draft]:
        regime = self._market.regime
        if regime is self._regime:
            return []
        self._regime = regime
        return [_alert("", _LEVELS[regime], "regime", f"the market turns {regime}", now_ns)]


class PairAlerts(Source):
    """An instrument's large trades and sharp moves."""

    is_chained = True
    is_kept = True

    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        listing = pair.listing
        self._digits = texts.Digits(listing)
        self._large = listing.lots(_LARGE * listing.order_size)
        self._sharp = _SHARP * listing.volatility * math.sqrt(_WINDOW_S / 86_400)
        self._slots = Slots(NS, now_ns)
        self._prices: deque[int] = deque([pair.ledger.price], maxlen=_WINDOW_S)
        self._quiet_until = 0

    def due(self, now_ns: int) -> list[Draft]:
        symbol = self._pair.listing.symbol
        said = []
        for fact in self._pair.new_aggregates:
            if fact.lots >= self._large:
                side = "sold" if fact.is_sell else "bought"
                size, price = self._digits.size(fact.lots), self._digits.price(fact.price)
                text = f"{size} {self._pair.listing.base} {side} at {price}"
                said.append(_alert(symbol, "info", "large_trade", text, now_ns))
        if self._slots.is_new(now_ns):
            said.extend(self._look_at_price(now_ns))
        return said

    def _look_at_price(self, now_ns: int) -> list[Draft]:
        before, price = self._prices[0], self._pair.ledger.price
        self._prices.append(price)
        change = price / before - 1.0
        if abs(change) < self._sharp or now_ns < self._quiet_until:
            return []
        self._quiet_until = now_ns + _REST_S * NS
        level = "critical" if abs(change) > 3 * self._sharp else "warning"
        text = f"{change:+.2%} within {_WINDOW_S} s"
        return [_alert(self._pair.listing.symbol, level, "move", text, now_ns)]


def _alert(symbol: str, level: str, key: str, text: str, now_ns: int) -> Draft:
    about = f'"symbol":"{symbol}",' if symbol else ""
    return Draft(
        "alert",
        f'{about}"time":{texts.ms(now_ns)},"level":"{level}","key":"{key}",'
        f'"text":{json.dumps(text)}',
    )
