"""The supervisor of one venue: a loop around single connection attempts, and what lives beside it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Iterable, Mapping

from tui.adapters.base import Adapter
from tui.feed.clock import Clock
from tui.feed.connection import ConnectionMachine
from tui.feed.conversation import Conversation, HangUp
from tui.feed.error_log import ErrorLog
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.health import ConnectionState, ErrorCategory, FeedHealth, Transition
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.base import Connection, Transport
from tui.transports.rest import RestTransport

_CLOSE_S = 2.0
_CLOCK_EVERY_S = 300.0
_TICKERS_EVERY_S = 60.0


class Feed:
    """One venue kept live.

    Say what is wanted with `want`, at any time; read the market. Everything that goes wrong is on
    the error log and in each subscription's Truth; nothing is raised.

    Attributes:
        venue: the adapter's venue.
        history: transitions of the connection, oldest first.
    """

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        *,
        transports: Mapping[TransportKind, Transport],
        rest: RestTransport,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings = FeedSettings(),  # noqa: B008 - frozen
    ) -> None:
        """Prepare a feed; nothing is contacted before `run`. The owner closes `rest`."""
        self.venue = adapter.venue
        self._adapter = adapter
        self._market = market
        self._transport = transports[adapter.transports[0]]
        self._clock = clock
        self._errors = errors
        self._settings = settings
        self._machine = ConnectionMachine(clock, rng, settings, adapter.limits)
        self._metrics = Metrics()
        self._rest = RestClient(adapter, rest, clock=clock, rng=rng, errors=errors)
        self._upkeep = Upkeep(
            adapter,
            market,
            self._rest,
            clock=clock,
            rng=rng,
            errors=errors,
            settings=settings,
            metrics=self._metrics,
            useful=self._machine.useful,
            leave=self._leave_as_told,
        )
        self._connection: Connection | None = None
        self._conversation: Conversation | None = None
        self._restarts = 0
        self._wake = asyncio.Event()
        self._wake_cause = ""
        self._listed: list[InstrumentInfo] | None = None
        self._listing = asyncio.Lock()

    @property
    def history(self) -> deque[Transition]:
        return self._machine.history

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """Make this the full set of wanted subscriptions; those of other venues are ignored.

        What is no longer wanted keeps its state in the market, with the truth OFF.
        """
        self._upkeep.want(one for one in subscriptions if one.instrument.venue == self.venue)

    def reconnect(self, cause: str) -> None:
        """Connect anew at once, without waiting for any backoff; what was rejected is tried again."""
        self._upkeep.forgive()
        self._leave(cause)

    def restart(self, cause: str) -> None:
        """Drop every fact of this venue and connect anew at once, as when a replay jumps in time."""
        self._restarts += 1
        if self._conversation is not None:
            self._conversation.inbox.abandon()
        self._metrics.forget_latency()
        self._upkeep.restart()
        self.reconnect(cause)

    async def instruments(self) -> list[InstrumentInfo]:
        """Everything that the venue lists; fetched once.

        Raises:
            TradeTuiError: the list could not be had.
        """
        async with self._listing:
            if self._listed is None:
                self._listed = await self._rest.fetch(self._adapter.instruments_request())
                self._upkeep.note_listed(self._listed)
            return self._listed

    async def fetch_candles(
        self, instrument: Instrument, timeframe: Timeframe, *, limit: int
    ) -> int:
        """Fetch the newest `limit` candles once, without a subscription; returns how many were new.

        Raises:
            TradeTuiError: they could not be had; it is on the error log too.
        """
        request = self._adapter.candles_request(instrument, timeframe, limit=limit)
        restarts = self._restarts
        try:
            candles = await self._rest.fetch(request)
        except TransportError as error:
            if error.is_refusal:
                self._errors.report(
                    ErrorCategory.SUBSCRIPTION,
                    f"no candles by REST: {error.message}",
                    instrument=instrument,
                )
            raise
        if restarts != self._restarts:
            return 0  # they belong to the moment before the jump
        return self._market.merge_candles(instrument, timeframe, candles)

    def health(self) -> FeedHealth:
        """The figures of this moment."""
        machine, metrics = self._machine, self._metrics
        now = self._clock.monotonic()
        message_rate, byte_rate = metrics.rates(now)
        offset = self._upkeep.offset.offset
        p50, p99 = metrics.latency_ms(offset, now)
        conversation = self._conversation
        return FeedHealth(
            venue=self.venue,
            endpoint=self._adapter.stream().url,
            transport=self._transport.kind,
            state=machine.state,
            cause=machine.cause,
            uptime_s=machine.uptime_s,
            messages_in=metrics.messages_in,
            messages_out=metrics.messages_out,
            bytes_in=metrics.bytes_in,
            bytes_out=metrics.bytes_out,
            message_rate=message_rate,
            byte_rate=byte_rate,
            reconnects=machine.reconnects,
            subscriptions=self._upkeep.subscriptions.counts(),
            queue_length=0 if conversation is None else len(conversation.inbox),
            conflated=metrics.conflated,
            dropped=metrics.dropped,
            latency_p50_ms=p50,
            latency_p99_ms=p99,
            ping_ms=None if metrics.ping_s is None else metrics.ping_s * 1e3,
            clock_offset_ms=None if offset is None else offset / 1e6,
            retry_in_s=machine.retry_in_s,
        )

    async def run(self) -> None:
        """Keep the venue live until cancelled; then everything is closed. May be run again."""
        self._machine.open()
        try:
            async with asyncio.TaskGroup() as group:
                self._upkeep.jobs.open(group)
                group.create_task(self._supervise())
                group.create_task(self._keep_clock())
                group.create_task(self._keep_tickers())
        finally:
            self._upkeep.jobs.close()
            self._machine.close("stopped")
            self._upkeep.lost("the feed is stopped")

    # -- the connection --------------------------------------------------------------------

    def _leave(self, cause: str) -> None:
        """End the connection, or the wait for one, at once."""
        if self._conversation is not None:
            self._conversation.hang_up(cause)
        else:
            self._wake_cause = cause
            self._wake.set()

    def _leave_as_told(self, cause: str) -> None:
        """End the connection because the venue is about to: the next is opened with the usual care."""
        if self._conversation is not None:
            self._conversation.hang_up(cause, at_once=False)

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
                if hang_up.at_once:
                    self._machine.hung_up(str(hang_up))
                else:
                    self._machine.lost(TransportError(str(hang_up)))
                self._end_of_connection(str(hang_up))
            except TransportError as error:
                self._machine.lost(error)
                self._end_of_connection(error.message)
                self._errors.report(ErrorCategory.CONNECTION, str(error), venue=self.venue)
            except Exception as error:
                # A fault of ours must not end the feed; it is said, and tried again with backoff.
                failure = TransportError(f"internal error: {type(error).__name__}: {error}")
                self._machine.lost(failure)
                self._end_of_connection(failure.message)
                self._errors.report(ErrorCategory.SERVER, failure.message, venue=self.venue)
            finally:
                # Last: a connection that died takes its time to close, and nothing is live meanwhile.
                await self._close_connection()

    async def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # What cannot be closed is gone.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_S):
                    await connection.close()

    def _end_of_connection(self, cause: str) -> None:
        self._metrics.forget_latency()
        self._upkeep.lost(f"disconnected: {cause}")

    async def _until_due(self) -> None:
        """Wait for the moment of the next attempt, or for somebody who does not want to wait."""
        while True:
            if self._wake.is_set():
                self._wake.clear()
                self._machine.hung_up(self._wake_cause)
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
        request = self._adapter.stream()
        restarts = self._restarts
        self._machine.attempt()
        self._connection = await self._transport.connect(
            request,
            timeout_s=self._settings.connect_timeout_s,
        )
        if restarts != self._restarts:
            raise HangUp(self._wake_cause)  # what this connection begins with may be of before
        try:
            await self._converse(self._connection)
        finally:
            self._conversation = None

    async def _converse(self, connection: Connection) -> None:
        conversation = self._conversation = Conversation(
            connection,
            self._adapter,
            self._settings,
            clock=self._clock,
            intake=self._upkeep.intake,
            outbox=self._upkeep.outbox,
            metrics=self._metrics,
            sent=self._upkeep.sent,
            tick=self._upkeep.tick,
        )
        # Whoever did not want to wait for a connection has one now.
        self._wake.clear()
        self._machine.connected(f"connected by {self._transport.kind}")
        self._upkeep.connected()
        # In a task of its own: a group that fails leaves a request of cancellation on its task (Python
        # 3.11 and 3.12), and on the supervisor only a real one may count.
        await asyncio.create_task(conversation.run())

    # -- what is done now and then ---------------------------------------------------------

    async def _keep_clock(self) -> None:
        while True:
            self._upkeep.measure_clock()
            await self._clock.sleep(_CLOCK_EVERY_S)

    async def _keep_tickers(self) -> None:
        """Day figures of a venue that does not stream them."""
        while Channel.TICKER not in self._adapter.channels:
            await self._clock.sleep(_TICKERS_EVERY_S)
            if self._machine.state is ConnectionState.CONNECTED:
                self._upkeep.refresh_tickers()
