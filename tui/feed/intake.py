"""From frames to facts: decoded in slices that leave the screen its time, conflated by meaning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from tui.adapters.base import Adapter
from tui.feed.book_flow import BookFlow
from tui.feed.clock import Clock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.metrics import Metrics
from tui.feed.outbox import Outbox
from tui.feed.subscriptions import Stream, Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Heartbeat,
    ParseFailure,
    Rejection,
    ServerTime,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

SLICE_S = 0.008


class Events(Protocol):
    """What the intake tells its feed."""

    def acknowledged(self, stream: Stream) -> None: ...

    def refused(self, rejection: Rejection) -> None: ...

    def candles_missing(self, instrument: Instrument, timeframe: Timeframe) -> None: ...

    def overflowed(self, frames: int) -> None: ...

    def leaving(self, notice: VenueNotice) -> None: ...

    def useful(self) -> None: ...


class Intake:
    """Decodes the frames of one feed and applies what they mean to the market.

    Within a slice the latest ticker and the latest state of an open candle stand for the earlier
    ones. Trades, book changes and closed candles are all applied, in order.
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
        self._tickers: dict[tuple[Instrument, bool], Ticker] = {}
        self._candles: dict[tuple[Instrument, Timeframe], Candle] = {}
        self._fresh: dict[Stream, int] = {}
        self._keys: dict[tuple[Channel, Instrument, Timeframe | None], Subscription] = {}
        self._add_delta = books.add_delta
        self._add_snapshot = books.add_snapshot
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
            VenueNotice: self._on_notice,
            ParseFailure: self._on_failure,
        }

    async def run(self, inbox: Inbox) -> None:
        """Decode what comes, for ever, a few milliseconds at a time."""
        while True:
            await inbox.wait()
            self.process(inbox)
            await asyncio.sleep(0)

    async def drain(self, inbox: Inbox) -> None:
        """Decode what is left after the connection's end."""
        while len(inbox):
            self.process(inbox)
            await asyncio.sleep(0)

    def process(self, inbox: Inbox, slice_s: float = SLICE_S) -> None:
        """Decode one slice and apply it."""
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
            try:
                events = decode(frame, ts_local)
                for event in events:
                    handlers[type(event)](event)
            except Exception as error:
                # One frame that finds a fault of ours must not end the stream for all others.
                self._on_failure(
                    ParseFailure(f"internal error: {error!r}", repr(frame[:100]), ts_local)
                )
                continue
            if events:
                stamp = getattr(events[0], "ts_exchange", 0)
                if stamp:
                    self._offset.add_message(stamp, ts_local, now)
                    self._metrics.timed(ts_local - stamp, now)
            if time.perf_counter() >= end:
                break
        self._flush()

    def forget(self) -> None:
        """Drop what is held between slices."""
        self._tickers.clear()
        self._candles.clear()
        self._fresh.clear()

    # -- events ----------------------------------------------------------------------------

    def _on_trade(self, trade: Trade) -> None:
        self._mark(Channel.TRADES, trade.instrument, None, trade.ts_local)
        self._trades.add(trade)

    def _on_ticker(self, ticker: Ticker) -> None:
        self._mark(Channel.TICKER, ticker.instrument, None, ticker.ts_local)
        # Two kinds of message make up a ticker (best prices, and the day's figures): the latest of
        # each counts, not the latest of both.
        key = (ticker.instrument, ticker.last is None)
        if key in self._tickers:
            self._metrics.conflated += 1
        self._tickers[key] = ticker

    def _on_candle(self, candle: Candle) -> None:
        self._mark(Channel.CANDLES, candle.instrument, candle.timeframe, candle.ts_local)
        key = (candle.instrument, candle.timeframe)
        waiting = self._candles.pop(key, None)
        if waiting is not None:
            if waiting.open_time == candle.open_time:
                self._metrics.conflated += 1
            else:
                self._apply_candle(waiting)
        if candle.closed:
            self._apply_candle(candle)
        else:
            self._candles[key] = candle

    def _on_delta(self, delta: BookDelta) -> None:
        self._mark(Channel.BOOK, delta.instrument, None, delta.ts_local)
        self._add_delta(delta)

    def _on_snapshot(self, snapshot: BookSnapshot) -> None:
        self._mark(Channel.BOOK, snapshot.instrument, None, snapshot.ts_local)
        self._add_snapshot(snapshot)

    def _on_ack(self, ack: Ack) -> None:
        for stream in self._subscriptions.acknowledge(ack.request_id):
            self._events.acknowledged(stream)

    def _on_heartbeat(self, heartbeat: Heartbeat) -> None:
        if heartbeat.reply is not None:
            self._outbox.reply(heartbeat.reply)

    def _on_notice(self, notice: VenueNotice) -> None:
        self._errors.report(ErrorCategory.SERVER, notice.message, venue=self._adapter.venue)
        if notice.reconnect:
            self._events.leaving(notice)

    def _on_failure(self, failure: ParseFailure) -> None:
        message = f"{failure.message}: {failure.raw}" if failure.raw else failure.message
        self._errors.report(ErrorCategory.PARSE, message, venue=self._adapter.venue)

    # -- the end of a slice ----------------------------------------------------------------

    def _mark(
        self, channel: Channel, instrument: Instrument, timeframe: Timeframe | None, ts: int
    ) -> None:
        key = (channel, instrument, timeframe)
        subscription = self._keys.get(key)
        if subscription is None:
            if len(self._keys) >= 4096:
                self._keys.clear()
            subscription = self._keys[key] = Subscription(instrument, channel, timeframe)
        stream = self._subscriptions.streams.get(subscription)
        if stream is not None:
            self._fresh[stream] = ts

    def _apply_candle(self, candle: Candle) -> None:
        last = self._market[candle.instrument].series(candle.timeframe).last
        if last is not None and candle.open_time > last.open_time:
            follows = candle.timeframe.next_open(last.open_time)
            if candle.open_time > follows or not last.closed:
                self._events.candles_missing(candle.instrument, candle.timeframe)
        self._market.apply_candle(candle)

    def _flush(self) -> None:
        """Apply what was conflated, and note which subscriptions had data."""
        if self._tickers:
            for ticker in self._tickers.values():
                self._market.apply_ticker(ticker)
            self._tickers.clear()
        if self._candles:
            for candle in self._candles.values():
                self._apply_candle(candle)
            self._candles.clear()
        if self._fresh:
            self._events.useful()
            for stream, ts_local in self._fresh.items():
                for subscription in stream.users:
                    self._market.touch(subscription, ts_local)
                was_acked = stream.acked
                self._subscriptions.data(stream)
                if not was_acked:
                    # The acknowledgement was lost or is late: data says as much.
                    self._events.acknowledged(stream)
            self._fresh.clear()


def _ignore(event: object) -> None:
    """Its time stamp was noted already."""
