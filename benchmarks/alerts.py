"""Alerts: what a trade costs on its way into the market, without and with rules that look at it.

Contestants take turns with the same trades: a market without alerts, one whose alerts watch another
instrument, and markets with rules of each kind that never fire. Processor time a trade, the best and the
median of the rounds; the first two must cost the same.
"""

from __future__ import annotations

import platform
import random
import sys
from statistics import median
from time import process_time

from tui.feed.clock import ManualClock
from tui.market.alerts import Alerts, read_condition
from tui.market.market import Market
from tui.model.alert import AlertRule
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

TRADES = 5_000
ROUNDS = 40
BTC, ETH = Instrument("SIM", "BTCUSDT"), Instrument("SIM", "ETHUSDT")
MOST_US = 5.0
"""A trade may cost so much more with one rule that looks at it, microseconds."""
CONTESTANTS: dict[str, tuple[Instrument, tuple[str, ...]]] = {
    "no alerts": (BTC, ()),
    "alerts on another instrument": (ETH, ("price > 1e9",) * 10),
    "price > ...": (BTC, ("price > 1e9",)),
    "ten of them": (BTC, ("price > 1e9",) * 10),
    "move ...% 5m": (BTC, ("move 90% 5m",)),
    "volume > ... 5m": (BTC, ("volume > 1e9 5m",)),
    "print > ...": (BTC, ("print > 1e9",)),
    "touch, nothing drawn": (BTC, ("touch",)),
}


def walk() -> list[Trade]:
    """A random walk of trades, always the same one, fifty a second."""
    chance = random.Random(7)
    price, trades = 64_000.0, []
    for number in range(TRADES):
        price = round(price * (1 + chance.gauss(0, 0.0001)), 2)
        ts = 1_772_323_200_000_000_000 + number * 20_000_000
        size = round(chance.expovariate(2), 5)
        trades.append(
            Trade(BTC, price, size, Side.BUY, ts, ts, number, f"{price:.2f}", f"{size:.5f}")
        )
    return trades


def run(trades: list[Trade], instrument: Instrument, conditions: tuple[str, ...]) -> float:
    """Processor time (us) a trade."""
    market = Market()
    alerts = Alerts(market, ManualClock(trades[0].ts_local))
    for number, condition in enumerate(conditions):
        watched = read_condition(condition, Timeframe(1, "m"))
        alerts.put(AlertRule(id=str(number), instrument=instrument, condition=watched))
    begun = process_time()
    for trade in trades:
        market.apply_trade(trade)
    spent = process_time() - begun
    assert not alerts.history
    return spent / len(trades) * 1e6


def main() -> int:
    print(f"Python {platform.python_version()}, {platform.machine()}; us a trade\n")
    trades = walk()
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(ROUNDS):
        for name, (instrument, conditions) in CONTESTANTS.items():
            times[name].append(run(trades, instrument, conditions))
    least = {name: min(each) for name, each in times.items()}
    print(f"{'':<30} {'best':>6} {'median':>7} {'more':>6}")
    for name, each in times.items():
        more = least[name] - least["no alerts"]
        print(f"{name:<30} {least[name]:6.2f} {median(each):7.2f} {more:6.2f}")
    one = least["price > ..."] - least["no alerts"]
    idle = least["alerts on another instrument"] / least["no alerts"]
    sound = one <= MOST_US and idle <= 1.2
    print(
        f"\n{'kept' if sound else 'MISSED'}: one rule costs at most {MOST_US:g} us; others nothing"
    )
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
