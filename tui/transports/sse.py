"""The transport of server-sent events: one GET whose answer goes on, resumed by the last event's id."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from tui.model.errors import TransportError
from tui.model.transport import EventFrame, StreamRequest, TransportKind
from tui.transports.event_stream import EventStreamParser, EventTooLarge, ServerSentEvent
from tui.transports.refusal import FATAL_STATUSES, host_of, may_pass, retry_after_s
from tui.transports.rest import ByteStream, RestTransport, fits_header

_LONGEST_RETRY_MS = 60_000
# The close code of a WebSocket for a message beyond the limit means the same here.
_TOO_LARGE = 1009
_CHECK = "check the endpoint in config.toml"


class SseTransport:
    """Opens event streams.

    The last event's id outlives a connection, so that the next one goes on where it ended; it is
    that of the last event which was handed over, not of the last which came.
    """

    kind = TransportKind.SSE

    def __init__(self, rest: RestTransport) -> None:
        self._rest = rest
        self.last_event_id = ""
        self.retry_s: float | None = None

    @property
    def can_resume(self) -> bool:
        """Whether there is an id to go on from; one that no header can hold is none."""
        return bool(self.last_event_id) and fits_header(self.last_event_id)

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> SseConnection:
        """Open one stream, without retrying.

        Raises:
            TransportError: refused, timed out, no event stream; `fatal` where the server said no,
                or that it does not want to be asked again (204).
        """
        return SseConnection(self, await self.open(request, timeout_s), timeout_s)

    def forget(self) -> None:
        """Begin anew: no last event id."""
        self.last_event_id = ""
        self.retry_s = None

    async def open(self, request: StreamRequest, timeout_s: float) -> EventStream:
        headers = {
            **request.headers,
            "Accept": "text/event-stream",
            "Cache-Control": "no-store",
        }
        if self.can_resume:
            headers["Last-Event-ID"] = self.last_event_id
        try:
            body = await self._rest.open(request.url, headers=headers, timeout_s=timeout_s)
        except TransportError as error:
            if not error.fatal and error.retry_after_s is None:
                error.retry_after_s = self.retry_s
            raise
        refusal = _refusal(request.url, body)
        if refusal is not None:
            body.close()
            raise refusal
        return EventStream(
            body,
            EventStreamParser(request.max_message_bytes, last_event_id=self.last_event_id),
            host_of(request.url),
        )


class EventStream:
    """One answer that goes on.

    Attributes:
        events: what came and was not handed over yet.
        ended: why no more will come; None while it is open.
    """

    def __init__(self, body: ByteStream, parser: EventStreamParser, host: str) -> None:
        self.events: deque[ServerSentEvent] = deque()
        self.ended: TransportError | None = None
        self.parser = parser
        self._body = body
        self._host = host

    async def read(self) -> None:
        """Wait for bytes, or the end. Cancellation-safe."""
        try:
            data = await self._body.read()
        except TransportError as error:
            self.ended = error
            return
        if data:
            self._parse(data)
        else:
            self.ended = TransportError(f"{self._host} ended the event stream")

    def read_nowait(self) -> None:
        """Take what has come already."""
        self._parse(self._body.read_nowait())

    def close(self) -> None:
        self._body.close()

    @property
    def retry_s(self) -> float | None:
        """What `retry:` asked for, where that is a time to wait."""
        retry_ms = self.parser.retry_ms
        return retry_ms / 1000 if retry_ms and retry_ms <= _LONGEST_RETRY_MS else None

    def _parse(self, data: bytes) -> None:
        try:
            self.events += self.parser.feed(data)
        except EventTooLarge as error:
            self.events += error.events
            self.ended = TransportError(f"{self._host} sent {error.message}", status=_TOO_LARGE)


class SseConnection:
    """An open event stream.

    An event becomes an EventFrame with the event's type. Bytes that complete no event, such as a
    comment that keeps the line open, become an empty frame: life, and nothing to decode.
    """

    def __init__(self, transport: SseTransport, stream: EventStream, timeout_s: float) -> None:
        self._transport = transport
        self._stream = stream
        self._timeout_s = timeout_s
        self._closed = False
        self._may_read = asyncio.Event()
        self._may_read.set()

    async def receive(self) -> bytes:
        """The next event, or an empty frame where only life came. Cancellation-safe; one reader only.

        Raises:
            TransportError: the stream ended; `retry_after_s` is what its `retry:` asked for.
        """
        while True:
            await self._may_read.wait()
            stream = self._stream
            if stream.events:
                return self._hand_over(stream)
            if stream.ended is not None:
                stream.ended.retry_after_s = self._transport.retry_s
                raise stream.ended
            await stream.read()
            # While moving to another address, what came may have to be forgotten, the end as well.
            if stream is not self._stream or not self._may_read.is_set():
                continue
            self._transport.retry_s = stream.retry_s or self._transport.retry_s
            if not stream.events and stream.ended is None:
                self._transport.last_event_id = stream.parser.last_event_id
                return b""

    async def send(self, text: str) -> None:
        """Not here: what is wanted stands in the address."""
        raise NotImplementedError

    async def ping(self) -> float:
        """Not here: the server's comments are all the life there is."""
        raise NotImplementedError

    async def update(self, request: StreamRequest) -> None:
        """Go on at another address, from the same place; one such wish at a time.

        The old stream is left when the new one is open, and stays when it cannot be opened. With an
        id the new one begins behind the last event that was handed over, so nothing of the old one
        is handed over from here on. Without an id nothing can resume, and the old one is read to
        the last byte that came: nothing is lost, though something may come twice.

        Raises:
            TransportError: the new stream cannot be opened.
        """
        resumes = self._transport.can_resume
        if resumes:
            self._may_read.clear()
        try:
            new = await self._transport.open(request, self._timeout_s)
            if self._closed:
                new.close()
                raise TransportError("the event stream was closed meanwhile")
            old, self._stream = self._stream, new
        finally:
            self._may_read.set()
        if not resumes:
            old.read_nowait()
            new.events.extend(old.events)
        old.close()

    async def close(self) -> None:
        """Leave, without waiting for the other side."""
        self._closed = True
        self._stream.close()

    def _hand_over(self, stream: EventStream) -> bytes:
        event = stream.events.popleft()
        # An id without an event of its own counts once all events before it are handed over.
        self._transport.last_event_id = event.id if stream.events else stream.parser.last_event_id
        return EventFrame(event.data, event.event)


def _refusal(url: str, body: ByteStream) -> TransportError | None:
    """Why this answer is no event stream; None if it is one."""
    host, status = host_of(url), body.status
    if status == 200:
        kind = body.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            return None
        return TransportError(
            f"{host} answered with {kind or 'something unnamed'} instead of an event stream",
            hint=_CHECK,
            status=status,
            fatal=True,
        )
    if status == 204:
        return TransportError(
            f"{host} wants no more connections (HTTP 204)",
            hint="try again later, by hand",
            status=status,
            fatal=True,
        )
    passing = may_pass(status)
    return TransportError(
        f"{host} refused the event stream with HTTP {status}",
        hint="" if passing else FATAL_STATUSES.get(status, _CHECK),
        status=status,
        retry_after_s=retry_after_s(body.headers, time.time()),
        fatal=not passing,
    )
