"""Kraken without its stream: which addresses are asked again and again, and what their answers mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from math import ceil
from typing import Any, Final

import msgspec

from tui.adapters.base import Limits, RestRequest
from tui.adapters.kraken.rest import (
    MAX_CANDLES,
    MAX_TRADES,
    RestApi,
    committed_until,
    newest_trade_ns,
)
from tui.adapters.kraken.symbols import TIMEFRAME_OF, interval, pair_name
from tui.adapters.open_candles import VenueClock
from tui.model.errors import ProtocolError, TransportError
from tui.model.events import Event, ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import EventFrame, PollRequest

TICKERS_A_REQUEST: Final = 20

_MIN_INTERVAL_S: Final = 1.0
_CANDLES_OF: Final = "candles_"
_NEWEST: Final = 3
"""Candles of the first answer, which holds all that can be had: history is fetched otherwise."""

# The other half is for history, and for other programs at the same address.
_SHARE: Final = 0.5


def build_polls(
    api: RestApi, subscriptions: Collection[Subscription], limits: Limits
) -> tuple[PollRequest, ...]:
    """Requests that together bring what is subscribed, and take half of the venue's budget at most
    even when all of them are asked as often as allowed.

    Raises:
        InstrumentError: an instrument or a timeframe that cannot be of this venue.
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
            min_interval_s=interval_s,
            cursor=_cursor(key),
            check=api.check,
        )
        for key, request in requests.items()
    )


def _requests(
    api: RestApi, subscriptions: Collection[Subscription]
) -> Iterator[tuple[str, RestRequest[Any]]]:
    """Requests by the key that tells `PollDecoder` what an answer is: a kind, and of which pairs."""
    for instruments in _batches(api, subscriptions):
        names = ",".join(pair_name(one) for one in instruments)
        yield f"{Channel.TICKER}@{names}", api.tickers(instruments)
    for subscription in subscriptions:
        instrument = subscription.instrument
        pair = pair_name(instrument)
        if subscription.channel is Channel.TRADES:
            # Where it begins; what came before is fetched like any history.
            yield f"{Channel.TRADES}@{pair}", api.trades(instrument, from_id=None, limit=1)
        elif subscription.channel is Channel.BOOK:
            yield f"{Channel.BOOK}@{pair}", api.book(instrument)
        elif subscription.timeframe is not None:
            candles = api.candles(
                instrument, subscription.timeframe, start=None, end=None, limit=MAX_CANDLES
            )
            yield f"{_CANDLES_OF}{interval(subscription.timeframe)}@{pair}", candles


def _batches(api: RestApi, subscriptions: Collection[Subscription]) -> Iterator[list[Instrument]]:
    """Tickers to ask for at once. One unknown pair makes the venue refuse all of a request: who is not
    known to be listed is asked for alone."""
    wanted = [one.instrument for one in subscriptions if one.channel is Channel.TICKER]
    for instrument in wanted:
        if not api.is_listed(instrument):
            yield [instrument]
    listed = filter(api.is_listed, wanted)
    while batch := list(islice(listed, TICKERS_A_REQUEST)):
        yield batch


def _cursor(key: str) -> Callable[[bytes, Mapping[str, str]], dict[str, str]] | None:
    kind = key.partition("@")[0]
    if kind == Channel.TRADES:
        return _after_newest
    if kind.startswith(_CANDLES_OF):
        return _after_committed
    return None


def _after_newest(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Go on from the newest trade, itself included: others may be of the same moment. Of more than fit
    an answer the venue sends the oldest, and the next answer the others."""
    newest = newest_trade_ns(body)
    return {"since": str(max(0, newest - 1)), "count": str(MAX_TRADES)} if newest else {}


def _after_committed(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """The last candle that is over, once more, and all since."""
    return {"since": str(max(0, committed_until(body) - 1))}


class PollDecoder:
    """Reads the answers of one connection's polls; remembers the newest trade of each, which the next
    answer repeats."""

    def __init__(self, venue: str, api: RestApi) -> None:
        self._venue = venue
        self._api = api
        self._clock = VenueClock()
        self._newest: dict[str, int] = {}
        self._begun: set[str] = set()
        self._readers: dict[str, Callable[[EventFrame, str, int], list[Event]]] = {
            Channel.TICKER: self._read_tickers,
            Channel.TRADES: self._read_trades,
            Channel.BOOK: self._read_book,
        }

    def forget(self) -> None:
        """Another connection: its polls begin anew."""
        self._clock.forget()
        self._newest.clear()
        self._begun.clear()

    def decode(self, frame: EventFrame, ts_local: int) -> list[Event]:
        """The events of an answer received at `ts_local` (ns); never raises."""
        kind, _, pairs = frame.event.partition("@")
        try:
            if kind in _MINUTES:
                return self._read_candles(frame, pairs, ts_local)
            reader = self._readers.get(kind)
            if reader is None:
                raise ProtocolError(f"an answer to an unknown question {frame.event[:80]!r}")
            return reader(frame, pairs, ts_local)
        except (ProtocolError, TransportError) as error:
            raw = (
                error.raw
                if isinstance(error, ProtocolError)
                else frame[:200].decode("utf-8", "replace")
            )
            return [ParseFailure(f"{frame.event[:80]}: {error.message}", raw, ts_local)]

    def _read_tickers(self, frame: EventFrame, pairs: str, ts_local: int) -> list[Event]:
        asked = [Instrument(self._venue, pair) for pair in pairs.split(",")]
        # The answer has no time, and is newer than any trade that was told before it.
        now = self._clock.now(ts_local) or ts_local
        return [
            msgspec.structs.replace(ticker, ts_exchange=now)
            for ticker in self._api.tickers(asked).decode(frame, ts_local)
        ]

    def _read_trades(self, frame: EventFrame, pair: str, ts_local: int) -> list[Event]:
        known = self._newest.get(frame.event)
        trades = self._api.numbered_trades(frame, Instrument(self._venue, pair), ts_local)
        fresh = [(number, trade) for number, trade in trades if known is None or number > known]
        if not fresh:
            return []
        self._newest[frame.event] = max(number for number, _ in fresh)
        self._clock.note(fresh[-1][1].ts_exchange, ts_local)
        return [msgspec.structs.replace(trade, from_history=known is None) for _, trade in fresh]

    def _read_candles(self, frame: EventFrame, pair: str, ts_local: int) -> list[Event]:
        timeframe = _MINUTES[frame.event.partition("@")[0]]
        asked = self._api.candles(
            Instrument(self._venue, pair), timeframe, start=None, end=None, limit=MAX_CANDLES
        )
        candles = asked.decode(frame, ts_local)
        if frame.event not in self._begun:
            self._begun.add(frame.event)
            del candles[:-_NEWEST]
        # A candle's end is not the time of the answer.
        return [msgspec.structs.replace(candle, ts_exchange=0) for candle in candles]

    def _read_book(self, frame: EventFrame, pair: str, ts_local: int) -> list[Event]:
        return [self._api.book(Instrument(self._venue, pair)).decode(frame, ts_local)]


_MINUTES: Final = {f"{_CANDLES_OF}{minutes}": one for minutes, one in TIMEFRAME_OF.items()}
