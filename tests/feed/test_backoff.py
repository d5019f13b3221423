"""Delays before the next attempt."""

from __future__ import annotations

import random

import pytest

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


def test_a_thousand_failures_do_not_overflow() -> None:
    backoff = make_backoff(Highest())
    backoff.failures = 10_000

    assert backoff.next_delay(0.0) == 30.0
