"""What rests in a book is added up exactly, in steps of price that lose nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.depth import (
    Bucket,
    band,
    bid_share,
    bp_from,
    group,
    large_size,
    middle_price,
    read_buckets,
    slot_of,
    step_ticks,
    sweep,
    tick_of,
)
from tui.market.order_book import BookLevel, BookSide
from tui.model.events import Level
from tui.model.instrument import Instrument, InstrumentInfo

BTC = Instrument("KRAKEN", "BTC/USD")


def bids(*levels: Level) -> BookSide:
    side = BookSide(is_bid=True)
    side.replace(levels)
    return side


def asks(*levels: Level) -> BookSide:
    side = BookSide(is_bid=False)
    side.replace(levels)
    return side


ASKS = asks(("100.1", "1"), ("100.2", "2"), ("100.5", "0.5"), ("101.0", "4"), ("103.7", "10"))
BIDS = bids(("100.0", "2"), ("99.9", "1"), ("99.5", "3"), ("99.4", "1.5"))


class Counting(BookSide):
    """A side that tells how many levels were asked for."""

    def __init__(self, count: int) -> None:
        super().__init__(is_bid=True)
        self.replace([(str(price), "1") for price in range(1, count + 1)])
        self.asked = 0

    def top(self, count: int) -> list[BookLevel]:
        self.asked = max(self.asked, count)
        return super().top(count)


# -- steps of price ----------------------------------------------------------------------------


def test_steps_are_one_two_and_five_ticks_and_their_tens() -> None:
    assert [step_ticks(number) for number in range(8)] == [1, 2, 5, 10, 20, 50, 100, 200]


@pytest.mark.parametrize(
    ("price", "step", "bid", "ask"),
    [
        ("61837.64", "0.01", 6183764, 6183764),
        ("61837.64", "0.05", 1236752, 1236753),
        ("0.3", "0.1", 3, 3),
        ("0.00000812", "0.00000005", 162, 163),
        ("-37.63", "0.5", -76, -75),
        ("-37.5", "0.5", -75, -75),
        ("1e-9", "1e-9", 1, 1),
        ("1000000000000.01", "0.02", 50000000000000, 50000000000001),
        ("1e250", "1e240", 10**10, 10**10),
    ],
)
def test_bids_are_rounded_down_and_asks_up_on_the_venues_digits(
    price: str, step: str, bid: int, ask: int
) -> None:
    assert slot_of(Decimal(price), Decimal(step), is_bid=True) == bid
    assert slot_of(Decimal(price), Decimal(step), is_bid=False) == ask


def test_levels_of_one_step_are_one_bucket() -> None:
    assert group(ASKS.top(9), Decimal("0.5"), is_bid=False) == [
        Bucket(slot=201, size=3.5, largest=2.0, levels=3),
        Bucket(slot=202, size=4.0, largest=4.0, levels=1),
        Bucket(slot=208, size=10.0, largest=10.0, levels=1),
    ]
    assert group(BIDS.top(9), Decimal("0.5"), is_bid=True) == [
        Bucket(slot=200, size=2.0, largest=2.0, levels=1),
        Bucket(slot=199, size=4.0, largest=3.0, levels=2),
        Bucket(slot=198, size=1.5, largest=1.5, levels=1),
    ]


prices = st.integers(-(10**9), 10**9).map(lambda ticks: f"{Decimal(ticks) / 100}")
# Sizes are sums of powers of two, so that floats add them up without a rest.
sizes = st.integers(1, 10**6).map(lambda parts: str(Decimal(parts) / 64))


@settings(max_examples=60)
@given(
    levels=st.dictionaries(prices, sizes, max_size=60),
    number=st.integers(0, 23),
    is_bid=st.booleans(),
)
def test_no_size_gets_lost_in_any_step(levels: dict[str, str], number: int, is_bid: bool) -> None:
    side = BookSide(is_bid=is_bid)
    side.replace(levels.items())
    step = step_ticks(number) * Decimal("0.01")

    buckets = group(side.top(100), step, is_bid=is_bid)

    assert sum(bucket.size for bucket in buckets) == sum(map(float, levels.values()))
    assert sum(bucket.levels for bucket in buckets) == len(levels)
    slots = [bucket.slot for bucket in buckets]
    assert slots == sorted(set(slots), reverse=is_bid)
    for price in levels:
        away = slot_of(Decimal(price), step, is_bid=is_bid) * step - Decimal(price)
        assert (-step < away <= 0) if is_bid else (0 <= away < step)


def test_only_as_many_levels_are_read_as_the_rows_need() -> None:
    side = Counting(20_000)

    found = read_buckets(side, Decimal(2), 20, is_bid=True)

    assert [bucket.slot for bucket in found[:3]] == [10_000, 9_999, 9_998]
    assert len(found) == 20
    assert side.asked == 64


def test_a_huge_step_reads_a_bounded_number_of_levels_and_says_that_there_is_more() -> None:
    side = Counting(20_000)

    found = read_buckets(side, Decimal(100_000), 20, is_bid=True)

    assert found == [Bucket(0, 16_384.0, 1.0, 16_384, is_whole=False)]
    assert side.asked == 16_384


def test_the_last_bucket_is_not_whole_where_the_book_that_is_held_ends_within_it() -> None:
    found = read_buckets(BIDS, Decimal("0.5"), 10, is_bid=True)

    assert [(bucket.slot, bucket.is_whole) for bucket in found] == [
        (200, True),
        (199, True),
        (198, False),
    ]


def test_a_bucket_that_the_book_fills_to_its_end_is_whole() -> None:
    found = read_buckets(BIDS, Decimal("0.1"), 10, is_bid=True)

    assert [bucket.is_whole for bucket in found] == [True] * 4


def test_an_empty_side_has_no_buckets() -> None:
    assert read_buckets(bids(), Decimal(1), 10, is_bid=True) == []


def test_the_tick_is_the_venues() -> None:
    info = InstrumentInfo(BTC, "BTC", "USD", tick_size="0.2500")

    assert tick_of(info, ASKS.top(5)) == Decimal("0.25")


def test_without_the_venues_tick_the_digits_of_the_prices_tell_it() -> None:
    side = asks(("0.30", "1"), ("0.3100", "1"), ("0.3125", "1"))

    assert tick_of(None, side.top(3)) == Decimal("0.0001")
    assert tick_of(None, asks(("1000", "1")).top(1)) == Decimal(1)
    assert tick_of(None, []) == Decimal(1)


# -- sweeping ----------------------------------------------------------------------------------


def test_a_sweep_takes_all_levels_up_to_its_price_and_that_level_too() -> None:
    found = sweep(ASKS, Decimal("100.5"), is_bid=False)

    assert (found.levels, found.size, found.notional) == (3, Decimal("3.5"), Decimal("350.75"))
    assert found.average is not None
    assert str(found.average)[:12] == "100.21428571"
    assert found.is_whole


def test_a_sweep_is_exact_where_floats_are_not() -> None:
    side = bids(("0.7", "0.1"), ("0.6", "0.2"))

    found = sweep(side, Decimal("0.6"), is_bid=True)

    assert found.size == Decimal("0.3")
    assert found.notional == Decimal("0.19")


def test_a_sweep_beyond_the_book_that_is_held_says_that_it_is_not_all() -> None:
    found = sweep(BIDS, Decimal("90"), is_bid=True)

    assert (found.levels, found.size, found.is_whole) == (4, Decimal("7.5"), False)


def test_nothing_is_swept_before_the_best_price() -> None:
    found = sweep(ASKS, Decimal("100.0"), is_bid=False)

    assert (found.levels, found.size, found.average) == (0, Decimal(0), None)


def test_a_sweep_of_ten_thousand_levels_is_not_cut() -> None:
    found = sweep(Counting(10_000), Decimal(5_001), is_bid=True)

    assert (found.levels, found.size, found.is_whole) == (5_000, Decimal(5_000), True)


# -- balance and distance ----------------------------------------------------------------------


def test_the_middle_of_a_one_sided_book_is_the_one_price_that_there_is() -> None:
    assert middle_price(99.0, 101.0) == 100.0
    assert middle_price(None, 101.0) == 101.0
    assert middle_price(None, None) is None


def test_distance_is_in_basis_points_of_the_middle() -> None:
    assert bp_from(100.25, 100.0) == pytest.approx(25.0)
    assert bp_from(-101.0, -100.0) == pytest.approx(-100.0)
    assert bp_from(1.0, 0.0) is None


def test_the_share_of_bids_is_unknown_where_nothing_rests() -> None:
    assert bid_share(3.0, 1.0) == 0.75
    assert bid_share(0.0, 0.0) is None


def test_a_band_adds_up_what_is_near_on_both_sides() -> None:
    # The middle is 100.05: 50 bp of it reach from 99.55 to 100.55.
    found = band(BIDS, ASKS, 50)

    assert found is not None
    assert found.bp == pytest.approx(50)
    assert (found.bids, found.asks) == (3.0, 3.5)
    assert found.bid_notional == pytest.approx(299.9)
    assert found.share == pytest.approx(3 / 6.5)


def test_a_band_reaches_no_further_than_the_shorter_side_that_is_held() -> None:
    found = band(BIDS, ASKS, 300)

    assert found is not None
    assert found.bp == pytest.approx(65, abs=0.1)
    assert (found.bids, found.asks) == (7.5, 3.5)


@pytest.mark.parametrize(
    ("bid_side", "ask_side"),
    [(BIDS, asks()), (bids(), ASKS), (bids(("101", "1")), asks(("100", "1")))],
)
def test_one_sided_and_crossed_books_have_no_band(bid_side: Any, ask_side: Any) -> None:
    assert band(bid_side, ask_side, 10) is None


def test_no_more_than_the_four_largest_orders_are_large() -> None:
    side = bids(
        *((str(n), "1") for n in range(1, 20)), *((str(20 + n), str(n)) for n in range(8, 18))
    )

    assert large_size(side.top(50)) == 14.0


def test_a_large_order_is_five_times_the_median_of_what_is_held() -> None:
    side = bids(*((str(price), str(size)) for price, size in enumerate((1, 2, 2, 2, 3, 90), 1)))

    assert large_size(side.top(10)) == 10.0
    assert large_size(side.top(5)) is None
