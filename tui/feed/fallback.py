"""Which transport is in use, when a lesser one is taken, and when the better one is tried again."""

from __future__ import annotations

import random
from collections.abc import Collection

import msgspec

from tui.feed.clock import Clock
from tui.feed.retry import retry_policy
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.transport import TransportKind

_PUSHED = frozenset({TransportKind.WEBSOCKET, TransportKind.SSE, TransportKind.LONG_POLL})
# How late an update typically is beyond the way it has to go: a long poll asks again in between, a
# poll comes at its time.
_LATENCY_S = {
    TransportKind.WEBSOCKET: 0.0,
    TransportKind.SSE: 0.0,
    TransportKind.LONG_POLL: 0.5,
    TransportKind.POLL: 5.0,
}
# What is said of credentials, of this address or of a certificate is said by each
# transport alike: 3000 and 3003 are the close codes of 401 and 403, 1015 that of a failed TLS handshake.
_SAME_BY_ALL = frozenset({401, 403, 407, 451, 1015, 3000, 3003})
# Not every answer that means "not by this transport" comes as a fatal error.
_UNFIT = frozenset({404, 405, 406, 410, 415, 426, 501, 505})
_JITTER = 0.2


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a transport must do.

    Attributes:
        bidirectional: carry messages to the venue, too.
        push: bring an update when it happens, rather than when it is asked for.
        latency_s: bring it at most so much later than the network does, seconds; None when that does
            not matter.
    """

    bidirectional: bool = False
    push: bool = False
    latency_s: float | None = None


def choose(offered: Collection[TransportKind], needs: Needs) -> tuple[TransportKind, ...]:
    """Those of the offered transports that do what is needed, best first; none when none does."""
    return tuple(
        kind
        for kind in TransportKind
        if kind in offered
        and (kind.is_two_way or not needs.bidirectional)
        and (kind in _PUSHED or not needs.push)
        and (needs.latency_s is None or _LATENCY_S[kind] <= needs.latency_s)
    )


class _Better(msgspec.Struct):
    """A transport that was left: why, how long between tries, and when the next is due."""

    reason: str
    delay_s: float
    due: float


class Fallback:
    """Begins with the best transport, steps down when one keeps failing, and goes back up.

    The supervisor reports what happened to the connection in use, and to its tries of a better one.
    A transport that is taken back is on trial until it has been useful for the minimum uptime: if it
    fails before, the one that served meanwhile is taken at once, and the next try is later.

    Attributes:
        order: the transports, best first.
        current: the one in use, or to be used next.
        failures: of it, in a row.
    """

    def __init__(
        self,
        order: Collection[TransportKind],
        clock: Clock,
        rng: random.Random,
        settings: FeedSettings,
    ) -> None:
        """Begin with the first of `order`.

        Raises:
            ValueError: there is none.
        """
        if not order:
            raise ValueError("there is no transport to choose from")
        self.order = tuple(order)
        self.current = self.order[0]
        self.failures = 0
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._left: dict[TransportKind, _Better] = {}
        self._useful_at: float | None = None
        self._on_trial_from: TransportKind | None = None
        self._outage = False

    # -- the connection in use -------------------------------------------------------------

    def useful(self) -> None:
        """Data came by the transport in use."""
        now = self._clock.monotonic()
        if self._useful_at is None:
            self._useful_at = now
        if self._outage:
            self._outage = False
            self._probe_afresh(now)
        if self.is_proved:
            self._forgive()

    @property
    def is_proved(self) -> bool:
        """True once the connection in use has brought data for the minimum uptime."""
        since = self._useful_at
        return since is not None and self._clock.monotonic() - since >= self._settings.min_uptime_s

    def hung_up(self) -> None:
        """The connection in use ended for no fault of its own."""
        if self.is_proved:
            self._forgive()
        self._useful_at = None

    def failed(self, error: TransportError) -> bool:
        """The connection in use was lost, or could not be had.

        Returns:
            True when another transport is to be used from now on.
        """
        self.hung_up()
        if self._on_trial_from is not None:
            self._step_to(self._on_trial_from, f"{self.current} did not last: {error.message}")
            return True
        if _is_same_by_all(error):
            return False
        self.failures += 1
        if not self._is_exhausted(error):
            return False
        lesser = self._lesser
        if lesser is None:
            # Nothing works, so it is not the transport's fault: remembered until something does.
            self._outage = self.failures >= self._settings.fallback_after
            return False
        self._step_to(lesser, self._blame(error))
        return True

    @property
    def reason(self) -> str:
        """Why the best transport is not in use, and what became of those between; "" when it is."""
        return "; ".join(self._left[kind].reason for kind in self._betters)

    # -- tries of a better one -------------------------------------------------------------

    @property
    def probe_target(self) -> TransportKind | None:
        """The better transport whose try is due next, or that is being tried; None on the best."""
        return min(self._betters, key=lambda kind: self._left[kind].due, default=None)

    @property
    def probe_in_s(self) -> float | None:
        """Seconds until `probe_target` is to be tried beside the one in use; None on the best."""
        target = self.probe_target
        if target is None:
            return None
        return max(0.0, self._left[target].due - self._clock.monotonic())

    def probe_failed(self, error: TransportError) -> None:
        """The try of `probe_target` came to nothing: the next one is later."""
        target = self.probe_target
        if target is not None:
            self._put_off(target, f"{target} still fails: {error.message}")

    def probe_succeeded(self) -> None:
        """The try of `probe_target` brought data: it is in use from now on, on trial."""
        target = self.probe_target
        if target is None:
            return
        self._on_trial_from = self._on_trial_from or self.current
        self._take(target)

    def reset(self) -> None:
        """Begin again with the best, as the user may ask."""
        self._left.clear()
        self._on_trial_from = None
        self._outage = False
        self._take(self.order[0])

    # -- within ----------------------------------------------------------------------------

    @property
    def _betters(self) -> tuple[TransportKind, ...]:
        return self.order[: self.order.index(self.current)]

    @property
    def _lesser(self) -> TransportKind | None:
        rest = self.order[self.order.index(self.current) + 1 :]
        return rest[0] if rest else None

    def _is_exhausted(self, error: TransportError) -> bool:
        """Whether this failure was one too many, here or by the rules for its close code."""
        attempts = retry_policy(error.status).attempts
        if error.fatal or attempts == 0 or error.status in _UNFIT:
            return True
        limit = max(1, self._settings.fallback_after)
        return self.failures >= (limit if attempts is None else min(limit, attempts + 1))

    def _blame(self, error: TransportError) -> str:
        if self.failures > 1:
            return f"{self.current} failed {self.failures} times: {error.message}"
        return f"{self.current} failed: {error.message}"

    def _forgive(self) -> None:
        """The transport in use has proved itself: what was held against it is forgotten."""
        self.failures = 0
        self._outage = False
        self._on_trial_from = None
        betters = self._betters
        self._left = {kind: left for kind, left in self._left.items() if kind in betters}

    def _step_to(self, lesser: TransportKind, reason: str) -> None:
        """Leave the transport in use for a lesser one."""
        self._put_off(self.current, reason)
        self._on_trial_from = None
        self._take(lesser)

    def _take(self, kind: TransportKind) -> None:
        self.current = kind
        self.failures = 0
        self._useful_at = None

    def _put_off(self, kind: TransportKind, reason: str) -> None:
        """Plan the next try of `kind`, later than the one before; jitter keeps clients apart."""
        left = self._left.get(kind)
        first, longest = self._settings.probe_s, self._settings.probe_cap_s
        delay_s = min(longest, first if left is None else left.delay_s * 2.0)
        self._left[kind] = _Better(reason, delay_s, self._due(delay_s))

    def _due(self, delay_s: float) -> float:
        return self._clock.monotonic() + delay_s * self._rng.uniform(1.0 - _JITTER, 1.0)

    def _probe_afresh(self, now: float) -> None:
        """While nothing worked, the tries of the better ones told nothing of them."""
        for left in self._left.values():
            left.delay_s = min(self._settings.probe_s, self._settings.probe_cap_s)
            left.due = min(left.due, self._due(left.delay_s))


def _is_same_by_all(error: TransportError) -> bool:
    """A wrong certificate, a refused token: what no other transport to the venue would change."""
    return error.status in _SAME_BY_ALL or (error.fatal and error.status is None)
