"""How Binance spells symbols, streams and timeframes, and how ours map to them."""

from __future__ import annotations

from typing import Final, NamedTuple

from tui.model.errors import InstrumentError
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

_SECONDS_TO_HALF_HOURS: Final = ("1s", "1m", "3m", "5m", "15m", "30m")
_HOURS: Final = ("1h", "2h", "4h", "6h", "8h", "12h")
_DAYS_TO_MONTHS: Final = ("1d", "3d", "1w", "1M")

TIMEFRAMES: Final = tuple(map(Timeframe.parse, _SECONDS_TO_HALF_HOURS + _HOURS + _DAYS_TO_MONTHS))
"""The intervals of klines; `1m` is the minute and `1M` the month, as in ours."""

TIMEFRAME_BY_NAME: Final = {str(timeframe): timeframe for timeframe in TIMEFRAMES}

_STREAM_KINDS: Final = {
    Channel.TICKER: "ticker",
    Channel.TRADES: "aggTrade",
    Channel.BOOK: "depth@100ms",
}
CHANNELS: Final = frozenset(Channel)


class StreamName(NamedTuple):
    """The parts of `btcusdt@kline_1m`: the symbol in lower case, and what follows the first @."""

    symbol: str
    kind: str


def stream_name(subscription: Subscription) -> str:
    """The stream that carries a subscription; the venue is silent on upper-case names.

    Raises:
        InstrumentError: candles without a timeframe, or with one that the venue does not have.
    """
    symbol = subscription.instrument.symbol.lower()
    if subscription.channel is not Channel.CANDLES:
        return f"{symbol}@{_STREAM_KINDS[subscription.channel]}"
    return f"{symbol}@kline_{interval(subscription.timeframe)}"


def interval(timeframe: Timeframe | None) -> str:
    """The venue's name of a timeframe.

    Raises:
        InstrumentError: the venue does not have it.
    """
    name = str(timeframe)
    if name not in TIMEFRAME_BY_NAME:
        raise InstrumentError(
            f"Binance has no candles of {name}", f"use one of {' '.join(TIMEFRAME_BY_NAME)}"
        )
    return name


def parse_stream_name(name: str) -> StreamName:
    """Split a stream's name; a name without @ has an empty kind."""
    symbol, _, kind = name.partition("@")
    return StreamName(symbol, kind)
