"""Connection states, and when the next attempt is due."""

from __future__ import annotations

import random

import pytest

from tui.adapters.base import Limits
from tui.feed.clock import ManualClock
from tui.feed.connection import ConnectionMachine
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.health import ConnectionState

SETTINGS = FeedSettings(min_uptime_s=30.0)


def make_machine(clock: ManualClock, limits: Limits | None = None) -> ConnectionMachine:
    return ConnectionMachine(clock, random.Random(3), SETTINGS, limits or Limits())


def states(machine: ConnectionMachine) -> list[str]:
    return [transition.state.value for transition in machine.history]


def lost(status: int | None = None) -> TransportError:
    return TransportError("gone", status=status)


async def test_the_states_of_a_life() -> None:
    clock = ManualClock()
    machine = make_machine(clock)

    machine.attempt()
    machine.connected("up")
    machine.lost(lost())
    machine.attempt()
    machine.connected("up")
    machine.close("stopped")

    assert states(machine) == [
        "CONNECTING",
        "CONNECTED",
        "DISCONNECTED",
        "RECONNECTING",
        "CONNECTED",
        "CLOSED",
    ]
    assert machine.reconnects == 1


async def test_the_cause_and_moment_of_each_transition_are_kept() -> None:
    clock = ManualClock(time_ns=5_000_000_000)
    machine = make_machine(clock)
    machine.attempt()
    await clock.advance(2.0)

    machine.lost(lost())

    assert machine.history[-1].cause == "gone"
    assert machine.history[-1].ts_local == 7_000_000_000


async def test_a_fatal_error_waits_for_the_user() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    machine.attempt()

    machine.lost(TransportError("bad certificate", hint="check the date", fatal=True))

    assert machine.state is ConnectionState.ERROR
    assert machine.cause == "bad certificate (check the date)"
    assert machine.retry_in_s is None
    await clock.advance(5.0)
    machine.hung_up("asked by the user")
    assert machine.retry_in_s == 0.0


async def test_accept_then_close_is_not_hammered() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    attempts = 0

    while clock.monotonic() < 600.0:
        machine.attempt()
        attempts += 1
        machine.connected("up")
        await clock.advance(0.01)
        machine.lost(lost(1000))
        assert machine.retry_in_s is not None
        await clock.advance(machine.retry_in_s)

    assert attempts < 60


async def test_data_for_long_enough_forgives_earlier_failures() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    for _ in range(8):
        machine.attempt()
        machine.lost(lost())
    machine.attempt()
    machine.connected("up")
    machine.useful()
    await clock.advance(31.0)

    machine.lost(lost())

    assert machine.retry_in_s is not None
    assert machine.retry_in_s <= 0.25


async def test_an_open_connection_without_data_forgives_nothing() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    machine.attempt()
    machine.connected("up")
    await clock.advance(31.0)
    machine.lost(lost(4001))
    for _ in range(4):
        machine.attempt()
        machine.connected("up")
        await clock.advance(31.0)
        machine.lost(lost(4001))

    assert machine.state is ConnectionState.DISCONNECTED
    machine.attempt()
    machine.lost(lost(4001))
    assert machine.state is ConnectionState.ERROR


@pytest.mark.parametrize(
    ("status", "least"),
    [(1008, 30.0), (1013, 10.0), (1012, 1.0), (429, 30.0), (418, 120.0), (1002, 30.0)],
)
async def test_a_status_may_ask_for_patience(status: int, least: float) -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(lost(status))

    assert machine.retry_in_s is not None
    assert machine.retry_in_s >= least


@pytest.mark.parametrize("status", [1003, 1007, 1010, 3000, 3003, 401, 403, 404])
async def test_a_status_may_forbid_another_try(status: int) -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(lost(status))

    assert machine.state is ConnectionState.ERROR


async def test_a_policy_violation_is_tried_three_times() -> None:
    machine = make_machine(ManualClock())
    seen = []
    for _ in range(4):
        machine.attempt()
        machine.lost(lost(1008))
        seen.append(machine.state.value)

    assert seen == ["DISCONNECTED", "DISCONNECTED", "DISCONNECTED", "ERROR"]


