"""Which background job fetches what the stream does not bring: one at a time for each subscription."""

from __future__ import annotations

import contextlib

from tui.feed.backfill import Backfill
from tui.feed.book_flow import BookFlow
from tui.feed.clock import Clock
from tui.feed.jobs import Jobs
from tui.feed.subscriptions import Subscriptions
from tui.model.errors import TradeTuiError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

_CLOCK_SAMPLES = 4


class Fetches:
    """Starts the requests of one feed in the background; what is asked for twice runs once more."""

    def __init__(
        self,
        jobs: Jobs,
        backfill: Backfill,
        *,
        subscriptions: Subscriptions,
        books: BookFlow,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._backfill = backfill
        self._subscriptions = subscriptions
        self._books = books
        self._clock = clock

    # -- of one subscription ---------------------------------------------------------------

    def load(self, subscription: Subscription) -> None:
        """Fetch what a subscription needs now that its stream flows."""
        instrument = subscription.instrument
        if subscription.channel is Channel.CANDLES:
            self._jobs.start(subscription, lambda: self._backfill.candles.load(subscription))
        elif subscription.channel is Channel.TRADES:
            self._jobs.start(subscription, lambda: self._backfill.load_trades(instrument))
        elif subscription.channel is Channel.BOOK and self._books.policy.snapshot_by_rest:
            self.book(instrument)

    def candles(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Some are missing. Where a job runs already it runs again: it may have asked before."""
        self.load(Subscription(instrument, Channel.CANDLES, timeframe))

    def trades(self, instrument: Instrument) -> None:
        """Some are missing by their ids."""
        subscription = Subscription(instrument, Channel.TRADES)
        # A job that runs looks for holes again before it ends.
        if not self._jobs.is_running(subscription):
            self._jobs.start(subscription, lambda: self._backfill.fill_trades(instrument))

    def book(self, instrument: Instrument) -> None:
        """Only a snapshot can bring the book on."""
        key = Subscription(instrument, Channel.BOOK)
        if not self._jobs.is_running(key):
            self._jobs.start(key, lambda: self._backfill.load_book(instrument))

    # -- of the venue ----------------------------------------------------------------------

    def introduce(self) -> None:
        """Learn of new instruments and fill the watchlist."""
        self._jobs.start("instruments", self._learn)

    def tickers(self) -> None:
        """The day figures of everything on the watchlist."""
        self._jobs.start("tickers", lambda: self._load_tickers(only_missing=False))

    def clock(self) -> None:
        """Compare our clock with the venue's."""
        if not self._jobs.is_running("clock"):
            self._jobs.start("clock", self._measure_clock)

    async def _measure_clock(self) -> None:
        for _ in range(_CLOCK_SAMPLES):
            await self._backfill.measure_clock()
            await self._clock.sleep(1.0)

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
