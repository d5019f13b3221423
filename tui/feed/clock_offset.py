"""How far our clock is from the venue's: from time requests, and because latency is positive."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_WINDOW_S = 60.0
_WINDOWS = 5
_KEEP_BOUNDS_NS = round(_WINDOWS * _WINDOW_S * 2e9)
_SAMPLES = 8
# What even the fastest round trip of late is uncertain by: it may have waited, too.
_FLOOR_NS = 4_000_000.0
# How fast two ordinary clocks part (ns a second), how soon that changes with warmth, and the worst
# that is not a clock that was set.
_DRIFT_NS_S = 50_000.0
_WANDER_NS_S = 30.0
_WORST_DRIFT = 500e-6
# A sample that the estimate calls this many deviations off shows that the clock runs otherwise now.
_SURPRISE = 4.0
# Beyond what round trips and drift allow, a difference between two samples is a clock that was set.
_JUMP_NS = 100_000_000
# No answer is waited for so long: the machine slept, or the clock was set, while it was on its way.
_LONGEST_NS = 20_000_000_000
# So far below the newest sample a message's stamp is wrong: a clock that was set is found otherwise.
_INCREDIBLE_NS = _JUMP_NS + round(_WORST_DRIFT * _KEEP_BOUNDS_NS)


class _Sample(NamedTuple):
    round_trip: int
    offset: int
    received: int


class _Bound(NamedTuple):
    difference: int
    ts_local: int


class _Estimate:
    """Offset and drift, each with its uncertainty: a Kalman filter of two states.

    What a round trip took beyond the fastest one was waiting on either way, so samples weigh by that.
    """

    def __init__(self, first: _Sample) -> None:
        # A float does not hold all nanoseconds of a clock that is years off: only differences are.
        self._base = first.offset
        self._received = first.received
        self._beyond = 0.0
        self._drift = 0.0
        self._forget_certainty(first)

    @property
    def offset(self) -> int:
        return self._base + round(self._beyond)

    def add(self, sample: _Sample, fastest: int) -> None:
        """Take one more sample into account; `fastest` is the shortest round trip of late, ns."""
        self._predict(max(0.0, (sample.received - self._received) / 1e9))
        self._received = max(self._received, sample.received)
        surprise = sample.offset - self._base - self._beyond
        noise = _FLOOR_NS**2 + ((sample.round_trip - fastest) / 2) ** 2 / 3
        if surprise**2 > _SURPRISE**2 * (self._variance + noise):
            self._forget_certainty(sample)
        total = self._variance + noise
        gain, drift_gain = self._variance / total, self._covariance / total
        self._beyond += gain * surprise
        self._drift += drift_gain * surprise
        self._drift_variance -= drift_gain * self._covariance
        self._variance *= 1.0 - gain
        self._covariance *= 1.0 - gain
        # The truth is within half the newest round trip, whatever was thought before.
        middle = sample.offset - self._base
        half = sample.round_trip / 2
        self._beyond = min(max(self._beyond, middle - half), middle + half)

    def _forget_certainty(self, sample: _Sample) -> None:
        self._variance = _FLOOR_NS**2 + (sample.round_trip / 2) ** 2 / 3
        self._covariance = 0.0
        self._drift_variance = _DRIFT_NS_S**2

    def _predict(self, seconds: float) -> None:
        """Let time pass: the offset drifts on, and everything is less certain."""
        wander = _WANDER_NS_S**2
        self._beyond += self._drift * seconds
        self._variance += (
            2 * seconds * self._covariance
            + seconds**2 * self._drift_variance
            + wander * seconds**3 / 3
        )
        self._covariance += seconds * self._drift_variance + wander * seconds**2 / 2
        self._drift_variance += wander * seconds


class ClockOffset:
    """Our clock minus the venue's, ns, as well as it can be known.

    A time request says it within half its round trip; several are smoothed into an estimate that
    follows clocks which drift. Every streamed message bounds the offset from above: it cannot have
    arrived before it was sent, unless its stamp is wrong altogether, which only a time request can
    tell. Without one the fastest message of the last minutes stands for zero latency.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self._estimate: _Estimate | None = None
        self._lowest: int | None = None
        self._bounds: deque[_Bound] = deque(maxlen=_WINDOWS)
        self._window_end: float | None = None

    def reset(self) -> None:
        """Forget everything, as when a clock was set."""
        self._samples.clear()
        self._estimate = None
        self._lowest = None
        self._bounds.clear()
        self._window_end = None

    def add_round_trip(self, sent: int, venue: int, received: int) -> int:
        """Note a time request: our clock when it left and came back, the venue's answer, all ns.

        Where it contradicts what was measured before, a clock was set, and all earlier is forgotten.
        One that came back before it left, or far too late, says nothing: our clock was set
        meanwhile, or the machine slept.

        Returns:
            How far the offset jumped, ns: positive where ours was set forward or the venue's back; 0
            when nobody set a clock.
        """
        round_trip = received - sent
        if not 0 <= round_trip <= _LONGEST_NS:
            return 0
        sample = _Sample(round_trip, (sent + received) // 2 - venue, received)
        before = self.offset
        jump = 0
        if before is not None and self._contradicts(sample):
            jump = sample.offset - before
            self.reset()
        self._samples.append(sample)
        if self._estimate is None:
            self._estimate = _Estimate(sample)
        else:
            fastest = min(earlier.round_trip for earlier in self._samples)
            self._estimate.add(sample, fastest)
        self._lowest = sample.offset - round_trip // 2 - _INCREDIBLE_NS
        self._drop_bounds(received)
        return jump

    def add_message(self, ts_exchange: int, ts_local: int, now: float) -> None:
        """Note a streamed message's stamps (ns); `now` is monotonic seconds.

        Minima are kept by the minute and forgotten after a few: clocks drift.
        """
        difference = ts_local - ts_exchange
        if self._lowest is not None and difference < self._lowest:
            return
        if self._window_end is None or now >= self._window_end:
            self._window_end = now + _WINDOW_S
            self._bounds.append(_Bound(difference, ts_local))
        elif difference < self._bounds[-1].difference:
            self._bounds[-1] = _Bound(difference, ts_local)

    @property
    def offset(self) -> int | None:
        """Our clock minus the venue's, ns; None while nothing is known."""
        bound = min(self._bounds).difference if self._bounds else None
        if self._estimate is None:
            return bound
        measured = self._estimate.offset
        return measured if bound is None else min(measured, bound)

    def venue_time(self, local: int) -> int:
        """The venue's clock (ns) at our `local` (ns), as far as known."""
        return local - (self.offset or 0)

    def _contradicts(self, sample: _Sample) -> bool:
        """Whether no honest clock can have given this sample after those before."""
        tightest = min(
            (
                (earlier.round_trip / 2 + _WORST_DRIFT * _age(earlier, sample.received), earlier)
                for earlier in self._samples
            ),
            default=None,
        )
        if tightest is None:
            return False
        uncertain, earlier = tightest
        allowed = sample.round_trip / 2 + uncertain + _JUMP_NS
        return abs(sample.offset - earlier.offset) > allowed

    def _drop_bounds(self, now: int) -> None:
        """Forget those that no message can have set, and those of a market that fell quiet: clocks
        drift on."""
        lowest = self._lowest
        kept = [
            bound
            for bound in self._bounds
            if now - bound.ts_local <= _KEEP_BOUNDS_NS
            and (lowest is None or bound.difference >= lowest)
        ]
        if len(kept) < len(self._bounds):
            self._bounds = deque(kept, maxlen=_WINDOWS)
            self._window_end = None


def _age(sample: _Sample, now: int) -> int:
    return max(0, now - sample.received)
