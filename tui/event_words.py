"""Events in plain words, for commands that print them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Heartbeat,
    Level,
    ParseFailure,
    Rejection,
    ServerTime,
    Ticker,
    Trade,
    VenueNotice,
)


def describe_event(event: Event) -> str:
    """An event in plain words."""
    for kind, describe in _WORDS.items():
        if isinstance(event, kind):
            return str(describe(event))
    return type(event).__name__


def _trade(event: Trade) -> str:
    number = "" if event.trade_id is None else f", number {event.trade_id}"
    return (
        f"trade {event.instrument.symbol}: {event.aggressor} {event.size_text} at "
        f"{event.price_text}, {_time(event.ts_exchange)}{number}"
    )


def _snapshot(event: BookSnapshot) -> str:
    return (
        f"book {event.instrument.symbol}: {len(event.bids)} bids {_best(event.bids)}, "
        f"{len(event.asks)} asks {_best(event.asks)}, number {event.sequence or 'none'}"
    )


def _delta(event: BookDelta) -> str:
    numbers = str(event.last_sequence or "none")
    if event.first_sequence != event.last_sequence:
        numbers = f"{event.first_sequence} to {event.last_sequence}"
    return (
        f"change of book {event.instrument.symbol}: {len(event.bids)} bids {_best(event.bids)}, "
        f"{len(event.asks)} asks {_best(event.asks)}, number {numbers}"
    )


def _best(levels: list[Level]) -> str:
    return (
        f"({levels[0][1]} at {levels[0][0]}{', ...' if len(levels) > 1 else ''})" if levels else ""
    )


def _ticker(event: Ticker) -> str:
    said = {
        "last": event.last_text,
        "bid": event.bid,
        "ask": event.ask,
        "open": event.open,
        "high": event.high,
        "low": event.low,
        "volume": event.volume,
    }
    figures = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    return f"ticker {event.instrument.symbol}: {figures}"


def _candle(event: Candle) -> str:
    return (
        f"candle {event.instrument.symbol} {event.timeframe} from {_time(event.open_time)}: "
        f"open {event.open:g}, high {event.high:g}, low {event.low:g}, close {event.close:g}, "
        f"volume {event.volume:g}, {'closed' if event.closed else 'still open'}"
    )


def _rejection(event: Rejection) -> str:
    whose = f" {event.subscription}" if event.subscription is not None else ""
    return f"refused{whose}: {event.reason}"


_WORDS: Final[Mapping[type, Callable[..., str]]] = {
    Trade: _trade,
    BookSnapshot: _snapshot,
    BookDelta: _delta,
    Ticker: _ticker,
    Candle: _candle,
    Ack: lambda event: f"request {event.request_id} accepted",
    Rejection: _rejection,
    ServerTime: lambda event: f"the venue's time: {_time(event.ts_exchange)}",
    Heartbeat: lambda event: "a sign of life" + (", answered" if event.reply else ""),
    VenueNotice: lambda event: (
        f"notice: {event.message}" + (" (about to close)" if event.reconnect else "")
    ),
    Gap: lambda event: f"something is missing: {event.reason}",
    ParseFailure: lambda event: f"NOT UNDERSTOOD: {event.message}",
}


def _time(ns: int) -> str:
    if not ns:
        return "no time"
    moment = datetime.fromtimestamp(ns // 10**9, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ns % 10**9 // 10**6:03} UTC"
