"""The loop around single connection attempts, and the connection that takes over from another."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import msgspec

from tui.adapters.base import Adapter, Outgoing
from tui.feed.authorization import Authorization
from tui.feed.clock import Clock
from tui.feed.connection import ConnectionMachine
from tui.feed.conversation import Conversation, HangUp
from tui.feed.error_log import ErrorLog
from tui.feed.metrics import Metrics
from tui.feed.route import Route, internal_error
from tui.feed.settings import FeedSettings
from tui.feed.trace import Trace
from tui.feed.upkeep import Upkeep
from tui.model.errors import TransportError
from tui.model.health import ErrorCategory
from tui.model.transport import StreamRequest, TransportKind
from tui.transports.base import Connection

_CLOSE_S = 2.0
# Many clients are told at once that a server goes: they do not all come at once.
_SPREAD_S = 5.0


class Supervisor:
    """Keeps one connection of a feed up, for ever.

    Attributes:
        conversation: what is said on the connection; None while there is none.
        is_offline: True while this machine has no network.
    """

    def __init__(
        self,
        adapter: Adapter,
        route: Route,
        machine: ConnectionMachine,
        upkeep: Upkeep,
        *,
        authorization: Authorization,
        metrics: Metrics,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings,
        trace: Trace,
    ) -> None:
        self._adapter = adapter
        self._route = route
        self._machine = machine
        self._upkeep = upkeep
        self._authorization = authorization
        self._metrics = metrics
        self._clock = clock
        self._rng = rng
        self._errors = errors
        self._settings = settings
        self._trace = trace
        self.conversation: Conversation | None = None
        self.is_offline = False
        self._connection: Connection | None = None
        self._next: _Prepared | None = None
        self._restarts = 0
        self._at_once = False
        self._wake = asyncio.Event()
        self._wake_cause = ""

    def leave(self, cause: str) -> None:
        """End the connection, or the wait for one, at once."""
        if self.conversation is not None:
            self.conversation.end(HangUp(cause))
        else:
            self._wake_cause = cause
            self._wake.set()

    def fail(self, cause: str) -> None:
        """The connection is open and of no use."""
        if self.conversation is not None:
            self.conversation.end(TransportError(cause))

    def restart(self) -> None:
        """What is open, or about to be, speaks of what no longer counts."""
        self._restarts += 1
        self._at_once = True
        if self.conversation is not None:
            self.conversation.inbox.abandon()

    def renew(self, cause: str) -> None:
        """Open another connection, which takes over when it is there."""
        self._renew(cause)

    def renew_as_told(self, cause: str) -> None:
        """Likewise, because the venue is about to end this one."""
        self._renew(cause, self._rng.uniform(0.0, _SPREAD_S))

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        try:
            await self._supervise()
        finally:
            await self._drop_next()

    async def _supervise(self) -> None:
        task = asyncio.current_task()
        while True:
            if task is not None and task.cancelling():
                # The connection failed in the very moment of the cancellation, and hid it.
                raise asyncio.CancelledError
            await self._until_due()
            try:
                await self._connect_once()
            except HangUp as hang_up:
                self._route.hung_up()
                self._machine.hung_up(str(hang_up), at_once=self._at_once)
                self._end_of_connection(str(hang_up))
            except TransportError as error:
                self._lost(error)
            except Exception as error:
                # A fault of ours must not end the feed; it is said, and tried again with backoff.
                self._lost(internal_error(error))
            finally:
                # Last: a connection that died takes its time to close, and nothing is live meanwhile.
                await self._close_connection()

    def _lost(self, error: TransportError) -> None:
        """The connection failed: decide whether, when and by which transport to try again."""
        if self._authorization.refused(error.status):
            error = TransportError(f"{error.message}; a new token is fetched", status=None)
        # Without a network nothing that fails says anything of the venue.
        other_way = False if self.is_offline else self._route.failed(error)
        rest_s = self._route.breaker.retry_in_s
        self._machine.lost(error, rest_s=rest_s, has_other_way=other_way)
        self._end_of_connection(error.message)
        going_on = f"; going on by {self._route.kind}" if other_way else ""
        self._errors.report(
            ErrorCategory.CONNECTION, f"{error}{going_on}", venue=self._adapter.venue
        )

    async def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await _close(connection)

    def _end_of_connection(self, cause: str) -> None:
        self._metrics.forget_latency()
        self._upkeep.lost(f"disconnected: {cause}")

    async def _until_due(self) -> None:
        """Wait for the moment of the next attempt, or for somebody who does not want to wait."""
        while True:
            # A venue may end a connection on which nothing is asked for, again and again.
            await self._upkeep.wishes.wait()
            if self._wake.is_set():
                self._wake.clear()
                self._machine.hung_up(self._wake_cause, at_once=self._at_once)
            if self._next is not None and self._is_fit(self._next):
                return  # what is open already needs no attempt
            await self._drop_next()
            delay = self._machine.retry_in_s
            if delay is not None and delay <= 0:
                return
            await self._sleep_or_wake(delay)

    async def _sleep_or_wake(self, delay: float | None) -> None:
        """Sleep so long, or for ever, unless somebody wants to go on at once."""
        waits = [asyncio.ensure_future(self._wake_up())]
        if delay is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(delay)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _wake_up(self) -> None:
        await self._wake.wait()

    async def _connect_once(self) -> None:
        """One attempt and the conversation that follows; ends by raising why it ended."""
        ready, self._next = self._next, None
        self._at_once = False
        if ready is None:
            self._machine.attempt()
            ready = await self._prepare()
        self._connection = ready.connection
        if not self._is_fit(ready):
            raise HangUp(self._wake_cause)  # what this connection begins with may be of before
        try:
            await self._converse(ready)
        finally:
            self.conversation = None

    async def _prepare(self) -> _Prepared:
        """Open a connection and have everything ready that is said first."""
        restarts, kind = self._restarts, self._route.kind
        opening = await self._authorization.message() if kind.is_two_way else None
        request = await self.request()
        connection = await self._route.open(request)
        return _Prepared(restarts, kind, request, opening, connection)

    def _is_fit(self, ready: _Prepared) -> bool:
        return ready.restarts == self._restarts and ready.kind is self._route.kind

    async def _converse(self, ready: _Prepared) -> None:
        conversation = self.conversation = Conversation(
            ready.connection,
            ready.request,
            ready.kind,
            self._adapter,
            self._settings,
            clock=self._clock,
            intake=self._upkeep.intake,
            outbox=self._upkeep.outbox,
            metrics=self._metrics,
            host=self,
            opening=ready.opening,
            trace=self._trace,
        )
        # Whoever did not want to wait for a connection has one now.
        self._wake.clear()
        self._machine.connected(f"connected by {ready.kind}")
        self._route.connected()
        self._upkeep.connected(ready.kind)
        # In a task of its own: a group that fails leaves a request of cancellation on its task (Python
        # 3.11 and 3.12), and on the supervisor only a real one may count.
        await asyncio.create_task(conversation.run())

    # -- what the conversation asks --------------------------------------------------------

    async def request(self) -> StreamRequest:
        """What to ask of the transport in use now."""
        return await self._route.request(list(self._upkeep.subscriptions.streams))

    def sent(self, outgoing: Outgoing, asks: bool) -> None:
        self._upkeep.sent(outgoing, asks)

    def expiring(self, cause: str) -> None:
        self._renew(cause)

    def tick(self) -> None:
        self._upkeep.tick()

    # -- the next connection, opened before the present one ends ---------------------------

    def _renew(self, cause: str, delay_s: float = 0.0) -> None:
        if not self._upkeep.jobs.is_running("renewal"):
            self._upkeep.jobs.start("renewal", lambda: self._open_next(cause, delay_s))

    async def _open_next(self, cause: str, delay_s: float) -> None:
        """Open another connection, then let it take over; while it cannot be had the present one
        goes on."""
        await self._clock.sleep(max(delay_s, self._machine.renewal_delay_s()))
        self._machine.note_attempt()
        try:
            self._next = await self._prepare()
        except Exception as fault:
            error = fault if isinstance(fault, TransportError) else internal_error(fault)
            self._machine.renewal_failed(error)
            self._errors.report(
                ErrorCategory.CONNECTION,
                f"the connection could not be renewed: {error}",
                venue=self._adapter.venue,
            )
        else:
            self.leave(cause)

    async def _drop_next(self) -> None:
        dropped, self._next = self._next, None
        if dropped is not None:
            await _close(dropped.connection)


class _Prepared(msgspec.Struct, frozen=True):
    """A connection that was opened, and what it was opened for."""

    restarts: int
    kind: TransportKind
    request: StreamRequest
    opening: Outgoing | None
    connection: Any


async def _close(connection: Connection) -> None:
    # What cannot be closed is gone.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_S):
            await connection.close()
