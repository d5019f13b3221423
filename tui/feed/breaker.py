"""Circuit breakers: an endpoint that fails again and again is left alone for a while, then tried once."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from tui.feed.clock import Clock
from tui.feed.settings import FeedSettings

_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
# Whoever waits behind the one trial asks again soon: it usually reports within its round trip.
_ASK_AGAIN_S = 1.0


class BreakerState(StrEnum):
    """closed: requests flow; open: none goes out; half-open: one goes out, and decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures in a row of one endpoint and says whether a request may go out.

    Whoever sends asks `allow` first and reports how it went. What is reported while the breaker is
    open was sent before it opened, and changes nothing.
    """

    def __init__(self, clock: Clock, *, failures: int, open_s: float) -> None:
        """Open after `failures` in a row (at least one), for `open_s` seconds."""
        self._clock = clock
        self._limit = max(1, failures)
        self._open_s = open_s
        self._failures = 0
        self._opened_at: float | None = None
        self._tried_at: float | None = None

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._rest_s > 0.0 else BreakerState.HALF_OPEN

    @property
    def retry_in_s(self) -> float:
        """Seconds until it is worth asking again; 0 when a request may go out now."""
        if self._rest_s > 0.0:
            return self._rest_s
        return min(_ASK_AGAIN_S, self._trial_left_s)

    def allow(self) -> bool:
        """Whether a request may go out now; the caller then reports `succeeded` or `failed`.

        Half-open, only one may until it reports; one that never does, because its task ended, is
        replaced after as long as the breaker was open.
        """
        if self.retry_in_s > 0.0:
            return False
        if self._opened_at is not None:
            self._tried_at = self._clock.monotonic()
        return True

    def succeeded(self) -> None:
        """The endpoint answered."""
        if self.state is not BreakerState.OPEN:
            self.reset()

    def failed(self) -> None:
        """The endpoint could not be reached, or could not answer."""
        state = self.state
        if state is BreakerState.OPEN:
            return
        self._failures += 1
        if state is BreakerState.HALF_OPEN or self._failures >= self._limit:
            self._opened_at = self._clock.monotonic()
            self._tried_at = None

    def reset(self) -> None:
        """Close it and forget all failures, as the user may ask."""
        self._failures = 0
        self._opened_at = None
        self._tried_at = None

    @property
    def _rest_s(self) -> float:
        return self._left(self._opened_at)

    @property
    def _trial_left_s(self) -> float:
        return self._left(self._tried_at)

    def _left(self, since: float | None) -> float:
        if since is None:
            return 0.0
        return min(self._open_s, max(0.0, since + self._open_s - self._clock.monotonic()))


class Breakers:
    """The breakers of all endpoints that one feed talks to, made on demand."""

    def __init__(self, clock: Clock, settings: FeedSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._breakers: dict[str, Breaker] = {}

    def of(self, endpoint: str) -> Breaker:
        """The breaker of `endpoint` ("host:port", see `endpoint_of`)."""
        found = self._breakers.get(endpoint)
        if found is None:
            found = self._breakers[endpoint] = Breaker(
                self._clock,
                failures=self._settings.breaker_failures,
                open_s=self._settings.breaker_open_s,
            )
        return found

    def resting(self) -> dict[str, float]:
        """The endpoints that are left alone now, with the seconds left."""
        return {
            endpoint: breaker.retry_in_s
            for endpoint, breaker in self._breakers.items()
            if breaker.state is BreakerState.OPEN
        }

    def reset(self, *, keep: str = "") -> None:
        """Close all of them, but for that of the endpoint `keep`: the user asks for it, or another
        endpoint of the venue was reached again."""
        for endpoint, breaker in self._breakers.items():
            if endpoint != keep:
                breaker.reset()


def endpoint_of(url: str) -> str:
    """The "host:port" of a URL; the scheme's own port where it names none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
