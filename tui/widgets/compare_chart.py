"""One chart of several instruments: lines of percent, so that different prices can be compared."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from rich.style import Style
from textual.app import App
from textual.reactive import reactive

from tui.charts.glyphs import Glyphs
from tui.charts.lines import LETTERS, LinePainter, Reading, Series
from tui.charts.palette import line_colours
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.moment import date_of
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.text import clean
from tui.model.timeframe import NS, Timeframe
from tui.widgets.line_widget import LineWidget, Part, Row, spread
from tui.widgets.look import Look, chart_palette, on
from tui.widgets.title import truth_style, truth_text

_DOTS = 2  # of a line in a column, at most
_LOOKS_A_SECOND = 4


def letter_styles(app: App[object], count: int, back: Style) -> list[Style]:
    """The styles of the letters that stand for the compared instruments, on a background."""
    colours = line_colours(chart_palette(app), count)
    return [back + Style(color=colour, bold=True) for colour in colours]


class CompareChart(LineWidget):
    """Lines of several instruments from the same left edge; each says for itself how it stands."""

    timeframe: reactive[Timeframe] = reactive(Timeframe(1, "m"), init=False, repaint=False)

    def __init__(
        self,
        market: Market,
        instruments: Sequence[Instrument],
        *,
        badge: Callable[[], str],
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        """Make a chart; `badge` marks data that is not live."""
        super().__init__(id=id)
        self._market = market
        self._instruments = tuple(instruments)
        self._badge = badge
        self._glyphs = glyphs
        self._painter = LinePainter()

    def subscriptions(self) -> set[Subscription]:
        """What the lines are made of."""
        return {self._candles(instrument) for instrument in self._instruments}

    def watch_timeframe(self) -> None:
        self._painter = LinePainter()
        if self.is_attached:
            self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        # Something moves nearly always: what counts is how often it is worth looking.
        return (now // (NS // _LOOKS_A_SECOND), self.timeframe)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        states = [self._market[instrument] for instrument in self._instruments]
        chart = self._painter.paint(
            [
                Series(
                    [
                        (candle.open_time, candle.close)
                        for candle in state.carried_candles(self.timeframe)[-width * _DOTS :]
                    ],
                    state.series(self.timeframe).holes,
                )
                for state in states
            ],
            width=width,
            height=height - 1,
            timeframe=self.timeframe,
            palette=chart_palette(self.app),
            glyphs=self._glyphs,
            message="no candles yet",
        )
        return [self._title(width, look, chart.readings), *chart.strips]

    def _title(
        self, width: int, look: Look, readings: Sequence[Reading | None]
    ) -> tuple[Part, ...]:
        back = look.title
        badge = self._badge()
        right: list[Part] = [(f" {badge} ", look.badge)] if badge else []
        left: list[Part] = [
            (" Compare " if width >= 60 else " ", back),
            (f"{self.timeframe} ", back),
        ]
        styles = letter_styles(self.app, len(self._instruments), back)
        for number, (instrument, reading) in enumerate(
            zip(self._instruments, readings, strict=True)
        ):
            truth = self._market.truth(self._candles(instrument))
            left.append((f" {LETTERS[number]}", styles[number]))
            if reading is not None:
                moved = look.up if reading.percent >= 0 else look.down
                left.append((f" {reading.percent:+.2f}%", on(moved, back)))
                if reading.is_late and width >= 100:
                    left.append((f" since {_moment(reading.since)}", look.title_muted))
            if truth.status is not SubscriptionStatus.LIVE:
                # Behind its figure, since that was true once: what the other lines say is untouched.
                word = _why_not(truth, self.now, is_short=width < 100)
                left.append((f" {word}", truth_style(truth, look, back)))
        return spread(left, right, width, back)

    def _candles(self, instrument: Instrument) -> Subscription:
        return Subscription(instrument, Channel.CANDLES, self.timeframe)


def _why_not(truth: Truth, now: int, *, is_short: bool) -> str:
    if not is_short and truth.status is SubscriptionStatus.REJECTED:
        return f"✗ {clean(truth.reason, 30)}"
    return truth_text(truth, now, short=is_short)


def _moment(ts: int) -> str:
    return f"{date_of(ts):%m-%d %H:%M}"
