"""A feed's counters and rates, as cheap to write as an addition; read about once a second."""

from __future__ import annotations

from collections import deque

_RATE_WINDOW_S = 5
_LATENCY_WINDOW_S = 30.0
_LATENCY_HELD_S = 0.5


class Metrics:
    """Messages, bytes, latencies and losses of one feed.

    Attributes:
        messages_in, messages_out, bytes_in, bytes_out, conflated, dropped, applied: since the start.
        ping_s: the last round trip; None before the first and after a loss.
    """

    def __init__(self) -> None:
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.conflated = 0
        self.dropped = 0
        self.stale = 0
        self.resyncs = 0
        self.applied = 0
        self.ping_s: float | None = None
        # (whole second, messages, bytes), the newest still growing
        self._seconds: deque[list[int]] = deque(maxlen=_RATE_WINDOW_S + 1)
        # (monotonic second, our receive time minus the venue's time in ns)
        self._differences: deque[tuple[float, int]] = deque(maxlen=2048)
        # when they were sorted last (monotonic seconds), their median and 99th percentile
        self._sorted: tuple[float, int, int] | None = None

    def received(self, size: int, now: float) -> None:
        """Count a frame of `size` bytes at `now` (monotonic seconds)."""
        self.messages_in += 1
        self.bytes_in += size
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        newest = self._seconds[-1]
        newest[1] += 1
        newest[2] += size

    def sent(self, size: int) -> None:
        self.messages_out += 1
        self.bytes_out += size

    def timed(self, difference: int, now: float) -> None:
        """Note a message's receive time minus the venue's stamp, ns."""
        self._differences.append((now, difference))

    def forget_latency(self) -> None:
        """Old latencies say nothing of a new connection."""
        self._differences.clear()
        self._sorted = None
        self.ping_s = None

    def rates(self, now: float) -> tuple[float, float]:
        """Messages and bytes a second over the last whole seconds."""
        current = int(now)
        counted = [
            entry for entry in self._seconds if current - _RATE_WINDOW_S <= entry[0] < current
        ]
        messages = sum(entry[1] for entry in counted)
        size = sum(entry[2] for entry in counted)
        return messages / _RATE_WINDOW_S, size / _RATE_WINDOW_S

    def latency_ms(self, offset: int | None, now: float) -> tuple[float | None, float | None]:
        """Median and 99th percentile of the last half minute, clock offset (ns) removed.

        They are found anew twice a second, since those who ask do so with every frame.
        """
        if offset is None:
            return None, None
        held = self._sorted
        if held is None or not 0 <= now - held[0] < _LATENCY_HELD_S:
            self._sorted = held = self._sort(now)
        if held is None:
            return None, None
        _, median, worst = held
        return max(0.0, (median - offset) / 1e6), max(0.0, (worst - offset) / 1e6)

    def _sort(self, now: float) -> tuple[float, int, int] | None:
        recent = sorted(
            [
                difference
                for moment, difference in self._differences
                if now - moment <= _LATENCY_WINDOW_S
            ]
        )
        if not recent:
            return None
        last = len(recent) - 1
        return now, recent[round(last * 0.5)], recent[round(last * 0.99)]
