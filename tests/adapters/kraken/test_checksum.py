"""The checksum of a book, on the examples that the venue publishes and on live ones."""

from __future__ import annotations

from tui.adapters.kraken.checksum import Checksum
from tui.market.order_book import OrderBook
from tui.model.events import Level


def levels(text: str) -> list[Level]:
    pairs = [one.split() for one in text.split(",")]
    return [(price, size) for price, size in pairs]


def book(bids: str, asks: str) -> OrderBook:
    made = OrderBook()
    made.replace(levels(bids), levels(asks))
    return made


BIDS = ("5000", "4995", "4990", "4980", "4975", "4970", "4965", "4960", "4955", "4950")
BTC = (
    "45283.5 0.10000000, 45283.4 1.54582015, 45282.1 0.10000000, 45281.0 0.10000000,"
    "45280.3 1.54592586, 45279.0 0.07990000, 45277.6 0.03310103, 45277.5 0.30000000,"
    "45277.3 1.54602737, 45276.6 0.15445238",
    "45285.2 0.00100000, 45286.4 1.54571953, 45286.6 1.54571109, 45289.6 1.54560911,"
    "45290.2 0.15890660, 45291.8 1.54553491, 45294.7 0.04454749, 45296.1 0.35380000,"
    "45297.5 0.09945542, 45299.5 0.18772827",
)
ETH = (
    "0.031348 0.03740000, 0.031347 2.87288049, 0.031345 8.57986833, 0.031344 14.40276069,"
    "0.031340 12.96065840, 0.031339 13.19606540, 0.031338 20.41389313, 0.031336 0.03740000,"
    "0.031334 14.37158163, 0.031332 14.40695990",
    "0.031357 0.03740000, 0.031358 2.87194815, 0.031361 0.00767324, 0.031362 4.27140781,"
    "0.031363 4.34586052, 0.031364 27.28097668, 0.031365 12.92325840, 0.031366 4.14290322,"
    "0.031368 0.00738649, 0.031370 0.03740000",
)


def test_the_official_example_of_the_first_protocol() -> None:
    bids = ",".join(f"0.0{price} 0.00000500" for price in BIDS)
    asks = ",".join(f"0.0{price} 0.00000500" for price in range(5005, 5055, 5))

    assert Checksum()(book(bids, asks)) == 974947235


def test_the_official_example_of_the_second_protocol() -> None:
    assert Checksum()(book(*BTC)) == 3310070434


def test_a_live_book_before_and_after_a_change_with_a_level_that_moves_up() -> None:
    check, eth = Checksum(), book(*ETH)

    assert check(eth) == 3619791617
    eth.apply([("0.031347", "0"), ("0.031329", "19.07893401")], [])
    assert check(eth) == 2505869009


def test_levels_that_were_read_as_numbers_keep_their_digits() -> None:
    btc = book(*BTC)
    btc.bids.top(5)
    btc.asks.top(20)

    assert Checksum()(btc) == 3310070434


def test_only_ten_levels_of_each_side_count() -> None:
    btc = book(*BTC)

    btc.apply([("45000.0", "1.00000000")], [("46000.0", "1.00000000")])

    assert Checksum()(btc) == 3310070434


def test_a_short_side_counts_as_far_as_it_goes() -> None:
    assert Checksum()(book("1.0 2.0", "3.0 4.0")) == 1604111633  # of "30401020"
