"""The contract of a transport: one connection at a time, errors in one shape."""

from __future__ import annotations

from typing import Protocol

from tui.model.transport import StreamRequest, TransportKind


class Connection(Protocol):
    """An open stream. Every method raises TransportError when the connection is gone; its `status`
    is the close code or the HTTP status, or None where it broke without one."""

    async def receive(self) -> bytes:
        """The next frame, without decoding text: an EventFrame where the transport names its frames.
        An empty one is a sign of life without content: a comment, a pause between two requests, or,
        as an EventFrame, a poll's answer that nothing is new. Cancellation-safe; one reader only."""
        ...

    async def send(self, text: str) -> None:
        """Send a message. Two-way transports only."""
        ...

    async def update(self, request: StreamRequest) -> None:
        """Ask for something else from now on, without losing one's place; one such wish at a time.
        One-way transports only."""
        ...

    async def ping(self) -> float:
        """Send a protocol ping and wait for its pong; returns the round trip in seconds. Two-way
        transports only."""
        ...

    async def close(self) -> None:
        """Close deliberately, a WebSocket with code 1000, within about a second."""
        ...


class Transport(Protocol):
    kind: TransportKind

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> Connection:
        """Open one connection, without retrying. What survives a connection, the last event's id,
        the transport keeps for the next.

        Raises:
            TransportError: refused, timed out, bad certificate; `fatal` and `retry_after_s` are set.
        """
        ...

    def forget(self) -> None:
        """Begin anew, with no last event id."""
        ...
