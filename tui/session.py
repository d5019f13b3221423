"""What runs behind the screen: the market, the feeds that keep it live, the errors they meet."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from tui.adapters.base import Adapter
from tui.feed.clock import Clock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import Market
from tui.model.errors import TradeTuiError, TransportError
from tui.model.health import FeedHealth
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

_HISTORY_CANDLES = 24

Start = Callable[[str, Coroutine[Any, Any, None]], None]
"""Runs a coroutine in the background under a name."""


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
    ) -> None:
        self.market = Market()
        self.clock = clock
        self.errors = errors
        self._rng = rng
        self._settings = settings
        self._start = start
        self._feeds: dict[str, Feed] = {}
        self._adapters: dict[str, Adapter] = {}
        self._rest = RestTransport()
        self._wanted: frozenset[Subscription] = frozenset()
        self._fetched: dict[tuple[Instrument, Timeframe], float] = {}

    def open_feed(self, adapter: Adapter) -> None:
        """Start keeping a venue live."""
        feed = Feed(
            adapter,
            self.market,
            transports={TransportKind.WEBSOCKET: WebSocketTransport()},
            rest=self._rest,
            clock=self.clock,
            rng=self._rng,
            errors=self.errors,
            settings=self._settings,
        )
        self._feeds[adapter.venue] = feed
        self._adapters[adapter.venue] = adapter
        feed.want(self._share(adapter.venue))
        self._start(f"feed {adapter.venue}", feed.run())

    def want(self, subscriptions: Collection[Subscription]) -> None:
        """Subscribe to exactly these, at whatever venues."""
        wanted = frozenset(subscriptions)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        for venue, feed in self._feeds.items():
            feed.want(self._share(venue))

    def reconnect(self) -> None:
        for feed in self._feeds.values():
            feed.reconnect("asked for by the user")

    def restart(self, cause: str) -> None:
        """Forget what is known and start again, as when a replay is moved to another moment."""
        self._fetched.clear()
        for feed in self._feeds.values():
            feed.restart(cause)

    def health(self) -> list[FeedHealth]:
        return [feed.health() for feed in self._feeds.values()]

    def timeframes(self, venue: str) -> tuple[Timeframe, ...]:
        """What the venue offers, shortest first; none while its feed is not open."""
        adapter = self._adapters.get(venue)
        return adapter.timeframes if adapter else ()

    async def instruments(self) -> list[InstrumentInfo]:
        """All that the open venues list; a venue that fails is left out (its feed reports it).

        Raises:
            TradeTuiError: none of them answered.
        """
        answers = await asyncio.gather(
            *(feed.instruments() for feed in self._feeds.values()), return_exceptions=True
        )
        found: list[InstrumentInfo] = []
        failures: list[TradeTuiError] = []
        for answer in answers:
            if isinstance(answer, TradeTuiError):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += answer
        if failures and not found:
            raise failures[0]
        return found

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
        return frozenset(s for s in self._wanted if s.instrument.venue == venue)
