"""The supervisor of one venue: a loop around single connection attempts, and what lives beside it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Iterable

from tui.adapters.base import Adapter
from tui.feed.backfill import Backfill
from tui.feed.book_flow import BookFlow
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.connection import ConnectionMachine
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.intake import Intake
from tui.feed.jobs import Jobs
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Entry, Stream, Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.errors import TradeTuiError, TransportError
from tui.model.events import Rejection, VenueNotice
from tui.model.health import ConnectionState, ErrorCategory, FeedHealth, Transition
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, Truth
from tui.model.timeframe import Timeframe
from tui.transports.base import Connection, Transport
from tui.transports.rest import RestTransport

_WATCH_S = 0.25
_CLOSE_S = 2.0
_CLOCK_EVERY_S = 300.0
_CLOCK_SAMPLES = 4
_TICKERS_EVERY_S = 60.0
# A built candle is closed this long after its end: the last trades are still on their way.
_CANDLE_GRACE_NS = 1_000_000_000


class _HangUp(Exception):
    """We end the connection on purpose, to open another at once."""


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
        transport: Transport,
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
        self._transport = transport
        self._clock = clock
        self._errors = errors
        self._settings = settings
        self._machine = ConnectionMachine(clock, rng, settings, adapter.limits)
        self._metrics = Metrics()
        self._offset = ClockOffset()
        self._jobs = Jobs(self.venue, errors)
        self._outbox = Outbox(adapter, clock)
        self._inbox = Inbox(settings.inbox_limit)
        self._subscriptions = Subscriptions(adapter, settings, clock, self._write_truth)
        self._trades = TradeFlow(market, self._trades_missing)
        self._books = BookFlow(
            adapter.book_policy,
            market,
            self._subscriptions,
            clock=clock,
            errors=errors,
            needs_snapshot=self._book_missing,
        )
        self._rest = RestClient(adapter, rest, clock=clock, rng=rng, errors=errors)
        self._intake = Intake(
            adapter,
            market,
            self,
            subscriptions=self._subscriptions,
            outbox=self._outbox,
            trades=self._trades,
            books=self._books,
            metrics=self._metrics,
            offset=self._offset,
            errors=errors,
            clock=clock,
        )
        self._backfill = Backfill(
            adapter,
            market,
            self._rest,
            subscriptions=self._subscriptions,
            outbox=self._outbox,
            trades=self._trades,
            books=self._books,
            offset=self._offset,
            clock=clock,
            rng=rng,
            errors=errors,
            settings=settings,
            unknown=self._symbol_unknown,
        )
        self._wake = asyncio.Event()
        self._wake_cause = ""
        self._listed: list[InstrumentInfo] | None = None
        self._listing = asyncio.Lock()
        self._connection: Connection | None = None
        self._was_up = False
        self._last_frame = 0.0
        self._ping_sent: float | None = None

    @property
    def history(self) -> deque[Transition]:
        return self._machine.history

    # -- what the rest of the program asks for ---------------------------------------------

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """Make this the full set of wanted subscriptions; those of other venues are ignored.

        What is no longer wanted keeps its state in the market, with the truth OFF.
        """
        change = self._subscriptions.want(
            one for one in subscriptions if one.instrument.venue == self.venue
        )
        for subscription in change.removed:
            self._stop(subscription)
        for subscription in change.give_up:
            if subscription.channel is Channel.TRADES:
                self._trades.forget(subscription.instrument)
        self._outbox.unsubscribe(change.give_up)
        for subscription in change.added:
            self._start(subscription)
        if self._connection is not None:
            self._outbox.subscribe(change.ask)
        if change.added:
            self._introduce()

    def reconnect(self, cause: str) -> None:
        """Connect anew at once, without waiting for any backoff; what was rejected is tried again."""
        self._subscriptions.forgive()
        self._wake_cause = cause
        self._wake.set()

    def restart(self, cause: str) -> None:
        """Drop every fact of this venue and connect anew at once, as when a replay jumps in time."""
        self._inbox.abandon()
        self._jobs.cancel_all()
        self._market.forget(self.venue)
        self._intake.forget()
        self._offset.reset()
        self._metrics.forget_latency()
        self._trades.reset()
        self._books.restart()
        self._backfill.restart()
        self._subscriptions.restart()
        self.reconnect(cause)

    async def instruments(self) -> list[InstrumentInfo]:
        """Everything that the venue lists; fetched once.

        Raises:
            TradeTuiError: the list could not be had; it is on the error log too.
        """
        async with self._listing:
            if self._listed is None:
                listed = await self._rest.fetch(self._adapter.instruments_request())
                self._listed = listed
                wanted = {entry.instrument for entry in self._subscriptions.entries}
                for info in listed:
                    if info.instrument in wanted:
                        self._market.set_info(info)
            return self._listed

    def health(self) -> FeedHealth:
        """The figures of this moment."""
        machine, metrics = self._machine, self._metrics
        now = self._clock.monotonic()
        message_rate, byte_rate = metrics.rates(now)
        offset = self._offset.offset
        p50, p99 = metrics.latency_ms(offset, now)
        return FeedHealth(
            venue=self.venue,
            endpoint=self._adapter.stream().url,
            transport=self._transport.name,
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
            subscriptions=self._subscriptions.counts(),
            queue_length=len(self._inbox),
            conflated=metrics.conflated,
            dropped=metrics.dropped,
            latency_p50_ms=p50,
            latency_p99_ms=p99,
            ping_ms=None if metrics.ping_s is None else metrics.ping_s * 1e3,
            clock_offset_ms=None if offset is None else offset / 1e6,
            retry_in_s=machine.retry_in_s,
        )

    async def run(self) -> None:
        """Keep the venue live until cancelled; then everything is closed."""
        try:
            async with asyncio.TaskGroup() as group:
                self._jobs.open(group)
                group.create_task(self._supervise())
                group.create_task(self._keep_clock())
                group.create_task(self._keep_tickers())
        finally:
            self._jobs.close()
            self._machine.close("stopped")
            self._subscriptions.lost("the feed is stopped")

    # -- the connection --------------------------------------------------------------------

    async def _supervise(self) -> None:
        while True:
            await self._until_due()
            try:
                await self._connect_once()
            except _HangUp as hang_up:
                self._after_loss(str(hang_up))
                self._machine.hung_up(str(hang_up))
            except TransportError as error:
                self._machine.lost(error)
                self._after_loss(error.message)
                self._errors.report(ErrorCategory.CONNECTION, str(error), venue=self.venue)
            except Exception as error:
                # A fault of ours must not end the feed; it is said, and tried again with backoff.
                failure = TransportError(f"internal error: {type(error).__name__}: {error}")
                self._machine.lost(failure)
                self._after_loss(failure.message)
                self._errors.report(ErrorCategory.SERVER, failure.message, venue=self.venue)

    async def _until_due(self) -> None:
        """Wait for the moment of the next attempt, or for somebody who does not want to wait."""
        while True:
            delay = self._machine.retry_in_s
            if self._wake.is_set():
                self._wake.clear()
                if self._machine.history:
                    self._machine.hung_up(self._wake_cause)
                delay = self._machine.retry_in_s
                if delay:
                    await self._clock.sleep(delay)
                return
            if delay is not None and delay <= 0:
                return
            await self._sleep_or_wake(delay)

    async def _sleep_or_wake(self, delay: float | None) -> None:
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._wake.wait())]
        if delay is not None:
            waits.append(asyncio.create_task(_sleep(self._clock, delay)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _connect_once(self) -> None:
        """One attempt and the conversation that follows; ends by raising why it ended."""
        request = self._adapter.stream()
        self._machine.attempt()
        connection = await self._transport.connect(
            request.url,
            request.headers,
            max_message_bytes=request.max_message_bytes,
            timeout_s=self._settings.connect_timeout_s,
        )
        try:
            await self._converse(connection)
        finally:
            self._connection = None
            with contextlib.suppress(TransportError, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await connection.close()

    async def _converse(self, connection: Connection) -> None:
        self._connection = connection
        self._was_up = True
        inbox = self._inbox = Inbox(self._settings.inbox_limit)
        self._last_frame = self._clock.monotonic()
        self._ping_sent = None
        self._machine.connected(f"connected to {self._transport.name}")
        self._outbox.clear()
        self._subscriptions.connected()
        self._books.reset_all("waiting for a snapshot")
        self._outbox.subscribe(list(self._subscriptions.streams))
        self._introduce()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(connection, inbox))
                group.create_task(self._intake.run(inbox))
                group.create_task(self._send(connection))
                group.create_task(self._ping(connection))
                group.create_task(self._watch())
                group.create_task(self._hang_up_on_wish())
        except* _HangUp as hang_ups:
            raise _first(hang_ups) from None
        except* TransportError as losses:
            # What came before the end is still true.
            await self._intake.drain(inbox)
            raise _first(losses) from None
        except* Exception as failures:
            raise _first(failures) from failures

    async def _read(self, connection: Connection, inbox: Inbox) -> None:
        """Only read: a reader that does more lets the socket's buffers fill."""
        clock, metrics = self._clock, self._metrics
        while True:
            frame = await connection.receive()
            now = clock.monotonic()
            self._last_frame = now
            metrics.received(len(frame), now)
            inbox.put(frame, clock.time_ns())

    async def _send(self, connection: Connection) -> None:
        while True:
            outgoing, asks = await self._outbox.next()
            await connection.send(outgoing.text)
            self._metrics.sent(len(outgoing.text))
            if asks:
                self._subscriptions.sent(outgoing)
                if outgoing.request_id is None:
                    for subscription in outgoing.subscriptions:
                        stream = self._subscriptions.streams.get(subscription)
                        if stream is not None:
                            self.acknowledged(stream)

    async def _ping(self, connection: Connection) -> None:
        interval = self._settings.ping_interval_s
        await self._clock.sleep(min(1.0, interval))
        while True:
            heartbeat = self._adapter.heartbeat()
            if heartbeat is not None:
                self._outbox.send(heartbeat)
            self._ping_sent = self._clock.monotonic()
            self._metrics.ping_s = await connection.ping()
            self._ping_sent = None
            self._last_frame = self._clock.monotonic()
            await self._clock.sleep(interval)

    async def _hang_up_on_wish(self) -> None:
        await self._wake.wait()
        self._wake.clear()
        raise _HangUp(self._wake_cause)

    async def _watch(self) -> None:
        """Look at every deadline a few times a second."""
        limits, liveness = self._adapter.limits, self._adapter.liveness
        while True:
            await self._clock.sleep(_WATCH_S)
            now = self._clock.monotonic()
            sent = self._ping_sent
            if sent is not None and now - sent > self._settings.pong_timeout_s:
                raise TransportError(f"no pong within {self._settings.pong_timeout_s:g} s")
            if now - self._last_frame > liveness.connection_s:
                raise TransportError(f"nothing came for {liveness.connection_s:g} s")
            if self._machine.uptime_s > limits.max_connection_age_s:
                raise _HangUp("renewed before the venue's limit of age")
            self._watch_subscriptions()

    def _watch_subscriptions(self) -> None:
        late = self._subscriptions.overdue()
        if late:
            self._outbox.ask_separately([late])
            self._errors.report(
                ErrorCategory.SUBSCRIPTION,
                f"no answer within {self._settings.ack_timeout_s:g} s, asked again: "
                + ", ".join(str(one) for one in late[:5]),
                venue=self.venue,
            )
        for stream in self._subscriptions.check_silence():
            self._errors.report(
                ErrorCategory.SUBSCRIPTION,
                f"no {stream.subscription.channel} data any more",
                instrument=stream.subscription.instrument,
            )
        local = self._clock.time_ns()
        venue_time = self._offset.venue_time(local) - _CANDLE_GRACE_NS
        for instrument, timeframe in self._trades.close_until(venue_time, local):
            self.candles_missing(instrument, timeframe)

    def _after_loss(self, cause: str) -> None:
        """Nothing of the connection holds any more."""
        if self._was_up:
            self._was_up = False
            self._jobs.cancel_all()
        self._adapter.connection_lost()
        self._outbox.clear()
        self._metrics.forget_latency()
        self._trades.interrupt_all()
        self._books.reset_all("disconnected")
        self._subscriptions.lost(f"disconnected: {cause}")

    # -- subscriptions ---------------------------------------------------------------------

    def _start(self, subscription: Subscription) -> None:
        """Begin what a newly wanted subscription needs besides its stream."""
        instrument, timeframe = subscription.instrument, subscription.timeframe
        entry = self._subscriptions.entries.get(subscription)
        if entry is None or entry.rejected is not None:
            return
        if subscription.channel is Channel.BOOK:
            self._books.watch(instrument)
        elif subscription.channel is Channel.CANDLES and timeframe is not None:
            if self._subscriptions.source(subscription) != subscription:
                self._trades.build(instrument, timeframe)
            # At once, even before there is a connection: the chart is full when the stream begins.
            self.candles_missing(instrument, timeframe)
        if entry.stream is not None and entry.stream.acked:
            self._load(subscription)

    def _stop(self, subscription: Subscription) -> None:
        instrument, timeframe = subscription.instrument, subscription.timeframe
        self._jobs.cancel(subscription)
        if subscription.channel is Channel.BOOK:
            self._books.forget(instrument)
        elif subscription.channel is Channel.CANDLES and timeframe is not None:
            self._trades.stop_building(instrument, timeframe)

    def _load(self, subscription: Subscription) -> None:
        """Fetch what a subscription needs now that its stream flows."""
        instrument = subscription.instrument
        if subscription.channel is Channel.CANDLES:
            self._jobs.start(subscription, lambda: self._backfill.load_candles(subscription))
        elif subscription.channel is Channel.TRADES:
            self._jobs.start(subscription, lambda: self._backfill.load_trades(instrument))
        elif subscription.channel is Channel.BOOK:
            self._book_missing(instrument)

    def _introduce(self) -> None:
        """Learn of new instruments and fill the watchlist, in the background."""
        self._jobs.start("instruments", self._learn)

    async def _learn(self) -> None:
        entries = self._subscriptions.entries
        with contextlib.suppress(TradeTuiError):
            await self._backfill.learn(list(dict.fromkeys(one.instrument for one in entries)))
        await self._load_tickers(only_missing=True)

    async def _load_tickers(self, *, only_missing: bool) -> None:
        wanted = [
            entry.subscription.instrument
            for entry in self._subscriptions.entries.values()
            if entry.subscription.channel is Channel.TICKER
            and entry.rejected is None
            and not (only_missing and entry.loaded)
        ]
        await self._backfill.load_tickers(wanted)

    def _symbol_unknown(self, instrument: Instrument, words: str) -> None:
        """The venue does not list it: it may acknowledge the stream all the same, and stay silent."""
        reason = "unknown symbol" + (f": {words}" if words else "")
        sources = self._subscriptions.sources_of(instrument)
        self._outbox.unsubscribe(sources)
        self._tell_rejected(self._subscriptions.reject(sources, reason), reason)

    def _tell_rejected(self, entries: list[Entry], reason: str) -> None:
        for instrument in {entry.subscription.instrument for entry in entries}:
            self._errors.report(ErrorCategory.SUBSCRIPTION, reason, instrument=instrument)
        for entry in entries:
            self._stop(entry.subscription)

    def _write_truth(self, entry: Entry) -> None:
        last_data = self._market.truth(entry.subscription).last_data
        self._market.set_truth(
            entry.subscription, Truth(entry.status, entry.reason, last_data, entry.verified)
        )

    # -- what the intake and the flows tell ------------------------------------------------

    def acknowledged(self, stream: Stream) -> None:
        for subscription in list(stream.users):
            self._load(subscription)
        if stream.subscription not in stream.users and (
            stream.subscription.channel is Channel.TRADES
        ):
            self._load(stream.subscription)

    def refused(self, rejection: Rejection) -> None:
        rejected, groups = self._subscriptions.refuse(rejection)
        self._outbox.ask_separately(groups)
        if rejected:
            self._tell_rejected(rejected, rejection.reason)
        elif not groups:
            self._errors.report(ErrorCategory.SUBSCRIPTION, rejection.reason, venue=self.venue)

    def candles_missing(self, instrument: Instrument, timeframe: Timeframe) -> None:
        subscription = Subscription(instrument, Channel.CANDLES, timeframe)
        if not self._jobs.is_running(subscription):
            self._load(subscription)

    def overflowed(self, frames: int) -> None:
        """Frames were lost: whatever they held is fetched."""
        self._errors.report(
            ErrorCategory.CONNECTION,
            f"fell behind: {frames} messages dropped, books and history are fetched again",
            venue=self.venue,
        )
        self._books.reset_all("fell behind")
        self._trades.interrupt_all()
        for stream in list(self._subscriptions.streams.values()):
            if stream.acked:
                self.acknowledged(stream)

    def leaving(self, notice: VenueNotice) -> None:
        """The venue is about to close: leave before it does."""
        self._wake_cause = f"the venue announced: {notice.message}"
        self._wake.set()

    def useful(self) -> None:
        self._machine.useful()

    def _trades_missing(self, instrument: Instrument) -> None:
        subscription = Subscription(instrument, Channel.TRADES)
        self._jobs.start(subscription, lambda: self._backfill.fill_trades(instrument))

    def _book_missing(self, instrument: Instrument) -> None:
        key = Subscription(instrument, Channel.BOOK)
        if not self._jobs.is_running(key):
            self._jobs.start(key, lambda: self._backfill.load_book(instrument))

    # -- what is done now and then ---------------------------------------------------------

    async def _keep_clock(self) -> None:
        while True:
            for _ in range(_CLOCK_SAMPLES):
                try:
                    await self._backfill.measure_clock()
                except TradeTuiError:
                    break
                await self._clock.sleep(1.0)
            await self._clock.sleep(_CLOCK_EVERY_S)

    async def _keep_tickers(self) -> None:
        """Day figures of a venue that does not stream them."""
        while Channel.TICKER not in self._adapter.channels:
            await self._clock.sleep(_TICKERS_EVERY_S)
            if self._machine.state is ConnectionState.CONNECTED:
                with contextlib.suppress(TradeTuiError):
                    await self._load_tickers(only_missing=False)


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One reason of many: tasks that fail together fail for the same cause."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
