"""Kraken's REST requests: their parameters, and what their bodies mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from tui.adapters.base import RestRequest
from tui.adapters.kraken.cursors import TradeCursors
from tui.adapters.kraken.day_figures import DayFigures, read_ticker
from tui.adapters.kraken.messages_rest import (
    Body,
    Book,
    OhlcRow,
    PairInfo,
    TradeRow,
)
from tui.adapters.kraken.names import PairNames
from tui.adapters.kraken.numbers import read_unix
from tui.adapters.kraken.symbols import from_old_name, interval
from tui.model.errors import ProtocolError, TransportError
from tui.model.events import BookSnapshot, Candle, Level, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import NS, Timeframe

T = TypeVar("T")
R = TypeVar("R")

MAX_CANDLES: Final = 721
"""720 and the running one; what is older cannot be had."""

MAX_TRADES: Final = 1000
DEPTH: Final = 100

_UNKNOWN_PAST: Final = 1
"""The time of an answer that has none: older than all that is dated, so that it fills in only."""

_RATE_REST_S: Final = 5.0
_LOCKOUT_S: Final = 60.0
_THROTTLED: Final = re.compile(r"EService: ?Throttled: ?([0-9]{9,11})")
_STEP: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_MOST_WORDS: Final = 200


class RestApi:
    """Requests to one REST host.

    An error comes with HTTP status 200: decoding raises TransportError for it, with the venue's words,
    fatal where asking again cannot help, and with the status that another venue would have sent.
    """

    def __init__(
        self, venue: str, base_url: str, cursors: TradeCursors, *, has_trade_ids: bool
    ) -> None:
        """Prepare to ask; without `has_trade_ids` trades are told without, as they are streamed."""
        self._venue = venue
        self._base_url = base_url
        self._cursors = cursors
        self._has_trade_ids = has_trade_ids
        self._names = PairNames()

    def is_listed(self, instrument: Instrument) -> bool:
        """True of a pair that the list of pairs named; before that was asked for, of none."""
        return self._names.knows(instrument.symbol)

    def check(self, body: bytes, ts_local: int) -> None:
        """Look whether an answer is a refusal.

        Raises:
            TransportError: it is.
        """
        try:
            _check_error(body, ts_local)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return  # it is nothing at all, which whoever reads it will say

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
            "pair": self._names.ask_for(instrument.symbol),
            "interval": str(interval(timeframe)),
        }
        if start is not None:
            # The moment itself is not included.
            params["since"] = str(max(0, -(-start // NS) - 1))
        count = max(1, min(limit, MAX_CANDLES))

        def read(rows: list[OhlcRow], last: int, ts_local: int) -> list[Candle]:
            candles = [
                _candle(row, instrument, timeframe, row[0] <= last, ts_local)
                for row in rows
                if (start is None or row[0] * NS >= start) and (end is None or row[0] * NS <= end)
            ]
            return candles[-count:] if start is None else candles[:count]

        def decode(body: bytes, ts_local: int) -> list[Candle]:
            rows, last = _keyed(body, _OHLC)
            return read(rows, _last_committed(last), ts_local)

        return self._get("OHLC", params, decode)

    def trades(
        self, instrument: Instrument, *, from_id: int | None, limit: int
    ) -> RestRequest[list[Trade]]:
        params = {
            "pair": self._names.ask_for(instrument.symbol),
            "count": str(max(1, min(limit, MAX_TRADES))),
        }
        before = None if from_id is None else self._cursors.before(instrument, from_id)
        if before is not None:
            # Trades of the same microsecond share it: a few are fetched twice rather than never.
            params["since"] = str(max(0, before - 1))
            params["count"] = str(MAX_TRADES)

        def decode(body: bytes, ts_local: int) -> list[Trade]:
            rows, _ = _keyed(body, _TRADES)
            trades = [self._trade(row, instrument, ts_local) for row in rows]
            if trades:
                self._cursors.fetched(instrument, rows[-1][6], trades[-1].ts_exchange)
            if from_id is None or not self._has_trade_ids:
                return trades
            return [trade for trade in trades if (trade.trade_id or 0) >= from_id]

        return self._get("Trades", params, decode)

    def numbered_trades(
        self, body: bytes, instrument: Instrument, ts_local: int
    ) -> list[tuple[int, Trade]]:
        """Trades of an answer with their ids, also where trades are told without.

        Raises:
            ProtocolError: it is no such answer.
            TransportError: it is a refusal.
        """

        def decode(body: bytes, ts_local: int) -> list[tuple[int, Trade]]:
            rows, _ = _keyed(body, _TRADES)
            found = [(row[6], self._trade(row, instrument, ts_local)) for row in rows]
            for number, trade in found:
                self._cursors.saw(instrument, number, trade.ts_exchange)
            return found

        return self._get("Trades", {}, decode).decode(body, ts_local)

    def _trade(self, row: TradeRow, instrument: Instrument, ts_local: int) -> Trade:
        return Trade(
            instrument,
            float(row[0]),
            float(row[1]),
            Side.BUY if row[3] == "b" else Side.SELL,
            read_unix(str(row[2]), "$.result.*[...][2]"),
            ts_local,
            row[6] if self._has_trade_ids else None,
            row[0],
            row[1],
            from_history=True,
        )

    def book(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        """The best levels; their digits are not those of the stream, so no checksum fits them."""
        params = {"pair": self._names.ask_for(instrument.symbol), "count": str(DEPTH)}

        def decode(body: bytes, ts_local: int) -> BookSnapshot:
            book, _ = _keyed(body, _BOOK)
            bids: list[Level] = [(price, size) for price, size, _ in book.bids]
            asks: list[Level] = [(price, size) for price, size, _ in book.asks]
            return BookSnapshot(instrument, bids, asks, 0, 0, ts_local)

        return self._get("Depth", params, decode)

    def tickers(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        params = {"pair": self._names.ask_for_all(instruments)} if instruments else {}
        asked = [instrument.symbol for instrument in instruments]

        def read(found: dict[str, DayFigures], ts_local: int) -> list[Ticker]:
            pairs = {key: self._names.find(key, asked) for key in found}
            return [
                read_ticker(
                    found[key],
                    Instrument(self._venue, pair),
                    opened=None,
                    ts_exchange=_UNKNOWN_PAST,
                    ts_local=ts_local,
                )
                for key, pair in pairs.items()
                if pair is not None
            ]

        return self._get("Ticker", params, _read(_TICKERS, read))

    def instruments(self, instruments: Collection[Instrument]) -> RestRequest[list[InstrumentInfo]]:
        params = {"pair": self._names.ask_for_all(instruments)} if instruments else {}

        def read(found: dict[str, PairInfo], ts_local: int) -> list[InstrumentInfo]:
            listed = []
            for key, info in found.items():
                if info.wsname.count("/") == 1:
                    pair = from_old_name(info.wsname)
                    self._names.learn(key, info.altname, pair)
                    listed.append(_instrument_info(info, Instrument(self._venue, pair)))
            return listed

        return self._get("AssetPairs", params, _read(_PAIRS, read))

    def _get(
        self, path: str, params: dict[str, str], decode: Callable[[bytes, int], T]
    ) -> RestRequest[T]:
        def checked(body: bytes, ts_local: int) -> T:
            try:
                _check_error(body, ts_local)
                return decode(body, ts_local)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError(str(error), body[:200].decode("utf-8", "replace")) from error

        return RestRequest(f"{self._base_url}/0/public/{path}", params, checked)


def read_error(body: bytes) -> str:
    """The venue's own words of a refusal; "" when the body holds none."""
    try:
        return ", ".join(_BODY.decode(body).error)[:_MOST_WORDS]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def newest_trade_ns(body: bytes) -> int:
    """When the newest trade of an answer happened (ns); 0 where it has none."""
    rows, _ = _keyed(body, _TRADES)
    return read_unix(str(rows[-1][2]), "$.result.*[...][2]") if rows else 0


