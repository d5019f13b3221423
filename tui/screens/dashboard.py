"""The dashboard: candle panels, the book and the tape of the chosen one, watchlist, errors, metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widgets import Static

from tui.charts.glyphs import Glyphs
from tui.market.drawings import Drawings
from tui.model.health import AppHealth
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.screens.bindings import dashboard_bindings
from tui.screens.chart_actions import ChartActions
from tui.screens.depth_actions import DepthActions
from tui.screens.drawing_actions import DrawingActions
from tui.screens.error_actions import ErrorActions
from tui.screens.indicator_actions import IndicatorActions
from tui.screens.layout_actions import LayoutActions
from tui.screens.overlay_actions import OverlayActions
from tui.screens.panel_actions import PanelActions
from tui.screens.tape_actions import TapeActions
from tui.screens.watch_actions import WatchActions
from tui.session import Session
from tui.state import PanelState, State
from tui.widgets.best_prices import BestPrices
from tui.widgets.candle_panel import CandlePanel
from tui.widgets.depth_curve import DepthCurve
from tui.widgets.depth_ladder import DepthLadder
from tui.widgets.drawn import DrawingLayers
from tui.widgets.error_log import ErrorLogView
from tui.widgets.indicator_layers import IndicatorLayers
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_widget import LineWidget
from tui.widgets.metrics import MetricsView
from tui.widgets.overlaid_symbols import OverlaidSymbols
from tui.widgets.panel_grid import PanelGrid
from tui.widgets.status_bar import StatusBar
from tui.widgets.tape import TapeView
from tui.widgets.watchlist import HISTORY, Watchlist

SMALLEST = (28, 7)
"""Columns and rows below which only a sentence is shown."""


class Dashboard(
    PanelActions,
    ChartActions,
    IndicatorActions,
    DrawingActions,
    OverlayActions,
    WatchActions,
    ErrorActions,
    LayoutActions,
    TapeActions,
    DepthActions,
):
    """The main screen. It decides what is subscribed: what is shown, and tickers of the watchlist."""

    DEFAULT_CSS = """
    Dashboard { layout: vertical; overflow: hidden; }
    Dashboard #body { height: 1fr; }
    Dashboard #side { width: 44; margin-left: 1; }
    Dashboard.-normal #side { width: 39; }
    Dashboard.-narrow #side { width: 30; }
    Dashboard #watchlist { height: auto; max-height: 40%; }
    Dashboard #errors { height: 9; }
    Dashboard #metrics { height: 13; }
    Dashboard.-short #errors { height: 7; }
    Dashboard.-short #metrics { max-height: 60%; }
    Dashboard #tape { height: 0.8fr; }
    Dashboard.-narrow #watchlist, Dashboard.-narrow #tape { display: none; }
    Dashboard.-short #watchlist, Dashboard.-short #tape { display: none; }
    Dashboard.-narrow.-watching #book-side, Dashboard.-short.-watching #book-side { display: none; }
    Dashboard.-narrow.-watching #watchlist, Dashboard.-short.-watching #watchlist {
        display: block; height: 1fr; max-height: 100%;
    }
    Dashboard.-narrow.-watching #side { width: 40; }
    Dashboard #book-side { height: 1fr; }
    Dashboard.-no-book #book-side { display: none; }
    Dashboard.-narrow.-no-book #side, Dashboard.-short.-no-book #side { display: none; }
    Dashboard.-tiny #side { display: none; width: 1fr; margin-left: 0; }
    Dashboard.-tiny.-watching #side, Dashboard.-tiny.-tiny-book #side { display: block; }
    Dashboard.-tiny.-watching #grid, Dashboard.-tiny.-tiny-book #grid { display: none; }
    Dashboard.-narrow.-no-book.-watching #side, Dashboard.-short.-no-book.-watching #side {
        display: block;
    }
    Dashboard.-tiny #watchlist, Dashboard.-tiny #tape { display: none; }
    Dashboard.-tiny.-watching #book-side { display: none; }
    Dashboard.-tiny.-watching #watchlist { display: block; height: 1fr; max-height: 100%; }
    Dashboard.-tape-view #book-side { display: none; }
    Dashboard.-tape-view #tape { display: block; height: 1fr; }
    Dashboard.-narrow.-watching #tape, Dashboard.-short.-watching #tape,
    Dashboard.-tiny.-watching #tape { display: none; }
    Dashboard #too-small { display: none; width: 1fr; height: 1fr; content-align: center middle; }
    Dashboard.-too-small > * { display: none; }
    Dashboard.-too-small #too-small { display: block; }
    """

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - to mypy Textual declares it for instances
        (0, "-tiny"),
        (60, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - likewise

    BINDINGS: ClassVar[list[BindingType]] = [
        *dashboard_bindings(),
    ]

    paused: reactive[bool] = reactive(False, init=False)

    def __init__(
        self,
        session: Session,
        state: State,
        *,
        badge: str,
        status_badge: Callable[[], str],
        hint: str,
        zone: tzinfo,
        glyphs: Glyphs,
        program_health: Callable[[], AppHealth],
        is_debugging: Callable[[], bool] = lambda: False,
        retry_key: Callable[[], str] = lambda: "r",
        crosshair_sync: bool = True,
        hollow_up: bool = True,
        absent_flat: bool = False,
        key_of: Callable[[str], str] = lambda action: "",
        large_prints: Mapping[Instrument, float] | None = None,
        large_orders: Mapping[Instrument, float] | None = None,
    ) -> None:
        """Make the dashboard as `state` remembers it.

        `badge` marks every panel whose data is not live, `status_badge` says the same in the status
        bar, `hint` is one line on how to go live; `program_health` gives the program's own figures,
        `retry_key` the key that connects anew; `crosshair_sync` lets all panels show where one points;
        `hollow_up` and `absent_flat` say how candles are drawn;
        `key_of` gives an action's key as people read it; `large_prints` are sizes from which a print is
        large, where the user set one, `large_orders` those of orders in the book.
        """
        super().__init__()
        self.session = session
        self.crosshair_sync = crosshair_sync
        self.key_of = key_of
        self.layouts = state.layouts
        market = session.market
        self.panels = [
            CandlePanel(
                market,
                number,
                badge=badge,
                best_transport=session.best_transport,
                glyphs=glyphs,
                hollow_up=hollow_up,
                absent_flat=absent_flat,
                id=f"panel-{number}",
            )
            for number in range(1, 10)
        ]
        for panel, held in zip(self.panels, state.panels, strict=False):
            panel.set_reactive(CandlePanel.instrument, held.instrument)
            panel.set_reactive(CandlePanel.timeframe, held.timeframe)
            panel.set_reactive(CandlePanel.view, held.view)
        overlaid = OverlaidSymbols(market, zone=zone)
        for panel in self.panels:
            panel.sources.append(overlaid)
        spare = [i for i in state.watchlist if i not in {held.instrument for held in state.panels}]
        for panel, instrument in zip(
            self.panels[len(state.panels) : state.grid], spare, strict=False
        ):
            panel.set_reactive(CandlePanel.instrument, instrument)
            panel.set_reactive(CandlePanel.timeframe, self.panels[0].timeframe)
        self.drawings = Drawings(state.drawings)
        self.drawn = DrawingLayers(self.drawings)
        heat, indicators = self.make_heat(market), IndicatorLayers(market, zone=zone)
        for panel in self.panels:
            panel.sources += [heat, indicators, self.drawn]
        self.grid = PanelGrid(self.panels, id="grid")
        self.grid.set_reactive(PanelGrid.count, state.grid)
        self.grid.set_reactive(PanelGrid.chosen, min(state.focused, state.grid - 1))
        self.watchlist = Watchlist(market, badge=badge, glyphs=glyphs, id="watchlist")
        self.watchlist.set_reactive(Watchlist.instruments, tuple(state.watchlist))
        best = session.best_transport
        self.ladder = DepthLadder(
            market,
            badge=badge,
            best_transport=best,
            glyphs=glyphs,
            large_sizes=large_orders,
            id="ladder",
        )
        self.curve = DepthCurve(market, badge=badge, best_transport=best, glyphs=glyphs, id="curve")
        self.bests = BestPrices(
            market, self.histories, badge=badge, best_transport=best, glyphs=glyphs, id="bests"
        )
        self.tape = TapeView(
            market,
            badge=badge,
            best_transport=best,
            zone=zone,
            glyphs=glyphs,
            large_sizes=large_prints,
            id="tape",
        )
        errors = session.errors
        self.errors = ErrorLogView(errors.records, lambda: errors.revision, zone=zone, id="errors")
        self.metrics = MetricsView(session.health, program_health, glyphs=glyphs, id="metrics")
        self.status_bar = StatusBar(
            session.health,
            lambda: len(errors),
            badge=status_badge,
            hint=hint,
            zone=zone,
            is_debugging=is_debugging,
            retry_key=retry_key,
            state_of=market.notices.status,
            id="status",
        )
        self.key_bar = KeyBar(id="keys")
        self.book_view = state.book_view
        # Kept beside the widgets' own `display`, which Textual switches off when it takes them down.
        self._shown = {
            "book": state.book_shown,
            "errors": state.errors_shown,
            "metrics": state.metrics_shown,
        }

    def compose(self) -> ComposeResult:
        yield self.status_bar
        with Horizontal(id="body"):
            yield self.grid
            with Vertical(id="side"):
                yield self.watchlist
                with Vertical(id="book-side"):
                    yield self.ladder
                    yield self.curve
                    yield self.bests
                yield self.tape
        yield self.errors
        yield self.metrics
        yield self.key_bar
        yield Static("tradetui needs a little more room", id="too-small", markup=False)

    def on_mount(self) -> None:
        self._show_panes()

    def on_resize(self) -> None:
        size = self.app.size
        self.set_class(size.width < SMALLEST[0] or size.height < SMALLEST[1], "-too-small")
        self._show_logs()
        self.call_after_refresh(self.follow)

    # -- what is subscribed ----------------------------------------------------------------

    def wanted(self) -> set[Subscription]:
        """Everything that is shown now, and the tickers of the watchlist."""
        found = {
            Subscription(instrument, Channel.TICKER) for instrument in self.watchlist.instruments
        }
        for panel in self.grid.visible_panels:
            candles = panel.subscription
            if candles is not None:
                found.add(candles)
                found.add(Subscription(candles.instrument, Channel.TICKER))
                found.add(Subscription(candles.instrument, Channel.TRADES))
        if self.chosen.instrument is not None:
            found.add(Subscription(self.chosen.instrument, Channel.BOOK))
        return found | self.overlaid() | self.heated()

    def state(self) -> State:
        """What the next run should remember."""
        return State(
            watchlist=self.watchlist.instruments,
            panels=tuple(
                PanelState(panel.instrument, panel.timeframe, panel.view)
                for panel in self.panels
                if panel.instrument is not None
            ),
            grid=self.grid.count,
            theme=self.app.theme,
            focused=self.grid.chosen,
            book_view=self.book_view,
            book_shown=self._shown["book"],
            errors_shown=self._shown["errors"],
            metrics_shown=self._shown["metrics"],
            drawings=self.drawings.all(),
            layouts=self.layouts,
        )

    def instruments(self) -> list[Instrument]:
        """Everything that the screen may show without a search, the panels' first."""
        held = [panel.instrument for panel in self.panels if panel.instrument is not None]
        over = [instrument for panel in self.panels for instrument in panel.view.overlays]
        return list(dict.fromkeys([*held, *self.watchlist.instruments, *over]))

    def follow(self) -> None:
        """Bring everything in line with the chosen panel and with what is shown."""
        if not self.is_mounted:
            return
        instrument = self.chosen.instrument
        self.ladder.instrument = self.curve.instrument = self.tape.instrument = instrument
        self.bests.instrument = instrument
        self.watchlist.styles.height = (
            None if self.has_class("-watching") else len(self.watchlist.instruments) + 1
        )
        self.session.focus([instrument] if instrument is not None else [])
        self.session.want(self.wanted())
        self.fetch_history()
        self.frame(self.session.clock.time_ns())

    def fetch_history(self) -> None:
        """Get the candles of the watchlist's small histories, where they are missing or old."""
        self.app.run_worker(
            self.session.fetch_history(self.watchlist.instruments, HISTORY),
            name="watchlist histories",
            group="watchlist histories",
            exit_on_error=False,
        )

    def feed_opened(self) -> None:
        """A venue can now be asked."""
        self.follow()

    # -- the frame -------------------------------------------------------------------------

    def frame(self, now: int, real_now: int | None = None) -> None:
        """Let every widget that is shown look at the market again.

        `real_now` is the time outside, where `now` is that of a recording.
        """
        self.status_bar.sync(now)
        self.metrics.sync(now if real_now is None else real_now)
        if self.errors.display:
            self.errors.sync(now)
        self.look_back()
        self.sample_books(now)
        if self.paused:
            return
        for panel in self.grid.visible_panels:
            panel.sync(now)
        for widget in (self.watchlist, self.ladder, self.tape, self.curve, self.bests):
            if widget.is_on_screen:
                widget.sync(now)

    def watch_paused(self) -> None:
        self.status_bar.paused = self.paused
        shown: list[LineWidget] = [*self.panels, self.watchlist, self.ladder, self.bests, self.tape]
        for widget in shown:
            widget.pause(self.paused)
        self.curve.pause(self.paused)

    def last_health(self) -> AppHealth:
        """The program's figures of the last second."""
        return self.metrics.program

    def repaints(self) -> dict[str, int]:
        """How often each widget that is shown was painted anew since the start, most first."""
        shown = [
            widget for widget in self.query(LineWidget) if widget.is_on_screen and widget.repaints
        ]
        shown.sort(key=lambda widget: -widget.repaints)
        return {widget.id or widget.css_identifier: widget.repaints for widget in shown}

    # -- actions ---------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("filter_errors", "copy", "clear_errors"):
            return self._shown["errors"]
        if action in ("book_view", "group_finer", "group_coarser", "level_up", "level_down"):
            return self._shown["book"]
        if action == "end_level":
            return self.ladder.cursor is not None
        if action == "stop_watching":
            return self.has_class("-watching")
        return True

    def _toggle(self, pane: str) -> None:
        self._shown[pane] = not self._shown[pane]
        self._show_panes()

    def show_panes(self, *, book: bool, errors: bool, metrics: bool, book_view: str) -> None:
        """Show these panes and no others."""
        self._shown = {"book": book, "errors": errors, "metrics": metrics}
        self.book_view = book_view
        self._show_panes()

    def _show_panes(self) -> None:
        self.set_class(not self._shown["book"], "-no-book")
        self._show_logs()
        self.show_book_view(self.book_view)
        self.refresh_bindings()
        self.call_after_refresh(self.follow)

    def _show_logs(self) -> None:
        roomy = not self.has_class("-too-small")
        self.errors.display = self._shown["errors"] and roomy
        self.metrics.display = self._shown["metrics"] and roomy

    def action_book(self) -> None:
        if self.has_class("-tiny"):
            self.toggle_class("-tiny-book")
            self.call_after_refresh(self.follow)
        else:
            self._toggle("book")

    def action_errors(self) -> None:
        self._toggle("errors")

    def action_metrics(self) -> None:
        self._toggle("metrics")

    def action_pause(self) -> None:
        self.paused = not self.paused

    def action_reconnect(self) -> None:
        self.session.retry()
