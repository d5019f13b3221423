"""One client of Coinbase Exchange's feed: what it asks for, and what it is answered."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web

from tui.feed.clock import Clock
from tui.sim.board import Board
from tui.sim.coinbase.exchange import streams, texts
from tui.sim.coinbase.products import products
from tui.sim.limits import VenueLimits
from tui.sim.market import SimMarket
from tui.sim.socket import SocketClient

Topic = tuple[str, str]

_PUBLIC: Final = frozenset(
    {"heartbeat", "ticker", "ticker_batch", "matches", "level2_batch", "auctionfeed", "rfq_matches"}
)
_SIGNED: Final = frozenset({"level2"})
_ECHOED: Final = {"level2_batch": "level2_50", "ticker_batch": "ticker_1000"}
_STATUS: Final = "status"
_LOCKED: Final = (
    "level2, level3, and full channels now require authentication. "
    "https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)
_LOCKED_CHANNELS: Final = frozenset({"level2", "level3", "full", "user", "balance"})
_MOST: Final = 1_000


class FeedClient(SocketClient):
    """A connected client."""

    def __init__(
        self,
        request: web.Request,
        market: SimMarket,
        board: Board[Topic, str],
        limits: VenueLimits,
        clock: Clock,
    ) -> None:
        super().__init__(request, limits, clock)
        self._market = market
        self._board = board
        self._listed = products(market)
        self._topics: dict[Topic, None] = {}

    def hear(self, key: Topic, message: str) -> None:
        self.push(message)

    def forget(self) -> None:
        for topic in self._topics:
            self._board.leave(topic, self)
        self._topics.clear()

    def receive(self, text: str) -> None:
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            self.push(texts.error("the message is not JSON", "Malformed JSON"))
            return
        kind = request.get("type") if isinstance(request, dict) else None
        if kind not in ("subscribe", "unsubscribe"):
            self.push(texts.error("Type has to be either subscribe or unsubscribe"))
            return
        wanted, errors = self._read(request, may_be_bare=kind == "unsubscribe")
        for error in errors:
            self.push(texts.error(error))
        if not wanted and errors:
            return
        if kind == "unsubscribe":
            self._drop(wanted)
            self.push(texts.subscriptions(self._listing()))
        else:
            self._topics.update(dict.fromkeys(wanted))
            self.push(texts.subscriptions(self._listing()))
            self._begin(wanted)

    def _begin(self, wanted: list[Topic]) -> None:
        for channel, product in wanted:
            if channel == _STATUS:
                self.push(texts.status(self._market))
                continue
            pair = self._market.pair(self._listed[product].symbol)
            self._board.join((channel, product), self)
            for text in streams.first_words(channel, pair, self._market):
                self.push(text)

    def _drop(self, wanted: list[Topic]) -> None:
        for channel, product in wanted:
            for topic in [*self._topics]:
                if topic == (channel, product) or (not product and topic[0] == channel):
                    del self._topics[topic]
                    self._board.leave(topic, self)

    def _listing(self) -> dict[str, list[str]]:
        channels: dict[str, list[str]] = {}
        for channel, product in self._topics:
            channels.setdefault(_ECHOED.get(channel, channel), []).append(product)
        return {name: [one for one in found if one] for name, found in channels.items()}

    def _read(self, request: dict[str, Any], *, may_be_bare: bool) -> tuple[list[Topic], list[str]]:
        """What is asked for, and why some of it cannot be had."""
        shared = request.get("product_ids", [])
        is_signed = all(request.get(name) for name in ("signature", "key", "timestamp"))
        wanted: dict[Topic, None] = {}
        errors: dict[str, None] = {}
        channels = request.get("channels", [])
        if not isinstance(channels, list) or not isinstance(shared, list) or not channels:
            return [], ["channels and product_ids have to be lists"]
        for channel in channels:
            name, own = channel, shared
            if isinstance(channel, dict):
                name, own = channel.get("name"), channel.get("product_ids", shared)
            refusal = _refuse(name, own, is_signed=is_signed)
            if refusal:
                errors[refusal] = None
            elif name == _STATUS or (may_be_bare and not own):
                wanted[str(name), ""] = None
            elif not own:
                errors["product_ids must be specified"] = None
            for product in [] if refusal or name == _STATUS else own:
                if not isinstance(product, str) or product not in self._listed:
                    errors[f"{str(product)[:40]} is not a valid product"] = None
                elif len(wanted) < _MOST:
                    wanted[str(name), product] = None
        return list(wanted), list(errors)


def _refuse(name: object, own: object, *, is_signed: bool) -> str:
    """Why a channel cannot be had; "" where it can."""
    if not isinstance(name, str) or not isinstance(own, list):
        return "channels and product_ids have to be lists"
    if name in _PUBLIC or name == _STATUS or (is_signed and name in _SIGNED):
        return ""
    return _LOCKED if name in _LOCKED_CHANNELS else f"{name[:40]} is not a valid channel"
