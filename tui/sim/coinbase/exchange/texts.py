"""The JSON texts of Coinbase Exchange's feed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any, Final

from tui.sim.coinbase.products import (
    currencies,
    describe,
    describe_currency,
    price_text,
    product_id,
    short_size,
    size_text,
)
from tui.sim.instruments import Listing
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.payloads import DAY_NS, Window
from tui.sim.writing import iso_us, plain

_ORDERS: Final = uuid.UUID("6f3a0ed0-5bd5-4d0a-9a0e-3d5f3b5b7a11")
_MONTH_NS: Final = 30 * DAY_NS


def sequence_now(pair: Pair) -> int:
    """The number of the newest thing that happened to a product, of which few are told."""
    return pair.engine.update_id + pair.last_trade_id


def maker_side(fact: Execution) -> str:
    """The resting order's side, which this venue calls a trade's side."""
    return "buy" if fact.is_sell else "sell"


def match(listing: Listing, fact: Execution, sequence: int, kind: str = "match") -> str:
    taker = uuid.uuid5(_ORDERS, f"{listing.symbol}:{fact.ts_ns}:{fact.is_sell}")
    maker = uuid.uuid5(_ORDERS, f"{listing.symbol}:{fact.trade_id}")
    return (
        f'{{"type":"{kind}","trade_id":{fact.trade_id},"maker_order_id":"{maker}",'
        f'"taker_order_id":"{taker}","side":"{maker_side(fact)}",'
        f'"size":"{short_size(listing, fact.lots)}",'
        f'"price":"{plain(price_text(listing, fact.price))}",'
        f'"product_id":"{product_id(listing)}","sequence":{sequence},'
        f'"time":"{iso_us(fact.ts_ns)}"}}'
    )


def snapshot(pair: Pair, now_ns: int) -> str:
    """The whole book."""
    listing = pair.listing
    bids, asks = pair.engine.top(10**9)
    return (
        f'{{"type":"snapshot","product_id":"{product_id(listing)}",'
        f'"asks":[{_levels(listing, asks)}],"bids":[{_levels(listing, bids)}],'
        f'"time":"{iso_us(now_ns)}"}}'
    )


def changes(listing: Listing, rows: Iterable[tuple[int, int]], now_ns: int) -> str:
    """Changed levels by key: the price of a bid, the negated price of an ask."""
    parts = ",".join(
        f'["{"buy" if key > 0 else "sell"}","{price_text(listing, abs(key))}",'
        f'"{size_text(listing, lots)}"]'
        for key, lots in rows
    )
    return (
        f'{{"type":"l2update","product_id":"{product_id(listing)}","changes":[{parts}],'
        f'"time":"{iso_us(now_ns)}"}}'
    )


def ticker(pair: Pair, fact: Execution | None, now_ns: int) -> str:
    """The day's figures and the last trade, where there was one."""
    listing = pair.listing
    day, month = Window(pair, now_ns), Window(pair, now_ns, _MONTH_NS)
    last = day.bar.close if fact is None else fact.price
    bids, asks = day.bids, day.asks
    bid, bid_lots = bids[0] if bids else (0, 0)
    ask, ask_lots = asks[0] if asks else (0, 0)

    def price(ticks: int) -> str:
        return plain(price_text(listing, ticks))

    tail = ""
    if fact is not None:
        side = "sell" if fact.is_sell else "buy"  # here it is the taker's
        tail = (
            f',"side":"{side}","time":"{iso_us(fact.ts_ns)}","trade_id":{fact.trade_id},'
            f'"last_size":"{short_size(listing, fact.lots)}"'
        )
    return (
        f'{{"type":"ticker","sequence":{sequence_now(pair)},"product_id":"{product_id(listing)}",'
        f'"price":"{price(last)}","open_24h":"{price(day.bar.open)}",'
        f'"volume_24h":"{size_text(listing, day.bar.volume)}","low_24h":"{price(day.bar.low)}",'
        f'"high_24h":"{price(day.bar.high)}",'
        f'"volume_30d":"{size_text(listing, month.bar.volume)}",'
        f'"best_bid":"{price(bid)}","best_bid_size":"{size_text(listing, bid_lots)}",'
        f'"best_ask":"{price(ask)}","best_ask_size":"{size_text(listing, ask_lots)}"{tail}}}'
    )


def heartbeat(pair: Pair, now_ns: int) -> str:
    return (
        f'{{"type":"heartbeat","last_trade_id":{pair.last_trade_id},'
        f'"product_id":"{product_id(pair.listing)}","sequence":{sequence_now(pair)},'
        f'"time":"{iso_us(now_ns)}"}}'
    )


def status(market: SimMarket) -> str:
    """All products and currencies."""
    return _text(
        {
            "type": "status",
            "products": [describe(listing) for listing in market.listings.values()],
            "currencies": [describe_currency(name) for name in currencies(market)],
        }
    )


def subscriptions(channels: dict[str, list[str]]) -> str:
    """All that a connection has subscribed, under the names that the venue gives them."""
    rows = [
        {"name": name, "product_ids": products, "account_ids": None}
        for name, products in channels.items()
    ]
    return _text({"type": "subscriptions", "channels": rows})


def error(reason: str, message: str = "Failed to subscribe") -> str:
    return _text({"type": "error", "message": message, "reason": reason})


def _levels(listing: Listing, levels: list[tuple[int, int]]) -> str:
    return ",".join(
        f'["{price_text(listing, ticks)}","{size_text(listing, lots)}"]' for ticks, lots in levels
    )


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
