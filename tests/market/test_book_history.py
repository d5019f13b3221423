"""What is remembered of books, and that nothing is where they were not known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui.market.book_history import TIERS, Best, BookHistories, BookHistory
from tui.market.depth import Bucket
from tui.market.market import Market
from tui.model.events import Level
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
START = 1_700_000_040 * NS  # divides by each tier's seconds
BIDS: list[Level] = [("100.00", "1"), ("99.98", "2")]
ASKS: list[Level] = [("100.01", "3"), ("100.03", "4")]


def a_market(*instruments: Instrument) -> Market:
    market = Market()
    for instrument in instruments or (BTC,):
        market.set_info(InstrumentInfo(instrument, "BTC", "USDT", "0.01", "0.001"))
        market[instrument].book.replace(BIDS, ASKS)
        tell(market, instrument=instrument)
    return market


def tell(
    market: Market,
    status: SubscriptionStatus = SubscriptionStatus.LIVE,
    *,
    verified: bool = True,
    instrument: Instrument = BTC,
) -> None:
    market.set_truth(Subscription(instrument, Channel.BOOK), Truth(status, "", START, verified))


def columns(history: BookHistory | None, tier: int = 0) -> list[tuple[int, int, dict[int, float]]]:
    """Of each column: seconds since the start, how many of it were known, sizes by cell."""
    assert history is not None
    return [
        (
            (column.time - START) // NS,
            column.seconds,
            dict(zip(column.cells, column.sizes, strict=True)),
        )
        for column in history.columns(tier, START, START + 10**6 * NS)
    ]


def sampled(market: Market, *seconds: int, histories: BookHistories | None = None) -> BookHistories:
    histories = histories or BookHistories(market)
    for second in seconds:
        histories.sample(START + second * NS, [BTC], [BTC])
    return histories


def test_a_column_has_the_average_of_what_rested_in_each_cell_of_price() -> None:
    market = a_market()
    histories = sampled(market, 0)
    market[BTC].book.apply([("100.00", "3")], [("100.01", "0")])
    sampled(market, 1, 2, histories=histories)

    # Half a basis point of 100 is 0.005: the tick is larger, so that cells are ticks.
    assert columns(histories.depth(BTC)) == [
        (0, 2, {9998: 2.0, 10000: 2.0, 10001: 1.5, 10003: 4.0}),
        (2, 1, {9998: 2.0, 10000: 3.0, 10003: 4.0}),
    ]


def test_longer_columns_have_larger_cells() -> None:
    histories = sampled(a_market(), *range(20))

    assert columns(histories.depth(BTC), 1) == [
        (0, 15, {4999: 2.0, 5000: 4.0, 5001: 4.0}),
        (15, 5, {4999: 2.0, 5000: 4.0, 5001: 4.0}),
    ]


def test_asks_that_were_rounded_up_stand_in_the_cell_below() -> None:
    history = BookHistory(Decimal("0.5"), is_tick=False)

    history.add(START, [Bucket(200, 1, 1, 1)], [Bucket(202, 2, 2, 1)], Best(START, 100.2, 100.7))

    assert columns(history) == [(0, 1, {200: 1.0, 201: 2.0})]


def test_a_high_price_has_cells_of_half_a_basis_point_in_round_steps() -> None:
    market = a_market()
    market[BTC].book.replace([("61837.64", "1")], [("61837.65", "1")])

    history = sampled(market, 0).depth(BTC)

    assert history is not None
    assert history.step == 5.0


@pytest.mark.parametrize(
    ("status", "verified"),
    [
        (SubscriptionStatus.SYNCING, False),
        (SubscriptionStatus.STALE, False),
        (SubscriptionStatus.LIVE, False),
    ],
)
def test_nothing_is_remembered_while_the_book_is_not_verified(
    status: SubscriptionStatus, verified: bool
) -> None:
    market = a_market()
    histories = sampled(market, 0)
    tell(market, status, verified=verified)
    sampled(market, 1, 2, 3, 4, 5, histories=histories)
    tell(market)
    sampled(market, 6, histories=histories)

    assert [(start, known) for start, known, _ in columns(histories.depth(BTC))] == [(0, 1), (6, 1)]
    assert [(best.time - START) // NS for best in histories.bests(BTC)] == [0, 6]


def test_the_best_prices_are_remembered_of_what_is_only_shown() -> None:
    market = a_market(BTC, ETH)
    histories = BookHistories(market)
    histories.sample(START, [BTC, ETH], [])

    assert histories.bests(ETH) == histories.bests(BTC)
    assert list(histories.bests(BTC)) == [Best(START, 100.0, 100.01)]
    assert histories.depth(BTC) is None


def test_a_one_sided_book_has_one_best_price_and_no_column() -> None:
    market = a_market()
    market[BTC].book.replace(BIDS, [])

    histories = sampled(market, 0)

    assert list(histories.bests(BTC)) == [Best(START, 100.0, None)]
    assert histories.depth(BTC) is None


def test_frames_within_a_second_are_one_sample() -> None:
    market = a_market()
    histories = BookHistories(market)
    for frame in range(25):
        histories.sample(START + frame * NS // 10, [BTC], [BTC])

    assert len(histories.bests(BTC)) == 3
    history = histories.depth(BTC)
    assert history is not None
    assert history.revision == 3


def test_a_whole_book_that_is_no_longer_wanted_is_forgotten() -> None:
    histories = sampled(a_market(), 0)
    histories.sample(START + NS, [BTC], [])

    assert histories.depth(BTC) is None
    assert len(histories.bests(BTC)) == 2


def test_orders_at_absurd_prices_are_left_out() -> None:
    market = a_market()
    market[BTC].book.apply([("0.01", "5")], [("99999999999", "5")])

    histories = sampled(market, 0)

    assert columns(histories.depth(BTC))[0][2].keys() == {9998, 10000, 10001, 10003}


def test_memory_is_bounded() -> None:
    market = a_market()
    histories = sampled(market, *range(1000))
    history = histories.depth(BTC)
    assert history is not None

    for number, (_, kept, _) in enumerate(TIERS):
        assert len(columns(history, number)) <= kept + 1
    assert len(histories.bests(BTC)) == 900


def test_a_replay_that_goes_back_begins_anew() -> None:
    histories = sampled(a_market(), 10, 11, 12)

    sampled(a_market(), 5, histories=histories)

    assert [(best.time - START) // NS for best in histories.bests(BTC)] == [5]
    assert [start for start, _, _ in columns(histories.depth(BTC))] == [4]


def test_a_price_of_another_magnitude_gets_cells_of_another_size() -> None:
    market = a_market()
    market[BTC].book.replace([("61837.64", "1")], [("61837.65", "1")])
    histories = sampled(market, 0)
    market[BTC].book.replace([("612.64", "1")], [("612.65", "1")])
    sampled(market, 1, histories=histories)

    history = histories.depth(BTC)

    assert history is not None
    assert history.step == 0.05
    assert len(columns(history)) == 1
