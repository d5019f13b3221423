"""A candle series has each candle once, in order, in its newest state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.market.candle_series import CandleSeries, Past
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe(1, "m")


def candle(
    open_time: int, *, closed: bool = True, at: int = 1, close: float = 1.0, volume: float = 1.0
) -> Candle:
    return Candle(BTCUSDT, MINUTE, open_time, 1.0, 2.0, 0.5, close, volume, closed, at)


def series(*candles: Candle, limit: int = 100) -> CandleSeries:
    made = CandleSeries(limit)
    made.merge(candles)
    return made


def test_candles_stand_in_order_of_open_time_whatever_order_they_came_in() -> None:
    made = series(candle(3), candle(1), candle(4), candle(2))

    assert [one.open_time for one in made.candles] == [1, 2, 3, 4]
    assert made.last == candle(4)


def test_the_open_candle_is_replaced_in_place() -> None:
    made = series(candle(1), candle(2, closed=False, at=1))

    assert made.upsert(candle(2, closed=False, at=2, close=1.5))

    assert len(made) == 2
    assert made.last == candle(2, closed=False, at=2, close=1.5)


def test_two_states_of_the_same_moment_are_taken_in_turn() -> None:
    made = series(candle(1, closed=False, at=5))

    assert made.upsert(candle(1, closed=False, at=5, close=1.5))


def test_a_state_told_again_is_no_change() -> None:
    made = series(candle(1), candle(2, closed=False, at=0))
    revision = made.revision

    assert made.merge([candle(1), candle(2, closed=False, at=0)]) == 0
    assert made.revision == revision


def test_an_earlier_state_of_the_open_candle_is_refused() -> None:
    made = series(candle(1, closed=False, at=5, close=1.5))
    revision = made.revision

    assert not made.upsert(candle(1, closed=False, at=4))
    assert made.last == candle(1, closed=False, at=5, close=1.5)
    assert made.revision == revision


def test_a_closed_candle_never_opens_again() -> None:
    made = series(candle(1, at=5))

    assert not made.upsert(candle(1, closed=False, at=9))


def test_closing_wins_whatever_its_time_says() -> None:
    made = series(candle(1, closed=False, at=9))

    assert made.upsert(candle(1, at=5))


def test_a_fetched_open_candle_that_knows_more_wins() -> None:
    made = series(candle(1, closed=False, at=9, volume=10.0))

    assert made.upsert(candle(1, closed=False, at=0, volume=12.0))
    assert made.last == candle(1, closed=False, at=0, volume=12.0)


def test_a_fetched_open_candle_that_knows_less_is_refused() -> None:
    made = series(candle(1, closed=False, at=9, volume=10.0))

    assert not made.upsert(candle(1, closed=False, at=0, volume=8.0))


def test_a_streamed_state_older_than_a_fetched_one_is_refused() -> None:
    made = series(candle(1, closed=False, at=0, volume=12.0))

    assert not made.upsert(candle(1, closed=False, at=9, volume=11.0))
    assert made.upsert(candle(1, closed=False, at=10, volume=13.0))


def test_the_oldest_go_when_there_is_no_more_room() -> None:
    made = series(candle(1), candle(2), candle(3), limit=2)

    assert [one.open_time for one in made.candles] == [2, 3]


def test_what_is_older_than_a_full_series_is_refused_and_not_counted() -> None:
    made = series(candle(11), candle(12), limit=2)
    revision = made.revision

    assert made.merge([candle(1), candle(2)]) == 0
    assert made.revision == revision


def test_merging_says_how_many_were_new_or_newer() -> None:
    made = series(candle(1), candle(2, closed=False))

    assert made.merge([candle(1, at=0), candle(2), candle(3)]) == 3
    assert made.merge([candle(2, closed=False)]) == 0


def test_a_cleared_series_is_empty_and_its_revisions_run_on() -> None:
    made = series(candle(1))
    made.mark_hole(2, 4)
    revision = made.revision

    made.clear()

    assert (len(made), made.last, made.holes) == (0, None, [])
    assert made.revision > revision


def test_a_fetched_state_that_knows_the_same_leaves_the_streamed_one_its_time() -> None:
    made = series(candle(1, closed=False, at=9, volume=10.0))

    assert not made.upsert(candle(1, closed=False, at=0, volume=10.0))
    assert not made.upsert(candle(1, closed=False, at=8, volume=10.0))


def test_holes_that_touch_are_one() -> None:
    made = series(candle(1))
    revision = made.revision

    made.mark_hole(10, 20)
    made.mark_hole(30, 40)
    made.mark_hole(20, 25)
    made.mark_hole(5, 5)

    assert made.holes == [(10, 25), (30, 40)]
    assert made.revision > revision


def test_what_is_fetched_later_is_a_hole_no_longer() -> None:
    made = series(candle(1))
    made.mark_hole(10, 40)

    made.fill_hole(0, 12)
    made.fill_hole(20, 30)
    assert made.holes == [(12, 20), (30, 40)]

    made.fill_hole(0, 100)
    assert made.holes == []


def test_a_hole_told_again_is_no_change() -> None:
    made = series(candle(1))
    made.mark_hole(10, 40)
    revision = made.revision

    made.mark_hole(12, 30)
    made.fill_hole(50, 60)

    assert made.revision == revision


def test_holes_before_the_oldest_candle_go_with_those_that_went() -> None:
    made = series(candle(1), candle(5), limit=2)
    made.mark_hole(2, 4)
    made.upsert(candle(6))
    assert made.holes == []


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 30)), max_size=20),
)
def test_holes_are_what_was_marked_and_not_fetched_since(
    steps: list[tuple[bool, int, int]],
) -> None:
    made = CandleSeries()
    missing: set[int] = set()
    for marks, start, end in steps:
        if marks:
            made.mark_hole(start, end)
            missing.update(range(start, end))
        else:
            made.fill_hole(start, end)
            missing.difference_update(range(start, end))

    assert {moment for low, high in made.holes for moment in range(low, high)} == missing
    assert list(made.holes) == sorted(made.holes)


@pytest.mark.parametrize("limit", [3, 1000])
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(1, 5)), max_size=60))
def test_any_order_of_arrival_leaves_each_candle_once_closed_if_it_ever_closed(
    limit: int, arrivals: list[tuple[int, bool, int]]
) -> None:
    made = CandleSeries(limit)
    for open_time, closed, at in arrivals:
        made.upsert(candle(open_time, closed=closed, at=at))

    times = [one.open_time for one in made.candles]
    assert times == sorted(set(times))
    assert times == sorted({arrival[0] for arrival in arrivals})[-limit:]
    if limit == 1000:
        for one in made.candles:
            mine = [arrival for arrival in arrivals if arrival[0] == one.open_time]
            assert one.closed == any(closed for _, closed, _ in mine)
            assert one.ts_exchange == max(at for _, closed, at in mine if closed == one.closed)


def test_the_past_changes_only_behind_the_newest_candle() -> None:
    made = series(candle(1), candle(3, closed=False, at=1))
    past = made.past_revision

    made.upsert(candle(3, at=2, close=1.5))
    made.upsert(candle(4, closed=False, at=3))
    assert made.past_revision == past

    made.upsert(candle(2))
    assert made.past_revision == past + 1
    made.upsert(candle(3, at=5, close=1.75))
    assert made.past_revision == past + 2
    made.clear()
    assert made.past_revision == past + 3


def test_how_far_back_the_past_changed_is_told() -> None:
    made = series(candle(1), candle(2), candle(3, closed=False))
    before = made.past_revision

    assert made.oldest_change(before) is None
    made.upsert(candle(3, at=2))
    made.upsert(candle(5, closed=False))
    assert made.oldest_change(before) is None

    made.upsert(candle(4))
    made.upsert(candle(3, at=3, close=1.5))
    assert made.oldest_change(before) == 3
    assert made.oldest_change(before + 2) is None


def test_after_many_changes_of_the_past_all_of_it_counts_as_changed() -> None:
    made = series(candle(1000))
    made.merge(candle(time) for time in range(999, 900, -1))

    assert made.oldest_change(0) == 0
    assert made.oldest_change(made.past_revision - 2) == 901


def test_an_emptied_series_has_changed_from_its_beginning() -> None:
    made = series(candle(1), candle(2))
    before = made.past_revision

    made.clear()

    assert made.oldest_change(before) == 0


def test_a_page_in_front_of_all_others_is_one_change() -> None:
    made = series(candle(10), candle(11))
    revision, past, inner = made.revision, made.past_revision, made.inner_revision

    assert made.merge([candle(7), candle(8), candle(9), candle(10)]) == 3

    assert list(made.times) == [7, 8, 9, 10, 11]
    assert made.revision == revision + 1
    assert made.oldest_change(past) == 7
    assert made.inner_revision == inner


def test_a_page_without_order_is_sorted_in() -> None:
    made = series(candle(10))

    assert made.merge([candle(8), candle(7), candle(8)]) == 2
    assert list(made.times) == [7, 8, 10]


def test_of_a_page_that_there_is_no_room_for_the_newest_are_kept() -> None:
    made = series(candle(10), candle(11), limit=4)

    made.merge([candle(6), candle(7), candle(8), candle(9)])

    assert list(made.times) == [8, 9, 10, 11]


def test_what_is_let_go_at_the_old_end_can_be_asked_for_again() -> None:
    made = series(*(candle(number) for number in range(10)))
    made.mark_hole(2, 4)
    made.tell_past(Past(begins=True, note="beginning of the data"))

    made.keep(5)

    assert list(made.times) == [5, 6, 7, 8, 9]
    assert (made.past, made.holes) == (Past(), [])
