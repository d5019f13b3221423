"""The detector of indicators: their values follow the candles tick by tick, and must not jump."""

from __future__ import annotations

import itertools
from bisect import bisect_left

from tui.market.alerts.detectors import CandleDetector, reaches
from tui.market.alerts.indicator_terms import PRICE, find_definition, line_of, write_indicator
from tui.market.alerts.language import number_text
from tui.market.candle_series import CandleSeries
from tui.market.indicators.run import IndicatorRun
from tui.market.tape import Tape
from tui.model.alert import IndicatorCrosses
from tui.model.events import Candle

_SLICES = 16
"""Of so many candles each, computed at most with one fact: the rest waits for the next."""


class IndicatorCrossing(CandleDetector):
    """Compares the newest value with the one before, as long as no candle is missing in between."""

    def __init__(self, condition: IndicatorCrosses, tape: Tape) -> None:
        """Make a detector.

        Raises:
            AlertError: there is no such indicator or line.
        """
        definition = find_definition(condition.indicator.name)
        self.timeframe = condition.timeframe
        self._condition = condition
        self._tape = tape
        self._line = line_of(definition, condition.line)
        self._other: int | None = None
        if condition.other and condition.other != PRICE:
            self._other = line_of(definition, condition.other)
        settings = definition.settle(condition.indicator.parameters)
        self._run = IndicatorRun(definition, settings, condition.timeframe)
        self._before: float | None = None
        self._rose = False

    def candle(self, candle: Candle, series: CandleSeries, is_live: bool) -> float | None:
        slices = itertools.count()
        self._run.follow(series, tape=self._tape, has_time=lambda: next(slices) < _SLICES)
        found = self._value(candle)
        if found is None or not is_live:
            self._before = None
            return None
        value, target = found
        before, self._before = self._before, value - target
        if before is None or not reaches(before, value - target, 0.0, self._condition.direction):
            return None
        self._rose = before < value - target
        return value

    def restart(self) -> None:
        self._before = None

    def describe(self, value: float, price: str) -> str:
        condition = self._condition
        line = f".{condition.line}" if condition.line else ""
        name, frame = f"{write_indicator(condition.indicator)}{line}", condition.timeframe
        if condition.other == PRICE:
            verb = "fell" if self._rose else "rose"
            return f"price {verb} to {price}, past {name} at {value:.6g} ({frame})"
        target = condition.other if condition.level is None else number_text(condition.level)
        verb = "rose" if self._rose else "fell"
        return f"{name} {verb} to {value:.6g}, past {target} ({frame})"

    def _value(self, candle: Candle) -> tuple[float, float] | None:
        """The line's value at the newest candle and what it is compared with; None where one of them
        is not known."""
        run = self._run
        if run.is_computing:
            return None
        # Some lines are drawn ahead of the candles.
        index = bisect_left(run.times, candle.open_time)
        if index == len(run.times) or run.times[index] != candle.open_time:
            return None
        row = run.values[index]
        value = row[self._line]
        if self._condition.level is not None:
            target: float | None = self._condition.level
        else:
            target = candle.close if self._other is None else row[self._other]
        return None if value is None or target is None else (value, target)
