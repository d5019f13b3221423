"""The JSON texts of Kraken's second protocol. Numbers keep all their zeros: checksums need them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tui.model.timeframe import Timeframe
from tui.sim.bars import Bar
from tui.sim.instruments import Listing
from tui.sim.kraken.books import BookTop, Change, Levels
from tui.sim.kraken.pairs import decimals, mean, price, size, symbol
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.payloads import Window
from tui.sim.writing import fixed_e8, iso_ns, iso_us, plain_e8


def status(connection_id: int) -> str:
    state = {
        "version": "2.0.10",
        "system": "online",
        "api_version": "v2",
        "connection_id": connection_id,
        "upcoming_maintenance": [],
        "emergency": [],
    }
    return _text({"channel": "status", "type": "update", "data": [state]})


HEARTBEAT = '{"channel":"heartbeat"}'


def pong(request_id: Any, now_ns: int) -> str:
    return _answer({"method": "pong"}, request_id, now_ns)


def accepted(method: str, result: dict[str, Any], request_id: Any, now_ns: int) -> str:
    return _answer({"method": method, "result": result, "success": True}, request_id, now_ns)


def refused(method: str, words: str, name: str | None, request_id: Any, now_ns: int) -> str:
    """A refusal of one symbol, or without a name of the whole request."""
    body: dict[str, Any] = {"error": words, "method": method, "success": False}
    if name is not None:
        body["symbol"] = name
    return _answer(body, request_id, now_ns)


def book_snapshot(pair: Pair, top: BookTop, now_ns: int) -> str:
    bids, asks, checksum = top.snapshot()
    return _book("snapshot", pair.listing, (bids, asks), checksum, now_ns)


def book_update(listing: Listing, change: Change, now_ns: int) -> str:
    return _book("update", listing, (change.bids, change.asks), change.checksum, now_ns)


def trades(listing: Listing, facts: Iterable[Execution], kind: str = "update") -> str:
    rows = ",".join(
        f'{{"symbol":"{symbol(listing)}","side":"{"sell" if fact.is_sell else "buy"}",'
        f'"price":{price(listing, fact.price)},"qty":{size(listing, fact.lots)},'
        f'"ord_type":"{"market" if fact.trade_id % 3 else "limit"}",'
        f'"trade_id":{fact.trade_id},"timestamp":"{iso_us(fact.ts_ns)}"}}'
        for fact in facts
    )
    return f'{{"channel":"trade","type":"{kind}","data":[{rows}]}}'


def ticker(pair: Pair, now_ns: int, kind: str = "update") -> str:
    listing, window = pair.listing, Window(pair, now_ns)
    bar = window.bar
    bid, bid_lots = window.bids[0] if window.bids else (0, 0)
    ask, ask_lots = window.asks[0] if window.asks else (0, 0)
    change = bar.close - bar.open
    sign = "-" if change < 0 else ""
    row = (
        f'{{"symbol":"{symbol(listing)}","bid":{price(listing, bid)},'
        f'"bid_qty":{size(listing, bid_lots)},"ask":{price(listing, ask)},'
        f'"ask_qty":{size(listing, ask_lots)},"last":{price(listing, bar.close)},'
        f'"volume":{size(listing, bar.volume)},"vwap":{mean(listing, bar)},'
        f'"low":{price(listing, bar.low)},"high":{price(listing, bar.high)},'
        f'"change":{sign}{price(listing, abs(change))},'
        f'"change_pct":{100 * change / bar.open:.2f},"trades":{bar.trades},'
        f'"timestamp":"{iso_us(now_ns)}"}}'
    )
    return f'{{"channel":"ticker","type":"{kind}","data":[{row}]}}'


def candles(
    listing: Listing,
    span: tuple[int, Timeframe],
    found: Iterable[tuple[int, Bar]],
    now_ns: int,
    kind: str = "update",
) -> str:
    """Candles with their opening times (ns); `span`: how long they are, in minutes and as such."""
    minutes, timeframe = span
    rows = ",".join(
        f'{{"symbol":"{symbol(listing)}","open":{price(listing, bar.open)},'
        f'"high":{price(listing, bar.high)},"low":{price(listing, bar.low)},'
        f'"close":{price(listing, bar.close)},"trades":{bar.trades},'
        f'"volume":{size(listing, bar.volume)},"vwap":{mean(listing, bar)},'
        f'"interval_begin":"{iso_ns(opened)}","interval":{minutes},'
        f'"timestamp":"{iso_us(timeframe.next_open(opened))}"}}'
        for opened, bar in found
    )
    return f'{{"channel":"ohlc","type":"{kind}","timestamp":"{iso_ns(now_ns)}","data":[{rows}]}}'


def instruments(market: SimMarket) -> str:
    """All assets and pairs; here the steps are numbers, which may have an exponent."""
    listings = market.listings.values()
    assets = sorted({name for one in listings for name in (one.base, one.quote)})
    return _text(
        {
            "channel": "instrument",
            "type": "snapshot",
            "data": {
                "assets": [
                    {"id": name, "status": "enabled", "precision": 10, "precision_display": 5}
                    for name in assets
                ],
                "pairs": [_pair(listing) for listing in listings],
            },
        }
    )


def _pair(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": symbol(listing),
        "base": listing.base,
        "quote": listing.quote,
        "status": "online",
        "qty_precision": 8,
        "qty_increment": 1e-08,
        "price_precision": decimals(listing),
        "cost_precision": decimals(listing),
        "marginable": False,
        "has_index": True,
        "cost_min": "0.50",
        "price_increment": float(plain_e8(listing.tick_e8)),
        "qty_min": float(plain_e8(listing.lot_e8)),
    }


def _book(
    kind: str, listing: Listing, sides: tuple[Levels, Levels], checksum: int, now_ns: int
) -> str:
    bids, asks = (_levels(listing, side) for side in sides)
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol(listing)}",'
        f'"bids":[{bids}],"asks":[{asks}],"checksum":{checksum},'
        f'"timestamp":"{iso_us(now_ns)}"}}]}}'
    )


def _levels(listing: Listing, levels: Levels) -> str:
    tick, lot, places = listing.tick_e8, listing.lot_e8, decimals(listing)
    return ",".join(
        f'{{"price":{fixed_e8(ticks * tick, places)},"qty":{fixed_e8(lots * lot, 8)}}}'
        for ticks, lots in levels
    )


def _answer(body: dict[str, Any], request_id: Any, now_ns: int) -> str:
    times = {"time_in": iso_us(now_ns), "time_out": iso_us(now_ns)}
    tail = {} if request_id is None else {"req_id": request_id}
    return _text(body | times | tail)


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
