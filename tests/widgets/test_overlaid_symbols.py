"""Other symbols over candles: percent from the left edge, each line by itself, and its legend."""

from __future__ import annotations

import pytest

from tui.charts.layers import Plot
from tui.market.market import Market
from tui.model.chart import PanelView
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe
from tui.widgets.chart_layers import Sight
from tui.widgets.overlaid_symbols import OverlaidSymbols

BTC, ETH = Instrument("BINANCE", "BTCUSDT"), Instrument("BINANCE", "ETHUSDT")
XBT = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe(1, "m")
START = 1_723_161_240 * NS  # 23:54 UTC
M = 60 * NS


def candle(instrument: Instrument, at: int, close: float, *, closed: bool = True) -> Candle:
    return Candle(
        instrument, MINUTE, START + at * M, close, close, close, close, 1.0, closed, START + at * M
    )


def market(*closes: tuple[Instrument, int, list[float]]) -> Market:
    """A market of candles: for each instrument the number of its first minute, and closes from there."""
    made = Market()
    for instrument, first, values in closes:
        candles = [candle(instrument, first + at, close) for at, close in enumerate(values)]
        made.merge_candles(instrument, MINUTE, candles)
        tell(made, instrument, SubscriptionStatus.LIVE)
    return made


def tell(
    made: Market, instrument: Instrument, status: SubscriptionStatus, reason: str = ""
) -> None:
    made.set_truth(
        Subscription(instrument, Channel.CANDLES, MINUTE), Truth(status, reason, START - 12 * NS)
    )


def sight(
    since: int = 0, until: int = 4, *overlays: Instrument, cross: int | None = None, merge: int = 1
) -> Sight:
    return Sight(
        panel="panel-1",
        instrument=BTC,
        timeframe=MINUTE,
        view=PanelView(overlays=overlays or (ETH,), merge=merge),
        since=START + since * M,
        until=START + until * M,
        is_now=True,
        cross=None if cross is None else START + cross * M,
        now=START,
        decimals=2,
    )


def drawn(source: OverlaidSymbols, seen: Sight) -> list[Plot]:
    return list(source.layers(seen).overlays)


def test_a_line_begins_at_the_close_of_the_left_edge() -> None:
    source = OverlaidSymbols(
        market((BTC, 0, [100.0, 101, 102, 103, 104]), (ETH, 0, [50.0, 55, 45, 50, 60]))
    )
    (plot,) = drawn(source, sight())

    assert plot.name == "ETHUSDT"
    assert list(plot.times) == [START + at * M for at in range(5)]
    assert [value for (value,) in plot.values] == pytest.approx([100.0, 110.0, 90.0, 100.0, 120.0])
    assert plot.said == [" +20.00%"]


def test_panning_moves_the_zero_with_the_left_edge() -> None:
    source = OverlaidSymbols(
        market((BTC, 0, [100.0, 200, 102, 103, 104]), (ETH, 0, [50.0, 55, 45, 50, 60]))
    )
    (plot,) = drawn(source, sight(1, 3))

    assert [value for (value,) in plot.values] == pytest.approx(
        [200.0, 200 * 45 / 55, 200 * 50 / 55]
    )


def test_the_legend_tells_the_value_where_the_cross_is() -> None:
    source = OverlaidSymbols(market((BTC, 0, [100.0] * 5), (ETH, 0, [50.0, 55, 45, 50, 60])))

    assert drawn(source, sight(cross=1))[0].said == [" +10.00%"]
    assert drawn(source, sight(cross=2))[0].said == [" -10.00%"]


def test_a_tick_computes_the_newest_point_alone() -> None:
    made = market((BTC, 0, [100.0] * 5), (ETH, 0, [50.0] * 4))
    made.apply_candle(candle(ETH, 4, 50.0, closed=False))
    source = OverlaidSymbols(made)
    before = drawn(source, sight())[0]
    first = before.values[0]
    made.apply_candle(candle(ETH, 4, 55.0, closed=False))
    after = drawn(source, sight())[0]

    assert after.values is before.values
    assert after.values[0] is first
    assert after.values[-1][0] == pytest.approx(110.0)


