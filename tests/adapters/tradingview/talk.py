"""What the tests of TradingView share: an adapter, and messages as the server writes them."""

from __future__ import annotations

import json
import random
from typing import Any

from tui.adapters.base import Outgoing
from tui.adapters.tradingview import TradingViewAdapter
from tui.adapters.tradingview.framing import split
from tui.model.events import Event
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

AAPL = Instrument("TRADINGVIEW", "NASDAQ:AAPL")
BTC = Instrument("TRADINGVIEW", "BINANCE:BTCUSDT")
MINUTE = Timeframe.parse("1m")
DAY = Timeframe.parse("1d")
TICKER = Subscription(AAPL, Channel.TICKER)
CANDLES = Subscription(AAPL, Channel.CANDLES, MINUTE)
NS = 1_000_000_000
START = 1_700_000_040
"""Seconds: a full minute."""
NOW = (START + 30) * NS


def frame(*messages: Any) -> bytes:
    """Messages as the server frames them; a text stands for itself."""
    bodies = [
        one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in messages
    ]
    return "".join(f"~m~{len(b.encode('utf-16-le')) // 2}~m~{b}" for b in bodies).encode()


def message(name: str, *parameters: Any, at_ms: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"m": name, "p": list(parameters)}
    return made if at_ms is None else made | {"t": at_ms // 1000, "t_ms": at_ms}


def bar(minute: int, close: float = 10.5, volume: float | None = 100.0) -> dict[str, Any]:
    values = [float(START + 60 * minute), 10.0, 11.0, 9.0, close]
    return {"i": minute, "v": values if volume is None else [*values, volume]}


def said(messages: list[Outgoing]) -> list[list[Any]]:
    """Name and parameters of what is sent."""
    return [read(one.text) for one in messages]


def read(text: str) -> list[Any]:
    (body,) = split(text.encode())
    decoded = json.loads(body)
    return [decoded["m"], *decoded["p"]]


class Talk:
    """A conversation with the adapter, in which the test is the server."""

    def __init__(self) -> None:
        self.adapter = TradingViewAdapter(rng=random.Random(1))

    def ask(self, *subscriptions: Subscription) -> list[list[Any]]:
        return said(self.adapter.subscribe(subscriptions))

    def open_chart(self, subscription: Subscription = CANDLES) -> str:
        """Ask for candles; returns the name of their session."""
        asked = self.ask(subscription)
        return str(next(one[1] for one in asked if one[0] == "chart_create_session"))

    def open_quotes(self, subscription: Subscription = TICKER) -> str:
        asked = self.ask(subscription)
        return str(next(one[1] for one in asked if one[0] == "quote_create_session"))

    def tell(self, *messages: Any, at: int = NOW) -> list[Event]:
        return self.adapter.decode(frame(*messages), at)

    def load(
        self, session: str, bars: list[Any], mode: str = "streaming", at: int = NOW
    ) -> list[Event]:
        """Resolve the symbol, and bring history as a real server does."""
        self.tell(message("symbol_resolved", session, "sds_sym_1", {}), at=at)
        self.tell(message("series_loading", session, "sds_1", "s1"), at=at)
        history = {"sds_1": {"node": "n", "s": bars, "ns": {"d": "", "indexes": []}, "t": "s1"}}
        events = self.tell(message("timescale_update", session, history, {"index": 0}), at=at)
        done = message("series_completed", session, "sds_1", mode, "s1", {"rt_update_period": 5})
        return events + self.tell(done, at=at)

    def update(self, session: str, *bars: Any, at: int = NOW, **more: Any) -> list[Event]:
        changed = {"sds_1": {"s": list(bars), "ns": {"d": "", "indexes": "nochange"}, "t": "s1"}}
        changed["sds_1"].update(more)
        return self.tell(message("du", session, changed), at=at)


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
