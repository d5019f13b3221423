"""Indicators by their definitions, over whole lists: short, slow and independent of the program's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from tui.model.events import Candle

Values = list[float | None]
DAY = 86_400 * 1_000_000_000


def window(length: int, count: int, value: Callable[[int, int], float | None]) -> Values:
    """`value(first, last + 1)` of each full window; None before."""
    return [value(at - length + 1, at + 1) if at >= length - 1 else None for at in range(count)]


def sma(prices: Sequence[float], length: int) -> Values:
    return window(length, len(prices), lambda a, b: sum(prices[a:b]) / length)


def wma(prices: Sequence[float], length: int) -> Values:
    total = length * (length + 1) / 2
    return window(
        length,
        len(prices),
        lambda a, b: sum(w * p for w, p in enumerate(prices[a:b], 1)) / total,
    )


def smoothed(values: Sequence[float | None], length: int, weight: float) -> Values:
    """An exponential mean that begins with the mean of the first `length` values."""
    result: Values = []
    known: list[float] = []
    for value in values:
        if value is None:
            result.append(None)
            continue
        known.append(value)
        if len(known) < length:
            result.append(None)
        elif len(known) == length:
            result.append(sum(known) / length)
        else:
            result.append(result[-1] + weight * (value - result[-1]))  # type: ignore[operator]
    return result


def ema(prices: Sequence[float | None], length: int) -> Values:
    return smoothed(prices, length, 2 / (length + 1))


def rma(values: Sequence[float | None], length: int) -> Values:
    return smoothed(values, length, 1 / length)


def combine(formula: Callable[..., float | None], *columns: Sequence[float | None]) -> Values:
    return [
        None if any(value is None for value in row) else formula(*row)
        for row in zip(*columns, strict=True)
    ]


def closes(candles: Sequence[Candle]) -> list[float]:
    return [candle.close for candle in candles]


def typical(candles: Sequence[Candle]) -> list[float]:
    return [(candle.high + candle.low + candle.close) / 3 for candle in candles]


def ranges(candles: Sequence[Candle]) -> list[float]:
    found = [candles[0].high - candles[0].low]
    for before, candle in pairwise(candles):
        found.append(
            max(
                candle.high - candle.low,
                abs(candle.high - before.close),
                abs(candle.low - before.close),
            )
        )
    return found


def atr(candles: Sequence[Candle], length: int) -> Values:
    return rma(ranges(candles), length)


def bollinger(candles: Sequence[Candle], length: int, deviations: float) -> list[Values]:
    prices = closes(candles)
    mean = sma(prices, length)

    def spread(a: int, b: int) -> float:
        middle = sum(prices[a:b]) / length
        return (sum((price - middle) ** 2 for price in prices[a:b]) / length) ** 0.5

    deviation = window(length, len(prices), spread)
    return [
        mean,
        combine(lambda m, d: m + deviations * d, mean, deviation),
        combine(lambda m, d: m - deviations * d, mean, deviation),
    ]


def keltner(candles: Sequence[Candle], length: int, atr_length: int, by: float) -> list[Values]:
    mean, reach = ema(closes(candles), length), atr(candles, atr_length)
    return [
        combine(lambda m, r: m, mean, reach),
        combine(lambda m, r: m + by * r, mean, reach),
        combine(lambda m, r: m - by * r, mean, reach),
    ]


def highest(candles: Sequence[Candle], length: int) -> Values:
    return window(length, len(candles), lambda a, b: max(c.high for c in candles[a:b]))


def lowest(candles: Sequence[Candle], length: int) -> Values:
    return window(length, len(candles), lambda a, b: min(c.low for c in candles[a:b]))


def middle(candles: Sequence[Candle], length: int) -> Values:
    return combine(lambda h, low: (h + low) / 2, highest(candles, length), lowest(candles, length))


def donchian(candles: Sequence[Candle], length: int) -> list[Values]:
    return [middle(candles, length), highest(candles, length), lowest(candles, length)]


def shift(values: Values, candles: int) -> Values:
    """Later by so many candles, which makes the list longer; earlier where negative."""
    if candles >= 0:
        return [None] * candles + values
    return values[-candles:] + [None] * -candles


def ichimoku(
    candles: Sequence[Candle], conversion: int, base: int, slow: int, ahead: int
) -> list[Values]:
    fast, calm = middle(candles, conversion), middle(candles, base)
    lines = [
        shift(fast, 0),
        shift(calm, 0),
        shift(combine(lambda a, b: (a + b) / 2, fast, calm), ahead - 1),
        shift(middle(candles, slow), ahead - 1),
        shift(list(closes(candles)), 1 - ahead),
    ]
    longest = max(map(len, lines))
    return [line + [None] * (longest - len(line)) for line in lines]


def supertrend(candles: Sequence[Candle], length: int, by: float) -> list[Values]:
    """By TradingView's published source of ta.supertrend."""
    reach = atr(candles, length)
    up: Values = []
    down: Values = []
    upper_before = lower_before = trend_before = 0.0
    for at, candle in enumerate(candles):
        if reach[at] is None:
            up.append(None)
            down.append(None)
            continue
        half = (candle.high + candle.low) / 2
        upper, lower = half + by * reach[at], half - by * reach[at]  # type: ignore[operator]
        close_before = candles[at - 1].close if at else candle.close
        if not (lower > lower_before or close_before < lower_before):
            lower = lower_before
        if not (upper < upper_before or close_before > upper_before):
            upper = upper_before
        if at == 0 or reach[at - 1] is None:
            is_down = True
        elif trend_before == upper_before:
            is_down = not candle.close > upper
        else:
            is_down = candle.close < lower
        up.append(None if is_down else lower)
        down.append(upper if is_down else None)
        upper_before, lower_before, trend_before = upper, lower, upper if is_down else lower
    return [up, down]


