"""Indicators: what a tick costs with a short and with a long history, beside computing all anew.

Every indicator of the catalogue follows two series, of 1,000 and of 100,000 candles, with its default
parameters. Then both get the same ticks in turn, each of them the newest candle with another price,
and medians of the time that following takes are compared: a tick that costs the same however long the
history is has a ratio of about 1. Computing anew is what a library of functions over arrays does with
every tick: here it is the indicator's own first computing of all candles.
"""

from __future__ import annotations

import gc
import platform
import random
import sys
from collections.abc import Callable
from statistics import median
from time import process_time

import msgspec

from tui.market.candle_series import CandleSeries
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.profile import ViewProfile
from tui.market.indicators.run import IndicatorRun
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

SHORT, LONG = 1_000, 100_000
TICKS = 400
IN_VIEW = 200
MINUTE = Timeframe(1, "m")
START = 1_772_323_200 * NS
MOST_RATIO = 2.0
"""A tick with the long history may cost so much more; the rest is the processor's caches."""


def walk(count: int) -> list[Candle]:
    """A random walk of candles, always the same one."""
    chance = random.Random(7)
    instrument = Instrument("SIM", "BTCUSDT")
    price = 64_000.0
    candles = []
    for number in range(count):
        before, price = price, price * (1 + chance.gauss(0, 0.0008))
        volume = chance.expovariate(0.1)
        candles.append(
            Candle(
                instrument,
                MINUTE,
                START + number * 60 * NS,
                before,
                max(before, price) * (1 + chance.random() * 0.0005),
                min(before, price) * (1 - chance.random() * 0.0005),
                price,
                volume,
                closed=number < count - 1,
                ts_exchange=1,
                taker_buy_volume=volume * chance.random(),
            )
        )
    return candles


def tick(series: CandleSeries, number: int, chance: random.Random) -> None:
    """Another price of the newest candle."""
    last = series.candles[-1]
    price = last.open * (1 + chance.gauss(0, 0.0003))
    series.upsert(
        msgspec.structs.replace(
            last,
            close=price,
            high=max(last.high, price),
            low=min(last.low, price),
            volume=last.volume + 0.01,
            ts_exchange=number + 2,
        )
    )


def follower(name: str, series: CandleSeries) -> Callable[[], object]:
    """What brings an indicator in line with a series."""
    definition = CATALOGUE[name]
    if definition.make is None:
        profile = ViewProfile(int(definition.settle({})["rows"]))
        return lambda: profile.of(series.candles[-IN_VIEW:])
    run = IndicatorRun(definition, definition.settle({}), MINUTE)
    return lambda: run.follow(series)


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time that it takes."""
    began = process_time()
    work()
    return process_time() - began


def measure(name: str, candles: list[Candle]) -> tuple[float, float, float]:
    """Seconds of a tick with the short and with the long history, and of computing that anew."""
    sizes = (SHORT, LONG)
    series = [CandleSeries(limit=2 * LONG) for _ in sizes]
    for one, count in zip(series, sizes, strict=True):
        one.merge(candles[-count:])
    followers = [follower(name, one) for one in series]
    anew = [timed(follow) for follow in followers][-1]
    chances = [random.Random(3) for _ in sizes]
    times: list[list[float]] = [[] for _ in sizes]
    gc.disable()
    for number in range(TICKS):
        for one, follow, chance, found in zip(series, followers, chances, times, strict=True):
            tick(one, number, chance)
            found.append(timed(follow))
    gc.enable()
    short, long = (median(found) for found in times)
    return short, long, anew


def main() -> int:
    print(f"Python {platform.python_version()}, {platform.machine()}; medians of {TICKS} ticks")
    candles = walk(LONG)
    print(
        f"\n| indicator | tick, {SHORT:,} candles | tick, {LONG:,} candles | ratio "
        f"| {LONG:,} candles anew | anew / tick |"
    )
    print("|---|---|---|---|---|---|")
    is_good = True
    for name, definition in CATALOGUE.items():
        short, long, anew = measure(name, candles)
        ratio = long / short
        is_good &= ratio <= MOST_RATIO
        print(
            f"| {definition.short} | {short * 1e6:.1f} us | {long * 1e6:.1f} us | {ratio:.2f} "
            f"| {anew * 1e3:,.0f} ms | {anew / long:,.0f} |",
            flush=True,
        )
    if not is_good:
        print(f"\nA tick costs more than {MOST_RATIO} times as much with the longer history.")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
