"""The JSON texts of Advanced Trade: the events of a frame; the frame's envelope is a connection's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar
from tui.sim.coinbase.products import describe, price_text, product_id, short_size, size_text
from tui.sim.instruments import Listing
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.payloads import DAY_NS, Window
from tui.sim.writing import iso_ns, iso_us, plain

FIVE_MINUTES: Final = Timeframe(5, "m")
_YEAR_NS: Final = 52 * 7 * DAY_NS


def envelope(channel: str, events: str, sequence: int, now_ns: int) -> str:
    """A whole frame."""
    return (
        f'{{"channel":"{channel}","client_id":"","timestamp":"{iso_ns(now_ns)}",'
        f'"sequence_num":{sequence},"events":[{events}]}}'
    )


def error(message: str) -> str:
    """A frame without an envelope."""
    return _text({"type": "error", "message": message})


def subscriptions(channels: dict[str, list[str]]) -> str:
    return _text({"subscriptions": channels})


def book_snapshot(pair: Pair, now_ns: int) -> str:
    """The whole book, with items of the same shape as changes have."""
    bids, asks = pair.engine.top(10**9)
    keyed = [*((-ticks, lots) for ticks, lots in asks), *bids]
    return _book("snapshot", pair.listing, keyed, now_ns)


def book_update(listing: Listing, rows: Iterable[tuple[int, int]], now_ns: int) -> str:
    """Changed levels by key: the price of a bid, the negated price of an ask."""
    return _book("update", listing, rows, now_ns)


def trades(listing: Listing, facts: Iterable[Execution], kind: str) -> str:
    """Trades; the newest is to come first."""
    rows = ",".join(trade(listing, fact) for fact in facts)
    return f'{{"type":"{kind}","trades":[{rows}]}}'


def trade(listing: Listing, fact: Execution) -> str:
    return (
        f'{{"product_id":"{product_id(listing)}","trade_id":"{fact.trade_id}",'
        f'"price":"{plain(price_text(listing, fact.price))}",'
        f'"size":"{short_size(listing, fact.lots)}","time":"{iso_us(fact.ts_ns)}",'
        f'"side":"{maker_side(fact)}"}}'
    )


def maker_side(fact: Execution) -> str:
    """The resting order's side, which this venue calls a trade's side."""
    return "BUY" if fact.is_sell else "SELL"


def candles(listing: Listing, found: Iterable[tuple[int, Bar]], kind: str) -> str:
    """Candles with their opening times (ns)."""
    name = product_id(listing)
    rows = [{**candle(listing, opened, bar), "product_id": name} for opened, bar in found]
    return _text({"type": kind, "candles": rows})


def candle(listing: Listing, opened: int, bar: Bar) -> dict[str, str]:
    prices = {"high": bar.high, "low": bar.low, "open": bar.open, "close": bar.close}
    texts = {name: plain(price_text(listing, ticks)) for name, ticks in prices.items()}
    return {"start": str(opened // NS), **texts, "volume": short_size(listing, bar.volume)}


def ticker(pair: Pair, now_ns: int, kind: str, *, is_batch: bool) -> str:
    listing = pair.listing
    day, year = Window(pair, now_ns), Window(pair, now_ns, _YEAR_NS)
    bar = day.bar

    def price(ticks: int) -> str:
        return plain(price_text(listing, ticks))

    row: dict[str, Any] = {
        "type": "ticker",
        "product_id": product_id(listing),
        "price": price(bar.close),
        "volume_24_h": size_text(listing, bar.volume),
        "low_24_h": price(bar.low),
        "high_24_h": price(bar.high),
        "low_52_w": price(year.bar.low),
        "high_52_w": price(year.bar.high),
        "price_percent_chg_24_h": f"{100 * (bar.close - bar.open) / bar.open:.14f}",
    }
    if not is_batch:
        bid, bid_lots = day.bids[0] if day.bids else (0, 0)
        ask, ask_lots = day.asks[0] if day.asks else (0, 0)
        row["best_bid"], row["best_ask"] = price(bid), price(ask)
        row["best_bid_quantity"] = size_text(listing, bid_lots)
        row["best_ask_quantity"] = size_text(listing, ask_lots)
    return _text({"type": kind, "tickers": [row]})


def heartbeat(now_ns: int, count: int) -> str:
    """The time as Go prints it, which is no ISO."""
    seconds, rest = divmod(now_ns, NS)
    date = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    moment = f"{date}.{rest // 1_000:06d} +0000 UTC m=+{count}.{rest:09d}"
    return _text({"current_time": moment, "heartbeat_counter": count})


def status(market: SimMarket) -> str:
    rows = []
    for listing in market.listings.values():
        told = describe(listing)
        same = {
            name: told[name]
            for name in (
                "id",
                "base_currency",
                "quote_currency",
                "base_increment",
                "quote_increment",
                "display_name",
                "status",
                "status_message",
                "min_market_funds",
            )
        }
        rows.append({"product_type": "SPOT", **same})
    return _text({"type": "snapshot", "products": rows})


def _book(kind: str, listing: Listing, rows: Iterable[tuple[int, int]], now_ns: int) -> str:
    time = iso_us(now_ns)
    updates = ",".join(
        f'{{"side":"{"bid" if key > 0 else "offer"}","event_time":"{time}",'
        f'"price_level":"{plain(price_text(listing, abs(key)))}",'
        f'"new_quantity":"{short_size(listing, lots)}"}}'
        for key, lots in rows
    )
    return f'{{"type":"{kind}","product_id":"{product_id(listing)}","updates":[{updates}]}}'


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
