"""A candle panel: one instrument in one timeframe, with a title that says how fresh it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui.charts.geometry import Geometry
from tui.charts.glyphs import Glyphs
from tui.charts.layers import Crosshair
from tui.market.candle_series import UNASKED
from tui.market.market import InstrumentState, Market
from tui.model.subscription import Subscription, SubscriptionStatus
from tui.model.text import clean
from tui.model.transport import TransportKind
from tui.widgets import format as fmt
from tui.widgets.chart_layers import LayerSource, Sight, put_together
from tui.widgets.chart_mouse import MouseChart
from tui.widgets.chart_title import Heading, chart_title
from tui.widgets.line_widget import Row
from tui.widgets.look import Look, chart_palette, group_mark, has_fine_colours
from tui.widgets.title import nothing_known
from tui.widgets.venue_studies import VenueStudies

_PAGE = 10
_LEAST_FRAME_NS = 1_000_000_000
_MOST_AHEAD = 0.3
"""No more of the chart than this is kept free."""


class CandlePanel(MouseChart, can_focus=True):
    """Candles, volume and axes of one instrument, and whatever its `sources` add to them.

    A click chooses it; one into the chosen panel points at a candle, another one ends that.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "point(0, -1)", show=False),
        Binding("down", "point(0, 1)", show=False),
        Binding("shift+up", f"point(0, -{_PAGE})", show=False),
        Binding("shift+down", f"point(0, {_PAGE})", show=False),
        Binding("escape", "stop_pointing", "end crosshair"),
        Binding("enter", "answer('accept')", show=False),
        Binding("tab", "answer('corner')", show=False),
        Binding("x,delete", "answer('delete')", show=False),
    ]

    task_note: reactive[str] = reactive("", init=False, repaint=False)
    """What is being done where the chart points, and by which keys; "" for nothing."""

    is_chosen: reactive[bool] = reactive(False, init=False, repaint=False)
    """True for the panel that drives ladder and tape."""

    class Chosen(Message):
        """The user clicked this panel."""

        def __init__(self, panel: CandlePanel) -> None:
            super().__init__()
            self.panel = panel

    class Answered(Message):
        """A key was pressed that the task of the panel takes: "accept", "corner" or "delete"."""

        def __init__(self, panel: CandlePanel, answer: str) -> None:
            super().__init__()
            self.panel = panel
            self.answer = answer

    def __init__(
        self,
        market: Market,
        number: int,
        *,
        badge: str = "",
        best_transport: Callable[[str], TransportKind | None] = nothing_known,
        glyphs: Glyphs,
        hollow_up: bool = True,
        absent_flat: bool = False,
        id: str | None = None,
    ) -> None:
        """Make a panel. `number` is its digit key; `badge` marks data that is not live;
        `best_transport` gives what a venue offers; `hollow_up`: rising candles are hollow;
        `absent_flat`: candles without a trade are flat instead of absent."""
        super().__init__(market, id=id)
        self._number = number
        self._badge = badge
        self._best_transport = best_transport
        self.glyphs = glyphs
        self._hollow_up = hollow_up
        self._absent_flat = absent_flat
        self.sources: list[LayerSource] = [VenueStudies(market)]
        """What adds to the chart, in the order in which it is drawn."""

    def watch_is_chosen(self) -> None:
        if not self.is_chosen:
            self.stop_pointing()
        self.sync(self.now)

    # -- the picture -----------------------------------------------------------------------

    def fingerprint(self, now: int) -> Hashable:
        subscription = self.subscription
        if subscription is None:
            return self.is_chosen
        state = self._market[subscription.instrument]
        truth = self._market.truth(subscription)
        sight = self._sight(state, now)
        return (
            subscription,
            self.is_chosen,
            state.series(self.timeframe).revision,
            self.view,
            self._viewport.anchor,
            self._viewport.seeks_first,
            self._pointer.cross,
            self.shadow,
            self.task_note,
            tuple([source.revision(sight) for source in self.sources]),
            state.last_text,
            state.ticker_revision,
            state.info,
            truth.status,
            truth.reason,
            truth.transport,
            now // _LEAST_FRAME_NS,  # the countdown
        )

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        subscription = self.subscription
        if subscription is None:
            return self._nothing_chosen(width, height, look)
        state = self._market[subscription.instrument]
        series = state.series(self.timeframe)
        self._viewport.settle(series.times, self._slots, self.view)
        offset = self._viewport.offset(series.times, self._slots, self.view)
        title = chart_title(self._heading(subscription, state), width, height, look)
        self._top = len(title)
        sight = self._sight(state, self.now)
        chart = self._painter.paint(
            state.carried_candles(self.timeframe),
            width=width,
            height=height - self._top,
            timeframe=self.timeframe,
            price_decimals=sight.decimals,
            palette=chart_palette(self.app),
            glyphs=self.glyphs,
            style=self.view.style,
            price_scale=self.view.scale,
            now_ns=self.now,
            last_price=state.last_price,
            columns=self.view.columns,
            merge=self.view.merge,
            offset=max(offset - self._ahead, 0),
            margin=max(self._ahead - offset, 0) // self.view.merge,
            hollow_up=self._hollow_up,
            absent_flat=self._absent_flat,
            fine_colours=has_fine_colours(self.app),
            holes=series.holes,
            panes=[pane for source in self.sources for pane in source.panes(sight)],
            layers=put_together(
                [source.layers(sight) for source in self.sources], self._crosshair()
            ),
            message="" if len(series) else self._message(subscription),
        )
        return [*title, *chart]

    def _nothing_chosen(self, width: int, height: int, look: Look) -> Sequence[Row]:
        back = look.title_focused if self.is_chosen else look.title
        heading = ((f" {self._number} ".ljust(width), back),)
        blank: list[Row] = [((" ", look.base),)] * max(0, (height - 2) // 2)
        return [heading, *blank, (("press / to choose a symbol".center(width), look.muted),)]

    def _sight(self, state: InstrumentState, now: int) -> Sight:
        times = state.series(self.timeframe).times
        since, until = self._span(times)
        return Sight(
            panel=self.id or "",
            instrument=state.instrument,
            timeframe=self.timeframe,
            view=self.view,
            since=since,
            until=until,
            is_now=bool(times) and until == times[-1],
            cross=self._pointer.time,
            now=now,
            decimals=fmt.price_decimals(state.info, state.last_text),
        )

    def _span(self, times: Sequence[int]) -> tuple[int, int]:
        """Open times (ns) of the oldest and the newest candle in sight; zeros without candles."""
        since, until = self._viewport.span(times, self._slots, self.view)
        if times:
            offset = self._viewport.offset(times, self._slots, self.view)
            until = times[len(times) - 1 - max(offset - self._ahead, 0)]
        return since, until

    @property
    def _ahead(self) -> int:
        """Candles that are kept free behind the right edge, for what is drawn ahead of the newest."""
        wanted = max([source.ahead(self.view) for source in self.sources], default=0)
        return min(wanted, int(super()._slots * _MOST_AHEAD) * self.view.merge)

    @property
    def _slots(self) -> int:
        return max(super()._slots - self._ahead // self.view.merge, 1)

    def _crosshair(self) -> Crosshair | None:
        if self._pointer.cross is None and self.shadow is not None:
            return Crosshair(self.timeframe.floor(self.shadow))
        return self._pointer.cross

    def _heading(self, subscription: Subscription, state: InstrumentState) -> Heading:
        series, pointer = state.series(self.timeframe), self._pointer
        times = series.times
        geometry = self._painter.geometry
        decimals = fmt.price_decimals(state.info, state.last_text)
        since, until = self._span(times)
        begins_here = bool(times) and since == times[0]
        return Heading(
            number=self._number,
            badge=self._badge,
            subscription=subscription,
            state=state,
            decimals=decimals,
            view=self.view,
            truth=self._market.truth(subscription),
            now=self.now,
            best=self._best_transport(subscription.instrument.venue),
            is_chosen=self.is_chosen,
            is_paused=self.is_paused,
            until=None if self._viewport.follows else until,
            seeks_first=self._viewport.seeks_first,
            past=series.past if begins_here or not series.past.begins else UNASKED,
            points=self.points,
            task=self.task_note,
            bar=None if geometry is None or pointer.time is None else geometry.bar_at(pointer.time),
            measured=pointer.measured(times, self.view.merge),
            price_width=0 if geometry is None else _price_width(geometry, decimals),
            group=group_mark(self.app, self.view.group),
        )

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

    # -- keys ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer":
            return bool(self.task_note)
        return self.points if action in ("point", "stop_pointing") else True

    def action_answer(self, answer: str) -> None:
        self.post_message(self.Answered(self, answer))

    def action_point(self, bars: int, rows: int) -> None:
        self.point_on(bars, rows)

    def action_stop_pointing(self) -> None:
        self.stop_pointing()

    def was_clicked(self, column: int, row: int) -> None:
        if not self.is_chosen or row < self._top:
            self.post_message(self.Chosen(self))
        elif self.task_note:
            self.post_message(self.Answered(self, "accept"))
        else:
            super().was_clicked(column, row)


def _price_width(geometry: Geometry, decimals: int) -> int:
    """Characters of the longest price in sight."""
    prices = (max(bar.high for bar in geometry.bars), min(bar.low for bar in geometry.bars))
    return max(len(fmt.price(price, decimals)) for price in prices)