def committed_until(body: bytes) -> int:
    """When the last candle of an answer that is over began, in seconds."""
    return _last_committed(_FIELDS.decode(_result(body)).get("last"))


# -- refusals --------------------------------------------------------------------------------


def _check_error(body: bytes, ts_local: int) -> None:
    errors = _BODY.decode(body).error
    if not errors:
        return
    words = ", ".join(errors)[:_MOST_WORDS]
    throttled = _THROTTLED.match(words)
    if throttled is not None:
        wait_s = max(1.0, int(throttled[1]) - ts_local / NS)
        raise TransportError(words, status=429, retry_after_s=wait_s)
    if "Rate limit" in words or "Too many requests" in words:
        raise TransportError(words, status=429, retry_after_s=_RATE_REST_S)
    if "Temporary lockout" in words:
        raise TransportError(words, status=429, retry_after_s=_LOCKOUT_S)
    if "EService:" in words or "EGeneral:Internal error" in words:
        raise TransportError(words, status=503)
    raise TransportError(words, status=400, fatal=True)


# -- bodies ----------------------------------------------------------------------------------


def _result(body: bytes) -> msgspec.Raw:
    result = _BODY.decode(body).result
    if result is UNSET:
        raise ProtocolError("neither an error nor a result - at `$.result`")
    return result


