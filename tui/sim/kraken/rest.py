"""Kraken's public REST endpoints. Whatever is wrong, the status is 200 and the body says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Final

from tui.model.timeframe import NS
from tui.sim.instruments import Listing
from tui.sim.kraken import pairs
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.payloads import DAY_NS, Window
from tui.sim.writing import iso_us, plain

_MOST_CANDLES: Final = 720
_MOST_TRADES: Final = 1_000
_MOST_LEVELS: Final = 500

Query = Mapping[str, str]


class RefusedError(Exception):
    """A request that gets an error in its answer."""


def answer(market: SimMarket, name: str, query: Query, now_ns: int) -> str:
    """Answer a request for `name`, such as `OHLC`.

    Raises:
        RefusedError: there is no such thing, or not with these parameters.
    """
    found = _ANSWERS.get(name)
    if found is None:
        raise RefusedError("EGeneral:Unknown method")
    return json.dumps({"error": [], "result": found(market, query, now_ns)}, separators=(",", ":"))


def refusal(words: str) -> str:
    return json.dumps({"error": [words]})


def _time(market: SimMarket, query: Query, now_ns: int) -> Any:
    seconds = now_ns // NS
    return {"unixtime": seconds, "rfc1123": formatdate(seconds, usegmt=True)}


def _status(market: SimMarket, query: Query, now_ns: int) -> Any:
    return {"status": "online", "timestamp": f"{iso_us(now_ns)[:19]}Z"}


def _assets(market: SimMarket, query: Query, now_ns: int) -> Any:
    names = {name for one in market.listings.values() for name in (one.base, one.quote)}
    return {
        pairs.asset_key(name): {
            "aclass": "currency",
            "altname": pairs.old_name(name),
            "decimals": 10,
            "display_decimals": 5,
            "status": "enabled",
        }
        for name in sorted(names)
    }


def _asset_pairs(market: SimMarket, query: Query, now_ns: int) -> Any:
    return {_key(one, query): _describe(one) for one in _named(market, query)}


def _describe(listing: Listing) -> dict[str, Any]:
    return {
        "altname": pairs.alternative(listing),
        "wsname": pairs.old_symbol(listing),
        "aclass_base": "currency",
        "base": pairs.asset_key(listing.base),
        "aclass_quote": "currency",
        "quote": pairs.asset_key(listing.quote),
        "lot": "unit",
        "cost_decimals": max(5, pairs.decimals(listing)),
        "pair_decimals": pairs.decimals(listing),
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4], [10_000, 0.35]],
        "fees_maker": [[0, 0.25], [10_000, 0.2]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": plain(pairs.size(listing, 1)),
        "costmin": "0.5",
        "tick_size": plain(pairs.price(listing, 1)),
        "status": "online",
    }


def _ticker(market: SimMarket, query: Query, now_ns: int) -> Any:
    return {
        _key(one, query): ticker_body(market.pair(one.symbol), now_ns, is_today_whole=False)
        for one in _named(market, query)
    }


def ticker_body(pair: Pair, now_ns: int, *, is_today_whole: bool) -> dict[str, Any]:
    """The figures of today and of the last 24 hours; the open of both only where the first protocol
    streams them."""
    listing = pair.listing
    today, day = Window(pair, now_ns, now_ns % DAY_NS), Window(pair, now_ns)
    bars = today.bar, day.bar

    def best(levels: list[tuple[int, int]]) -> list[Any]:
        ticks, lots = levels[0] if levels else (0, 0)
        units = lots * listing.lot_e8
        whole = units // 100_000_000
        price = pairs.old_price(listing, ticks)
        return [price, whole if is_today_whole else str(whole), pairs.size(listing, lots)]

    opens = [pairs.old_price(listing, bar.open) for bar in bars]
    return {
        "a": best(day.asks),
        "b": best(day.bids),
        "c": [pairs.old_price(listing, day.bar.close), pairs.size(listing, pair.last_lots)],
        "v": [pairs.size(listing, bar.volume) for bar in bars],
        "p": [pairs.old_mean(listing, bar) for bar in bars],
        "t": [bar.trades for bar in bars],
        "l": [pairs.old_price(listing, bar.low) for bar in bars],
        "h": [pairs.old_price(listing, bar.high) for bar in bars],
        "o": opens if is_today_whole else opens[0],
    }


def _ohlc(market: SimMarket, query: Query, now_ns: int) -> Any:
    listing = _one(market, query)
    timeframe = pairs.TIMEFRAMES.get(_number(query, "interval", 1))
    if timeframe is None:
        raise RefusedError("EGeneral:Invalid arguments")
    since = _number(query, "since", 0)
    found = market.pair(listing.symbol).ledger.candles(
        timeframe, 0, now_ns, _MOST_CANDLES, newest=True
    )
    rows: list[list[Any]] = [
        [
            opened // NS,
            *(
                pairs.old_price(listing, ticks)
                for ticks in (bar.open, bar.high, bar.low, bar.close)
            ),
            pairs.old_mean(listing, bar) if bar.trades else "0.0",
            pairs.size(listing, bar.volume),
            bar.trades,
        ]
        for opened, bar in found
    ]
    committed = found[-2][0] if len(found) > 1 else found[-1][0]
    kept = [row for row in rows if row[0] > since]
    return {_key(listing, query): kept, "last": committed // NS}


def _depth(market: SimMarket, query: Query, now_ns: int) -> Any:
    listing = _one(market, query)
    count = _number(query, "count", 100)
    if not 1 <= count <= _MOST_LEVELS:
        raise RefusedError("EGeneral:Invalid arguments")
    bids, asks = market.pair(listing.symbol).engine.top(count)

    def rows(levels: list[tuple[int, int]]) -> list[Any]:
        return [
            [pairs.old_price(listing, ticks), plain(pairs.size(listing, lots)), now_ns // NS]
            for ticks, lots in levels
        ]

    return {_key(listing, query): {"asks": rows(asks), "bids": rows(bids)}}


def _trades(market: SimMarket, query: Query, now_ns: int) -> Any:
    listing = _one(market, query)
    count = _number(query, "count", _MOST_TRADES)
    if not 1 <= count <= _MOST_TRADES:
        raise RefusedError("EGeneral:Invalid arguments")
    held = list(market.pair(listing.symbol).executions)
    if "since" in query:
        since = _number(query, "since", 0)
        # Seconds are understood as well as the nanoseconds that an answer names as its last.
        since = since * NS if since < 10**11 else since
        chosen = [fact for fact in held if fact.ts_ns > since][:count]
        last = chosen[-1].ts_ns if chosen else since
    else:
        chosen = held[-count:]
        last = chosen[-1].ts_ns if chosen else now_ns
    return {_key(listing, query): [_trade(listing, fact) for fact in chosen], "last": str(last)}


def _trade(listing: Listing, fact: Execution) -> list[Any]:
    return [
        pairs.old_price(listing, fact.price),
        pairs.size(listing, fact.lots),
        fact.ts_ns // 1_000 / 1_000_000,
        "s" if fact.is_sell else "b",
        "m" if fact.trade_id % 3 else "l",
        "",
        fact.trade_id,
    ]


def _one(market: SimMarket, query: Query) -> Listing:
    if "pair" not in query:
        raise RefusedError("EGeneral:Invalid arguments")
    return _named(market, query)[0]


def _named(market: SimMarket, query: Query) -> list[Listing]:
    """The pairs that a request names; all without a name."""
    if not query.get("pair"):
        return list(market.listings.values())
    known = pairs.any_name(market)
    names = query["pair"].split(",")
    if not all(name in known for name in names):
        raise RefusedError("EQuery:Unknown asset pair")
    return [known[name] for name in names]


def _key(listing: Listing, query: Query) -> str:
    """What an answer calls a pair: the name of the second protocol where that was asked for, else a
    name of its own."""
    name = pairs.symbol(listing)
    return name if name in query.get("pair", "").split(",") else pairs.key(listing)


def _number(query: Query, name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    whole = text.partition(".")[0]
    if not (whole.isascii() and whole.isdigit() and len(whole) < 20):
        raise RefusedError("EGeneral:Invalid arguments")
    return int(whole)


_ANSWERS: Final[dict[str, Callable[[SimMarket, Query, int], Any]]] = {
    "Time": _time,
    "SystemStatus": _status,
    "Assets": _assets,
    "AssetPairs": _asset_pairs,
    "Ticker": _ticker,
    "OHLC": _ohlc,
    "Depth": _depth,
    "Trades": _trades,
}
