"""Best prices side by side, and the joined book: each source stands or fails for itself."""

from __future__ import annotations

import pytest

from tui.market.joined_book import JoinedLevel, join_sides
from tui.market.market import Market
from tui.market.order_book import BookSide
from tui.market.quotes import compare_quotes, find_quote
from tui.model.events import Ticker
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth

A, B, C = Instrument("ONE", "BTCUSDT"), Instrument("TWO", "BTC-USD"), Instrument("THREE", "BTC/USD")
LIVE, STALE = SubscriptionStatus.LIVE, SubscriptionStatus.STALE


def market_with(*books: tuple[Instrument, str, str, SubscriptionStatus]) -> Market:
    market = Market()
    for instrument, bid, ask, status in books:
        market[instrument].book.replace([(bid, "1")] if bid else [], [(ask, "1")] if ask else [])
        market.set_truth(Subscription(instrument, Channel.BOOK), Truth(status, last_data=5))
    return market


def ticker(market: Market, instrument: Instrument, bid: str, ask: str, last_data: int = 9) -> None:
    market.apply_ticker(Ticker(instrument=instrument, ts_exchange=1, ts_local=1, bid=bid, ask=ask))
    market.set_truth(Subscription(instrument, Channel.TICKER), Truth(LIVE, last_data=last_data))


def test_the_highest_bid_and_the_lowest_ask_lead() -> None:
    market = market_with((A, "99", "101", LIVE), (B, "100", "102", LIVE), (C, "100", "103", LIVE))

    compared = compare_quotes(market, [A, B, C])

    assert compared.best_bid == {1, 2}
    assert compared.best_ask == {0}
    assert compared.apart_bp == pytest.approx(1 / 100.5 * 10_000)


def test_venues_may_cross_each_other() -> None:
    market = market_with((A, "100", "100.1", LIVE), (B, "100.2", "100.3", LIVE))

    apart = compare_quotes(market, [A, B]).apart_bp

    assert apart == pytest.approx(-0.1 / 100.15 * 10_000)


def test_middles_are_compared_with_the_first_live_one() -> None:
    market = market_with((A, "1", "2", STALE), (B, "99", "101", LIVE), (C, "100", "102", LIVE))

    compared = compare_quotes(market, [A, B, C])

    assert compared.first == 1
    assert compared.from_first_bp == [None, 0.0, pytest.approx(1 / 100.5 * 10_000)]


def test_a_stale_source_never_leads_and_keeps_its_prices() -> None:
    market = market_with((A, "200", "50", STALE), (B, "99", "101", LIVE))

    compared = compare_quotes(market, [A, B])

    assert (compared.best_bid, compared.best_ask) == ({1}, {1})
    assert (compared.quotes[0].bid_text, compared.quotes[0].truth.status) == ("200", STALE)


def test_where_nobody_is_live_nobody_leads() -> None:
    compared = compare_quotes(market_with((A, "1", "2", STALE)), [A, B])

    assert compared.best_bid == compared.best_ask == frozenset()
    assert (compared.apart_bp, compared.first) == (None, None)


def test_a_live_ticker_stands_in_for_a_book_that_is_not() -> None:
    market = market_with((A, "98", "102", SubscriptionStatus.REJECTED))
    ticker(market, A, "99.0", "101.0")

    quote = find_quote(market, A)

    assert (quote.channel, quote.bid, quote.ask_text) == (Channel.TICKER, 99.0, "101.0")


def test_a_live_book_goes_before_a_ticker() -> None:
    market = market_with((A, "98", "102", LIVE))
    ticker(market, A, "99", "101")

    assert find_quote(market, A).channel is Channel.BOOK


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "0", "x"])
def test_a_price_that_is_none_is_unknown(text: str) -> None:
    market = Market()
    ticker(market, A, text, "101")

    quote = find_quote(market, A)

    assert (quote.bid, quote.ask, quote.middle, quote.spread_bp) == (None, 101.0, None, None)


def test_a_book_with_one_side_leads_on_that_side_only() -> None:
    compared = compare_quotes(market_with((A, "99", "", LIVE)), [A])

    assert (compared.best_bid, compared.best_ask, compared.apart_bp) == ({0}, frozenset(), None)


def test_of_different_markets_nobody_leads() -> None:
    eth = Instrument("ONE", "ETHUSDT")
    market = market_with((A, "99", "101", LIVE), (eth, "3", "4", LIVE))

    compared = compare_quotes(market, [A, eth])

    assert not compared.is_one_market
    assert compared.best_bid == compared.best_ask == frozenset()
    assert (compared.apart_bp, compared.from_first_bp) == (None, [None, None])


def side(*levels: tuple[str, str], is_bid: bool = True) -> BookSide:
    found = BookSide(is_bid=is_bid)
    found.replace(levels)
    return found


def told(levels: list[JoinedLevel]) -> list[tuple[float, float, tuple[int, ...]]]:
    return [(level.price, level.size, level.sources) for level in levels]


def test_the_same_price_at_two_venues_is_one_level() -> None:
    one, two = side(("100.0", "1"), ("99", "2")), side(("100.00", "3"), ("98", "4"))

    levels = join_sides([(0, one), (2, two)], 10, is_bid=True)

    assert told(levels) == [(100.0, 4.0, (0, 2)), (99.0, 2.0, (0,)), (98.0, 4.0, (2,))]
    assert levels[0].price_text == "100.0"


def test_asks_are_joined_lowest_first() -> None:
    one = side(("101", "1"), ("103", "2"), is_bid=False)
    two = side(("102", "3"), is_bid=False)

    assert told(join_sides([(0, one), (1, two)], 2, is_bid=False)) == [
        (101.0, 1.0, (0,)),
        (102.0, 3.0, (1,)),
    ]


def test_what_lies_beyond_a_books_last_level_is_not_the_whole() -> None:
    short, long = side(("100", "1")), side(("100", "1"), ("99", "1"))

    levels = join_sides([(0, short), (1, long)], 5, is_bid=True)

    assert [level.is_whole for level in levels] == [True, False]


def test_prices_are_taken_together_away_from_the_other_side() -> None:
    bids = side(("100.9", "1"), ("100.1", "2"), ("99.9", "4"))
    asks = side(("101.1", "1"), ("102.0", "2"), ("102.1", "4"), is_bid=False)

    assert told(join_sides([(0, bids)], 5, is_bid=True, step=1.0)) == [
        (100.0, 3.0, (0,)),
        (99.0, 4.0, (0,)),
    ]
    assert told(join_sides([(0, asks)], 5, is_bid=False, step=1.0)) == [
        (102.0, 3.0, (0,)),
        (103.0, 4.0, (0,)),
    ]


def test_a_price_on_a_step_stays_on_it() -> None:
    bids = side(("61837.6", "1"), ("61837.3", "1"))

    prices = [level.price for level in join_sides([(0, bids)], 5, is_bid=True, step=0.1)]

    assert prices == pytest.approx([61837.6, 61837.3])
