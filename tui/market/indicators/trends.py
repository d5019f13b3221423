"""Formulas of our own over the candles: SuperTrend, Ichimoku, parabolic SAR, as TradingView has them.

talipp has all three and none is used. Its SuperTrend begins with bands at zero; its SAR begins with the
fifth candle, always upward; its Ichimoku gives the cloud of the present candle only, and not that which
is drawn ahead of it.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.market.indicators.definition import Row, Settings
from tui.market.indicators.steps import Smoothed, Steps, true_range
from tui.model.events import Candle


class _Bands(NamedTuple):
    close: float | None = None
    range: Smoothed = Smoothed()
    upper: float = 0.0
    lower: float = 0.0
    is_up: bool | None = None


def make_supertrend(settings: Settings) -> Steps[_Bands]:
    """A stop that follows the trend at a multiple of the average true range."""
    length, multiple = int(settings["length"]), settings["multiple"]

    def step(state: _Bands, candle: Candle) -> tuple[_Bands, Row]:
        close = candle.close
        ranged = state.range.next(true_range(candle, state.close), length)
        if ranged.seen < length:
            return _Bands(close, ranged), (None, None)
        middle, reach = (candle.high + candle.low) / 2, multiple * ranged.value
        upper, lower = middle + reach, middle - reach
        if state.is_up is None or state.close is None:
            is_up = False  # the first trend is downward, by agreement
        else:
            # A band moves towards the price only, until the price has closed beyond it.
            if lower <= state.lower and state.close >= state.lower:
                lower = state.lower
            if upper >= state.upper and state.close <= state.upper:
                upper = state.upper
            is_up = close >= lower if state.is_up else close > upper
        return _Bands(close, ranged, upper, lower, is_up), (
            (lower, None) if is_up else (None, upper)
        )

    return Steps(_Bands(), step)


class _Window(NamedTuple):
    highs: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()


def make_ichimoku(settings: Settings) -> Steps[_Window]:
    """Middles of the ranges of three lengths, and the close; their lines are shifted when drawn."""
    conversion, base, slow = (int(settings[name]) for name in ("conversion", "base", "slow"))
    longest = max(conversion, base, slow)

    def step(state: _Window, candle: Candle) -> tuple[_Window, Row]:
        state = _Window(
            (*state.highs, candle.high)[-longest:], (*state.lows, candle.low)[-longest:]
        )
        fast, middle = _middle(state, conversion), _middle(state, base)
        leading = (fast + middle) / 2 if fast is not None and middle is not None else None
        return state, (fast, middle, leading, _middle(state, slow), candle.close)

    return Steps(_Window(), step)


def _middle(window: _Window, length: int) -> float | None:
    if len(window.highs) < length:
        return None
    return (max(window.highs[-length:]) + min(window.lows[-length:])) / 2


class _Stop(NamedTuple):
    """`before` and `last` are the two newest candles; `extreme` is the trend's farthest price."""

    before: Candle | None = None
    last: Candle | None = None
    value: float | None = None
    extreme: float = 0.0
    pace: float = 0.0
    is_up: bool = True


def make_sar(settings: Settings) -> Steps[_Stop]:
    """Wilder's stop that speeds up with each new extreme and turns when it is met."""
    start, increment, most = (settings[name] for name in ("start", "increment", "most"))

    def step(state: _Stop, candle: Candle) -> tuple[_Stop, Row]:
        before, last = state.last, candle
        if before is None:
            return _Stop(None, last), (None,)
        value, extreme, pace, is_up = state.value, state.extreme, state.pace, state.is_up
        is_new = value is None
        if value is None:  # the second candle says which way it goes
            is_up, pace = candle.close > before.close, start
            value, extreme = (before.low, candle.high) if is_up else (before.high, candle.low)
        value += pace * (extreme - value)
        if (value > candle.low) if is_up else (value < candle.high):
            is_new, pace = True, start
            value = max(candle.high, extreme) if is_up else min(candle.low, extreme)
            is_up = not is_up
            extreme = candle.high if is_up else candle.low
        if not is_new and ((candle.high > extreme) if is_up else (candle.low < extreme)):
            extreme = candle.high if is_up else candle.low
            pace = min(pace + increment, most)
        # It never lies inside the two candles before.
        for each in (before, state.before):
            if each is not None:
                value = min(value, each.low) if is_up else max(value, each.high)
        return _Stop(before, last, value, extreme, pace, is_up), (value,)

    return Steps(_Stop(), step)
