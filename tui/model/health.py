"""How feeds are doing, as plain values for the screen: connection states, errors, metrics."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tui.model.instrument import Instrument
from tui.model.transport import TransportKind


class ConnectionState(StrEnum):
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    DISCONNECTED = "DISCONNECTED"
    RECONNECTING = "RECONNECTING"
    ERROR = "ERROR"
    CLOSED = "CLOSED"


class Transition(msgspec.Struct, frozen=True):
    """A change of connection state and its cause; `ts_local` in ns."""

    ts_local: int
    state: ConnectionState
    cause: str


class ErrorCategory(StrEnum):
    CONNECTION = "connection"
    SERVER = "server"
    PARSE = "parse"
    SUBSCRIPTION = "subscription"
    CONFIG = "config"


class ErrorRecord(msgspec.Struct, frozen=True):
    """One line of the error log; `count` of them since `first_seen`, the newest at `last_seen` (ns)."""

    first_seen: int
    last_seen: int
    venue: str
    instrument: Instrument | None
    category: ErrorCategory
    message: str
    count: int = 1


class FeedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A feed's figures at one moment.

    Attributes:
        uptime_s: seconds since the connection came up, 0 while it is down.
        messages_in, messages_out, bytes_in, bytes_out, reconnects: since the start.
        message_rate, byte_rate: per second, over the last few seconds.
        subscriptions: how many there are by status word.
        queue_length: frames read and not decoded yet.
        conflated, dropped: messages merged into newer ones, and lost.
        latency_p50_ms, latency_p99_ms: venue to us, clock offset removed; None when unknown.
        ping_ms: round trip of the last ping; None when unknown.
        clock_offset_ms: our clock minus the venue's; None when unknown.
        retry_in_s: seconds to the next attempt; None while connected.
        cause: why it is in this state.
        transports: what the venue offers, best first; empty when unknown.
        fallback: why a lesser transport than the best is in use; "" while it is the best.
        probe_in_s: seconds until the better transport is tried again; None when it is in use.
        breakers: endpoints that are given a rest, with the seconds left.
        applied: events that reached the market since the start.
        stale: events that were known already, or older than what is known.
        resyncs: times that a book had to be built again.
    """

    venue: str
    endpoint: str
    transport: TransportKind
    state: ConnectionState
    cause: str = ""
    uptime_s: float = 0.0
    messages_in: int = 0
    messages_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    message_rate: float = 0.0
    byte_rate: float = 0.0
    reconnects: int = 0
    subscriptions: dict[str, int] = {}
    queue_length: int = 0
    conflated: int = 0
    dropped: int = 0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    ping_ms: float | None = None
    clock_offset_ms: float | None = None
    retry_in_s: float | None = None
    transports: tuple[TransportKind, ...] = ()
    fallback: str = ""
    probe_in_s: float | None = None
    breakers: dict[str, float] = {}
    applied: int = 0
    stale: int = 0
    resyncs: int = 0


class AppHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The program's own figures: frames a second, frame time, bytes to the terminal, memory.

    Attributes:
        paint_rate: frames a second that are painted at most now; less than what is set where the
            link or the processor takes no more.
        frames_sent, frames_skipped: since the start.
        terminal_backlog: bytes written that the terminal has not taken, or not come to.
        low_bandwidth: fewer and plainer things are painted.
    """

    frame_rate: float = 0.0
    frame_p50_ms: float | None = None
    frame_p99_ms: float | None = None
    terminal_byte_rate: float = 0.0
    paint_rate: float | None = None
    frames_sent: int = 0
    frames_skipped: int = 0
    terminal_backlog: int = 0
    low_bandwidth: bool = False
    memory_bytes: int = 0
    objects: dict[str, int] = {}
