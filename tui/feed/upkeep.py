"""What each subscription needs besides its stream: begun, repaired and ended at the right moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable

from tui.adapters.base import Adapter, Outgoing
from tui.feed.backfill import Backfill
from tui.feed.book_flow import BookFlow
from tui.feed.candle_paging import CandlePaging
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.fetches import Fetches
from tui.feed.intake import Intake
from tui.feed.jobs import Jobs
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.streams import Entry, Stream
from tui.feed.subscriptions import Subscriptions
from tui.feed.trace import NO_TRACE, Trace, TraceKind
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.errors import TradeTuiError
from tui.model.events import Gap, Rejection, VenueNotice
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.nearest import did_you_mean
from tui.model.subscription import Channel, Subscription, Truth
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind

# A built candle is closed this long after its end: the last trades are still on their way.
_CANDLE_GRACE_NS = 1_000_000_000


class Upkeep:
    """The subscriptions of one feed and all that keeps them true.

    `useful` is called when data came; `renew` with a cause when the venue is about to end the
    connection; `fail` with one when the connection is open and of no use.
    """

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        rest: RestClient,
        *,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings,
        metrics: Metrics,
        useful: Callable[[], None],
        renew: Callable[[str], None],
        fail: Callable[[str], None],
        trace: Trace = NO_TRACE,
        listed: Callable[[], Awaitable[list[InstrumentInfo]]] | None = None,
    ) -> None:
        self._adapter = adapter
        self._market = market
        self._clock = clock
        self._errors = errors
        self._settings = settings
        self._renew = renew
        self._fail = fail
        self._trace = trace
        self._listed = listed
        self.useful = useful
        self.offset = ClockOffset()
        self.jobs = Jobs(adapter.venue, errors)
        self.outbox = Outbox(adapter, clock, self._cannot_ask, errors)
        self.subscriptions = Subscriptions(adapter, settings, clock, self._write_truth)
        self._trades = TradeFlow(
            market,
            lambda instrument: self._fetches.trades(instrument),
            flat_candles=settings.flat_candles,
        )
        self._books = BookFlow(
            adapter.book_policy,
            market,
            self.subscriptions,
            clock=clock,
            errors=errors,
            needs_snapshot=lambda instrument: self._fetches.book(instrument),
        )
        self.intake = Intake(
            adapter,
            market,
            self,
            subscriptions=self.subscriptions,
            outbox=self.outbox,
            trades=self._trades,
            books=self._books,
            metrics=metrics,
            offset=self.offset,
            errors=errors,
            clock=clock,
            flush_interval_s=settings.flush_interval_s,
        )
        self.backfill = Backfill(
            adapter,
            market,
            rest,
            subscriptions=self.subscriptions,
            outbox=self.outbox,
            trades=self._trades,
            books=self._books,
            offset=self.offset,
            clock=clock,
            rng=rng,
            errors=errors,
            settings=settings,
            unknown=self._symbol_unknown,
        )
        self.paging = CandlePaging(
            adapter,
            market,
            self.backfill.candles,
            jobs=self.jobs,
            patience=self.backfill.patience,
            is_loaded=self.subscriptions.is_loaded,
            send=self.outbox.send,
            clock=clock,
        )
        self._fetches = Fetches(
            self.jobs,
            self.backfill,
            subscriptions=self.subscriptions,
            books=self._books,
            clock=clock,
        )
        # Set while anything is wanted that can be streamed.
        self.wishes = asyncio.Event()
        # How data arrives now; None while nothing is connected.
        self._transport: TransportKind | None = None

    # -- what the feed tells ---------------------------------------------------------------

    def want(self, subscriptions: Iterable[Subscription]) -> None:
        """Make the wanted set exactly this one."""
        change = self.subscriptions.want(subscriptions)
        self._note_wishes()
        for subscription in change.removed:
            self._end(subscription)
        for subscription in change.ask:
            if subscription.channel is Channel.TRADES:
                # What passed while nobody watched is not missed. Not sooner: trades on their way would
                # be noted after all.
                self._trades.forget(subscription.instrument)
        self.outbox.unsubscribe(change.give_up)
        if self._transport is not None:
            self.outbox.subscribe(change.ask)
        for subscription in change.added:
            self._begin(subscription)
        if change.added:
            self._fetches.introduce()

    def forgive(self) -> None:
        """Try what was rejected once more."""
        self.paging.ask_again()
        forgiven = self.subscriptions.forgive()
        self._note_wishes()
        for subscription in forgiven:
            self._begin(subscription)

    def _note_wishes(self) -> None:
        if self.subscriptions.streams:
            self.wishes.set()
        else:
            self.wishes.clear()

    def connected(self, transport: TransportKind) -> None:
        """A connection is open: ask for everything on it."""
        self._transport = transport
        self.outbox.clear()
        self._books.use(self._adapter.book_policy_by(transport))
        self.subscriptions.connected()
        self._books.reconnected()
        self.outbox.subscribe(list(self.subscriptions.streams))
        self.backfill.hurry()
        self._fetches.introduce()
        self.measure_clock()

    def lost(self, cause: str) -> None:
        """There is no connection, or no longer: nothing is live."""
        if self._transport is not None:
            self._transport = None
            self.jobs.cancel_all()
            self._trades.interrupt_all()
            self._books.reset_all("disconnected")
        self._adapter.connection_lost()
        self.outbox.clear()
        self.subscriptions.lost(cause)
        self.paging.resume()

    def restart(self) -> None:
        """Begin anew with nothing known of this venue."""
        self.jobs.cancel_all()
        self._market.forget(self._adapter.venue)
        self.intake.forget()
        self.offset.reset()
        self._trades.reset()
        self._books.restart()
        self.backfill.candles.restart()
        self.subscriptions.restart()

    def sent(self, outgoing: Outgoing, asks: bool) -> None:
        """A message went out."""
        if asks:
            for stream in self.subscriptions.sent(outgoing):
                self.acknowledged(stream)

    def tick(self) -> None:
        """Look after what is due by time."""
        self.paging.resume()
        if self.subscriptions.is_ignored():
            self._fail("no request was answered, and no data came")
            return
        late = self.subscriptions.overdue()
        if late:
            self.outbox.ask_separately([late])
            self._errors.report(
                ErrorCategory.SUBSCRIPTION,
                f"no answer within {self._settings.ack_timeout_s:g} s, asked again: "
                + ", ".join(str(one) for one in late[:5]),
                venue=self._adapter.venue,
            )
        for stream in self.subscriptions.check_silence():
            # Once in each silence: what the venue forgot comes back, a quiet market costs little.
            self.outbox.resubscribe([stream.subscription])
            self._errors.report(
                ErrorCategory.SUBSCRIPTION,
                f"no {stream.subscription.channel} data any more, asked again",
                instrument=stream.subscription.instrument,
            )
        hopeless = self.subscriptions.hopeless()
        if hopeless is not None:
            self._fail(f"no data of {hopeless}, though it was asked for again")
            return
        local = self._clock.time_ns()
        venue_time = self.offset.venue_time(local) - _CANDLE_GRACE_NS
        for instrument, timeframe in self._trades.close_until(venue_time, local):
            self._fetches.candles(instrument, timeframe)

    def refresh_tickers(self) -> None:
        """Fetch the day figures of everything on the watchlist, in the background."""
        self._fetches.tickers()

    def measure_clock(self) -> None:
        """Compare our clock with the venue's, in the background."""
        self._fetches.clock()

    def note_listed(self, listed: Iterable[InstrumentInfo]) -> None:
        """Compare the wanted instruments with all that the venue lists."""
        known = {info.instrument: info for info in listed}
        for instrument in {one.instrument for one in self.subscriptions.entries}:
            if instrument in known:
                self._market.set_info(known[instrument])
            elif known:
                self._symbol_unknown(instrument, "")

    # -- one subscription ------------------------------------------------------------------

    def _begin(self, subscription: Subscription) -> None:
        instrument, timeframe = subscription.instrument, subscription.timeframe
        entry = self.subscriptions.entries.get(subscription)
        if entry is None or entry.stream is None:
            return
        if subscription.channel is Channel.BOOK:
            self._books.watch(instrument)
        elif subscription.channel is Channel.CANDLES and timeframe is not None:
            if entry.stream.subscription != subscription:
                self._trades.build(instrument, timeframe)
            # Even before the stream begins: the chart is full when it does.
            self._fetches.candles(instrument, timeframe)
        if entry.stream.acked:
            self._fetches.load(subscription)

    def _end(self, subscription: Subscription) -> None:
        instrument, timeframe = subscription.instrument, subscription.timeframe
        self.jobs.cancel(subscription)
        if subscription.channel is Channel.BOOK:
            self._books.forget(instrument)
        elif subscription.channel is Channel.CANDLES and timeframe is not None:
            self._trades.stop_building(instrument, timeframe)

    def _symbol_unknown(self, instrument: Instrument, words: str) -> None:
        """The venue does not list it: it may acknowledge the stream all the same, and stay silent."""
        sources = self.subscriptions.sources_of(instrument)
        self.outbox.unsubscribe(sources)
        self._reject(sources, "unknown symbol" + (f": {words}" if words else ""))

    def _cannot_ask(self, subscription: Subscription, error: TradeTuiError) -> None:
        self._reject([subscription], error.message)

    def _reject(self, sources: Iterable[Subscription], reason: str) -> None:
        self._tell_rejected(self.subscriptions.reject(sources, reason), reason)

    def _tell_rejected(self, entries: list[Entry], reason: str) -> None:
        for instrument in dict.fromkeys(entry.subscription.instrument for entry in entries):
            self._errors.report(ErrorCategory.SUBSCRIPTION, reason, instrument=instrument)
            self._suggest(instrument)
        for entry in entries:
            self._end(entry.subscription)
        self._note_wishes()

    def _suggest(self, instrument: Instrument) -> None:
        """What the venue does not list was perhaps spelled in another way: look, in the background."""
        if self._listed is not None:
            self.jobs.start(("near misses", instrument), lambda: self._find_near(instrument))

    async def _find_near(self, instrument: Instrument) -> None:
        assert self._listed is not None
        listed = await self._listed()
        hint = did_you_mean(instrument, listed)
        if hint and all(info.instrument != instrument for info in listed):
            self.subscriptions.explain(instrument, hint)

    def _write_truth(self, entry: Entry) -> None:
        last_data = self._market.truth(entry.subscription).last_data
        truth = Truth(entry.status, entry.reason, last_data, entry.verified, self._transport)
        self._market.set_truth(entry.subscription, truth)
        if self._trace.is_on:
            self._trace.note(
                TraceKind.SUBSCRIPTION,
                self._adapter.venue,
                f"{entry.subscription}: {entry.status} {entry.reason}",
            )

    # -- what the intake and the flows tell ------------------------------------------------

    def acknowledged(self, stream: Stream) -> None:
        """A stream begins: what its subscriptions need from before is fetched now."""
        for subscription in list(stream.users):
            self._fetches.load(subscription)
        if stream.subscription not in stream.users:
            # Trades that only feed candles and prices: holes in them matter all the same.
            self._fetches.load(stream.subscription)

    def refused(self, rejection: Rejection) -> None:
        rejected, groups = self.subscriptions.refuse(rejection)
        self.outbox.ask_separately(groups)
        if rejected:
            self._tell_rejected(rejected, rejection.reason)
        elif not groups:
            self._errors.report(
                ErrorCategory.SUBSCRIPTION, rejection.reason, venue=self._adapter.venue
            )

    def candles_missing(self, instrument: Instrument, timeframe: Timeframe) -> None:
        self._fetches.candles(instrument, timeframe)

    def overflowed(self, frames: int) -> None:
        """Frames were lost: whatever they held is fetched."""
        self._errors.report(
            ErrorCategory.CONNECTION,
            "fell behind: messages dropped, books and history are fetched again",
            venue=self._adapter.venue,
        )
        self._books.reset_all("fell behind")
        self._trades.interrupt_all()
        for stream in list(self.subscriptions.streams.values()):
            if stream.subscription.channel is Channel.TRADES:
                self._trades.frames_lost(stream.subscription.instrument)
            if stream.acked:
                self.acknowledged(stream)

    def leaving(self, notice: VenueNotice) -> None:
        """The venue is about to close: leave before it does."""
        self._renew(f"the venue announced: {notice.message}")

    def gap(self, gap: Gap) -> None:
        """The adapter found messages missing: what they held is asked for again."""
        streams = self.subscriptions.streams
        if gap.subscription is None:
            held = list(streams.values())
            self._errors.report(ErrorCategory.SUBSCRIPTION, gap.reason, venue=self._adapter.venue)
        else:
            stream = streams.get(gap.subscription)
            held = [stream] if stream is not None else []
            if not gap.is_usual:
                self._errors.report(
                    ErrorCategory.SUBSCRIPTION, gap.reason, instrument=gap.subscription.instrument
                )
        for stream in held:
            self._mend(stream, gap.reason)

    def _mend(self, stream: Stream, reason: str) -> None:
        instrument = stream.subscription.instrument
        if stream.subscription.channel is Channel.BOOK:
            self._books.reset(instrument, reason)
            self._fetches.book(instrument)
        elif stream.acked:
            if stream.subscription.channel is Channel.TRADES:
                self._trades.interrupt(instrument)
                self._trades.frames_lost(instrument)
            self.acknowledged(stream)
