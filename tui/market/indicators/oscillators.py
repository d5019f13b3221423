"""Formulas of our own for panes: RSI, stochastic, ADX, CCI, each as TradingView computes it.

talipp has all four and none is used. Its RSI begins with the mean of one change too few, and stays off
for some hundred candles; its ADX smooths a true range that counts the first candle; its stochastic does
not smooth %K; its CCI divides by zero where prices are flat.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.market.indicators.definition import Row, Settings
from tui.market.indicators.steps import Smoothed, Steps, source_of, true_range
from tui.model.events import Candle

_NOISE = 1e-12
"""A spread that is smaller than this part of the price is what floats leave of nothing."""


class _Changes(NamedTuple):
    last: float | None = None
    gain: Smoothed = Smoothed()
    loss: Smoothed = Smoothed()


def make_rsi(settings: Settings) -> Steps[_Changes]:
    """Wilder's relative strength: of the averages of rises and of falls."""
    length, source = int(settings["length"]), source_of(settings)

    def step(state: _Changes, candle: Candle) -> tuple[_Changes, Row]:
        value = source(candle)
        if state.last is None:
            return _Changes(value), (None,)
        change = value - state.last
        gain = state.gain.next(max(change, 0.0), length)
        loss = state.loss.next(max(-change, 0.0), length)
        state = _Changes(value, gain, loss)
        if gain.seen < length:
            return state, (None,)
        if loss.value == 0.0:
            return state, (100.0,)
        return state, (100.0 - 100.0 / (1.0 + gain.value / loss.value),)

    return Steps(_Changes(), step)


class _Ranges(NamedTuple):
    highs: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    places: tuple[float | None, ...] = ()
    smoothed: tuple[float | None, ...] = ()


def make_stochastic(settings: Settings) -> Steps[_Ranges]:
    """Where the close is between the lowest low and the highest high, in percent, smoothed twice."""
    length, smooth, signal = (int(settings[name]) for name in ("length", "smooth", "signal"))

    def step(state: _Ranges, candle: Candle) -> tuple[_Ranges, Row]:
        highs = (*state.highs, candle.high)[-length:]
        lows = (*state.lows, candle.low)[-length:]
        place = None
        if len(highs) == length:
            high, low = max(highs), min(lows)
            if high > low:
                place = 100.0 * (candle.close - low) / (high - low)
        places = (*state.places, place)[-smooth:]
        k = _mean(places, smooth)
        smoothed = (*state.smoothed, k)[-signal:]
        return _Ranges(highs, lows, places, smoothed), (k, _mean(smoothed, signal))

    return Steps(_Ranges(), step)


def _mean(values: tuple[float | None, ...], length: int) -> float | None:
    """The mean of so many values; None while some are missing."""
    known = [value for value in values if value is not None]
    return sum(known) / length if len(known) == length else None


class _Direction(NamedTuple):
    last: Candle | None = None
    rise: Smoothed = Smoothed()
    fall: Smoothed = Smoothed()
    range: Smoothed = Smoothed()
    up: float = 0.0
    down: float = 0.0
    strength: Smoothed = Smoothed()


def make_adx(settings: Settings) -> Steps[_Direction]:
    """Wilder's directional movement (+DI, -DI) and how strong it is (ADX)."""
    length, smoothing = int(settings["length"]), int(settings["smoothing"])

    def step(state: _Direction, candle: Candle) -> tuple[_Direction, Row]:
        last = state.last
        if last is None:
            return state._replace(last=candle), (None, None, None)
        rise, fall = candle.high - last.high, last.low - candle.low
        risen = state.rise.next(rise if rise > fall and rise > 0 else 0.0, length)
        fallen = state.fall.next(fall if fall > rise and fall > 0 else 0.0, length)
        ranged = state.range.next(true_range(candle, last.close), length)
        state = state._replace(last=candle, rise=risen, fall=fallen, range=ranged)
        if ranged.seen < length:
            return state, (None, None, None)
        up, down = state.up, state.down
        if ranged.value > 0.0:  # else they stay what they were
            up, down = 100.0 * risen.value / ranged.value, 100.0 * fallen.value / ranged.value
        both = up + down
        strength = state.strength.next(100.0 * abs(up - down) / both if both else 0.0, smoothing)
        adx = strength.value if strength.seen >= smoothing else None
        return state._replace(up=up, down=down, strength=strength), (adx, up, down)

    return Steps(_Direction(), step)


def make_cci(settings: Settings) -> Steps[tuple[float, ...]]:
    """How far the typical price is from its average, in parts of its usual distance."""
    length = int(settings["length"])

    def step(state: tuple[float, ...], candle: Candle) -> tuple[tuple[float, ...], Row]:
        price = (candle.high + candle.low + candle.close) / 3
        prices = (*state, price)[-length:]
        if len(prices) < length:
            return prices, (None,)
        mean = sum(prices) / length
        deviation = sum([abs(each - mean) for each in prices]) / length
        if deviation <= abs(mean) * _NOISE:
            return prices, (None,)
        return prices, ((price - mean) / (0.015 * deviation),)

    return Steps((), step)
