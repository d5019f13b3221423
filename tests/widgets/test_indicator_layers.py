"""The indicators of the panels become what their charts draw."""

from __future__ import annotations

import msgspec
import pytest
from candle_walks import BTCUSDT, MINUTE, make_candle, make_walk

from tui.charts.layers import PlotKind
from tui.market.indicators import library
from tui.market.market import Market
from tui.model.chart import IndicatorChoice, PanelView
from tui.model.events import Side, Trade
from tui.model.timeframe import NS
from tui.widgets.chart_layers import Sight
from tui.widgets.indicator_layers import FrameBudget, IndicatorLayers

WALK = make_walk(300)


@pytest.fixture(autouse=True)
def _loaded() -> None:
    library.load()


def market_of(candles=WALK) -> Market:
    market = Market()
    market.merge_candles(BTCUSDT, MINUTE, list(candles))
    return market


def sight_of(*choices: IndicatorChoice, now: int = 1, panel: str = "panel-1") -> Sight:
    return Sight(
        panel=panel,
        instrument=BTCUSDT,
        timeframe=MINUTE,
        view=PanelView(indicators=choices),
        since=WALK[200].open_time,
        until=WALK[-1].open_time,
        is_now=True,
        cross=None,
        now=now,
        decimals=2,
    )


def layers_of(market: Market, seconds: float = 100.0) -> IndicatorLayers:
    return IndicatorLayers(market, budget=FrameBudget(seconds))


def test_a_panel_without_indicators_gets_nothing() -> None:
    source = layers_of(market_of())
    sight = sight_of()

    assert source.revision(sight) is None
    assert source.layers(sight).overlays == []
    assert source.panes(sight) == []


def test_those_over_the_candles_and_those_in_panes_go_where_they_belong() -> None:
    source = layers_of(market_of())
    sight = sight_of(
        IndicatorChoice("bollinger", {"length": 10.0}, ("", "#ff0000")),
        IndicatorChoice("macd"),
        IndicatorChoice("sar"),
        IndicatorChoice("rsi", {"length": 7.0}),
    )

    source.revision(sight)
    bollinger, sar = source.layers(sight).overlays
    macd, rsi = source.panes(sight)

    assert (bollinger.name, sar.name) == ("BB 10 2", "SAR 0.02 0.2")
    assert bollinger.lines == ["mid", "upper", "lower"]
    assert bollinger.bands == ((1, 2),)
    assert bollinger.colours == ("", "#ff0000")
    assert sar.kinds == [PlotKind.DOTS]
    assert (macd.name, rsi.name) == ("MACD 12 26 9", "RSI 7")
    assert macd.kinds[0] is PlotKind.HISTOGRAM
    assert (rsi.levels, rsi.bounds, rsi.lines) == ((30.0, 70.0), (0.0, 100.0), ())
    assert len(rsi.times) == len(rsi.values) == len(WALK)


def test_the_profile_is_that_of_the_candles_in_sight() -> None:
    source = layers_of(market_of())
    sight = sight_of(IndicatorChoice("profile", {"rows": 10.0}))

    source.revision(sight)
    profile = source.layers(sight).profile

    assert len(profile.rows) == 10
    assert sum(row[2] for row in profile.rows) == pytest.approx(
        sum(candle.volume for candle in WALK[200:])
    )


def test_a_tick_changes_the_revision_and_silence_does_not() -> None:
    market = market_of()
    source = layers_of(market)
    sight = sight_of(IndicatorChoice("ema"))
    first = source.revision(sight)

    assert source.revision(sight) == first
    market.apply_candle(msgspec.structs.replace(WALK[-1], close=WALK[-1].high, ts_exchange=10**6))
    assert source.revision(sight) != first


def test_the_newest_price_counts_before_its_candle_comes() -> None:
    market = market_of()
    source = layers_of(market)
    sight = sight_of(IndicatorChoice("sma", {"length": 1.0}))
    source.revision(sight)
    at = WALK[-1].open_time + 30 * NS

    market.apply_trade(Trade(BTCUSDT, 123.0, 1.0, Side.BUY, at, at, 1, "123", "1"))
    source.revision(sight)

    assert source.layers(sight).overlays[0].values[-1] == (123.0,)


def test_what_stays_keeps_its_values_while_others_come_and_go() -> None:
    source = layers_of(market_of())
    source.revision(sight_of(IndicatorChoice("ema")))
    times = source.layers(sight_of(IndicatorChoice("ema"))).overlays[0].times

    sight = sight_of(IndicatorChoice("rsi"), IndicatorChoice("ema", {}, ("#ffffff",)))
    source.revision(sight)

    assert source.layers(sight).overlays[0].times is times
    assert source.layers(sight).overlays[0].colours == ("#ffffff",)


def test_an_unknown_indicator_is_left_out() -> None:
    source = layers_of(market_of())
    sight = sight_of(IndicatorChoice("of the future"), IndicatorChoice("ema"))

    source.revision(sight)

    assert [plot.name for plot in source.layers(sight).overlays] == ["EMA 20"]


def test_what_a_frame_has_no_time_for_comes_with_the_next_ones() -> None:
    source = layers_of(market_of(), seconds=0.0)
    sights = [sight_of(IndicatorChoice("ema"), now=frame) for frame in range(1, 60)]

    source.revision(sights[0])
    first = source.layers(sights[0]).overlays[0]
    assert len(first.times) < len(WALK)
    assert first.name == "EMA 20 5%"

    for sight in sights:
        source.revision(sight)
    last = source.layers(sights[-1]).overlays[0]
    assert len(last.times) == len(WALK)
    assert last.name == "EMA 20"


def test_the_budget_is_one_for_all_of_a_frame() -> None:
    now = [0.0]
    budget = FrameBudget(0.006, clock=lambda: now[0])

    budget.begin(1, "panel-1")
    now[0] = 0.005
    budget.begin(1, "panel-2")
    assert budget.has_time()
    now[0] = 0.007
    budget.begin(1, "panel-3")
    assert not budget.has_time()
    budget.begin(2, "panel-3")
    assert budget.has_time()


def test_where_time_stands_still_the_next_frame_has_its_budget_too() -> None:
    now = [0.0]
    budget = FrameBudget(0.006, clock=lambda: now[0])
    budget.begin(1, "panel-1")
    budget.begin(1, "panel-2")
    now[0] = 0.1
    assert not budget.has_time()

    budget.begin(1, "panel-1")
    assert budget.has_time()


def test_the_delta_says_since_when_it_is_counted_from_the_tape() -> None:
    silent = [make_candle(number, 1.0, volume=3.0) for number in range(3)]
    market = market_of(silent)
    for number, second in enumerate((30, 90, 150)):
        at = silent[0].open_time + second * NS
        market.apply_trade(Trade(BTCUSDT, 1.0, 1.0, Side.BUY, at, at, number, "1", "1"))
    source = layers_of(market)
    sight = sight_of(IndicatorChoice("delta"))

    source.revision(sight)

    (pane,) = source.panes(sight)
    assert pane.name == "CVD day (tape since 00:00)"
    assert list(pane.values) == [(1.0,), (2.0,), (3.0,)]
