"""The values beside TA-Lib's: everywhere, or, where the two begin differently, after some candles."""

from __future__ import annotations

import pytest
from candle_walks import make_walk

from tui.market.candle_series import CandleSeries
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.run import IndicatorRun

talib = pytest.importorskip("talib")
numpy = pytest.importorskip("numpy")

WALK = make_walk(1200, seed=11)
OPEN, HIGH, LOW, CLOSE, VOLUME = (
    numpy.array([getattr(candle, name) for candle in WALK])
    for name in ("open", "high", "low", "close", "volume")
)


def line(name: str, at: int = 0, **given: float) -> list[float | None]:
    """One line of an indicator."""
    definition = CATALOGUE[name]
    series = CandleSeries()
    series.merge(WALK)
    run = IndicatorRun(definition, definition.settle(given), WALK[0].timeframe)
    run.follow(series)
    return [row[at] for row in run.values]


def check(found: list[float | None], theirs, *, since: int = 0) -> None:
    """The same from a candle on; before it they need not have a value at the same candles."""
    wanted = [None if value != value else value for value in theirs.tolist()]
    assert found[since:] == pytest.approx(wanted[since:], rel=1e-7, abs=1e-7)


def test_averages_are_the_same_everywhere() -> None:
    check(line("sma"), talib.SMA(CLOSE, 20))
    check(line("ema"), talib.EMA(CLOSE, 20))
    check(line("wma"), talib.WMA(CLOSE, 20))


def test_bollinger_bands_are_the_same_everywhere() -> None:
    upper, mid, lower = talib.BBANDS(CLOSE, 20, 2.0, 2.0)

    check(line("bollinger", 0), mid)
    check(line("bollinger", 1), upper)
    check(line("bollinger", 2), lower)


def test_donchian_channels_are_the_same_everywhere() -> None:
    check(line("donchian", 1), talib.MAX(HIGH, 20))
    check(line("donchian", 2), talib.MIN(LOW, 20))


def test_the_relative_strength_is_the_same_everywhere() -> None:
    check(line("rsi"), talib.RSI(CLOSE, 14))


def test_the_stochastic_is_the_same_once_both_lines_have_begun() -> None:
    k, d = talib.STOCH(HIGH, LOW, CLOSE, 14, 3, 0, 3, 0)

    check(line("stochastic", 0, smooth=3), k, since=17)
    check(line("stochastic", 1, smooth=3), d)


def test_the_channel_and_money_flow_indices_are_the_same_everywhere() -> None:
    check(line("cci"), talib.CCI(HIGH, LOW, CLOSE, 20))
    check(line("mfi"), talib.MFI(HIGH, LOW, CLOSE, VOLUME, 14))


def test_the_balance_of_volume_differs_by_the_first_candles_volume() -> None:
    check(line("obv"), talib.OBV(CLOSE, VOLUME) - VOLUME[0])


def test_macd_is_the_same_when_its_beginning_has_worn_off() -> None:
    theirs, signal, histogram = talib.MACD(CLOSE, 12, 26, 9)

    check(line("macd", 1), theirs, since=200)
    check(line("macd", 2), signal, since=200)
    check(line("macd", 0), histogram, since=200)


def test_the_true_range_is_the_same_when_its_beginning_has_worn_off() -> None:
    check(line("atr"), talib.ATR(HIGH, LOW, CLOSE, 14), since=400)


def test_directional_movement_is_the_same_when_its_beginning_has_worn_off() -> None:
    check(line("adx", 0), talib.ADX(HIGH, LOW, CLOSE, 14), since=500)
    check(line("adx", 1), talib.PLUS_DI(HIGH, LOW, CLOSE, 14), since=400)
    check(line("adx", 2), talib.MINUS_DI(HIGH, LOW, CLOSE, 14), since=400)


def test_the_parabolic_stop_is_mostly_the_same() -> None:
    # TradingView looks whether the stop was met before it moves it out of the two candles before,
    # TA-Lib after: now and then one of them turns earlier.
    theirs = talib.SAR(HIGH, LOW, 0.02, 0.2).tolist()

    pairs = zip(line("sar")[1:], theirs[1:], strict=True)

    assert sum(ours == pytest.approx(other, rel=1e-9) for ours, other in pairs) > 0.85 * len(WALK)
