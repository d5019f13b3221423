"""When a poll asks again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.transports.cadence import Cadence, Rhythm, adaptive, fixed, smart


class Plain(random.Random):
    """Chance that always takes the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def rhythm(cadence: Cadence, *, min_interval_s: float = 0.0, holds: bool = False) -> Rhythm:
    return Rhythm(cadence, Plain(), min_interval_s=min_interval_s, holds=holds)


def intervals_after_failures(cadence: Cadence, failures: int) -> list[float | None]:
    return [cadence.next_interval_s(count) for count in range(failures + 1)]


def test_a_fixed_cadence_does_not_care_for_errors() -> None:
    assert intervals_after_failures(fixed(5.0), 3) == [5.0, 5.0, 5.0, 5.0]


def test_errors_double_the_interval_up_to_a_minute() -> None:
    assert intervals_after_failures(smart(5.0), 5) == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_an_interval_above_a_minute_stays_as_it_is() -> None:
    assert intervals_after_failures(smart(90.0), 2) == [90.0, 90.0, 90.0]


def test_a_thousand_errors_are_no_overflow() -> None:
    assert smart(5.0).next_interval_s(10_000) == 60.0


@pytest.mark.parametrize(
    ("idle_s", "interval_s"),
    [
        (0.0, 5.0),
        (29.9, 5.0),
        (30.0, 30.0),
        (59.9, 30.0),
        (60.0, 60.0),
        (9999.0, 60.0),
        (None, None),
    ],
)
def test_it_asks_as_often_as_somebody_looks(idle_s: float | None, interval_s: float | None) -> None:
    assert adaptive(5.0, lambda: idle_s).next_interval_s(0) == interval_s


def test_a_slow_poll_is_not_quickened_by_absence() -> None:
    assert adaptive(45.0, lambda: 31.0).next_interval_s(0) == 45.0


def test_errors_count_while_somebody_looks() -> None:
    assert intervals_after_failures(adaptive(5.0, lambda: 0.0), 2) == [5.0, 10.0, 20.0]


def test_the_first_request_is_due_at_once() -> None:
    assert rhythm(smart(5.0)).due_in(100.0) == 0.0


def test_the_next_is_counted_from_the_start_of_the_last() -> None:
    poll = rhythm(smart(5.0))
    poll.began(100.0)
    poll.succeeded(103.0)

    assert poll.due_in(103.0) == 2.0


def test_a_late_answer_is_followed_at_once() -> None:
    poll = rhythm(smart(5.0))
    poll.began(100.0)
    poll.succeeded(109.0)

    assert poll.due_in(109.0) == 0.0


def test_it_never_asks_more_often_than_it_may() -> None:
    poll = rhythm(smart(5.0), min_interval_s=8.0)
    poll.began(100.0)
    poll.succeeded(101.0)

    assert poll.due_in(101.0) == 7.0


def test_a_success_forgives_all_errors() -> None:
    poll = rhythm(smart(5.0))
    for start in (0.0, 10.0, 30.0):
        poll.began(start)
        poll.failed(start)
    assert poll.due_in(30.0) == 40.0

    poll.began(70.0)
    poll.succeeded(70.0)

    assert (poll.failures, poll.due_in(70.0)) == (0, 5.0)


@pytest.mark.parametrize(
    ("told_s", "wait_s"), [(120.0, 120.0), (2.0, 2.0), (0.0, 1.0), (86_400.0, 900.0)]
)
@pytest.mark.parametrize("cadence", [fixed(5.0), smart(5.0)])
def test_what_the_server_says_wins_within_reason(
    cadence: Cadence, told_s: float, wait_s: float
) -> None:
    poll = rhythm(cadence)
    poll.began(100.0)
    poll.failed(101.0, told_s)

    assert poll.due_in(101.0) == wait_s


def test_what_the_server_said_holds_for_one_request() -> None:
    poll = rhythm(fixed(5.0))
    poll.began(0.0)
    poll.failed(0.0, 120.0)
    poll.began(120.0)
    poll.succeeded(120.0)

    assert poll.due_in(120.0) == 5.0


def test_it_wakes_at_once_when_somebody_comes_back() -> None:
    idle: list[float | None] = [61.0]
    poll = rhythm(adaptive(5.0, lambda: idle[0]))
    poll.began(0.0)
    poll.succeeded(0.0)
    assert poll.due_in(20.0) == 40.0

    idle[0] = 0.0

    assert poll.due_in(20.0) == 0.0


def test_what_nobody_sees_is_asked_for_once() -> None:
    idle: list[float | None] = [None]
    poll = rhythm(adaptive(5.0, lambda: idle[0]))
    assert poll.due_in(0.0) == 0.0

    poll.began(0.0)
    poll.succeeded(0.0)
    assert poll.due_in(1000.0) is None

    idle[0] = 0.0
    assert poll.due_in(1000.0) == 0.0


def test_a_held_request_is_followed_at_once_but_not_more_often_than_it_may() -> None:
    poll = rhythm(smart(5.0), min_interval_s=0.2, holds=True)
    poll.began(100.0)
    poll.succeeded(100.05)
    assert poll.due_in(100.05) == pytest.approx(0.15)

    poll.began(101.0)
    poll.succeeded(126.0, empty=True)

    assert poll.due_in(126.0) == 0.0


def test_a_server_that_does_not_hold_is_not_hammered() -> None:
    poll = rhythm(smart(5.0), min_interval_s=0.2, holds=True)
    poll.began(100.0)
    poll.succeeded(100.01, empty=True)

    assert poll.due_in(100.01) == pytest.approx(0.99)


def test_a_held_request_backs_off_from_a_second() -> None:
    poll = rhythm(smart(5.0), min_interval_s=0.2, holds=True)
    waits = []
    for _ in range(7):
        poll.began(0.0)
        poll.failed(0.0)
        waits.append(poll.due_in(0.0))

    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_held_request_goes_on_while_nobody_looks() -> None:
    poll = rhythm(adaptive(5.0, lambda: None), holds=True)

    assert poll.due_in(0.0) == 0.0
    poll.began(0.0)
    poll.succeeded(9.0)
    assert poll.due_in(9.0) == 0.0


@given(st.integers(0, 2**32), st.integers(0, 8), st.floats(1.0, 120.0))
def test_chance_moves_a_request_by_a_tenth_at_most(
    seed: int, failures: int, interval_s: float
) -> None:
    poll = Rhythm(smart(interval_s), random.Random(seed), min_interval_s=0.0)
    for _ in range(failures):
        poll.failed(0.0)
    poll.began(0.0)

    planned_s = min(interval_s * 2.0**failures, max(60.0, interval_s))
    due_s = poll.due_in(0.0)

    assert due_s is not None
    assert planned_s * 0.9 <= due_s <= planned_s * 1.1
    assert not failures or due_s <= max(60.0, interval_s)


def test_many_requests_do_not_drift() -> None:
    poll, now = Rhythm(smart(5.0), random.Random(1), min_interval_s=0.0), 0.0
    for _ in range(1000):
        poll.began(now)
        poll.succeeded(now + 0.5)
        due_s = poll.due_in(now + 0.5)
        assert due_s is not None
        now += 0.5 + due_s

    # With the answers' time added to each it would be 5500.
    assert now == pytest.approx(5000.0, rel=0.01)
