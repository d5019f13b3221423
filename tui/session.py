"""What runs behind the screen: the market, the feeds that keep it live, the errors they meet."""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from typing import Any

import msgspec

from tui.adapters.base import Adapter
from tui.config import TokenSettings
from tui.feed.activity import Activity
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.redaction import Redactor
from tui.feed.settings import FeedSettings
from tui.feed.timeframes import available_timeframes
from tui.feed.tokens import open_tokens
from tui.feed.trace import NO_TRACE, Trace
from tui.feed.vigil import Disturbance, Senses, Vigil
from tui.market.candle_series import Past
from tui.market.market import Market
from tui.model.errors import TradeTuiError, TransportError
from tui.model.health import ErrorCategory, FeedHealth, Transition
from tui.model.instrument import Instrument, VenueListing
from tui.model.subscription import Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport

_HISTORY_CANDLES = 24

Start = Callable[[str, Coroutine[Any, Any, None]], None]
"""Runs a coroutine in the background under a name."""


class _DiscreetMarket(Market):
    """A market whose panels repeat no secret that a venue puts into its reasons."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def set_truth(self, subscription: Subscription, truth: Truth) -> None:
        if truth.reason:
            truth = msgspec.structs.replace(truth, reason=self._redactor.hide(truth.reason))
        super().set_truth(subscription, truth)

    def tell_past(self, subscription: Subscription, past: Past) -> None:
        super().tell_past(
            subscription, msgspec.structs.replace(past, note=self._redactor.hide(past.note))
        )


class Session:
    """The market and its feeds, one a venue.

    Feeds may be opened before or after subscriptions are wanted; each gets its share.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings,
        start: Start,
        redactor: Redactor | None = None,
        activity: Activity | None = None,
        trace: Trace = NO_TRACE,
        venue_wanted: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin without feeds.

        Args:
            redactor: learns every token, and hides it from the screen.
            activity: when the user last did something, for what is polled.
            trace: who wants to know everything.
            venue_wanted: told once of each venue of which something is wanted while it has no feed.
        """
        self._redactor = redactor or Redactor()
        self.market: Market = _DiscreetMarket(self._redactor)
        self.clock = clock
        self.errors = errors
        self._activity = activity
        self._trace = trace
        self._venue_wanted = venue_wanted
        self._missed_venues: set[str] = set()
        self._rng = rng
        self._settings = settings
        self._start = start
        self._feeds: dict[str, Feed] = {}
        self._adapters: dict[str, Adapter] = {}
        self._rest = RestTransport()
        self._best: dict[str, TransportKind] = {}
        self._focus: frozenset[Instrument] = frozenset()
        self._wanted: dict[str, frozenset[Subscription]] = {}
        self._looked_back: dict[Subscription, int] = {}
        self._fetched: dict[tuple[Instrument, Timeframe], float] = {}

    def open_feed(self, adapter: Adapter, token: TokenSettings | None = None) -> None:
        """Start keeping a venue live; `token` says where the user's token for it comes from, which is
        the venue's usual environment variable where nothing is said."""
        venue = adapter.venue
        # A venue that the user describes may have secrets in its headers.
        for secret in getattr(adapter, "secrets", ()):
            self._redactor.add(secret)
        tokens = None
        policy = adapter.authentication
        if token is None and policy is not None and os.environ.get(policy.variable):
            token = TokenSettings(variable=policy.variable)
        if token is not None:
            tokens = open_tokens(token.variable, token.command, self._redactor, clock=self.clock)
        if tokens is not None and adapter.authentication is None:
            tokens = None
            self.errors.report(
                ErrorCategory.CONFIG,
                "all of its data is public: the token of config.toml is not used",
                venue=venue,
            )
        feed = Feed(
            adapter,
            self.market,
            rest=self._rest,
            clock=self.clock,
            rng=self._rng,
            errors=self.errors,
            settings=self._settings,
            tokens=tokens,
            activity=self._activity,
            trace=self._trace,
        )
        self._feeds[venue] = feed
        self._adapters[venue] = adapter
        offered = feed.health().transports
        if offered:
            self._best[venue] = offered[0]
        feed.focus(self._focus)
        feed.want(self._share(venue))
        feed.look_back(self._looked_back)
        self._start(f"feed {venue}", feed.run())

    def watch_machine(self, senses: Senses) -> None:
        """Start noticing what this machine does: sleep, clock, network. Feeds act on it."""
        self._start("vigil", Vigil(self.clock, senses).watch(self._disturbed))

    def _disturbed(self, disturbance: Disturbance) -> None:
        self.errors.report(ErrorCategory.CONNECTION, disturbance.text)
        for feed in self._feeds.values():
            feed.disturbed(disturbance)

    def want(self, subscriptions: Collection[Subscription], who: str = "") -> None:
        """Subscribe to exactly these for `who`, at whatever venues; what others want stays."""
        wanted = frozenset(subscriptions)
        if wanted == self._wanted.get(who, frozenset()):
            return
        self._wanted[who] = wanted
        for venue, feed in self._feeds.items():
            feed.want(self._share(venue))
        missing = {subscription.instrument.venue for subscription in wanted}
        for venue in sorted(missing - self._feeds.keys() - self._missed_venues):
            self._missed_venues.add(venue)
            self._venue_wanted(venue)

    @property
    def applied(self) -> int:
        """Events of all venues that have changed the market since the start."""
        return sum([feed.applied for feed in self._feeds.values()])

    @property
    def venues(self) -> list[str]:
        """Those that have a feed."""
        return list(self._feeds)

    @property
    def missing_venues(self) -> frozenset[str]:
        """Those of which something is wanted, and that have no feed."""
        return frozenset(self._missed_venues.difference(self._feeds))

    def look_back(self, wishes: Mapping[Subscription, int]) -> None:
        """Have these candles back to these times (ns), 0 for all that their venues have; of what is not
        among them, only what every series keeps is held."""
        if wishes != self._looked_back:
            self._looked_back = dict(wishes)
            for feed in self._feeds.values():
                feed.look_back(wishes)

    def focus(self, instruments: Collection[Instrument]) -> None:
        """Bring what comes for these to the screen's data at once; the rest comes in batches."""
        chosen = frozenset(instruments)
        if chosen == self._focus:
            return
        self._focus = chosen
        for feed in self._feeds.values():
            feed.focus(chosen)

    def retry(self) -> None:
        """Connect every venue anew, at once and by its best transport, with all failures forgotten."""
        for feed in self._feeds.values():
            feed.retry()

    def restart(self, cause: str) -> None:
        """Forget what is known and start again, as when a replay is moved to another moment."""
        self._fetched.clear()
        for feed in self._feeds.values():
            feed.restart(cause)

    def health(self) -> list[FeedHealth]:
        """Every feed's figures, without secrets."""
        return [self._discreet(feed.health()) for feed in self._feeds.values()]

    def _discreet(self, health: FeedHealth) -> FeedHealth:
        hide = self._redactor.hide
        return msgspec.structs.replace(
            health,
            endpoint=hide(health.endpoint),
            cause=hide(health.cause),
            fallback=hide(health.fallback),
        )

    def history(self, venue: str) -> list[Transition]:
        """What became of a venue's connection, oldest first."""
        feed = self._feeds.get(venue)
        return [
            msgspec.structs.replace(one, cause=self._redactor.hide(one.cause))
            for one in (feed.history if feed is not None else ())
        ]

    def subscriptions(self, venue: str) -> list[tuple[Subscription, SubscriptionStatus, str]]:
        """Everything that is wanted of a venue, how it stands, and why."""
        feed = self._feeds.get(venue)
        return [
            (subscription, status, self._redactor.hide(reason))
            for subscription, status, reason in (feed.subscription_states() if feed else ())
        ]

    def best_transport(self, venue: str) -> TransportKind | None:
        """The best of what a venue offers; None while its feed is not open."""
        return self._best.get(venue)

    def timeframes(self, venue: str) -> tuple[Timeframe, ...]:
        """What can be had of the venue, its own and built ones, shortest first; none while its feed is
        not open."""
        adapter = self._adapters.get(venue)
        return available_timeframes(adapter.timeframes, adapter.channels) if adapter else ()

    async def instruments(self) -> AsyncIterator[VenueListing]:
        """What the open venues list, each as soon as it answers; one that fails says why."""
        asking = [asyncio.create_task(self._list(venue)) for venue in self._feeds]
        try:
            for answer in asyncio.as_completed(asking):
                yield await answer
        finally:
            for task in asking:
                task.cancel()

    async def _list(self, venue: str) -> VenueListing:
        try:
            return VenueListing(venue, await self._feeds[venue].instruments())
        except TradeTuiError as error:
            return VenueListing(venue, [], self._redactor.hide(error.message))

    async def fetch_history(
        self, instruments: Collection[Instrument], timeframe: Timeframe
    ) -> None:
        """Fetch the newest candles for the watchlist's small histories, where they are old.

        A failure is on the error log, and tried again by the next call; a refusal much later.
        """
        now = self.clock.monotonic()
        for instrument in instruments:
            feed, key = self._feeds.get(instrument.venue), (instrument, timeframe)
            if feed is None or now - self._fetched.get(key, -math.inf) < timeframe.seconds / 4:
                continue
            self._fetched[key] = now
            try:
                await feed.fetch_candles(instrument, timeframe, limit=_HISTORY_CANDLES)
            except TradeTuiError as error:
                if not (isinstance(error, TransportError) and error.is_refusal):
                    self._fetched.pop(key, None)

    async def close(self) -> None:
        await self._rest.close()

    def _share(self, venue: str) -> frozenset[Subscription]:
        wanted = frozenset().union(*self._wanted.values())
        return frozenset(s for s in wanted if s.instrument.venue == venue)
