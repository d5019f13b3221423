"""The book over time as a panel's background: which columns and prices there are, and where none are."""

from __future__ import annotations

import pytest

from tui.charts.layers import Heat, Layers
from tui.market.book_history import BookHistories
from tui.market.market import Market
from tui.market.prints import Print
from tui.model.chart import PanelView
from tui.model.events import Candle, Side
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe
from tui.widgets.book_heat import BookHeat, print_marks, rows_of_cells, tier_for
from tui.widgets.chart_layers import Sight

BTC = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe(1, "m")
START = 1_700_000_040 * NS


def sight(
    timeframe: Timeframe = MINUTE,
    *,
    columns: int = 2,
    merge: int = 1,
    heatmap: bool = True,
    now_s: int = 0,
) -> Sight:
    return Sight(
        panel="panel-1",
        instrument=BTC,
        timeframe=timeframe,
        view=PanelView(columns=columns, merge=merge, heatmap=heatmap),
        since=START,
        until=START + 4 * timeframe.seconds * NS,
        is_now=True,
        cross=None,
        now=START + now_s * NS,
        decimals=2,
    )


def market(low: float = 99.0, high: float = 102.0) -> Market:
    found = Market()
    found.set_info(InstrumentInfo(BTC, "BTC", "USDT", "0.01", "0.001"))
    found.merge_candles(
        BTC,
        MINUTE,
        [
            Candle(BTC, MINUTE, START + at * 60 * NS, low, high, low, high, 1.0, True, START)
            for at in range(5)
        ],
    )
    found[BTC].book.replace([("100.00", "1"), ("99.50", "2")], [("100.01", "3"), ("101.50", "4")])
    tell(found)
    return found


def tell(market: Market, status: SubscriptionStatus = SubscriptionStatus.LIVE) -> None:
    truth = Truth(status, "", START, status is SubscriptionStatus.LIVE)
    market.set_truth(Subscription(BTC, Channel.BOOK), truth)


def heat(layers: Layers) -> Heat:
    assert layers.heat is not None
    return layers.heat


