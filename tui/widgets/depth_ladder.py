"""The depth ladder: best asks above, best bids below, the spread held still between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate

from rich.style import Style
from textual.reactive import reactive

from tui.charts.bars import bar
from tui.charts.glyphs import Glyphs
from tui.market.market import InstrumentState, Market
from tui.market.order_book import BookLevel
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.text import clean
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look
from tui.widgets.title import nothing_known, title_row


def book_note(truth: Truth) -> str:
    """What the title of a book that is not verified says beside its state."""
    if truth.status is SubscriptionStatus.SYNCING and truth.reason:
        return clean(truth.reason, 40)
    return "unverified" if truth.status is SubscriptionStatus.LIVE and not truth.verified else ""


def book_name(instrument: Instrument, look: Look) -> list[Part]:
    """Title part of the panels that follow the chosen one."""
    return [(f" {clean(instrument.symbol, 20)} ", look.title)]


class DepthLadder(LineWidget):
    """Price, size and cumulative size of the best levels of one book."""

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)

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
        self._badge = badge
        self._best_transport = best_transport
        self._glyphs = glyphs

    def watch_instrument(self) -> None:
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        if self.instrument is None:
            return None
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        aging = now // 1_000_000_000 if truth.status is SubscriptionStatus.STALE else 0
        state = self._market[self.instrument]
        return (
            self.instrument,
            state.book_revision,
            state.info,
            truth.status,
            truth.reason,
            truth.transport,
            aging,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        if self.instrument is None:
            return []
        state = self._market[self.instrument]
        truth = self._market.truth(Subscription(self.instrument, Channel.BOOK))
        title = title_row(
            width,
            name=book_name(self.instrument, look),
            word="Book",
            badge=self._badge,
            truth=truth,
            now=self.now,
            look=look,
            focused=False,
            best=self._best_transport(self.instrument.venue),
            is_paused=self.is_paused,
            note=book_note(truth),
        )
        above = (height - 2) // 2
        below = height - 2 - above
        asks, bids = state.book.asks.top(max(above, 0)), state.book.bids.top(max(below, 0))
        if not asks and not bids:
            reason = clean(truth.reason, width) or "waiting for the book"
            return [title, *[((" ", look.base),)] * above, ((reason.center(width), look.muted),)]
        faded = truth.status is not SubscriptionStatus.LIVE
        layout = _Columns(width, asks + bids, state)
        most = max(sum(level.size for level in asks), sum(level.size for level in bids))
        sides = []
        for levels, style, bar_style in (
            (asks, look.ask, look.ask_bar),
            (bids, look.bid, look.bid_bar),
        ):
            totals = accumulate(level.size for level in levels)
            sides.append(
                [
                    self._row(
                        level, total / most if most else 0.0, layout, look, faded, style, bar_style
                    )
                    for level, total in zip(levels, totals, strict=True)
                ]
            )
        ask_rows, bid_rows = sides
        padding: list[Row] = [((" ", look.base),)] * (above - len(ask_rows))
        return [title, *padding, *reversed(ask_rows), self._spread(width, state, look), *bid_rows]

    def _row(
        self,
        level: BookLevel,
        fraction: float,
        layout: _Columns,
        look: Look,
        faded: bool,
        style: Style,
        bar_style: Style,
    ) -> Row:
        price = fmt.digits(level.price_text, layout.price_decimals).rjust(layout.price_width)
        size = fmt.size(level.size, layout.size_decimals).rjust(layout.size_width)
        parts: list[Part] = [
            (" " + price, look.muted if faded else style),
            (" " + size + " ", look.muted if faded else look.base),
        ]
        if layout.bar_width:
            drawn = bar(fraction, layout.bar_width, self._glyphs)
            parts.append((drawn, look.muted if faded else bar_style))
        return tuple(parts)

    def _spread(self, width: int, state: InstrumentState, look: Look) -> Row:
        bid, ask = state.book.bids.best_price, state.book.asks.best_price
        if bid is None or ask is None:
            return ((" one-sided".ljust(width), look.title_muted),)
        decimals = fmt.price_decimals(state.info, state.last_text)
        middle = (bid + ask) / 2
        points = (ask - bid) / middle * 10_000 if middle else 0.0
        text = f" {fmt.price(middle, decimals + 1)}  spread {fmt.price(ask - bid, decimals)}"
        more = f" ({points:.2f} bp)"
        return (
            ((text + more if len(text + more) <= width else text).ljust(width), look.title_muted),
        )


class _Columns:
    """Widths that depend on the venue's precision and on the panel, not on the levels of the moment."""

    def __init__(self, width: int, levels: list[BookLevel], state: InstrumentState) -> None:
        self.price_decimals = fmt.price_decimals(state.info, state.last_text)
        self.size_decimals = state.info.size_decimals if state.info else 8
        longest = max(len(fmt.digits(level.price_text, self.price_decimals)) for level in levels)
        self.price_width = max(longest, 9)
        self.size_width = 8
        left = width - self.price_width - self.size_width - 3
        self.bar_width = max(0, left)
