"""What a client of the native protocol may ask for: topics, as messages and queries name them."""

from __future__ import annotations

import json
import re
from collections.abc import Container

import msgspec

from tui.model.timeframe import Timeframe
from tui.sim.streams import TIMEFRAMES

CHANNELS = ("ticker", "trades", "orderbook", "candles", "metrics", "alerts", "status")
_OWN = ("metrics", "alerts", "status")
"""Channels that the server has of itself too, without a symbol."""
_DEPTH = re.compile(r"[1-9][0-9]{0,3}")
_SHOWN = 64


class RefusedError(Exception):
    """What cannot be had: the protocol's code, and words for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Topic(msgspec.Struct, frozen=True, cache_hash=True):
    """A channel of a symbol, as far as it has them; "" and 0 stand for what is not named."""

    channel: str
    symbol: str = ""
    timeframe: str = ""
    depth: int = 0

    @property
    def name(self) -> str:
        """The topic as a query writes it, for example `candles.1m:BTCUSDT`."""
        option = self.timeframe or (str(self.depth) if self.depth else "")
        return (
            self.channel
            + (f".{option}" if option else "")
            + (f":{self.symbol}" if self.symbol else "")
        )

    def json(self) -> str:
        """The topic as a message writes it."""
        fields: dict[str, str | int] = {"channel": self.channel}
        if self.symbol:
            fields["symbol"] = self.symbol
        if self.timeframe:
            fields["timeframe"] = self.timeframe
        if self.depth:
            fields["depth"] = self.depth
        return json.dumps(fields, separators=(",", ":"))

    def check(self, listed: Container[str]) -> Topic:
        """This topic without the options that its channel does not have.

        Raises:
            RefusedError: there is no such thing.
        """
        if self.channel not in CHANNELS:
            raise RefusedError("unknown_channel", f"there is no channel {self.channel[:_SHOWN]}")
        if not self.symbol and self.channel not in _OWN:
            raise RefusedError("bad_request", f"{self.channel} needs a symbol")
        if self.symbol and self.symbol not in listed:
            raise RefusedError("unknown_symbol", f"there is no symbol {self.symbol[:_SHOWN]}")
        if self.channel == "candles":
            read_timeframe(self.timeframe)
            return Topic(self.channel, self.symbol, self.timeframe)
        if self.channel == "orderbook":
            if self.depth < 0:
                raise RefusedError("bad_request", "a depth is a positive number of levels")
            return Topic(self.channel, self.symbol, depth=self.depth)
        return Topic(self.channel, self.symbol)


def read_timeframe(text: str) -> Timeframe:
    """The timeframe of candles.

    Raises:
        RefusedError: it is missing, or there are no such candles.
    """
    if not text:
        raise RefusedError("bad_request", "candles need a timeframe")
    if text not in TIMEFRAMES:
        raise RefusedError("unknown_timeframe", f"no candles of {text[:_SHOWN]}")
    return TIMEFRAMES[text]


def read_topics(query: str) -> list[Topic]:
    """The topics of a query's `channels`, unchecked but for their shape."""
    topics = []
    for item in filter(None, query.split(",")):
        head, _, symbol = item.partition(":")
        channel, _, option = head.partition(".")
        if channel == "orderbook" and _DEPTH.fullmatch(option):
            topics.append(Topic(channel, symbol, depth=int(option)))
        elif channel == "orderbook" and option:
            topics.append(Topic(channel, symbol, depth=-1))
        else:
            topics.append(Topic(channel, symbol, timeframe=option))
    return topics
