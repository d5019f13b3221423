"""Other symbols over a panel's candles: as lines of percent from the left edge of what is in sight."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence
from datetime import UTC, tzinfo
from math import isfinite

import msgspec

from tui.charts.layers import Layers, Plot
from tui.market.candle_series import CandleSeries
from tui.market.market import Market
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.moment import date_of
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.text import clean
from tui.model.timeframe import NS, Timeframe
from tui.widgets import format as fmt
from tui.widgets.chart_layers import LayerSource, Sight

MOST = 4
"""Symbols over one panel; of more of them nobody can tell the lines apart."""
_LONGEST_NAME = 16
_PERCENT_WIDTH = 8


class OverlaidSymbols(LayerSource):
    """The symbols that the panels' views name. Each line is there or missing by itself, and its legend
    says how fresh it is."""

    def __init__(self, market: Market, *, zone: tzinfo = UTC) -> None:
        self._market = market
        self._zone = zone
        self._lines: dict[tuple[str, int], _Line] = {}

    def revision(self, sight: Sight) -> Hashable:
        found = []
        for instrument in sight.view.overlays[:MOST]:
            state = self._market[instrument]
            truth = self._market.truth(_candles(instrument, sight.timeframe))
            series = state.series(sight.timeframe)
            found.append((series.revision, state.last_text, truth.status, truth.reason))
        return tuple(found)

    def layers(self, sight: Sight) -> Layers:
        plots = [
            self._plot(sight, number, instrument)
            for number, instrument in enumerate(sight.view.overlays[:MOST])
            if instrument != sight.instrument
        ]
        return Layers(overlays=plots)

    def _plot(self, sight: Sight, number: int, instrument: Instrument) -> Plot:
        truth = self._market.truth(_candles(instrument, sight.timeframe))
        line = self._lines.setdefault((sight.panel, number), _Line())
        own = self._market[sight.instrument].carried_candles(sight.timeframe)
        state = self._market[instrument]
        base = _close_at(own, sight.since, sight)
        if base is not None:
            series = state.series(sight.timeframe)
            line.follow(series, state.carried_candles(sight.timeframe), base, sight)
        else:
            line.clear()
        percent = line.percent_at(sight.cross)
        told = "—" if percent is None else f"{percent:+.2f}%"
        late = line.late_since(sight)
        since = "" if late is None else f" since {date_of(late, self._zone):%H:%M}"
        name = _name(instrument, sight.instrument)
        return Plot(
            name,
            line.times,
            line.values,
            said=[f"{told.rjust(_PERCENT_WIDTH)}{since}{_trouble(truth, sight.now)}"],
        )


class _Base(msgspec.Struct, frozen=True):
    """What counts as 0 %: a price of the panel's own symbol, and the end of the bar that it is of."""

    price: float
    end: int


class _Line:
    """One symbol's closes, put on the scale of another's prices; a tick computes its last point only."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._factor = 0.0
        self._price = 0.0  # of the panel's symbol, at 0 %
        self.times: list[int] = []
        self.values: list[tuple[float | None]] = []

    def clear(self) -> None:
        self._key = None
        self.times, self.values = [], []

    def follow(
        self, series: CandleSeries, candles: Sequence[Candle], base: _Base, sight: Sight
    ) -> None:
        """Bring the line in line with the candles; `candles` has the newest as far as it is known."""
        first = max(bisect_left(series.times, base.end) - 1, 0)
        end = bisect_right(series.times, sight.until)
        key = (series, series.past_revision, first, end, base, sight.timeframe)
        if key != self._key:
            self._key = key
            self.times = list(series.times[first:end])
            anchor = next(
                (close for at in range(first, end) if (close := _sane(candles[at].close))), None
            )
            self._price = base.price
            self._factor = base.price / anchor if anchor is not None else 0.0
            self.values = [(self._on_scale(candles[at].close),) for at in range(first, end)]
        elif end > first:
            self.values[-1] = (self._on_scale(candles[end - 1].close),)

    def percent_at(self, moment: int | None) -> float | None:
        """The line's value in percent at a candle, or at the newest one; None where it has none."""
        at = len(self.times) if moment is None else bisect_right(self.times, moment)
        value = self.values[at - 1][0] if at else None
        return None if value is None else (value / self._price - 1) * 100

    def late_since(self, sight: Sight) -> int | None:
        """When the line begins, where it begins within what is in sight: its 0 % is of that moment."""
        if not self.times or self.times[0] <= sight.since + _span(sight):
            return None
        return self.times[0]

    def _on_scale(self, close: float) -> float | None:
        sane = _sane(close)
        value = sane * self._factor if sane is not None and self._factor else None
        return value if value is not None and isfinite(value) else None


def _sane(close: float) -> float | None:
    return close if close > 0.0 and isfinite(close) else None


def _close_at(candles: Sequence[Candle], since: int, sight: Sight) -> _Base | None:
    """The close of the bar at the left edge; None where it cannot be what percent are of."""
    if not candles:
        return None
    # Bars that were merged begin at round times, and have the close of their last candle.
    span = _span(sight)
    end = since + 1 if sight.view.merge == 1 else since // span * span + span
    at = bisect_left(candles, end, key=_open_time) - 1
    price = _sane(candles[at].close) if at >= 0 else None
    return None if price is None else _Base(price, end)


def _span(sight: Sight) -> int:
    return sight.timeframe.seconds * NS * sight.view.merge


def _open_time(candle: Candle) -> int:
    return candle.open_time


def _candles(instrument: Instrument, timeframe: Timeframe) -> Subscription:
    return Subscription(instrument, Channel.CANDLES, timeframe)


def _name(instrument: Instrument, beside: Instrument) -> str:
    """The symbol, with the venue where that is another one."""
    name = instrument.symbol if instrument.venue == beside.venue else str(instrument)
    return clean(name, _LONGEST_NAME)


def _trouble(truth: Truth, now: int) -> str:
    """What there is to say of a line that is not live."""
    if truth.status is SubscriptionStatus.LIVE:
        return ""
    if truth.status is SubscriptionStatus.STALE and truth.last_data:
        return f" stale {fmt.age((now - truth.last_data) / NS)}"
    if truth.status is SubscriptionStatus.REJECTED:
        return f" rejected: {clean(truth.reason, 30)}"
    return f" {truth.status}"
