"""Binance's REST answers out of a recording, as of any of its frames."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from tui.adapters.binance.symbols import TIMEFRAME_BY_NAME
from tui.sim.replay_history import RecordedHistory, SymbolHistory
from tui.sim.replay_klines import KlineHistory
from tui.sim.replay_wire import WireTrade, split_frame

_FIAT = ("USD", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD", "RUB", "UAH", "PLN", "ZAR")
_QUOTES = ("USDT", "FDUSD", "USDC", "TUSD", "BUSD", "USDP", "DAI", *_FIAT, "BTC", "ETH", "BNB")
_MAX_ROWS = 1000
_MAX_DEPTH = 5000


class Refused(Exception):
    """A request that the venue would refuse, with its code and words."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class NotYet(Exception):
    """The recording has not come to what was asked for; `ever` tells whether it will."""

    def __init__(self, message: str, *, ever: bool) -> None:
        super().__init__(message)
        self.message = message
        self.ever = ever


class RecordedAnswers:
    """What the venue would have answered. `upto` is how many frames of the recording have passed."""

    def __init__(self, history: RecordedHistory) -> None:
        self._history = history
        self._klines: dict[tuple[str, str], KlineHistory] = {}

    def time_ms(self, recorded_ns: int) -> int:
        """The venue's clock at a recorded moment."""
        return (recorded_ns + self._history.clock_offset_ns) // 1_000_000

    def depth(
        self, query: Mapping[str, str], upto: int, *, before_last_delta: bool
    ) -> dict[str, Any]:
        """The book; `before_last_delta` as `BookHistory.at` has it.

        Raises:
            NotYet: no snapshot has come that the recorded changes continue.
        """
        history = self._symbol(query)
        limit = min(_number(query, "limit", 100) or 100, _MAX_DEPTH)
        state = history.book.at(upto, before_last_delta=before_last_delta)
        if state is None:
            raise NotYet(
                f"no snapshot of {history.symbol}'s book was recorded up to here",
                ever=history.book.is_known_after(upto),
            )
        return {
            "lastUpdateId": state.sequence,
            "bids": state.bids[:limit],
            "asks": state.asks[:limit],
        }

    def klines(self, query: Mapping[str, str], upto: int, now_ms: int) -> list[Any]:
        history = self._symbol(query)
        interval = _required(query, "interval")
        timeframe = TIMEFRAME_BY_NAME.get(interval)
        if timeframe is None:
            raise Refused(-1120, "Invalid interval.")
        key = (history.symbol, interval)
        klines = self._klines.get(key)
        if klines is None:
            klines = self._klines[key] = KlineHistory(history, timeframe)
        rows = klines.rows(upto, now_ms)
        return _window(rows, [row[0] for row in rows], query)

    def trades(self, query: Mapping[str, str], upto: int) -> list[dict[str, Any]]:
        """Aggregate trades; of a recording of single trades each is an aggregate of its own id."""
        history = self._symbol(query)
        trades = history.trades[: history.trade_count(upto)]
        first = _number(query, "fromId", None)
        if first is not None:
            trades = trades[bisect_left(trades, first, key=lambda trade: trade.id) :]
            trades = trades[: _limit(query)]
        else:
            trades = _window(trades, [trade.T for trade in trades], query)
        return [_agg_trade(trade) for trade in trades]

    def tickers(self, query: Mapping[str, str], upto: int) -> Any:
        """24 h figures of those symbols whose tickers were recorded; the others are left out, because
        a few recorded minutes do not tell them."""
        if "symbol" in query:
            found = self._ticker(self._symbol(query), upto)
            if found is None:
                raise Refused(-1000, f"no 24 h ticker of {query['symbol']} was recorded up to here")
            return found
        tickers = [self._ticker(history, upto) for history in self._symbols(query)]
        return [ticker for ticker in tickers if ticker is not None]

    def exchange_info(self, query: Mapping[str, str], now_ms: int) -> dict[str, Any]:
        """The recorded symbols; steps of prices and sizes are as fine as the finest that was seen."""
        return {
            "timezone": "UTC",
            "serverTime": now_ms,
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_symbol_info(history) for history in self._symbols(query)],
        }

    def _symbol(self, query: Mapping[str, str]) -> SymbolHistory:
        found = self._history.symbols.get(_required(query, "symbol"))
        if found is None:
            raise Refused(-1121, "Invalid symbol.")
        return found

    def _symbols(self, query: Mapping[str, str]) -> Collection[SymbolHistory]:
        if "symbol" in query:
            return [self._symbol(query)]
        if "symbols" not in query:
            return self._history.symbols.values()
        try:
            names = msgspec.json.decode(query["symbols"], type=list[str])
        except (msgspec.DecodeError, UnicodeError):
            raise Refused(-1100, "Illegal characters found in parameter 'symbols'.") from None
        return [self._symbol({"symbol": name}) for name in names]

    def _ticker(self, history: SymbolHistory, upto: int) -> dict[str, Any] | None:
        frames = history.streams.get(f"{history.symbol.lower()}@ticker")
        count = bisect_left(frames, upto) if frames else 0
        if not frames or not count:
            return None
        raw = self._history.recording.frames[frames[count - 1]].raw
        try:
            payload = msgspec.json.decode(split_frame(raw)[1], type=dict[str, Any])
        except msgspec.DecodeError:
            return None
        return {
            name: payload[letter] for name, letter in _TICKER_LETTERS.items() if letter in payload
        }


_TICKER_LETTERS = {
    "symbol": "s",
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "prevClosePrice": "x",
    "lastPrice": "c",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}


def _agg_trade(trade: WireTrade) -> dict[str, Any]:
    return {
        "a": trade.id,
        "p": trade.p,
        "q": trade.q,
        "f": trade.id if trade.f is None else trade.f,
        "l": trade.id if trade.l is None else trade.l,
        "T": trade.T,
        "m": trade.m,
        "M": True,
    }


def _symbol_info(history: SymbolHistory) -> dict[str, Any]:
    symbol = history.symbol
    quote = next((name for name in _QUOTES if symbol.endswith(name) and symbol != name), "")
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix(quote),
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": _step(history.price_decimals)},
            {"filterType": "LOT_SIZE", "stepSize": _step(history.size_decimals)},
        ],
    }


def _step(decimals: int) -> str:
    return f"{10.0**-decimals:.{max(8, decimals)}f}"


def _required(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise Refused(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null.")
    return value


def _number(query: Mapping[str, str], name: str, default: int | None) -> int | None:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)


def _limit(query: Mapping[str, str]) -> int:
    return min(_number(query, "limit", 500) or 500, _MAX_ROWS)


def _window(rows: list[Any], times: list[int], query: Mapping[str, str]) -> list[Any]:
    """The rows within the query's times: the oldest with a start, otherwise the newest."""
    start = _number(query, "startTime", None)
    end = _number(query, "endTime", None)
    first = 0 if start is None else bisect_left(times, start)
    last = len(rows) if end is None else bisect_left(times, end + 1)
    found = rows[first:last]
    return found[-_limit(query) :] if start is None else found[: _limit(query)]
