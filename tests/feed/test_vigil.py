"""What the machine did is noticed, once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest

from tui.feed.clock import ManualClock
from tui.feed.vigil import Disturbance, DisturbanceKind, MachineSenses, Vigil

START_NS = 1_780_000_000_000_000_000


class Machine(ManualClock):
    """A clock and senses that a test plays the machine with."""

    def __init__(self) -> None:
        super().__init__(START_NS)
        self.slept_s = 0.0
        self.here = frozenset({"10.0.0.2"})
        self.asked_for_addresses = 0

    def boottime(self) -> float:
        return self.monotonic() + self.slept_s

    def addresses(self) -> frozenset[str]:
        self.asked_for_addresses += 1
        return self.here

    def run(self, seconds: float) -> None:
        """The program is not scheduled, or has nothing to do."""
        self._move_to(self.monotonic() + seconds)

    def sleep_deeply(self, seconds: float) -> None:
        """Suspended: monotonic time stands still, the others run on."""
        self.slept_s += seconds
        self.set_time(self.time_ns() + round(seconds * 1e9))

    def set_ahead(self, seconds: float) -> None:
        self.set_time(self.time_ns() + round(seconds * 1e9))


class Watch:
    """A vigil that has looked once."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.vigil = Vigil(self.machine, self.machine)
        assert self.vigil.look() == []

    def after(self, seconds: float = 1.0) -> list[Disturbance]:
        self.machine.run(seconds)
        return self.vigil.look()

    def told(self, looks: int = 1) -> list[str]:
        return [found.text for _ in range(looks) for found in self.after()]


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_quiet_hour_tells_nothing(watch: Watch) -> None:
    assert watch.told(looks=3600) == []


def test_sleep_is_noticed_once(watch: Watch) -> None:
    watch.machine.sleep_deeply(125.0)

    assert watch.after() == [
        Disturbance(DisturbanceKind.SUSPENDED, 125.0, "the machine slept for 2 min 5 s")
    ]
    assert watch.told(looks=5) == []


def test_sleep_is_not_taken_for_a_clock_that_was_set(watch: Watch) -> None:
    watch.machine.sleep_deeply(7200.0)

    assert watch.told() == ["the machine slept for 2 h 0 min"]


def test_a_clock_set_during_sleep_is_told_beside_it(watch: Watch) -> None:
    watch.machine.sleep_deeply(60.0)
    watch.machine.set_ahead(-30.0)

    assert watch.told() == [
        "the machine slept for 1 min 0 s",
        "the clock was set back by 30 s",
    ]


def test_a_program_that_was_stopped_is_noticed_once(watch: Watch) -> None:
    assert watch.after(13.0) == [
        Disturbance(DisturbanceKind.STALLED, 12.0, "the program stood still for 12 s")
    ]
    assert watch.told(looks=5) == []


def test_a_look_that_is_a_little_late_is_no_standstill(watch: Watch) -> None:
    assert watch.after(3.9) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3600.0, "the clock was set forward by 1 h 0 min"),
        (-3600.0, "the clock was set back by 1 h 0 min"),
        (1.6, "the clock was set forward by 2 s"),
        (-93_600.0, "the clock was set back by 1 d 2 h"),
    ],
)
def test_a_clock_that_is_set_is_noticed_once(watch: Watch, seconds: float, text: str) -> None:
    watch.machine.set_ahead(seconds)

    assert watch.after() == [Disturbance(DisturbanceKind.CLOCK_JUMP, seconds, text)]
    assert watch.told(looks=5) == []


def test_a_clock_that_is_corrected_bit_by_bit_did_not_jump(watch: Watch) -> None:
    for _ in range(3600):
        watch.machine.set_ahead(0.0005)
        assert watch.after() == []


def test_a_network_that_goes_and_comes_back_is_told_both_times(watch: Watch) -> None:
    home = watch.machine.here
    watch.machine.here = frozenset()
    gone = watch.after(2.0)
    watch.machine.here = home
    back = [found for _ in range(10) for found in watch.after(2.0)]

    assert gone == [Disturbance(DisturbanceKind.NETWORK_LOST, 0.0, "the network is gone")]
    assert back == [Disturbance(DisturbanceKind.NETWORK_BACK, 2.0, "the network is back after 2 s")]


def test_another_address_is_another_network(watch: Watch) -> None:
    watch.machine.here = frozenset({"192.168.1.7"})

    assert watch.after(2.0) == [
        Disturbance(DisturbanceKind.NETWORK_CHANGED, 0.0, "the network changed")
    ]
    assert watch.told(looks=5) == []


def test_one_of_two_addresses_that_goes_is_a_change(watch: Watch) -> None:
    watch.machine.here = frozenset({"10.0.0.2", "2001:db8:7::2"})
    watch.after(2.0)
    watch.machine.here = frozenset({"10.0.0.2"})

    assert [found.kind for found in watch.after(2.0)] == [DisturbanceKind.NETWORK_CHANGED]


def test_one_more_address_disturbs_nothing(watch: Watch) -> None:
    watch.machine.here = frozenset({"10.0.0.2", "2001:db8:7::2"})

    assert watch.after(2.0) == []


def test_a_machine_without_a_network_from_the_start_gets_one() -> None:
    machine = Machine()
    machine.here = frozenset()
    vigil = Vigil(machine, machine)
    vigil.look()
    machine.run(2.0)
    assert vigil.look() == []

    machine.here = frozenset({"10.0.0.2"})
    machine.run(2.0)

    assert [found.text for found in vigil.look()] == ["the network is back"]


def test_addresses_are_looked_at_every_other_second(watch: Watch) -> None:
    before = watch.machine.asked_for_addresses

    watch.told(looks=10)

    assert watch.machine.asked_for_addresses - before == 5


def test_whoever_wakes_elsewhere_is_told_at_once(watch: Watch) -> None:
    watch.machine.sleep_deeply(600.0)
    watch.machine.here = frozenset({"192.168.1.7"})

    assert watch.told() == ["the machine slept for 10 min 0 s", "the network changed"]


def test_clocks_read_apart_are_read_again() -> None:
    class Interrupted(Machine):
        """Stopped once for ten seconds between two readings."""

        stopped = False

        def boottime(self) -> float:
            if not self.stopped:
                self.stopped = True
                self.run(10.0)
            return super().boottime()

    machine = Interrupted()
    vigil = Vigil(machine, machine)
    vigil.look()

    machine.run(1.0)

    assert vigil.look() == []


async def test_watching_goes_on_for_ever() -> None:
    machine = Machine()
    told: list[str] = []
    task = asyncio.create_task(
        Vigil(machine, machine).watch(lambda disturbance: told.append(disturbance.kind))
    )
    await machine.advance(5.0)
    machine.set_ahead(60.0)
    await machine.advance(5.0)
    machine.here = frozenset()
    await machine.advance(5.0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert told == ["clock jump", "network lost"]


def test_this_machine_can_be_sensed() -> None:
    senses = MachineSenses()

    first, addresses = senses.boottime(), senses.addresses()

    # A machine that never slept has both clocks alike; none has the monotonic one ahead.
    assert first >= time.monotonic() - 1.0
    assert senses.boottime() >= first
    assert senses.addresses() == addresses
    assert "" not in addresses


def test_a_machine_that_reaches_nothing_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    # The system refuses to connect to everybody at once.
    monkeypatch.setattr("tui.feed.vigil._ELSEWHERE", ((socket.AF_INET, "255.255.255.255"),))

    assert MachineSenses().addresses() == frozenset()
