"""Candles to compute indicators of: random walks, flat prices, and what spoils careless formulas."""

from __future__ import annotations

import random

from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe(1, "m")
MIDNIGHT = 1_772_323_200 * NS
"""2026-03-01 00:00 UTC, ns."""


def make_candle(
    number: int,
    close: float,
    *,
    open: float | None = None,
    high: float | None = None,
    low: float | None = None,
    volume: float = 1.0,
    bought: float | None = None,
    closed: bool = True,
    start: int = MIDNIGHT,
    timeframe: Timeframe = MINUTE,
) -> Candle:
    """The candle with this number since `start`; what is left out is the close."""
    begin = close if open is None else open
    return Candle(
        BTCUSDT,
        timeframe,
        start + number * timeframe.seconds * NS,
        begin,
        max(begin, close) if high is None else high,
        min(begin, close) if low is None else low,
        close,
        volume,
        closed,
        number + 1,
        taker_buy_volume=bought,
    )


def make_walk(
    count: int, seed: int = 1, *, price: float = 100.0, timeframe: Timeframe = MINUTE
) -> list[Candle]:
    """A random walk with wicks, volumes, and candles without any volume in between."""
    rng = random.Random(seed)
    candles = []
    for number in range(count):
        begin = price
        price *= 1 + rng.gauss(0, 0.004)
        volume = rng.random() * 10 if rng.random() > 0.05 else 0.0
        candles.append(
            make_candle(
                number,
                price,
                open=begin,
                high=max(begin, price) * (1 + rng.random() * 0.003),
                low=min(begin, price) * (1 - rng.random() * 0.003),
                volume=volume,
                bought=volume * rng.random(),
                closed=number < count - 1,
                timeframe=timeframe,
            )
        )
    return candles


def make_flat(count: int, price: float = 0.1, *, volume: float = 0.0) -> list[Candle]:
    """A price that does not move."""
    return [make_candle(number, price, volume=volume) for number in range(count)]
