"""The order book holds the levels that it was told, best first, in the venue's digits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market import order_book
from tui.market.order_book import BookLevel, BookSide, OrderBook
from tui.model.events import Level


def bids(*levels: Level) -> BookSide:
    side = BookSide(is_bid=True)
    side.replace(levels)
    return side


def asks(*levels: Level) -> BookSide:
    side = BookSide(is_bid=False)
    side.replace(levels)
    return side


def test_bids_begin_with_the_highest_and_asks_with_the_lowest() -> None:
    levels: list[Level] = [("9.9", "1"), ("10.1", "2"), ("10.0", "3")]

    assert bids(*levels).top_raw(3) == [("10.1", "2"), ("10.0", "3"), ("9.9", "1")]
    assert asks(*levels).top_raw(3) == [("9.9", "1"), ("10.0", "3"), ("10.1", "2")]


def test_prices_are_ordered_as_numbers_not_as_text() -> None:
    assert bids(("9", "1"), ("10", "1"), ("100", "1")).top_raw(1) == [("100", "1")]


def test_the_digits_of_the_venue_are_kept() -> None:
    assert bids(("61837.63000000", "3.78826000")).top(1) == [
        BookLevel(61837.63, 3.78826, "61837.63000000", "3.78826000")
    ]


def test_a_level_that_was_read_changes_and_goes_like_any_other() -> None:
    side = asks(("1", "1"), ("2", "5"))
    assert side.top(2) == [BookLevel(1.0, 1.0, "1", "1"), BookLevel(2.0, 5.0, "2", "5")]

    side.apply([("1", "0"), ("2", "7.50")])

    assert side.top(2) == [BookLevel(2.0, 7.5, "2", "7.50")]
    assert side.top_raw(2) == [("2", "7.50")]


def test_the_same_price_in_other_digits_is_the_same_level() -> None:
    side = bids(("1.0", "1"))

    side.apply([("1.00000000", "2")])

    assert side.top_raw(5) == [("1.00000000", "2")]


def test_a_size_of_zero_in_any_digits_removes() -> None:
    side = asks(("1", "1"), ("2", "1"), ("3", "1"), ("4", "1"))

    side.apply([("1", "0"), ("2", "0.00000000"), ("3", "0.0")])

    assert side.top_raw(5) == [("4", "1")]
    assert len(side) == 1


def test_removing_an_unknown_level_changes_nothing() -> None:
    side = bids(("1", "1"))

    side.apply([("7", "0")])

    assert side.top_raw(5) == [("1", "1")]


def test_the_last_word_on_a_price_within_a_message_counts() -> None:
    side = bids()

    side.apply([("1", "1"), ("1", "0"), ("1", "2"), ("2", "1"), ("2", "0.00000000")])

    assert side.top_raw(5) == [("1", "2")]


def test_a_replaced_side_leaves_out_what_has_no_size() -> None:
    assert bids(("1", "0.00000000"), ("2", "1")).top_raw(5) == [("2", "1")]


def test_an_empty_side_has_no_best_price() -> None:
    assert bids().best_price is None
    assert bids().top(10) == []


def test_the_best_price_is_the_venues_not_the_key() -> None:
    assert asks(("101.5", "1"), ("102", "1")).best_price == 101.5
    assert bids(("99.5", "1"), ("99", "1")).best_price == 99.5


def test_a_deep_book_is_read_right_from_its_top_to_its_end() -> None:
    side = bids(*[(str(price), "1") for price in range(1, 2001)])
    side.apply([(str(price), "0") for price in range(1500, 2001)])
    side.apply([(str(price), "2") for price in range(1490, 1500)])

    assert len(side) == 1499
    assert side.best_price == 1499.0
    assert side.top_raw(11) == [*((str(p), "2") for p in range(1499, 1489, -1)), ("1489", "1")]
    assert [price for price, _ in side.top_raw(5000)] == [str(p) for p in range(1499, 0, -1)]


def test_truncating_keeps_the_best() -> None:
    side = asks(("1", "1"), ("2", "1"), ("3", "1"))

    side.truncate(2)
    side.apply([("4", "1")])

    assert side.top_raw(5) == [("1", "1"), ("2", "1"), ("4", "1")]


def test_a_book_is_crossed_when_the_best_bid_reaches_the_best_ask() -> None:
    book = OrderBook()
    book.replace([("100", "1")], [("101", "1")])
    assert not book.is_crossed

    book.apply([("101", "1")], [])
    assert book.is_crossed


def test_a_book_with_one_side_is_not_crossed() -> None:
    book = OrderBook()
    book.replace([("100", "1")], [])

    assert not book.is_crossed


PRICES = st.sampled_from([f"{whole}.{cents:02}" for whole in range(8, 12) for cents in range(30)])
SIZES = st.sampled_from(["0", "0.00000000", "0.0", "1", "0.5", "12.00000000"])
CHANGES = st.lists(st.lists(st.tuples(PRICES, SIZES), max_size=30), max_size=12)


def naive(start: list[Level], changes: list[list[Level]], *, is_bid: bool) -> list[Level]:
    held: dict[float, Level] = {}
    for message in [start, *changes]:
        for level in message:
            held.pop(float(level[0]), None)
            if float(level[1]):
                held[float(level[0])] = level
    return [held[price] for price in sorted(held, reverse=is_bid)]


def as_numbers(level: Level) -> BookLevel:
    price, size = level
    return BookLevel(float(price), float(size), price, size)


@pytest.fixture(params=[(256, 512), (2, 4), (1, 1)], ids=str, scope="module")
def few_sorted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Books that keep few levels sorted, so that small ones have an unsorted part too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_book, "_SORTED", request.param[0])
        patch.setattr(order_book, "_MOST_SORTED", request.param[1])
        yield


@pytest.mark.usefixtures("few_sorted")
@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(PRICES, SIZES, max_size=100),
    CHANGES,
    st.booleans(),
    st.integers(0, 150),
    st.booleans(),
)
def test_any_changes_leave_what_a_dictionary_and_a_sort_would(
    start: dict[str, str],
    changes: list[list[Level]],
    is_bid: bool,
    count: int,
    reads_between: bool,
) -> None:
    side = BookSide(is_bid=is_bid)
    side.replace(start.items())

    for position, message in enumerate(changes):
        side.apply(message)
        if reads_between:
            so_far = naive(list(start.items()), changes[: position + 1], is_bid=is_bid)
            assert side.top_raw(3) == so_far[:3]
            assert side.top(2) == [as_numbers(level) for level in so_far[:2]]

    expected = naive(list(start.items()), changes, is_bid=is_bid)
    assert side.top_raw(count) == expected[:count]
    assert side.top(count) == [as_numbers(level) for level in expected[:count]]
    assert side.top_raw(count) == expected[:count]
    assert len(side) == len(expected)
    assert side.best_price == (float(expected[0][0]) if expected else None)


@pytest.mark.usefixtures("few_sorted")
@settings(max_examples=60, deadline=None)
@given(CHANGES, st.booleans(), st.integers(0, 20))
def test_a_truncated_side_is_the_best_of_what_it_held(
    changes: list[list[Level]], is_bid: bool, depth: int
) -> None:
    side = BookSide(is_bid=is_bid)
    expected: list[Level] = []

    for message in changes:
        side.apply(message)
        side.truncate(depth)
        expected = naive(expected, [message], is_bid=is_bid)[:depth]

    assert side.top_raw(1000) == expected


@pytest.mark.parametrize(
    "level", [("nan", "1"), ("Infinity", "1"), ("100", "nan"), ("100", "Infinity")]
)
def test_a_level_that_is_no_number_is_an_error(level: Level) -> None:
    for side in (BookSide(is_bid=True), BookSide(is_bid=False)):
        with pytest.raises(ValueError, match="is not finite"):
            side.replace([level])
        with pytest.raises(ValueError, match="is not finite"):
            side.apply([level])
        assert len(side) == 0
