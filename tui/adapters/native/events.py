"""What the native protocol's messages mean: one message, its events. The stream and REST share this."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from itertools import chain
from typing import Final

from tui.adapters.native.messages import (
    AlertMessage,
    CandleUpdate,
    Metrics,
    PriceUpdate,
    StatusMessage,
    TickerUpdate,
    TradeUpdate,
)
from tui.model.errors import InstrumentError, ProtocolError
from tui.model.events import Alert, AlertLevel, Candle, Level, Metric, Side, Status, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

_LEVELS: Final = re.compile(r"(?:[0-9]{1,40}(?:\.[0-9]{1,40})?,)*")
_MAX_TIMEFRAMES: Final = 256
_timeframes: dict[str, Timeframe] = {}


def to_ns(milliseconds: float | None) -> int:
    """A time of the protocol in ns; 0 where it was left out. Exact to the microsecond."""
    return 0 if milliseconds is None else round(milliseconds * 1000) * 1000


def build_price(update: PriceUpdate, instrument: Instrument, ts_local: int) -> Ticker:
    return Ticker(
        instrument=instrument,
        ts_exchange=to_ns(update.time),
        ts_local=ts_local,
        last=float(update.price),
        last_text=update.price,
    )


def build_ticker(update: TickerUpdate, instrument: Instrument, ts_local: int) -> Ticker:
    return Ticker(
        instrument=instrument,
        ts_exchange=to_ns(update.time),
        ts_local=ts_local,
        last=_float(update.last),
        last_text=update.last,
        bid=update.bid,
        ask=update.ask,
        bid_size=update.bid_size,
        ask_size=update.ask_size,
        open=_float(update.open),
        high=_float(update.high),
        low=_float(update.low),
        volume=_float(update.volume),
        quote_volume=_float(update.quote_volume),
        change_percent=_float(update.change_percent),
    )


def build_trades(update: TradeUpdate, instrument: Instrument, ts_local: int) -> list[Trade]:
    return [
        Trade(
            instrument,
            float(fill.price),
            float(fill.size),
            Side.BUY if fill.side == "buy" else Side.SELL,
            to_ns(fill.time),
            ts_local,
            fill.id,
            fill.price,
            fill.size,
        )
        for fill in update.trades
    ]


def build_candles(update: CandleUpdate, instrument: Instrument, ts_local: int) -> list[Candle]:
    timeframe = parse_timeframe(update.timeframe)
    ts_exchange = to_ns(update.time)
    newest = len(update.candles) - 1
    candles = []
    for place, bar in enumerate(update.candles):
        open_time = to_ns(bar.time)
        if timeframe.floor(open_time) != open_time:
            raise ProtocolError(
                f"{bar.time:.0f} is no time at which candles of {timeframe} open"
                f" - at `$.candles[{place}].time`"
            )
        candles.append(
            Candle(
                instrument,
                timeframe,
                open_time,
                float(bar.open),
                float(bar.high),
                float(bar.low),
                float(bar.close),
                float(bar.volume),
                # A later candle proves that this one is final.
                bool(bar.closed) or place < newest,
                ts_exchange,
                ts_local,
                float(bar.quote_volume or 0),
                _float(bar.taker_buy_volume),
                bar.trades or 0,
            )
        )
    return candles


def build_metrics(
    message: Metrics, venue: str, instrument: Instrument | None, ts_local: int
) -> list[Metric]:
    ts_exchange = to_ns(message.time)
    return [
        Metric(
            venue,
            instrument,
            name,
            value if value is not None and math.isfinite(value) else None,
            ts_exchange,
            ts_local,
        )
        for name, value in message.values.items()
    ]


def build_alert(
    message: AlertMessage, venue: str, instrument: Instrument | None, ts_local: int
) -> Alert:
    try:
        level = AlertLevel(message.level)
    except ValueError:
        # A level that we do not know may be the gravest.
        level = AlertLevel.WARNING
    return Alert(
        venue, instrument, level, message.key or "", message.text, to_ns(message.time), ts_local
    )


def build_status(
    message: StatusMessage, venue: str, instrument: Instrument | None, ts_local: int
) -> Status:
    return Status(
        venue, instrument, message.status, message.text or "", to_ns(message.time), ts_local
    )


def check_levels(levels: Collection[Level], path: str) -> None:
    """Raise ProtocolError, naming `path`, unless all prices and sizes are plain decimal numbers."""
    if not levels:
        return
    try:
        text = ",".join(chain.from_iterable(levels)) + ","
    except TypeError:
        raise ProtocolError(f"a price or a size that is not a text - at `{path}`") from None
    # The count tells a text that has a comma in it from two.
    if text.count(",") != 2 * len(levels) or not _LEVELS.fullmatch(text):
        raise ProtocolError(f"a price or a size that is not a number - at `{path}`")


def parse_timeframe(text: str) -> Timeframe:
    """Read a timeframe of a message.

    Raises:
        ProtocolError: it is none.
    """
    found = _timeframes.get(text)
    if found is None:
        try:
            found = Timeframe.parse(text)
        except InstrumentError as error:
            raise ProtocolError(f"{error.message} - at `$.timeframe`") from error
        if len(_timeframes) < _MAX_TIMEFRAMES:
            _timeframes[text] = found
    return found


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)
