"""A ticker of the last 24 hours, which the first protocol and REST tell with the same letters."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from tui.adapters.kraken.numbers import NumberText
from tui.model.events import Ticker
from tui.model.instrument import Instrument

Pair: TypeAlias = tuple[NumberText, NumberText]
"""Of today, and of the last 24 hours."""


class DayFigures(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "ask": "a",
        "bid": "b",
        "last": "c",
        "volume": "v",
        "vwap": "p",
        "low": "l",
        "high": "h",
    },
):
    """`ask` and `bid`: price, whole lots, lots. `last`: price and size."""

    ask: tuple[NumberText, Any, NumberText]
    bid: tuple[NumberText, Any, NumberText]
    last: Pair
    volume: Pair
    vwap: Pair
    low: Pair
    high: Pair


def read_ticker(
    body: DayFigures,
    instrument: Instrument,
    *,
    opened: str | None,
    ts_exchange: int,
    ts_local: int,
) -> Ticker:
    """The ticker; `opened` is the price 24 hours ago, None where nobody tells."""
    last = float(body.last[0])
    first = None if opened is None else float(opened)
    return Ticker(
        instrument=instrument,
        ts_exchange=ts_exchange,
        ts_local=ts_local,
        last=last,
        last_text=body.last[0],
        bid=body.bid[0],
        ask=body.ask[0],
        bid_size=body.bid[2],
        ask_size=body.ask[2],
        open=first,
        high=float(body.high[1]),
        low=float(body.low[1]),
        volume=float(body.volume[1]),
        quote_volume=float(body.volume[1]) * float(body.vwap[1]),
        change_percent=(last - first) / first * 100 if first else None,
    )
