"""Several sources of one market: lines in one chart, best prices side by side, one joined book."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from tui.charts.glyphs import Glyphs
from tui.charts.lines import LETTERS
from tui.market.market import Market
from tui.market.pairs import find_pair
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe, step_timeframe
from tui.screens.live import LiveScreen
from tui.session import Session
from tui.widgets.compare_chart import CompareChart
from tui.widgets.joined_ladder import JoinedLadder
from tui.widgets.key_bar import KeyBar
from tui.widgets.quote_table import QuoteTable

_GROUPINGS = 4
_WANTED_BY = "comparison"


class CompareScreen(LiveScreen):
    """Live while it is open: it wants candles, books and tickers of what it compares."""

    DEFAULT_CSS = """
    CompareScreen { layout: vertical; overflow: hidden; background: $background; }
    CompareScreen #compared { height: 1fr; }
    CompareScreen #joined { width: 48; margin-left: 1; }
    CompareScreen.-narrow #joined { display: none; width: 1fr; margin-left: 0; }
    CompareScreen.-narrow.-book #joined { display: block; }
    CompareScreen.-narrow.-book #lines { display: none; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - to mypy Textual declares it for instances

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "timeframe(-1)", "timeframe"),
        Binding("right_square_bracket", "timeframe(1)", "timeframe"),
        Binding("g", "grouping", "group"),
        Binding("b", "book", "book"),
        Binding("escape,C,q", "app.pop_screen", "close", key_display="esc"),
    ]

    def __init__(
        self,
        session: Session,
        instruments: Sequence[Instrument],
        timeframe: Timeframe,
        *,
        badge: Callable[[], str],
        glyphs: Glyphs,
        now: Callable[[], int],
    ) -> None:
        """Make the screen.

        Args:
            instruments: at most the first eight are compared; they are named A, B, C in their order.
            badge: marks data that is not live.
            now: gives the time (ns) that the screen is opened with.
        """
        super().__init__()
        instruments = instruments[: len(LETTERS)]
        self._session = session
        self._now = now
        self._venues = {instrument.venue for instrument in instruments}
        market = session.market
        self._lines = CompareChart(market, instruments, badge=badge, glyphs=glyphs, id="lines")
        self._lines.set_reactive(CompareChart.timeframe, timeframe)
        self._joined = JoinedLadder(market, instruments, glyphs=glyphs, id="joined")
        self._quotes = QuoteTable(market, instruments, id="quotes")

    def compose(self) -> ComposeResult:
        with Horizontal(id="compared"):
            yield self._lines
            yield self._joined
        yield self._quotes
        yield KeyBar()

    def on_mount(self) -> None:
        self._quotes.styles.height = self._quotes.rows_needed
        self._want()
        self.frame(self._now())

    def on_unmount(self) -> None:
        self._session.want((), _WANTED_BY)

    def frame(self, now: int) -> None:
        """Look at the market again, at `now` (ns)."""
        for widget in (self._lines, self._joined, self._quotes):
            if widget.is_on_screen:
                widget.sync(now)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_class("-narrow") if action == "book" else True

    def on_resize(self) -> None:
        self.refresh_bindings()

    def action_timeframe(self, steps: int) -> None:
        offered = [set(self._session.timeframes(venue)) for venue in self._venues]
        known = [each for each in offered if each]
        if known:
            common = set.intersection(*known)
            self._lines.timeframe = step_timeframe(common, self._lines.timeframe, steps)
            self._want()

    def action_book(self) -> None:
        """Show the joined book where the lines are, or the lines again."""
        self.toggle_class("-book")
        self.call_after_refresh(lambda: self.frame(self._now()))

    def action_grouping(self) -> None:
        """Take more prices of the joined book together, and after the coarsest step none."""
        self._joined.grouping = (self._joined.grouping + 1) % _GROUPINGS

    def _want(self) -> None:
        wanted = self._lines.subscriptions() | self._quotes.subscriptions()
        self._session.want(wanted, _WANTED_BY)


def find_comparable(
    chosen: Instrument | None, held: Collection[Instrument], market: Market
) -> list[Instrument]:
    """What to compare with an instrument: the same market at other venues, or else all that is held.

    Args:
        chosen: comes first.
    """
    others = [instrument for instrument in held if instrument != chosen]
    if chosen is None:
        return others
    pair = find_pair(chosen, market)
    return [chosen, *([other for other in others if find_pair(other, market) == pair] or others)]
