"""Which facts of an instrument count for its alerts: in order, of now, and from one source at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, TypeVarTuple

from tui.market.alerts.detectors import (
    CandleDetector,
    Detector,
    PriceDetector,
    QuoteDetector,
    TradeDetector,
    TruthDetector,
)
from tui.market.alerts.lags import LATE_NS, Lags
from tui.market.alerts.language import number_text
from tui.market.market import Market
from tui.model.events import Candle, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth

_AWAY: Final = ", while the feed was away"

Facts = TypeVarTuple("Facts")
D = TypeVar("D", bound=Detector)


class Armed:
    """A rule that watches. It may fire from `cool_at_s` (monotonic seconds) on."""

    __slots__ = ("cool_at_s", "detector", "rule_id")

    def __init__(self, rule_id: str, detector: Detector) -> None:
        self.rule_id = rule_id
        self.detector = detector
        self.cool_at_s = float("-inf")


Fire = Callable[[Armed, float, int, str], None]


class InstrumentWatch:
    """Watches one instrument for all of its rules.

    Prices come from trades as long as these are live, else from tickers: each has its own way to the
    screen, and mixed they would seem to go back and forth. What is older than what came before, what
    was made before anybody asked, and what a venue catches up with is no price of now.
    """

    def __init__(
        self,
        market: Market,
        instrument: Instrument,
        *,
        lags: Lags,
        monotonic: Callable[[], float],
        fire: Fire,
        failed: Callable[[Instrument, str], None],
    ) -> None:
        """Watch from now on.

        Args:
            fire: called with what holds now and may be told, the value, the venue's time (ns, or 0),
                and a remark for the end of its text.
        """
        self._market = market
        self._instrument = instrument
        self._truth = market.truth
        self._lags = lags
        self._monotonic = monotonic
        self._fire = fire
        self._failed = failed
        self._all: tuple[Armed, ...] = ()
        self._prices: tuple[tuple[Armed, PriceDetector], ...] = ()
        self._trades: tuple[tuple[Armed, TradeDetector], ...] = ()
        self._quotes: tuple[tuple[Armed, QuoteDetector], ...] = ()
        self._candles: tuple[tuple[Armed, CandleDetector], ...] = ()
        self._truths: tuple[tuple[Armed, TruthDetector], ...] = ()
        self._by_trades = Subscription(instrument, Channel.TRADES)
        self._by_ticker = Subscription(instrument, Channel.TICKER)
        self._by_book = Subscription(instrument, Channel.BOOK)
        self._has_trades = False
        self._is_away = False
        self._price: float | None = None
        self._ts = 0
        if self._is_live(self._by_trades) or self._is_live(self._by_ticker):
            state = market[instrument]
            self._price, self._ts = state.last_price, state.last_price_ts

    @property
    def is_empty(self) -> bool:
        return not self._all

    def newest_price(self) -> tuple[float | None, str]:
        """The newest price that is known of the instrument, and that in the venue's precision."""
        state = self._market[self._instrument]
        price = self._price if self._price is not None else state.last_price
        if price is None:
            return None, ""
        if state.info is not None and state.info.tick_size:
            return price, f"{price:.{state.info.price_decimals}f}"
        return price, number_text(price)

    def add(self, armed: Armed) -> None:
        """Let a rule see every fact from now on; the price of now is where it begins."""
        detector = armed.detector
        if isinstance(detector, PriceDetector) and self._price is not None and not self._is_away:
            detector.price(self._price, self._ts)
        if isinstance(detector, TruthDetector):
            channel = Subscription(self._instrument, detector.channel)
            detector.truth(self._truth(channel), self._monotonic())
        self._use((*self._all, armed))

    def remove(self, armed: Armed) -> None:
        self._use(tuple(one for one in self._all if one is not armed))

    def check_time(self, now_s: float) -> None:
        """Look at what comes true by time alone, at `now_s` (monotonic seconds)."""
        for armed, detector in self._truths:
            self._look(armed, 0, "", detector.check, now_s)

    # -- what the market tells -------------------------------------------------------------

    def traded(self, trade: Trade) -> None:
        if trade.from_history or not self._lags.is_news(trade):
            return
        self._has_trades = True
        ts = self._stamp(trade)
        if ts >= self._ts:
            self._take_price(trade.price, ts)
        for armed, detector in self._trades:
            self._look(armed, trade.ts_exchange, "", detector.trade, trade)

    def ticker_told(self, told: Ticker, held: Ticker) -> None:
        if told.last is not None and not self._has_trades:
            ts = self._stamp(told)
            if ts >= self._ts and self._lags.is_credible(told):
                self._take_price(told.last, ts)
        if self._quotes and (told.bid is not None or told.ask is not None):
            self._take_best(held)

    def book_changed(self) -> None:
        if self._quotes and self._is_live(self._by_book):
            book = self._market[self._instrument].book
            self._take_quote(book.bids.best_price, book.asks.best_price)

    def candle_told(self, candle: Candle) -> None:
        if self._candles:
            self._take_candle(candle)

    def truth_told(self, subscription: Subscription, truth: Truth) -> None:
        if truth.status is not SubscriptionStatus.LIVE:
            if subscription == self._by_trades:
                self._is_away |= self._has_trades and not self._is_live(self._by_ticker)
                self._has_trades = False
            elif subscription == self._by_ticker and not self._has_trades:
                self._is_away = self._price is not None
        for _, detector in self._truths:
            if detector.channel is subscription.channel:
                detector.truth(truth, self._monotonic())

    def forgotten(self) -> None:
        self._has_trades = self._is_away = False
        self._price, self._ts = None, 0
        for armed in self._all:
            armed.detector.restart()

    # -- what counts -----------------------------------------------------------------------

    def _stamp(self, fact: Trade | Ticker) -> int:
        # Some venues do not say of when a price is: it is the newest by arrival.
        return fact.ts_exchange or max(self._ts, fact.ts_local)

    def _take_price(self, price: float, ts: int) -> None:
        after = _AWAY if self._is_away else ""
        self._is_away = False
        self._price, self._ts = price, ts
        for armed, detector in self._prices:
            self._look(armed, ts, after, detector.price, price, ts)

    def _take_best(self, held: Ticker) -> None:
        # The book knows better, where there is one.
        if self._truth(self._by_book).status is SubscriptionStatus.REJECTED:
            self._take_quote(_number(held.bid), _number(held.ask))

    def _take_quote(self, bid: float | None, ask: float | None) -> None:
        if bid is None or ask is None or not 0 < bid < ask:
            return
        for armed, detector in self._quotes:
            self._look(armed, 0, "", detector.quote, bid, ask)

    def _take_candle(self, told: Candle) -> None:
        state = self._market[self._instrument]
        venue = self._instrument.venue
        for armed, detector in self._candles:
            # Some candles are built of those that are told.
            series = state.series(detector.timeframe)
            candle = series.last
            if candle is None or candle.open_time > told.open_time:
                continue
            end = detector.timeframe.next_open(candle.open_time)
            if self._lags.venue_time(venue, told.ts_local) <= end + LATE_NS:
                by = Subscription(self._instrument, Channel.CANDLES, detector.timeframe)
                is_live = self._is_live(by)
                self._look(armed, candle.ts_exchange, "", detector.candle, candle, series, is_live)

    def _look(
        self,
        armed: Armed,
        ts: int,
        after: str,
        look: Callable[[*Facts], float | None],
        *facts: *Facts,
    ) -> None:
        """Let a detector take a fact, and fire if that says that its condition holds."""
        try:
            value = look(*facts)
            if value is not None and self._monotonic() >= armed.cool_at_s:
                self._fire(armed, value, ts, after)
        except Exception as error:
            # An alert that meets a fault of ours must not take the others with it, or the feed.
            self._failed(self._instrument, f"an alert failed: {error!r}")

    # -- inside ----------------------------------------------------------------------------

    def _is_live(self, subscription: Subscription) -> bool:
        return self._truth(subscription).status is SubscriptionStatus.LIVE

    def _use(self, every: tuple[Armed, ...]) -> None:
        self._all = every
        self._prices = self._of(PriceDetector)  # type: ignore[type-abstract]
        self._trades = self._of(TradeDetector)  # type: ignore[type-abstract]
        self._quotes = self._of(QuoteDetector)  # type: ignore[type-abstract]
        self._candles = self._of(CandleDetector)  # type: ignore[type-abstract]
        self._truths = self._of(TruthDetector)  # type: ignore[type-abstract]

    def _of(self, kind: type[D]) -> tuple[tuple[Armed, D], ...]:
        return tuple(
            (armed, armed.detector) for armed in self._all if isinstance(armed.detector, kind)
        )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
