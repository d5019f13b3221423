"""The numbers that govern a feed; the user's configuration may change them."""

from __future__ import annotations

import msgspec


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and delays of one feed; times in seconds.

    Attributes:
        connect_timeout_s: from the first packet to the finished handshake.
        backoff_initial_s, backoff_factor, backoff_cap_s: bounds of the random delay before a retry.
        min_uptime_s: only a connection that was useful this long resets the backoff.
        ack_timeout_s: a request without an answer by then is asked again.
        ping_interval_s, pong_timeout_s: heartbeat of the connection.
        stale_after_s: silence after which live data that should flow is marked stale; a venue whose
            channels rest longer than that while all is well is given its own time.
        max_attempts: failed attempts in a row after which only the user tries again; 0 for never.
        breaker_failures, breaker_open_s: after so many failures in a row an endpoint is left alone
            for so long, and then tried once.
        fallback_after: failures in a row after which the next lesser transport is taken.
        probe_s, probe_cap_s: first and longest time between tries of the better transport.
        poll_interval_s: between two requests of a poll while the user is at the keyboard.
        flush_interval_s: updates reach the market in batches this far apart; of the instrument in
            focus at once.
        inbox_limit: frames held undecoded at most.
        history_candles: candles fetched for a chart.
        flat_candles: of candles built from trades, those without a trade are flat instead of absent.
    """

    connect_timeout_s: float = 10.0
    backoff_initial_s: float = 1.0
    backoff_factor: float = 2.0
    backoff_cap_s: float = 30.0
    min_uptime_s: float = 30.0
    ack_timeout_s: float = 10.0
    ping_interval_s: float = 15.0
    pong_timeout_s: float = 5.0
    stale_after_s: float = 10.0
    max_attempts: int = 0
    breaker_failures: int = 5
    breaker_open_s: float = 60.0
    fallback_after: int = 3
    probe_s: float = 30.0
    probe_cap_s: float = 600.0
    poll_interval_s: float = 5.0
    flush_interval_s: float = 0.1
    inbox_limit: int = 4096
    history_candles: int = 1000
    flat_candles: bool = False
