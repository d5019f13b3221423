"""Endpoints that fail are left alone, and tried again with one request."""

from __future__ import annotations

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tui.feed.breaker import Breaker, Breakers, BreakerState, endpoint_of
from tui.feed.clock import ManualClock
from tui.feed.settings import FeedSettings


class HandClock(ManualClock):
    """A manual clock that moves without an event loop."""

    def step(self, seconds: float) -> None:
        self._move_to(self.monotonic() + seconds)


def make_breaker(clock: HandClock) -> Breaker:
    return Breaker(clock, failures=5, open_s=60.0)


def opened(clock: HandClock) -> Breaker:
    breaker = make_breaker(clock)
    for _ in range(5):
        breaker.failed()
    return breaker


def test_a_new_breaker_lets_everything_through() -> None:
    breaker = make_breaker(HandClock())

    assert breaker.state is BreakerState.CLOSED
    assert [breaker.allow() for _ in range(10)] == [True] * 10
    assert breaker.retry_in_s == 0.0


def test_four_failures_leave_it_closed() -> None:
    breaker = make_breaker(HandClock())
    for _ in range(4):
        breaker.failed()

    assert breaker.state is BreakerState.CLOSED
    assert breaker.allow()


def test_the_fifth_failure_in_a_row_opens_it() -> None:
    breaker = opened(HandClock())

    assert breaker.state is BreakerState.OPEN
    assert not breaker.allow()
    assert breaker.retry_in_s == 60.0


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = make_breaker(HandClock())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    for _ in range(4):
        breaker.failed()

    assert breaker.state is BreakerState.CLOSED


def test_the_time_left_runs_down() -> None:
    clock = HandClock()
    breaker = opened(clock)

    clock.step(45.0)

    assert breaker.retry_in_s == 15.0
    assert not breaker.allow()


def test_the_time_left_is_never_more_than_the_whole() -> None:
    clock = HandClock()
    clock.step(4.4)
    breaker = opened(clock)

    assert 4.4 + 60.0 - 4.4 > 60.0  # as floats are
    assert breaker.retry_in_s == 60.0


def test_after_its_time_exactly_one_request_goes_out() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)

    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.retry_in_s == 0.0
    assert [breaker.allow() for _ in range(3)] == [True, False, False]


def test_whoever_waits_behind_the_trial_asks_again_after_a_second() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)
    breaker.allow()

    assert breaker.retry_in_s == 1.0


def test_a_successful_trial_closes_it() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)
    breaker.allow()

    breaker.succeeded()

    assert breaker.state is BreakerState.CLOSED
    assert [breaker.allow(), breaker.allow()] == [True, True]


def test_closed_again_it_takes_five_failures_to_open() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)
    breaker.allow()
    breaker.succeeded()

    for _ in range(4):
        breaker.failed()

    assert breaker.state is BreakerState.CLOSED


def test_a_failed_trial_opens_it_for_the_whole_time_again() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)
    breaker.allow()
    clock.step(2.0)

    breaker.failed()

    assert breaker.state is BreakerState.OPEN
    assert breaker.retry_in_s == 60.0


def test_a_trial_that_never_reports_does_not_bar_the_endpoint_for_ever() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(60.0)
    breaker.allow()

    clock.step(59.0)
    assert not breaker.allow()
    clock.step(1.0)

    assert [breaker.allow(), breaker.allow()] == [True, False]


def test_what_was_sent_before_it_opened_changes_nothing_when_it_fails_late() -> None:
    clock = HandClock()
    breaker = opened(clock)
    clock.step(30.0)

    breaker.failed()

    assert breaker.retry_in_s == 30.0


def test_what_was_sent_before_it_opened_changes_nothing_when_it_succeeds_late() -> None:
    breaker = opened(HandClock())

    breaker.succeeded()

    assert breaker.state is BreakerState.OPEN


