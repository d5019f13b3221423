"""The JSON texts of the Binance protocol. `per` is how many ns make a time unit: 1e6 or 1e3."""

from __future__ import annotations

from tui.model.timeframe import Timeframe
from tui.sim.bars import Bar
from tui.sim.instruments import E8, Listing, write_e8
from tui.sim.market import NS, Aggregate, Execution, Pair

PER_MS = 1_000_000
PER_US = 1_000
DAY_NS = 86_400 * NS


def trade(listing: Listing, fact: Execution, now_ns: int, per: int) -> str:
    return (
        f'{{"e":"trade","E":{now_ns // per},"s":"{listing.symbol}","t":{fact.trade_id},'
        f'"p":"{listing.price_text(fact.price)}","q":"{listing.size_text(fact.lots)}",'
        f'"T":{fact.ts_ns // per},"m":{_bool(fact.is_sell)},"M":true}}'
    )


def aggregate_trade(listing: Listing, fact: Aggregate, now_ns: int, per: int) -> str:
    head = f'"e":"aggTrade","E":{now_ns // per},"s":"{listing.symbol}"'
    return f"{{{head},{_aggregate(listing, fact, per)}}}"


def aggregate_row(listing: Listing, fact: Aggregate, per: int) -> str:
    return f"{{{_aggregate(listing, fact, per)}}}"


def _aggregate(listing: Listing, fact: Aggregate, per: int) -> str:
    return (
        f'"a":{fact.aggregate_id},"p":"{listing.price_text(fact.price)}",'
        f'"q":"{listing.size_text(fact.lots)}","f":{fact.first},"l":{fact.last},'
        f'"T":{fact.ts_ns // per},"m":{_bool(fact.is_sell)},"M":true'
    )


def trade_row(listing: Listing, fact: Execution, per: int) -> str:
    return (
        f'{{"id":{fact.trade_id},"price":"{listing.price_text(fact.price)}",'
        f'"qty":"{listing.size_text(fact.lots)}",'
        f'"quoteQty":"{listing.value_text(fact.price * fact.lots)}",'
        f'"time":{fact.ts_ns // per},"isBuyerMaker":{_bool(fact.is_sell)},"isBestMatch":true}}'
    )


def kline(
    listing: Listing,
    timeframe: Timeframe,
    candle: tuple[int, int, Bar],
    last_id: int,
    now_ns: int,
    per: int,
    *,
    is_closed: bool,
) -> str:
    """A kline event. `candle`: open time, open time of the next one (ns), and the bar."""
    opened, end, bar = candle
    first_id, last_id = (last_id - bar.trades + 1, last_id) if bar.trades else (-1, -1)
    symbol, price = listing.symbol, listing.price_text
    return (
        f'{{"e":"kline","E":{now_ns // per},"s":"{symbol}","k":{{"t":{opened // per},'
        f'"T":{end // per - 1},"s":"{symbol}","i":"{timeframe}","f":{first_id},"L":{last_id},'
        f'"o":"{price(bar.open)}","c":"{price(bar.close)}","h":"{price(bar.high)}",'
        f'"l":"{price(bar.low)}","v":"{listing.size_text(bar.volume)}","n":{bar.trades},'
        f'"x":{_bool(is_closed)},"q":"{listing.value_text(bar.value)}",'
        f'"V":"{listing.size_text(bar.taker_volume)}",'
        f'"Q":"{listing.value_text(bar.taker_value)}","B":"0"}}}}'
    )


def kline_row(listing: Listing, opened: int, end: int, bar: Bar, per: int) -> str:
    price = listing.price_text
    return (
        f'[{opened // per},"{price(bar.open)}","{price(bar.high)}","{price(bar.low)}",'
        f'"{price(bar.close)}","{listing.size_text(bar.volume)}",{end // per - 1},'
        f'"{listing.value_text(bar.value)}",{bar.trades},'
        f'"{listing.size_text(bar.taker_volume)}","{listing.value_text(bar.taker_value)}","0"]'
    )