def starts(found: Heat) -> list[int]:
    """Seconds since the start at which its columns begin."""
    return [(time - START) // NS for time in found.times]


def test_the_heat_has_what_rested_where_and_the_best_prices() -> None:
    a_market = market(99.5, 99.5)
    histories = BookHistories(a_market)
    for second in range(31):
        histories.sample(START + second * NS, [BTC], [BTC])

    found = heat(BookHeat(a_market, histories).layers(sight(now_s=31)))

    # Two cells a candle: half a minute each, told by columns of 15 seconds with cells of two ticks.
    assert (starts(found), found.span) == ([0, 15, 30], 15 * NS)
    assert [(round(price, 4), size) for price, size in found.columns[0]] == [
        (99.51, 2.0),
        (100.01, 4.0),
        (101.51, 4.0),
    ]
    assert found.bests == [(100.0, 100.01)] * 3
    assert found.most == pytest.approx(4.0 * 1.3)


def test_where_the_book_was_not_verified_there_is_no_column() -> None:
    a_market = market()
    histories = BookHistories(a_market)
    for second in range(60):
        tell(a_market, SubscriptionStatus.SYNCING if 14 <= second < 45 else SubscriptionStatus.LIVE)
        histories.sample(START + second * NS, [BTC], [BTC])

    found = heat(BookHeat(a_market, histories).layers(sight(now_s=60)))

    assert starts(found) == [0, 45]


@pytest.mark.parametrize("high", [float("inf"), float("nan"), 1e307])
def test_a_price_that_means_nothing_stops_nothing(high: float) -> None:
    a_market = market(99.0, high)
    histories = BookHistories(a_market)
    for second in range(3):
        histories.sample(START + second * NS, [BTC], [BTC])

    assert starts(heat(BookHeat(a_market, histories).layers(sight(now_s=3)))) == [0]


def test_a_panel_without_the_heatmap_has_none() -> None:
    a_market = market()
    histories = BookHistories(a_market)
    histories.sample(START, [BTC], [BTC])
    source = BookHeat(a_market, histories)

    assert source.layers(sight(heatmap=False)) == Layers()
    assert source.revision(sight(heatmap=False)) is None
    assert source.revision(sight()) is not None


def test_before_the_first_sample_there_is_nothing() -> None:
    a_market = market()

    assert BookHeat(a_market, BookHistories(a_market)).layers(sight()) == Layers()


def test_columns_and_their_measure_stay_the_same_objects_while_nothing_changes() -> None:
    a_market = market()
    histories = BookHistories(a_market)
    source = BookHeat(a_market, histories)
    for second in range(40):
        histories.sample(START + second * NS, [BTC], [BTC])
    before = heat(source.layers(sight(now_s=40)))
    histories.sample(START + 40 * NS, [BTC], [BTC])
    after = heat(source.layers(sight(now_s=41)))

    assert after.most == before.most
    assert [new is old for new, old in zip(after.columns, before.columns, strict=True)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("timeframe", "columns", "merge", "tier"),
    [
        ("1s", 2, 1, 0),
        ("1m", 8, 1, 0),
        ("1m", 2, 1, 1),
        ("5m", 2, 1, 2),
        ("1m", 1, 5, 2),
        ("1d", 2, 1, 2),
    ],
)
def test_columns_are_as_long_as_still_tells_cells_apart(
    timeframe: str, columns: int, merge: int, tier: int
) -> None:
    assert tier_for(sight(Timeframe.parse(timeframe), columns=columns, merge=merge)) == tier


def test_cells_are_taken_together_or_cut_to_be_about_as_high_as_rows() -> None:
    assert rows_of_cells(0.5, 0.4) == (1, 1)
    assert rows_of_cells(0.5, 2.7) == (5, 1)
    assert rows_of_cells(0.5, 0.2) == (1, 3)
    assert rows_of_cells(0.5, 0.0) == (1, 1)
    assert rows_of_cells(0.5, 1e-9) == (1, 8)


def test_a_cell_higher_than_a_row_is_spread_over_the_rows_it_covers() -> None:
    a_market = market(100.0, 100.15)  # rows of 0.005 in price
    histories = BookHistories(a_market)
    histories.sample(START, [BTC], [BTC])

    found = heat(BookHeat(a_market, histories).layers(sight(Timeframe.parse("1m"), columns=8)))

    assert [(round(price, 4), size) for price, size in found.columns[0]][:4] == [
        (99.5025, 1.0),
        (99.5075, 1.0),
        (100.0025, 0.5),
        (100.0075, 0.5),
    ]


def large(at_s: float, price: float, size: float, side: Side = Side.BUY) -> Print:
    return Print(0, START + int(at_s * NS), side, price, "", size, 1, True)


def test_the_largest_prints_of_each_candle_are_marked_by_direction_and_size() -> None:
    prints = [
        large(1, 100.0, 2),
        large(2, 100.1, 5),
        large(3, 99.9, 4, Side.SELL),
        large(70, 101.0, 50),
        large(130, 101.5, 50, Side.SELL),
        large(-5, 90.0, 900),
    ]

    marks = print_marks(prints, sight())

    assert [((mark.at[0] - START) // NS, mark.at[1], mark.glyph, mark.ascii) for mark in marks] == [
        (2, 100.1, "△", "^"),
        (3, 99.9, "▽", "v"),
        (70, 101.0, "△", "^"),
        (130, 101.5, "▽", "v"),
    ]
    assert [mark.glyph for mark in print_marks([*prints[:3], large(70, 101.0, 50)], sight())] == [
        "△",
        "▽",
        "▲",
    ]


@pytest.mark.parametrize(("columns", "merge"), [(1, 1), (2, 3)])
def test_where_candles_are_crowded_prints_are_not_marked(columns: int, merge: int) -> None:
    assert print_marks([large(1, 100.0, 2)], sight(columns=columns, merge=merge)) == []
