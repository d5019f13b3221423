"""The depth curve: cumulative size against price, drawn by plotext at most once a second."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import accumulate

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual_plotext import PlotextPlot

from tui.charts.glyphs import Glyphs
from tui.market.market import Market
from tui.market.order_book import BookLevel
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import TransportKind
from tui.widgets.depth_ladder import book_name, book_note
from tui.widgets.line_widget import LineWidget, Row
from tui.widgets.look import Look, plot_colour
from tui.widgets.title import nothing_known, title_row

LEVELS = 200
"""Levels of each side that the curve takes in."""


class _Title(LineWidget):
    DEFAULT_CSS = "_Title { height: 1; }"

    def __init__(
        self, market: Market, badge: str, best_transport: Callable[[str], TransportKind | None]
    ) -> None:
        super().__init__()
        self._market = market
        self._badge = badge
        self._best_transport = best_transport
        self.instrument: Instrument | None = None

    def fingerprint(self, now: int) -> object:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        return (self.instrument, truth.status, truth.reason, truth.transport, now // 1_000_000_000)

    def rows(self, width: int, height: int, look: Look) -> list[Row]:
        if self.instrument is None:
            return []
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        return [
            title_row(
                width,
                name=book_name(self.instrument, look),
                word="Depth",
                badge=self._badge,
                truth=truth,
                now=self.now,
                look=look,
                focused=False,
                best=self._best_transport(self.instrument.venue),
                is_paused=self.is_paused,
                note=book_note(truth),
            )
        ]


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
        self._plot = PlotextPlot()
        self._ascii = glyphs.name == "ascii"
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._plot

    def watch_instrument(self) -> None:
        self._title.instrument = self.instrument
        self._drawn = ()

    def pause(self, paused: bool) -> None:
        """The view is to stand still from now on, or to go on."""
        self._title.pause(paused)

    def sync(self, now: int) -> None:
        """Draw again if the book changed and a second has passed."""
        self._title.sync(now)
        if self.instrument is None:
            return
        state = self._market[self.instrument]
        second = now // 1_000_000_000
        key = (self.instrument, state.book_revision, self.app.theme, self.size)
        if self._drawn and (self._drawn[0] == second or self._drawn[1:] == key):
            return
        self._drawn = (second, *key)
        self._draw(state.book.bids.top(LEVELS), state.book.asks.top(LEVELS))

    def _draw(self, bids: list[BookLevel], asks: list[BookLevel]) -> None:
        plot = self._plot.plt
        plot.clear_figure()
        # Both sides reach equally far from the middle, so that their slopes can be compared.
        if bids and asks:
            middle = (bids[0].price + asks[0].price) / 2
            reach = min(middle - bids[-1].price, asks[-1].price - middle)
            bids = [level for level in bids if middle - level.price <= reach] or bids[:1]
            asks = [level for level in asks if level.price - middle <= reach] or asks[:1]
        marker = "#" if self._ascii else "braille"
        for levels, role in ((bids, "bid"), (asks, "ask")):
            if levels:
                prices = [level.price for level in levels]
                totals = list(accumulate(level.size for level in levels))
                plot.plot(
                    prices, totals, marker=marker, color=plot_colour(self.app, role), fillx=True
                )
        plot.xfrequency(4)
        plot.yfrequency(5)
        self._plot.refresh()
