"""How long to wait before the next connection attempt: full jitter, a cap, the venue's own budget."""

from __future__ import annotations

import random
from collections import deque

from tui.feed.settings import FeedSettings

# The first retry after a healthy connection is quick: one client that returns harms nobody.
_FIRST_RETRY_SHARE = 0.25


class Backoff:
    """Delays that grow with each failure in a row; reset only by a connection that was useful.

    Attributes:
        failures: in a row, so far.
    """

    def __init__(
        self,
        settings: FeedSettings,
        rng: random.Random,
        *,
        attempts: int,
        window_s: float,
        apart_s: float = 1.0,
    ) -> None:
        """Start without failures; `attempts` in any `window_s` seconds are what the venue allows, each
        `apart_s` after the one before."""
        self._settings = settings
        self._rng = rng
        self._budget = max(1, attempts)
        self._window_s = window_s
        self._apart_s = apart_s
        self._recent: deque[float] = deque(maxlen=self._budget)
        self.failures = 0

    def attempted(self, now: float) -> None:
        """Note an attempt at `now` (monotonic seconds)."""
        self._recent.append(now)

    def reset(self) -> None:
        self.failures = 0

    def next_delay(self, now: float, *, minimum_s: float = 0.0) -> float:
        """Seconds to wait after one more failure, at least `minimum_s`."""
        settings = self._settings
        if self.failures == 0:
            bound = settings.backoff_initial_s * _FIRST_RETRY_SHARE
        else:
            # The exponent is bounded so that a long outage does not overflow the power.
            growth = settings.backoff_factor ** min(self.failures - 1, 64)
            bound = settings.backoff_initial_s * growth
        self.failures += 1
        delay = self._rng.uniform(0.0, min(settings.backoff_cap_s, bound))
        return max(delay, minimum_s, self.earliest_delay(now))

    def earliest_delay(self, now: float) -> float:
        """Seconds until another attempt may begin, whatever the reason for it: some time after the
        one before, and within the venue's budget."""
        if not self._recent:
            return 0.0
        apart = self._recent[-1] + self._apart_s - now
        return max(0.0, apart, self.budget_delay(now))

    def budget_delay(self, now: float) -> float:
        """Seconds until the venue's budget of attempts allows another; 0 when it does now."""
        if len(self._recent) < self._budget:
            return 0.0
        return max(0.0, self._recent[0] + self._window_s - now)
