"""How far our clock is from the venue's; all figures in milliseconds, as nanoseconds."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.feed.clock_offset import ClockOffset

MS = 1_000_000


class Link:
    """A way to the venue of 20 ms in each direction, and some waiting that differs each time."""

    def __init__(self, true_offset_ms: float, seed: int, drift: float = 0.0) -> None:
        self._rng = random.Random(seed)
        self._offset_ms = true_offset_ms
        self._drift = drift

    def true_offset_ms(self, at_s: float) -> float:
        return self._offset_ms + at_s * 1000.0 * self._drift

    def measure(self, offset: ClockOffset, at_s: float) -> int:
        there, back = (20.0 + self._rng.expovariate(1 / 15.0) for _ in range(2))
        sent = at_s * 1000.0
        venue = sent + there - self.true_offset_ms(at_s)
        return offset.add_round_trip(
            round(sent * MS), round(venue * MS), round((sent + there + back) * MS)
        )


def test_nothing_is_known_at_first() -> None:
    assert ClockOffset().offset is None


def test_the_middle_of_a_round_trip_meets_the_venues_time() -> None:
    offset = ClockOffset()

    offset.add_round_trip(1000 * MS, 1250 * MS, 1100 * MS)

    assert offset.offset == -200 * MS


def test_the_shortest_round_trip_counts_most() -> None:
    offset = ClockOffset()
    offset.add_round_trip(0, 900 * MS, 1000 * MS)
    offset.add_round_trip(5000 * MS, 5110 * MS, 5020 * MS)

    assert offset.offset == pytest.approx(-100 * MS, abs=0.1 * MS)


def test_noise_of_the_way_is_smoothed_away() -> None:
    offset = ClockOffset()
    link = Link(true_offset_ms=37.0, seed=4)
    shown = []
    for minute in range(0, 600, 5):
        link.measure(offset, minute * 60.0)
        shown.append((offset.offset or 0) / MS)

    settled = shown[12:]
    assert max(abs(value - 37.0) for value in settled) < 10.0
    assert sum(abs(b - a) for a, b in pairwise(settled)) / len(settled) < 1.5


def test_clocks_that_drift_are_followed() -> None:
    offset = ClockOffset()
    link = Link(true_offset_ms=0.0, seed=5, drift=50e-6)
    errors = []
    for minute in range(0, 1440, 5):
        jump = link.measure(offset, minute * 60.0)
        assert jump == 0
        errors.append(abs((offset.offset or 0) / MS - link.true_offset_ms(minute * 60.0)))

    assert link.true_offset_ms(86_400.0) == 4320.0
    assert max(errors[12:]) < 10.0


def test_a_clock_that_runs_otherwise_from_now_on_is_followed() -> None:
    offset = ClockOffset()
    for minute in range(0, 600, 5):
        Link(0.0, seed=minute).measure(offset, minute * 60.0)

    errors = []
    for minute in range(600, 660, 5):
        slewed = Link((minute - 600) * 60.0 * 200e-3, seed=minute)
        assert slewed.measure(offset, minute * 60.0) == 0
        errors.append(abs((offset.offset or 0) / MS - slewed.true_offset_ms(0.0)))

    assert max(errors[:4]) < 70.0
    assert max(errors[4:]) < 30.0


def test_a_quiet_market_does_not_hold_a_drifting_clock_back() -> None:
    offset = ClockOffset()
    offset.add_message(0, 2 * MS, now=0.0)
    hour = 3_600_000 * MS

    offset.add_round_trip(hour, hour - 180 * MS, hour)

    assert offset.offset == 180 * MS


def test_the_fastest_message_stands_for_no_latency_without_a_time_request() -> None:
    offset = ClockOffset()
    for difference in (-1200, -1270, -1250):
        offset.add_message(10_000 * MS, (10_000 + difference) * MS, now=0.0)

    assert offset.offset == -1270 * MS


def test_a_message_cannot_have_arrived_before_it_was_sent() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1000 * MS, 1100 * MS)
    assert offset.offset == 50 * MS

    offset.add_message(2000 * MS, 2010 * MS, now=0.0)

    assert offset.offset == 10 * MS


def test_old_messages_are_forgotten_because_clocks_drift() -> None:
    offset = ClockOffset()
    offset.add_message(0, -500 * MS, now=0.0)

    for minute in range(1, 6):
        offset.add_message(0, -100 * MS, now=minute * 60.0)

    assert offset.offset == -100 * MS


def test_a_clock_that_was_set_makes_all_earlier_measures_worthless() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)
    offset.add_message(2000 * MS, 2005 * MS, now=0.0)

    jump = offset.add_round_trip(11_000 * MS, 1050 * MS, 11_100 * MS)

    assert offset.offset == 10_000 * MS
    assert jump == 10_000 * MS


def test_a_jump_is_told_once_and_with_its_direction() -> None:
    offset = ClockOffset()
    jumps = [
        offset.add_round_trip(sent * MS, venue * MS, (sent + 10) * MS)
        for sent, venue in ((1000, 1005), (2000, 2006), (3000, 7005), (4000, 8005), (5000, 9004))
    ]

    assert jumps == [0, 0, pytest.approx(-4000 * MS, abs=MS), 0, 0]


def test_a_slow_answer_is_no_jump() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)

    assert offset.add_round_trip(2000 * MS, 2005 * MS, 6010 * MS) == 0
    assert abs(offset.offset or 0) < 0.1 * MS


def test_a_message_with_a_wrong_stamp_is_not_believed() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)

    offset.add_message(2_000_000 * MS, 2010 * MS, now=0.0)

    assert offset.offset == 0


def test_a_wrong_stamp_of_before_the_first_time_request_is_found_out() -> None:
    offset = ClockOffset()
    offset.add_message(2_000_000 * MS, 900 * MS, now=0.0)

    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)

    assert offset.offset == 0


@given(
    true_ms=st.integers(-100_000, 100_000),
    ways=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=30),
)
def test_the_truth_is_never_missed_by_more_than_the_longest_round_trip(
    true_ms: int, ways: list[tuple[int, int]]
) -> None:
    offset = ClockOffset()
    sent = 10_000_000
    for there, back in ways:
        jump = offset.add_round_trip(
            sent * MS, (sent + there - true_ms) * MS, (sent + there + back) * MS
        )
        assert jump == 0
        sent += 10_000

    assert offset.offset is not None
    longest = max(there + back for there, back in ways)
    assert abs(offset.offset - true_ms * MS) <= longest * MS + 1


def test_a_request_during_which_the_clock_was_set_back_says_nothing() -> None:
    offset = ClockOffset()
    offset.add_round_trip(1000 * MS, 1005 * MS, 1010 * MS)

    offset.add_round_trip(1000 * MS, 1005 * MS, 400 * MS)

    assert offset.offset == 0


def test_a_request_during_which_the_machine_slept_says_nothing() -> None:
    offset = ClockOffset()

    assert offset.add_round_trip(0, 150_000 * MS, 300_000 * MS) == 0

    assert offset.offset is None


def test_the_venues_time_follows() -> None:
    offset = ClockOffset()
    assert offset.venue_time(7000 * MS) == 7000 * MS
    offset.add_round_trip(1000 * MS, 2270 * MS, 1000 * MS)

    assert offset.venue_time(7000 * MS) == 8270 * MS
