"""The public REST endpoints of the Binance protocol: a request's parameters in, a JSON text out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tui.model.timeframe import NS
from tui.sim import payloads
from tui.sim.instruments import Listing, write_e8
from tui.sim.limits import SimLimits
from tui.sim.market import Aggregate, SimMarket
from tui.sim.params import ApiError, Params, scan_weight
from tui.sim.streams import WINDOWS

_STATUS = "symbolStatus"


class Call(msgspec.Struct, frozen=True):
    """One request. `per`: the time unit of its answer in ns; `now_ns`: the server's clock."""

    market: SimMarket
    params: Params
    now_ns: int
    per: int
    limits: SimLimits


class Endpoint(msgspec.Struct, frozen=True):
    """What an endpoint knows: its answer, its parameters, its weight by query."""

    answer: Callable[[Call], str]
    params: tuple[str, ...]
    weight: Callable[[Mapping[str, str]], int]


def _ping(call: Call) -> str:
    return "{}"


def _time(call: Call) -> str:
    return f'{{"serverTime":{call.now_ns // call.per}}}'


def _exchange_info(call: Call) -> str:
    symbols, _ = call.params.symbols()
    rates = [
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": call.limits.weight,
        },
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61_000},
    ]
    answer = {
        "timezone": "UTC",
        "serverTime": call.now_ns // call.per,
        "rateLimits": rates,
        "exchangeFilters": [],
        "symbols": [_describe(call.market.listings[symbol]) for symbol in symbols],
    }
    return json.dumps(answer, separators=(",", ":"))


def _describe(listing: Listing) -> dict[str, Any]:
    tick, lot = write_e8(listing.tick_e8), write_e8(listing.lot_e8)
    most = write_e8(listing.lot_e8 * 10**9)
    filters: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": write_e8(listing.tick_e8 * 10**8),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": most, "stepSize": lot},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": most,
            "stepSize": "0.00000000",
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000" if listing.quote == "USDT" else "0.00010000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": True,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _depth(call: Call) -> str:
    pair = call.market.pair(call.params.symbol())
    return payloads.partial_depth(pair, call.params.limit(100, 5000))


def _depth_weight(query: Mapping[str, str]) -> int:
    text = query.get("limit", "100")
    limit = int(text) if text.isdecimal() and len(text) < 10 else 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def _trades(call: Call) -> str:
    pair = call.market.pair(call.params.symbol())
    limit = call.params.limit(500, 1000)
    start = call.params.number("fromId")
    held = pair.executions
    if start is None:
        chosen = list(held)[-limit:]
    else:
        chosen = [fact for fact in held if fact.trade_id >= start][:limit]
    rows = [payloads.trade_row(pair.listing, fact, call.per) for fact in chosen]
    return f"[{','.join(rows)}]"


