"""Coinbase Exchange's public REST endpoints: a request's parameters in, a JSON text out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from tui.model.timeframe import NS, Timeframe
from tui.sim.bars import Bar
from tui.sim.coinbase.exchange.texts import maker_side, sequence_now
from tui.sim.coinbase.products import (
    currencies,
    describe,
    describe_currency,
    price_text,
    products,
    short_size,
    size_text,
)
from tui.sim.instruments import Listing
from tui.sim.market import Pair, SimMarket
from tui.sim.payloads import DAY_NS, Window
from tui.sim.writing import iso_us, plain

_GRANULARITIES: Final = (60, 300, 900, 3_600, 21_600, 86_400)
_MOST_CANDLES: Final = 300
_UNASKED_CANDLES: Final = 350
_MOST_TRADES: Final = 1_000
_TOO_MANY: Final = (
    "granularity too small for the requested time range. "
    "Count of aggregations requested exceeds 300"
)


class RefusedError(Exception):
    """A request that gets an error's status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Answer(msgspec.Struct, frozen=True):
    text: str
    headers: dict[str, str] = {}


def answer(market: SimMarket, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
    """Answer a request.

    Raises:
        RefusedError: there is no such thing, or not with these parameters.
    """
    whole = {
        "time": lambda: _time(now_ns),
        "products": lambda: _json([describe(one) for one in market.listings.values()]),
        "products/stats": lambda: _all_stats(market, now_ns),
        "currencies": lambda: _json([describe_currency(name) for name in currencies(market)]),
    }
    if path in whole:
        return Answer(whole[path]())
    folder, _, rest = path.partition("/")
    name, _, what = rest.partition("/")
    listing = products(market).get(name)
    if folder != "products" or listing is None:
        raise RefusedError(404, "NotFound")
    pair = market.pair(listing.symbol)
    if what == "trades":
        return _trades(pair, query)
    one = {
        "": lambda: _json(describe(listing)),
        "book": lambda: _book(pair, query, now_ns),
        "candles": lambda: _candles(pair, query, now_ns),
        "ticker": lambda: _ticker(pair, now_ns),
        "stats": lambda: _json(_stats(pair, now_ns)),
    }
    if what not in one:
        raise RefusedError(404, "NotFound")
    return Answer(one[what]())


def _time(now_ns: int) -> str:
    return _json({"iso": f"{iso_us(now_ns)[:23]}Z", "epoch": now_ns // 1_000_000 / 1_000})


def _book(pair: Pair, query: Mapping[str, str], now_ns: int) -> str:
    level = query.get("level", "1")
    if level not in ("1", "2", "3"):
        raise RefusedError(400, "Invalid level")
    if level == "3":
        raise RefusedError(401, "Unauthorized.")  # orders are not told one by one
    bids, asks = pair.engine.top(1 if level == "1" else 10**9)
    return (
        f'{{"bids":[{_levels(pair.listing, bids)}],"asks":[{_levels(pair.listing, asks)}],'
        f'"sequence":{sequence_now(pair)},"auction_mode":false,"auction":null,'
        f'"time":"{iso_us(now_ns)}"}}'
    )


def _levels(listing: Listing, levels: list[tuple[int, int]]) -> str:
    return ",".join(
        f'["{plain(price_text(listing, ticks))}","{short_size(listing, lots)}",1]'
        for ticks, lots in levels
    )


def _trades(pair: Pair, query: Mapping[str, str]) -> Answer:
    limit = _number(query, "limit", _MOST_TRADES)
    after, before = _number(query, "after", None), _number(query, "before", None)
    if limit is None or not 0 < limit <= _MOST_TRADES:
        raise RefusedError(400, "Invalid limit")
    chosen = [
        fact
        for fact in reversed(pair.executions)
        if (after is None or fact.trade_id < after) and (before is None or fact.trade_id > before)
    ][:limit]
    listing = pair.listing
    rows = [
        {
            "time": iso_us(fact.ts_ns),
            "trade_id": fact.trade_id,
            "price": price_text(listing, fact.price),
            "size": size_text(listing, fact.lots),
            "side": maker_side(fact),
        }
        for fact in chosen
    ]
    headers = {}
    if chosen:
        headers = {"cb-before": str(chosen[0].trade_id), "cb-after": str(chosen[-1].trade_id)}
    return Answer(_json(rows), headers)


def _candles(pair: Pair, query: Mapping[str, str], now_ns: int) -> str:
    span = _number(query, "granularity", 60)
    if span not in _GRANULARITIES or span is None:
        raise RefusedError(400, "Unsupported granularity")
    timeframe = Timeframe(span, "s")
    start, end = _moment(query, "start"), _moment(query, "end")
    if start is None or end is None:  # one alone is ignored
        candles = pair.ledger.candles(timeframe, 0, now_ns, _UNASKED_CANDLES, newest=True)
    else:
        first, last = math.ceil(start / span), math.floor(end / span)
        if last - first + 1 > _MOST_CANDLES:
            raise RefusedError(400, _TOO_MANY)
        candles = pair.ledger.candles(
            timeframe, first * span * NS, min(last * span * NS, now_ns), _MOST_CANDLES
        )
    rows = [_candle(pair.listing, opened, bar) for opened, bar in reversed(candles) if bar.trades]
    return f"[{','.join(rows)}]"


def _candle(listing: Listing, opened: int, bar: Bar) -> str:
    low, high, first, last = (
        plain(price_text(listing, ticks)) for ticks in (bar.low, bar.high, bar.open, bar.close)
    )
    return f"[{opened // NS},{low},{high},{first},{last},{short_size(listing, bar.volume)}]"


def _ticker(pair: Pair, now_ns: int) -> str:
    day = Window(pair, now_ns)
    listing = pair.listing
    last = pair.executions[-1] if pair.executions else None
    bid, ask = (side[0][0] if side else 0 for side in (day.bids, day.asks))
    return _json(
        {
            "ask": plain(price_text(listing, ask)),
            "bid": plain(price_text(listing, bid)),
            "volume": size_text(listing, day.bar.volume),
            "trade_id": pair.last_trade_id,
            "price": plain(price_text(listing, day.bar.close)),
            "size": short_size(listing, last.lots if last else 0),
            "time": iso_us(last.ts_ns if last else now_ns),
            "rfq_volume": "0.000000",
        }
    )


def _stats(pair: Pair, now_ns: int) -> dict[str, str]:
    day, month = Window(pair, now_ns), Window(pair, now_ns, 30 * DAY_NS)
    listing, bar = pair.listing, day.bar
    return {
        "open": plain(price_text(listing, bar.open)),
        "high": plain(price_text(listing, bar.high)),
        "low": plain(price_text(listing, bar.low)),
        "last": plain(price_text(listing, bar.close)),
        "volume": short_size(listing, bar.volume),
        "volume_30day": short_size(listing, month.bar.volume),
    }


def _all_stats(market: SimMarket, now_ns: int) -> str:
    found = {}
    for name, listing in products(market).items():
        stats = _stats(market.pair(listing.symbol), now_ns)
        month = {"volume": stats.pop("volume_30day")}
        found[name] = {"stats_30day": month, "stats_24hour": stats}
    return _json(found)


def _number(query: Mapping[str, str], name: str, otherwise: int | None) -> int | None:
    text = query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise RefusedError(400, f"Invalid {name}")
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> float | None:
    """Seconds since the epoch, which are given as such or as a date."""
    text = query.get(name)
    if text is None:
        return None
    try:
        if text.replace(".", "", 1).isdigit() and text.isascii() and len(text) < 18:
            return float(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(400, f"invalid {name}") from None
    # A date without a zone is UTC here.
    return moment.timestamp() if moment.tzinfo else datetime.fromisoformat(f"{text}Z").timestamp()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
