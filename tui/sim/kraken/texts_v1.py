"""The JSON texts of Kraken's first protocol: events as objects, data as arrays."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from tui.sim.bars import Bar
from tui.sim.instruments import Listing
from tui.sim.kraken.books import BookTop, Change, Levels
from tui.sim.kraken.pairs import TIMEFRAMES, old_mean, old_price, old_symbol, size
from tui.sim.kraken.rest import ticker_body
from tui.sim.market import Execution, Pair
from tui.sim.writing import unix_us

HEARTBEAT = '{"event":"heartbeat"}'


def system_status(connection_id: int) -> str:
    body = {"connectionID": connection_id, "event": "systemStatus", "status": "online"}
    return _text({**body, "version": "1.9.1"})


def channel_id(channel: str, pair: str) -> int:
    """A number that is the same for all clients."""
    return zlib.crc32(f"{channel}:{pair}".encode()) % 10_000


def answer(
    status: str, channel: str, pair: str, subscription: dict[str, Any], request_id: Any
) -> str:
    """`subscribed` or `unsubscribed`."""
    body = {
        "channelID": channel_id(channel, pair),
        "channelName": channel,
        "event": "subscriptionStatus",
        "pair": pair,
        "status": status,
        "subscription": subscription,
    }
    return _text(body | _tail(request_id))


def refused(words: str, pair: str | None, subscription: Any, request_id: Any) -> str:
    """A refusal of one pair, or without one of the whole request."""
    body: dict[str, Any] = {"errorMessage": words, "event": "subscriptionStatus"}
    if pair is not None:
        body["pair"] = pair
    body |= {"status": "error", "subscription": subscription}
    return _text(body | _tail(request_id))


def error(words: str, request_id: Any) -> str:
    return _text({"errorMessage": words, "event": "error"} | _tail(request_id))


def pong(request_id: Any) -> str:
    return _text({"event": "pong"} | _tail(request_id))


def book_snapshot(channel: str, pair: Pair, top: BookTop, now_ns: int) -> str:
    bids, asks, _ = top.snapshot()
    time = unix_us(now_ns)
    listing = pair.listing
    payload = f'{{"as":[{_levels(listing, asks, time)}],"bs":[{_levels(listing, bids, time)}]}}'
    return _frame(channel, listing, payload)


def book_update(channel: str, listing: Listing, change: Change, now_ns: int) -> str:
    """One part a side; the checksum is in the last."""
    time = unix_us(now_ns)
    parts = [
        f'"{name}":[{_levels(listing, levels, time, sign, change.republished)}]'
        for name, levels, sign in (("a", change.asks, -1), ("b", change.bids, 1))
        if levels
    ]
    parts[-1] += f',"c":"{change.checksum}"'
    return _frame(channel, listing, ",".join(f"{{{part}}}" for part in parts))


def trades(channel: str, listing: Listing, facts: Iterable[Execution]) -> str:
    rows = ",".join(
        f'["{old_price(listing, fact.price)}","{size(listing, fact.lots)}",'
        f'"{unix_us(fact.ts_ns)}","{"s" if fact.is_sell else "b"}",'
        f'"{"m" if fact.trade_id % 3 else "l"}",""]'
        for fact in facts
    )
    return _frame(channel, listing, f"[{rows}]")


def ticker(channel: str, pair: Pair, now_ns: int) -> str:
    body = ticker_body(pair, now_ns, is_today_whole=True)
    return _frame(channel, pair.listing, json.dumps(body, separators=(",", ":")))


def spread(channel: str, pair: Pair, now_ns: int) -> str:
    listing = pair.listing
    (bid, bid_lots), (ask, ask_lots) = (side[0] if side else (0, 0) for side in pair.engine.top(1))
    row = [
        old_price(listing, bid),
        old_price(listing, ask),
        unix_us(now_ns),
        size(listing, bid_lots),
        size(listing, ask_lots),
    ]
    return _frame(channel, listing, json.dumps(row, separators=(",", ":")))


def candle(
    channel: str, listing: Listing, minutes: int, found: tuple[int, Bar], now_ns: int
) -> str:
    """The second number is the END of the interval, the last how many trades there were."""
    opened, bar = found
    numbers = (
        unix_us(now_ns),
        unix_us(TIMEFRAMES[minutes].next_open(opened)),
        *(old_price(listing, ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)),
        old_mean(listing, bar),
        size(listing, bar.volume),
    )
    row = ",".join(f'"{number}"' for number in numbers)
    return _frame(channel, listing, f"[{row},{bar.trades}]")


def _levels(
    listing: Listing,
    levels: Levels,
    time: str,
    sign: int = 1,
    republished: frozenset[int] = frozenset(),
) -> str:
    return ",".join(
        f'["{old_price(listing, ticks)}","{size(listing, lots)}","{time}"'
        + (',"r"]' if sign * ticks in republished else "]")
        for ticks, lots in levels
    )


def _frame(channel: str, listing: Listing, payload: str) -> str:
    pair = old_symbol(listing)
    return f'[{channel_id(channel, pair)},{payload},"{channel}","{pair}"]'


def _tail(request_id: Any) -> dict[str, Any]:
    return {} if request_id is None else {"reqid": request_id}


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
