"""The public REST endpoints of Advanced Trade: a request's parameters in, an answer out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from tui.model.timeframe import NS, Timeframe
from tui.sim.coinbase.advanced.texts import candle, maker_side
from tui.sim.coinbase.products import describe, price_text, product_id, products, short_size
from tui.sim.instruments import Listing
from tui.sim.market import Pair, SimMarket
from tui.sim.payloads import Window
from tui.sim.writing import iso_us, plain

_GRANULARITIES: Final = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1_800,
    "ONE_HOUR": 3_600,
    "TWO_HOUR": 7_200,
    "FOUR_HOUR": 14_400,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}
_MOST_CANDLES: Final = 350
_MOST_LEVELS: Final = 1_000
_MOST_TRADES: Final = 100

Query = Mapping[str, str]


class RefusedError(Exception):
    """A request that gets an error's status, and words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.body = {"error": code, "error_details": words, "message": words}


def answer(market: SimMarket, path: str, query: Query, now_ns: int) -> Any:
    """Answer a request for what stands behind `brokerage/market/`.

    Raises:
        RefusedError: there is no such thing, or not with these parameters.
    """
    if path == "time":
        seconds = now_ns // NS
        millis = now_ns // 1_000_000
        return {
            "iso": f"{iso_us(now_ns)[:19]}Z",
            "epochSeconds": str(seconds),
            "epochMillis": str(millis),
        }
    if path == "products":
        rows = [_product(market.pair(one.symbol), now_ns) for one in market.listings.values()]
        return {"products": rows, "num_products": len(rows)}
    if path == "product_book":
        return _book(_pair(market, query.get("product_id", "")), query, now_ns)
    folder, _, rest = path.partition("/")
    name, _, what = rest.partition("/")
    if folder != "products" or what not in ("", "candles", "ticker"):
        raise RefusedError(404, "NOT_FOUND", "not found")
    pair = _pair(market, name)
    if what == "":
        return _product(pair, now_ns)
    return _candles(pair, query, now_ns) if what == "candles" else _trades(pair, query)


def _pair(market: SimMarket, name: str) -> Pair:
    listing = products(market).get(name)
    if listing is None:
        raise RefusedError(404, "NOT_FOUND", "valid product_id is required")
    return market.pair(listing.symbol)


def _product(pair: Pair, now_ns: int) -> dict[str, Any]:
    listing, day = pair.listing, Window(pair, now_ns)
    told = describe(listing)
    bar = day.bar
    return {
        "product_id": told["id"],
        "price": plain(price_text(listing, bar.close)),
        "price_percentage_change_24h": f"{100 * (bar.close - bar.open) / bar.open:.14f}",
        "volume_24h": short_size(listing, bar.volume),
        "volume_percentage_change_24h": "0",
        "base_increment": told["base_increment"],
        "quote_increment": told["quote_increment"],
        "price_increment": told["quote_increment"],
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_min_size": told["base_increment"],
        "base_max_size": short_size(listing, 10**9),
        "base_name": listing.base,
        "quote_name": listing.quote,
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": listing.quote,
        "base_currency_id": listing.base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": "",
        "alias_to": [],
        "base_display_symbol": listing.base,
        "quote_display_symbol": listing.quote,
        "view_only": False,
        "display_name": told["display_name"],
        "product_venue": "CBE",
        "approximate_quote_24h_volume": "",
    }


def _book(pair: Pair, query: Query, now_ns: int) -> Any:
    limit = _number(query, "limit", _MOST_LEVELS)
    if not 0 < limit <= _MOST_LEVELS:
        raise RefusedError(400, "INVALID_ARGUMENT", f"limit is at most {_MOST_LEVELS}")
    bids, asks = pair.engine.top(limit)
    book = {
        "product_id": product_id(pair.listing),
        "bids": _levels(pair.listing, bids),
        "asks": _levels(pair.listing, asks),
        "time": iso_us(now_ns),
    }
    return {"pricebook": book}


def _levels(listing: Listing, levels: list[tuple[int, int]]) -> list[dict[str, str]]:
    return [
        {"price": plain(price_text(listing, ticks)), "size": short_size(listing, lots)}
        for ticks, lots in levels
    ]


def _candles(pair: Pair, query: Query, now_ns: int) -> Any:
    span = _GRANULARITIES.get(query.get("granularity", ""))
    if span is None:
        raise RefusedError(400, "INVALID_ARGUMENT", "granularity is not supported")
    if "start" not in query or "end" not in query:
        raise RefusedError(400, "INVALID_ARGUMENT", "start and end are required")
    start, end = _number(query, "start", 0), _number(query, "end", 0)
    first, last = math.ceil(start / span), end // span
    if last - first + 1 > _MOST_CANDLES:
        words = f"number of candles requested should be less than {_MOST_CANDLES}"
        raise RefusedError(400, "INVALID_ARGUMENT", words)
    found = pair.ledger.candles(
        Timeframe(span, "s"), first * span * NS, min(last * span * NS, now_ns), _MOST_CANDLES
    )
    return {
        "candles": [
            candle(pair.listing, opened, bar) for opened, bar in reversed(found) if bar.trades
        ]
    }


def _trades(pair: Pair, query: Query) -> Any:
    limit = _number(query, "limit", _MOST_TRADES)
    listing = pair.listing
    chosen = list(pair.executions)[: -min(limit, _MOST_TRADES) - 1 : -1]
    bids, asks = pair.engine.top(1)
    return {
        "trades": [
            {
                "trade_id": str(fact.trade_id),
                "product_id": product_id(listing),
                "price": plain(price_text(listing, fact.price)),
                "size": short_size(listing, fact.lots),
                "time": iso_us(fact.ts_ns),
                "side": maker_side(fact),
                "exchange": "",
            }
            for fact in chosen
        ],
        "best_bid": plain(price_text(listing, bids[0][0])) if bids else "",
        "best_ask": plain(price_text(listing, asks[0][0])) if asks else "",
    }


def _number(query: Query, name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 14):
        raise RefusedError(400, "INVALID_ARGUMENT", f"{name} is not a number")
    return int(text)
