"""Alerts on prices: they fire at the trade that brings it about, and at no other."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from alert_stage import BTC, LIVE, START, Stage
from hypothesis import given
from hypothesis import strategies as st

from tui.model.chart import Drawing, DrawingKind
from tui.model.subscription import Channel, SubscriptionStatus
from tui.model.timeframe import NS

STALE = SubscriptionStatus.STALE


def test_a_price_that_rises_past_its_level_fires_once(stage: Stage) -> None:
    stage.watch("price > 100")

    stage.prices(99, 99.5, 100.5, 101, 102)

    assert stage.texts == ["price rose to 100.5, past 100"]


def test_a_price_that_reaches_its_level_has_arrived(stage: Stage) -> None:
    stage.watch("price > 100")

    stage.prices(99, 100, 101)

    assert stage.texts == ["price rose to 100, past 100"]


def test_a_price_that_falls_past_its_level_fires(stage: Stage) -> None:
    stage.watch("price < 100")

    stage.prices(99, 101, 100.5, 99.5)

    assert stage.texts == ["price fell to 99.5, past 100"]


def test_either_way_fires_on_the_way_up_and_down(stage: Stage) -> None:
    stage.watch("price crosses 100")

    stage.prices(99, 101, 99)

    assert stage.texts == ["price rose to 101, past 100", "price fell to 99, past 100"]


@pytest.mark.parametrize("first", [99.0, 100.0, 101.0])
def test_the_first_price_after_the_start_never_fires(stage: Stage, first: float) -> None:
    stage.watch("price crosses 100")

    stage.prices(first)

    assert stage.told == []


def test_a_price_that_starts_at_its_level_was_on_no_side(stage: Stage) -> None:
    stage.watch("price crosses 100")

    stage.prices(100, 101)

    assert stage.told == []


def test_a_price_that_comes_back_within_the_same_moment_fires_all_the_same(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)

    for price in (101, 99):
        stage.trade(price)

    assert stage.texts == ["price rose to 101, past 100"]


def test_the_price_that_is_live_when_a_rule_is_made_is_where_it_begins(stage: Stage) -> None:
    stage.stands(Channel.TRADES, LIVE)
    stage.trade(99)
    stage.watch("price > 100")

    stage.prices(101)

    assert stage.texts == ["price rose to 101, past 100"]


def test_a_price_from_when_nobody_watched_is_not_where_a_rule_begins(stage: Stage) -> None:
    stage.trade(99)
    stage.stands(Channel.TRADES, SubscriptionStatus.OFF)
    stage.watch("price > 100")

    stage.prices(101)

    assert stage.told == []


def test_a_late_trade_in_the_wrong_order_is_no_price(stage: Stage) -> None:
    stage.watch("price < 100")
    stage.trade(101)

    stage.trade(99, ago_s=2.0)

    assert stage.told == []


def test_what_a_venue_catches_up_with_does_not_fire(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.prices(99)
    stage.skip(1200)

    stage.trade(101, ago_s=1000.0)
    stage.trade(99, ago_s=400.0)
    stage.trade(98)

    assert stage.told == []


def test_a_venue_whose_clock_or_data_is_always_late_is_not_late(stage: Stage) -> None:
    stage.watch("price > 100")

    stage.trade(99, ago_s=901.0)
    stage.trade(101, ago_s=900.0)

    assert len(stage.told) == 1


def test_one_impossible_stamp_neither_fires_nor_silences_what_follows(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.prices(99)

    stage.trade(101, ago_s=-3600.0)
    assert stage.told == []
    stage.trade(102)

    assert [firing.price for firing in stage.told] == [102.0]


def test_a_ticker_from_the_future_does_not_silence_what_follows(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.prices(99)
    stage.stands(Channel.TRADES, STALE)

    stage.ticker(101, ago_s=-3600.0)
    assert stage.told == []
    stage.trade(102)

    assert [firing.price for firing in stage.told] == [102.0]


@pytest.mark.parametrize("step_s", [-7200.0, 7200.0])
def test_a_clock_that_was_set_does_not_silence_alerts_for_long(stage: Stage, step_s: float) -> None:
    stage.watch("price > 100")
    stage.prices(99, 99, 99)

    stage.clock.set_time(stage.now + round(step_s * NS))
    for _ in range(25):
        stage.skip(1)
        stage.trade(99, ago_s=step_s)
    stage.skip(1)
    stage.trade(101, ago_s=step_s)

    assert [firing.price for firing in stage.told] == [101.0]


def test_a_venue_that_catches_up_for_long_is_late_until_it_is_through(stage: Stage) -> None:
    stage.watch("price crosses 100")
    stage.prices(99)
    stage.skip(1200)

    for number in range(30):
        stage.skip(1)
        stage.trade(101 if number % 2 else 99, ago_s=1000.0 - 20 * number)
    assert stage.told == []
    stage.trade(101)

    assert [firing.price for firing in stage.told] == [101.0]


def test_trades_from_before_anybody_asked_do_not_fire(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)

    stage.trade(101, is_old=True)
    stage.trade(99)

    assert stage.told == []


def test_fetched_trades_do_not_fire(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)
    last = stage.market[BTC].tape.last
    assert last is not None
    fetched = msgspec.structs.replace(last, price=101.0, trade_id=0)

    stage.market.merge_trades(BTC, [fetched])
    stage.trade(99)

    assert stage.told == []


def test_tickers_bring_the_price_where_no_trades_come(stage: Stage) -> None:
    stage.watch("price > 100")

    stage.ticker(99)
    stage.ticker(101)

    assert stage.texts == ["price rose to 101, past 100"]


def test_tickers_do_not_mix_with_trades_that_come(stage: Stage) -> None:
    stage.watch("price crosses 100")
    stage.trade(99)

    stage.ticker(101)
    stage.trade(99)

    assert stage.told == []


def test_tickers_take_over_when_trades_fall_silent(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.stands(Channel.TICKER, LIVE)
    stage.trade(99)

    stage.stands(Channel.TRADES, STALE)
    stage.ticker(101)

    assert stage.texts == ["price rose to 101, past 100"]


def test_a_feed_that_is_stale_fires_nothing(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.watch("move 1% 5m")
    stage.trade(99)
    stage.stands(Channel.TRADES, STALE)

    stage.pass_time(300)

    assert stage.told == []


def test_a_level_that_was_passed_while_the_feed_was_away_is_told_as_such(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)

    stage.stands(Channel.TRADES, STALE, "disconnected")
    stage.skip(30)
    stage.prices(102, 103)

    assert stage.texts == ["price rose to 102, past 100, while the feed was away"]


def test_after_the_gap_crossings_are_told_as_ever(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)
    stage.stands(Channel.TRADES, STALE)

    stage.prices(98, 101)

    assert stage.texts == ["price rose to 101, past 100"]


def test_a_replay_that_was_moved_begins_anew(stage: Stage) -> None:
    stage.watch("price > 100")
    stage.trade(99)

    stage.market.forget("BINANCE")
    stage.prices(101)

    assert stage.told == []


# -- moves -------------------------------------------------------------------------------------


def test_a_move_is_measured_from_the_lowest_price_of_its_window(stage: Stage) -> None:
    stage.watch("rise 2% 10s")

    stage.prices(100, 99, 100, 100.97, 100.99)

    assert stage.texts == ["price rose 2.01% within 10s, to 100.99"]


def test_a_price_that_left_the_window_does_not_count(stage: Stage) -> None:
    stage.watch("rise 2% 10s")

    stage.prices(100)
    stage.skip(10)
    stage.prices(102)

    assert stage.told == []


def test_a_price_at_the_very_limit_of_a_move_fires(stage: Stage) -> None:
    stage.watch("move 2% 10s")

    stage.prices(100, 102)

    assert stage.texts == ["price rose 2.00% within 10s, to 102"]


def test_a_fall_is_not_a_rise(stage: Stage) -> None:
    stage.watch("rise 2% 10s")
    stage.watch("fall 2% 10s")

    stage.prices(100, 97)

    assert stage.texts == ["price fell 3.00% within 10s, to 97"]


def test_one_move_is_told_once_and_the_next_begins_where_it_ended(stage: Stage) -> None:
    stage.watch("rise 2% 1m")

    stage.prices(100, 102.5, 102.6, 103, 104.6)

    assert [firing.price for firing in stage.told] == [102.5, 104.6]


# -- drawings ----------------------------------------------------------------------------------


def line(kind: DrawingKind, *points: tuple[float, float], text: str = "") -> Drawing:
    """A drawing whose times are seconds from the start."""
    return Drawing(kind, tuple((START + round(s * NS), price) for s, price in points), text)


def test_a_price_that_reaches_a_drawn_level_fires_from_either_side(stage: Stage) -> None:
    stage.drawings = (line(DrawingKind.LEVEL, (0, 100)),)
    stage.watch("touch")

    stage.prices(99, 100, 101, 99)

    assert stage.texts == [
        "price 100 touched a price line at 100",
        "price 99 touched a price line at 100",
    ]


def test_a_trend_line_is_where_it_is_at_the_time_of_the_price(stage: Stage) -> None:
    stage.drawings = (line(DrawingKind.TREND, (0, 100), (10, 110), text="support"),)
    stage.watch("touch support")

    stage.prices(105, 105, 105, 105, 105)
    assert stage.told == []
    stage.prices(105)

    assert stage.texts == ["price 105 touched support at 105"]


def test_a_trend_line_ends_and_a_ray_goes_on(stage: Stage) -> None:
    stage.skip(20)
    stage.drawings = (line(DrawingKind.TREND, (0, 100), (10, 100)),)
    stage.watch("touch")
    stage.prices(99, 101)
    assert stage.told == []

    stage.drawings = (line(DrawingKind.RAY, (0, 100), (10, 100)),)
    stage.prices(101, 99)

    assert stage.texts == ["price 99 touched a ray at 100"]


def test_a_line_that_is_moved_over_the_price_is_not_touched(stage: Stage) -> None:
    stage.drawings = (line(DrawingKind.LEVEL, (0, 100)),)
    stage.watch("touch")
    stage.prices(99)

    stage.drawings = (line(DrawingKind.LEVEL, (0, 98)),)
    stage.prices(99)

    assert stage.told == []


def test_lines_of_another_name_and_other_drawings_are_not_watched(stage: Stage) -> None:
    stage.drawings = (
        line(DrawingKind.LEVEL, (0, 100), text="other"),
        line(DrawingKind.RECTANGLE, (0, 98), (9, 102), text="mine"),
        line(DrawingKind.NOTE, (0, 100), text="mine"),
    )
    stage.watch("touch mine")

    stage.prices(99, 101)

    assert stage.told == []
    assert stage.failures == []


# -- properties --------------------------------------------------------------------------------


@given(st.lists(st.integers(90, 110), max_size=40), st.integers(95, 105))
def test_a_crossing_is_two_prices_in_a_row_of_which_only_the_second_is_past_the_level(
    prices: list[int], level: int
) -> None:
    stage = Stage()
    stage.watch(f"price crosses {level}")

    stage.prices(*map(float, prices))

    expected = [
        float(now)
        for before, now in pairwise(prices)
        if before < level <= now or before > level >= now
    ]
    assert [firing.price for firing in stage.told] == expected


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from([99.0, 101.0])), max_size=60))
def test_no_rule_fires_twice_within_its_cooldown(steps: list[tuple[int, float]]) -> None:
    stage = Stage()
    stage.watch("price crosses 100", cooldown_s=30.0)

    for seconds, price in steps:
        stage.skip(seconds)
        stage.trade(price)

    times = [firing.ts for firing in stage.told]
    assert all(later - sooner >= 30 * NS for sooner, later in pairwise(times))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.floats(min_value=50, max_value=150)), max_size=60),
)
def test_a_move_is_never_told_that_did_not_happen_within_its_window(
    steps: list[tuple[int, float]],
) -> None:
    stage = Stage()
    stage.watch("rise 5% 20s", cooldown_s=None)
    seen: list[tuple[int, float]] = []

    for seconds, price in steps:
        stage.skip(seconds)
        stage.trade(price)
        seen.append((stage.now, price))
        if stage.told:
            recent = [one for ts, one in seen if ts >= stage.now - 20 * NS]
            assert price >= min(recent) * 1.05 - 1e-6
            break
