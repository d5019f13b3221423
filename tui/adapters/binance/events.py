"""What each payload of Binance means: one payload, one event."""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from tui.adapters.binance.messages import (
    AggTrade,
    AggTradeEvent,
    BookTickerEvent,
    DepthUpdate,
    KlineEvent,
    MiniTickerEvent,
    TickerEvent,
    TradeEvent,
)
from tui.adapters.binance.symbols import TIMEFRAME_BY_NAME
from tui.model.errors import ProtocolError
from tui.model.events import BookDelta, Candle, Level, Side, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import MS

_LEVELS: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?,)*")


def build_delta(update: DepthUpdate, instrument: Instrument, ts_local: int) -> BookDelta:
    """The change that an update means; its levels must have been checked."""
    first, last = update.first_id, update.last_id
    if first > last:
        raise ProtocolError(f"first update id {first} after the last, {last} - at `U`")
    return BookDelta(
        instrument, update.bids, update.asks, first, last, update.event_time * MS, ts_local
    )


def build_checked_delta(update: DepthUpdate, instrument: Instrument, ts_local: int) -> BookDelta:
    check_levels(update.bids, "$.b")
    check_levels(update.asks, "$.a")
    return build_delta(update, instrument, ts_local)


def check_levels(levels: list[Level], path: str) -> None:
    """Raise ProtocolError, naming `path`, unless all prices and sizes are plain decimal numbers."""
    if levels and not _LEVELS.fullmatch(",".join(chain.from_iterable(levels)) + ","):
        raise ProtocolError(f"a price or a size that is not a number - at `{path}[...]`")


def build_trade(
    trade: TradeEvent | AggTradeEvent | AggTrade, instrument: Instrument, ts_local: int
) -> Trade:
    return Trade(
        instrument,
        float(trade.price),
        float(trade.quantity),
        # The maker bought, so the taker sold.
        Side.SELL if trade.is_buyer_maker else Side.BUY,
        trade.trade_time * MS,
        ts_local,
        trade.trade_id,
        trade.price,
        trade.quantity,
    )


def build_candle(event: KlineEvent, instrument: Instrument, ts_local: int) -> Candle:
    kline = event.kline
    timeframe = TIMEFRAME_BY_NAME.get(kline.interval)
    if timeframe is None:
        raise ProtocolError(f"unknown interval {kline.interval[:20]!r} - at `k.i`")
    return Candle(
        instrument,
        timeframe,
        kline.open_time * MS,
        float(kline.open),
        float(kline.high),
        float(kline.low),
        float(kline.close),
        float(kline.volume),
        kline.is_closed,
        event.event_time * MS,
        ts_local,
        float(kline.quote_volume),
        float(kline.taker_buy_volume),
        kline.trades,
    )


def build_mini_ticker(mini: MiniTickerEvent, instrument: Instrument, ts_local: int) -> Ticker:
    last, opened = float(mini.last), float(mini.open)
    return Ticker(
        instrument=instrument,
        ts_exchange=mini.event_time * MS,
        ts_local=ts_local,
        last=last,
        last_text=mini.last,
        open=opened,
        high=float(mini.high),
        low=float(mini.low),
        volume=float(mini.volume),
        quote_volume=float(mini.quote_volume),
        change_percent=(last - opened) / opened * 100 if opened else None,
    )


def build_ticker(ticker: TickerEvent, instrument: Instrument, ts_local: int) -> Ticker:
    return Ticker(
        instrument=instrument,
        ts_exchange=ticker.event_time * MS,
        ts_local=ts_local,
        last=float(ticker.last),
        last_text=ticker.last,
        bid=ticker.bid,
        ask=ticker.ask,
        bid_size=ticker.bid_size,
        ask_size=ticker.ask_size,
        open=float(ticker.open),
        high=float(ticker.high),
        low=float(ticker.low),
        volume=float(ticker.volume),
        quote_volume=float(ticker.quote_volume),
        change_percent=float(ticker.change_percent),
    )


def build_book_ticker(ticker: BookTickerEvent, instrument: Instrument, ts_local: int) -> Ticker:
    return Ticker(
        instrument=instrument,
        ts_exchange=0,
        ts_local=ts_local,
        bid=ticker.bid,
        ask=ticker.ask,
        bid_size=ticker.bid_size,
        ask_size=ticker.ask_size,
        sequence=ticker.update_id,
    )