def test_what_changes_is_told_by_the_revision() -> None:
    made = market((BTC, 0, [100.0] * 5), (ETH, 0, [50.0] * 5))
    source = OverlaidSymbols(made)
    revisions = [source.revision(sight())]
    made.apply_candle(candle(ETH, 5, 50.0))
    revisions.append(source.revision(sight()))
    tell(made, ETH, SubscriptionStatus.STALE)
    revisions.append(source.revision(sight()))

    assert len(set(revisions)) == 3
    assert source.revision(sight()) == revisions[-1]


def test_a_symbol_that_began_later_says_since_when_it_counts() -> None:
    source = OverlaidSymbols(market((BTC, 0, [100.0] * 5), (ETH, 3, [50.0, 55.0])))
    (plot,) = drawn(source, sight())

    assert list(plot.times) == [START + 3 * M, START + 4 * M]
    assert [value for (value,) in plot.values] == pytest.approx([100.0, 110.0])
    assert plot.said == [" +10.00% since 23:57"]


def test_a_symbol_that_rested_at_the_edge_counts_from_its_last_close_before() -> None:
    source = OverlaidSymbols(market((BTC, 0, [100.0] * 9), (ETH, 0, [50.0]), (ETH, 4, [60.0])))
    (plot,) = drawn(source, sight(2, 8))

    assert plot.said == [" +20.00%"]


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (SubscriptionStatus.STALE, "", " stale 12s"),
        (SubscriptionStatus.REJECTED, "no such symbol", " rejected: no such symbol"),
        (SubscriptionStatus.PENDING, "", " pending"),
    ],
)
def test_each_line_says_for_itself_how_it_stands(
    status: SubscriptionStatus, reason: str, said: str
) -> None:
    made = market((BTC, 0, [100.0] * 5), (ETH, 0, [50.0] * 5), (XBT, 0, [7.0] * 5))
    tell(made, ETH, status, reason)
    plots = drawn(OverlaidSymbols(made), sight(0, 4, ETH, XBT))

    assert [plot.name for plot in plots] == ["ETHUSDT", "KRAKEN:BTC/USD"]
    assert [plot.said[0].strip() for plot in plots] == [f"+0.00%{said}", "+0.00%"]


def test_a_symbol_without_candles_has_a_legend_and_no_line() -> None:
    made = market((BTC, 0, [100.0] * 5))
    tell(made, ETH, SubscriptionStatus.SYNCING)
    (plot,) = drawn(OverlaidSymbols(made), sight())

    assert list(plot.values) == []
    assert plot.said == ["       — syncing"]


def test_without_candles_beneath_there_is_no_line() -> None:
    (plot,) = drawn(OverlaidSymbols(market((ETH, 0, [50.0] * 5))), sight())

    assert list(plot.values) == []


def test_prices_that_make_no_percent_are_left_out() -> None:
    source = OverlaidSymbols(
        market((BTC, 0, [100.0] * 5), (ETH, 0, [0.0, 50.0, float("nan"), -1.0, 60.0]))
    )
    (plot,) = drawn(source, sight())

    assert [value for (value,) in plot.values] == [
        None,
        pytest.approx(100.0),
        None,
        None,
        pytest.approx(120.0),
    ]


def test_merged_bars_begin_at_the_close_of_the_last_candle_in_the_first() -> None:
    source = OverlaidSymbols(market((BTC, 0, [100.0, 110, 120, 130]), (ETH, 0, [50.0, 60, 60, 66])))
    (plot,) = drawn(source, sight(0, 3, merge=2))

    assert plot.values[-1][0] == pytest.approx(110 * 66 / 60)


def test_a_symbol_over_itself_is_not_drawn() -> None:
    assert drawn(OverlaidSymbols(market((BTC, 0, [100.0] * 5))), sight(0, 4, BTC)) == []
