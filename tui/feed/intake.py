"""From frames to facts: decoded in slices that leave the screen its time, conflated by meaning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from tui.adapters.base import Adapter, Outgoing
from tui.feed.book_flow import BookFlow
from tui.feed.books import Verdict
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.streams import Stream
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.events import (
    Ack,
    Alert,
    BookDelta,
    BookSnapshot,
    Candle,
    Gap,
    Heartbeat,
    Loaded,
    Metric,
    ParseFailure,
    Rejection,
    Reply,
    ServerTime,
    Status,
    StudyPoint,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame

T = TypeVar("T")

SLICE_S = 0.008
_LATE_NS = 10_000_000_000
_MOST_KEYS = 4096


class Events(Protocol):
    """What the intake tells its feed."""

    def acknowledged(self, stream: Stream) -> None: ...

    def refused(self, rejection: Rejection) -> None: ...

    def candles_missing(self, instrument: Instrument, timeframe: Timeframe) -> None: ...

    def overflowed(self, frames: int) -> None: ...

    def leaving(self, notice: VenueNotice) -> None: ...

    def gap(self, gap: Gap) -> None: ...

    def useful(self) -> None: ...


class _Batch:
    """What is decoded and has not reached the market yet."""

    __slots__ = ("candles", "fresh", "tickers", "trades")

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        # Two kinds of message make up a ticker (best prices, and the day's figures): the latest of
        # each counts, not the latest of both.
        self.tickers: dict[tuple[Instrument, bool], Ticker] = {}
        self.candles: dict[tuple[Instrument, Timeframe], Candle] = {}
        self.fresh: dict[Stream, int] = {}

    def clear(self) -> None:
        self.trades.clear()
        self.tickers.clear()
        self.candles.clear()
        self.fresh.clear()


class Intake:
    """Decodes the frames of one feed and applies what they mean to the market.

    What comes reaches the market in batches: of the instruments in focus with every slice, of the
    others every `flush_interval_s`, the first after a pause at once. Within a batch the latest ticker
    and the latest state of an open candle stand for the earlier ones. Trades and closed candles all
    count, in order; changes of books are verified at once, and told with the batch.
    """

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        events: Events,
        *,
        subscriptions: Subscriptions,
        outbox: Outbox,
        trades: TradeFlow,
        books: BookFlow,
        metrics: Metrics,
        offset: ClockOffset,
        errors: ErrorLog,
        clock: Clock,
        flush_interval_s: float = 0.0,
    ) -> None:
        self._adapter = adapter
        self._market = market
        self._events = events
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._trades = trades
        self._metrics = metrics
        self._offset = offset
        self._errors = errors
        self._clock = clock
        self._books = books
        self._interval_s = flush_interval_s
        self._now, self._later = _Batch(), _Batch()
        self._due = float("-inf")
        self._held = asyncio.Event()
        self._focus: frozenset[Instrument] = frozenset()
        self._keys: dict[tuple[Channel, Instrument, Timeframe | None], Subscription] = {}
        # What the frames of each name bring, and that of the frame which is being decoded.
        self._brought: dict[str, set[Subscription]] = {}
        self._bringing: set[Subscription] | None = None
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Trade: self._on_trade,
            Ticker: self._on_ticker,
            Candle: self._on_candle,
            BookDelta: self._on_delta,
            BookSnapshot: self._on_snapshot,
            Ack: self._on_ack,
            Rejection: events.refused,
            ServerTime: _ignore,
            Heartbeat: self._on_heartbeat,
            Reply: self._on_reply,
            Loaded: self._on_loaded,
            InstrumentInfo: market.set_info,
            StudyPoint: self._on_study,
            VenueNotice: self._on_notice,
            Gap: events.gap,
            Metric: self._on_metric,
            Alert: self._on_announcement,
            Status: self._on_announcement,
            ParseFailure: self._on_failure,
        }

    async def run(self, inbox: Inbox) -> None:
        """Decode what comes, for ever, a few milliseconds at a time."""
        self._brought.clear()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._decode(inbox))
                group.create_task(self._flush_in_time())
        finally:
            # What came before the end is still true.
            self.flush()

    async def drain(self, inbox: Inbox) -> None:
        """Decode what is left after the connection's end."""
        while len(inbox):
            self.process(inbox)
            await asyncio.sleep(0)
        self.flush()

    async def _decode(self, inbox: Inbox) -> None:
        while True:
            await inbox.wait()
            self.process(inbox)
            await asyncio.sleep(0)

    async def _flush_in_time(self) -> None:
        while True:
            await self._held.wait()
            await self._clock.sleep(self._due - self._clock.monotonic())
            self.flush()

    def process(self, inbox: Inbox, slice_s: float = SLICE_S) -> None:
        """Decode one slice, and bring to the market what is due."""
        if inbox.overflowed:
            frames, inbox.overflowed = inbox.overflowed, 0
            self._metrics.dropped += frames
            self._events.overflowed(frames)
        decode = self._adapter.decode
        handlers = self._handlers
        now = self._clock.monotonic()
        end = time.perf_counter() + slice_s
        while (item := inbox.take()) is not None:
            frame, ts_local = item
            self._bringing = self._of(frame.event) if isinstance(frame, EventFrame) else None
            try:
                events = decode(frame, ts_local)
                for event in events:
                    handlers[type(event)](event)
            except Exception as error:
                # One frame that finds a fault of ours must not end the stream for all others.
                self._on_fault(error, repr(frame[:100]), ts_local)
                continue
            if events:
                stamp = getattr(events[0], "ts_exchange", 0)
                if stamp:
                    self._offset.add_message(stamp, ts_local, now)
                    self._metrics.timed(ts_local - stamp, now)
            if time.perf_counter() >= end:
                break
        if now >= self._due:
            self.flush()
        else:
            self._apply(self._now)
            self._books.tell_changed(self._focus)
            self._held.set()

    def unchanged(self, name: str) -> None:
        """The venue was asked and has nothing new: what frames of this name brought is as good as
        data of this moment."""
        for subscription in self._brought.get(name, ()):
            stream = self._subscriptions.streams.get(subscription)
            if stream is not None and stream.flowing:
                self._subscriptions.data(stream)

    def focus(self, instruments: frozenset[Instrument]) -> None:
        """Bring what comes for these to the market with every slice, and the rest in batches."""
        self._apply_all()
        self._focus = instruments

    def flush(self) -> None:
        """Bring everything that is held to the market."""
        self._due = self._clock.monotonic() + self._interval_s
        self._held.clear()
        self._apply_all()

    def forget(self) -> None:
        """Drop what is held."""
        self._now.clear()
        self._later.clear()

    # -- events ----------------------------------------------------------------------------

    def _on_trade(self, trade: Trade) -> None:
        batch = self._mark(
            Channel.TRADES, trade.instrument, None, trade.ts_local, trade.ts_exchange
        )
        batch.trades.append(trade)

    def _on_ticker(self, ticker: Ticker) -> None:
        batch = self._mark(Channel.TICKER, ticker.instrument, None, ticker.ts_local)
        key = (ticker.instrument, ticker.last is None)
        waiting = batch.tickers.get(key)
        if waiting is not None:
            if 0 < ticker.ts_exchange < waiting.ts_exchange:
                self._metrics.stale += 1
                return
            self._metrics.conflated += 1
        batch.tickers[key] = ticker

    def _on_candle(self, candle: Candle) -> None:
        batch = self._mark(Channel.CANDLES, candle.instrument, candle.timeframe, candle.ts_local)
        key = (candle.instrument, candle.timeframe)
        waiting = batch.candles.get(key)
        if waiting is not None:
            if candle.open_time < waiting.open_time:
                self._apply_candle(candle)
                return
            if candle.open_time > waiting.open_time:
                self._apply_candle(waiting)
            elif not candle.closed and candle.ts_exchange < waiting.ts_exchange:
                self._metrics.stale += 1
                return
            else:
                self._metrics.conflated += 1
            del batch.candles[key]
        if candle.closed:
            self._apply_candle(candle)
        else:
            batch.candles[key] = candle

    def _on_delta(self, delta: BookDelta) -> None:
        self._mark(Channel.BOOK, delta.instrument, None, delta.ts_local)
        self._count(self._books.add_delta(delta))

    def _on_snapshot(self, snapshot: BookSnapshot) -> None:
        self._mark(Channel.BOOK, snapshot.instrument, None, snapshot.ts_local)
        self._count(self._books.add_snapshot(snapshot))

    def _count(self, verdict: Verdict | None) -> None:
        if verdict is Verdict.APPLIED:
            self._metrics.applied += 1
        elif verdict is Verdict.IGNORED:
            self._metrics.stale += 1
        elif verdict is Verdict.NEEDS_SNAPSHOT:
            self._metrics.resyncs += 1

    def _on_metric(self, metric: Metric) -> None:
        self._tally(self._market.metrics.apply(metric))

    def _on_announcement(self, notice: Alert | Status) -> None:
        self._tally(self._market.notices.apply(notice))

    def _on_ack(self, ack: Ack) -> None:
        for stream in self._subscriptions.acknowledge(ack.request_id):
            self._events.acknowledged(stream)

    def _on_heartbeat(self, heartbeat: Heartbeat) -> None:
        if heartbeat.reply is not None:
            self._outbox.reply(heartbeat.reply)

    def _on_reply(self, reply: Reply) -> None:
        self._outbox.send(Outgoing(reply.text))

    def _on_loaded(self, loaded: Loaded) -> None:
        # What it speaks of is to be seen when it is called live.
        self._apply_all()
        self._subscriptions.loaded(loaded.subscription, loaded.note)

    def _on_study(self, point: StudyPoint) -> None:
        self._tally(self._market.studies.apply(point))

    def _on_notice(self, notice: VenueNotice) -> None:
        self._errors.report(ErrorCategory.SERVER, notice.message, venue=self._adapter.venue)
        if notice.reconnect:
            self._events.leaving(notice)

    def _on_failure(self, failure: ParseFailure) -> None:
        message = f"{failure.message}: {failure.raw}" if failure.raw else failure.message
        self._errors.report(ErrorCategory.PARSE, message, venue=self._adapter.venue)

    def _on_fault(self, error: Exception, raw: str, ts_local: int) -> None:
        self._on_failure(ParseFailure(f"internal error: {error!r}", raw, ts_local))

    # -- to the market ---------------------------------------------------------------------

    def _mark(
        self,
        channel: Channel,
        instrument: Instrument,
        timeframe: Timeframe | None,
        ts: int,
        ts_exchange: int = 0,
    ) -> _Batch:
        """Note that data came; returns the batch it belongs to. What is late by `ts_exchange` says
        nothing of now: a stream that goes on where it was cut catches up first."""
        key = (channel, instrument, timeframe)
        subscription = self._keys.get(key)
        if subscription is None:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            subscription = self._keys[key] = Subscription(instrument, channel, timeframe)
        batch = self._now if instrument in self._focus else self._later
        stream = self._subscriptions.streams.get(subscription)
        if self._bringing is not None:
            self._bringing.add(subscription)
        if stream is not None and not self._is_late(ts, ts_exchange):
            batch.fresh[stream] = ts
        return batch

    def _of(self, name: str) -> set[Subscription]:
        if len(self._brought) >= _MOST_KEYS:
            self._brought.clear()
        return self._brought.setdefault(name, set())

    def _is_late(self, ts: int, ts_exchange: int) -> bool:
        if not ts_exchange or ts - ts_exchange <= _LATE_NS:
            return False
        return self._offset.venue_time(ts) - ts_exchange > _LATE_NS

    def _apply_all(self) -> None:
        self._apply(self._now)
        self._apply(self._later)
        self._books.tell_changed()

    def _apply(self, batch: _Batch) -> None:
        if batch.trades:
            trades, batch.trades = batch.trades, []
            self._apply_each(self._apply_trade, trades)
        if batch.tickers:
            tickers, batch.tickers = batch.tickers, {}
            self._apply_each(self._apply_ticker, tickers.values())
        if batch.candles:
            candles, batch.candles = batch.candles, {}
            self._apply_each(self._apply_candle, candles.values())
        if batch.fresh:
            fresh, batch.fresh = batch.fresh, {}
            self._note_fresh(fresh)

    def _apply_each(self, apply: Callable[[T], None], events: Iterable[T]) -> None:
        for event in events:
            try:
                apply(event)
            except Exception as error:
                # One event that finds a fault of ours must not take the others with it.
                self._on_fault(error, "", 0)

    def _apply_trade(self, trade: Trade) -> None:
        self._tally(self._trades.add(trade))

    def _apply_ticker(self, ticker: Ticker) -> None:
        self._tally(self._market.apply_ticker(ticker))

    def _apply_candle(self, candle: Candle) -> None:
        last = self._market[candle.instrument].series(candle.timeframe).last
        if last is not None and candle.open_time > last.open_time:
            follows = candle.timeframe.next_open(last.open_time)
            if candle.open_time > follows or not last.closed:
                self._events.candles_missing(candle.instrument, candle.timeframe)
        self._tally(self._market.apply_candle(candle))

    def _tally(self, is_news: bool) -> None:
        if is_news:
            self._metrics.applied += 1
        else:
            self._metrics.stale += 1

    def _note_fresh(self, fresh: dict[Stream, int]) -> None:
        self._events.useful()
        for stream, ts_local in fresh.items():
            for subscription in stream.users:
                self._market.touch(subscription, ts_local)
            was_acked = stream.acked
            self._subscriptions.data(stream)
            if not was_acked:
                # The acknowledgement was lost or is late: data says as much.
                self._events.acknowledged(stream)


def _ignore(event: object) -> None:
    """Its time stamp was noted already."""
