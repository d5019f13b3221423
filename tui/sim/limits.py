"""What a client of the embedded market may do, and the counting of it."""

from __future__ import annotations

import math
from collections import deque

import msgspec

MINUTE_S = 60


class SimLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's limits, in seconds and counts.

    Attributes:
        ping_s, pong_s: a ping is sent every `ping_s`; without its pong for `pong_s` the client goes.
        messages_per_s: client messages (text, ping and pong) a second on one connection.
        message_bytes: a longer control message is ignored.
        streams: on one connection.
        connections, connections_window_s: connection attempts of one address.
        age_s: how long a connection may live.
        queue: messages that may wait for a client before it is dropped.
        weight: of requests in a minute. patience: further requests that lead to a ban. ban_s: the
            first ban, which doubles each time.
    """

    ping_s: float = 20.0
    pong_s: float = 60.0
    messages_per_s: int = 5
    message_bytes: int = 4096
    streams: int = 1024
    connections: int = 300
    connections_window_s: float = 300.0
    age_s: float = 86_400.0
    queue: int = 4_000
    weight: int = 6_000
    patience: int = 20
    ban_s: float = 120.0


class RateWindow:
    """At most `count` events in any `span_s` seconds."""

    def __init__(self, count: int, span_s: float) -> None:
        self._count = count
        self._span_s = span_s
        self._moments: deque[float] = deque()

    def allow(self, now_s: float) -> bool:
        """Count an event; False when it is one too many."""
        moments = self._moments
        while moments and now_s - moments[0] >= self._span_s:
            moments.popleft()
        moments.append(now_s)
        return len(moments) <= self._count


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request.

    Attributes:
        status: 200, 429 or 418.
        used: weight in this minute.
        retry_after_s: whole seconds to wait, 0 when it may pass.
        banned_until_ns: for a ban.
    """

    status: int
    used: int
    retry_after_s: int = 0
    banned_until_ns: int = 0


class _Account:
    __slots__ = ("ban_s", "banned_until_s", "minute", "refused", "used")

    def __init__(self) -> None:
        self.minute = 0
        self.used = 0
        self.refused = 0
        self.ban_s = 0.0
        self.banned_until_s = 0.0


class WeightMeter:
    """Request weight by address and minute; who goes on after a 429 is banned."""

    def __init__(self, limits: SimLimits) -> None:
        self._limits = limits
        self._accounts: dict[str, _Account] = {}

    def charge(self, address: str, weight: int, now_ns: int) -> Verdict:
        """Count a request of `weight` at `now_ns`."""
        now_s = now_ns / 1e9
        account = self._accounts.setdefault(address, _Account())
        minute = int(now_s // MINUTE_S)
        if now_s < account.banned_until_s:
            return self._banned(account, now_s)
        if minute != account.minute:
            account.minute, account.used, account.refused = minute, 0, 0
        account.used += weight
        if account.used <= self._limits.weight:
            return Verdict(200, account.used)
        account.refused += 1
        if account.refused > self._limits.patience:
            account.ban_s = min(3 * 86_400.0, max(self._limits.ban_s, 2 * account.ban_s))
            account.banned_until_s = now_s + account.ban_s
            return self._banned(account, now_s)
        wait = max(1, math.ceil((minute + 1) * MINUTE_S - now_s))
        return Verdict(429, account.used, wait)

    def _banned(self, account: _Account, now_s: float) -> Verdict:
        wait = max(1, math.ceil(account.banned_until_s - now_s))
        return Verdict(418, account.used, wait, int(account.banned_until_s * 1e9))


class VenueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a client of a venue's face may do, in counts and seconds.

    Attributes:
        connections, connections_window_s: WebSockets that an address may open.
        messages_per_s: a client's messages on one WebSocket.
        message_bytes: of one message of a client.
        first_message_s: how long a client may take to say something; 0 for ever.
        idle_s: a connection on which nobody says anything for so long is closed; 0 for never.
        gets_per_s, gets_burst: requests of an address: so many a second in the long run, and so many
            at once.
        queue: frames that may wait for a client before it is dropped.
    """

    connections: int
    connections_window_s: float
    messages_per_s: int
    message_bytes: int = 65_536
    first_message_s: float = 0.0
    idle_s: float = 0.0
    gets_per_s: float
    gets_burst: int
    queue: int = 8_000


class TokenBucket:
    """Tokens that come back with time, up to a number."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at = 0.0

    def take(self, now_s: float) -> bool:
        """Take a token; False when there is none."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now_s - self._at) * self._per_s)
        self._at = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