class Window:
    """The rolling figures of an instrument, read once."""

    def __init__(self, pair: Pair, now_ns: int, span_ns: int = DAY_NS) -> None:
        self.pair = pair
        self.now_ns = now_ns
        self.start_ns = now_ns - span_ns
        self.bar, self.before = pair.ledger.since(-(-self.start_ns // NS))
        bar = self.bar
        self.last_id = pair.last_trade_id if bar.trades else -1
        self.first_id = self.last_id - bar.trades + 1 if bar.trades else -1
        self.change = bar.close - bar.open
        self.percent = f"{100.0 * self.change / bar.open:.3f}"
        mean = bar.value * pair.listing.tick_e8 // bar.volume if bar.volume else 0
        self.mean = write_e8(mean)
        self.bids, self.asks = pair.engine.top(1)

    def best(self) -> tuple[str, str, str, str]:
        """Best bid, its size, best ask, its size; zeros for an empty side."""
        listing = self.pair.listing
        bid, bid_lots = self.bids[0] if self.bids else (0, 0)
        ask, ask_lots = self.asks[0] if self.asks else (0, 0)
        return (
            listing.price_text(bid),
            listing.size_text(bid_lots),
            listing.price_text(ask),
            listing.size_text(ask_lots),
        )


def mini_ticker(window: Window, per: int) -> str:
    listing, bar = window.pair.listing, window.bar
    price = listing.price_text
    return (
        f'{{"e":"24hrMiniTicker","E":{window.now_ns // per},"s":"{listing.symbol}",'
        f'"c":"{price(bar.close)}","o":"{price(bar.open)}","h":"{price(bar.high)}",'
        f'"l":"{price(bar.low)}","v":"{listing.size_text(bar.volume)}",'
        f'"q":"{listing.value_text(bar.value)}"}}'
    )


def ticker(window: Window, per: int) -> str:
    listing, bar = window.pair.listing, window.bar
    price = listing.price_text
    bid, bid_size, ask, ask_size = window.best()
    return (
        f'{{"e":"24hrTicker","E":{window.now_ns // per},"s":"{listing.symbol}",'
        f'"p":"{price(window.change)}","P":"{window.percent}","w":"{window.mean}",'
        f'"x":"{price(window.before)}","c":"{price(bar.close)}",'
        f'"Q":"{listing.size_text(window.pair.last_lots)}",'
        f'"b":"{bid}","B":"{bid_size}","a":"{ask}","A":"{ask_size}",{_window_tail(window, per)}}}'
    )


def window_ticker(window: Window, name: str, per: int) -> str:
    """The ticker of a window other than the day's sliding one, such as `1h`."""
    listing = window.pair.listing
    price = listing.price_text
    return (
        f'{{"e":"{name}Ticker","E":{window.now_ns // per},"s":"{listing.symbol}",'
        f'"p":"{price(window.change)}","P":"{window.percent}","o":"{price(window.bar.open)}",'
        f'"h":"{price(window.bar.high)}","l":"{price(window.bar.low)}",'
        f'"c":"{price(window.bar.close)}","w":"{window.mean}",'
        f'"v":"{listing.size_text(window.bar.volume)}",'
        f'"q":"{listing.value_text(window.bar.value)}",{_window_ids(window, per)}}}'
    )


def _window_tail(window: Window, per: int) -> str:
    listing, bar = window.pair.listing, window.bar
    price = listing.price_text
    return (
        f'"o":"{price(bar.open)}","h":"{price(bar.high)}","l":"{price(bar.low)}",'
        f'"v":"{listing.size_text(bar.volume)}","q":"{listing.value_text(bar.value)}",'
        f"{_window_ids(window, per)}"
    )


def _window_ids(window: Window, per: int) -> str:
    return (
        f'"O":{window.start_ns // per},"C":{window.now_ns // per},"F":{window.first_id},'
        f'"L":{window.last_id},"n":{window.bar.trades}'
    )


def ticker_row(window: Window, per: int, *, is_full: bool) -> str:
    """A row of the 24 h statistics."""
    listing, bar = window.pair.listing, window.bar
    price = listing.price_text
    tail = (
        f'"volume":"{listing.size_text(bar.volume)}",'
        f'"quoteVolume":"{listing.value_text(bar.value)}",'
        f'"openTime":{window.start_ns // per},"closeTime":{window.now_ns // per},'
        f'"firstId":{window.first_id},"lastId":{window.last_id},"count":{bar.trades}}}'
    )
    range_text = (
        f'"openPrice":"{price(bar.open)}","highPrice":"{price(bar.high)}",'
        f'"lowPrice":"{price(bar.low)}",'
    )
    head = f'{{"symbol":"{listing.symbol}",'
    if not is_full:
        return f'{head}{range_text}"lastPrice":"{price(bar.close)}",{tail}'
    bid, bid_size, ask, ask_size = window.best()
    return (
        f'{head}"priceChange":"{price(window.change)}","priceChangePercent":"{window.percent}",'
        f'"weightedAvgPrice":"{window.mean}","prevClosePrice":"{price(window.before)}",'
        f'"lastPrice":"{price(bar.close)}","lastQty":"{listing.size_text(window.pair.last_lots)}",'
        f'"bidPrice":"{bid}","bidQty":"{bid_size}","askPrice":"{ask}","askQty":"{ask_size}",'
        f"{range_text}{tail}"
    )


def average_price(pair: Pair) -> tuple[str, int]:
    """The mean price of five minutes, and the time (ns) of the last trade."""
    ledger = pair.ledger
    bar, before = ledger.since(ledger.second - 300)
    mean = bar.value * pair.listing.tick_e8 // bar.volume if bar.volume else None
    text = pair.listing.price_text(before) if mean is None else write_e8(mean)
    last = pair.executions[-1].ts_ns if pair.executions else ledger.start_s * NS
    return text, last


def average_event(pair: Pair, now_ns: int, per: int) -> str:
    price, last = average_price(pair)
    return (
        f'{{"e":"avgPrice","E":{now_ns // per},"s":"{pair.listing.symbol}","i":"5m",'
        f'"w":"{price}","T":{last // per}}}'
    )


def book_ticker(pair: Pair, top: tuple[int, int, int, int], update_id: int) -> str:
    """`top`: best bid and its lots, best ask and its lots."""
    listing = pair.listing
    return (
        f'{{"u":{update_id},"s":"{listing.symbol}","b":"{listing.price_text(top[0])}",'
        f'"B":"{listing.size_text(top[1])}","a":"{listing.price_text(top[2])}",'
        f'"A":"{listing.size_text(top[3])}"}}'
    )


def partial_depth(pair: Pair, depth: int) -> str:
    bids, asks = pair.engine.top(depth)
    return (
        f'{{"lastUpdateId":{pair.engine.update_id},'
        f'"bids":[{_levels(pair.listing, bids)}],"asks":[{_levels(pair.listing, asks)}]}}'
    )


def depth_update(
    listing: Listing,
    ids: tuple[int, int],
    sides: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    now_ns: int,
    per: int,
) -> str:
    """`ids`: the first and last update id; `sides`: changed bids and asks as (ticks, lots)."""
    return (
        f'{{"e":"depthUpdate","E":{now_ns // per},"s":"{listing.symbol}","U":{ids[0]},'
        f'"u":{ids[1]},"b":[{_levels(listing, sides[0])}],"a":[{_levels(listing, sides[1])}]}}'
    )


def _levels(listing: Listing, levels: list[tuple[int, int]]) -> str:
    tick, lot = listing.tick_e8, listing.lot_e8
    parts = []
    for ticks, lots in levels:
        price, size = ticks * tick, lots * lot
        parts.append(f'["{price // E8}.{price % E8:08d}","{size // E8}.{size % E8:08d}"]')
    return ",".join(parts)


def _bool(value: bool) -> str:
    return "true" if value else "false"
