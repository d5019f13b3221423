"""One open connection from its first frame to its end: read, send, ping, and watch the deadlines."""

from __future__ import annotations

import asyncio
from typing import NoReturn, Protocol

import msgspec

from tui.adapters.base import Adapter, Outgoing
from tui.feed.clock import Clock
from tui.feed.inbox import Inbox
from tui.feed.intake import Intake
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.settings import FeedSettings
from tui.feed.trace import NO_TRACE, Trace, TraceKind
from tui.model.errors import TransportError
from tui.model.transport import EventFrame, StreamRequest, TransportKind
from tui.transports.base import Connection

_WATCH_S = 0.25
_STANDSTILL_S = 2.0
_FRAMES_A_TURN = 200


class HangUp(Exception):
    """We end the connection on purpose, to open another at once."""


class Host(Protocol):
    """Who holds the conversation."""

    async def request(self) -> StreamRequest:
        """What to ask of a one-way transport now."""
        ...

    def sent(self, outgoing: Outgoing, asks: bool) -> None:
        """A message went out; `asks`: it asks for its subscriptions."""
        ...

    def expiring(self, cause: str) -> None:
        """The connection is as old as the venue lets it grow."""
        ...

    def tick(self) -> None:
        """A few times a second."""
        ...


class Conversation:
    """What is said on one connection."""

    def __init__(
        self,
        connection: Connection,
        request: StreamRequest,
        kind: TransportKind,
        adapter: Adapter,
        settings: FeedSettings,
        *,
        clock: Clock,
        intake: Intake,
        outbox: Outbox,
        metrics: Metrics,
        host: Host,
        opening: Outgoing | None = None,
        trace: Trace = NO_TRACE,
    ) -> None:
        """Prepare a conversation by a transport of this kind, opened with `request`; `opening` is
        said before all else."""
        self._connection = connection
        self._request = request
        self._kind = kind
        self._is_polled = kind in (TransportKind.LONG_POLL, TransportKind.POLL)
        self._adapter = adapter
        self._settings = settings
        self._clock = clock
        self._intake = intake
        self._outbox = outbox
        self._metrics = metrics
        self._host = host
        self._opening = opening
        self._trace = trace
        self._started = self._last_frame = clock.monotonic()
        self._is_expiring = False
        self._ping_sent: float | None = None
        self._ended = asyncio.Event()
        self._end: Exception = HangUp("")
        self.inbox = Inbox(settings.inbox_limit)

    def end(self, reason: HangUp | TransportError) -> None:
        """End the conversation soon; `run` raises the reason."""
        self._end = reason
        self._ended.set()

    async def run(self) -> NoReturn:
        """Talk until the connection ends.

        Raises:
            HangUp: we ended it on purpose.
            TransportError: it was lost, or is as good as lost.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._intake.run(self.inbox))
                group.create_task(self._send())
                if self._kind.is_two_way:
                    group.create_task(self._ping())
                group.create_task(self._watch())
                group.create_task(self._leave())
        except BaseExceptionGroup as group_of_reasons:
            reason = _main_reason(group_of_reasons)
        else:
            raise AssertionError("the reader never returns")
        # What came before the end is still true, and the transport's place is behind it. A jump in
        # time has emptied the inbox.
        await self._intake.drain(self.inbox)
        raise reason

    async def _read(self) -> None:
        """Only read: a reader that does more lets the socket's buffers fill."""
        receive, time_ns, monotonic = (
            self._connection.receive,
            self._clock.time_ns,
            self._clock.monotonic,
        )
        inbox, metrics, trace = self.inbox, self._metrics, self._trace
        while True:
            for _ in range(_FRAMES_A_TURN):
                frame = await receive()
                now = self._last_frame = monotonic()
                if not frame:
                    if self._is_polled and isinstance(frame, EventFrame):
                        self._intake.unchanged(frame.event)
                    continue  # a sign of life without content
                metrics.received(len(frame), now)
                inbox.put(frame, time_ns())
                if trace.is_on:
                    trace.note(TraceKind.FRAME_IN, self._adapter.venue, frame)
            # Frames that wait already are received without a pause: keys and screen want their turn.
            await asyncio.sleep(0)

    async def _send(self) -> None:
        if self._opening is not None:
            await self._say(self._opening)
        while True:
            outgoing, asks = await self._outbox.next()
            if self._kind.is_two_way:
                await self._say(outgoing)
            else:
                await self._update()
                # Nobody answers: what the request names is asked for.
                outgoing = msgspec.structs.replace(outgoing, request_id=None)
            self._host.sent(outgoing, asks)

    async def _update(self) -> None:
        request = await self._host.request()
        if request != self._request:
            self._request = request
            await self._connection.update(request)

    async def _say(self, outgoing: Outgoing) -> None:
        await self._connection.send(outgoing.text)
        self._metrics.sent(len(outgoing.text))
        if self._trace.is_on:
            self._trace.note(TraceKind.FRAME_OUT, self._adapter.venue, outgoing.text)

    async def _ping(self) -> None:
        interval = self._settings.ping_interval_s
        await self._clock.sleep(min(1.0, interval))
        while True:
            heartbeat = self._adapter.heartbeat()
            if heartbeat is not None:
                self._outbox.send(heartbeat)
            self._ping_sent = self._clock.monotonic()
            self._metrics.ping_s = await self._connection.ping()
            self._ping_sent = None
            if self._adapter.liveness.pongs_count:
                self._last_frame = self._clock.monotonic()
            await self._clock.sleep(interval)

    async def _leave(self) -> None:
        await self._ended.wait()
        raise self._end

    async def _watch(self) -> None:
        """Look at every deadline a few times a second; all of them run from the start."""
        pong_timeout_s = self._settings.pong_timeout_s
        silence_s = self._adapter.liveness.connection_s
        age_s = self._adapter.limits.max_connection_age_s
        looked = self._clock.monotonic()
        while True:
            await self._clock.sleep(_WATCH_S)
            now = self._clock.monotonic()
            if now - looked > _STANDSTILL_S:
                # We stood still, not the venue: what it sent meanwhile waits to be read.
                self._last_frame = now
                self._ping_sent = None if self._ping_sent is None else now
            looked = now
            if self._ping_sent is not None and now - self._ping_sent > pong_timeout_s:
                raise TransportError(f"no pong within {pong_timeout_s:g} s")
            # What is polled may rest long, and each of its requests has a limit of its own.
            if not self._is_polled and now - self._last_frame > silence_s:
                raise TransportError(f"nothing came for {silence_s:g} s")
            if now - self._started > age_s and not self._is_expiring:
                self._is_expiring = True
                self._host.expiring("renewed before the venue ends it for its age")
            self._host.tick()


def _main_reason(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One reason of several: our own wish first, then the connection's end, then a fault of ours."""
    leaves = list(_leaves(group))
    for kind in (HangUp, TransportError):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0]


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            leaves += _leaves(error)
        else:
            leaves.append(error)
    return leaves
