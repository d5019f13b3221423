"""Notices what the machine did meanwhile: slept, stood still, had its clock set, changed its network."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec

from tui.feed.clock import Clock

_LOOK_EVERY_S = 1.0
_ADDRESSES_EVERY_S = 2.0
_SUSPENDED_S = 1.0
_STALLED_S = 3.0
# Clocks that are kept right by small steps and slewing stay far below this from look to look.
_JUMP_S = 1.0
# Clocks that are read one after the other can be compared only if nothing came in between.
_ONE_MOMENT_S = 0.02
_READINGS = 5
# Addresses kept for documentation: nobody has them, so the way to them is the default route. To
# "connect" a UDP socket looks the way up and sends nothing.
_ELSEWHERE = ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8::1"))


class DisturbanceKind(StrEnum):
    SUSPENDED = "suspended"
    STALLED = "stalled"
    CLOCK_JUMP = "clock jump"
    NETWORK_CHANGED = "network changed"
    NETWORK_LOST = "network lost"
    NETWORK_BACK = "network back"


class Disturbance(msgspec.Struct, frozen=True):
    """Something that happened to this machine and may have cost connections or stamps their worth.

    Attributes:
        seconds: how long it took; of a clock jump how far it was set, negative when it was set back;
            0 where the word does not apply.
        text: what happened, for people.
    """

    kind: DisturbanceKind
    seconds: float
    text: str


class Senses(Protocol):
    """What a vigil cannot learn from a Clock."""

    def boottime(self) -> float:
        """Seconds that, unlike monotonic ones, run on while the machine sleeps."""
        ...

    def addresses(self) -> frozenset[str]:
        """This machine's addresses on the way to elsewhere; none without a network."""
        ...


class MachineSenses:
    """The senses of the machine that this runs on."""

    def __init__(self) -> None:
        # Linux has a clock of its own for this; the monotonic one of macOS runs on in sleep, while
        # the one that Python prefers there does not.
        clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        self._clock_id: int | None = clock

    def boottime(self) -> float:
        return time.monotonic() if self._clock_id is None else time.clock_gettime(self._clock_id)

    def addresses(self) -> frozenset[str]:
        found = (_address_towards(family, address) for family, address in _ELSEWHERE)
        return frozenset(address for address in found if address)


class Vigil:
    """Compares clocks and addresses from look to look; each disturbance is told once."""

    def __init__(self, clock: Clock, senses: Senses) -> None:
        self._clock = clock
        self._senses = senses
        self._before: tuple[float, float, float] | None = None
        self._addresses: frozenset[str] = frozenset()
        self._addresses_due = 0.0
        self._lost_at: float | None = None

    async def watch(self, notice: Callable[[Disturbance], None]) -> None:
        """Look about once a second, for ever, and hand every disturbance to `notice`."""
        self.look()
        while True:
            await self._clock.sleep(_LOOK_EVERY_S)
            for disturbance in self.look():
                notice(disturbance)

    def look(self) -> list[Disturbance]:
        """What happened since the last look, which should be a second ago; nothing the first time."""
        now, boot, wall = readings = self._read_clocks()
        before, self._before = self._before, readings
        if before is None:
            self._addresses = self._senses.addresses()
            self._addresses_due = now + _ADDRESSES_EVERY_S
            return []
        passed = now - before[0]
        slept = max(0.0, boot - before[1] - passed)
        found = _tell_time(passed, slept, wall - before[2])
        # Whoever slept may wake elsewhere.
        if now >= self._addresses_due or found:
            self._addresses_due = now + _ADDRESSES_EVERY_S
            found += self._look_at_addresses(now)
        return found

    def _read_clocks(self) -> tuple[float, float, float]:
        """Monotonic, boot and wall time of one moment, seconds."""
        for _ in range(_READINGS):
            before = self._clock.monotonic()
            boot = self._senses.boottime()
            wall = self._clock.time_ns() / 1e9
            now = self._clock.monotonic()
            if now - before < _ONE_MOMENT_S:
                break
        return now, boot, wall

    def _look_at_addresses(self, now: float) -> list[Disturbance]:
        before, self._addresses = self._addresses, self._senses.addresses()
        if before and not self._addresses:
            self._lost_at = now
            return [_disturbance(DisturbanceKind.NETWORK_LOST, 0.0, "the network is gone")]
        if self._addresses and not before:
            lost_s = 0.0 if self._lost_at is None else now - self._lost_at
            after = f" after {_span(lost_s)}" if self._lost_at is not None else ""
            text = f"the network is back{after}"
            return [_disturbance(DisturbanceKind.NETWORK_BACK, lost_s, text)]
        # One more address, such as of IPv6, takes nothing from the connections over the others.
        if before - self._addresses:
            return [_disturbance(DisturbanceKind.NETWORK_CHANGED, 0.0, "the network changed")]
        return []


def _tell_time(passed: float, slept: float, wall_passed: float) -> list[Disturbance]:
    """Disturbances of time between two looks, all in seconds."""
    found = []
    if slept > _SUSPENDED_S:
        text = f"the machine slept for {_span(slept)}"
        found.append(_disturbance(DisturbanceKind.SUSPENDED, slept, text))
    else:
        slept = 0.0
    late = passed - _LOOK_EVERY_S
    if late > _STALLED_S:
        text = f"the program stood still for {_span(late)}"
        found.append(_disturbance(DisturbanceKind.STALLED, late, text))
    jump = wall_passed - passed - slept
    if abs(jump) > _JUMP_S:
        way = "forward" if jump > 0 else "back"
        text = f"the clock was set {way} by {_span(abs(jump))}"
        found.append(_disturbance(DisturbanceKind.CLOCK_JUMP, jump, text))
    return found


def _disturbance(kind: DisturbanceKind, seconds: float, text: str) -> Disturbance:
    return Disturbance(kind, round(seconds, 3), text)


def _span(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = round(seconds)
    for size, unit, smaller, part in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {part}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def _address_towards(family: socket.AddressFamily, elsewhere: str) -> str:
    """Our address on the way there; "" where there is no way."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return ""
    # Some systems answer with an address of nowhere instead of an error.
    return "" if address in ("0.0.0.0", "::") else address
