"""Formulas made of steps: from one state and a candle to the next state, so that candles can be taken
back at no cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from tui.market.indicators.definition import UNDO, Row, Settings
from tui.model.events import Candle

S = TypeVar("S")

SOURCES: dict[str, Callable[[Candle], float]] = {
    "close": lambda candle: candle.close,
    "open": lambda candle: candle.open,
    "high": lambda candle: candle.high,
    "low": lambda candle: candle.low,
    "hl2": lambda candle: (candle.high + candle.low) / 2,
    "hlc3": lambda candle: (candle.high + candle.low + candle.close) / 3,
    "ohlc4": lambda candle: (candle.open + candle.high + candle.low + candle.close) / 4,
}
"""What of a candle an indicator can be computed of."""


def source_of(settings: Settings) -> Callable[[Candle], float]:
    """What the parameter `source` says to compute of."""
    return list(SOURCES.values())[int(settings["source"])]


class Steps(Generic[S]):
    """A formula whose state is a value that never changes; the last few states are kept."""

    def __init__(self, begin: S, step: Callable[[S, Candle], tuple[S, Row]]) -> None:
        """Make a formula of its first state and of its step."""
        self._step = step
        self._states: deque[S] = deque([begin], maxlen=UNDO + 1)

    def add(self, candle: Candle) -> Row:
        state, row = self._step(self._states[-1], candle)
        self._states.append(state)
        return row

    def remove(self) -> None:
        self._states.pop()

    def state(self) -> object:
        return self._states[-1]


class Smoothed(NamedTuple):
    """Wilder's moving average (TradingView's `rma`): the mean of the first `length` values, and from
    then on each new value counts for one part in `length`."""

    seen: int = 0
    value: float = 0.0

    def next(self, value: float, length: int) -> Smoothed:
        seen = min(self.seen, length) + 1  # how many more it were does not matter
        if seen < length:
            return Smoothed(seen, self.value + value)  # their sum, until there are enough
        if seen == length:
            return Smoothed(seen, (self.value + value) / length)
        return Smoothed(seen, (self.value * (length - 1) + value) / length)


def true_range(candle: Candle, close: float | None) -> float:
    """How far the price went since `close`, that of the candle before (None for the first one)."""
    if close is None:
        return candle.high - candle.low
    return max(candle.high, close) - min(candle.low, close)
