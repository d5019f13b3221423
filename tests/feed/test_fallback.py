"""Lesser transports when the better one keeps failing, and the way back up."""

from __future__ import annotations

import random
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tui.feed.clock import ManualClock
from tui.feed.fallback import Fallback, Needs, choose
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.transport import TransportKind

WS, SSE, LONG, POLL = TransportKind
ALL = (WS, SSE, LONG, POLL)
SETTINGS = FeedSettings(fallback_after=3, probe_s=30.0, probe_cap_s=600.0, min_uptime_s=30.0)


class HandClock(ManualClock):
    """A manual clock that moves without an event loop."""

    def step(self, seconds: float) -> None:
        self._move_to(self.monotonic() + seconds)


class Latest(random.Random):
    """Chance that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Stage:
    """A fallback with its clock."""

    def __init__(self, *order: TransportKind) -> None:
        self.clock = HandClock()
        self.fallback = Fallback(order or ALL, self.clock, Latest(), SETTINGS)

    def fail(self, times: int = 1, **error: Any) -> list[bool]:
        return [self.fallback.failed(gone(**error)) for _ in range(times)]

    def be_useful_for(self, seconds: float) -> None:
        self.fallback.useful()
        self.clock.step(seconds)
        self.fallback.useful()


def gone(message: str = "it broke", **error: Any) -> TransportError:
    return TransportError(message, **error)


# -- choosing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "needs", "chosen"),
    [
        (ALL, Needs(), (WS, SSE, LONG, POLL)),
        ((POLL, WS), Needs(), (WS, POLL)),
        ((LONG, POLL, SSE), Needs(), (SSE, LONG, POLL)),
        ([POLL, POLL], Needs(), (POLL,)),
        ((), Needs(), ()),
        (ALL, Needs(bidirectional=True), (WS,)),
        ((SSE, LONG, POLL), Needs(bidirectional=True), ()),
        (ALL, Needs(push=True), (WS, SSE, LONG)),
        ((POLL,), Needs(push=True), ()),
        (ALL, Needs(latency_s=60.0), (WS, SSE, LONG, POLL)),
        (ALL, Needs(latency_s=5.0), (WS, SSE, LONG, POLL)),
        (ALL, Needs(latency_s=1.0), (WS, SSE, LONG)),
        (ALL, Needs(latency_s=0.1), (WS, SSE)),
        (ALL, Needs(push=True, latency_s=0.1), (WS, SSE)),
        (ALL, Needs(bidirectional=True, push=True, latency_s=0.0), (WS,)),
    ],
)
def test_what_is_needed_and_offered_decides(
    offered: tuple[TransportKind, ...], needs: Needs, chosen: tuple[TransportKind, ...]
) -> None:
    assert choose(offered, needs) == chosen


def test_nothing_is_chosen_that_is_not_offered_or_does_not_do() -> None:
    every_offer = chain.from_iterable(combinations(ALL, n) for n in range(5))
    for offered in every_offer:
        for bidirectional in (False, True):
            for push in (False, True):
                needs = Needs(bidirectional=bidirectional, push=push)
                expected = [WS] if bidirectional else [WS, SSE, LONG] if push else [*ALL]
                assert choose(offered, needs) == tuple(k for k in expected if k in offered)


# -- stepping down -------------------------------------------------------------------------


def test_it_begins_with_the_best() -> None:
    fallback = Stage().fallback

    assert fallback.current is WS
    assert fallback.reason == ""
    assert fallback.probe_in_s is None
    assert fallback.probe_target is None


def test_without_any_transport_there_is_nothing_to_choose() -> None:
    with pytest.raises(ValueError, match="no transport"):
        Fallback((), HandClock(), Latest(), SETTINGS)


def test_the_third_failure_in_a_row_takes_the_next_lesser() -> None:
    stage = Stage()

    assert stage.fail(3, message="cannot connect to x:443") == [False, False, True]
    assert stage.fallback.current is SSE
    assert stage.fallback.reason == "websocket failed 3 times: cannot connect to x:443"


def test_each_step_down_counts_anew_and_tells_why_of_all_better_ones() -> None:
    stage = Stage()
    stage.fail(3, message="refused")

    assert stage.fail(3, message="cut off") == [False, False, True]
    assert stage.fallback.current is LONG
    assert stage.fallback.reason == (
        "websocket failed 3 times: refused; sse failed 3 times: cut off"
    )


def test_from_the_last_there_is_nowhere_to_go() -> None:
    stage = Stage()
    stage.fail(9)

    assert stage.fail(20) == [False] * 20
    assert stage.fallback.current is POLL
    assert stage.fallback.probe_target is WS


def test_a_connection_that_was_useful_only_briefly_does_not_reset_the_count() -> None:
    stage = Stage()
    for _ in range(2):
        stage.be_useful_for(29.0)
        stage.fail()

    assert stage.fail() == [True]


def test_a_connection_that_was_useful_for_long_resets_the_count() -> None:
    stage = Stage()
    stage.fail(2)
    stage.be_useful_for(30.0)

    assert stage.fail(3) == [False, False, True]


def test_being_open_without_data_proves_nothing() -> None:
    stage = Stage()
    stage.fail(2)
    stage.clock.step(3600.0)

    assert stage.fail() == [True]


def test_time_between_two_connections_proves_nothing() -> None:
    stage = Stage()
    stage.fail(2)
    stage.fallback.useful()
    stage.fallback.hung_up()
    stage.clock.step(3600.0)
    stage.fallback.useful()

    assert stage.fail() == [True]


def test_a_connection_that_was_useful_until_we_hung_up_resets_the_count() -> None:
    stage = Stage()
    stage.fail(2)
    stage.fallback.useful()
    stage.clock.step(30.0)
    stage.fallback.hung_up()

    assert stage.fail() == [False]


@pytest.mark.parametrize("status", [404, 405, 406, 410, 415, 426, 501, 505, 1003, 1007, 1010])
def test_a_refusal_of_this_transport_steps_down_at_once(status: int) -> None:
    stage = Stage()

    assert stage.fail(message="refused", status=status) == [True]
    assert stage.fallback.current is SSE
    assert stage.fallback.reason == "websocket failed: refused"


def test_a_fatal_answer_in_another_form_steps_down_at_once() -> None:
    stage = Stage(SSE, POLL)

    assert stage.fail(message="text/html is no event stream", status=200, fatal=True) == [True]


@pytest.mark.parametrize("status", [401, 403, 407, 451, 1015, 3000, 3003])
def test_what_every_transport_would_be_told_does_not_step_down(status: int) -> None:
    stage = Stage()

    assert stage.fail(10, status=status) == [False] * 10
    assert stage.fallback.current is WS


def test_a_wrong_certificate_does_not_step_down() -> None:
    stage = Stage()

    assert stage.fail(10, message="the certificate is not valid", fatal=True) == [False] * 10


@pytest.mark.parametrize(
    ("status", "failures"),
    [
        (None, 3),
        (1006, 3),
        (1011, 3),
        (1008, 3),
        (1002, 3),
        (1009, 2),
        (4000, 3),
        (429, 3),
        (503, 3),
    ],
)
def test_a_close_code_that_is_given_fewer_tries_steps_down_sooner(
    status: int | None, failures: int
) -> None:
    stage = Stage()

    assert stage.fail(failures, status=status) == [False] * (failures - 1) + [True]


def test_the_only_transport_is_never_left() -> None:
    stage = Stage(WS)

    assert stage.fail(5, status=404, fatal=True) == [False] * 5
    assert stage.fallback.current is WS
    assert stage.fallback.probe_in_s is None


# -- the way back up -----------------------------------------------------------------------


def test_the_better_one_is_tried_after_half_a_minute() -> None:
    stage = Stage()
    stage.fail(3)

    assert stage.fallback.probe_target is WS
    assert stage.fallback.probe_in_s == 30.0
    stage.clock.step(31.0)
    assert stage.fallback.probe_in_s == 0.0


def test_clients_do_not_all_try_at_the_same_moment() -> None:
    waits = []
    for seed in range(200):
        fallback = Fallback(ALL, HandClock(), random.Random(seed), SETTINGS)
        for _ in range(3):
            fallback.failed(gone())
        waits.append(fallback.probe_in_s or 0.0)

    assert 24.0 <= min(waits) < 24.5
    assert 29.5 < max(waits) <= 30.0


def test_each_failed_try_doubles_the_time_up_to_its_cap() -> None:
    stage = Stage()
    stage.fail(3)

    waits = []
    for _ in range(6):
        stage.fallback.probe_failed(gone())
        waits.append(stage.fallback.probe_in_s)

    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_a_failed_try_is_the_reason_from_then_on() -> None:
    stage = Stage()
    stage.fail(3)

    stage.fallback.probe_failed(gone("it brought nothing within 15 s"))

    assert stage.fallback.reason == "websocket still fails: it brought nothing within 15 s"


def test_the_better_ones_are_tried_in_turn_the_best_first() -> None:
    stage = Stage()
    stage.fail(9)

    tried = []
    for _ in range(6):
        stage.clock.step(stage.fallback.probe_in_s or 0.0)
        tried.append(stage.fallback.probe_target)
        stage.fallback.probe_failed(gone())

    assert tried == [WS, SSE, LONG, WS, SSE, LONG]


def test_a_try_that_succeeds_moves_up() -> None:
    stage = Stage()
    stage.fail(9)

    stage.fallback.probe_succeeded()

    assert stage.fallback.current is WS
    assert stage.fallback.reason == ""
    assert stage.fallback.probe_in_s is None


def test_moving_up_in_between_leaves_the_best_to_be_tried() -> None:
    stage = Stage()
    stage.fail(9)
    stage.fallback.probe_failed(gone())

    stage.fallback.probe_succeeded()

    assert stage.fallback.current is SSE
    assert stage.fallback.probe_target is WS


def test_failing_on_trial_goes_straight_back_and_is_tried_later_than_before() -> None:
    stage = Stage()
    stage.fail(9)
    stage.fallback.probe_succeeded()
    stage.be_useful_for(29.0)

    assert stage.fail(message="cut off") == [True]
    assert stage.fallback.current is POLL
    assert stage.fallback.reason.startswith("websocket did not last: cut off; sse failed")
    stage.fallback.probe_failed(gone())
    stage.fallback.probe_failed(gone())
    assert (stage.fallback.probe_target, stage.fallback.probe_in_s) == (WS, 60.0)


def test_flapping_between_two_becomes_rarer() -> None:
    stage = Stage(WS, SSE)
    stage.fail(3)

    waits = []
    for _ in range(4):
        waits.append(stage.fallback.probe_in_s)
        stage.clock.step(stage.fallback.probe_in_s or 0.0)
        stage.fallback.probe_succeeded()
        stage.fail()

    assert waits == [30.0, 60.0, 120.0, 240.0]


def test_a_refused_token_on_trial_goes_back_to_what_served() -> None:
    stage = Stage()
    stage.fail(3)
    stage.fallback.probe_succeeded()

    assert stage.fail(status=401, fatal=True) == [True]
    assert stage.fallback.current is SSE


def test_proved_on_trial_it_fails_like_any_other() -> None:
    stage = Stage()
    stage.fail(9)
    stage.fallback.probe_succeeded()
    stage.be_useful_for(30.0)

    assert stage.fail(3) == [False, False, True]
    assert stage.fallback.current is SSE
    assert stage.fallback.probe_in_s == 30.0


def test_whoever_is_taken_back_twice_in_a_trial_goes_back_to_what_served() -> None:
    stage = Stage()
    stage.fail(9)
    stage.fallback.probe_failed(gone())
    stage.fallback.probe_succeeded()
    assert stage.fallback.current is SSE

    stage.clock.step(60.0)
    stage.fallback.probe_succeeded()
    stage.fail()

    assert stage.fallback.current is POLL


def test_after_an_outage_of_everything_the_better_ones_are_tried_soon() -> None:
    stage = Stage(WS, POLL)
    stage.fail(3)
    stage.fail(3)
    for _ in range(5):
        stage.fallback.probe_failed(gone())
    assert stage.fallback.probe_in_s == 600.0

    stage.fallback.useful()

    assert stage.fallback.probe_in_s == 30.0
    stage.fallback.probe_failed(gone())
    assert stage.fallback.probe_in_s == 60.0


def test_the_user_may_begin_anew() -> None:
    stage = Stage()
    stage.fail(8)
    stage.fallback.probe_failed(gone())

    stage.fallback.reset()

    assert stage.fallback.current is WS
    assert stage.fallback.reason == ""
    assert stage.fail(3) == [False, False, True]
    assert stage.fallback.probe_in_s == 30.0


def test_a_try_that_ends_after_the_user_began_anew_changes_nothing() -> None:
    stage = Stage()
    stage.fail(3)
    stage.fallback.reset()

    stage.fallback.probe_failed(gone())
    stage.fallback.probe_succeeded()

    assert stage.fallback.current is WS
    assert stage.fallback.reason == ""


class AnyHistory(RuleBasedStateMachine):
    """Whatever fails or works, in whatever order: the promises of a fallback hold."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.order = (WS, SSE, POLL)
        self.fallback = Fallback(self.order, self.clock, random.Random(1), SETTINGS)

    @rule(seconds=st.sampled_from([0.0, 1.0, 29.0, 31.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.clock.step(seconds)

    @rule()
    def bring_data(self) -> None:
        before = self.fallback.current
        self.fallback.useful()
        assert self.fallback.current is before

    @rule(
        status=st.sampled_from([None, 401, 404, 429, 503, 1000, 1006, 1008, 1009, 1012, 4000]),
        fatal=st.booleans(),
    )
    def fail(self, status: int | None, fatal: bool) -> None:
        before = self.order.index(self.fallback.current)
        changed = self.fallback.failed(gone(status=status, fatal=fatal))
        after = self.order.index(self.fallback.current)
        assert after >= before
        assert changed == (after > before)

    @rule()
    def hang_up(self) -> None:
        self.fallback.hung_up()

    @rule(works=st.booleans())
    def probe(self, works: bool) -> None:
        target = self.fallback.probe_target
        if target is None:
            return
        if works:
            self.fallback.probe_succeeded()
            assert self.fallback.current is target
            return
        before = self.fallback.current
        self.fallback.probe_failed(gone())
        assert self.fallback.current is before
        assert (self.fallback.probe_in_s or 0.0) >= 0.0

    @rule()
    def reset(self) -> None:
        self.fallback.reset()
        assert self.fallback.current is WS

    @invariant()
    def it_uses_what_is_offered(self) -> None:
        assert self.fallback.current in self.order

    @invariant()
    def it_says_why_it_does_not_use_the_best_and_plans_to(self) -> None:
        on_the_best = self.fallback.current is WS
        assert (self.fallback.reason == "") == on_the_best
        assert (self.fallback.probe_in_s is None) == on_the_best
        assert (self.fallback.probe_target is None) == on_the_best

    @invariant()
    def it_tries_only_what_is_better_and_within_the_longest_time(self) -> None:
        target = self.fallback.probe_target
        if target is None:
            return
        assert self.order.index(target) < self.order.index(self.fallback.current)
        assert 0.0 <= (self.fallback.probe_in_s or 0.0) <= 600.0


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = hypothesis_settings(
    max_examples=40, stateful_step_count=30, deadline=None
)
