"""One client of Kraken's first protocol: what it asks for, and what it is answered."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.bars import Bar
from tui.sim.board import Board
from tui.sim.instruments import Listing
from tui.sim.kraken import texts_v1 as texts
from tui.sim.kraken.books import BookTop, Change
from tui.sim.kraken.pairs import DEPTHS, TIMEFRAMES, old_price, old_symbols
from tui.sim.kraken.streams import Key, recent_candles
from tui.sim.limits import VenueLimits
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.socket import SocketClient

_PAIR: Final = re.compile(r"[A-Z0-9.]{2,12}/[A-Z0-9.]{2,12}")
_OPTIONS: Final = {
    "book": ("depth", DEPTHS, "Subscription depth not supported"),
    "ohlc": ("interval", tuple(TIMEFRAMES), "Subscription ohlc interval not supported"),
}
_NAMES: Final = ("ticker", "ohlc", "trade", "book", "spread")


class DialectV1:
    """How the first protocol writes what happened."""

    def top(self, pair: Pair, depth: int) -> BookTop:
        return BookTop(pair, depth, old_price)

    def book(self, channel: str, listing: Listing, change: Change, now_ns: int) -> str:
        return texts.book_update(channel, listing, change, now_ns)

    def trades(self, channel: str, listing: Listing, facts: list[Execution]) -> str:
        return texts.trades(channel, listing, facts)

    def ticker(self, channel: str, pair: Pair, now_ns: int) -> str:
        return texts.ticker(channel, pair, now_ns)

    def candle(
        self, channel: str, listing: Listing, minutes: int, candle: tuple[int, Bar], now_ns: int
    ) -> str:
        return texts.candle(channel, listing, minutes, candle, now_ns)

    def spread(self, channel: str, pair: Pair, now_ns: int) -> str:
        return texts.spread(channel, pair, now_ns)


class ClientV1(SocketClient):
    """A connected client."""

    def __init__(
        self,
        request: web.Request,
        market: SimMarket,
        board: Board[Key, str],
        limits: VenueLimits,
        clock: Clock,
        *,
        connection_id: int,
    ) -> None:
        super().__init__(request, limits, clock)
        self._market = market
        self._board = board
        self._connection_id = connection_id
        self._listed = old_symbols(market)
        self._topics: dict[Key, None] = {}
        self._has_subscribed = False

    def greet(self) -> None:
        self.push(texts.system_status(self._connection_id))

    def hear(self, key: Key, message: str) -> None:
        self.push(message)

    def beat(self) -> None:
        """A second is over."""
        if self._has_subscribed:
            self.push(texts.HEARTBEAT)

    def forget(self) -> None:
        for topic in self._topics:
            self._board.leave(topic, self)
        self._topics.clear()

    def too_fast(self) -> bool:
        self.push(texts.error("Exceeded msg rate", None))
        return True

    def receive(self, text: str) -> None:
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            self.push(texts.error("Malformed request", None))
            return
        request_id = request.get("reqid")
        event = request.get("event")
        if event == "ping":
            self.push(texts.pong(request_id))
        elif event not in ("subscribe", "unsubscribe"):
            self.push(texts.error("Event(s) not found", request_id))
        else:
            self._carry_out(event, request, request_id)

    def _carry_out(self, event: str, request: dict[str, Any], request_id: Any) -> None:
        asked, names = request.get("subscription"), request.get("pair")
        if not isinstance(asked, dict) or not isinstance(names, list) or not names:
            self.push(texts.error("Malformed request", request_id))
            return
        name = asked.get("name")
        if name not in _NAMES:
            self.push(texts.refused("Subscription name invalid", None, asked, request_id))
            return
        channel, subscription = str(name), {"name": name}
        if name in _OPTIONS:
            option, allowed, refusal = _OPTIONS[name]
            value = asked.get(option, allowed[0])
            if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
                self.push(texts.refused(refusal, None, asked, request_id))
                return
            channel, subscription = f"{name}-{value}", {option: value, "name": name}
        for pair in names:
            refusal = self._try(event, channel, pair)
            if refusal:
                self.push(texts.refused(refusal, str(pair)[:40], subscription, request_id))
                continue
            self.push(texts.answer(f"{event}d", channel, pair, subscription, request_id))
            if event == "subscribe":
                self._begin(channel, pair)

    def _try(self, event: str, channel: str, name: object) -> str:
        """Why a pair cannot be had, or given up; "" where it can."""
        if not isinstance(name, str) or not _PAIR.fullmatch(name):
            return f"Currency pair not in ISO 4217-A3 format {str(name)[:40]}"
        if name not in self._listed:
            return f"Currency pair not supported {name}"
        is_held = (channel, name) in self._topics
        if event == "subscribe":
            return "Already subscribed" if is_held else ""
        if not is_held:
            return "Subscription Not Found"
        del self._topics[channel, name]
        self._board.leave((channel, name), self)
        return ""

    def _begin(self, channel: str, name: str) -> None:
        self._has_subscribed = True
        self._topics[channel, name] = None
        self._board.join((channel, name), self)
        text = self._state(channel, self._market.pair(self._listed[name].symbol))
        if text:
            self.push(text)

    def _state(self, channel: str, pair: Pair) -> str:
        """How things stand, as a first frame."""
        name, _, option = channel.partition("-")
        now_ns = self._market.now_ns
        if name == "book":
            return texts.book_snapshot(channel, pair, BookTop(pair, int(option), old_price), now_ns)
        if name == "trade":
            return texts.trades(channel, pair.listing, list(pair.executions)[-50:])
        if name == "ticker":
            return texts.ticker(channel, pair, now_ns)
        if name == "spread":
            return texts.spread(channel, pair, now_ns)
        # The last candle in which something was traded, however long ago that was.
        found = recent_candles(pair, TIMEFRAMES[int(option)], now_ns)
        if not found:
            return ""
        return texts.candle(channel, pair.listing, int(option), found[-1], now_ns)
