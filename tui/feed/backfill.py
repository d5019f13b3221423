"""What the stream does not bring: history, holes, snapshots, day figures, symbols, the venue's clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from tui.adapters.base import POLLED_BOOK, Adapter, RestRequest
from tui.feed.book_flow import BookFlow
from tui.feed.candle_history import CandleHistory
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.outbox import Outbox
from tui.feed.patience import Patience
from tui.feed.rest_client import RestClient, is_final, never_went_out
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.feed.venue_studies import VenueStudies
from tui.market.market import Market
from tui.model.errors import NotOffered, ProtocolError, TradeTuiError, TransportError
from tui.model.events import Ticker
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription

T = TypeVar("T")

_PAGE = 1000
_FILL_LIMIT = 3000
_ATTEMPTS = 4
_BATCH = 100


class Backfill:
    """The requests of one feed, each method one job: it returns when its part is complete. Those for
    candles are those of `candles`.

    Whoever asks a venue again and again waits with `patience`.

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
        self._unknown = unknown
        self.patience = Patience(clock, rng)
        self._studies = VenueStudies(
            adapter, rest, subscriptions=subscriptions, outbox=outbox, errors=errors
        )
        self.candles = CandleHistory(
            adapter,
            market,
            rest,
            subscriptions=subscriptions,
            trades=trades,
            offset=offset,
            clock=clock,
            patience=self.patience,
            errors=errors,
            settings=settings,
        )

    def hurry(self) -> None:
        """Whatever waits before it asks again asks now."""
        self.patience.hurry()

    # -- trades ----------------------------------------------------------------------------

    async def load_trades(self, instrument: Instrument) -> None:
        """Fetch the newest trades, then what is missing between them and those seen before."""
        subscription = Subscription(instrument, Channel.TRADES)
        attempt = 0
        while attempt < _ATTEMPTS:
            try:
                request = self._adapter.trades_request(instrument, limit=_PAGE)
                page = await self._rest.fetch(request, lane="trades")
            except TransportError as error:
                if is_final(error):
                    self._report_refusal(instrument, "trades", error)
                    break
                await self.patience.wait(attempt, error)
                attempt += not never_went_out(error)
                continue
            except ProtocolError:
                await self.patience.wait(attempt, None)
                attempt += 1
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
            try:
                request = self._adapter.trades_request(
                    instrument, from_id=low, limit=min(_PAGE, high - low + 1)
                )
                page = await self._rest.fetch(request, lane="trades")
            except TransportError as error:
                if is_final(error) or attempt >= _ATTEMPTS:
                    break
                await self.patience.wait(attempt, error)
                attempt += not never_went_out(error)
                continue
            except ProtocolError:
                break
            self._trades.merge(instrument, page)
            if sequence.missing_count() >= before:
                # The venue no longer has them, or not yet.
                if attempt >= 1:
                    break
                attempt += 1
                await self.patience.wait(0, None)
        missed = self._trades.give_up(instrument)
        if missed:
            self._errors.report(
                ErrorCategory.SUBSCRIPTION, f"{missed} trades missed", instrument=instrument
            )

    # -- books -----------------------------------------------------------------------------

    async def load_book(self, instrument: Instrument) -> None:
        """Fetch snapshots, ever more slowly, until the book needs none or the venue refuses; where
        the stream sends them, subscribe again instead."""
        subscription = Subscription(instrument, Channel.BOOK)
        if self._books.policy == POLLED_BOOK:
            return  # the next answer brings the whole book
        if not self._books.policy.snapshot_by_rest:
            await self._clock.sleep(self._books.next_delay(instrument))
            if self._books.is_waiting(instrument):
                self._outbox.resubscribe([subscription])
            return
        while self._books.is_waiting(instrument):
            delay = self._books.next_delay(instrument)
            if delay:
                await self._clock.sleep(self._rng.uniform(0.8, 1.2) * delay)
            try:
                request = self._adapter.book_request(instrument)
                snapshot = await self._rest.fetch(request, lane="book")
            except TransportError as error:
                self._subscriptions.syncing(subscription, f"no snapshot: {error.message}")
                if is_final(error):
                    # The same request would be refused again; a new connection asks anew.
                    self._report_refusal(instrument, "book", error)
                    return
                if error.retry_after_s is not None:
                    await self._clock.sleep(error.retry_after_s)
            except ProtocolError as error:
                self._subscriptions.syncing(subscription, f"no snapshot: {error.message}")
            else:
                self._books.add_snapshot(snapshot)

    # -- instruments and day figures -------------------------------------------------------

    async def learn(self, instruments: Sequence[Instrument]) -> None:
        """Fetch what the venue tells of these instruments, and find those it does not list; then what
        it needs for the studies of their charts."""
        await self._learn_each(instruments)
        await self._studies.load()

    async def _learn_each(self, instruments: Sequence[Instrument]) -> None:
        attempt = 0
        while attempt < _ATTEMPTS:
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
                if is_final(error):
                    return
                await self.patience.wait(attempt, error)
                attempt += not never_went_out(error)
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
                note(asked, await self._rest.fetch(request(asked), lane="listing"))
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
        venue = await self._rest.fetch(self._adapter.time_request(), lane="clock")
        jump = self._offset.add_round_trip(sent, venue, self._clock.time_ns())
        if jump:
            self._errors.report(
                ErrorCategory.CONNECTION,
                f"the clock was set: it is {jump / 1e9:+.1f} s from where it was",
                venue=self._adapter.venue,
            )

    # -- shared ----------------------------------------------------------------------------

    def _report_refusal(self, instrument: Instrument, what: str, error: TradeTuiError) -> None:
        if isinstance(error, NotOffered):
            return
        self._errors.report(
            ErrorCategory.SUBSCRIPTION, f"no {what} by REST: {error.message}", instrument=instrument
        )