def _keyed(body: bytes, decoder: msgspec.json.Decoder[R]) -> tuple[R, msgspec.Raw | None]:
    """The result under its only key, whatever that is called, and what is called `last` beside it."""
    fields = _FIELDS.decode(_result(body))
    last = fields.pop("last", None)
    if len(fields) != 1:
        raise ProtocolError(f"{len(fields)} results instead of one - at `$.result`")
    return decoder.decode(*fields.values()), last


def _last_committed(last: msgspec.Raw | None) -> int:
    if last is None:
        raise ProtocolError("missing - at `$.result.last`")
    return _SECONDS.decode(last)


def _read(
    decoder: msgspec.json.Decoder[R], read: Callable[[R, int], T]
) -> Callable[[bytes, int], T]:
    def decode(body: bytes, ts_local: int) -> T:
        return read(decoder.decode(_result(body)), ts_local)

    return decode


def _candle(
    row: OhlcRow, instrument: Instrument, timeframe: Timeframe, closed: bool, ts_local: int
) -> Candle:
    volume = float(row[6])
    return Candle(
        instrument,
        timeframe,
        row[0] * NS,
        float(row[1]),
        float(row[2]),
        float(row[3]),
        float(row[4]),
        volume,
        closed,
        # The answer has no time of its own; 0 says so of a candle that still moves.
        (row[0] + timeframe.seconds) * NS if closed else 0,
        ts_local,
        volume * float(row[5]),
        None,
        row[7],
    )


def _instrument_info(info: PairInfo, instrument: Instrument) -> InstrumentInfo:
    base, _, quote = instrument.symbol.partition("/")
    return InstrumentInfo(
        instrument,
        base,
        quote,
        # One odd pair must not hide all others.
        info.tick_size if _STEP.fullmatch(info.tick_size) else _step(info.pair_decimals),
        _step(info.lot_decimals),
        info.status in ("", "online"),
        info.status,
    )


def _step(decimals: int) -> str:
    if not 0 < decimals <= 20:
        return "1"
    return "0." + "0" * (decimals - 1) + "1"


_BODY: Final = msgspec.json.Decoder(Body)
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SECONDS: Final = msgspec.json.Decoder(int)
_OHLC: Final = msgspec.json.Decoder(list[OhlcRow])
_TRADES: Final = msgspec.json.Decoder(list[TradeRow], float_hook=str)
_BOOK: Final = msgspec.json.Decoder(Book)
_TICKERS: Final = msgspec.json.Decoder(dict[str, DayFigures])
_PAIRS: Final = msgspec.json.Decoder(dict[str, PairInfo])
