"""Which candles are in sight, and in which column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

from chart_drawing import MINUTE, START, candle, series, wave
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.view import Bar, look, slots_in_holes
from tui.model.events import Candle
from tui.model.timeframe import NS, Timeframe

FLAT = (1.0, 1.0, 1.0, 1.0)


def visible_bars(*args: Any, **options: Any) -> list[Bar]:
    return look(*args, **options).bars


def slots(bars: Sequence[Bar]) -> list[int]:
    return [bar.slot for bar in bars]


def minutes(bars: Sequence[Bar]) -> list[int]:
    return [(bar.open_time - START) // (60 * NS) for bar in bars]


def test_the_newest_candle_stands_in_the_last_slot() -> None:
    bars = visible_bars(wave(3), MINUTE, slots=5)

    assert slots(bars) == [2, 3, 4]


def test_only_candles_that_fit_are_in_sight() -> None:
    bars = visible_bars(wave(10), MINUTE, slots=4)

    assert (slots(bars), minutes(bars)) == ([0, 1, 2, 3], [6, 7, 8, 9])


def test_scrolling_back_leaves_the_newest_out() -> None:
    bars = visible_bars(wave(10), MINUTE, slots=4, offset=3)

    assert minutes(bars) == [3, 4, 5, 6]


def test_scrolling_stops_at_the_oldest_candle() -> None:
    bars = visible_bars(wave(10), MINUTE, slots=4, offset=99)

    assert (slots(bars), minutes(bars)) == ([3], [0])


def test_missing_candles_leave_their_columns_empty() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 1, 4, 5)]

    assert slots(visible_bars(held, MINUTE, slots=6)) == [0, 1, 4, 5]


def test_a_long_hole_is_shortened_to_a_dozen_columns() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 5000)]

    assert slots(visible_bars(held, MINUTE, slots=20)) == [6, 19]


def test_months_of_any_length_are_neighbours() -> None:
    month = Timeframe(1, "M")
    opens = [month.floor(START)]
    for _ in range(30):
        opens.append(month.next_open(opens[-1]))
    held = [candle(*FLAT, timeframe=month, start=each) for each in opens]

    assert slots(visible_bars(held, month, slots=40)) == list(range(9, 40))


def test_unsorted_and_doubled_candles_are_put_in_order_and_the_later_double_wins() -> None:
    held = [candle(*FLAT, at=at) for at in (2, 0, 1, 2)]
    held[3] = candle(7.0, 7.0, 7.0, 7.0, at=2)

    bars = visible_bars(held, MINUTE, slots=5)

    assert (minutes(bars), bars[-1].close) == ([0, 1, 2], 7.0)


def test_impossible_prices_are_left_out_and_impossible_volumes_count_as_none() -> None:
    held = [
        candle(1.0, math.nan, 1.0, 1.0, at=0),
        candle(1.0, 1.0, -math.inf, 1.0, at=1),
        candle(1e308, 1.0, 1.0, -1e308, at=2),
        candle(1.0, 1.0, 1.0, 1.0, math.nan, at=3),
        candle(1.0, 1.0, 1.0, 1.0, -3.0, at=4),
    ]

    bars = visible_bars(held, MINUTE, slots=9)

    assert minutes(bars) == [3, 4]
    assert [bar.volume for bar in bars] == [0.0, 0.0]


def test_prices_whose_sum_would_overflow_are_left_out() -> None:
    held = [candle(1.0, 1.0, 1.7e308, 1.0, at=at) for at in range(3)]

    assert visible_bars([*held, candle(*FLAT, at=3)], MINUTE, slots=9)[0].low == 1.0
    assert minutes(visible_bars([*held, candle(*FLAT, at=3)], MINUTE, slots=9)) == [3]


def test_highs_and_lows_that_contradict_the_body_are_widened() -> None:
    (bar,) = visible_bars([candle(10.0, 9.0, 11.0, 12.0)], MINUTE, slots=1)

    assert (bar.high, bar.low) == (12.0, 10.0)


def test_merged_candles_keep_first_highest_lowest_last_and_all_volume() -> None:
    held = series([(10, 12, 9, 11), (11, 15, 10, 14), (14, 14, 8, 9), (9, 10, 7, 10)])

    bars = visible_bars(held, MINUTE, slots=5, merge=2)

    assert [(b.open, b.high, b.low, b.close, b.volume) for b in bars] == [
        (10, 15, 9, 14, 2.0),
        (14, 14, 7, 10, 2.0),
    ]


def test_merged_bars_begin_at_round_times_and_do_not_shift_as_candles_arrive() -> None:
    held = wave(23)

    before = [minutes(visible_bars(held[:20], MINUTE, slots=9, merge=5))]
    after = [minutes(visible_bars(held[:count], MINUTE, slots=9, merge=5)) for count in (21, 23)]

    assert before == [[0, 5, 10, 15]]
    assert after == [[0, 5, 10, 15, 20]] * 2


def test_merging_over_a_hole_keeps_both_sides_apart() -> None:
    held = [candle(1, 1, 1, 1, at=0), candle(1, 2, 1, 2, at=1), candle(5, 5, 5, 5, at=4)]

    bars = visible_bars(held, MINUTE, slots=5, merge=2)

    assert [(bar.slot, bar.high, bar.volume) for bar in bars] == [(2, 2, 2.0), (4, 5, 1.0)]


def test_a_right_edge_within_a_merged_bar_shows_the_whole_bar() -> None:
    held = wave(20)

    bars = visible_bars(held, MINUTE, slots=9, merge=5, offset=3)

    assert bars[-1].close == held[-1].close


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 70), st.integers(1, 80))
def test_merging_conserves(count: int, merge: int, offset: int, slots: int) -> None:
    held = wave(count)

    bars = visible_bars(held, MINUTE, slots=slots, merge=merge, offset=offset)

    for bar in bars[1:]:
        first = (bar.open_time - START) // (60 * NS)
        inside = held[first : first + merge]
        assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
        assert bar.high == max(each.high for each in inside)
        assert bar.low == min(each.low for each in inside)
        assert bar.volume == sum(each.volume for each in inside)


class Watched(Sequence[Candle]):
    """A very long history that counts what is looked at."""

    def __init__(self) -> None:
        self.looked_at = 0

    def __len__(self) -> int:
        return 1_000_000

    @overload
    def __getitem__(self, index: int) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> list[Candle]: ...
    def __getitem__(self, index: int | slice) -> Candle | list[Candle]:
        if isinstance(index, int):
            self.looked_at += 1
            return candle(*FLAT, at=range(len(self))[index])
        return [self[each] for each in range(*index.indices(len(self)))]


def test_the_length_of_history_does_not_matter() -> None:
    history = Watched()

    visible_bars(history, MINUTE, slots=100, merge=3)

    assert history.looked_at < 310


# -- holes -----------------------------------------------------------------------------------


def hole(first: int, end: int) -> tuple[int, int]:
    """A span in minutes from the start."""
    return START + first * 60 * NS, START + end * 60 * NS


def test_the_columns_of_a_hole_are_those_without_candles_in_it() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 1, 6, 7)]
    bars = visible_bars(held, MINUTE, slots=8)

    assert slots_in_holes(bars, [hole(3, 5)], MINUTE) == [(3, 4)]
    assert slots_in_holes(bars, [hole(2, 3), hole(5, 6)], MINUTE) == [(2, 2), (5, 5)]


def test_a_candle_that_is_not_whole_lies_in_its_hole() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 1, 4, 5)]
    bars = visible_bars(held, MINUTE, slots=6)

    assert slots_in_holes(bars, [hole(1, 4)], MINUTE) == [(1, 3)]
    assert slots_in_holes(bars, [hole(5, 6)], MINUTE) == [(5, 5)]


def test_a_shortened_hole_fills_all_of_its_columns() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 5000)]
    bars = visible_bars(held, MINUTE, slots=20)

    assert slots_in_holes(bars, [hole(100, 200)], MINUTE) == [(7, 18)]


def test_holes_out_of_sight_and_absent_candles_fill_nothing() -> None:
    held = [candle(*FLAT, at=at) for at in (10, 11, 14)]
    bars = visible_bars(held, MINUTE, slots=9)

    assert slots_in_holes(bars, [hole(0, 9), hole(20, 30)], MINUTE) == []
    assert slots_in_holes(bars, [], MINUTE) == []


def test_a_merged_bar_with_a_hole_in_it_is_marked() -> None:
    held = [candle(*FLAT, at=at) for at in (0, 1, 4, 8, 9)]
    bars = visible_bars(held, MINUTE, slots=4, merge=5)

    assert slots(bars) == [2, 3]
    assert slots_in_holes(bars, [hole(2, 4)], MINUTE, merge=5) == [(2, 2)]


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True),
    st.lists(st.tuples(st.integers(-5, 65), st.integers(-5, 65)), max_size=5),
    st.integers(1, 30),
    st.sampled_from(["1m", "1w", "1M"]),
)
def test_runs_of_hole_columns_are_in_order_and_in_sight(
    ats: list[int], spans: list[tuple[int, int]], room: int, text: str
) -> None:
    timeframe = Timeframe.parse(text)
    held = [candle(*FLAT, at=at, timeframe=timeframe) for at in sorted(ats)]
    bars = visible_bars(held, timeframe, slots=room)
    span = timeframe.seconds * NS
    holes = [(START + low * span, START + high * span) for low, high in sorted(spans) if low < high]

    runs = slots_in_holes(bars, holes, timeframe)

    flat = [edge for run in runs for edge in run]
    assert flat == sorted(flat)
    assert all(0 <= edge < room for edge in flat)
