"""One client of Advanced Trade: one channel a message, and frames that are numbered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.board import Board
from tui.sim.coinbase.advanced import streams, texts
from tui.sim.coinbase.products import products
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket import SocketClient

_OF_PRODUCTS: Final = frozenset({"level2", "market_trades", "candles", "ticker", "ticker_batch"})
_OF_THE_VENUE: Final = frozenset({"heartbeats", "status"})
_OF_THE_USER: Final = frozenset({"user", "futures_balance_summary"})


class AdvancedClient(SocketClient):
    """A connected client."""

    def __init__(
        self,
        request: web.Request,
        market: SimMarket,
        board: Board[streams.Key, str],
        limits: VenueLimits,
        clock: Clock,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(request, limits, clock)
        self._market = market
        self._board = board
        self._now_ns = now_ns
        self._listed = products(market)
        self._topics: dict[streams.Key, None] = {}
        self._sequence = 0

    def hear(self, key: streams.Key, message: str) -> None:
        self._say(streams.ARRIVES_AS.get(key[0], key[0]), message)

    def miss(self, key: object) -> None:
        self._sequence += 1

    def forget(self) -> None:
        for topic in self._topics:
            self._board.leave(topic, self)
        self._topics.clear()

    def too_fast(self) -> bool:
        self.push(texts.error("rate limit exceeded"))
        return True

    def receive(self, text: str) -> None:
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            request = None
        refusal = self._refuse(request)
        if refusal:
            self.push(texts.error(refusal))
            return
        channel, names = request["channel"], request.get("product_ids") or []
        if channel in _OF_THE_VENUE:
            names = [""]
        if request["type"] == "unsubscribe":
            self._drop(channel, names)
        else:
            self._begin(channel, names)
        self._say("subscriptions", texts.subscriptions(self._listing()))

    def _begin(self, channel: str, names: list[str]) -> None:
        """The state comes before the answer."""
        now_ns = self._market.now_ns
        for name in names:
            self._topics[channel, name] = None
            if channel == "status":
                self._say(channel, texts.status(self._market))
                continue
            self._board.join((channel, name), self)
            if channel != "heartbeats":
                pair = self._market.pair(self._listed[name].symbol)
                self.hear((channel, name), streams.state(channel, pair, now_ns))

    def _drop(self, channel: str, names: list[str]) -> None:
        for topic in [*self._topics]:
            if topic[0] == channel and (not names or topic[1] in names):
                del self._topics[topic]
                self._board.leave(topic, self)

    def _listing(self) -> dict[str, list[str]]:
        channels: dict[str, list[str]] = {}
        for channel, name in self._topics:
            channels.setdefault(channel, []).append(name or channel)
        return channels

    def _refuse(self, request: Any) -> str:
        """Why a request cannot be met; "" where it can."""
        if not isinstance(request, dict) or request.get("type") not in ("subscribe", "unsubscribe"):
            return "type is required, and is subscribe or unsubscribe"
        channel, names = request.get("channel"), request.get("product_ids") or []
        if not isinstance(channel, str):
            return "channel is required"
        if channel in _OF_THE_USER:
            return "authentication failure"
        if channel not in _OF_PRODUCTS and channel not in _OF_THE_VENUE:
            return f"channel {channel[:40]} is not supported"
        if not isinstance(names, list):
            return "product_ids has to be a list"
        if channel in _OF_PRODUCTS and request["type"] == "subscribe" and not names:
            return "product_ids is required"
        for name in names:
            if not isinstance(name, str) or name not in self._listed:
                return f"{str(name)[:40]} is not a valid product"
        return ""

    def _say(self, channel: str, events: str) -> None:
        self.push(texts.envelope(channel, events, self._sequence, self._now_ns()))
        self._sequence += 1
