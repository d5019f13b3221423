"""The channels of the native protocol, but for books and alerts, and which source serves a topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import takewhile

from tui.model.timeframe import NS, Timeframe
from tui.sim.market import Execution, Pair, SimMarket
from tui.sim.native import texts
from tui.sim.native.alerts import MarketAlerts, PairAlerts
from tui.sim.native.books import BookSource
from tui.sim.native.draft import Draft, Slots, Source
from tui.sim.native.topics import Topic
from tui.sim.payloads import Window

_FAST_NS = 100_000_000
_RATE_S = 10


def open_source(
    topic: Topic, market: SimMarket, figures: Callable[[], Mapping[str, float]]
) -> Source:
    """The source of a checked topic; `figures` are the server's own metrics."""
    now_ns = market.now_ns
    if not topic.symbol:
        if topic.channel == "alerts":
            return MarketAlerts(market)
        if topic.channel == "metrics":
            return _ServerMetrics(figures, now_ns)
        return _ServerStatus(market)
    pair = market.pair(topic.symbol)
    if topic.channel == "ticker":
        return _Ticker(pair, now_ns)
    if topic.channel == "trades":
        return _Trades(pair)
    if topic.channel == "orderbook":
        return BookSource(pair, topic.depth, now_ns)
    if topic.channel == "candles":
        return _Candles(pair, Timeframe.parse(topic.timeframe), now_ns)
    if topic.channel == "metrics":
        return _PairMetrics(pair, now_ns)
    return PairAlerts(pair, now_ns) if topic.channel == "alerts" else _PairStatus(pair)


class _Trades(Source):
    is_chained = True
    is_kept = True

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._digits = texts.Digits(pair.listing)

    def due(self, now_ns: int) -> list[Draft]:
        executions = tuple(self._pair.new_executions)
        if not executions:
            return []
        listing = self._pair.listing

        def thin(least_e8: int) -> str | None:
            large = [fact for fact in executions if fact.lots * listing.lot_e8 >= least_e8]
            return self._write(large) if large else None

        return [Draft("trade_update", self._write(executions), thin)]

    def _write(self, executions: list[Execution] | tuple[Execution, ...]) -> str:
        return texts.trades(self._pair.listing.symbol, self._digits, executions)


class _Ticker(Source):
    """The best prices when they change, and once a second, if there was a trade, the day's figures."""

    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        self._digits = texts.Digits(pair.listing)
        self._slots = Slots(_FAST_NS, now_ns)
        self._seconds = Slots(NS, now_ns)
        self._last = pair.ledger.price
        self._top = pair.engine.top(1)
        self._trade_id = pair.last_trade_id

    def state(self, now_ns: int) -> list[Draft]:
        window = Window(self._pair, now_ns)
        body = texts.ticker(window, self._digits, self._pair.ledger.price)
        return [Draft("ticker_update", f'"snapshot":true,{body}')]

    def due(self, now_ns: int) -> list[Draft]:
        if not self._slots.is_new(now_ns):
            return []
        pair, last, top = self._pair, self._pair.ledger.price, self._pair.engine.top(1)
        is_second = self._seconds.is_new(now_ns)
        if is_second and pair.last_trade_id != self._trade_id:
            self._trade_id = pair.last_trade_id
            draft = Draft("ticker_update", texts.ticker(Window(pair, now_ns), self._digits, last))
        elif top != self._top:
            body = texts.best(pair.listing.symbol, self._digits, last, top, now_ns)
            draft = Draft("ticker_update", body)
        elif last != self._last:
            text = self._digits.price(last)
            draft = Draft("price_update", texts.price(pair.listing.symbol, text, now_ns))
        else:
            return []
        self._last, self._top = last, top
        return [draft]


