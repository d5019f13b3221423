"""How bytes arrive from a venue: the kinds of transport, what is asked of them, what they hand over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec


class TransportKind(StrEnum):
    """The ways in which a venue may send, as shown on screen, best first."""

    WEBSOCKET = "websocket"
    SSE = "sse"
    LONG_POLL = "long poll"
    POLL = "poll"

    @property
    def badge(self) -> str:
        """At most four characters for a panel's title."""
        return _BADGES[self]

    @property
    def is_two_way(self) -> bool:
        """True where wishes travel on the same connection; elsewhere the request carries them."""
        return self is TransportKind.WEBSOCKET


_BADGES = {
    TransportKind.WEBSOCKET: "ws",
    TransportKind.SSE: "sse",
    TransportKind.LONG_POLL: "long",
    TransportKind.POLL: "poll",
}


class PollRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One address that is asked again and again.

    Attributes:
        key: names it among the requests of one connection; its frames carry the name as `event`.
        weight: what one request costs of the venue's budget.
        min_interval_s: never ask more often than this.
        wait_s: how long the server may hold the request, told by the header `Prefer: wait=...`; 0
            where it answers at once.
        cursor: the parameters of the next request, from an answer's body and headers (which may be
            looked up in any case). They are kept until an answer gives others.
        check: raises TransportError where an answer with a good status (its body, and when it came,
            ns) is a refusal all the same.
    """

    key: str
    url: str
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    weight: int = 1
    min_interval_s: float = 1.0
    wait_s: float = 0.0
    cursor: Callable[[bytes, Mapping[str, str]], dict[str, str]] | None = None
    check: Callable[[bytes, int], None] | None = None


class StreamRequest(msgspec.Struct, frozen=True):
    """Where and how to open a stream.

    Attributes:
        max_message_bytes: bounds one frame.
        polls: the addresses to ask, for the two polling transports; `url` then only names the
            endpoint in messages.
    """

    url: str
    headers: dict[str, str] = {}
    max_message_bytes: int = 16 * 2**20
    polls: tuple[PollRequest, ...] = ()


class EventFrame(bytes):
    """A frame with a name beside its bytes: the event type of SSE, or the key of a PollRequest."""

    event: str

    def __new__(cls, data: bytes, event: str) -> EventFrame:
        made = super().__new__(cls, data)
        made.event = event
        return made
