"""How far our clock is from the venue's: from time requests, and because latency is positive."""

from __future__ import annotations

from collections import deque

_WINDOW_S = 60.0
_WINDOWS = 5
_SAMPLES = 8
# Beyond what the round trips allow, a difference between two samples is a clock that was set.
_JUMP_NS = 100_000_000


class ClockOffset:
    """Our clock minus the venue's, ns, as well as it can be known.

    A time request says it within half its round trip, so the sample with the shortest round trip
    counts. Every streamed message bounds it from above: it cannot have arrived before it was sent.
    Without a time request the fastest message of the last minutes stands for zero latency.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)
        self._minima: deque[int] = deque(maxlen=_WINDOWS)
        self._window_end: float | None = None

    def reset(self) -> None:
        self._samples.clear()
        self._minima.clear()
        self._window_end = None

    def add_round_trip(self, sent: int, venue: int, received: int) -> None:
        """Note a time request: our clock when it left and came back, the venue's answer, all ns.

        Where it contradicts what was measured before, a clock was set, and all earlier is forgotten.
        One that came back before it left, because our clock was set meanwhile, says nothing.
        """
        round_trip = received - sent
        if round_trip < 0:
            return
        offset = (sent + received) // 2 - venue
        if self._samples:
            best, measured = min(self._samples)
            if abs(offset - measured) > (best + round_trip) // 2 + _JUMP_NS:
                self.reset()
        self._samples.append((round_trip, offset))

    def add_message(self, ts_exchange: int, ts_local: int, now: float) -> None:
        """Note a streamed message's stamps (ns); `now` is monotonic seconds.

        Minima are kept by the minute and forgotten after a few: clocks drift.
        """
        difference = ts_local - ts_exchange
        if self._window_end is None or now >= self._window_end:
            self._window_end = now + _WINDOW_S
            self._minima.append(difference)
        elif difference < self._minima[-1]:
            self._minima[-1] = difference

    @property
    def offset(self) -> int | None:
        """Our clock minus the venue's, ns; None while nothing is known."""
        bound = min(self._minima, default=None)
        if not self._samples:
            return bound
        measured = min(self._samples)[1]
        return measured if bound is None else min(measured, bound)

    def venue_time(self, local: int) -> int:
        """The venue's clock (ns) at our `local` (ns), as far as known."""
        return local - (self.offset or 0)