def sar(candles: Sequence[Candle], start: float, increment: float, most: float) -> Values:
    """By TradingView's published source of ta.sar."""
    found: Values = [None]
    stop = extreme = pace = 0.0
    is_below = False
    for at in range(1, len(candles)):
        candle, before = candles[at], candles[at - 1]
        first = False
        if at == 1:
            is_below = candle.close > before.close
            extreme = candle.high if is_below else candle.low
            stop = before.low if is_below else before.high
            first, pace = True, start
        stop = stop + pace * (extreme - stop)
        if is_below and stop > candle.low:
            first, is_below, stop = True, False, max(candle.high, extreme)
            extreme, pace = candle.low, start
        elif not is_below and stop < candle.high:
            first, is_below, stop = True, True, min(candle.low, extreme)
            extreme, pace = candle.high, start
        if not first and is_below and candle.high > extreme:
            extreme, pace = candle.high, min(pace + increment, most)
        if not first and not is_below and candle.low < extreme:
            extreme, pace = candle.low, min(pace + increment, most)
        two = candles[max(0, at - 2) : at]
        if is_below:
            stop = min([stop, *(each.low for each in two)])
        else:
            stop = max([stop, *(each.high for each in two)])
        found.append(stop)
    return found


def rsi(prices: Sequence[float], length: int) -> Values:
    changes = [None, *(b - a for a, b in pairwise(prices))]
    rises = rma([None if each is None else max(each, 0.0) for each in changes], length)
    falls = rma([None if each is None else max(-each, 0.0) for each in changes], length)
    return combine(
        lambda rise, fall: 100.0 if fall == 0 else 100 - 100 / (1 + rise / fall), rises, falls
    )


def macd(prices: Sequence[float], fast: int, slow: int, signal: int) -> list[Values]:
    line = combine(lambda a, b: a - b, ema(prices, fast), ema(prices, slow))
    mean = ema(line, signal)
    return [combine(lambda a, b: a - b, line, mean), line, mean]


def mean_of(values: Values, length: int) -> Values:
    def mean(a: int, b: int) -> float | None:
        part = values[a:b]
        return None if None in part else sum(part) / length  # type: ignore[arg-type]

    return window(length, len(values), mean)


def stochastic(candles: Sequence[Candle], length: int, smooth: int, signal: int) -> list[Values]:
    place = combine(
        lambda close, high, low: 100 * (close - low) / (high - low) if high > low else None,
        closes(candles),
        highest(candles, length),
        lowest(candles, length),
    )
    k = mean_of(place, smooth)
    return [k, mean_of(k, signal)]


def adx(candles: Sequence[Candle], length: int, smoothing: int) -> list[Values]:
    rises: Values = [None]
    falls: Values = [None]
    for before, candle in pairwise(candles):
        up, down = candle.high - before.high, before.low - candle.low
        rises.append(up if up > down and up > 0 else 0.0)
        falls.append(down if down > up and down > 0 else 0.0)
    reach = rma([None, *ranges(candles)[1:]], length)
    plus = combine(lambda a, r: 100 * a / r, rma(rises, length), reach)
    minus = combine(lambda a, r: 100 * a / r, rma(falls, length), reach)
    index = combine(
        lambda p, m: 100 * abs(p - m) / (p + m) if p + m else 0.0,
        plus,
        minus,
    )
    return [rma(index, smoothing), plus, minus]


def cci(candles: Sequence[Candle], length: int) -> Values:
    prices = typical(candles)

    def value(a: int, b: int) -> float:
        mean = sum(prices[a:b]) / length
        return (prices[b - 1] - mean) / (
            0.015 * sum(abs(price - mean) for price in prices[a:b]) / length
        )

    return window(length, len(prices), value)


def obv(candles: Sequence[Candle]) -> Values:
    total, found = 0.0, [0.0]
    for before, candle in pairwise(candles):
        total += candle.volume * ((candle.close > before.close) - (candle.close < before.close))
        found.append(total)
    return list(found)


def mfi(candles: Sequence[Candle], length: int) -> Values:
    prices = typical(candles)

    def value(a: int, b: int) -> float | None:
        if a == 0:
            return None
        into = sum(prices[i] * candles[i].volume for i in range(a, b) if prices[i] > prices[i - 1])
        out = sum(prices[i] * candles[i].volume for i in range(a, b) if prices[i] < prices[i - 1])
        return 100 * into / (into + out) if into + out else None

    return window(length, len(candles), value)


def vwap(candles: Sequence[Candle], begin: Callable[[Candle], int]) -> Values:
    """`begin` gives the time of the first candle that counts."""
    found: Values = []
    prices = typical(candles)
    for at, candle in enumerate(candles):
        held = [i for i in range(at + 1) if candles[i].open_time >= begin(candle)]
        volume = sum(candles[i].volume for i in held)
        paid = sum(candles[i].volume * prices[i] for i in held)
        found.append(paid / volume if volume else None)
    return found


def delta(candles: Sequence[Candle]) -> Values:
    """What was bought less what was sold since midnight."""
    found: Values = []
    for at, candle in enumerate(candles):
        today = [
            each for each in candles[: at + 1] if each.open_time // DAY == candle.open_time // DAY
        ]
        found.append(sum(2 * (each.taker_buy_volume or 0) - each.volume for each in today))
    return found
