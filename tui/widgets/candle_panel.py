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
from tui.model.chart import PanelView
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
        self.wants: tuple[Subscription, int] | None = None
        """The candles that the chart shows, and the time (ns) back to which they should be held, 0 for
        all that there are; None where nobody can tell."""
        self._room_of: tuple[PanelView | None, int, tuple[int, int]] = (None, 0, (1, 0))
        self._facts: Hashable = None
        self._painted: Hashable = None

    def watch_is_chosen(self) -> None:
        if not self.is_chosen:
            self.stop_pointing()
        self.sync(self.now)

    # -- the picture -----------------------------------------------------------------------

    def fingerprint(self, now: int) -> Hashable:
        # Asked for ten times a second by each panel: what is reactive is read once.
        subscription, view = self.subscription, self.view
        if subscription is None:
            self.wants = None
            return self.is_chosen
        state = self._market[subscription.instrument]
        truth = self._market.truth(subscription)
        series = state.series(self.timeframe)
        self._viewport.begins = series.past.begins
        sight = self._sight(state, view, now)
        since = self._viewport.wanted_since(
            series.times, self._room(view)[0], view, sight.timeframe
        )
        self.wants = None if since is None else (subscription, since)
        self._facts = (
            subscription,
            self.is_chosen,
            series.revision,
            view,
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
        )
        return self._facts, now // _LEAST_FRAME_NS  # the countdown

    def rows(self, width: int, height: int, look: Look) -> Sequence[Row]:
        subscription = self.subscription
        if subscription is None:
            return self._nothing_chosen(width, height, look)
        state, view = self._market[subscription.instrument], self.view
        series = state.series(self.timeframe)
        slots, ahead = self._room(view)
        self._viewport.settle(series.times, slots, view)
        offset = self._viewport.offset(series.times, slots, view)
        title = chart_title(self._heading(subscription, state), width, height, look)
        self._top = len(title)
        # Nothing but the countdown changes once a second of a market at rest.
        painting = (
            self._facts,
            self._painter,
            (width, height - self._top, slots, offset, ahead),
            (chart_palette(self.app), self.glyphs, has_fine_colours(self.app)),
        )
        if painting == self._painted and (held := self._painter.count_down(self.now)) is not None:
            return [*title, *held]
        self._painted = painting
        sight = self._sight(state, view, self.now)
        chart = self._painter.paint(
            state.carried_candles(self.timeframe),
            width=width,
            height=height - self._top,
            timeframe=self.timeframe,
            price_decimals=sight.decimals,
            palette=chart_palette(self.app),
            glyphs=self.glyphs,
            style=view.style,
            price_scale=view.scale,
            now_ns=self.now,
            last_price=state.last_price,
            is_stale=self._market.truth(subscription).status is SubscriptionStatus.STALE,
            columns=view.columns,
            merge=view.merge,
            offset=max(offset - ahead, 0),
            margin=max(ahead - offset, 0) // view.merge,
            hollow_up=self._hollow_up,
            absent_flat=self._absent_flat,
            fine_colours=has_fine_colours(self.app),
            holes=series.holes,
            panes=[pane for source in self.sources for pane in source.panes(sight)],
            layers=put_together(
                [source.layers(sight) for source in self.sources], self._crosshair()
            ),
            message="" if len(series) else self._message(subscription),
            past=(subscription, series.past_revision),
        )
        return [*title, *chart]

    def _nothing_chosen(self, width: int, height: int, look: Look) -> Sequence[Row]:
        back = look.title_focused if self.is_chosen else look.title
        heading = ((f" {self._number} ".ljust(width), back),)
        blank: list[Row] = [((" ", look.base),)] * max(0, (height - 2) // 2)
        return [heading, *blank, (("press / to choose a symbol".center(width), look.muted),)]

    def _sight(self, state: InstrumentState, view: PanelView, now: int) -> Sight:
        timeframe = self.timeframe
        times = state.series(timeframe).times
        since, until = self._span(times, view)
        return Sight(
            panel=self.id or "",
            instrument=state.instrument,
            timeframe=timeframe,
            view=view,
            since=since,
            until=until,
            is_now=bool(times) and until == times[-1],
            cross=self._pointer.time,
            now=now,
            decimals=fmt.price_decimals(state.info, state.last_text),
        )

    def _span(self, times: Sequence[int], view: PanelView) -> tuple[int, int]:
        """Open times (ns) of the oldest and the newest candle in sight; zeros without candles."""
        slots, ahead = self._room(view)
        since, until = self._viewport.span(times, slots, view)
        if ahead and times:
            offset = self._viewport.offset(times, slots, view)
            until = times[len(times) - 1 - max(offset - ahead, 0)]
        return since, until

    def _room(self, view: PanelView) -> tuple[int, int]:
        """Bars that there is room for, and candles that are kept free behind the right edge, for what
        is drawn ahead of the newest."""
        slots = super()._slots
        if view is not self._room_of[0] or slots != self._room_of[1]:
            wanted = max([source.ahead(view) for source in self.sources], default=0)
            ahead = min(wanted, int(slots * _MOST_AHEAD) * view.merge)
            self._room_of = (view, slots, (max(slots - ahead // view.merge, 1), ahead))
        return self._room_of[2]

    @property
    def _slots(self) -> int:
        return self._room(self.view)[0]

    def _crosshair(self) -> Crosshair | None:
        if self._pointer.cross is None and self.shadow is not None:
            return Crosshair(self.timeframe.floor(self.shadow))
        return self._pointer.cross

    def _heading(self, subscription: Subscription, state: InstrumentState) -> Heading:
        series, pointer = state.series(self.timeframe), self._pointer
        times = series.times
        geometry = self._painter.geometry
        decimals = fmt.price_decimals(state.info, state.last_text)
        since, until = self._span(times, self.view)
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
