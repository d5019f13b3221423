"""The contract of a streaming transport: one connection at a time, errors in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Connection(Protocol):
    """An open stream. Every method raises TransportError when the connection is gone; its `status`
    is the close code, or None where there was no close frame."""

    async def receive(self) -> bytes:
        """The next frame, without decoding text. Cancellation-safe; one reader only."""
        ...

    async def send(self, text: str) -> None: ...

    async def ping(self) -> float:
        """Send a protocol ping and wait for its pong; returns the round trip in seconds."""
        ...

    async def close(self) -> None:
        """Close deliberately, with code 1000, within about a second."""
        ...


class Transport(Protocol):
    name: str
    """Shown on screen: "websocket"."""

    async def connect(
        self, url: str, headers: Mapping[str, str], *, max_message_bytes: int, timeout_s: float
    ) -> Connection:
        """Open one connection, without retrying.

        Raises:
            TransportError: refused, timed out, bad certificate; `fatal` and `retry_after_s` are set.
        """
        ...