def _aggregate_trades(call: Call) -> str:
    params = call.params
    pair = call.market.pair(params.symbol())
    limit = params.limit(500, 1000)
    from_id, start, end = (
        params.number("fromId"),
        params.time_ns("startTime"),
        params.time_ns("endTime"),
    )
    if from_id is not None and (start is not None or end is not None):
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    chosen: list[Aggregate] = list(pair.aggregates)
    if from_id is not None and chosen:
        chosen = chosen[max(0, from_id - chosen[0].aggregate_id) :][:limit]
    else:
        chosen = [
            fact
            for fact in chosen
            if (start is None or fact.ts_ns // call.per >= start // call.per)
            and (end is None or fact.ts_ns // call.per <= end // call.per)
        ]
        chosen = chosen[-limit:] if start is None else chosen[:limit]
    rows = [payloads.aggregate_row(pair.listing, fact, call.per) for fact in chosen]
    return f"[{','.join(rows)}]"


def _klines(call: Call) -> str:
    params = call.params
    pair = call.market.pair(params.symbol())
    timeframe = params.interval()
    limit = params.limit(500, 1000)
    start, end = params.time_ns("startTime"), params.time_ns("endTime")
    offset_s = params.offset_s()
    candles = pair.ledger.candles(
        timeframe,
        0 if start is None else start,
        call.now_ns if end is None else end,
        limit,
        newest=start is None,
        offset_s=offset_s,
    )
    shift = offset_s * NS
    rows = [
        payloads.kline_row(
            pair.listing, opened, timeframe.next_open(opened + shift) - shift, bar, call.per
        )
        for opened, bar in candles
    ]
    return f"[{','.join(rows)}]"


def _average_price(call: Call) -> str:
    price, last = payloads.average_price(call.market.pair(call.params.symbol()))
    return f'{{"mins":5,"price":"{price}","closeTime":{last // call.per}}}'


def _one_or_many(call: Call, write: Callable[[str], str]) -> str:
    symbols, is_one = call.params.symbols()
    rows = [write(symbol) for symbol in symbols]
    return rows[0] if is_one else f"[{','.join(rows)}]"


def _statistics(call: Call, span_ns: int) -> str:
    is_full = call.params.text("type", ("FULL", "MINI"), "FULL") == "FULL"

    def write(symbol: str) -> str:
        window = payloads.Window(call.market.pair(symbol), call.now_ns, span_ns)
        return payloads.ticker_row(window, call.per, is_full=is_full)

    return _one_or_many(call, write)


def _ticker_day(call: Call) -> str:
    return _statistics(call, payloads.DAY_NS)


def _ticker_window(call: Call) -> str:
    if not call.params.has("symbol") and not call.params.has("symbols"):
        raise ApiError(
            -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
        )
    name = call.params.text("windowSize", tuple(WINDOWS), "1d")
    return _statistics(call, WINDOWS[name])


def _ticker_price(call: Call) -> str:
    def write(symbol: str) -> str:
        pair = call.market.pair(symbol)
        price = pair.listing.price_text(pair.ledger.price)
        return f'{{"symbol":"{symbol}","price":"{price}"}}'

    return _one_or_many(call, write)


def _ticker_book(call: Call) -> str:
    def write(symbol: str) -> str:
        listing = call.market.pair(symbol).listing
        bids, asks = call.market.pair(symbol).engine.top(1)
        bid, bid_lots = bids[0] if bids else (0, 0)
        ask, ask_lots = asks[0] if asks else (0, 0)
        return (
            f'{{"symbol":"{symbol}","bidPrice":"{listing.price_text(bid)}",'
            f'"bidQty":"{listing.size_text(bid_lots)}",'
            f'"askPrice":"{listing.price_text(ask)}","askQty":"{listing.size_text(ask_lots)}"}}'
        )

    return _one_or_many(call, write)


def _weighs(weight: int) -> Callable[[Mapping[str, str]], int]:
    return lambda query: weight


def _scan(one: int, few: int, many: int) -> Callable[[Mapping[str, str]], int]:
    return lambda query: scan_weight(query, one, few, many)


_KLINE_PARAMS = ("symbol", "interval", "startTime", "endTime", "timeZone", "limit")
_MANY = ("symbol", "symbols", _STATUS)
_KLINES = Endpoint(_klines, _KLINE_PARAMS, _weighs(2))

ENDPOINTS: dict[str, Endpoint] = {
    "ping": Endpoint(_ping, (), _weighs(1)),
    "time": Endpoint(_time, (), _weighs(1)),
    "exchangeInfo": Endpoint(
        _exchange_info, (*_MANY, "permissions", "showPermissionSets"), _weighs(20)
    ),
    "depth": Endpoint(_depth, ("symbol", "limit", _STATUS), _depth_weight),
    "trades": Endpoint(_trades, ("symbol", "limit"), _weighs(25)),
    "historicalTrades": Endpoint(_trades, ("symbol", "limit", "fromId"), _weighs(25)),
    "aggTrades": Endpoint(
        _aggregate_trades, ("symbol", "fromId", "startTime", "endTime", "limit"), _weighs(4)
    ),
    "klines": _KLINES,
    "uiKlines": _KLINES,
    "avgPrice": Endpoint(_average_price, ("symbol",), _weighs(2)),
    "ticker/24hr": Endpoint(_ticker_day, (*_MANY, "type"), _scan(2, 40, 80)),
    "ticker": Endpoint(_ticker_window, (*_MANY, "type", "windowSize"), _scan(4, 200, 200)),
    "ticker/price": Endpoint(_ticker_price, _MANY, _scan(2, 4, 4)),
    "ticker/bookTicker": Endpoint(_ticker_book, _MANY, _scan(2, 4, 4)),
}
