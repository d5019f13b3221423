"""A candle panel: one instrument in one timeframe, with a title that says how fresh it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.charts.glyphs import Glyphs
from tui.charts.layers import Plot
from tui.charts.painter import ChartPainter
from tui.market.market import InstrumentState, Market
from tui.market.studies import StudySeries
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.line_widget import LineWidget, Part, Row
from tui.widgets.look import Look, chart_palette, on
from tui.widgets.title import nothing_known, title_row


class CandlePanel(LineWidget, can_focus=True):
    """Candles, volume and axes of one instrument, and what the venue computes of them."""

    instrument: reactive[Instrument | None] = reactive(None, init=False, repaint=False)
    timeframe: reactive[Timeframe] = reactive(Timeframe(1, "m"), init=False, repaint=False)
    is_chosen: reactive[bool] = reactive(False, init=False, repaint=False)
    """True for the panel that drives ladder and tape."""

    class Chosen(Message):
        """The user clicked this panel."""

        def __init__(self, panel: CandlePanel) -> None:
            super().__init__()
            self.panel = panel

    def __init__(
        self,
        market: Market,
        number: int,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        glyphs: Glyphs,
        id: str | None = None,
    ) -> None:
        """Make a panel. `number` is its digit key; `badge` marks data that is not live;
        `best_transport` gives what a venue offers."""
        super().__init__(id=id)
        self._market = market
        self._number = number
        self._badge = badge
        self._best_transport = best_transport
        self._glyphs = glyphs
        self._painter = ChartPainter()

    @property
    def subscription(self) -> Subscription | None:
        """The candle subscription that this panel shows."""
        if self.instrument is None:
            return None
        return Subscription(self.instrument, Channel.CANDLES, self.timeframe)

    def watch_instrument(self) -> None:
        self._start_afresh()

    def watch_timeframe(self) -> None:
        self._start_afresh()

    def watch_is_chosen(self) -> None:
        self.sync(self.now)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Chosen(self))

    def fingerprint(self, now: int) -> Hashable:
        subscription = self.subscription
        if subscription is None:
            return self.is_chosen
        state = self._market[subscription.instrument]
        truth = self._market.truth(subscription)
        series = state.candles.get(self.timeframe)
        countdown = now // 1_000_000_000
        return (
            subscription,
            self.is_chosen,
            series.revision if series else 0,
            tuple((name, found.revision) for name, found in self._studies(subscription)),
            state.last_text,
            state.ticker_revision,
            state.info,
            truth.status,
            truth.reason,
            truth.transport,
            countdown,
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        subscription = self.subscription
        if subscription is None:
            back = look.title_focused if self.is_chosen else look.title
            heading = ((f" {self._number} ".ljust(width), back),)
            blank: list[Row] = [((" ", look.base),)] * max(0, (height - 2) // 2)
            return [heading, *blank, (("press / to choose a symbol".center(width), look.muted),)]
        state = self._market[subscription.instrument]
        candles = state.carried_candles(self.timeframe)
        decimals = fmt.price_decimals(state.info, state.last_text)
        title = self._title(width, height, look, subscription, state, decimals)
        chart = self._painter.paint(
            candles,
            width=width,
            height=height - len(title),
            timeframe=self.timeframe,
            price_decimals=decimals,
            palette=chart_palette(self.app),
            glyphs=self._glyphs,
            now_ns=self.now,
            last_price=state.last_price,
            holes=state.series(self.timeframe).holes,
            panes=[
                Plot(
                    # The library that all of TradingView's own studies come from names none of them.
                    clean(name.removeprefix("STD;"), 40),
                    found.times,
                    found.values,
                    [clean(line, 20) for line in found.plots] if len(found.plots) > 1 else (),
                )
                for name, found in self._studies(subscription)
            ],
            message="" if candles else self._message(subscription),
        )
        return [*title, *chart]

    def candles_in_view(self) -> list[Candle]:
        """The candles that the last painting shows, oldest first."""
        geometry = self._painter.geometry
        if self.instrument is None or geometry is None:
            return []
        first, end = geometry.first_time, geometry.last_time + geometry.span
        candles = self._market[self.instrument].carried_candles(self.timeframe)
        return [each for each in candles if first <= each.open_time < end]

    def _studies(self, subscription: Subscription) -> list[tuple[str, StudySeries]]:
        """What the venue computes of these candles, in an order that does not depend on its answers'."""
        studies = self._market.studies
        chart = subscription.instrument, self.timeframe
        found = ((name, studies.series(*chart, name)) for name in sorted(studies.names(*chart)))
        return [(name, series) for name, series in found if series is not None]

    def _start_afresh(self) -> None:
        self._painter = ChartPainter()
        if self.is_attached:
            self.sync(self.now)

    def _message(self, subscription: Subscription) -> str:
        truth = self._market.truth(subscription)
        match truth.status:
            case SubscriptionStatus.REJECTED:
                return f"{clean(str(subscription.instrument), 30)}: {clean(truth.reason, 80)}"
            case SubscriptionStatus.LIVE:
                return "no candles yet"
            case SubscriptionStatus.STALE:
                return "no connection"
            case SubscriptionStatus.PENDING if truth.reason:
                return clean(truth.reason, 80)
            case _:
                return "loading candles"

    def _title(
        self,
        width: int,
        height: int,
        look: Look,
        subscription: Subscription,
        state: InstrumentState,
        decimals: int,
    ) -> list[tuple[Part, ...]]:
        """One row, or two where one would have to leave the price out."""
        back = look.title_focused if self.is_chosen else look.title
        ticker = state.ticker
        change = fmt.day_change(
            ticker.open if ticker else None,
            state.last_price,
            ticker.change_percent if ticker else None,
        )
        colour = look.muted if change is None else look.up if change >= 0 else look.down
        name: list[Part] = [
            (f" {self._number} ", back),
            (f"{clean(str(subscription.instrument), 32)} ", back),
            (f"{self.timeframe} ", back),
        ]
        price = fmt.price(state.last_price, decimals)
        moved = f"{fmt.arrow(change)}{fmt.percent(change)} "
        truth = self._market.truth(subscription)
        two_rows = width < 60 + len(self._badge) and height >= 7
        if not two_rows:
            name += [
                (f" {price} ", back),
                (moved, back if self.is_chosen else on(colour, back)),
            ]
        first = title_row(
            width,
            name=name,
            badge=self._badge,
            truth=truth,
            now=self.now,
            look=look,
            focused=self.is_chosen,
            best=self._best_transport(subscription.instrument.venue),
            is_paused=self.is_paused,
        )
        if not two_rows:
            return [first]
        return [first, ((f" {price}  ", look.bold), (moved, colour))]
