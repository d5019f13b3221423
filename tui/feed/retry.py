"""Whether and how soon to try again, by WebSocket close code or HTTP status of the handshake."""

from __future__ import annotations

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True):
    """How to treat one kind of loss.

    Attributes:
        minimum_s: wait at least this long.
        spread_s: wait up to this much longer, at random, where many clients return at once.
        attempts: how many times in a row before giving up; None for ever, 0 not even once.
    """

    minimum_s: float = 0.0
    spread_s: float = 0.0
    attempts: int | None = None


# Backoff alone: its first delay is short and random, as after a planned restart, and then it grows.
_AS_USUAL = RetryPolicy()
_NEVER = RetryPolicy(attempts=0)
_SLOWLY = RetryPolicy(minimum_s=30.0, spread_s=10.0, attempts=3)
_PRIVATE = RetryPolicy(attempts=5)

_BY_STATUS = {
    # Close codes. 1005 and 1006 are never sent: no code in the frame, and no frame at all.
    1000: _AS_USUAL,
    1001: _AS_USUAL,
    1002: _SLOWLY,
    1003: _NEVER,
    1005: _AS_USUAL,
    1006: _AS_USUAL,
    1007: _NEVER,
    1008: _SLOWLY,
    1009: RetryPolicy(attempts=1),
    1010: _NEVER,
    1011: _AS_USUAL,
    1012: RetryPolicy(minimum_s=1.0, spread_s=9.0),
    1013: RetryPolicy(minimum_s=10.0, spread_s=10.0),
    1014: _AS_USUAL,
    1015: _SLOWLY,
    3000: _NEVER,
    3003: _NEVER,
    3008: _AS_USUAL,
    # HTTP: 204 is how a server of event streams says that nobody should come back.
    204: _NEVER,
    401: _NEVER,
    403: _NEVER,
    404: _NEVER,
    405: _NEVER,
    406: _NEVER,
    407: _NEVER,
    408: _AS_USUAL,
    410: _NEVER,
    415: _NEVER,
    418: RetryPolicy(minimum_s=120.0, spread_s=30.0),
    425: _AS_USUAL,
    426: _NEVER,
    429: RetryPolicy(minimum_s=30.0, spread_s=10.0),
    451: _NEVER,
}


def retry_policy(status: int | None) -> RetryPolicy:
    """The policy for a close code (1000 and up), an HTTP status, or None for a broken connection."""
    if status is None:
        return _AS_USUAL
    found = _BY_STATUS.get(status)
    if found is not None:
        return found
    if status < 500:
        # Other refusals, and answers that are no stream, such as the page of a hotel's network.
        return _SLOWLY if status >= 400 else _AS_USUAL
    if 3000 <= status < 5000:
        return _PRIVATE
    return _AS_USUAL
