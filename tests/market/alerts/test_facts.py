"""Alerts on trades, spreads, candles, and on how feeds stand."""

from __future__ import annotations

from alert_stage import BTC, ETH, LIVE, START, Stage

from tui.model.subscription import Channel, SubscriptionStatus
from tui.model.timeframe import NS

STALE, SYNCING, PENDING = (
    SubscriptionStatus.STALE,
    SubscriptionStatus.SYNCING,
    SubscriptionStatus.PENDING,
)
MINUTE_NS = 60 * NS


# -- trades ------------------------------------------------------------------------------------


def test_each_trade_that_is_larger_fires(stage: Stage) -> None:
    stage.watch("print > 10")

    for size in (9.0, 10.0, 10.5, 12.0):
        stage.trade(100, size)

    assert stage.texts == [
        "one trade: buy of 10.5 at 100",
        "one trade: buy of 12 at 100",
    ]


def test_a_print_may_be_measured_by_its_worth(stage: Stage) -> None:
    stage.watch("print > 1k quote")

    stage.trade(100, 10.0)
    stage.trade(100, 10.01)

    assert stage.texts == ["one trade: buy of 10.01 at 100, worth 1001"]


def test_an_old_large_trade_does_not_fire(stage: Stage) -> None:
    stage.watch("print > 10")

    stage.trade(100, 50.0, is_old=True)
    stage.trade(100, 1.0)
    stage.trade(100, 50.0, ago_s=100.0)

    assert stage.told == []


def test_volume_fires_when_the_window_holds_more(stage: Stage) -> None:
    stage.watch("volume > 10 10s")

    for size in (5.0, 5.0, 1.0, 1.0):
        stage.trade(100, size)
        stage.skip(1)

    assert stage.texts == ["volume 11 within 10s, above 10"]


def test_volume_that_left_the_window_does_not_count(stage: Stage) -> None:
    stage.watch("volume > 10 10s")

    stage.trade(100, 9.0)
    stage.skip(10.1)
    stage.trade(100, 9.0)

    assert stage.told == []


def test_volume_fires_again_when_it_was_low_in_between(stage: Stage) -> None:
    stage.watch("volume > 10 10s")

    stage.trade(100, 11.0)
    stage.trade(100, 11.0)
    stage.skip(20)
    stage.trade(100, 1.0)
    stage.trade(100, 11.0)

    assert [firing.value for firing in stage.told] == [11.0, 12.0]


# -- spreads -----------------------------------------------------------------------------------


def test_a_spread_that_widens_fires_once_until_it_was_narrow_again(stage: Stage) -> None:
    stage.watch("spread > 10bp")
    stage.stands(Channel.BOOK, LIVE, verified=True)

    for ask in ("100.10", "100.21", "100.30", "100.05", "100.30"):
        stage.book("100", ask)

    assert stage.texts == [
        "spread 20.978bp, above 10bp",
        "spread 29.9551bp, above 10bp",
    ]


def test_a_spread_may_be_measured_in_the_price(stage: Stage) -> None:
    stage.watch("spread > 0.5")
    stage.stands(Channel.BOOK, LIVE, verified=True)

    stage.book("100", "100.50")
    stage.book("100", "100.75")

    assert stage.texts == ["spread 0.75, above 0.5"]


def test_the_spread_of_a_book_that_is_not_verified_is_not_believed(stage: Stage) -> None:
    stage.watch("spread > 0.5")
    stage.stands(Channel.BOOK, SYNCING, "checksum")

    stage.book("100", "105")

    assert stage.told == []


def test_a_crossed_book_has_no_spread(stage: Stage) -> None:
    stage.watch("spread > 0")
    stage.stands(Channel.BOOK, LIVE, verified=True)

    stage.book("101", "100")

    assert stage.told == []


def test_where_a_venue_has_no_book_the_best_prices_of_its_ticker_count(stage: Stage) -> None:
    stage.watch("spread > 0.5")
    stage.ticker(bid="100", ask="101")
    assert stage.told == []

    stage.stands(Channel.BOOK, SubscriptionStatus.REJECTED)
    stage.ticker(ask="102")

    assert stage.texts == ["spread 2, above 0.5"]


# -- candles -----------------------------------------------------------------------------------


def test_a_candle_with_more_volume_fires_once(stage: Stage) -> None:
    stage.watch("candle volume > 10 1m")

    for volume in (9.0, 11.0, 12.0):
        stage.skip(1)
        stage.candle(volume)
    stage.skip(60)
    stage.candle(11.0, opened=START + MINUTE_NS)

    assert stage.texts == [
        "volume 11 in one candle of 1m, above 10",
        "volume 11 in one candle of 1m, above 10",
    ]


