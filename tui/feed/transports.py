"""The transports of one feed, made for the kinds that its venue offers."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

from tui.feed.clock import Clock
from tui.feed.settings import FeedSettings
from tui.model.errors import TransportError
from tui.model.transport import TransportKind
from tui.transports.base import Transport
from tui.transports.cadence import adaptive
from tui.transports.polling import Getter, PollTransport
from tui.transports.rest import RestTransport
from tui.transports.sse import SseTransport
from tui.transports.websocket import WebSocketTransport


def open_transports(
    kinds: Collection[TransportKind],
    rest: RestTransport,
    get: Getter,
    *,
    clock: Clock,
    rng: random.Random,
    settings: FeedSettings,
    idle_s: Callable[[], float | None],
    report: Callable[[str, TransportError], None],
) -> dict[TransportKind, Transport]:
    """One transport for each kind; nothing is contacted.

    Args:
        get: one request within the venue's budget.
        idle_s: seconds since the user last did something.
        report: told of a poll that fails while others go on.
    """

    def polling(kind: TransportKind) -> Transport:
        cadence = adaptive(settings.poll_interval_s, idle_s)
        return PollTransport(kind, get, clock=clock, rng=rng, cadence=cadence, report=report)

    makers: dict[TransportKind, Callable[[], Transport]] = {
        TransportKind.WEBSOCKET: WebSocketTransport,
        TransportKind.SSE: lambda: SseTransport(rest),
        TransportKind.LONG_POLL: lambda: polling(TransportKind.LONG_POLL),
        TransportKind.POLL: lambda: polling(TransportKind.POLL),
    }
    return {kind: makers[kind]() for kind in kinds}
