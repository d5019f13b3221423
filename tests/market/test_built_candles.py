"""Candles of a longer timeframe are what those of a shorter one add up to, whatever happens to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.built_candles import BuiltSeries, build_candles
from tui.market.candle_series import CandleSeries, Past
from tui.market.market import Market
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("KRAKEN", "BTC/USD")
MINUTE, HOUR, DAY = Timeframe(1, "m"), Timeframe(1, "h"), Timeframe(1, "d")
THREE = Timeframe(3, "m")


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


def part(
    open_time: int, price: float = 1.0, *, timeframe: Timeframe = MINUTE, closed: bool = True
) -> Candle:
    """A candle from `price` to one more, with volume 1."""
    return Candle(
        BTC,
        timeframe,
        open_time,
        price,
        price + 2,
        price - 1,
        price + 1,
        1.0,
        closed,
        open_time + NS,
        open_time + 2 * NS,
        price,
        0.25,
        3,
    )


def minutes(*numbers: int) -> list[Candle]:
    """Closed candles of these minutes after an hour began, at ten times their number."""
    start = ns("2024-08-08T10:00")
    return [part(start + number * 60 * NS, 10.0 * number) for number in numbers]


def test_prices_volume_and_trades_add_up() -> None:
    (built,) = build_candles(minutes(0, 1, 2), THREE)

    assert built == Candle(
        BTC,
        THREE,
        ns("2024-08-08T10:00"),
        0.0,
        22.0,
        -1.0,
        21.0,
        3.0,
        True,
        ns("2024-08-08T10:02:01"),
        ns("2024-08-08T10:02:02"),
        30.0,
        0.75,
        9,
    )


def test_the_newest_is_open_until_its_last_part_is_closed() -> None:
    assert [one.closed for one in build_candles(minutes(0, 1, 2, 3, 4), THREE)] == [True, False]
    last = part(ns("2024-08-08T10:05"), closed=False)
    assert [one.closed for one in build_candles([*minutes(3, 4), last], THREE)] == [False]


def test_a_candle_some_of_whose_parts_were_never_traded_is_closed_by_the_next() -> None:
    assert [one.closed for one in build_candles(minutes(0, 3), THREE)] == [True, False]


def test_what_takers_bought_is_unknown_where_it_is_of_one_part() -> None:
    first, second = minutes(0, 1)
    unknown = Candle(BTC, MINUTE, second.open_time, 1.0, 1.0, 1.0, 1.0, 1.0, True)

    (built,) = build_candles([first, unknown], THREE)

    assert built.taker_buy_volume is None


@pytest.mark.parametrize(
    ("timeframe", "first", "second"),
    [
        ("1w", "2024-02-26", "2024-03-04"),  # Mondays
        ("1M", "2024-02-01", "2024-03-01"),
        ("3M", "2024-01-01", "2024-04-01"),
        ("3d", "2024-02-26", "2024-02-29"),
    ],
)
def test_weeks_begin_on_monday_and_months_on_the_first(
    timeframe: str, first: str, second: str
) -> None:
    days = [part(ns("2024-02-28") + day * 86_400 * NS, timeframe=DAY) for day in range(40)]

    built = build_candles(days, Timeframe.parse(timeframe))

    assert [one.open_time for one in built[:2]] == [ns(first), ns(second)]


def series(*parts: Candle, timeframe: Timeframe = THREE) -> tuple[CandleSeries, BuiltSeries]:
    base = CandleSeries()
    base.merge(parts)
    return base, BuiltSeries(base, timeframe)


def test_a_built_series_follows_each_tick_of_its_newest_part() -> None:
    base, built = series(*minutes(0, 1, 2, 3))
    revision, past = built.revision, built.past_revision

    base.upsert(part(ns("2024-08-08T10:04"), 70.0, closed=False))

    assert built.last is not None
    assert (built.last.close, built.last.volume, built.last.closed) == (71.0, 2.0, False)
    assert built.revision > revision
    assert built.past_revision == past


def test_a_candle_whose_first_parts_are_not_held_is_left_out() -> None:
    _, built = series(*minutes(1, 2, 3, 4))

    assert [one.open_time for one in built.candles] == [ns("2024-08-08T10:03")]


def test_it_is_shown_where_nothing_is_older() -> None:
    base, built = series(*minutes(1, 2, 3, 4))

    base.tell_past(Past(begins=True, note="beginning of the data"))

    assert [one.volume for one in built.candles] == [2.0, 2.0]
    assert built.past.begins


def test_older_parts_bring_older_candles_and_complete_the_first() -> None:
    base, built = series(*minutes(4, 5, 6))
    assert len(built) == 1
    inner = built.inner_revision

    base.merge(minutes(0, 1, 2, 3))

    assert [one.volume for one in built.candles] == [3.0, 3.0, 1.0]
    assert built.inner_revision == inner


def test_a_corrected_part_corrects_its_candle_and_tells_which() -> None:
    base, built = series(*minutes(*range(9)))
    past = built.past_revision
    wrong = minutes(4)[0]

    base.upsert(
        Candle(BTC, MINUTE, wrong.open_time, 40.0, 99.0, 39.0, 41.0, 5.0, True, ns("2030-01-01"))
    )

    assert [one.high for one in built.candles] == [22.0, 99.0, 82.0]
    assert built.oldest_change(past) == ns("2024-08-08T10:03")


def test_holes_of_the_parts_are_holes_of_the_whole() -> None:
    base, built = series(*minutes(0, 1, 2))

    base.mark_hole(5, 9)

    assert list(built.holes) == [(5, 9)]


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.integers(0, 5)),
        st.tuples(st.just("new"), st.integers(1, 7)),
        st.tuples(st.just("page"), st.integers(1, 12)),
        st.tuples(st.just("correct"), st.integers(0, 40)),
        st.tuples(st.just("insert"), st.integers(0, 40)),
        st.tuples(st.just("keep"), st.integers(3, 60)),
        st.tuples(st.just("begins"), st.integers(0, 1)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=30,
)


@given(_STEPS, st.sampled_from(["3m", "5m", "1h"]))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_it_is_what_its_parts_add_up_to(
    steps: list[tuple[str, int]], name: str
) -> None:
    timeframe = Timeframe.parse(name)
    base, built = series(*minutes(1, 2), timeframe=timeframe)
    version = 1
    for step, number in steps:
        version += 1
        happens(base, step, number, version)

        shown = list(built.candles)

        parts = list(base.candles)
        expected = build_candles(parts, timeframe)
        if (
            parts
            and not base.past.begins
            and timeframe.floor(parts[0].open_time) < parts[0].open_time
        ):
            expected = expected[1:]
        assert shown == expected
        assert list(built.times) == [one.open_time for one in expected]


def happens(base: CandleSeries, step: str, number: int, version: int) -> None:
    """Let something happen to a series; `version` makes what it brings newer than all before."""
    start = ns("2024-08-08T10:00")
    times = list(base.times) or [start]

    def candle(open_time: int, *, closed: bool = True) -> Candle:
        price = float(version)
        return Candle(
            BTC, MINUTE, open_time, price, price, price, price, 1.0, closed, start + version
        )

    if step == "tick":
        base.upsert(candle(times[-1], closed=False))
    elif step == "new":
        base.upsert(candle(times[-1] + number * 60 * NS, closed=False))
    elif step == "page":
        base.merge(candle(times[0] - age * 60 * NS) for age in range(number, 0, -1))
    elif step == "correct":
        base.upsert(candle(times[number % len(times)]))
    elif step == "insert":
        base.upsert(candle(times[0] + number * 60 * NS))
    elif step == "keep":
        base.keep(number)
    elif step == "begins":
        base.tell_past(Past(begins=bool(number)))
    else:
        base.clear()


def test_built_candles_stand_as_those_they_are_made_of() -> None:
    market = Market()
    whole, of = (
        Subscription(BTC, Channel.CANDLES, THREE),
        Subscription(BTC, Channel.CANDLES, MINUTE),
    )
    market.merge_candles(BTC, MINUTE, minutes(0, 1, 2))

    market.build_candles(whole, of)
    market.set_truth(of, Truth(SubscriptionStatus.LIVE, "from trades"))

    assert market.truth(whole) == Truth(SubscriptionStatus.LIVE, "from trades")
    assert len(market[BTC].series(THREE)) == 1
    built = market[BTC].series(THREE)
    market.build_candles(whole, of)
    assert market[BTC].series(THREE) is built


def test_the_open_candle_is_carried_on_to_the_newest_price_without_a_copy_of_the_others() -> None:
    market = Market()
    opened = part(ns("2024-08-08T10:02"), 20.0, closed=False)
    market.merge_candles(BTC, MINUTE, [*minutes(0, 1), opened])
    state = market[BTC]
    state.note_price(25.0, "25", opened.open_time + 9 * NS)

    carried = state.carried_candles(MINUTE)

    assert len(carried) == 3
    assert (carried[-1].close, carried[2].high, carried[-1].open) == (25.0, 25.0, 20.0)
    assert [one.close for one in carried] == [1.0, 11.0, 25.0]
    assert [one.close for one in carried[1:]] == [11.0, 25.0]
    assert [one.close for one in carried[::-1]] == [25.0, 11.0, 1.0]
    assert carried[0:2] == minutes(0, 1)
    assert carried[0] is state.series(MINUTE).candles[0]
