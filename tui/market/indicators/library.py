"""The formulas that are talipp's: averages, and bands around them.

talipp is imported with the first one that is made. That takes longer than a frame may take: `load` can
be called beforehand, in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tui.market.indicators.definition import Row, Settings
from tui.market.indicators.steps import source_of
from tui.model.events import Candle


class Library:
    """One of talipp's indicators, with a bounded memory."""

    def __init__(
        self,
        indicator: Any,
        value: Callable[[Candle], Any],
        row: Callable[[Any], Row],
        *,
        lines: int,
        lookback: int,
    ) -> None:
        """Make a formula.

        Args:
            value: what of a candle it is given. row: what it gives, as values of the lines.
            lookback: how many candles it must remember.
        """
        self._indicator = indicator
        self._value = value
        self._row = row
        self._blank: Row = (None,) * lines
        # Some begin anew when they hold exactly as many values as their period: far from it they do
        # not, and cutting off many at once costs next to nothing a candle.
        self._keep = 3 * lookback + 200

    def add(self, candle: Candle) -> Row:
        indicator = self._indicator
        indicator.add(self._value(candle))
        if len(indicator.input_values) > 2 * self._keep:
            indicator.purge_oldest(self._keep)
        output = indicator.output_values[-1]
        return self._blank if output is None else self._row(output)

    def remove(self) -> None:
        self._indicator.remove()

    def state(self) -> object:
        # What a value is made of stands in those that it is made with, or else in itself; what they
        # remember besides are the candles.
        indicator = self._indicator
        parts = [each for each in indicator.managed_sequences if hasattr(each, "output_values")]
        parts += indicator.sub_indicators
        found = tuple(each.output_values[-1:] for each in parts or [indicator])
        if any(not values or values[0] is None for values in found):
            return None
        return tuple(values[0] for values in found)


@cache
def load() -> Any:
    """talipp's indicators."""
    from talipp import indicators

    return indicators


def is_loaded() -> bool:
    """True once `load` costs nothing."""
    return load.cache_info().currsize > 0


def make_sma(settings: Settings) -> Library:
    length = int(settings["length"])
    return Library(load().SMA(length), source_of(settings), _single, lines=1, lookback=length)


def make_ema(settings: Settings) -> Library:
    length = int(settings["length"])
    return Library(load().EMA(length), source_of(settings), _single, lines=1, lookback=length)


def make_wma(settings: Settings) -> Library:
    length = int(settings["length"])
    return Library(load().WMA(length), source_of(settings), _single, lines=1, lookback=length)


def make_atr(settings: Settings) -> Library:
    length = int(settings["length"])
    return Library(load().ATR(length), _whole, _single, lines=1, lookback=length)


def make_bollinger(settings: Settings) -> Library:
    length = int(settings["length"])
    made = load().BB(length, settings["deviations"])
    return Library(made, source_of(settings), _band, lines=3, lookback=length)


def make_keltner(settings: Settings) -> Library:
    length, atr_length = int(settings["length"]), int(settings["atr_length"])
    multiple = settings["multiple"]
    made = load().KeltnerChannels(length, atr_length, multiple, multiple)
    return Library(made, _whole, _band, lines=3, lookback=max(length, atr_length))


def make_donchian(settings: Settings) -> Library:
    length = int(settings["length"])
    return Library(load().DonchianChannels(length), _whole, _band, lines=3, lookback=length)


def make_macd(settings: Settings) -> Library:
    fast, slow, signal = (int(settings[name]) for name in ("fast", "slow", "signal"))
    return Library(
        load().MACD(fast, slow, signal),
        source_of(settings),
        lambda output: (output.histogram, output.macd, output.signal),
        lines=3,
        lookback=max(fast, slow) + signal,
    )


def _whole(candle: Candle) -> Candle:
    # talipp reads the fields of its own OHLCV, which have the same names.
    return candle


def _single(output: float) -> Row:
    return (output,)


def _band(output: Any) -> Row:
    return output.cb, output.ub, output.lb
