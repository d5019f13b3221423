"""What each condition looks at: fed with accepted facts, a detector says when its condition holds.

A detector answers with what it measured where its condition holds, else with None; whether that may be
told now is the engine's business, which calls `told` when it was. Events, such as a price that passes a
level, are over when they were not told. States, such as a wide spread, are answered until they were told
or are over, and not again before they were over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from tui.market.alerts.language import number_text, write_duration
from tui.market.alerts.windows import Extremes, Total
from tui.market.candle_series import CandleSeries
from tui.market.drawings import line_price
from tui.model.alert import (
    BookUnverified,
    CandleVolumeAbove,
    Direction,
    DrawingTouched,
    FeedStale,
    PriceCrosses,
    PriceMoves,
    PrintAbove,
    SpreadAbove,
    SpreadUnit,
    VolumeAbove,
)
from tui.model.chart import Drawing, DrawingKind
from tui.model.events import Candle, Trade
from tui.model.subscription import Channel, SubscriptionStatus, Truth
from tui.model.timeframe import Timeframe

_FIRST_S = 15.0


class Detector(ABC):
    """Watches for one condition of one instrument."""

    def told(self) -> None:  # noqa: B027 - events are over with their fact
        """What was answered last has been told."""

    def restart(self) -> None:  # noqa: B027 - some remember nothing
        """Forget what came before: what comes next does not continue it."""

    @abstractmethod
    def describe(self, value: float, price: str) -> str:
        """What happened, in a few words; `value` was answered, `price` is the newest price."""


class PriceDetector(Detector):
    @abstractmethod
    def price(self, price: float, ts: int) -> float | None:
        """Take a price of the time `ts` (ns, never less than before)."""


class TradeDetector(Detector):
    @abstractmethod
    def trade(self, trade: Trade) -> float | None: ...


class QuoteDetector(Detector):
    @abstractmethod
    def quote(self, bid: float, ask: float) -> float | None: ...


class CandleDetector(Detector):
    """Watches candles of its `timeframe`."""

    timeframe: Timeframe

    @abstractmethod
    def candle(self, candle: Candle, series: CandleSeries, is_live: bool) -> float | None:
        """Take the newest state of the newest candle, and the series that it ends; `is_live` while
        nothing is missing in that."""


class TruthDetector(Detector):
    """Watches how its `channel` stands, as time goes by."""

    channel: Channel

    @abstractmethod
    def truth(self, truth: Truth, now_s: float) -> None:
        """The channel stands so from now (monotonic seconds) on."""

    @abstractmethod
    def check(self, now_s: float) -> float | None: ...


def reaches(before: float, now: float, level: float, direction: Direction) -> bool:
    """True where a value that was on one side of a level is on it or on the other side now."""
    if direction is not Direction.DOWN and before < level <= now:
        return True
    return direction is not Direction.UP and before > level >= now


class PriceCrossing(PriceDetector):
    def __init__(self, condition: PriceCrosses) -> None:
        self._level = condition.level
        self._direction = condition.direction
        self._before: float | None = None
        self._rose = False

    def price(self, price: float, ts: int) -> float | None:
        before, self._before = self._before, price
        if before is None or before == price:
            return None
        if not reaches(before, price, self._level, self._direction):
            return None
        self._rose = before < price
        return price

    def restart(self) -> None:
        self._before = None

    def describe(self, value: float, price: str) -> str:
        verb = "rose to" if self._rose else "fell to"
        return f"price {verb} {price}, past {number_text(self._level)}"


class PriceMove(PriceDetector):
    """The window begins anew with the price that was told: one move is one alert."""

    def __init__(self, condition: PriceMoves) -> None:
        self._condition = condition
        self._window = Extremes(condition.window_s)
        self._newest = (0, 0.0)

    def price(self, price: float, ts: int) -> float | None:
        self._newest = ts, price
        low, high = self._window.add(ts, price)
        direction = self._condition.direction
        limit = self._condition.percent
        if low > 0:
            rise, fall = (price / low - 1) * 100, (price / high - 1) * 100
            # A hair is granted: 2% of 100 is not below 102 for lack of binary digits.
            if direction is not Direction.DOWN and rise >= limit - 1e-9:
                return rise
            if direction is not Direction.UP and fall <= 1e-9 - limit:
                return fall
        return None

    def told(self) -> None:
        self._window.clear()
        self._window.add(*self._newest)

    def restart(self) -> None:
        self._window.clear()

    def describe(self, value: float, price: str) -> str:
        verb = "rose" if value > 0 else "fell"
        within = write_duration(self._condition.window_s)
        return f"price {verb} {abs(value):.2f}% within {within}, to {price}"


_NAMES = {
    DrawingKind.LEVEL: "a price line",
    DrawingKind.TREND: "a trend line",
    DrawingKind.RAY: "a ray",
}


class DrawingTouch(PriceDetector):
    """Which lines there are is asked with every price: they may be drawn, moved and removed."""

    def __init__(
        self, condition: DrawingTouched, drawings: Callable[[], Sequence[Drawing]]
    ) -> None:
        self._label = condition.label
        self._drawings = drawings
        self._before: dict[Drawing, float] = {}
        self._touched = ""

    def price(self, price: float, ts: int) -> float | None:
        above: dict[Drawing, float] = {}
        found = None
        for drawing in self._drawings():
            if self._label and drawing.text.strip() != self._label:
                continue
            line = line_price(drawing, ts)
            if line is None:
                continue
            above[drawing] = price - line
            before = self._before.get(drawing)
            if before is not None and reaches(before, price - line, 0.0, Direction.EITHER):
                self._touched = drawing.text.strip() or _NAMES[drawing.kind]
                found = line
        self._before = above
        return found

    def restart(self) -> None:
        self._before = {}

    def describe(self, value: float, price: str) -> str:
        return f"price {price} touched {self._touched} at {number_text(_rounded(value))}"


class Spread(QuoteDetector):
    def __init__(self, condition: SpreadAbove) -> None:
        self._condition = condition
        self._is_told = False

    def quote(self, bid: float, ask: float) -> float | None:
        spread = ask - bid
        if self._condition.unit is SpreadUnit.BASIS_POINTS:
            spread = spread / ((ask + bid) / 2) * 10_000
        if spread <= self._condition.limit:
            self._is_told = False
            return None
        return None if self._is_told else spread

    def told(self) -> None:
        self._is_told = True

    def restart(self) -> None:
        self._is_told = False

    def describe(self, value: float, price: str) -> str:
        unit = "bp" if self._condition.unit is SpreadUnit.BASIS_POINTS else ""
        limit = number_text(self._condition.limit)
        return f"spread {number_text(_rounded(value))}{unit}, above {limit}{unit}"


class LargePrint(TradeDetector):
    def __init__(self, condition: PrintAbove) -> None:
        self._condition = condition
        self._text = ""

    def trade(self, trade: Trade) -> float | None:
        size = trade.size * trade.price if self._condition.is_notional else trade.size
        if size <= self._condition.size:
            return None
        self._text = f"{trade.aggressor} of {number_text(trade.size)} at {number_text(trade.price)}"
        return size

    def describe(self, value: float, price: str) -> str:
        worth = f", worth {number_text(round(value, 2))}" if self._condition.is_notional else ""
        return f"one trade: {self._text}{worth}"


class Volume(TradeDetector):
    def __init__(self, condition: VolumeAbove) -> None:
        self._condition = condition
        self._window = Total(condition.window_s)
        self._newest = 0
        self._is_told = False

    def trade(self, trade: Trade) -> float | None:
        self._newest = max(self._newest, trade.ts_exchange)
        volume = self._window.add(self._newest, trade.size)
        if volume <= self._condition.volume:
            self._is_told = False
            return None
        return None if self._is_told else volume

    def told(self) -> None:
        self._is_told = True

    def restart(self) -> None:
        self._window.clear()
        self._newest = 0
        self._is_told = False

    def describe(self, value: float, price: str) -> str:
        within = write_duration(self._condition.window_s)
        limit = number_text(self._condition.volume)
        return f"volume {number_text(_rounded(value))} within {within}, above {limit}"


class CandleVolume(CandleDetector):
    """Once a candle."""

    def __init__(self, condition: CandleVolumeAbove) -> None:
        self.timeframe = condition.timeframe
        self._condition = condition
        self._open_time = 0
        self._told_open_time = 0

    def candle(self, candle: Candle, series: CandleSeries, is_live: bool) -> float | None:
        self._open_time = candle.open_time
        if candle.volume <= self._condition.volume or candle.open_time == self._told_open_time:
            return None
        return candle.volume

    def told(self) -> None:
        self._told_open_time = self._open_time

    def restart(self) -> None:
        self._told_open_time = 0

    def describe(self, value: float, price: str) -> str:
        limit = number_text(self._condition.volume)
        measured = number_text(_rounded(value))
        return f"volume {measured} in one candle of {self.timeframe}, above {limit}"


class Staleness(TruthDetector):
    """A channel that is not wanted, or not yet, is not stale."""

    def __init__(self, condition: FeedStale | BookUnverified) -> None:
        self._seconds = condition.seconds
        self._is_of_book = isinstance(condition, BookUnverified)
        self.channel = Channel.BOOK if isinstance(condition, BookUnverified) else condition.channel
        self._since_s: float | None = None
        self._truth = Truth()
        self._is_told = False
        self._was_good = False

    def truth(self, truth: Truth, now_s: float) -> None:
        self._truth = truth
        good = truth.verified if self._is_of_book else truth.status is SubscriptionStatus.LIVE
        if good or truth.status is SubscriptionStatus.OFF:
            self._since_s = None
            self._is_told = False
            self._was_good = good
        elif self._since_s is None:
            self._since_s = now_s

    def check(self, now_s: float) -> float | None:
        if self._since_s is None or self._is_told:
            return None
        # Nothing is there at once: what never was good gets some time to become so.
        begins = self._truth.status in (SubscriptionStatus.PENDING, SubscriptionStatus.SYNCING)
        begins = begins and not self._was_good
        patience_s = max(self._seconds, _FIRST_S) if begins else self._seconds
        lasted_s = now_s - self._since_s
        return lasted_s if lasted_s >= patience_s else None

    def told(self) -> None:
        self._is_told = True

    def restart(self) -> None:
        self._since_s = None
        self._is_told = False

    def describe(self, value: float, price: str) -> str:
        what = "book not verified" if self._is_of_book else f"{self.channel} not live"
        why = f": {self._truth.status}"
        if self._truth.reason and self._truth.reason != str(self._truth.status):
            why += f", {self._truth.reason}"
        return f"{what} for {write_duration(float(round(value)))}{why}"


def _rounded(value: float) -> float:
    """Six digits: more of what was computed say nothing."""
    return float(f"{value:.6g}")
