"""One client of Kraken's second protocol: what it asks for, and what it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.board import Board
from tui.sim.kraken import texts
from tui.sim.kraken.books import BookTop
from tui.sim.kraken.pairs import DEPTHS, TIMEFRAMES, price, symbols
from tui.sim.kraken.streams import Key, recent_candles
from tui.sim.limits import VenueLimits
from tui.sim.market import Pair, SimMarket
from tui.sim.socket import SocketClient

_SNAPSHOT_TRADES: Final = 50
_WARNING: Final = "timestamp is deprecated, use interval_begin"
_METHODS: Final = ("subscribe", "unsubscribe")


class _RefusedError(Exception):
    """A whole request that cannot be had."""


class _Wish(msgspec.Struct, frozen=True):
    """A channel with its option, what an answer repeats of it, and whether its state is wanted."""

    channel: str
    echo: dict[str, Any]
    is_snapshot: bool


class ClientV2(SocketClient):
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
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(request, limits, clock)
        self._market = market
        self._board = board
        self._connection_id = connection_id
        self._now_ns = now_ns
        self._listed = symbols(market)
        self._topics: dict[Key, None] = {}
        self._has_subscribed = False

    def greet(self) -> None:
        self.push(texts.status(self._connection_id))

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
        self.push(texts.refused("subscribe", "Exceeded msg rate", None, None, self._now_ns()))
        return True

    def receive(self, text: str) -> None:
        request_id: Any = None
        method = "subscribe"
        try:
            request = _read(text)
            request_id = request.get("req_id")
            method = str(request.get("method", ""))[:40]
            if method == "ping":
                self.push(texts.pong(request_id, self._now_ns()))
                return
            if method not in _METHODS:
                raise _RefusedError("Unsupported method")
            params = request.get("params")
            if not isinstance(params, dict):
                raise _RefusedError("Malformed request")
            self._carry_out(method, params, request_id)
        except _RefusedError as refused:
            self.push(texts.refused(method, str(refused), None, request_id, self._now_ns()))

    def _carry_out(self, method: str, params: dict[str, Any], request_id: Any) -> None:
        if params.get("channel") == "instrument":
            self._tell_instruments(method, request_id)
            return
        wish = _understand(params)
        names = params.get("symbol")
        if not isinstance(names, list) or not names:
            raise _RefusedError("Symbol(s) not found")
        for name in names:
            refusal = self._try(method, wish, name)
            if refusal:
                self.push(
                    texts.refused(method, refusal, str(name)[:40], request_id, self._now_ns())
                )
                continue
            result = {**wish.echo, "symbol": name}
            if method == "subscribe" and wish.channel.startswith("ohlc"):
                result["warnings"] = [_WARNING]
            self.push(texts.accepted(method, result, request_id, self._now_ns()))
            if method == "subscribe":
                self._begin(wish, self._market.pair(self._listed[name].symbol), name)

    def _try(self, method: str, wish: _Wish, name: object) -> str:
        """Why a pair cannot be had, or given up; "" where it can."""
        if not isinstance(name, str) or name not in self._listed:
            return f"Currency pair not supported {str(name)[:40]}"
        kind = wish.channel.partition("-")[0]
        held = [key for key in self._topics if key[1] == name and key[0].startswith(kind)]
        if method == "subscribe":
            return "Already subscribed" if held else ""
        if (wish.channel, name) not in held:
            return "Subscription Not Found"
        del self._topics[wish.channel, name]
        self._board.leave((wish.channel, name), self)
        return ""

    def _begin(self, wish: _Wish, pair: Pair, name: str) -> None:
        self._has_subscribed = True
        self._topics[wish.channel, name] = None
        self._board.join((wish.channel, name), self)
        if wish.is_snapshot:
            self.push(self._state(wish.channel, pair))

    def _state(self, channel: str, pair: Pair) -> str:
        name, _, option = channel.partition("-")
        now_ns = self._market.now_ns
        if name == "book":
            return texts.book_snapshot(pair, BookTop(pair, int(option), price), now_ns)
        if name == "trade":
            return texts.trades(pair.listing, list(pair.executions)[-_SNAPSHOT_TRADES:], "snapshot")
        if name == "ticker":
            return texts.ticker(pair, now_ns, "snapshot")
        span = int(option), TIMEFRAMES[int(option)]
        found = recent_candles(pair, span[1], now_ns)
        return texts.candles(pair.listing, span, found, now_ns, "snapshot")

    def _tell_instruments(self, method: str, request_id: Any) -> None:
        result = {"channel": "instrument", "snapshot": True}
        self.push(texts.accepted(method, result, request_id, self._now_ns()))
        if method == "subscribe":
            self._has_subscribed = True
            self.push(texts.instruments(self._market))


def _read(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except (ValueError, RecursionError):
        raise _RefusedError("Malformed request") from None
    if not isinstance(request, dict):
        raise _RefusedError("Malformed request")
    return request


def _understand(params: dict[str, Any]) -> _Wish:
    channel = params.get("channel")
    if channel not in ("book", "trade", "ticker", "ohlc"):
        raise _RefusedError("Channel not supported")
    is_snapshot = params.get("snapshot", channel != "trade")
    if not isinstance(is_snapshot, bool):
        raise _RefusedError("Malformed request")
    echo: dict[str, Any] = {"channel": channel, "snapshot": is_snapshot}
    name = channel
    if channel == "book":
        echo["depth"] = _choose(params, "depth", DEPTHS, "Subscription depth not supported")
        name = f"book-{echo['depth']}"
    elif channel == "ohlc":
        refusal = "Subscription ohlc interval not supported"
        echo["interval"] = _choose(params, "interval", tuple(TIMEFRAMES), refusal)
        name = f"ohlc-{echo['interval']}"
    elif channel == "ticker":
        echo["event_trigger"] = params.get("event_trigger", "trades")
        if echo["event_trigger"] not in ("trades", "bbo"):
            raise _RefusedError("Malformed request")
        name = f"ticker-{echo['event_trigger']}"
    return _Wish(name, echo, is_snapshot)


def _choose(params: dict[str, Any], name: str, allowed: tuple[int, ...], refusal: str) -> int:
    value = params.get(name, allowed[0])
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise _RefusedError(refusal)
    return value
