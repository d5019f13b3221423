"""What a client of the native protocol may do at the embedded market."""

from __future__ import annotations

import msgspec


class NativeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in counts and seconds.

    Attributes:
        requests_per_s: messages a second on one WebSocket.
        message_bytes: of one message of a client.
        channels_per_request, channels: in one request, and of one connection.
        connections, connections_window_s: WebSockets and event streams that an address may open.
        gets, gets_window_s: other requests of an address.
        queue: messages that may wait for a client before it is dropped.
        heartbeat_s, pong_s: a heartbeat is sent every `heartbeat_s`; without a sign of life for
            `pong_s` the client goes.
        auth_s: how long a WebSocket may take to show its token.
        wait_s: how long a poll is held at most.
        age_s: how long a connection may live.
    """

    requests_per_s: int = 10
    message_bytes: int = 65_536
    channels_per_request: int = 100
    channels: int = 1_000
    connections: int = 300
    connections_window_s: float = 300.0
    gets: int = 1_200
    gets_window_s: float = 60.0
    queue: int = 8_000
    heartbeat_s: float = 15.0
    pong_s: float = 60.0
    auth_s: float = 5.0
    wait_s: float = 60.0
    age_s: float = 86_400.0
