"""Coinbase Exchange without its stream: which addresses are asked again and again, what they answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any, Final

import msgspec

from tui.adapters.base import Limits, RestRequest
from tui.adapters.coinbase.exchange.rest import CANDLES, TRADES, RestApi
from tui.adapters.coinbase.exchange.symbols import TIMEFRAMES, granularity
from tui.model.errors import ProtocolError
from tui.model.events import Event, ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame, PollRequest

_MIN_INTERVAL_S: Final = 1.0
_BOOK_INTERVAL_S: Final = 10.0
"""There is only the whole book to ask for, several hundred kB."""

# The other half is for history, and for other programs at the same address.
_SHARE: Final = 0.5

_CANDLES_OF: Final = "candles_"
_SPANS_BEFORE: Final = 2


def build_polls(
    api: RestApi, subscriptions: Collection[Subscription], limits: Limits
) -> tuple[PollRequest, ...]:
    """Requests that together bring what is subscribed, and take half of the venue's budget at most
    even when all of them are asked as often as allowed.

    Raises:
        InstrumentError: candles of a timeframe that the venue does not have.
    """
    requests = dict(_requests(api, dict.fromkeys(subscriptions)))
    affordable = limits.rest_weight * _SHARE / limits.rest_window_s
    # Whole seconds: a request whose interval changes begins anew, and few wishes shall change it.
    interval_s = max(_MIN_INTERVAL_S, float(ceil(len(requests) / affordable)))
    return tuple(
        PollRequest(
            key=key,
            url=request.url,
            params=request.params,
            min_interval_s=max(interval_s, _BOOK_INTERVAL_S if key.startswith("book@") else 0.0),
            cursor=_cursor(key),
        )
        for key, request in requests.items()
    )


def _requests(
    api: RestApi, subscriptions: Collection[Subscription]
) -> Iterator[tuple[str, RestRequest[Any]]]:
    """Requests by the key that tells `PollDecoder` what an answer is: a kind, and of which product."""
    for subscription in subscriptions:
        instrument = subscription.instrument
        key = f"{subscription.channel}@{instrument.symbol.upper()}"
        if subscription.channel is Channel.TICKER:
            yield key, api.ticker(instrument)
        elif subscription.channel is Channel.TRADES:
            # Where it begins; what came before is fetched like any history.
            yield key, api.trades(instrument, from_id=None, limit=1)
        elif subscription.channel is Channel.BOOK:
            yield key, api.book(instrument)
        elif subscription.timeframe is not None:
            # Which window to ask for is known once the venue told the time.
            candles = api.candles(
                instrument, subscription.timeframe, start=None, end=None, limit=CANDLES, now=0
            )
            seconds = granularity(subscription.timeframe)
            yield f"{_CANDLES_OF}{seconds}@{instrument.symbol.upper()}", candles


def _cursor(key: str) -> Callable[[bytes, Mapping[str, str]], dict[str, str]] | None:
    kind = key.partition("@")[0]
    if kind == Channel.TRADES:
        return _after_newest
    if kind.startswith(_CANDLES_OF):
        seconds = int(kind.removeprefix(_CANDLES_OF))
        return lambda body, headers: _newest_spans(headers.get("Date", ""), seconds)
    return None


def _newest_spans(date: str, seconds: int) -> dict[str, str]:
    """The window of the candle of this moment and of those just before, by the answer's date. Without
    a window the venue answers from a cache, for minutes."""
    try:
        now = int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return {}
    last = now // seconds * seconds
    return {"start": str(last - _SPANS_BEFORE * seconds), "end": str(last)}


class _TradeId(msgspec.Struct, frozen=True, gc=False):
    trade_id: int


def _after_newest(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Go on after the newest trade. Of more than fit an answer the venue sends the newest ones: the
    jump of the ids shows it, and what is missing is fetched."""
    try:
        rows = _TRADE_IDS.decode(body)
    except msgspec.MsgspecError:
        return {}
    return {"limit": str(TRADES), "before": str(rows[0].trade_id)} if rows else {}


class PollDecoder:
    """Reads the answers of one connection's polls."""

    def __init__(self, venue: str, api: RestApi) -> None:
        self._venue = venue
        self._api = api
        self._begun: set[str] = set()
        self._readers: dict[str, Callable[[EventFrame, Instrument, int], list[Event]]] = {
            Channel.TICKER: self._read_ticker,
            Channel.TRADES: self._read_trades,
            Channel.BOOK: self._read_book,
        }

    def forget(self) -> None:
        self._begun.clear()

    def decode(self, frame: EventFrame, ts_local: int) -> list[Event]:
        """The events of an answer received at `ts_local` (ns); never raises."""
        kind, _, product = frame.event.partition("@")
        reader = self._readers.get(kind)
        try:
            timeframe = _TIMEFRAMES.get(kind)
            if timeframe is not None:
                return self._read_candles(
                    frame, Instrument(self._venue, product), timeframe, ts_local
                )
            if reader is None:
                raise ProtocolError(f"an answer to an unknown question {frame.event[:80]!r}")
            return reader(frame, Instrument(self._venue, product), ts_local)
        except ProtocolError as error:
            return [ParseFailure(f"{frame.event[:80]}: {error.message}", error.raw, ts_local)]

    def _read_ticker(self, frame: EventFrame, instrument: Instrument, ts_local: int) -> list[Event]:
        return [self._api.ticker(instrument).decode(frame, ts_local)]

    def _read_trades(self, frame: EventFrame, instrument: Instrument, ts_local: int) -> list[Event]:
        trades = self._api.trades(instrument, from_id=None, limit=TRADES).decode(frame, ts_local)
        if frame.event not in self._begun:
            if trades:
                self._begun.add(frame.event)
            return [*trades]
        return [msgspec.structs.replace(trade, from_history=False) for trade in trades]

    def _read_candles(
        self, frame: EventFrame, instrument: Instrument, timeframe: Timeframe, ts_local: int
    ) -> list[Event]:
        asked = self._api.candles(instrument, timeframe, start=None, end=None, limit=CANDLES, now=0)
        # No clock closes the last one, only the next; and its end is not the time of the answer.
        return [
            msgspec.structs.replace(candle, ts_exchange=0)
            for candle in asked.decode(frame, ts_local)
        ]

    def _read_book(self, frame: EventFrame, instrument: Instrument, ts_local: int) -> list[Event]:
        return [self._api.book(instrument).decode(frame, ts_local)]


_TIMEFRAMES: Final = {f"{_CANDLES_OF}{one.seconds}": one for one in TIMEFRAMES}
_TRADE_IDS: Final = msgspec.json.Decoder(list[_TradeId])
