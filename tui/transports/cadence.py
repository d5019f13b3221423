"""When a poll asks again: fixed, patient after errors, or as often as somebody looks; pure."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

_JITTER = 0.1
_CAP_S = 60.0
_AWAY_S = 30.0
_LONG_AWAY_S = 60.0
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 1.0, 900.0
# Of a server that does not hold a request back though it was asked to.
_UNHELD_S = 1.0


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """The time from the start of one request to the start of the next.

    Attributes:
        interval_s: while all is well and somebody looks.
        backs_off: every error in a row doubles the interval, up to 60 s; one success resets it.
        idle_s: seconds since the user last did something, None where nothing shows what is polled.
            After 30 s the interval is 30 s, after 60 s it is 60 s, and for None there is no next
            request at all (but a first: whether somebody answers has to be known).
    """

    interval_s: float = 5.0
    backs_off: bool = True
    idle_s: Callable[[], float | None] | None = None

    def next_interval_s(self, failures: int) -> float | None:
        """Seconds between two requests, after so many errors in a row; None for never."""
        interval_s = self.interval_s
        if self.idle_s is not None:
            idle_s = self.idle_s()
            if idle_s is None:
                return None
            if idle_s >= _LONG_AWAY_S:
                interval_s = max(interval_s, 60.0)
            elif idle_s >= _AWAY_S:
                interval_s = max(interval_s, 30.0)
        return _doubled(interval_s, failures) if self.backs_off else interval_s


def fixed(interval_s: float) -> Cadence:
    """The same interval whatever happens; only a server's Retry-After changes it."""
    return Cadence(interval_s=interval_s, backs_off=False)


def smart(interval_s: float) -> Cadence:
    """Errors double the interval, up to 60 s."""
    return Cadence(interval_s=interval_s)


def adaptive(interval_s: float, idle_s: Callable[[], float | None]) -> Cadence:
    """As often as somebody looks, and errors double the interval."""
    return Cadence(interval_s=interval_s, idle_s=idle_s)


class Rhythm:
    """When the next request of one poll is due. Times are monotonic seconds.

    A request that the server holds until it has something is not bound to the cadence: the next one
    follows at once.
    """

    def __init__(
        self, cadence: Cadence, rng: random.Random, *, min_interval_s: float, holds: bool = False
    ) -> None:
        """Begin with a request that is due now."""
        self._cadence = cadence
        self._rng = rng
        self._min_interval_s = min_interval_s
        self._holds = holds
        self._started: float | None = None
        self._jitter = 1.0
        self._told_until: float | None = None
        self._unheld = False
        self.failures = 0

    def began(self, now: float) -> None:
        """A request went out."""
        self._started = now
        self._told_until = None
        self._jitter = self._rng.uniform(1 - _JITTER, 1 + _JITTER)

    def succeeded(self, now: float, *, empty: bool = False) -> None:
        """It was answered; with nothing, where `empty`."""
        self.failures = 0
        self._unheld = empty and self._started is not None and now - self._started < _UNHELD_S

    def failed(self, now: float, retry_after_s: float | None = None) -> None:
        """It was not; the server may have said when to come back."""
        self.failures += 1
        if retry_after_s is not None:
            self._told_until = now + min(max(retry_after_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    def due_in(self, now: float) -> float | None:
        """Seconds until the next request, 0 when it is due; None while there is to be none."""
        if self._started is None:
            return 0.0
        interval_s = self._interval_s()
        if interval_s is None:
            return None
        due = self._told_until
        if due is None:
            due = self._started + interval_s
        return max(0.0, due - now, self._started + self._min_interval_s - now)

    def _interval_s(self) -> float | None:
        if not self._holds:
            interval_s = self._cadence.next_interval_s(self.failures)
            return None if interval_s is None else self._with_jitter(interval_s)
        if self.failures:
            return self._with_jitter(_doubled(max(1.0, self._min_interval_s), self.failures))
        return _UNHELD_S if self._unheld else 0.0

    def _with_jitter(self, interval_s: float) -> float:
        bound_s = max(_CAP_S, interval_s) if self.failures else interval_s * (1 + _JITTER)
        return min(interval_s * self._jitter, bound_s)


def _doubled(interval_s: float, failures: int) -> float:
    # The exponent is bounded so that a long outage does not overflow the power.
    return min(interval_s * 2.0 ** min(failures, 32), max(_CAP_S, interval_s))
