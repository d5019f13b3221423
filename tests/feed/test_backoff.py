"""Delays before the next attempt."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.feed.backoff import Backoff
from tui.feed.settings import FeedSettings

SETTINGS = FeedSettings(backoff_initial_s=1.0, backoff_factor=2.0, backoff_cap_s=30.0)


class Highest(random.Random):
    """Chance that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def make_backoff(rng: random.Random, attempts: int = 1000, window_s: float = 300.0) -> Backoff:
    return Backoff(SETTINGS, rng, attempts=attempts, window_s=window_s)


def test_the_bound_doubles_with_each_failure_up_to_the_cap() -> None:
    backoff = make_backoff(Highest())

    delays = [backoff.next_delay(0.0) for _ in range(8)]

    assert delays == [0.25, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_attempts_are_as_far_apart_as_the_venue_wants() -> None:
    backoff = Backoff(SETTINGS, Highest(), attempts=1000, window_s=300.0, apart_s=5.0)
    backoff.attempted(100.0)

    assert backoff.next_delay(101.0) == 4.0
    assert backoff.earliest_delay(104.0) == 1.0
    assert backoff.earliest_delay(106.0) == 0.0


def test_the_growth_is_a_setting() -> None:
    settings = FeedSettings(backoff_initial_s=1.0, backoff_factor=1.5, backoff_cap_s=30.0)
    backoff = Backoff(settings, Highest(), attempts=1000, window_s=300.0)

    delays = [backoff.next_delay(0.0) for _ in range(12)]

    assert delays == [
        0.25,
        1.0,
        1.5,
        2.25,
        3.375,
        5.0625,
        7.59375,
        11.390625,
        17.0859375,
        25.62890625,
        30.0,
        30.0,
    ]


def test_failures_in_a_row_are_counted_until_a_reset() -> None:
    backoff = make_backoff(random.Random(7))
    for _ in range(3):
        backoff.next_delay(0.0)
    assert backoff.failures == 3

    backoff.reset()

    assert backoff.failures == 0


def test_the_jitter_is_full() -> None:
    backoff = make_backoff(random.Random(7))
    backoff.failures = 6

    delays = []
    for _ in range(1000):
        delays.append(backoff.next_delay(0.0))
        backoff.failures = 6

    assert min(delays) < 1.0
    assert max(delays) > 29.0


def test_two_attempts_are_at_least_a_second_apart() -> None:
    backoff = make_backoff(random.Random(7))
    backoff.attempted(100.0)

    assert backoff.next_delay(100.1) == pytest.approx(0.9)


def test_a_minimum_holds() -> None:
    assert make_backoff(random.Random(7)).next_delay(0.0, minimum_s=30.0) == 30.0


def test_a_reset_begins_anew() -> None:
    backoff = make_backoff(Highest())
    for _ in range(5):
        backoff.next_delay(0.0)

    backoff.reset()

    assert backoff.next_delay(0.0) == 0.25


def test_the_venues_budget_of_attempts_is_kept() -> None:
    backoff = make_backoff(random.Random(7), attempts=3, window_s=300.0)
    for moment in (0.0, 10.0, 20.0):
        backoff.attempted(moment)

    assert backoff.budget_delay(25.0) == 275.0
    assert backoff.budget_delay(301.0) == 0.0


def test_what_is_not_a_retry_keeps_its_distance_and_the_budget_too() -> None:
    backoff = make_backoff(random.Random(7), attempts=2, window_s=300.0)
    assert backoff.earliest_delay(0.0) == 0.0

    backoff.attempted(100.0)
    assert backoff.earliest_delay(100.25) == 0.75
    assert backoff.earliest_delay(200.0) == 0.0

    backoff.attempted(200.0)
    assert backoff.earliest_delay(200.25) == 199.75


def test_a_thousand_failures_do_not_overflow() -> None:
    backoff = make_backoff(Highest())
    backoff.failures = 10_000

    assert backoff.next_delay(0.0) == 30.0


@given(
    seed=st.integers(0, 2**32),
    initial=st.floats(0.1, 10.0),
    factor=st.floats(1.0, 10.0),
    cap=st.floats(1.0, 120.0),
    failures=st.integers(0, 200),
    minimum=st.floats(0.0, 300.0),
)
def test_a_delay_is_never_longer_than_its_cap_or_what_was_asked_for(
    seed: int, initial: float, factor: float, cap: float, failures: int, minimum: float
) -> None:
    settings = FeedSettings(backoff_initial_s=initial, backoff_factor=factor, backoff_cap_s=cap)
    backoff = Backoff(settings, random.Random(seed), attempts=1000, window_s=300.0)
    backoff.failures = failures
    backoff.attempted(50.0)

    delay = backoff.next_delay(50.0, minimum_s=minimum)

    assert max(1.0, minimum) <= delay <= max(1.0, minimum, cap)


@given(
    seed=st.integers(0, 2**32),
    budget=st.integers(1, 6),
    lives=st.lists(st.floats(0.0, 40.0), min_size=1, max_size=40),
)
def test_attempts_keep_their_distance_and_the_budget_whatever_happens(
    seed: int, budget: int, lives: list[float]
) -> None:
    backoff = make_backoff(random.Random(seed), attempts=budget, window_s=60.0)
    now = 0.0
    attempts = []
    for lived in lives:
        attempts.append(now)
        backoff.attempted(now)
        now += lived
        if lived > 30.0:
            backoff.reset()
        now += backoff.next_delay(now)

    assert all(b - a >= 1.0 - 1e-6 for a, b in pairwise(attempts))
    assert all(b - a >= 60.0 - 1e-6 for a, b in zip(attempts, attempts[budget:], strict=False))
