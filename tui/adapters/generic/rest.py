"""Requests of a described venue, and what their answers mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from tui.adapters.base import RestRequest
from tui.adapters.generic.description import Description, Request, Rule
from tui.adapters.generic.events import Builder
from tui.adapters.generic.names import Names
from tui.adapters.generic.pointers import Absent, Place
from tui.adapters.generic.rows import Row, Tally
from tui.adapters.generic.stream import Question
from tui.adapters.generic.templates import fill_url, places_in
from tui.adapters.generic.values import parse_json, to_text, write_time
from tui.model.errors import NotOffered, ProtocolError, TransportError
from tui.model.events import BookSnapshot, Candle, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import PollRequest

T = TypeVar("T")

_MOST_TEXT: Final = 200
_POLLED_CANDLES: Final = 3
_POLLED_TRADES: Final = 100
_ONE_AT_A_TIME: Final = 400
"""The status with which a feed finds out what of a question for many is too much."""


class RestApi:
    """The requests that the user described."""

    def __init__(
        self,
        venue: str,
        description: Description,
        names: Names,
        headers: Mapping[str, str],
        tally: Tally | None = None,
    ) -> None:
        self._venue = venue
        self._description = description
        self._names = names
        self._headers = dict(headers)
        self._builder = Builder(description, names, tally)

    # -- history ---------------------------------------------------------------------------

    def candles(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start: int | None,
        end: int | None,
        limit: int,
    ) -> RestRequest[list[Candle]]:
        request = self._described("candles")
        subscription = Subscription(instrument, Channel.CANDLES, timeframe)
        values = self._names.values(subscription) | _limit(request, limit)
        unit = request.rule.time_unit
        if start is not None:
            values["start"] = write_time(start, unit, up=True)
        if end is not None:
            values["end"] = write_time(end, unit, up=False)

        def read(rows: Iterator[Row], ts_local: int) -> list[Candle]:
            found = (
                self._builder.candle(row, ts_local, asked=instrument, timeframe=timeframe)
                for row in rows
            )
            candles = sorted(
                (one for one in found if (start or 0) <= one.open_time),
                key=lambda one: one.open_time,
            )
            # Each but the newest is over: a later one proves it.
            return [
                msgspec.structs.replace(
                    one, closed=True, ts_exchange=timeframe.next_open(one.open_time)
                )
                for one in candles[:-1]
            ] + candles[-1:]

        return self._get(request, values, read)

    def trades(
        self, instrument: Instrument, *, from_id: int | None, limit: int
    ) -> RestRequest[list[Trade]]:
        request = self._described("trades")
        if not request.rule.ids_count_up:
            # Trades that cannot be told apart cannot be joined with those of the stream.
            self._refuse("trades with ids that count up")
        values = self._names.values(Subscription(instrument, Channel.TRADES))
        values |= _limit(request, limit)
        if from_id is not None:
            values["from_id"] = str(from_id)

        def read(rows: Iterator[Row], ts_local: int) -> list[Trade]:
            found = [
                self._builder.trade(row, ts_local, asked=instrument, is_old=True)[0] for row in rows
            ]
            return sorted(found, key=lambda trade: trade.trade_id or 0)

        return self._get(request, values, read)

    def book(self, instrument: Instrument) -> RestRequest[BookSnapshot]:
        request = self._described("book")
        values = self._names.values(Subscription(instrument, Channel.BOOK))

        def read(rows: Iterator[Row], ts_local: int) -> BookSnapshot:
            return self._builder.book_snapshot(next(rows), ts_local, instrument)

        return self._get(request, values | _limit(request, request.limit), read)

    # -- what is known of instruments ------------------------------------------------------

    def tickers(self, instruments: Collection[Instrument]) -> RestRequest[list[Ticker]]:
        request = self._described("ticker")
        asked = None
        values: dict[str, str] = {}
        if "symbol" in places_in(request.url):
            if len(instruments) != 1:
                raise TransportError("one symbol at a time", status=_ONE_AT_A_TIME, fatal=True)
            asked = next(iter(instruments))
            values = self._names.values(Subscription(asked, Channel.TICKER))
        elif "symbols" in places_in(request.url):
            values["symbols"] = ",".join(self._names.wire(one) for one in instruments)

        def read(rows: Iterator[Row], ts_local: int) -> list[Ticker]:
            found = [self._builder.ticker(row, ts_local, asked) for row in rows]
            return [one for one in found if not instruments or one.instrument in instruments]

        return self._get(request, values, read)

    def instruments(self, instruments: Collection[Instrument]) -> RestRequest[list[InstrumentInfo]]:
        symbols = self._description.symbols
        if "symbols" not in self._description.requests:
            if not symbols:
                self._refuse("list of symbols")
            known = [
                InstrumentInfo(Instrument(self._venue, symbol), *_parts(symbol))
                for symbol in symbols
            ]
            return RestRequest(
                "",
                {},
                lambda body, ts_local: [
                    one for one in known if not instruments or one.instrument in instruments
                ],
            )

        def read(rows: Iterator[Row], ts_local: int) -> list[InstrumentInfo]:
            found = [self._builder.instrument_info(row) for row in rows]
            return [one for one in found if not instruments or one.instrument in instruments]

        return self._get(self._described("symbols"), {}, read)

    def time(self) -> RestRequest[int]:
        def read(rows: Iterator[Row], ts_local: int) -> int:
            return next(rows).time()

        return self._get(self._described("time"), {}, read)

    def error(self, body: bytes) -> str:
        """The venue's words in a refused request's body; "" where it has none."""
        pointer = self._description.error_text
        if pointer is None:
            return ""
        try:
            message = parse_json(body)
            return to_text(pointer.find(Place(message, message)))[:_MOST_TEXT]
        except (msgspec.MsgspecError, ValueError, RecursionError, Absent):
            return ""

    # -- polls -----------------------------------------------------------------------------

    def poll(
        self, subscription: Subscription, wanted: Collection[Subscription]
    ) -> tuple[PollRequest, Question]:
        """The request that brings a subscription when it is asked again and again; `wanted` is all
        that is to be polled, where one address tells of many symbols.

        Raises:
            InstrumentError: the venue has no such candles.
        """
        request = self._description.polled[subscription.channel]
        rows = _POLLED_CANDLES if subscription.channel is Channel.CANDLES else _POLLED_TRADES
        values = self._names.values(subscription) | _limit(request, rows)
        fellows = [one.instrument for one in wanted if one.channel is subscription.channel]
        values["symbols"] = ",".join(dict.fromkeys(map(self._names.wire, fellows)))
        url, params = self._address(request.url, values)
        places = places_in(request.url)
        is_own = "symbol" in places or "channel" in places
        key = request.rule.name
        if is_own:
            key = f"{key} {subscription.instrument.symbol}"
        if "timeframe" in places:
            key = f"{key} {subscription.timeframe}"
        made = PollRequest(
            key=key,
            url=url,
            params=params,
            headers=self._headers,
            min_interval_s=request.every_s or 1.0,
        )
        instrument = subscription.instrument if is_own else None
        return made, Question(request.rule, instrument, subscription.timeframe)

    # -- shared ----------------------------------------------------------------------------

    def _described(self, name: str) -> Request:
        request = self._description.requests.get(name)
        if request is None:
            self._refuse(name)
        return request

    def _refuse(self, what: str) -> NoReturn:
        raise NotOffered(f"[feeds.{self._venue.lower()}] describes no {what}")

    def _address(self, template: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        url, params = fill_url(template, values)
        return (url if "://" in url else self._description.rest + url), params

    def _get(
        self,
        request: Request,
        values: Mapping[str, str],
        read: Callable[[Iterator[Row], int], T],
    ) -> RestRequest[T]:
        url, params = self._address(request.url, values)
        rule: Rule = request.rule

        def decode(body: bytes, ts_local: int) -> T:
            try:
                message: Any = parse_json(body)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError(f"{rule.name}: not JSON: {error}", _excerpt(body)) from error
            try:
                return read(self._builder.rows(rule, message), ts_local)
            except ProtocolError as error:
                raise ProtocolError(error.message, _excerpt(body)) from error
            except StopIteration:
                raise ProtocolError(f"{rule.name}.rows: there are none", _excerpt(body)) from None

        return RestRequest(url, params, decode, headers=self._headers)


def _limit(request: Request, limit: int) -> dict[str, str]:
    return {"limit": str(max(1, min(limit, request.limit)))}


def _parts(symbol: str) -> tuple[str, str]:
    """Base and quote, where the symbol shows them."""
    for mark in ("/", "-", "_"):
        base, found, quote = symbol.partition(mark)
        if found and base and quote:
            return base, quote
    return symbol, ""


def _excerpt(body: bytes) -> str:
    return body[:_MOST_TEXT].decode("utf-8", "replace")
