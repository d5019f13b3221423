"""Best bid and best ask over the last minutes, and the spread between them, as far as they were known."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

import msgspec
from textual.reactive import reactive

from tui.charts.glyphs import Glyphs
from tui.charts.layers import Layers, Plot
from tui.charts.painter import ChartPainter
from tui.charts.sparkline import sparkline
from tui.market.book_history import Best, BookHistories
from tui.market.depth import bp_from, middle_price
from tui.market.market import Market
from tui.model.chart import ChartStyle
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.book_title import book_title, is_sound
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look, chart_palette, theme_colour
from tui.widgets.title import nothing_known

SPAN = Timeframe(10, "s")
"""What a column of the chart stands for."""
_LEAST_ROWS_WITH_SUMMARY = 8


class Span(msgspec.Struct, frozen=True):
    """The best prices within one column of the chart.

    Attributes:
        time: its start (ns). middles: of each second in which both prices were known.
        bid, ask: the last ones. spread_bp: on average.
    """

    time: int
    middles: tuple[float, ...]
    bid: float
    ask: float
    spread_bp: float


class BestPrices(LineWidget):
    """Lines of the best bid and ask with the middle between them, and the spread in a pane below.

    Seconds in which the book was not verified, or had one side only, are left out; where nothing is
    known the chart is hatched.
    """

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)

    def __init__(
        self,
        market: Market,
        histories: BookHistories,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._histories = histories
        self._badge = badge
        self._best_transport = best_transport
        self._glyphs = glyphs
        self._painter = ChartPainter()

    def watch_instrument(self) -> None:
        self._painter = ChartPainter()
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        held = self._histories.bests(self.instrument)
        return (
            self.instrument,
            held[-1] if held else None,
            truth.status,
            truth.reason,
            truth.verified,
            truth.transport,
            now // NS if truth.status is SubscriptionStatus.STALE else 0,
            now // NS // SPAN.seconds,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        if self.instrument is None:
            return []
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        title = book_title(
            width,
            look,
            instrument=self.instrument,
            word="Best",
            badge=self._badge,
            truth=truth,
            now=self.now,
            best=self._best_transport(self.instrument.venue),
            is_paused=self.is_paused,
        )
        state = self._market[self.instrument]
        decimals = fmt.price_decimals(state.info, state.last_text)
        spans = best_spans(self._histories.bests(self.instrument))
        rows: list[Row] = [title]
        if height >= _LEAST_ROWS_WITH_SUMMARY:
            lines = summary(spans, decimals, width, self._glyphs, is_now=is_sound(truth))
            rows += [((line, look.title_muted),) for line in lines]
        times = [span.time for span in spans]
        strips = self._painter.paint(
            [_candle(self.instrument, span) for span in spans],
            width=width,
            height=height - len(rows),
            timeframe=SPAN,
            price_decimals=decimals,
            palette=chart_palette(self.app),
            glyphs=self._glyphs,
            columns=1,
            volume=False,
            style=ChartStyle.LINE,
            holes=holes_between(times, SPAN.floor(self.now)),
            layers=Layers(
                overlays=[
                    Plot(
                        "",
                        times,
                        [(span.bid, span.ask) for span in spans],
                        lines=("bid", "ask"),
                        colours=(theme_colour(self.app, "bid"), theme_colour(self.app, "ask")),
                        bands=((0, 1),),
                    )
                ]
            ),
            panes=[Plot("spread bp", times, [(round(span.spread_bp, 4),) for span in spans])],
            message="" if spans else "waiting for the book",
        )
        return [*rows, *strips]


def best_spans(bests: Iterable[Best]) -> list[Span]:
    """The best prices by columns of the chart, oldest first, without those in which none were known."""
    found: list[Span] = []
    middles: list[float] = []
    spreads: list[float] = []
    time = -1
    for best in bests:
        middle = middle_price(best.bid, best.ask)
        if best.bid is None or best.ask is None or middle is None or best.bid >= best.ask:
            continue
        start = SPAN.floor(best.time)
        if start != time:
            time, middles, spreads = start, [], []
        elif found:
            found.pop()
        middles.append(middle)
        spreads.append((bp_from(best.ask, middle) or 0.0) - (bp_from(best.bid, middle) or 0.0))
        average = sum(spreads) / len(spreads)
        found.append(Span(start, tuple(middles), best.bid, best.ask, average))
    return found


def holes_between(times: Sequence[int], until: int) -> list[tuple[int, int]]:
    """The spans of time (ns, the end excluded) between columns in which nothing was known, and those
    from the last one until now."""
    span = SPAN.seconds * NS
    ends = [time + span for time in times]
    starts = [*times[1:], max(until, ends[-1])] if ends else []
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]


def summary(
    spans: Sequence[Span], decimals: int, width: int, glyphs: Glyphs, *, is_now: bool
) -> list[str]:
    """Two lines: the best prices, and the spread in basis points, on average and as bars.

    Args:
        is_now: the book is known now; where it is not, its last prices are not told.
    """
    if not spans:
        return [" " * width] * 2
    last = spans[-1]
    average = sum(span.spread_bp for span in spans) / len(spans)
    prices = now = ""
    if is_now:
        prices = f" {fmt.price(last.bid, decimals)} / {fmt.price(last.ask, decimals)}"
        spread = bp_from(last.ask, last.bid) or 0.0
        now = f"{fmt.basis_points(spread)} bp  "
    text = f" spread {now}average {fmt.basis_points(average)} "
    bars = sparkline([span.spread_bp for span in spans], max(width - len(text) - 1, 0), glyphs)
    return [line[:width].ljust(width) for line in (prices, text + bars)]


def _candle(instrument: Instrument, span: Span) -> Candle:
    middles = span.middles
    return Candle(
        instrument,
        SPAN,
        span.time,
        middles[0],
        max(middles),
        min(middles),
        middles[-1],
        0.0,
        False,
        span.time,
    )
