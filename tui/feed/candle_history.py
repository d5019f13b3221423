"""Candles fetched from a venue: history, what the stream left out, and where neither could be had."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice

import msgspec

from tui.adapters.base import Adapter
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.flat_candles import with_flats
from tui.feed.patience import Patience
from tui.feed.rest_client import RestClient, is_final
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.errors import NotOffered, ProtocolError, TransportError
from tui.model.events import Candle
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Subscription
from tui.model.timeframe import NS, Timeframe

_PAGE = 1000
_PAGES = 5
_DAY_NS = 86_400 * NS
# The venue may still be adding up a candle that just ended.
_SETTLED_NS = 2 * NS
_SETTLE_S = 1.0
_SETTLING = 8
# How far off our idea of the venue's clock may be.
_CLOCK_NS = NS // 100
_FOREVER = 2**63 - 1


class CandleHistory:
    """The fetched candles of one feed's series, joined with the streamed and the built ones."""

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        rest: RestClient,
        *,
        subscriptions: Subscriptions,
        trades: TradeFlow,
        offset: ClockOffset,
        clock: Clock,
        patience: Patience,
        errors: ErrorLog,
        settings: FeedSettings,
    ) -> None:
        self._adapter = adapter
        self._market = market
        self._rest = rest
        self._subscriptions = subscriptions
        self._trades = trades
        self._offset = offset
        self._clock = clock
        self._patience = patience
        self._errors = errors
        self._settings = settings
        self._window = adapter.limits.candle_window
        self._page = self._window or _PAGE
        # The newest candle that was fetched: what a stream adds to it without a hole is whole too.
        self._fetched_until: dict[Subscription, int] = {}

    def restart(self) -> None:
        """No history is there any more."""
        self._fetched_until.clear()

    async def load(self, subscription: Subscription) -> None:
        """Fetch a series' history, or what it lacks since its last closed candle."""
        timeframe = subscription.timeframe
        assert timeframe is not None
        if timeframe not in self._adapter.timeframes:
            self._mark_holes(subscription, timeframe)
            self._subscriptions.loaded(subscription, "from trades, without history")
            return
        entry = self._subscriptions.entries.get(subscription)
        if entry is None:
            return
        # Fetched before the stream began, it may lack what lies between: the acknowledgement asks again.
        joins = entry.stream is not None and entry.stream.acked
        if not entry.loaded:
            self._subscriptions.syncing(subscription, "loading history")
        attempt = settling = 0
        while True:
            try:
                await self._fetch_candles(subscription, timeframe)
            except TransportError as error:
                self._mark_holes(subscription, timeframe)
                if is_final(error):
                    self._report_refusal(subscription.instrument, error)
                    # Where the stream brings the history itself, it has said what there is to say.
                    if joins and not (entry.loaded and isinstance(error, NotOffered)):
                        self._subscriptions.loaded(subscription, "no history")
                    return
                self._subscriptions.syncing(subscription, f"no history yet: {error.message}")
                await self._patience.wait(attempt, error)
            except ProtocolError as error:
                self._mark_holes(subscription, timeframe)
                self._subscriptions.syncing(subscription, f"no history yet: {error.message}")
                await self._patience.wait(attempt, None)
            else:
                if joins:
                    built = self._trades.builds(subscription.instrument, timeframe)
                    self._subscriptions.loaded(subscription, "from trades" if built else "")
                settling += 1
                if not await self._is_unsettled(subscription, timeframe, settling):
                    return
                continue
            attempt += 1

    async def _is_unsettled(
        self, subscription: Subscription, timeframe: Timeframe, tries: int
    ) -> bool:
        """Wait a moment; True where built candles should be fetched once more: one closed so recently
        that the venue did not tell its end yet, or trades came while the open one was on its way."""
        trades, instrument = self._trades, subscription.instrument
        if tries > _SETTLING or not trades.builds(instrument, timeframe):
            return False
        await self._clock.sleep(_SETTLE_S)
        return bool(trades.unsure(instrument, timeframe)) or trades.is_vague(instrument, timeframe)

    async def newest(
        self, instrument: Instrument, timeframe: Timeframe, *, limit: int, start: int | None = None
    ) -> list[Candle]:
        """Candles up to the newest, oldest first, from `start` (ns) on or at most `limit` of them.

        Raises:
            TransportError, ProtocolError: as `RestClient.fetch`.
        """
        page, _ = await self._ask(instrument, timeframe, limit=limit, start=start)
        return page

    async def _ask(
        self, instrument: Instrument, timeframe: Timeframe, *, limit: int, start: int | None = None
    ) -> tuple[list[Candle], int]:
        """The newest candles, and our time (ns) when they were asked for."""
        request = self._adapter.candles_request(instrument, timeframe, start=start, limit=limit)
        sent = self._clock.time_ns()
        page = await self._rest.fetch(request, lane="candles")
        if page:
            page[-1] = self._judge(page[-1], sent)
        return page, sent

    def _judge(self, newest: Candle, sent: int) -> Candle:
        """Tell by the venue's clock whether the newest candle was over when we asked for it.

        Those before it are over: a later one proves it. While the venue's clock is not known, only
        what is long past is over; what is wrongly left open is closed by what follows it.
        """
        end = newest.timeframe.next_open(newest.open_time)
        is_known = self._offset.offset is not None
        asked = self._offset.venue_time(sent)
        if newest.closed and end > (asked if is_known else asked - _DAY_NS):
            return msgspec.structs.replace(newest, closed=False, ts_exchange=0)
        if not newest.closed and is_known and end + _SETTLED_NS <= asked:
            return msgspec.structs.replace(newest, closed=True, ts_exchange=end)
        return newest

    def _report_refusal(self, instrument: Instrument, error: TransportError) -> None:
        if not isinstance(error, NotOffered):
            self._errors.report(
                ErrorCategory.SUBSCRIPTION,
                f"no candles by REST: {error.message}",
                instrument=instrument,
            )

    async def _fetch_candles(self, subscription: Subscription, timeframe: Timeframe) -> None:
        series = self._market[subscription.instrument].series(timeframe)
        start = self._whole_until(subscription, timeframe)
        if start is not None:
            start = await self._fetch_on(subscription, timeframe, start, until=_FOREVER)
            if start is None:
                return
        limit = min(self._page, self._settings.history_candles)
        page, sent = await self._ask(subscription.instrument, timeframe, limit=limit)
        if page:
            if start is not None:
                # The hole is longer than what is worth fetching.
                self._mark_lack(subscription, timeframe, start, page[0].open_time)
            series.fill_hole(page[0].open_time, _FOREVER)
        self._merge_candles(subscription, timeframe, page, sent=sent)
        oldest = await self._extend_back(subscription, timeframe, page)
        if start is None and oldest is not None:
            await self._join(subscription, timeframe, oldest)
        if page:
            self._fetched_until[subscription] = page[-1].open_time

    async def _fetch_on(
        self, subscription: Subscription, timeframe: Timeframe, start: int, *, until: int
    ) -> int | None:
        """Fetch forward from a candle up to which nothing is missing.

        Returns:
            None once `until` (ns) or the present is reached, else how far it came.
        """
        series = self._market[subscription.instrument].series(timeframe)
        for _ in range(_PAGES):
            page, sent = await self._ask(
                subscription.instrument, timeframe, start=start, limit=self._page
            )
            self._merge_candles(subscription, timeframe, page, since=start, sent=sent)
            if page and until == _FOREVER:
                self._fetched_until[subscription] = page[-1].open_time
            reach = self._reach(timeframe, start, page)
            told = start
            if not self._window:
                # It has the candle that was asked for, or no longer has any of its time.
                last = series.last
                newest = start if last is None else min(until, last.open_time)
                told = page[0].open_time if page else newest
                self._mark_lack(subscription, timeframe, start, told)
            series.fill_hole(told, _FOREVER if reach is None else reach)
            if reach is None or reach >= until:
                return None
            start = reach
        return start

    async def _join(self, subscription: Subscription, timeframe: Timeframe, oldest: int) -> None:
        """Fetch what lies between candles that were streamed while no fetch came to its end, and the
        fetched ones, of which the oldest opens at `oldest` (ns)."""
        series = self._market[subscription.instrument].series(timeframe)
        first = series.candles[0].open_time
        start = self._trusted_from(subscription, timeframe, first)
        if start >= oldest:
            return
        reached = await self._fetch_on(subscription, timeframe, start, until=oldest)
        if reached is not None:
            self._mark_lack(subscription, timeframe, reached, oldest)

    def _reach(self, timeframe: Timeframe, start: int, page: Sequence[Candle]) -> int | None:
        """The time (ns) up to which a page from `start` on tells everything; None for up to now."""
        if not self._window:
            return page[-1].open_time if len(page) >= self._page else None
        # How many candles there are says nothing: those without a trade are left out.
        reach = timeframe.floor(start + (self._window - 1) * timeframe.seconds * NS)
        return reach if reach < self._offset.venue_time(self._clock.time_ns()) else None

    async def _extend_back(
        self, subscription: Subscription, timeframe: Timeframe, page: list[Candle]
    ) -> int | None:
        """Fetch older pages until the wanted number of candles is there or the venue has no more.

        Returns:
            Open time (ns) of the oldest candle of them all; None when there is none.
        """
        missing = self._settings.history_candles - (self._window or len(page))
        reached = page[0].open_time if page else None
        while page and missing > 0 and (self._window or len(page) >= _PAGE):
            oldest = page[0].open_time
            older = await self.page_before(
                subscription.instrument, timeframe, oldest, limit=missing, lane="candles"
            )
            self.take_older(subscription, timeframe, older, until=oldest)
            if older:
                reached = older[0].open_time
            missing -= self._window or len(older)
            page = older
        return reached

    async def page_before(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        before: int,
        *,
        limit: int = _PAGE,
        lane: str = "past",
    ) -> list[Candle]:
        """A page of candles, oldest first, the last ones that open before that time (ns).

        Raises:
            TransportError, ProtocolError: as `RestClient.fetch`.
        """
        request = self._adapter.candles_request(
            instrument, timeframe, end=before - 1, limit=min(self._page, limit)
        )
        page = await self._rest.fetch(request, lane=lane)
        return [candle for candle in page if candle.open_time < before]

    def take_older(
        self, subscription: Subscription, timeframe: Timeframe, page: list[Candle], *, until: int
    ) -> None:
        """Take a page that tells everything up to the candle that opens at `until` (ns)."""
        self._merge_candles(subscription, timeframe, page)
        if page:
            series = self._market[subscription.instrument].series(timeframe)
            series.fill_hole(page[0].open_time, until)

    def _merge_candles(
        self,
        subscription: Subscription,
        timeframe: Timeframe,
        page: list[Candle],
        *,
        since: int | None = None,
        sent: int = 0,
    ) -> None:
        """Take a page of what there is from `since` (ns) on, or from its own first candle."""
        instrument = subscription.instrument
        if page and self._trades.builds(instrument, timeframe):
            if self._settings.flat_candles:
                page = with_flats(page)
            self._trades.take_fetched(
                instrument,
                timeframe,
                page,
                since=page[0].open_time if since is None else since,
                as_of=(
                    self._offset.venue_time(sent) - _CLOCK_NS,
                    self._offset.venue_time(page[-1].ts_local) + _CLOCK_NS,
                ),
            )
        self._market.merge_candles(instrument, timeframe, page)

    def _whole_until(self, subscription: Subscription, timeframe: Timeframe) -> int | None:
        """Open time of the candle up to which nothing is missing; None without any history."""
        candles = self._market[subscription.instrument].series(timeframe).candles
        fetched = self._fetched_until.get(subscription)
        if fetched is None or not candles:
            return None
        return self._trusted_from(subscription, timeframe, fetched)

    def _trusted_from(self, subscription: Subscription, timeframe: Timeframe, since: int) -> int:
        """Open time (ns) of the candle up to which nothing is missing, when nothing is up to `since`."""
        candles = self._market[subscription.instrument].series(timeframe).candles
        unsure = self._trades.unsure(subscription.instrument, timeframe)
        return min([_whole_until(candles, timeframe, since), *unsure[:1]])

    def _mark_holes(self, subscription: Subscription, timeframe: Timeframe) -> None:
        """Show where candles are missing now that they could not be fetched: between what is whole
        and what the stream went on with, and where candles were built without all of their trades."""
        series = self._market[subscription.instrument].series(timeframe)
        for open_time in self._trades.unsure(subscription.instrument, timeframe):
            series.mark_hole(open_time, timeframe.next_open(open_time))
        whole = self._whole_until(subscription, timeframe)
        if whole is None:
            return
        candles = series.candles
        index = bisect_left(candles, whole + 1, key=lambda candle: candle.open_time)
        if index < len(candles):
            self._mark_lack(subscription, timeframe, whole, candles[index].open_time)

    def _mark_lack(
        self, subscription: Subscription, timeframe: Timeframe, start: int, end: int
    ) -> None:
        """Show that from the candle of `start` (ns), which may itself be whole, up to `end` there are
        no candles to be had other than those that are held."""
        series = self._market[subscription.instrument].series(timeframe)
        unsure = self._trades.unsure(subscription.instrument, timeframe)
        candles = series.candles
        first = bisect_left(candles, start, key=lambda candle: candle.open_time)
        for candle in islice(candles, first, None):
            if candle.open_time >= end:
                break
            if candle.closed and candle.open_time not in unsure:
                series.mark_hole(start, candle.open_time)
                start = timeframe.next_open(candle.open_time)
        series.mark_hole(start, end)


def _whole_until(candles: Sequence[Candle], timeframe: Timeframe, since: int) -> int:
    """Open time of the candle up to which nothing is missing: from `since`, as far as closed candles
    follow each other. What comes behind a hole was streamed, or fetched for something else."""
    index = bisect_left(candles, since, key=lambda candle: candle.open_time)
    if index and (index == len(candles) or candles[index].open_time != since):
        return since
    # A full series lets its oldest candles go: then it begins after `since`.
    follows = candles[index].open_time if candles else since
    for candle in islice(candles, index, None):
        if candle.open_time != follows:
            break
        since = follows
        if not candle.closed:
            break
        follows = timeframe.next_open(since)
    return since
