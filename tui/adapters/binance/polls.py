"""Binance without its stream: which addresses are asked again and again, and what their answers mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from math import ceil
from typing import Any, Final

import msgspec

from tui.adapters.base import Limits, RestRequest
from tui.adapters.binance.rest import RestApi, read_polled_candles, read_polled_trades
from tui.adapters.binance.symbols import TIMEFRAME_BY_NAME, interval
from tui.model.errors import ProtocolError
from tui.model.events import Event, ParseFailure
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import EventFrame, PollRequest

TICKERS_A_REQUEST: Final = 20
"""Up to so many symbols cost no more than one."""

_DEPTH: Final = 100
_CANDLES: Final = 3
_TRADES: Final = 1000
_MIN_INTERVAL_S: Final = 1.0

# The other half is for history, for snapshots, and for other programs at the same address.
_SHARE: Final = 0.5


def build_polls(
    api: RestApi, subscriptions: Collection[Subscription], limits: Limits
) -> tuple[PollRequest, ...]:
    """Requests that together bring what is subscribed.

    Their shortest intervals are chosen so that all of them, asked as often as allowed, take half of
    the venue's budget at most.

    Raises:
        InstrumentError: candles of a timeframe that the venue does not have.
    """
    requests = dict(_requests(api, dict.fromkeys(subscriptions)))
    weight = sum(request.weight for request in requests.values())
    affordable = limits.rest_weight * _SHARE / limits.rest_window_s
    # Whole seconds: a request whose interval changes begins anew, and few wishes shall change it.
    interval_s = max(_MIN_INTERVAL_S, float(ceil(weight / affordable)))
    return tuple(
        PollRequest(
            key=key,
            url=request.url,
            params=request.params,
            weight=request.weight,
            min_interval_s=interval_s,
            cursor=_after_newest if key.startswith("aggTrade@") else None,
        )
        for key, request in requests.items()
    )


def _requests(
    api: RestApi, subscriptions: Collection[Subscription]
) -> Iterator[tuple[str, RestRequest[Any]]]:
    """Requests by the key that tells `PollDecoder` what an answer is: a kind, and for whom."""
    tickers = (one.instrument for one in subscriptions if one.channel is Channel.TICKER)
    number = 1
    while batch := list(islice(tickers, TICKERS_A_REQUEST)):
        yield f"ticker@{number}", api.tickers(batch)
        number += 1
    for subscription in subscriptions:
        instrument, timeframe = subscription.instrument, subscription.timeframe
        symbol = instrument.symbol.upper()
        if subscription.channel is Channel.TRADES:
            # Where it begins; what came before is fetched like any history.
            yield f"aggTrade@{symbol}", api.trades(instrument, from_id=None, limit=1)
        elif subscription.channel is Channel.BOOK:
            yield f"depth@{symbol}", api.book(instrument, depth=_DEPTH)
        elif subscription.channel is Channel.CANDLES:
            name = interval(timeframe)
            request = api.candles(
                instrument, TIMEFRAME_BY_NAME[name], start=None, end=None, limit=_CANDLES
            )
            yield f"kline_{name}@{symbol}", request


class _TradeId(msgspec.Struct, frozen=True, gc=False, rename={"trade_id": "a"}):
    trade_id: int


def _after_newest(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Go on from the newest trade, itself included: were it left out, an empty answer could not tell
    a quiet market from one whose ids began anew."""
    try:
        rows = _TRADE_IDS.decode(body)
    except msgspec.MsgspecError:
        return {}
    if not rows:
        return {"limit": "1"}
    return {"limit": str(_TRADES), "fromId": str(rows[-1].trade_id)}


class PollDecoder:
    """Reads the answers of one connection's polls; remembers the newest trade of each, which the next
    answer repeats."""

    def __init__(self, venue: str, api: RestApi) -> None:
        self._venue = venue
        self._api = api
        self._newest: dict[str, int] = {}
        self._readers: dict[str, Callable[[EventFrame, Instrument, int], list[Event]]] = {
            "aggTrade": self._read_trades,
            "depth": self._read_book,
            "ticker": self._read_tickers,
        }

    def forget(self) -> None:
        self._newest.clear()

    def decode(self, frame: EventFrame, ts_local: int) -> list[Event]:
        """The events of an answer received at `ts_local` (ns); never raises."""
        kind, _, symbol = frame.event.partition("@")
        instrument = Instrument(self._venue, symbol)
        try:
            timeframe = _KLINES.get(kind)
            if timeframe is not None:
                return [*read_polled_candles(frame, instrument, timeframe, ts_local)]
            reader = self._readers.get(kind)
            if reader is None:
                raise ProtocolError(f"an answer to an unknown question {frame.event[:80]!r}")
            return reader(frame, instrument, ts_local)
        except ProtocolError as error:
            return [ParseFailure(f"{frame.event[:80]}: {error.message}", error.raw, ts_local)]

    def _read_trades(self, frame: EventFrame, instrument: Instrument, ts_local: int) -> list[Event]:
        known = self._newest.get(frame.event)
        trades = read_polled_trades(frame, instrument, ts_local, is_first=known is None)
        if trades:
            self._newest[frame.event] = trades[-1].trade_id or 0
        if trades and trades[0].trade_id == known:
            del trades[0]
        return [*trades]

    def _read_book(self, frame: EventFrame, instrument: Instrument, ts_local: int) -> list[Event]:
        return [self._api.book(instrument).decode(frame, ts_local)]

    def _read_tickers(
        self, frame: EventFrame, instrument: Instrument, ts_local: int
    ) -> list[Event]:
        return [*self._api.tickers(()).decode(frame, ts_local)]


_KLINES: Final = {f"kline_{name}": timeframe for name, timeframe in TIMEFRAME_BY_NAME.items()}
_TRADE_IDS: Final = msgspec.json.Decoder(list[_TradeId])
