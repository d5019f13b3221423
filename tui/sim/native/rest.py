"""The answers of the native protocol about history and the state now."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import msgspec

from tui.model.timeframe import MS
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.native import texts
from tui.sim.native.tapes import Tapes
from tui.sim.native.topics import RefusedError, Topic, read_timeframe
from tui.sim.payloads import Window

_MOST = 1_000
_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,6})?")

Query = Mapping[str, str]


class Call(msgspec.Struct, frozen=True):
    """One request. `now_ns` is the server's clock; the market may be a step behind."""

    market: SimMarket
    tapes: Tapes
    query: Query
    now_ns: int


Answer = Callable[[Call], str]


def _time(call: Call) -> str:
    return f'{{"time":{texts.ms(call.now_ns)}}}'


def _symbols(call: Call) -> str:
    rows = []
    for symbol in _named(call.market, call.query):
        listing = call.market.listings[symbol]
        digits = texts.Digits(listing)
        row = {
            "symbol": symbol,
            "base": listing.base,
            "quote": listing.quote,
            "tick_size": digits.price(1),
            "size_step": digits.size(1),
            "trading": True,
            "status": "trading",
        }
        rows.append(json.dumps(row, separators=(",", ":")))
    return f'{{"symbols":[{",".join(rows)}]}}'


def _tickers(call: Call) -> str:
    rows = []
    for symbol in _named(call.market, call.query):
        pair = call.market.pair(symbol)
        body = texts.ticker(
            Window(pair, call.market.now_ns), texts.Digits(pair.listing), pair.ledger.price
        )
        rows.append(f'{{"type":"ticker_update",{body}}}')
    return f"[{','.join(rows)}]"


def _candles(call: Call) -> str:
    pair = _pair(call.market, call.query)
    timeframe = read_timeframe(call.query.get("timeframe", ""))
    start, end = _number(call.query, "start"), _number(call.query, "end")
    now_ns = call.market.now_ns
    bars = pair.ledger.candles(
        timeframe,
        0 if start is None else _ns(start),
        now_ns if end is None else min(_ns(end), now_ns),
        _limit(call.query),
        newest=start is None,
    )
    body = texts.candles(pair.listing, texts.Digits(pair.listing), timeframe, bars, now_ns)
    return f'{{"type":"candle_update",{body}}}'


def _trades(call: Call) -> str:
    pair = _pair(call.market, call.query)
    first, limit = _number(call.query, "from_id"), _limit(call.query)
    chosen: list[Execution] = list(pair.executions)
    if first is None:
        chosen = chosen[-limit:]
    elif chosen:
        chosen = chosen[max(0, int(first) - chosen[0].trade_id) :][:limit]
    body = texts.trades(pair.listing.symbol, texts.Digits(pair.listing), chosen)
    return f'{{"type":"trade_update",{body}}}'


def _orderbook(call: Call) -> str:
    depth = int(_number(call.query, "depth") or 0)
    topic = Topic("orderbook", _pair(call.market, call.query).listing.symbol, depth=depth)
    (draft,) = call.tapes.now(topic.check(call.market.listings))
    return f'{{"type":"{draft.kind}",{draft.body}}}'


def _named(market: SimMarket, query: Query) -> list[str]:
    names = query.get("symbols", "")
    if not names:
        return list(market.listings)
    return [name for name in dict.fromkeys(names.split(",")) if name in market.listings]


def _pair(market: SimMarket, query: Query) -> Pair:
    symbol = query.get("symbol", "")
    if not symbol:
        raise RefusedError("bad_request", "a symbol is needed")
    if symbol not in market.listings:
        raise RefusedError("unknown_symbol", f"there is no symbol {symbol[:64]}")
    return market.pair(symbol)


def _number(query: Query, name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise RefusedError("bad_request", f"{name} is not a number")
    return float(text) if "." in text else int(text)


def _ns(time_ms: float) -> int:
    return round(time_ms * MS)


def _limit(query: Query) -> int:
    return max(1, min(int(_number(query, "limit") or _MOST), _MOST))


ANSWERS: dict[str, Answer] = {
    "time": _time,
    "symbols": _symbols,
    "tickers": _tickers,
    "candles": _candles,
    "trades": _trades,
    "orderbook": _orderbook,
}
