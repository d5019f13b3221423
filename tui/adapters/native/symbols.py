"""How the native protocol spells channels, symbols and timeframes, in messages and in queries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tui.adapters.native.messages import Topic
from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

_SECONDS: Final = ("1s", "5s", "15s", "30s")
_MINUTES: Final = ("1m", "3m", "5m", "15m", "30m")
_HOURS: Final = ("1h", "2h", "4h", "6h", "8h", "12h")
_DAYS_TO_MONTHS: Final = ("1d", "3d", "1w", "1M")

TIMEFRAMES: Final = tuple(map(Timeframe.parse, _SECONDS + _MINUTES + _HOURS + _DAYS_TO_MONTHS))
"""What a server may be asked for; one that lacks some says so."""

CHANNELS: Final = frozenset(Channel)
SIDE_CHANNELS: Final = ("metrics", "alerts", "status")
"""Channels beside those of the market, which a server may or may not have."""

_NAMES: Final = {
    Channel.TICKER: "ticker",
    Channel.TRADES: "trades",
    Channel.BOOK: "orderbook",
    Channel.CANDLES: "candles",
}
_CHANNELS: Final = {name: channel for channel, name in _NAMES.items()}
_SYMBOL: Final = re.compile(r"[^\s,\x00-\x1f\x7f-\x9f]{1,64}")


def topic(subscription: Subscription) -> Topic:
    """What a request says of a subscription.

    Raises:
        InstrumentError: a symbol that the protocol has no way to write, or candles without a timeframe.
    """
    symbol = check_symbol(subscription.instrument.symbol)
    if subscription.channel is not Channel.CANDLES:
        return Topic(_NAMES[subscription.channel], symbol)
    if subscription.timeframe is None:
        raise InstrumentError(f"candles of {subscription.instrument} without a timeframe")
    return Topic("candles", symbol, str(subscription.timeframe))


def subscription(venue: str, topic: Topic) -> Subscription | None:
    """The subscription that a server speaks of; None where it is not one of ours."""
    channel = _CHANNELS.get(topic.channel)
    if channel is None or not topic.symbol:
        return None
    instrument = Instrument(venue, topic.symbol)
    if channel is not Channel.CANDLES:
        return Subscription(instrument, channel)
    try:
        return Subscription(instrument, channel, Timeframe.parse(topic.timeframe or ""))
    except InstrumentError:
        return None


def side_topics(symbol: str | None) -> list[Topic]:
    """Metrics, alerts and status of a symbol, or of the server itself."""
    return [Topic(name, symbol) for name in SIDE_CHANNELS]


def query(topics: Iterable[Topic]) -> str:
    """The topics as the `channels` of a query: `ticker:BTC-USD,candles.1m:BTC-USD,alerts`."""
    return ",".join(map(_query_item, topics))


def check_symbol(symbol: str) -> str:
    """The symbol, if the protocol can write it.

    Raises:
        InstrumentError: it is too long, or has a comma or white space in it.
    """
    if not _SYMBOL.fullmatch(symbol):
        raise InstrumentError(
            f"{symbol[:80]!r} is not a symbol",
            "write up to 64 characters without commas and spaces",
        )
    return symbol


def _query_item(topic: Topic) -> str:
    option = f".{topic.timeframe}" if topic.timeframe else ""
    return f"{topic.channel}{option}" + (f":{topic.symbol}" if topic.symbol else "")
