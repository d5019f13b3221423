"""Binance's REST requests: their parameters, their weight, and what their bodies mean."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from tui.adapters.base import RestRequest
from tui.adapters.binance.events import build_trade, check_levels
from tui.adapters.binance.messages import (
    AggTrade,
    DayTicker,
    ExchangeInfo,
    KlineRow,
    PartialDepth,
    Refusal,
    ServerClock,
    SymbolFilter,
    SymbolInfo,
)
from tui.adapters.binance.symbols import interval
from tui.model.errors import ProtocolError
from tui.model.events import BookSnapshot, Candle, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import MS, NS, Timeframe

T = TypeVar("T")
R = TypeVar("R")

MAX_ROWS: Final = 1000
DEPTH_LIMIT: Final = 1000
"""Levels a side of a book's snapshot: plenty for a screen, at a fifth of the weight of all."""

_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1000, 50), (5000, 250))
_LONGEST_SYMBOL: Final = 32
"""Of 20 that the venue has. What is longer is no symbol: its beginning is asked for, and refused, so
that it makes no address too long for the symbols beside it."""

_CLOSED_FOR_SURE: Final = 86_400 * NS
"""Our clock may be wrong: only a candle whose end is this far past is final by the clock alone."""


class RestApi:
    """Requests to one REST host."""

    def __init__(self, venue: str, base_url: str) -> None:
        self._venue = venue
        self._base_url = base_url

    def candles(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None,
        end: int | None,
        limit: int,
    ) -> RestRequest[list[Candle]]:
        params = {
            "symbol": _symbol(instrument),
            "interval": interval(timeframe),
            "limit": _rows(limit),
        }
        if start is not None:
            params["startTime"] = str(-(-start // MS))
        if end is not None:
            params["endTime"] = str(end // MS)

        def read(rows: list[KlineRow], ts_local: int) -> list[Candle]:
            # Whoever asks only for what lies before a moment knows that it is past.
            past = max(ts_local - _CLOSED_FOR_SURE, end or 0)
            return _candles(rows, instrument, timeframe, ts_local, past=past)

        return self._get("klines", params, _read(_KLINES, read), weight=2)

    def trades(
        self, instrument: Instrument, *, from_id: int | None, limit: int
    ) -> RestRequest[list[Trade]]:
        params = {"symbol": _symbol(instrument), "limit": _rows(limit)}
        if from_id is not None:
            params["fromId"] = str(from_id)

        def read(rows: list[AggTrade], ts_local: int) -> list[Trade]:
            return [
                msgspec.structs.replace(build_trade(row, instrument, ts_local), from_history=True)
                for row in rows
            ]

        return self._get("aggTrades", params, _read(_AGG_TRADES, read), weight=4)

    def book(
        self, instrument: Instrument, *, depth: int = DEPTH_LIMIT
    ) -> RestRequest[BookSnapshot]:
        params = {"symbol": _symbol(instrument), "limit": str(depth)}
        weight = next(weight for limit, weight in _DEPTH_WEIGHTS if depth <= limit)

        def read(depth: PartialDepth, ts_local: int) -> BookSnapshot:
            check_levels(depth.bids, "$.bids")
            check_levels(depth.asks, "$.asks")
            return BookSnapshot(
                instrument, depth.bids, depth.asks, depth.last_update_id, 0, ts_local
            )

        return self._get("depth", params, _read(_DEPTH, read), weight=weight)

    def tickers(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        params = {}
        if instruments:
            params["symbols"] = _symbols(instruments)

        def read(rows: list[DayTicker], ts_local: int) -> list[Ticker]:
            return [_ticker(row, self._venue, ts_local) for row in rows]

        return self._get(
            "ticker/24hr", params, _read(_TICKERS, read), weight=tickers_weight(len(instruments))
        )

    def instruments(self, instruments: Collection[Instrument]) -> RestRequest[list[InstrumentInfo]]:
        params = {}
        if instruments:
            params["symbols"] = _symbols(instruments)

        def read(info: ExchangeInfo, ts_local: int) -> list[InstrumentInfo]:
            return [_instrument_info(symbol, self._venue) for symbol in info.symbols]

        return self._get("exchangeInfo", params, _read(_EXCHANGE_INFO, read), weight=20)

    def time(self) -> RestRequest[int]:
        def read(clock: ServerClock, ts_local: int) -> int:
            return clock.server_time * MS

        return self._get("time", {}, _read(_TIME, read), weight=1)

    def _get(
        self, path: str, params: dict[str, str], decode: Callable[[bytes, int], T], *, weight: int
    ) -> RestRequest[T]:
        return RestRequest(f"{self._base_url}/api/v3/{path}", params, decode, weight)


def tickers_weight(count: int) -> int:
    """What 24 h figures of `count` symbols cost; 0 stands for all of them."""
    if count == 0 or count > 100:
        return 80
    return 2 if count <= 20 else 40


def read_polled_candles(
    body: bytes, instrument: Instrument, timeframe: Timeframe, ts_local: int
) -> list[Candle]:
    """The newest candles, asked for again and again. No clock closes the last one, only the next.

    Raises:
        ProtocolError: the body is not what the venue documents.
    """

    def read(rows: list[KlineRow], ts_local: int) -> list[Candle]:
        candles = _candles(rows, instrument, timeframe, ts_local, past=0)
        # A candle's end is not the time of the answer, of which latencies are made.
        return [msgspec.structs.replace(candle, ts_exchange=0) for candle in candles]

    return _read(_KLINES, read)(body, ts_local)


def read_polled_trades(
    body: bytes, instrument: Instrument, ts_local: int, *, is_first: bool
) -> list[Trade]:
    """Trades asked for again and again; those of the first answer are history.

    Raises:
        ProtocolError: the body is not what the venue documents.
    """

    def read(rows: list[AggTrade], ts_local: int) -> list[Trade]:
        trades = [build_trade(row, instrument, ts_local) for row in rows]
        if is_first:
            trades = [msgspec.structs.replace(trade, from_history=True) for trade in trades]
        return trades

    return _read(_AGG_TRADES, read)(body, ts_local)


def read_error(body: bytes) -> str:
    """The venue's own words of a refusal; "" when the body holds none."""
    try:
        refusal = _REFUSAL.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return f"{refusal.msg[:200]} (code {refusal.code})"


def _read(
    decoder: msgspec.json.Decoder[R], read: Callable[[R, int], T]
) -> Callable[[bytes, int], T]:
    def decode(body: bytes, ts_local: int) -> T:
        try:
            return read(decoder.decode(body), ts_local)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error

    return decode


def _candles(
    rows: list[KlineRow],
    instrument: Instrument,
    timeframe: Timeframe,
    ts_local: int,
    *,
    past: int,
) -> list[Candle]:
    """Candles, oldest first; `past` (ns) is a moment that has passed beyond doubt."""
    candles = []
    for position, row in enumerate(rows, start=1):
        close_time = (row[6] + 1) * MS
        # A later candle proves that this one is final; the last row is normally still open.
        closed = position < len(rows) or row[6] * MS <= past
        candles.append(
            Candle(
                instrument,
                timeframe,
                row[0] * MS,
                float(row[1]),
                float(row[2]),
                float(row[3]),
                float(row[4]),
                float(row[5]),
                closed,
                # The answer has no time of its own; 0 says so of a candle that still moves.
                close_time if closed else 0,
                ts_local,
                float(row[7]),
                float(row[9]),
                row[8],
            )
        )
    return candles


def _ticker(row: DayTicker, venue: str, ts_local: int) -> Ticker:
    return Ticker(
        instrument=Instrument(venue, row.symbol),
        ts_exchange=row.close_time * MS,
        ts_local=ts_local,
        last=float(row.last_price),
        last_text=row.last_price,
        bid=row.bid_price,
        ask=row.ask_price,
        bid_size=row.bid_qty,
        ask_size=row.ask_qty,
        open=float(row.open_price),
        high=float(row.high_price),
        low=float(row.low_price),
        volume=float(row.volume),
        quote_volume=float(row.quote_volume),
        change_percent=float(row.price_change_percent),
    )


def _instrument_info(info: SymbolInfo, venue: str) -> InstrumentInfo:
    return InstrumentInfo(
        Instrument(venue, info.symbol),
        info.base_asset,
        info.quote_asset,
        _step(info.filters, "PRICE_FILTER"),
        _step(info.filters, "LOT_SIZE"),
        info.status == "TRADING",
        info.status,
    )


def _step(filters: list[SymbolFilter], kind: str) -> str:
    for found in filters:
        if found.filter_type == kind:
            step = found.tick_size if kind == "PRICE_FILTER" else found.step_size
            return "" if step is UNSET else step
    return ""


def _symbol(instrument: Instrument) -> str:
    return instrument.symbol.upper()[:_LONGEST_SYMBOL]


def _symbols(instruments: Collection[Instrument]) -> str:
    names = list(dict.fromkeys(_symbol(instrument) for instrument in instruments))
    return msgspec.json.encode(names).decode()


def _rows(limit: int) -> str:
    return str(max(1, min(limit, MAX_ROWS)))


_KLINES: Final = msgspec.json.Decoder(list[KlineRow])
_AGG_TRADES: Final = msgspec.json.Decoder(list[AggTrade])
_DEPTH: Final = msgspec.json.Decoder(PartialDepth)
_TICKERS: Final = msgspec.json.Decoder(list[DayTicker])
_EXCHANGE_INFO: Final = msgspec.json.Decoder(ExchangeInfo)
_TIME: Final = msgspec.json.Decoder(ServerClock)
_REFUSAL: Final = msgspec.json.Decoder(Refusal)
