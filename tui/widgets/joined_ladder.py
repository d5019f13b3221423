"""The joined book: the best prices of all venues' books of one market in one ladder."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import accumulate

from rich.style import Style
from textual.reactive import reactive

from tui.charts.bars import bar
from tui.charts.glyphs import Glyphs
from tui.charts.lines import LETTERS
from tui.market.joined_book import JoinedLevel, join_sides
from tui.market.market import Market
from tui.market.order_book import OrderBook
from tui.market.pairs import are_one_market
from tui.market.quotes import basis_points
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.widgets import format as fmt
from tui.widgets.compare_chart import letter_styles
from tui.widgets.line_widget import LineWidget, Part, Row, spread
from tui.widgets.look import Look
from tui.widgets.title import truth_text

_LOOKS_A_SECOND = 4
_MOST = 60


class JoinedLadder(LineWidget):
    """Price, size, running total, and whose they are. Books that are not live are left out, by name."""

    grouping: reactive[int] = reactive(0, init=False, repaint=False)
    """How many powers of ten of the coarsest venue's price step are taken together; 0 for none."""

    def __init__(
        self,
        market: Market,
        instruments: Sequence[Instrument],
        *,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._market = market
        self._instruments = tuple(instruments)
        self._glyphs = glyphs

    def watch_grouping(self) -> None:
        self.sync(self.now)

    def fingerprint(self, now: int) -> Hashable:
        return (now // (NS // _LOOKS_A_SECOND), self.grouping)

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        if not are_one_market(self._instruments, self._market):
            title = ((" Joined book".ljust(width), look.title),)
            return [title, ((" different markets: nothing to join", look.muted),)]
        live = [
            number
            for number, truth in enumerate(self._truths())
            if truth.status is SubscriptionStatus.LIVE
        ]
        each = max(0, min((height - 2) // 2, _MOST))
        books = [(number, self._market[self._instruments[number]].book) for number in live]
        decimals = self._decimals(live)
        coarsest = min(decimals, default=2)
        step = 10.0 ** (self.grouping - coarsest) if self.grouping else 0.0
        asks = join_sides(
            [(number, book.asks) for number, book in books], each, is_bid=False, step=step
        )
        bids = join_sides(
            [(number, book.bids) for number, book in books], each, is_bid=True, step=step
        )
        digits = max(0, coarsest - self.grouping) if self.grouping else max(decimals, default=2)
        rows: list[Row] = [self._title(live, step, width, look)]
        if not asks and not bids:
            return [*rows, ((" no live book yet", look.muted),)]
        biggest = max(level.size for level in (*asks, *bids))
        totals = list(accumulate(level.size for level in asks))
        drawn = [
            self._row(level, total, digits, biggest, width, look, is_bid=False)
            for level, total in zip(asks, totals, strict=True)
        ]
        rows += [((" ", look.base),)] * (each - len(drawn))
        rows += drawn[::-1]
        rows.append(self._spread(books, width, look))
        totals = list(accumulate(level.size for level in bids))
        rows += [
            self._row(level, total, digits, biggest, width, look, is_bid=True)
            for level, total in zip(bids, totals, strict=True)
        ]
        return rows

    def _truths(self) -> list[Truth]:
        return [
            self._market.truth(Subscription(instrument, Channel.BOOK))
            for instrument in self._instruments
        ]

    def _decimals(self, live: Sequence[int]) -> list[int]:
        """Digits after the point of each live book's prices."""
        found = []
        for number in live:
            state = self._market[self._instruments[number]]
            found.append(fmt.price_decimals(state.info, state.last_text))
        return found

    def _title(self, live: Sequence[int], step: float, width: int, look: Look) -> Row:
        styles = letter_styles(self.app, len(self._instruments), look.title)
        left: list[Part] = [(" Joined book ", look.title)]
        left += [(LETTERS[number], styles[number]) for number in live]
        if step:
            left.append((f" by {step:g} ", look.title_muted))
        without = [
            f"{LETTERS[number]} {truth_text(truth, self.now, short=width < 60)[:24]}"
            for number, truth in enumerate(self._truths())
            if number not in live
        ]
        right: list[Part] = []
        if without:
            right.append((f"without {', '.join(without)} "[: max(0, width - 14)], look.title_muted))
        return spread(left, right, width, look.title)

    def _spread(self, books: Sequence[tuple[int, OrderBook]], width: int, look: Look) -> Row:
        """From the highest bid to the lowest ask, however prices are taken together."""
        bids = [bid for _, book in books if (bid := book.bids.best_price) is not None]
        asks = [ask for _, book in books if (ask := book.asks.best_price) is not None]
        if not bids or not asks:
            return ((" one side only".ljust(width), look.muted),)
        apart = basis_points(min(asks), max(bids)) or 0.0
        if apart < 0:
            return ((f" crossed by {-apart:.2f} bp".ljust(width), look.warning),)
        return ((f" apart {apart:.2f} bp".ljust(width), look.muted),)

    def _row(
        self,
        level: JoinedLevel,
        total: float,
        digits: int,
        biggest: float,
        width: int,
        look: Look,
        *,
        is_bid: bool,
    ) -> Row:
        styles = letter_styles(self.app, len(self._instruments), look.base)
        letters: list[Part] = [(LETTERS[number], styles[number]) for number in level.sources[:4]]
        plain = look.base if level.is_whole else look.muted
        front: Style = look.bid if is_bid else look.ask
        parts: list[Part] = [
            (" ", look.base),
            *letters,
            (" " * (4 - len(letters)), look.base),
            (_price(level, digits).rjust(13), front),
            (fmt.size(level.size).rjust(10), plain),
        ]
        if width >= 39:
            # A total is a lower bound beyond the reach of a book.
            parts.append(((fmt.size(total) + (" " if level.is_whole else "+")).rjust(11), plain))
        room = width - 28 - 11 * (width >= 39) - 1
        if room >= 3:
            parts.append((" ", look.base))
            parts.append(
                (
                    bar(level.size / biggest, room, self._glyphs),
                    look.bid_bar if is_bid else look.ask_bar,
                )
            )
        return tuple(parts)


def _price(level: JoinedLevel, digits: int) -> str:
    if level.price_text:
        return fmt.digits(level.price_text, digits)
    return fmt.price(level.price, digits)
