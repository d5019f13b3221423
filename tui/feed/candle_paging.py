"""Candles older than a chart begins with: fetched page by page for whoever looks there, and let go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from tui.adapters.base import Adapter, Outgoing, PagingAdapter
from tui.feed.candle_history import CandleHistory
from tui.feed.clock import Clock
from tui.feed.jobs import Jobs
from tui.feed.patience import Patience
from tui.feed.rest_client import is_final
from tui.market.candle_series import KEPT, CandleSeries, Past
from tui.market.market import Market
from tui.model.errors import NotOffered, ProtocolError, TransportError
from tui.model.instrument import Instrument
from tui.model.subscription import Subscription
from tui.model.timeframe import NS

MOST: Final = 200_000
"""Candles that a series may hold while somebody looks at its past."""
BEGINNING: Final = "beginning of the data"
LOADING: Final = "loading older…"
_FROM_TRADES: Final = "made of trades since then"
_NO_MORE_ROOM: Final = "no older ones are kept"
_STREAMED: Final = 1000
"""Candles that a stream is asked for at a time."""
_LOOK_S: Final = 0.1
_PATIENCE_S: Final = 15.0
# So many answers in a row without a candle, before it is looked up whether there are any at all.
_EMPTY: Final = 3


class CandlePaging:
    """The pasts of one feed's series: one request at a time for each, through the lane "past"."""

    def __init__(
        self,
        adapter: Adapter,
        market: Market,
        history: CandleHistory,
        *,
        jobs: Jobs,
        patience: Patience,
        is_loaded: Callable[[Subscription], bool],
        send: Callable[[Outgoing], None],
        clock: Clock,
    ) -> None:
        """Begin with nothing wanted.

        Args:
            is_loaded: true of series whose newest candles are there: those come first.
            send: says something on the stream, where that is what tells older candles.
        """
        self._adapter = adapter
        self._market = market
        self._history = history
        self._jobs = jobs
        self._patience = patience
        self._is_loaded = is_loaded
        self._send = send
        self._clock = clock
        self._wanted: dict[Subscription, int] = {}

    def want(self, wishes: Mapping[Subscription, int]) -> None:
        """Have candles back to these times (ns); 0 for all that there are. What is older than anybody
        looks at goes, down to twice as many as are looked at, and to what every series keeps."""
        gone = [one for one in self._wanted if one not in wishes]
        self._wanted = dict(wishes)
        for subscription in gone:
            self._jobs.cancel(_key(subscription))
            self._tell_nothing(subscription)
            self._series(subscription).keep(KEPT)
        self.resume()

    def resume(self) -> None:
        """Begin, or go on, where something is wanted; to be called now and then."""
        for subscription, wish in self._wanted.items():
            series, key = self._series(subscription), _key(subscription)
            in_sight = len(series) - bisect_left(series.times, wish)
            series.keep(min(MOST, max(KEPT, 2 * in_sight)))
            if self._is_missing(subscription):
                if not self._jobs.is_running(key):
                    self._jobs.start(key, partial(self._page_back, subscription))
            else:
                self._jobs.cancel(key)
                self._tell_nothing(subscription)

    def ask_again(self) -> None:
        """The user wants another try, also of what was refused."""
        for subscription in self._wanted:
            self._tell(subscription, "")
        self.resume()

    # -- one series ------------------------------------------------------------------------

    async def _page_back(self, subscription: Subscription) -> None:
        """Fetch page after page, until what is wanted is there or there is no more."""
        series = self._series(subscription)
        if subscription.timeframe not in self._adapter.timeframes:
            self._tell(subscription, _FROM_TRADES, begins=True)
            return
        attempt = 0
        while self._is_missing(subscription):
            self._tell(subscription, LOADING)
            oldest = series.times[0]
            try:
                has_more = await self._fetch_before(subscription, oldest)
            except (TransportError, ProtocolError) as error:
                refusal = error if isinstance(error, TransportError) else None
                if refusal is not None and is_final(refusal):
                    self._tell(subscription, _why_none(refusal), begins=True)
                    return
                self._tell(subscription, f"no older candles yet: {error.message}")
                await self._patience.wait(attempt, refusal)
                attempt += 1
                continue
            attempt = 0
            if not has_more and series.times and series.times[0] == oldest:
                self._tell(subscription, BEGINNING, begins=True)
        self._tell_nothing(subscription)

    async def _fetch_before(self, subscription: Subscription, oldest: int) -> bool:
        """Fetch the page in front of the oldest candle, which opens then (ns); False without any."""
        timeframe = subscription.timeframe
        assert timeframe is not None
        if isinstance(self._adapter, PagingAdapter):
            return await self._ask_stream(self._adapter, subscription, oldest)
        window = self._adapter.limits.candle_window
        before, empty = oldest, 0
        while True:
            page = await self._history.page_before(subscription.instrument, timeframe, before)
            if page:
                series = self._series(subscription)
                # Whoever fetched others meanwhile, or let some go, is asked to look again.
                if not series.times or series.times[0] != oldest:
                    return True
                series.keep(MOST)
                self._history.take_older(subscription, timeframe, page, until=oldest)
                return series.times[0] < oldest
            if not window:
                return False
            # Nothing was traded in the span of this answer; in an earlier one there may have been.
            before -= window * timeframe.seconds * NS
            empty += 1
            if empty % _EMPTY == 0:
                traded = await self._traded_before(subscription.instrument, before)
                if traded is None:
                    return False
                before = traded

    async def _ask_stream(
        self, adapter: PagingAdapter, subscription: Subscription, oldest: int
    ) -> bool:
        """Have the stream tell what is older; False where nothing is."""
        self._series(subscription).keep(MOST)
        while True:
            before = adapter.told_since(subscription)
            asked = adapter.more_candles(subscription, _STREAMED)
            if not asked:
                raise TransportError("the chart is not open")
            for outgoing in asked:
                self._send(outgoing)
            end = self._clock.monotonic() + _PATIENCE_S
            while adapter.awaits_candles(subscription):
                if self._clock.monotonic() >= end:
                    raise TransportError("the venue does not answer")
                await self._clock.sleep(_LOOK_S)
            told = adapter.told_since(subscription)
            # A new connection tells first what the one before it told already.
            if told is None or told == before or told < oldest:
                return told is not None and told < oldest

    async def _traded_before(self, instrument: Instrument, before: int) -> int | None:
        """The end (ns, at most `before`) of the last day, or the like, with a trade in it; None without
        any."""
        longest = self._adapter.timeframes[-1]
        page = await self._history.page_before(instrument, longest, before)
        return min(before, longest.next_open(page[-1].open_time)) if page else None

    def _is_missing(self, subscription: Subscription) -> bool:
        series = self._series(subscription)
        wish = self._wanted.get(subscription)
        if wish is None or series.past.begins or not 0 < len(series) < MOST:
            return False
        return series.times[0] > wish and self._is_loaded(subscription)

    def _tell_nothing(self, subscription: Subscription) -> None:
        """Say that nobody fetches anything, and why not, where more is wanted than is there."""
        series, wish = self._series(subscription), self._wanted.get(subscription)
        if not series.past.begins:
            is_full = wish is not None and len(series) >= MOST and series.times[0] > wish
            self._tell(subscription, _NO_MORE_ROOM if is_full else "")

    def _tell(self, subscription: Subscription, note: str, *, begins: bool = False) -> None:
        self._market.tell_past(subscription, Past(begins, note))

    def _series(self, subscription: Subscription) -> CandleSeries:
        assert subscription.timeframe is not None
        return self._market[subscription.instrument].series(subscription.timeframe)


def _key(subscription: Subscription) -> tuple[str, Subscription]:
    return "past", subscription


def _why_none(refusal: TransportError) -> str:
    if isinstance(refusal, NotOffered):
        return "the venue gives no older candles"
    return f"no older candles: {refusal.message}"