async def test_what_the_venue_says_of_waiting_counts() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("slow down", status=429, retry_after_s=77.0))

    assert machine.retry_in_s is not None
    assert 77.0 <= machine.retry_in_s <= 78.0


async def test_a_wish_of_the_user_does_not_wait_but_keeps_the_budget() -> None:
    clock = ManualClock()
    machine = make_machine(clock, Limits(connections=2, connections_window_s=300.0))
    machine.attempt()
    await clock.advance(5.0)
    machine.lost(lost())
    machine.hung_up("asked")
    assert machine.retry_in_s == 0.0
    machine.attempt()

    machine.hung_up("asked")

    assert machine.retry_in_s == 295.0


async def test_a_wish_that_is_repeated_keeps_a_second_between_attempts() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.hung_up("asked")
    assert machine.retry_in_s == 1.0

    machine.hung_up("the replay jumped", at_once=True)
    assert machine.retry_in_s == 0.0


async def test_even_a_wish_of_the_user_waits_as_long_as_the_venue_says() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    machine.attempt()
    machine.lost(TransportError("banned", status=418, retry_after_s=120.0))
    await clock.advance(20.0)

    machine.hung_up("asked")

    assert machine.retry_in_s is not None
    assert 100.0 <= machine.retry_in_s <= 101.0
    assert machine.cause == "banned"
    await clock.advance(101.0)
    machine.hung_up("asked")
    assert (machine.retry_in_s, machine.cause) == (0.0, "asked")


async def test_an_absurd_time_to_wait_ends_after_three_days() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("slow down", status=429, retry_after_s=1e12))

    assert machine.retry_in_s == 3 * 86_400.0


async def test_uptime_runs_while_connected_only() -> None:
    clock = ManualClock()
    machine = make_machine(clock)
    machine.attempt()
    machine.connected("up")
    await clock.advance(5.0)
    assert machine.uptime_s == 5.0

    machine.lost(lost())

    assert machine.uptime_s == 0.0


async def test_private_close_codes_that_take_turns_count_together() -> None:
    machine = make_machine(ManualClock())
    for code in (4001, 4002, 4001, 4002, 4001):
        machine.attempt()
        machine.lost(TransportError("no", status=code))
        assert machine.state is ConnectionState.DISCONNECTED

    machine.attempt()
    machine.lost(TransportError("no", status=4002))

    assert machine.state is ConnectionState.ERROR


async def test_another_way_is_taken_soon_even_after_a_fatal_refusal() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("no stream here", status=404, fatal=True), has_other_way=True)

    assert machine.state is ConnectionState.DISCONNECTED
    assert machine.retry_in_s is not None
    assert machine.retry_in_s <= 1.0


async def test_another_way_to_a_host_that_asked_us_to_wait_waits_too() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("slow", status=429, retry_after_s=50.0), has_other_way=True)

    assert machine.retry_in_s is not None
    assert machine.retry_in_s >= 50.0


async def test_an_endpoint_at_rest_is_left_alone_as_long() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("gone"), rest_s=60.0)

    assert machine.retry_in_s == 60.0


async def test_a_short_wait_that_the_venue_asks_for_wakes_no_endpoint_at_rest() -> None:
    machine = make_machine(ManualClock())
    machine.attempt()

    machine.lost(TransportError("gone", retry_after_s=2.0), rest_s=60.0)

    assert machine.retry_in_s == 60.0


async def test_every_transition_is_told_with_its_cause() -> None:
    told: list[tuple[str, str]] = []
    machine = ConnectionMachine(
        ManualClock(),
        random.Random(1),
        FeedSettings(),
        Limits(),
        lambda transition: told.append((transition.state.value, transition.cause)),
    )
    machine.attempt()
    machine.connected("connected")
    machine.lost(TransportError("gone"))
    machine.close("stopped")

    assert told == [
        ("CONNECTING", "starting"),
        ("CONNECTED", "connected"),
        ("DISCONNECTED", "gone"),
        ("CLOSED", "stopped"),
    ]
    assert told == [(one.state.value, one.cause) for one in machine.history]
