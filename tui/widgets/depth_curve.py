"""The depth curve: cumulative size against price, drawn by plotext at most once a second."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from itertools import accumulate

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual_plotext import PlotextPlot

from tui.charts.glyphs import Glyphs
from tui.market.depth import band, middle_price
from tui.market.market import Market
from tui.market.order_book import BookLevel, OrderBook
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, Truth
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.book_title import book_title, is_sound
from tui.widgets.level_lines import reach_lines, reach_of
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look, plot_colour
from tui.widgets.title import nothing_known

LEVELS = 200
"""Levels of each side that the curve takes in."""
BANDS_BP = (5, 10, 25, 50, 100)
"""Distances from the middle, in basis points, up to which the values of both sides are told."""
_BAND_WIDTH = 18
_REACHED = 0.99


class _Line(LineWidget):
    """A part of the curve that is made of rows: it shows the same book."""

    def __init__(self, market: Market) -> None:
        super().__init__()
        self._market = market
        self.instrument: Instrument | None = None
        self.cursor: Decimal | None = None

    def truth_of(self, instrument: Instrument) -> Truth:
        return self._market.truth(Subscription(instrument, Channel.BOOK))


class _Title(_Line):
    DEFAULT_CSS = "_Title { height: 1; }"

    def __init__(
        self, market: Market, badge: str, best_transport: Callable[[str], TransportKind | None]
    ) -> None:
        super().__init__(market)
        self._badge = badge
        self._best_transport = best_transport

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self.truth_of(self.instrument)
        return (
            self.instrument,
            truth.status,
            truth.reason,
            truth.transport,
            truth.verified,
            now // NS,
        )

    def rows(self, width: int, height: int, look: Look) -> list[Row]:
        if self.instrument is None:
            return []
        truth = self.truth_of(self.instrument)
        return [
            book_title(
                width,
                look,
                instrument=self.instrument,
                word="Depth",
                badge=self._badge,
                truth=truth,
                now=self.now,
                best=self._best_transport(self.instrument.venue),
                is_paused=self.is_paused,
            )
        ]


class _Values(_Line):
    """What rests near the middle, in the quote asset; and the cost to reach the level cursor."""

    DEFAULT_CSS = "_Values { height: 2; }"

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self.truth_of(self.instrument)
        return (self.instrument, self.cursor, is_sound(truth), now // NS)

    def rows(self, width: int, height: int, look: Look) -> list[Row]:
        if self.instrument is None:
            return []
        state = self._market[self.instrument]
        sound = is_sound(self.truth_of(self.instrument))
        values = band_values(state.book) if sound else []
        text = "".join(each.ljust(_BAND_WIDTH) for each in values[: max(width // _BAND_WIDTH, 1)])
        rows: list[Row] = [((f" {text}"[:width].ljust(width), look.title_muted),)]
        if self.cursor is not None:
            rows += reach_lines(
                reach_of(state.book, self.cursor),
                decimals=fmt.price_decimals(state.info, state.last_text),
                size_decimals=state.info.size_decimals if state.info else 8,
                width=width,
                count=1,
                is_sound=sound,
                look=look,
            )
        return rows


def band_values(book: OrderBook) -> list[str]:
    """The value of bids and asks up to each of the distances that the book reaches on both sides."""
    found = []
    for bp in BANDS_BP:
        near = band(book.bids, book.asks, bp)
        if near is None or near.bp < bp * _REACHED:
            break
        if near.share is not None:
            found.append(f"{bp}bp {_brief(near.bid_notional)} | {_brief(near.ask_notional)}")
    return found


def _brief(value: float) -> str:
    """Three digits that count: 818, 1.28K, 45.1M."""
    bound, unit = next(
        ((bound, unit) for bound, unit in ((1e9, "B"), (1e6, "M"), (1e3, "K")) if value >= bound),
        (1.0, ""),
    )
    scaled = value / bound
    return f"{scaled:.{max(0, 3 - len(str(int(scaled))))}f}{unit}"


class DepthCurve(Vertical):
    """Bids and asks of one book as two steps that meet at the spread."""

    DEFAULT_CSS = """
    DepthCurve { height: 1fr; }
    DepthCurve PlotextPlot { height: 1fr; }
    """

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)
    cursor: reactive[Decimal | None] = reactive(None, init=False, repaint=False)
    """The price that the level cursor stands at; None while there is none."""

    def __init__(
        self,
        market: Market,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._title = _Title(market, badge, best_transport)
        self._values = _Values(market)
        self._plot = PlotextPlot()
        self._ascii = glyphs.name == "ascii"
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._plot
        yield self._values

    def watch_instrument(self) -> None:
        self._title.instrument = self._values.instrument = self.instrument
        self._drawn = ()

    def watch_cursor(self) -> None:
        self._values.cursor = self.cursor
        self._drawn = ()

    def pause(self, paused: bool) -> None:
        """The view is to stand still from now on, or to go on."""
        self._title.pause(paused)

    def sync(self, now: int) -> None:
        """Draw again if the book changed and a second has passed."""
        self._title.sync(now)
        self._values.sync(now)
        if self.instrument is None:
            return
        state = self._market[self.instrument]
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        second = now // NS
        key = (self.instrument, state.book_revision, self.app.theme, self.size, is_sound(truth))
        if self._drawn and (self._drawn[0] == second or self._drawn[1:] == key):
            return
        self._drawn = (second, *key)
        self._draw(state.book, is_sound(truth))

    def _draw(self, book: OrderBook, sound: bool) -> None:
        plot = self._plot.plt
        plot.clear_figure()
        bids, asks = _equally_far(book.bids.top(LEVELS), book.asks.top(LEVELS))
        marker = "#" if self._ascii else "braille"
        for levels, role in ((bids, "bid"), (asks, "ask")):
            if levels:
                prices, totals = _steps(levels)
                colour = plot_colour(self.app, role if sound else "muted")
                # What is not verified is an outline only.
                plot.plot(prices, totals, marker=marker, color=colour, fillx=sound)
        middle = middle_price(*(levels[0].price if levels else None for levels in (bids, asks)))
        if middle is not None and (bids and asks):
            plot.vline(middle, color=plot_colour(self.app, "text" if sound else "muted"))
        if self.cursor is not None and middle is not None:
            at = float(self.cursor)
            ends = [levels[-1].price for levels in (bids, asks) if levels]
            if min(ends) <= at <= max(ends):
                plot.vline(at, color=plot_colour(self.app, "accent"))
        plot.xfrequency(4)
        plot.yfrequency(5)
        self._plot.refresh()


def _equally_far(
    bids: list[BookLevel], asks: list[BookLevel]
) -> tuple[list[BookLevel], list[BookLevel]]:
    """Both sides as far from the middle as the shorter one reaches, so that slopes can be compared."""
    if not bids or not asks:
        return bids, asks
    middle = bids[0].price + (asks[0].price - bids[0].price) / 2
    reach = min(middle - bids[-1].price, asks[-1].price - middle)
    return (
        [level for level in bids if middle - level.price <= reach] or bids[:1],
        [level for level in asks if level.price - middle <= reach] or asks[:1],
    )


def _steps(levels: Sequence[BookLevel]) -> tuple[list[float], list[float]]:
    """Prices and totals from the best level outwards, each total reached at its price and not before."""
    prices: list[float] = []
    totals: list[float] = []
    before = 0.0
    for level, total in zip(levels, accumulate(level.size for level in levels), strict=True):
        prices += [level.price, level.price]
        totals += [before, total]
        before = total
    return prices, totals