def test_old_candles_do_not_fire(stage: Stage) -> None:
    stage.watch("candle volume > 10 1m")
    stage.candle(1.0)

    stage.candle(50.0, opened=START - MINUTE_NS, closed=True)
    stage.skip(200)
    stage.candle(50.0, closed=True)

    assert stage.told == []


def test_a_candle_of_another_timeframe_does_not_count(stage: Stage) -> None:
    stage.watch("candle volume > 10 5m")

    stage.candle(50.0)

    assert stage.told == []


# -- how feeds stand ---------------------------------------------------------------------------


def test_a_feed_that_is_stale_long_enough_fires_once(stage: Stage) -> None:
    stage.watch("stale 30s")
    stage.stands(Channel.TICKER, LIVE)
    stage.stands(Channel.TICKER, STALE, "no data for 10 s")

    stage.pass_time(29)
    assert stage.told == []
    stage.pass_time(31)

    assert stage.texts == ["ticker not live for 30s: stale, no data for 10 s"]


def test_a_feed_that_recovers_in_time_does_not_fire(stage: Stage) -> None:
    stage.watch("stale 30s")
    for _ in range(3):
        stage.stands(Channel.TICKER, STALE)
        stage.pass_time(29)
        stage.stands(Channel.TICKER, LIVE)

    assert stage.told == []


def test_the_words_of_a_feed_that_comes_and_goes_do_not_begin_its_time_anew(stage: Stage) -> None:
    stage.watch("stale 30s")
    stage.stands(Channel.TICKER, STALE)
    stage.pass_time(20)
    stage.stands(Channel.TICKER, PENDING, "subscribing")

    stage.pass_time(10)

    assert stage.texts == ["ticker not live for 30s: pending, subscribing"]


def test_a_feed_that_nobody_asked_for_is_not_stale(stage: Stage) -> None:
    stage.watch("stale 30s")

    stage.pass_time(60)

    assert stage.told == []


def test_another_channel_may_be_watched_for_staleness(stage: Stage) -> None:
    stage.watch("trades stale 5s")
    stage.stands(Channel.TICKER, STALE)
    stage.pass_time(10)
    assert stage.told == []

    stage.stands(Channel.TRADES, STALE)
    stage.pass_time(5)

    assert stage.texts == ["trades not live for 5s: stale"]


def test_a_book_that_is_not_verified_long_enough_fires(stage: Stage) -> None:
    stage.watch("book unverified 10s")
    stage.stands(Channel.BOOK, LIVE, "sequence", verified=True)
    stage.pass_time(60)
    assert stage.told == []

    stage.stands(Channel.BOOK, SYNCING, "a gap")
    stage.pass_time(10)

    assert stage.texts == ["book not verified for 10s: syncing, a gap"]


def test_a_book_that_is_on_its_way_for_the_first_time_has_a_quarter_of_a_minute(
    stage: Stage,
) -> None:
    stage.watch("book unverified 1s")
    stage.stands(Channel.BOOK, SYNCING, "waiting for the snapshot")
    stage.pass_time(14)
    assert stage.told == []

    stage.pass_time(1)

    assert stage.texts == ["book not verified for 15s: syncing, waiting for the snapshot"]


def test_a_book_that_is_verified_again_in_time_does_not_fire(stage: Stage) -> None:
    stage.watch("book unverified 10s")
    stage.stands(Channel.BOOK, SYNCING)
    stage.pass_time(9)
    stage.stands(Channel.BOOK, LIVE, verified=True)

    stage.pass_time(9)

    assert stage.told == []


def test_a_rule_made_while_a_feed_is_away_counts_from_then(stage: Stage) -> None:
    stage.stands(Channel.TICKER, STALE)
    stage.pass_time(60)
    stage.watch("stale 30s")

    stage.pass_time(29)
    assert stage.told == []
    stage.pass_time(1)

    assert len(stage.told) == 1


def test_the_instrument_of_the_rule_alone_counts(stage: Stage) -> None:
    stage.watch("print > 10", instrument=ETH)
    stage.trade(100, 50.0, instrument=BTC)
    assert stage.told == []

    stage.trade(100, 50.0, instrument=ETH)

    assert [firing.rule.instrument for firing in stage.told] == [ETH]