class _Candles(Source):
    """The open candle once a second while there are trades, and every candle once it is closed."""

    is_chained = True

    def __init__(self, pair: Pair, timeframe: Timeframe, now_ns: int) -> None:
        self._pair = pair
        self._timeframe = timeframe
        self._digits = texts.Digits(pair.listing)
        self._slots = Slots(NS, now_ns)
        self._open_ns = timeframe.floor(now_ns)
        self._trade_id = pair.last_trade_id

    def state(self, now_ns: int) -> list[Draft]:
        before = self._timeframe.floor(self._open_ns - 1)
        return [Draft("candle_update", f'"snapshot":true,{self._write(now_ns, before)}')]

    def due(self, now_ns: int) -> list[Draft]:
        opened = self._open_ns
        is_over = now_ns >= self._timeframe.next_open(opened)
        is_new = self._slots.is_new(now_ns)
        if not is_over and (not is_new or self._trade_id == self._pair.last_trade_id):
            return []
        self._trade_id = self._pair.last_trade_id
        self._open_ns = self._timeframe.floor(now_ns)
        return [Draft("candle_update", self._write(now_ns, opened))]

    def _write(self, now_ns: int, start_ns: int) -> str:
        """The candle that opens at `start_ns` and, where it is another, the one of now."""
        ledger, timeframe = self._pair.ledger, self._timeframe
        opens = dict.fromkeys((start_ns, timeframe.floor(now_ns)))
        bars = [(opened, ledger.candle(timeframe, opened)) for opened in opens]
        return texts.candles(self._pair.listing, self._digits, timeframe, bars, now_ns)


class _Metrics(Source):
    """Figures, said once a second if one of them changed."""

    def __init__(
        self, symbol: str, read: Callable[[int], Mapping[str, float]], now_ns: int
    ) -> None:
        self._about = f'"symbol":"{symbol}",' if symbol else ""
        self._read = read
        self._slots = Slots(NS, now_ns)
        self._said: Mapping[str, float] = {}

    def state(self, now_ns: int) -> list[Draft]:
        return [self._draft(self._read(now_ns), now_ns, '"snapshot":true,')]

    def due(self, now_ns: int) -> list[Draft]:
        if not self._slots.is_new(now_ns):
            return []
        values = self._read(now_ns)
        if values == self._said:
            return []
        self._said = values
        return [self._draft(values, now_ns)]

    def _draft(self, values: Mapping[str, float], now_ns: int, mark: str = "") -> Draft:
        pairs = ",".join(f'"{name}":{value!r}' for name, value in values.items())
        return Draft(
            "metrics", f'{mark}{self._about}"time":{texts.ms(now_ns)},"values":{{{pairs}}}'
        )


class _ServerMetrics(_Metrics):
    def __init__(self, figures: Callable[[], Mapping[str, float]], now_ns: int) -> None:
        super().__init__("", lambda now: figures(), now_ns)


class _PairMetrics(_Metrics):
    """How fast an instrument trades, how wide and how balanced its book is."""

    def __init__(self, pair: Pair, now_ns: int) -> None:
        self._pair = pair
        super().__init__(pair.listing.symbol, self._measure, now_ns)

    def _measure(self, now_ns: int) -> dict[str, float]:
        pair, listing = self._pair, self._pair.listing
        since = now_ns - _RATE_S * NS
        recent = list(takewhile(lambda fact: fact.ts_ns > since, reversed(pair.executions)))
        volume = sum(fact.lots for fact in recent) * listing.lot_e8 / 1e8
        values = {
            "trades_per_s": len(recent) / _RATE_S,
            "volume_per_s": round(volume / _RATE_S, 8),
        }
        bids, asks = pair.engine.top(10)
        if bids and asks:
            resting = sum(lots for _, lots in bids), sum(lots for _, lots in asks)
            values["spread"] = round((asks[0][0] - bids[0][0]) * listing.tick_e8 / 1e8, 8)
            values["imbalance"] = round((resting[0] - resting[1]) / sum(resting), 3)
        return values


class _ServerStatus(Source):
    """That the market is open, and in what mood."""

    def __init__(self, market: SimMarket) -> None:
        self._market = market
        self._regime = market.regime

    def state(self, now_ns: int) -> list[Draft]:
        return [self._draft(now_ns, '"snapshot":true,')]

    def due(self, now_ns: int) -> list[Draft]:
        if self._market.regime is self._regime:
            return []
        self._regime = self._market.regime
        return [self._draft(now_ns)]

    def _draft(self, now_ns: int, mark: str = "") -> Draft:
        text = f"simulated, {self._market.regime}"
        return Draft("status", f'{mark}"time":{texts.ms(now_ns)},"status":"open","text":"{text}"')


class _PairStatus(Source):
    """That an instrument is traded; this market never halts one."""

    def __init__(self, pair: Pair) -> None:
        self._symbol = pair.listing.symbol

    def state(self, now_ns: int) -> list[Draft]:
        body = f'"symbol":"{self._symbol}","time":{texts.ms(now_ns)},"status":"trading"'
        return [Draft("status", f'"snapshot":true,{body}')]

    def due(self, now_ns: int) -> list[Draft]:
        return []
