"""One venue kept live: the parts put together, and what the rest of the program asks of them."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterable, Mapping

from tui.adapters.base import Adapter
from tui.feed.activity import Activity
from tui.feed.authorization import Authorization
from tui.feed.breaker import Breakers
from tui.feed.clock import Clock
from tui.feed.connection import ConnectionMachine
from tui.feed.error_log import ErrorLog
from tui.feed.fallback import Fallback, Needs, choose
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.route import Route
from tui.feed.settings import FeedSettings
from tui.feed.supervisor import Supervisor
from tui.feed.timeframes import asked_for
from tui.feed.tokens import TokenSource
from tui.feed.trace import NO_TRACE, Trace, TraceKind
from tui.feed.transports import open_transports
from tui.feed.upkeep import Upkeep
from tui.feed.vigil import Disturbance, DisturbanceKind
from tui.market.market import Market
from tui.model.errors import TransportError
from tui.model.health import ConnectionState, ErrorCategory, FeedHealth, Transition
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.base import Transport
from tui.transports.refusal import is_loopback
from tui.transports.rest import RestTransport

_CLOCK_EVERY_S = 300.0
_TICKERS_EVERY_S = 60.0
_LOOK_EVERY_S = 1.0
# Shorter ones leave connections alive, and what came meanwhile in the system's buffers.
_LONG_STANDSTILL_S = 15.0
_OF_THE_NETWORK = (
    DisturbanceKind.NETWORK_LOST,
    DisturbanceKind.NETWORK_CHANGED,
    DisturbanceKind.NETWORK_BACK,
)


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
        rest: RestTransport,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings = FeedSettings(),  # noqa: B008 - frozen
        transports: Mapping[TransportKind, Transport] | None = None,
        tokens: TokenSource | None = None,
        activity: Activity | None = None,
        trace: Trace = NO_TRACE,
    ) -> None:
        """Prepare a feed; nothing is contacted before `run`. The owner closes `rest`.

        Args:
            transports: what to use instead of the usual ones for the adapter's kinds.
            tokens: where the user's token for this venue comes from.
            activity: when the user last did something, for what is polled.
            trace: who wants to know everything.
        """
        self.venue = adapter.venue
        self._adapter = adapter
        self._market = market
        self._clock = clock
        self._errors = errors
        self._settings = settings
        self._trace = trace
        self._breakers = Breakers(clock, settings)
        self._authorization = Authorization(adapter.venue, adapter.authentication, tokens, clock)
        self._machine = ConnectionMachine(
            clock, rng, settings, adapter.limits, self._note_transition
        )
        self._metrics = Metrics()
        self._rest = RestClient(
            adapter,
            rest,
            clock=clock,
            rng=rng,
            errors=errors,
            breakers=self._breakers,
            headers=self._authorization.headers,
        )
        made = transports or open_transports(
            adapter.transports,
            rest,
            self._rest.get,
            clock=clock,
            rng=rng,
            settings=settings,
            idle_s=lambda: activity.idle_s if activity is not None else 0.0,
            report=lambda what, error: errors.report(
                ErrorCategory.CONNECTION, f"{what}: {error}", venue=adapter.venue
            ),
        )
        offered = [kind for kind in adapter.transports if kind in made]
        self._route = Route(
            adapter,
            made,
            Fallback(choose(offered, Needs()), clock, rng, settings),
            authorization=self._authorization,
            breakers=self._breakers,
            clock=clock,
            settings=settings,
        )
        self._upkeep = Upkeep(
            adapter,
            market,
            self._rest,
            clock=clock,
            rng=rng,
            errors=errors,
            settings=settings,
            metrics=self._metrics,
            useful=self._useful,
            renew=lambda cause: self._supervisor.renew_as_told(cause),
            fail=lambda cause: self._supervisor.fail(cause),
            trace=trace,
            listed=self.instruments,
        )
        self._supervisor = Supervisor(
            adapter,
            self._route,
            self._machine,
            self._upkeep,
            authorization=self._authorization,
            metrics=self._metrics,
            clock=clock,
            rng=rng,
            errors=errors,
            settings=settings,
            trace=trace,
        )
        self._restarts = 0
        self._listed: list[InstrumentInfo] | None = None
        self._listing = asyncio.Lock()

    @property
    def history(self) -> deque[Transition]:
        return self._machine.history

    # -- what others ask of it -------------------------------------------------------------

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """Make this the full set of wanted subscriptions; those of other venues are ignored.

        What is no longer wanted keeps its state in the market, with the truth OFF. Candles that the
        venue lacks are built of those that add up to them.
        """
        self._upkeep.want(
            self._asked_for(one) for one in subscriptions if one.instrument.venue == self.venue
        )

    def look_back(self, wishes: Mapping[Subscription, int]) -> None:
        """Have candles back to these times (ns), 0 for all that there are; those of other venues are
        ignored. What nobody looks at any more is let go."""
        asked: dict[Subscription, int] = {}
        for subscription, since in wishes.items():
            if subscription.instrument.venue == self.venue:
                one = self._asked_for(subscription)
                asked[one] = min(since, asked.get(one, since))
        self._upkeep.paging.want(asked)

    def _asked_for(self, subscription: Subscription) -> Subscription:
        parts = asked_for(self._adapter.timeframes, subscription)
        if parts != subscription:
            self._market.build_candles(subscription, parts)
        return parts

    def focus(self, instruments: Iterable[Instrument]) -> None:
        """Bring what comes for these to the market at once, and the rest in batches."""
        self._upkeep.intake.focus(frozenset(instruments))

    def reconnect(self, cause: str) -> None:
        """Connect anew at once, without waiting for any backoff; what was rejected is tried again."""
        self._upkeep.forgive()
        self._breakers.reset()
        self._supervisor.leave(cause)

    def retry(self) -> None:
        """The user's wish to begin again: by the best transport, with all failures forgotten."""
        self._route.fallback.reset()
        self.reconnect("asked for by the user")

    def disturbed(self, disturbance: Disturbance) -> None:
        """The machine slept, its clock was set or its network changed: what is open may be dead."""
        kind = disturbance.kind
        if kind in _OF_THE_NETWORK:
            if is_loopback(self._route.url):
                return
            self._supervisor.is_offline = kind is DisturbanceKind.NETWORK_LOST
            if self._supervisor.is_offline:
                return
        elif kind is DisturbanceKind.STALLED and disturbance.seconds < _LONG_STANDSTILL_S:
            return
        elif kind is DisturbanceKind.CLOCK_JUMP:
            self._upkeep.offset.reset()
        self._route.fallback.reset()
        self._breakers.reset()
        self._supervisor.leave(disturbance.text)

    def restart(self, cause: str) -> None:
        """Drop every fact of this venue and connect anew at once, as when a replay jumps in time."""
        self._restarts += 1
        self._supervisor.restart()
        self._metrics.forget_latency()
        self._route.forget()
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
        restarts = self._restarts
        try:
            candles = await self._upkeep.backfill.candles.newest(instrument, timeframe, limit=limit)
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

    def subscription_states(self) -> list[tuple[Subscription, SubscriptionStatus, str]]:
        """Each wanted subscription, how it stands, and why."""
        entries = self._upkeep.subscriptions.entries.values()
        return [(entry.subscription, entry.status, entry.reason) for entry in entries]

    @property
    def applied(self) -> int:
        """Events that have changed the market since the start."""
        return self._metrics.applied

    def health(self) -> FeedHealth:
        """The figures of this moment."""
        machine, metrics, fallback = self._machine, self._metrics, self._route.fallback
        now = self._clock.monotonic()
        message_rate, byte_rate = metrics.rates(now)
        offset = self._upkeep.offset.offset
        p50, p99 = metrics.latency_ms(offset, now)
        conversation = self._supervisor.conversation
        goes_on = self._goes_on
        return FeedHealth(
            venue=self.venue,
            endpoint=self._route.url,
            transport=self._route.kind,
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
            retry_in_s=machine.retry_in_s if goes_on else None,
            transports=fallback.order,
            fallback=fallback.reason,
            probe_in_s=fallback.probe_in_s if goes_on else None,
            breakers=self._breakers.resting(),
            applied=metrics.applied,
            stale=metrics.stale,
            resyncs=metrics.resyncs,
        )

    # -- the run ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the venue live until cancelled; then everything is closed. May be run again."""
        self._machine.open()
        try:
            async with asyncio.TaskGroup() as group:
                self._upkeep.jobs.open(group)
                group.create_task(self._supervisor.run())
                group.create_task(self._keep_clock())
                group.create_task(self._keep_tickers())
                group.create_task(self._keep_route())
                group.create_task(self._keep_token())
        finally:
            self._upkeep.jobs.close()
            self._machine.close("stopped")
            self._upkeep.lost("the feed is stopped")

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

    async def _keep_route(self) -> None:
        """Try the better transport when its time has come."""
        while True:
            await self._clock.sleep(_LOOK_EVERY_S)
            is_due = self._route.fallback.probe_in_s == 0.0
            if is_due and self._goes_on and self._machine.may_attempt():
                self._machine.note_attempt()
                taken = await self._route.probe(list(self._upkeep.subscriptions.streams))
                if taken is not None:
                    self._supervisor.leave(f"{taken} works again")

    @property
    def _goes_on(self) -> bool:
        """False where only the user goes on, or wants nothing."""
        return self._upkeep.wishes.is_set() and self._machine.state is not ConnectionState.ERROR

    async def _keep_token(self) -> None:
        """Replace a token before it expires."""
        while True:
            await self._clock.sleep(_LOOK_EVERY_S)
            if self._authorization.renew_in_s == 0.0 and self._supervisor.conversation is not None:
                self._supervisor.renew("the token is replaced before it expires")

    def _useful(self) -> None:
        self._machine.useful()
        self._route.useful()

    def _note_transition(self, transition: Transition) -> None:
        if self._trace.is_on:
            self._trace.note(
                TraceKind.CONNECTION, self.venue, f"{transition.state}: {transition.cause}"
            )
