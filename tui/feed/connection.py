"""The state of one venue's connection and when to try again: pure, with time and chance injected."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from tui.adapters.base import Limits
from tui.feed.backoff import Backoff
from tui.feed.clock import Clock
from tui.feed.retry import RetryPolicy, retry_policy
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.health import ConnectionState, Transition

_HISTORY = 200
_LONGEST_BAN_S = 3 * 86_400.0
_TOGETHER_S = 1.0


class ConnectionMachine:
    """Connection states, their causes, and the moment of the next attempt.

    The supervisor reports what happened; the machine says what state that is and when to go on.

    Attributes:
        state, cause: where it stands and why.
        history: the last transitions, oldest first.
        reconnects: connections that came up after the first.
        retry_at: monotonic second of the next attempt; None when none is planned.
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        settings: FeedSettings,
        limits: Limits,
        on_transition: Callable[[Transition], None] = lambda transition: None,
    ) -> None:
        self._on_transition = on_transition
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._backoff = Backoff(
            settings,
            rng,
            attempts=limits.connections,
            window_s=limits.connections_window_s,
            apart_s=limits.connections_apart_s,
        )
        self.state = ConnectionState.DISCONNECTED
        self.cause = "not started"
        self.history: deque[Transition] = deque(maxlen=_HISTORY)
        self.reconnects = 0
        self.retry_at: float | None = clock.monotonic()
        self._barred_until = 0.0
        self._renewal_minimum_s: float | None = None
        self._connections = 0
        self._attempts = 0
        self._connected_at: float | None = None
        self._useful_at: float | None = None
        self._last_policy: RetryPolicy | None = None
        self._same_policy = 0
        self._failures = 0

    @property
    def uptime_s(self) -> float:
        """Seconds since the connection came up; 0 while it is down."""
        if self._connected_at is None:
            return 0.0
        return self._clock.monotonic() - self._connected_at

    @property
    def retry_in_s(self) -> float | None:
        """Seconds to the next attempt; None while connected, connecting or given up."""
        if self.retry_at is None:
            return None
        return max(0.0, self.retry_at - self._clock.monotonic())

    def open(self) -> None:
        """The feed begins, or begins once more: the first attempt is due."""
        if self.retry_at is None:
            self.retry_at = self._clock.monotonic()

    def attempt(self) -> None:
        """An attempt begins."""
        self._backoff.attempted(self._clock.monotonic())
        self.retry_at = None
        self._attempts += 1
        first = self._attempts == 1
        self._enter(
            ConnectionState.CONNECTING if first else ConnectionState.RECONNECTING,
            "starting" if first else self.cause,
        )

    def renewal_delay_s(self) -> float:
        """Seconds to wait before a connection is opened that replaces the one in use: as long as
        after a failure where that one was not useful for long, or another try has failed."""
        now = self._clock.monotonic()
        useful, minimum_s = self._useful_at, self._renewal_minimum_s
        if minimum_s is None and useful is not None and now - useful >= self._settings.min_uptime_s:
            self._backoff.reset()
        minimum_s = max(minimum_s or 0.0, self._barred_until - now)
        return self._backoff.next_delay(now, minimum_s=minimum_s)

    def renewal_failed(self, error: TransportError) -> None:
        """The connection that was to replace the one in use could not be had."""
        self._renewal_minimum_s = self._wait_by_policy_s(retry_policy(error.status))
        self._note_bar(error)

    def note_attempt(self) -> None:
        """A connection beside the one in use is tried: it counts against the venue's budget."""
        self._backoff.attempted(self._clock.monotonic())

    def may_attempt(self) -> bool:
        """True when the venue's budget allows one more connection now."""
        return self._backoff.budget_delay(self._clock.monotonic()) <= 0

    def connected(self, cause: str) -> None:
        """The stream is open."""
        self._connected_at = self._clock.monotonic()
        self._useful_at = None
        self._renewal_minimum_s = None
        self._connections += 1
        if self._connections > 1:
            self.reconnects += 1
        self._enter(ConnectionState.CONNECTED, cause)

    def useful(self) -> None:
        """Data came on the open stream."""
        if self._useful_at is None:
            self._useful_at = self._clock.monotonic()

    def lost(
        self, error: TransportError, *, rest_s: float = 0.0, has_other_way: bool = False
    ) -> None:
        """An attempt failed or the stream ended; plans the next attempt, or gives up.

        Args:
            rest_s: how long the endpoint is left alone at least.
            has_other_way: the next attempt goes by another transport: what this one says of itself
                does not bind it.
        """
        now = self._clock.monotonic()
        self._forgive(now)
        self._connected_at = None
        policy = retry_policy(error.status)
        self._same_policy = self._same_policy + 1 if policy is self._last_policy else 1
        self._last_policy = policy
        self._failures += 1
        limit = self._settings.max_attempts
        if limit and self._failures >= limit:
            self._give_up(f"{error}; {limit} attempts in a row failed")
            return
        exhausted = policy.attempts is not None and self._same_policy > policy.attempts
        if has_other_way:
            self._forget_failures()
            minimum = rest_s = 0.0
        elif error.fatal or exhausted:
            self._give_up(str(error))
            return
        else:
            minimum = max(rest_s, self._wait_by_policy_s(policy))
        told = self._note_bar(error)
        if told is not None:
            minimum = max(rest_s, told)
        self.retry_at = now + self._backoff.next_delay(now, minimum_s=minimum)
        self._enter(ConnectionState.DISCONNECTED, str(error))

    def hung_up(self, cause: str, *, at_once: bool = False) -> None:
        """We ended it on purpose, or are asked not to wait: no backoff holds the next attempt back.

        What the venue told us to wait and its budget of attempts still do: whoever goes on is banned
        for longer. So does the time between any two attempts, unless it has to be `at_once`.
        """
        now = self._clock.monotonic()
        self._forgive(now)
        self._connected_at = None
        self._last_policy = None
        self._same_policy = 0
        self._failures = 0
        earliest = self._backoff.budget_delay if at_once else self._backoff.earliest_delay
        self.retry_at = max(now + earliest(now), self._barred_until)
        self._enter(ConnectionState.DISCONNECTED, self.cause if now < self._barred_until else cause)

    def close(self, cause: str) -> None:
        """The feed ends."""
        self._connected_at = None
        self.retry_at = None
        self._enter(ConnectionState.CLOSED, cause)

    def _wait_by_policy_s(self, policy: RetryPolicy) -> float:
        return policy.minimum_s + self._rng.uniform(0.0, policy.spread_s)

    def _note_bar(self, error: TransportError) -> float | None:
        """Remember how long the venue told us to stay away; returns the seconds, if it did."""
        if error.retry_after_s is None:
            return None
        # Not all who were told the same come back in the same moment.
        told = error.retry_after_s + self._rng.uniform(0.0, _TOGETHER_S)
        told = min(max(1.0, told), _LONGEST_BAN_S)
        self._barred_until = self._clock.monotonic() + told
        return told

    def _forgive(self, now: float) -> None:
        """Forget earlier failures if this connection was useful for long enough."""
        useful = self._useful_at
        self._useful_at = None
        if useful is not None and now - useful >= self._settings.min_uptime_s:
            self._forget_failures()
            self._failures = 0

    def _forget_failures(self) -> None:
        self._backoff.reset()
        self._last_policy = None
        self._same_policy = 0

    def _give_up(self, cause: str) -> None:
        """Only the user, or the machine that wakes or finds a network, goes on from here."""
        self.retry_at = None
        self._enter(ConnectionState.ERROR, cause)

    def _enter(self, state: ConnectionState, cause: str) -> None:
        self.state = state
        self.cause = cause
        transition = Transition(self._clock.time_ns(), state, cause)
        self.history.append(transition)
        self._on_transition(transition)
