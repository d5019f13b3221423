"""Advanced Trade's candles: told once a second while there are trades, the last word of one too soon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tui.adapters.open_candles import GRACE_NS, OpenCandles, VenueClock
from tui.model.events import Candle, Event, Gap
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe

_SETTLED_NS: Final = 4 * NS
"""So long after its end whoever is asked knows all of a candle."""


class StreamedCandles:
    """The candles of one connection.

    What is traded between the last word on a candle and its end is not told, unless the venue comes
    back to the candle after its end. Where it does not, the candle stays open, and is asked for.
    """

    def __init__(self) -> None:
        self._candles = OpenCandles()
        self._clock = VenueClock()
        self._untold: dict[Subscription, int] = {}

    def forget(self) -> None:
        """Another connection: history is fetched, and with it what was not told."""
        self._candles.forget()
        self._clock.forget()
        self._untold.clear()

    def begin(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """These candles are asked for."""
        self._candles.begin(instrument, timeframe)

    def end(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """They are wanted no longer."""
        self._candles.end(instrument, timeframe)
        self._untold.pop(Subscription(instrument, Channel.CANDLES, timeframe), None)

    def take(self, candle: Candle) -> Iterator[Candle]:
        """A candle as it came, after the one before it where that is known to the end."""
        return self._complete(self._candles.take(candle))

    def pass_time(self, ts_exchange: int, ts_local: int) -> list[Event]:
        """The venue told its time (ns); returns what is over by it, and what is to be asked for."""
        self._clock.note(ts_exchange, ts_local)
        now = self._clock.now(ts_local)
        events: list[Event] = [*self._complete(self._candles.close_until(now - GRACE_NS))]
        for subscription, end in list(self._untold.items()):
            if end + _SETTLED_NS <= now:
                del self._untold[subscription]
                reason = "the end of a candle is not streamed"
                events.append(Gap(reason, ts_local, subscription, is_usual=True))
        return events

    def _complete(self, candles: list[Candle]) -> Iterator[Candle]:
        for candle in candles:
            if candle.closed:
                subscription = Subscription(candle.instrument, Channel.CANDLES, candle.timeframe)
                end = candle.timeframe.next_open(candle.open_time)
                if candle.ts_exchange < end:
                    self._untold[subscription] = end
                    continue
                if self._untold.get(subscription) == end:
                    del self._untold[subscription]
            yield candle
