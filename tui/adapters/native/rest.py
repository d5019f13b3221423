"""GET requests of the native protocol, and what their bodies mean."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeVar

import msgspec

from tui.adapters.base import RestRequest
from tui.adapters.native.events import (
    build_candles,
    build_ticker,
    build_trades,
    check_levels,
    to_ns,
)
from tui.adapters.native.messages import (
    CandleUpdate,
    OrderbookUpdate,
    Refusal,
    ServerClock,
    SymbolInfo,
    SymbolList,
    TickerUpdate,
    TradeUpdate,
)
from tui.adapters.native.symbols import check_symbol
from tui.model.errors import ProtocolError
from tui.model.events import BookSnapshot, Candle, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import MS, Timeframe

T = TypeVar("T")
R = TypeVar("R")

MAX_ROWS: Final = 1000


class RestApi:
    """Requests to one server."""

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
            "symbol": check_symbol(instrument.symbol),
            "timeframe": str(timeframe),
            "limit": _rows(limit),
        }
        if start is not None:
            params["start"] = str(-(-start // MS))
        if end is not None:
            params["end"] = str(end // MS)

        def read(update: CandleUpdate, ts_local: int) -> list[Candle]:
            _check(instrument, update.symbol)
            if update.timeframe != str(timeframe):
                raise ProtocolError(f"candles of {update.timeframe[:20]!r} - at `$.timeframe`")
            return build_candles(update, instrument, ts_local)

        return self._get("candles", params, _read(_CANDLES, read))

    def trades(
        self, instrument: Instrument, *, from_id: int | None, limit: int
    ) -> RestRequest[list[Trade]]:
        params = {"symbol": check_symbol(instrument.symbol), "limit": _rows(limit)}
        if from_id is not None:
            params["from_id"] = str(from_id)

        def read(update: TradeUpdate, ts_local: int) -> list[Trade]:
            _check(instrument, update.symbol)
            return build_trades(update, instrument, ts_local)

        return self._get("trades", params, _read(_TRADES, read))

    def book(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        def read(update: OrderbookUpdate, ts_local: int) -> BookSnapshot:
            _check(instrument, update.symbol)
            if update.book is None:
                raise ProtocolError("an order book without a book - at `$.book`")
            bids, asks = list(update.book.bids.items()), list(update.book.asks.items())
            check_levels(bids, "$.book.bids")
            check_levels(asks, "$.book.asks")
            return BookSnapshot(
                instrument, bids, asks, update.version, to_ns(update.time), ts_local
            )

        params = {"symbol": check_symbol(instrument.symbol)}
        return self._get("orderbook", params, _read(_BOOK, read))

    def tickers(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        def read(updates: list[TickerUpdate], ts_local: int) -> list[Ticker]:
            return [
                build_ticker(update, Instrument(self._venue, check_symbol(update.symbol)), ts_local)
                for update in updates
            ]

        return self._get("tickers", _symbols(instruments), _read(_TICKERS, read))

    def instruments(self, instruments: Collection[Instrument]) -> RestRequest[list[InstrumentInfo]]:
        def read(answer: SymbolList, ts_local: int) -> list[InstrumentInfo]:
            return [_instrument_info(info, self._venue) for info in answer.symbols]

        return self._get("symbols", _symbols(instruments), _read(_SYMBOLS, read))

    def time(self) -> RestRequest[int]:
        def read(clock: ServerClock, ts_local: int) -> int:
            return to_ns(clock.time)

        return self._get("time", {}, _read(_TIME, read))

    def _get(
        self, path: str, params: dict[str, str], decode: Callable[[bytes, int], T]
    ) -> RestRequest[T]:
        return RestRequest(f"{self._base_url}/{path}", params, decode)


def read_error(body: bytes) -> str:
    """The server's own words of a refusal; "" when the body holds none."""
    try:
        refusal = _REFUSAL.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    code = f"({refusal.code[:40]})" if refusal.code else ""
    return f"{refusal.message[:200]} {code}".strip()


def _read(
    decoder: msgspec.json.Decoder[R], read: Callable[[R, int], T]
) -> Callable[[bytes, int], T]:
    def decode(body: bytes, ts_local: int) -> T:
        try:
            return read(decoder.decode(body), ts_local)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
            raise ProtocolError(str(error), _excerpt(body)) from error

    return decode


def _instrument_info(info: SymbolInfo, venue: str) -> InstrumentInfo:
    return InstrumentInfo(
        Instrument(venue, check_symbol(info.symbol)),
        info.base,
        info.quote,
        info.tick_size or "",
        info.size_step or "",
        info.trading is not False,
        info.status or "",
    )


def _check(instrument: Instrument, symbol: str) -> None:
    if symbol != instrument.symbol:
        raise ProtocolError(f"an answer about {symbol[:64]!r} - at `$.symbol`")


def _symbols(instruments: Collection[Instrument]) -> dict[str, str]:
    if not instruments:
        return {}
    names = dict.fromkeys(check_symbol(one.symbol) for one in instruments)
    return {"symbols": ",".join(names)}


def _rows(limit: int) -> str:
    return str(max(1, min(limit, MAX_ROWS)))


def _excerpt(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")


_CANDLES: Final = msgspec.json.Decoder(CandleUpdate)
_TRADES: Final = msgspec.json.Decoder(TradeUpdate)
_BOOK: Final = msgspec.json.Decoder(OrderbookUpdate)
_TICKERS: Final = msgspec.json.Decoder(list[TickerUpdate])
_SYMBOLS: Final = msgspec.json.Decoder(SymbolList)
_TIME: Final = msgspec.json.Decoder(ServerClock)
_REFUSAL: Final = msgspec.json.Decoder(Refusal)