def test_a_reset_by_hand_closes_it_at_once() -> None:
    breaker = opened(HandClock())

    breaker.reset()

    assert breaker.state is BreakerState.CLOSED
    assert breaker.allow()
    breaker.failed()
    assert breaker.state is BreakerState.CLOSED


def test_each_endpoint_has_its_own() -> None:
    breakers = Breakers(HandClock(), FeedSettings(breaker_failures=2, breaker_open_s=10.0))
    for _ in range(2):
        breakers.of("a:443").failed()

    assert breakers.of("a:443") is breakers.of("a:443")
    assert breakers.of("a:443").state is BreakerState.OPEN
    assert breakers.of("b:443").state is BreakerState.CLOSED


def test_those_that_rest_are_listed_with_the_seconds_left() -> None:
    clock = HandClock()
    breakers = Breakers(clock, FeedSettings(breaker_failures=1, breaker_open_s=10.0))
    breakers.of("a:443").failed()
    clock.step(4.0)
    breakers.of("b:443").failed()
    breakers.of("c:443").succeeded()

    assert breakers.resting() == {"a:443": 6.0, "b:443": 10.0}
    clock.step(6.0)
    assert breakers.resting() == {"b:443": 4.0}


def test_all_are_reset_together() -> None:
    breakers = Breakers(HandClock(), FeedSettings(breaker_failures=1))
    for endpoint in ("a:443", "b:443"):
        breakers.of(endpoint).failed()

    breakers.reset()

    assert breakers.resting() == {}
    assert breakers.of("a:443").allow()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("wss://stream.binance.com:9443/stream?streams=x", "stream.binance.com:9443"),
        ("https://api.binance.com/api/v3/time", "api.binance.com:443"),
        ("wss://API.example.com/ws", "api.example.com:443"),
        ("ws://localhost/ws", "localhost:80"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080/poll", "[::1]:8080"),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(url: str, endpoint: str) -> None:
    assert endpoint_of(url) == endpoint


class AnyHistory(RuleBasedStateMachine):
    """Whatever is reported, in whatever order: the rules of a breaker hold."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.breaker = Breaker(self.clock, failures=3, open_s=10.0)
        self.in_a_row = 0

    @rule(seconds=st.floats(0.0, 25.0))
    def wait(self, seconds: float) -> None:
        self.clock.step(seconds)

    @rule()
    def ask(self) -> None:
        before = self.breaker.state
        allowed = self.breaker.allow()
        if before is BreakerState.OPEN:
            assert not allowed
        if before is BreakerState.CLOSED:
            assert allowed
        if before is BreakerState.HALF_OPEN:
            assert not self.breaker.allow()

    @rule()
    def fail(self) -> None:
        before = self.breaker.state
        self.in_a_row += 1
        self.breaker.failed()
        if before is BreakerState.HALF_OPEN or self.in_a_row >= 3:
            assert self.breaker.state is BreakerState.OPEN

    @rule()
    def succeed(self) -> None:
        was_open = self.breaker.state is BreakerState.OPEN
        self.breaker.succeeded()
        if not was_open:
            self.in_a_row = 0
            assert self.breaker.state is BreakerState.CLOSED

    @rule()
    def reset(self) -> None:
        self.breaker.reset()
        self.in_a_row = 0
        assert self.breaker.state is BreakerState.CLOSED

    @invariant()
    def it_never_rests_for_longer_than_its_time(self) -> None:
        assert 0.0 <= self.breaker.retry_in_s <= 10.0

    @invariant()
    def it_opens_only_after_enough_failures(self) -> None:
        if self.in_a_row < 3:
            assert self.breaker.state is BreakerState.CLOSED


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = hypothesis_settings(
    max_examples=25, stateful_step_count=25, deadline=None
)


def test_all_but_one_can_be_closed() -> None:
    breakers = Breakers(ManualClock(), FeedSettings(breaker_failures=1))
    breakers.of("a:1").failed()
    breakers.of("a:1 websocket").failed()

    breakers.reset(keep="a:1 websocket")

    assert list(breakers.resting()) == ["a:1 websocket"]
