"""Every indicator's values are those of its definition, candle by candle, from the first one on."""

from __future__ import annotations

import plain_indicators as plain
import pytest
from candle_walks import MINUTE, make_flat, make_walk

from tui.market.candle_series import CandleSeries
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.indicators.definition import Placement
from tui.market.indicators.run import IndicatorRun
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

COMPUTED = [name for name, each in CATALOGUE.items() if each.placement is not Placement.PROFILE]
HOURS = make_walk(150, seed=7, timeframe=Timeframe(1, "h"))
WALK = make_walk(400, seed=3)


def columns(name: str, candles: list[Candle], **given: float) -> list[plain.Values]:
    """The indicator's lines, each as a list."""
    definition = CATALOGUE[name]
    series = CandleSeries()
    series.merge(candles)
    run = IndicatorRun(definition, definition.settle(given), candles[0].timeframe)
    run.follow(series)
    return [list(line) for line in zip(*run.values, strict=True)]


def check(found: list[plain.Values], expected: list[plain.Values]) -> None:
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_moving_averages() -> None:
    prices = plain.closes(WALK)

    check(columns("sma", WALK, length=7), [plain.sma(prices, 7)])
    check(columns("ema", WALK, length=7), [plain.ema(prices, 7)])
    check(columns("wma", WALK, length=7), [plain.wma(prices, 7)])


@pytest.mark.parametrize(
    ("source", "formula"),
    [
        (0, lambda c: c.close),
        (1, lambda c: c.open),
        (2, lambda c: c.high),
        (3, lambda c: c.low),
        (4, lambda c: (c.high + c.low) / 2),
        (5, lambda c: (c.high + c.low + c.close) / 3),
        (6, lambda c: (c.open + c.high + c.low + c.close) / 4),
    ],
)
def test_what_of_a_candle_is_computed_of_can_be_chosen(source: int, formula) -> None:
    expected = plain.sma([formula(candle) for candle in WALK], 5)

    check(columns("sma", WALK, length=5, source=source), [expected])


def test_bollinger_bands_are_deviations_of_the_whole_window_away() -> None:
    check(columns("bollinger", WALK), plain.bollinger(WALK, 20, 2.0))


def test_keltner_channels_are_true_ranges_away_from_an_exponential_mean() -> None:
    check(columns("keltner", WALK), plain.keltner(WALK, 20, 10, 2.0))
    check(columns("keltner", WALK, length=3), plain.keltner(WALK, 3, 10, 2.0))


def test_donchian_channels() -> None:
    check(columns("donchian", WALK), plain.donchian(WALK, 20))


def test_the_vwap_of_a_session_begins_anew_at_midnight() -> None:
    found = columns("vwap", HOURS)

    check(found, [plain.vwap(HOURS, lambda c: c.open_time // plain.DAY * plain.DAY)])


def test_the_vwap_of_a_week_begins_anew_on_mondays() -> None:
    monday = Timeframe(1, "w")

    found = columns("vwap", HOURS, session=1)

    check(found, [plain.vwap(HOURS, lambda c: monday.floor(c.open_time))])


def test_an_anchored_vwap_has_no_value_before_its_anchor() -> None:
    anchor = HOURS[40].open_time

    found = columns("anchored_vwap", HOURS, anchor=anchor // NS)

    check(found, [[None] * 40 + plain.vwap(HOURS[40:], lambda _: 0)])


def test_supertrend_is_tradingviews() -> None:
    check(columns("supertrend", WALK), plain.supertrend(WALK, 10, 3.0))
    check(columns("supertrend", WALK, multiple=1), plain.supertrend(WALK, 10, 1.0))


def test_the_ichimoku_cloud_is_drawn_ahead_and_the_close_back() -> None:
    found = columns("ichimoku", WALK)

    check(found, plain.ichimoku(WALK, 9, 26, 52, 26))
    assert len(found[0]) == len(WALK) + 25


def test_the_parabolic_sar_is_tradingviews() -> None:
    check(columns("sar", WALK), [plain.sar(WALK, 0.02, 0.02, 0.2)])


def test_the_relative_strength_begins_with_the_mean_of_its_first_changes() -> None:
    check(columns("rsi", WALK), [plain.rsi(plain.closes(WALK), 14)])


def test_macd() -> None:
    check(columns("macd", WALK), plain.macd(plain.closes(WALK), 12, 26, 9))


def test_the_stochastic_is_smoothed_twice() -> None:
    check(columns("stochastic", WALK, smooth=3), plain.stochastic(WALK, 14, 3, 3))
    check(columns("stochastic", WALK), plain.stochastic(WALK, 14, 1, 3))


def test_the_average_true_range() -> None:
    check(columns("atr", WALK), [plain.atr(WALK, 14)])


def test_directional_movement() -> None:
    check(columns("adx", WALK), plain.adx(WALK, 14, 14))
    check(columns("adx", WALK, length=7, smoothing=10), plain.adx(WALK, 7, 10))


def test_the_commodity_channel_index() -> None:
    check(columns("cci", WALK), [plain.cci(WALK, 20)])


def test_the_on_balance_volume_begins_at_zero() -> None:
    check(columns("obv", WALK), [plain.obv(WALK)])


def test_the_money_flow_index() -> None:
    check(columns("mfi", WALK), [plain.mfi(WALK, 14)])


def test_the_volume_delta_begins_anew_at_midnight() -> None:
    check(columns("delta", HOURS), [plain.delta(HOURS)])


@pytest.mark.parametrize("name", COMPUTED)
def test_one_candle_and_flat_prices_without_volume_are_no_trouble(name: str) -> None:
    ahead = 25 if name == "ichimoku" else 0

    for count in (1, 2, 60):
        found = columns(name, make_flat(count))
        assert all(len(line) == count + ahead for line in found)
        values = [value for line in found for value in line if value is not None]
        assert all(value == value and abs(value) < 1e9 for value in values)


def test_what_would_divide_nothing_by_nothing_has_no_value() -> None:
    flat = make_flat(60)

    assert columns("cci", flat)[0][-1] is None
    assert columns("stochastic", flat)[0][-1] is None
    assert columns("mfi", flat)[0][-1] is None
    assert columns("vwap", flat)[0][-1] is None


def test_a_price_that_never_falls_has_all_the_strength() -> None:
    assert columns("rsi", make_flat(60))[0][-1] == 100.0


@pytest.mark.parametrize("name", COMPUTED)
def test_a_candle_that_makes_no_sense_leaves_the_others_values_alone(name: str) -> None:
    walk = make_walk(120)
    spoilt = [
        *walk[:60],
        *(
            Candle(walk[0].instrument, MINUTE, walk[59].open_time + 1 + at, *[bad] * 4, 1.0, True)
            for at, bad in enumerate((float("nan"), float("inf"), 1e300))
        ),
        *walk[60:],
    ]

    found = columns(name, spoilt)
    expected = columns(name, walk)

    for got, wanted in zip(found, expected, strict=True):
        if name != "ichimoku":  # whose lines are shifted by candles
            assert [*got[:60], *got[63:]] == pytest.approx(wanted)
