"""What the stream does not bring: history, holes, snapshots, day figures, symbols, the venue's clock."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import TypeVar

from tui.adapters.base import Adapter, RestRequest
from tui.feed.book_flow import BookFlow
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.outbox import Outbox
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.errors import ProtocolError, TradeTuiError, TransportError
from tui.model.events import Candle, Ticker
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

T = TypeVar("T")

_PAGE = 1000
_PAGES = 5
_FILL_LIMIT = 3000
_ATTEMPTS = 4
_RETRY_S = 2.0
_RETRY_MAX_S = 30.0
_BATCH = 100


class Backfill:
    """The requests of one feed, each method one job: it returns when its part is complete.

    `unknown` is called with an instrument that the venue does not list, and the venue's words.
    """

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        rest: RestClient,
        *,
        subscriptions: Subscriptions,
        outbox: Outbox,
        trades: TradeFlow,
        books: BookFlow,
        offset: ClockOffset,
        clock: Clock,
        rng: random.Random,
        errors: ErrorLog,
        settings: FeedSettings,
        unknown: Callable[[Instrument, str], None],
    ) -> None:
        self._adapter = adapter
        self._market = market
        self._rest = rest
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._trades = trades
        self._books = books
        self._offset = offset
        self._clock = clock
        self._rng = rng
        self._errors = errors
        self._settings = settings
        self._unknown = unknown
        # The newest candle that was fetched: what a stream adds to it without a hole is whole too.
        self._fetched_until: dict[Subscription, int] = {}

    def restart(self) -> None:
        """No history is there any more."""
        self._fetched_until.clear()

    # -- candles ---------------------------------------------------------------------------

    async def load_candles(self, subscription: Subscription) -> None:
        """Fetch a series' history, or what it lacks since its last closed candle."""
        timeframe = subscription.timeframe
        assert timeframe is not None
        if timeframe not in self._adapter.timeframes:
            self._subscriptions.loaded(subscription, "from trades, without history")
            return
        entry = self._subscriptions.entries.get(subscription)
        if entry is None:
            return
        # Fetched before the stream began, it may lack what lies between: the acknowledgement asks again.
        joins = entry.stream is not None and entry.stream.acked
        if not entry.loaded:
            self._subscriptions.syncing(subscription, "loading history")
        attempt = 0
        while True:
            try:
                await self._fetch_candles(subscription, timeframe)
            except TransportError as error:
                if error.is_refusal:
                    self._report_refusal(subscription.instrument, "candles", error)
                    if joins:
                        self._subscriptions.loaded(subscription, "no history")
                    return
                self._subscriptions.syncing(subscription, f"no history yet: {error.message}")
                await self._pause(attempt, error)
            except ProtocolError as error:
                self._subscriptions.syncing(subscription, f"no history yet: {error.message}")
                await self._pause(attempt, None)
            else:
                if joins:
                    built = self._trades.builds(subscription.instrument, timeframe)
                    self._subscriptions.loaded(subscription, "from trades" if built else "")
                return
            attempt += 1

    async def _fetch_candles(self, subscription: Subscription, timeframe: Timeframe) -> None:
        instrument = subscription.instrument
        series = self._market[instrument].series(timeframe)
        fetched = self._fetched_until.get(subscription)
        start = None if fetched is None else _whole_until(series.candles, timeframe, fetched)
        for _ in range(_PAGES):
            if start is None:
                break
            page = await self._rest.fetch(
                self._adapter.candles_request(instrument, timeframe, start=start, limit=_PAGE)
            )
            self._merge_candles(subscription, timeframe, page)
            if page:
                start = self._fetched_until[subscription] = page[-1].open_time
            if len(page) < _PAGE:
                return
        limit = min(_PAGE, self._settings.history_candles)
        page = await self._rest.fetch(
            self._adapter.candles_request(instrument, timeframe, limit=limit)
        )
        if start is not None and page and page[0].open_time > start:
            # The hole is longer than what is worth fetching: better a shorter chart than a false one.
            series.clear()
        self._merge_candles(subscription, timeframe, page)
        await self._extend_back(subscription, timeframe, page)
        if page:
            self._fetched_until[subscription] = page[-1].open_time

    async def _extend_back(
        self, subscription: Subscription, timeframe: Timeframe, page: list[Candle]
    ) -> None:
        """Fetch older pages until the wanted number of candles is there or the venue has no more."""
        missing = self._settings.history_candles - len(page)
        while len(page) >= _PAGE and missing > 0:
            older = await self._rest.fetch(
                self._adapter.candles_request(
                    subscription.instrument,
                    timeframe,
                    end=page[0].open_time - 1,
                    limit=min(_PAGE, missing),
                )
            )
            older = [candle for candle in older if candle.open_time < page[0].open_time]
            self._merge_candles(subscription, timeframe, older)
            missing -= len(older)
            page = older

    def _merge_candles(
        self, subscription: Subscription, timeframe: Timeframe, page: list[Candle]
    ) -> None:
        if not page:
            return
        instrument = subscription.instrument
        self._trades.take_fetched(instrument, timeframe, page, as_of=0)
        self._market.merge_candles(instrument, timeframe, page)

    # -- trades ----------------------------------------------------------------------------

    async def load_trades(self, instrument: Instrument) -> None:
        """Fetch the newest trades, then what is missing between them and those seen before."""
        subscription = Subscription(instrument, Channel.TRADES)
        for attempt in range(_ATTEMPTS):
            try:
                page = await self._rest.fetch(self._adapter.trades_request(instrument, limit=_PAGE))
            except TradeTuiError as error:
                if isinstance(error, TransportError) and error.fatal:
                    self._report_refusal(instrument, "trades", error)
                    break
                await self._pause(attempt, error)
                continue
            if page and self._trades.ids_restarted(instrument, page[-1]):
                self._trades.start_over(instrument)
            self._trades.merge(instrument, page)
            break
        await self.fill_trades(instrument)
        self._subscriptions.loaded(subscription)

    async def fill_trades(self, instrument: Instrument) -> None:
        """Fetch the trades that are missing by their ids; call those missed that cannot be had."""
        sequence = self._trades.sequence(instrument)
        attempt = 0
        while sequence.missing and sequence.missing_count() <= _FILL_LIMIT:
            low, high = sequence.missing[0]
            before = sequence.missing_count()
            request = self._adapter.trades_request(
                instrument, from_id=low, limit=min(_PAGE, high - low + 1)
            )
            try:
                page = await self._rest.fetch(request)
            except TransportError as error:
                if error.fatal or attempt >= _ATTEMPTS:
                    break
                await self._pause(attempt, error)
                attempt += 1
                continue
            except ProtocolError:
                break
            self._trades.merge(instrument, page)
            if sequence.missing_count() >= before:
                # The venue no longer has them, or not yet.
                if attempt >= 1:
                    break
                attempt += 1
                await self._pause(0, None)
        missed = self._trades.give_up(instrument)
        if missed:
            self._errors.report(
                ErrorCategory.SUBSCRIPTION, f"{missed} trades missed", instrument=instrument
            )

    # -- books -----------------------------------------------------------------------------

    async def load_book(self, instrument: Instrument) -> None:
        """Fetch snapshots, ever more slowly, until the book needs none; where the stream sends
        them, subscribe again instead."""
        subscription = Subscription(instrument, Channel.BOOK)
        if not self._adapter.book_policy.snapshot_by_rest:
            await self._clock.sleep(self._books.next_delay(instrument))
            if self._books.is_waiting(instrument):
                self._outbox.resubscribe([subscription])
            return
        while self._books.is_waiting(instrument):
            delay = self._books.next_delay(instrument)
            if delay:
                await self._clock.sleep(self._rng.uniform(0.8, 1.2) * delay)
            try:
                snapshot = await self._rest.fetch(self._adapter.book_request(instrument))
            except TransportError as error:
                self._subscriptions.syncing(subscription, f"no snapshot: {error.message}")
                if error.fatal:
                    self._report_refusal(instrument, "book", error)
                if error.retry_after_s is not None:
                    await self._clock.sleep(error.retry_after_s)
            except ProtocolError as error:
                self._subscriptions.syncing(subscription, f"no snapshot: {error.message}")
            else:
                self._books.add_snapshot(snapshot)

    # -- instruments and day figures -------------------------------------------------------

    async def learn(self, instruments: Sequence[Instrument]) -> None:
        """Fetch what the venue tells of these instruments, and find those it does not list."""
        for attempt in range(_ATTEMPTS):
            new = [one for one in instruments if self._market[one].info is None]
            try:
                for start in range(0, len(new), _BATCH):
                    await self._fetch_each(
                        new[start : start + _BATCH],
                        self._adapter.instruments_request,
                        self._note_instruments,
                    )
            except TransportError as error:
                if error.is_refusal:
                    self._errors.report(
                        ErrorCategory.SERVER,
                        f"no symbols by REST: {error.message}",
                        venue=self._adapter.venue,
                    )
                if error.fatal:
                    return
                await self._pause(attempt, error)
            except ProtocolError:
                return
            else:
                return

    def _note_instruments(self, asked: Sequence[Instrument], listed: list[InstrumentInfo]) -> None:
        by_instrument = {info.instrument: info for info in listed}
        for instrument in asked:
            info = by_instrument.get(instrument)
            if info is not None:
                self._market.set_info(info)
            elif listed or len(asked) == 1:
                self._unknown(instrument, "")

    async def load_tickers(self, instruments: Sequence[Instrument]) -> None:
        """Fetch the 24 h figures, so that a watchlist fills at once."""
        for start in range(0, len(instruments), _BATCH):
            await self._fetch_each(
                instruments[start : start + _BATCH],
                self._adapter.tickers_request,
                self._note_tickers,
            )

    def _note_tickers(self, asked: Sequence[Instrument], tickers: list[Ticker]) -> None:
        for ticker in tickers:
            self._market.apply_ticker(ticker)
            subscription = Subscription(ticker.instrument, Channel.TICKER)
            self._market.touch(subscription, ticker.ts_local)
            self._subscriptions.loaded(subscription)

    async def _fetch_each(
        self,
        instruments: Sequence[Instrument],
        request: Callable[[Collection[Instrument]], RestRequest[T]],
        note: Callable[[Sequence[Instrument], T], None],
    ) -> None:
        """Fetch something for many at once; where the venue refuses, find the one at fault."""
        pending = [list(instruments)] if instruments else []
        while pending:
            asked = pending.pop(0)
            try:
                note(asked, await self._rest.fetch(request(asked)))
            except TransportError as error:
                if not error.fatal or error.status not in (400, 404):
                    raise
                if len(asked) > 1:
                    half = len(asked) // 2
                    pending += [asked[:half], asked[half:]]
                elif "answered with HTTP" not in error.message:
                    # Only a refusal in the venue's own words says anything of the symbol.
                    self._unknown(asked[0], error.message)

    # -- the venue's clock -----------------------------------------------------------------

    async def measure_clock(self) -> None:
        """Ask the venue for its time once."""
        sent = self._clock.time_ns()
        venue = await self._rest.fetch(self._adapter.time_request())
        self._offset.add_round_trip(sent, venue, self._clock.time_ns())

    # -- shared ----------------------------------------------------------------------------

    async def _pause(self, attempt: int, error: TradeTuiError | None) -> None:
        told = error.retry_after_s if isinstance(error, TransportError) else None
        if told is None:
            bound = min(_RETRY_MAX_S, _RETRY_S * 2.0**attempt)
            told = self._rng.uniform(0.5, 1.0) * bound
        await self._clock.sleep(told)

    def _report_refusal(self, instrument: Instrument, what: str, error: TradeTuiError) -> None:
        self._errors.report(
            ErrorCategory.SUBSCRIPTION, f"no {what} by REST: {error.message}", instrument=instrument
        )


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
