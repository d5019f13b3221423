"""Coinbase Exchange's REST requests: their parameters, and what their bodies mean."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from tui.adapters.base import RestRequest
from tui.adapters.coinbase.exchange.messages import (
    CandleRow,
    DayStats,
    Product,
    ProductStats,
    RestBook,
    RestError,
    RestTicker,
    RestTrade,
    ServerClock,
)
from tui.adapters.coinbase.exchange.symbols import TimeReader, granularity
from tui.model.errors import ProtocolError
from tui.model.events import BookSnapshot, Candle, Level, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import NS, Timeframe

T = TypeVar("T")
R = TypeVar("R")

CANDLES: Final = 300
"""Spans in one answer; those without a trade are left out of it."""

TRADES: Final = 1000
_LONGEST_SYMBOL: Final = 32
_CLOSED_FOR_SURE: Final = 86_400 * NS
"""Our clock may be wrong: only a candle whose end is this far past is final by the clock alone."""

_UNKNOWN_PAST: Final = 1
"""The time of an answer that has none: older than all that is dated, so that it fills in only."""


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
        now: int,
    ) -> RestRequest[list[Candle]]:
        """Candles of a window. `now` (ns) is the venue's time, 0 when it is not known.

        Without a window the venue answers from a cache that may be five minutes old, so one is made
        wherever the time is known.
        """
        span = granularity(timeframe)
        count = max(1, min(limit, CANDLES))
        params = {"granularity": str(span)}
        window = _window(start, end, now, span, count)
        if window is not None:
            # Of one alone the venue takes no notice.
            params["start"], params["end"] = map(str, window)

        def read(rows: list[CandleRow], ts_local: int) -> list[Candle]:
            # Whoever asks only for what lies before a moment knows that it is past.
            past = max(ts_local - _CLOSED_FOR_SURE, end or 0)
            candles = _candles(rows, instrument, timeframe, ts_local, past=past)
            return candles[-count:] if start is None else candles[:count]

        return self._get(f"{_path(instrument)}/candles", params, _read(_CANDLES, read))

    def trades(
        self, instrument: Instrument, *, from_id: int | None, limit: int
    ) -> RestRequest[list[Trade]]:
        """Trades from an id on, oldest first; the newest without one."""
        count = max(1, min(limit, TRADES))
        params = {"limit": str(count)}
        if from_id is not None:
            # The venue pages backwards only: ask for those before the first one that is not wanted.
            params["after"] = str(from_id + count)

        def read(rows: list[RestTrade], ts_local: int) -> list[Trade]:
            read_time = TimeReader("$[...].time")
            return [
                _trade(row, instrument, read_time(row.time), ts_local)
                for row in reversed(rows)
                if from_id is None or row.trade_id >= from_id
            ]

        return self._get(f"{_path(instrument)}/trades", params, _read(_TRADES, read))

    def book(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The whole book, several hundred kB."""

        def read(book: RestBook, ts_local: int) -> BookSnapshot:
            ts = TimeReader()(book.time) if book.time else 0
            bids, asks = _levels(book.bids), _levels(book.asks)
            return BookSnapshot(instrument, bids, asks, book.sequence, ts, ts_local)

        return self._get(f"{_path(instrument)}/book", {"level": "2"}, _read(_BOOK, read))

    def ticker(self, instrument: Instrument) -> RestRequest[Ticker]:
        """The latest prices, without the day's open, high and low."""

        def read(ticker: RestTicker, ts_local: int) -> Ticker:
            return Ticker(
                instrument=instrument,
                ts_exchange=TimeReader()(ticker.time),
                ts_local=ts_local,
                last=float(ticker.price),
                last_text=ticker.price,
                bid=ticker.bid,
                ask=ticker.ask,
                volume=float(ticker.volume),
            )

        return self._get(f"{_path(instrument)}/ticker", {}, _read(_TICKER, read))

    def tickers(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        """The day's figures: of one instrument by itself, otherwise of these in the answer for all.

        That one is not documented. Were it gone, whoever divides a refused list to find the one at
        fault would come to the other.
        """
        if len(instruments) == 1:
            (instrument,) = instruments

            def read_one(stats: DayStats, ts_local: int) -> list[Ticker]:
                return [_ticker(instrument, stats, ts_local)]

            return self._get(f"{_path(instrument)}/stats", {}, _read(_DAY_STATS, read_one))
        wanted = {_symbol(instrument) for instrument in instruments}

        def read(found: dict[str, ProductStats], ts_local: int) -> list[Ticker]:
            return [
                _ticker(Instrument(self._venue, product), stats.stats_24hour, ts_local)
                for product, stats in found.items()
                if stats.stats_24hour is not None and (not wanted or product in wanted)
            ]

        return self._get("products/stats", {}, _read(_STATS, read))

    def instruments(self, instruments: Collection[Instrument]) -> RestRequest[list[InstrumentInfo]]:
        """What the venue lists: one product by itself, which it refuses when it does not know it;
        otherwise all."""
        if len(instruments) == 1:
            (instrument,) = instruments

            def read_one(product: Product, ts_local: int) -> list[InstrumentInfo]:
                return [_instrument_info(product, self._venue)]

            return self._get(_path(instrument), {}, _read(_PRODUCT, read_one))

        def read(products: list[Product], ts_local: int) -> list[InstrumentInfo]:
            return [_instrument_info(product, self._venue) for product in products]

        return self._get("products", {}, _read(_PRODUCTS, read))

    def time(self) -> RestRequest[int]:
        def read(clock: ServerClock, ts_local: int) -> int:
            return TimeReader("$.iso")(clock.iso)

        return self._get("time", {}, _read(_TIME, read))

    def _get(
        self, path: str, params: dict[str, str], decode: Callable[[bytes, int], T]
    ) -> RestRequest[T]:
        return RestRequest(f"{self._base_url}/{path}", params, decode)


def read_error(body: bytes) -> str:
    """The venue's own words of a refusal; "" when the body holds none."""
    try:
        return _ERROR.decode(body).message[:200]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def _window(
    start: int | None, end: int | None, now: int, span: int, count: int
) -> tuple[int, int] | None:
    """First and last candle to ask for, seconds: both ends count, and no more than `count` fit."""
    reach = (count - 1) * span
    if start is not None:
        first = -(-start // (span * NS)) * span
        last = first + reach
        return first, last if end is None else max(first, min(last, end // (span * NS) * span))
    if end is None and not now:
        return None
    last = (now if end is None else end) // (span * NS) * span
    return last - reach, last


def _candles(
    rows: list[CandleRow], instrument: Instrument, timeframe: Timeframe, ts_local: int, *, past: int
) -> list[Candle]:
    """Candles, oldest first; `past` (ns) is a moment that has passed beyond doubt."""
    candles = []
    span = timeframe.seconds * NS
    for position, (seconds, low, high, opened, close, volume) in enumerate(sorted(rows), start=1):
        end = seconds * NS + span
        # A later candle proves that this one is final; the newest is normally still open.
        closed = position < len(rows) or end - 1 <= past
        candles.append(
            Candle(
                instrument,
                timeframe,
                seconds * NS,
                opened,
                high,
                low,
                close,
                volume,
                closed,
                # The answer has no time of its own; 0 says so of a candle that still moves.
                end if closed else 0,
                ts_local,
            )
        )
    return candles


def _trade(row: RestTrade, instrument: Instrument, ts: int, ts_local: int) -> Trade:
    return Trade(
        instrument,
        float(row.price),
        float(row.size),
        # The maker sold, so the taker bought.
        Side.BUY if row.side == "sell" else Side.SELL,
        ts,
        ts_local,
        row.trade_id,
        row.price,
        row.size,
        from_history=True,
    )


def _levels(rows: list[tuple[str, str, int]]) -> list[Level]:
    levels = [(price, size) for price, size, _ in rows]
    if not all(_is_number(text) for level in levels for text in level):
        raise ProtocolError("a price or a size that is not a number")
    return levels


def _is_number(text: str) -> bool:
    whole, _, fraction = text.partition(".")
    return text.isascii() and whole.isdigit() and (not fraction or fraction.isdigit())


def _ticker(instrument: Instrument, day: DayStats, ts_local: int) -> Ticker:
    last, opened = float(day.last), float(day.open)
    return Ticker(
        instrument=instrument,
        ts_exchange=_UNKNOWN_PAST,
        ts_local=ts_local,
        last=last,
        last_text=day.last,
        open=opened,
        high=float(day.high),
        low=float(day.low),
        volume=float(day.volume),
        change_percent=(last - opened) / opened * 100 if opened else None,
    )


def _instrument_info(product: Product, venue: str) -> InstrumentInfo:
    status = product.status
    if product.trading_disabled:
        status = "trading disabled"
    elif product.cancel_only:
        status = "cancel only"
    return InstrumentInfo(
        Instrument(venue, product.id),
        product.base_currency,
        product.quote_currency,
        product.quote_increment,
        product.base_increment,
        status == "online",
        status,
    )


def _read(
    decoder: msgspec.json.Decoder[R], read: Callable[[R, int], T]
) -> Callable[[bytes, int], T]:
    def decode(body: bytes, ts_local: int) -> T:
        try:
            return read(decoder.decode(body), ts_local)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error

    return decode


def _symbol(instrument: Instrument) -> str:
    return instrument.symbol.upper()[:_LONGEST_SYMBOL]


def _path(instrument: Instrument) -> str:
    return f"products/{quote(_symbol(instrument), safe='')}"


_CANDLES: Final = msgspec.json.Decoder(list[CandleRow])
_TRADES: Final = msgspec.json.Decoder(list[RestTrade])
_BOOK: Final = msgspec.json.Decoder(RestBook)
_TICKER: Final = msgspec.json.Decoder(RestTicker)
_DAY_STATS: Final = msgspec.json.Decoder(DayStats)
_STATS: Final = msgspec.json.Decoder(dict[str, ProductStats])
_PRODUCT: Final = msgspec.json.Decoder(Product)
_PRODUCTS: Final = msgspec.json.Decoder(list[Product])
_TIME: Final = msgspec.json.Decoder(ServerClock)
_ERROR: Final = msgspec.json.Decoder(RestError)
