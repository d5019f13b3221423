"""The polling transports: addresses that are asked again and again, each in a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from msgspec.structs import replace

from tui.model.errors import TransportError
from tui.model.transport import EventFrame, PollRequest, StreamRequest, TransportKind
from tui.transports.answers import Answer, Place, read_answer
from tui.transports.cadence import Cadence, Rhythm
from tui.transports.refusal import host_of
from tui.transports.rest import RestResponse

_FAILURES = 3
_TIMEOUT_S = 10.0
# While waiting, this often a look at whether somebody came back to the keyboard.
_LOOK_S = 0.5
_KEEPALIVE_S = 10.0
# Being told to wait longer than this is the feed's to show, not a pause between two requests.
_LONGEST_REST_S = 30.0
# Requests that are answered at once, side by side; more would be many connections to one server.
_AT_ONCE = 4


class Getter(Protocol):
    """Sends one GET, once, within the venue's limits."""

    def __call__(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        weight: int = 1,
    ) -> Awaitable[RestResponse]:
        """Fetch an answer of any status below 500 save 429 and 418.

        Raises:
            TransportError: no such answer came; `status` and `retry_after_s` say more.
        """
        ...


class Clock(Protocol):
    """Time, of which the polls need the wall clock (ns), one that never runs back (s), and sleep."""

    def time_ns(self) -> int: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class PollTransport:
    """Opens connections that are made of requests.

    Nothing outlives a connection, neither cursors nor entity tags: whoever connects anew wants the
    state now, and an answer of "unchanged" or of changes alone would keep it from him.
    """

    def __init__(
        self,
        kind: TransportKind,
        get: Getter,
        *,
        clock: Clock,
        rng: random.Random,
        cadence: Cadence,
        report: Callable[[str, TransportError], None] | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            kind: LONG_POLL or POLL, as the adapter that makes the requests understands it.
            cadence: of the requests which the server answers at once.
            report: is told of each failure, by the poll's key, that does not end the connection. A
                fatal one is of a poll that is not asked any more.
        """
        self.kind = kind
        self._get = get
        self._clock = clock
        self._rng = rng
        self._cadence = cadence
        self._report = report or (lambda key, error: None)

    async def connect(self, request: StreamRequest, *, timeout_s: float) -> PollConnection:
        """Ask for everything once; open as soon as the first answer is there, or at once where there
        is nothing to ask for.

        Raises:
            TransportError: no request was answered; the last reason.
        """
        connection = PollConnection(
            self._get,
            request,
            clock=self._clock,
            rng=self._rng,
            cadence=self._cadence,
            report=self._report,
        )
        try:
            async with asyncio.timeout(timeout_s):
                await connection.opened()
        except TimeoutError:
            await connection.close()
            raise TransportError(
                f"{host_of(request.url)} did not answer within {timeout_s:g} s"
            ) from None
        except BaseException:
            await connection.close()
            raise
        return connection

    def forget(self) -> None:
        """There is nothing to forget."""


class _Poll:
    """One address and where it stands."""

    def __init__(self, request: PollRequest, rhythm: Rhythm) -> None:
        self.request = request
        self.rhythm = rhythm
        self.place = Place()
        self.is_new = True
        self.error: TransportError | None = None
        self.is_refused = False
        self.task: asyncio.Task[None] | None = None

    def is_same(self, request: PollRequest) -> bool:
        """True where the request asks for the same; its headers and its cursor function may differ,
        as they do whenever they are made anew."""
        mine = self.request
        return (mine.url, mine.params, mine.wait_s, mine.min_interval_s) == (
            request.url,
            request.params,
            request.wait_s,
            request.min_interval_s,
        )


class PollConnection:
    """Polls that run side by side, never two requests of one at a time.

    An answer becomes an EventFrame with the poll's key; one without news becomes an empty one. While
    requests rest by their cadence, plain empty frames say that this is no silence.
    """

    def __init__(
        self,
        get: Getter,
        request: StreamRequest,
        *,
        clock: Clock,
        rng: random.Random,
        cadence: Cadence,
        report: Callable[[str, TransportError], None],
    ) -> None:
        """Begin to ask."""
        self._get = get
        self._host = host_of(request.url)
        self._clock = clock
        self._rng = rng
        self._cadence = cadence
        self._report = report
        self._polls: dict[str, _Poll] = {}
        # Each with what is to be done when it is handed over; one of each poll at most.
        self._frames: deque[tuple[bytes, _Poll | None, Callable[[], None]]] = deque()
        self._changed = asyncio.Event()
        self._answered = False
        self._spoke = False
        self._error: BaseException | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._begin(request)
        self._keepalive = asyncio.create_task(self._keep_alive())

    async def opened(self) -> None:
        """Wait for the first answer.

        Raises:
            TransportError: every poll failed once; the last reason.
        """
        while not self._answered and self._polls:
            if self._error is not None:
                raise self._error
            errors = [poll.error for poll in self._polls.values()]
            if None not in errors:
                raise self._worst()
            self._changed.clear()
            await self._changed.wait()

    async def receive(self) -> bytes:
        """The next answer, or an empty frame where there is life and no news. A cursor moves on with
        the answer that is handed over. Cancellation-safe; one reader only.

        Raises:
            TransportError: a request was refused for all (401, 403), all polls were refused or failed
                three times in a row, or have to wait for long; or a server lost our place (400 or 410
                with a cursor), so that what came meanwhile has to be fetched otherwise.
        """
        while not self._frames:
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        frame, poll, handed_over = self._frames.popleft()
        self._spoke = poll is not None
        handed_over()
        return frame

    async def send(self, text: str) -> None:
        """Not here: what is wanted stands in the requests."""
        raise NotImplementedError

    async def ping(self) -> float:
        """Not here: every answer is a sign of life."""
        raise NotImplementedError

    async def update(self, request: StreamRequest) -> None:
        """Ask for something else from now on; one such wish at a time. A poll that stays is not
        disturbed; one that is taken away, and asked for again later, begins from the start.

        Raises:
            TransportError: the connection had ended.
        """
        if self._error is not None:
            raise self._error
        wanted = {poll.key: poll for poll in request.polls}
        gone = [
            poll
            for key, poll in self._polls.items()
            if key not in wanted or not poll.is_same(wanted[key])
        ]
        # Asking for something else of a server that fails is no reason to ask it sooner, or to hope.
        failing = {poll.request.key: poll for poll in gone if poll.error is not None}
        for poll in gone:
            del self._polls[poll.request.key]
        self._frames = deque(entry for entry in self._frames if entry[1] not in gone)
        await _end(*(poll.task for poll in gone))
        self._begin(request, failing)
        self._judge()

    async def close(self) -> None:
        """End all requests."""
        if self._error is None:
            self._fail(TransportError(f"the polls of {self._host} were closed"))
        await _end(self._keepalive, *(poll.task for poll in self._polls.values()))

    # -- Asking ----------------------------------------------------------------------------

    def _begin(self, request: StreamRequest, failing: Mapping[str, _Poll] | None = None) -> None:
        for wanted in request.polls:
            wanted = replace(wanted, headers={**request.headers, **wanted.headers})
            poll = self._polls.get(wanted.key)
            if poll is not None:
                poll.request = wanted
                continue
            rhythm = Rhythm(
                self._cadence,
                self._rng,
                min_interval_s=wanted.min_interval_s,
                holds=wanted.wait_s > 0,
            )
            before = failing.get(wanted.key) if failing else None
            poll = self._polls[wanted.key] = _Poll(wanted, before.rhythm if before else rhythm)
            poll.error = before.error if before else None
            poll.task = asyncio.create_task(self._ask_on(poll))
            poll.task.add_done_callback(self._look_at)

    async def _ask_on(self, poll: _Poll) -> None:
        """Ask until the poll is taken away or refused."""
        while not poll.is_refused:
            await self._until_due(poll)
            try:
                answer = await self._ask(poll)
            except TransportError as error:
                self._failed(poll, error)
            else:
                await self._succeeded(poll, answer)

    async def _until_due(self, poll: _Poll) -> None:
        while True:
            due_s = poll.rhythm.due_in(self._clock.monotonic())
            # Below a microsecond a clock may not move at all.
            if due_s is not None and due_s < 1e-6:
                return
            await self._clock.sleep(_LOOK_S if due_s is None else min(due_s, _LOOK_S))

    async def _ask(self, poll: _Poll) -> Answer:
        request, place = poll.request, poll.place
        # The first answer says whether the connection is open, and is not worth waiting for news.
        wait_s = 0.0 if poll.is_new else request.wait_s
        headers = {**request.headers, "Cache-Control": "no-cache", **place.validators}
        if request.wait_s > 0:
            headers["Prefer"] = f"wait={wait_s:.0f}"
        # A request that the server holds takes no place of those that are answered at once.
        async with contextlib.nullcontext() if wait_s else self._slots:
            poll.rhythm.began(self._clock.monotonic())
            response = await self._get(
                request.url,
                {**request.params, **place.cursor},
                headers=headers,
                timeout_s=wait_s + _TIMEOUT_S,
                weight=request.weight,
            )
        return read_answer(request, place, response, self._clock.time_ns())

    async def _succeeded(self, poll: _Poll, answer: Answer) -> None:
        poll.is_new = False
        poll.error = None
        poll.rhythm.succeeded(self._clock.monotonic(), empty=not answer.body)
        taken = asyncio.Event()

        def handed_over() -> None:
            poll.place = answer.place
            taken.set()

        self._frames.append((EventFrame(answer.body, poll.request.key), poll, handed_over))
        self._answered = True
        self._changed.set()
        # The next request needs the cursor, and answers that nobody takes shall not pile up.
        await taken.wait()

    def _failed(self, poll: _Poll, error: TransportError) -> None:
        poll.error = error
        poll.rhythm.failed(self._clock.monotonic(), error.retry_after_s)
        if error.fatal and error.status in (None, 401, 403):
            self._fail(error)
        elif poll.place.cursor and error.status in (400, 410):
            self._fail(
                TransportError(
                    f"{host_of(poll.request.url)} does not know our place any more "
                    f"(HTTP {error.status})"
                )
            )
        else:
            poll.is_refused = error.fatal
            self._judge()
            if self._error is None:
                self._report(poll.request.key, error)
        self._changed.set()

    # -- Judging ---------------------------------------------------------------------------

    def _judge(self) -> None:
        """End the connection when nothing of it works any more."""
        if self._polls and all(self._is_hopeless(poll) for poll in self._polls.values()):
            self._fail(self._worst())

    def _is_hopeless(self, poll: _Poll) -> bool:
        if poll.is_refused or poll.rhythm.failures >= _FAILURES:
            return True
        told_s = poll.error.retry_after_s if poll.error is not None else None
        return told_s is not None and told_s > _LONGEST_REST_S

    def _worst(self) -> TransportError:
        """Why nothing works: what may pass, where any of it may; else the refusal."""
        found = [poll.error for poll in self._polls.values() if poll.error is not None]
        return next((error for error in reversed(found) if not error.fatal), found[-1])

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._changed.set()

    def _look_at(self, task: asyncio.Task[None]) -> None:
        """A fault of ours ends the connection; it must not end in silence."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    async def _keep_alive(self) -> None:
        while True:
            await self._clock.sleep(_KEEPALIVE_S)
            polls = self._polls.values()
            well = not polls or any(self._is_well(poll) for poll in polls)
            if well and not self._spoke and not self._frames:
                self._frames.append((b"", None, _nothing))
                self._changed.set()
            self._spoke = False

    def _is_well(self, poll: _Poll) -> bool:
        return poll.error is None or poll.rhythm.due_in(self._clock.monotonic()) is None


def _nothing() -> None:
    """What is to be done with a sign of life."""


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and see them end."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
