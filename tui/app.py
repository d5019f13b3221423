"""The Textual application: it wires source, session and screens, and beats the frame clock."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from textual import events
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerError, WorkerState

from tui import locations
from tui.alerting import ROOMY
from tui.commanding import CommandActions
from tui.config import Colours
from tui.debug_log import DebugLog
from tui.event_loop import new_event_loop
from tui.feed.activity import Activity
from tui.feed.clock import Clock, SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.redaction import Redactor
from tui.feed.trace import TraceKind
from tui.feed.vigil import MachineSenses
from tui.glyph_choice import choose_glyphs
from tui.keymap import changed_keys
from tui.launch import Launch
from tui.log_file import LogFile, describe_error
from tui.model.health import ErrorCategory, ErrorRecord
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.opening import VenueOpening
from tui.painting import Painting
from tui.picturing import PictureActions
from tui.program_figures import ProgramFigures
from tui.replaying import ReplayActions
from tui.screens.announcements import AnnouncementsScreen
from tui.screens.compare import CompareScreen, find_comparable
from tui.screens.connections import ConnectionsScreen
from tui.screens.dashboard import Dashboard
from tui.screens.symbol_search import SymbolSearch
from tui.session import Session
from tui.sources import Source, choose_source
from tui.state import load_state, save_state
from tui.terminal.alt_digits import hear_alt_digits
from tui.terminal.clipboard import keep_copy, pass_copy
from tui.terminal.detection import can_erase, choose_mouse, find_multiplexer, taken_for
from tui.terminal.key_order import OrderedKeys
from tui.terminal.listening import has_hung_up
from tui.terminal.pacing import Rest
from tui.themes import to_textual, variable_defaults

if TYPE_CHECKING:
    from tui.sim.process import SimProcess

_SAVE_EVERY_S = 5.0
_HISTORY_EVERY_S = 60.0
_LAST_S = 2.0
_PERFORMANCE_EVERY_S = 10.0
_ALERTS_EVERY_S = 1.0
_SERVER_EVERY_S = 2.0
_COLLECT_AFTER = (20_000, 20, 50)  # objects made, and collections of younger ones
_NOTICE = 300  # characters: a notice must not cover the screen


class TradeTuiApp(
    Painting, VenueOpening, ReplayActions, PictureActions, CommandActions, OrderedKeys[int]
):
    """Live markets in a terminal."""

    TITLE = "tradetui"
    CSS = """
    Toast { max-width: 60; }
    .-cramped ToastRack { margin-bottom: 0; max-height: 2; overflow: hidden; }
    .-cramped Toast {
        width: 100%; max-width: 100%; height: 1; margin: 0; padding: 0 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", show=False, priority=True)]

    def __init__(
        self,
        launch: Launch,
        source: Source,
        *,
        rng: random.Random | None = None,
        frame_clock: bool = True,
    ) -> None:
        """Make the application; `frame_clock` is off in tests, which call `frame` themselves."""
        super().__init__()
        self._launch = launch
        self._source = source
        self._frame_clock = frame_clock
        # A recording's time stands still in a pause and may run fast; the program's own does not.
        self._real: Clock = source.clock if source.replay is None else SystemClock()
        self._redactor = Redactor()
        self._log_file = LogFile(locations.log_file())
        self._debug_log = DebugLog(
            locations.debug_file(), clock=self._real, redactor=self._redactor
        )
        self._activity = Activity(self._real)
        self._rest = Rest()
        self.pacer.wanted_rate = launch.settings.frame_rate
        self.pacer.low_bandwidth = launch.settings.low_bandwidth
        self.environment = taken_for(os.environ, launch.settings.multiplexer)
        self.can_erase = can_erase(self.environment)
        self.synchronised = launch.settings.synchronised
        self.bracketed_paste = launch.settings.bracketed_paste
        if launch.settings.colours is not Colours.AUTO:
            self.colour_depth = launch.settings.colours
        self._figures = ProgramFigures(
            self._real, self.terminal_meter, self.pacer, lambda: self.terminal_backlog
        )
        self.session = self._make_session(rng or random.Random())
        self._state, problem = load_state(launch)
        for text in (*launch.problems, problem, self._log_file.problem):
            if text:
                self.report_config(text)
        self._dress()
        self.dashboard = self._make_dashboard()
        self.start_alerts()

    def _dress(self) -> None:
        """Put the theme on before anything is drawn; put on later, all styles would be made twice."""
        self._themes = [to_textual(theme) for theme in self._launch.themes.values()]
        for theme in self._themes:
            self.register_theme(theme)
        self.set_reactive(TradeTuiApp.theme, self._first_theme())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def _make_session(self, rng: random.Random) -> Session:
        clock, settings = self._source.clock, self._launch.settings.limits
        if self._source.replay is not None:
            # A recording's time may stand still, and then no batch would ever be due.
            settings = msgspec.structs.replace(settings, flush_interval_s=0.0)
        return Session(
            clock=clock,
            rng=rng,
            errors=ErrorLog(clock, write=self._write_error, redactor=self._redactor),
            settings=settings,
            start=self.start_work,
            redactor=self._redactor,
            activity=self._activity,
            trace=self._debug_log,
            venue_wanted=self.venue_wanted,
        )

    def _make_dashboard(self) -> Dashboard:
        settings = self._launch.settings
        self._glyphs = choose_glyphs(settings.glyphs, self.environment)
        self.canvas.is_ascii = self._glyphs.name == "ascii"
        self._zone: tzinfo = UTC if settings.time_zone == "UTC" else ZoneInfo(settings.time_zone)
        return Dashboard(
            self.session,
            self._state,
            badge=self._source.badge,
            status_badge=self._source.status,
            hint=self._source.hint,
            zone=self._zone,
            glyphs=self._glyphs,
            program_health=self._health,
            is_debugging=lambda: self._debug_log.is_on,
            retry_key=lambda: self.key_of("reconnect"),
            key_of=self.key_of,
            large_prints=settings.large_prints,
            large_orders=settings.large_orders,
            crosshair_sync=settings.crosshair_sync,
            hollow_up=settings.hollow_candles,
            absent_flat=settings.limits.flat_candles,
        )

    # -- Textual's hooks -------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def get_default_screen(self) -> Screen[None]:
        return self.dashboard

    def on_mount(self) -> None:
        hear_alt_digits()
        self.set_keymap(changed_keys(self._launch.settings.keys))
        if self._launch.debug:
            self.action_debug()
        self.start_work("open source", self.open_source())
        if self._launch.comparing:
            self._compare(self._launch.instruments)
        # Whoever is stopped may be ended before it goes on.
        self.app_suspend_signal.subscribe(self, lambda _: self._save_state(), immediate=True)
        if self._frame_clock:
            if self._source.replay is None:
                self.session.watch_machine(MachineSenses())
            self.set_interval(_PERFORMANCE_EVERY_S, self._note_performance)
            self.set_interval(1 / self._launch.settings.frame_rate, self._beat)
            self.set_interval(_SAVE_EVERY_S, self._save_state)
            self.set_interval(_ALERTS_EVERY_S, self.check_alerts)
            if self.is_web:
                self.set_interval(_SERVER_EVERY_S, self._leave_with_server)
            self.set_interval(_HISTORY_EVERY_S, self.dashboard.fetch_history)

    async def on_unmount(self) -> None:
        self._save_state()
        # What still runs could open another connection behind the close, or start what does.
        while running := [worker for worker in self.workers if not worker.is_finished]:
            for worker in running:
                worker.cancel()
            for worker in running:
                # One that was told in the moment of a time-out of its own may not have heard it.
                with suppress(WorkerError, TimeoutError):
                    async with asyncio.timeout(_LAST_S):
                        await worker.wait()
            await asyncio.sleep(0)
        await self.session.close()
        await self._source.close()
        self._debug_log.close()
        self._log_file.close()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.MouseEvent | events.Paste):
            self._activity.touch()
        await super().on_event(event)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self.session.errors.report(
                ErrorCategory.SERVER,
                f"{event.worker.name} ended: {type(error).__name__}: {error}",
            )

    def on_resize(self, event: events.Resize) -> None:
        # One line at the bottom edge: nothing of a dialog is beneath it.
        self.set_class(event.size.height < ROOMY, "-cramped")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action.startswith("replay_"):
            return self._source.replay is not None
        return super().check_action(action, parameters)

    # -- actions ---------------------------------------------------------------------------

    async def action_connections(self) -> None:
        # Waited for, here and below, so that the keys that follow find the screen.
        await self.push_screen(
            ConnectionsScreen(self.session, self._zone, self._source.clock.time_ns)
        )

    async def action_announcements(self) -> None:
        await self.push_screen(
            AnnouncementsScreen(
                self.session.market,
                badge=self._source.badge,
                glyphs=self._glyphs,
                zone=self._zone,
                now=self._source.clock.time_ns,
            )
        )

    def action_compare(self) -> None:
        """Compare the chosen panel's market with the same at other venues."""
        chosen = self.dashboard.chosen.instrument
        self._compare(find_comparable(chosen, self.dashboard.instruments(), self.session.market))

    def _compare(self, instruments: Sequence[Instrument]) -> None:
        if len(instruments) < 2:
            self.notify(
                "there is nothing to compare: watch the same at another venue",
                markup=False,
                timeout=5,
            )
            return
        self.push_screen(
            CompareScreen(
                self.session,
                instruments,
                self.dashboard.chosen.timeframe,
                badge=self._source.status,
                glyphs=self._glyphs,
                now=self._source.clock.time_ns,
            )
        )

    def action_debug(self) -> None:
        """Begin or end to write down what connections do."""
        log = self._debug_log
        log.switch(not log.is_on)
        if not log.is_on:
            self.notify("debug mode is off", markup=False, timeout=3)
        elif log.problem:
            self.report_config(log.problem)
            self.notify(clean(log.problem, _NOTICE), severity="error", markup=False)
            log.switch(False)
        else:
            self.notify(clean(f"debug mode: writing {log.path}", _NOTICE), markup=False, timeout=6)

    def copy_to_clipboard(self, text: str) -> None:
        settings = self._launch.settings
        if not settings.clipboard:
            keep_copy(self, text)
            return
        super().copy_to_clipboard(text)
        if settings.passthrough:
            pass_copy(self, text, find_multiplexer(self.environment).name)

    async def action_search(self) -> None:
        def chosen(instrument: Instrument | None) -> None:
            if instrument is not None:
                self.dashboard.add_to_watchlist(instrument)
                self.dashboard.show_instrument(instrument)

        await self.push_screen(
            SymbolSearch(
                self.session.instruments,
                self.dashboard.add_to_watchlist,
                openable=self.openable_venues(),
            ),
            chosen,
        )

    # -- inside ----------------------------------------------------------------------------

    def _write_error(self, record: ErrorRecord) -> None:
        self._log_file.write(record)
        if self._debug_log.is_on:
            self._debug_log.note(TraceKind.ERROR, record.venue, describe_error(record))

    def _first_theme(self) -> str:
        """The remembered or set theme; Textual's own where a file of that name is gone."""
        return self._state.theme if self._state.theme in self.available_themes else self.theme

    def _leave_with_server(self) -> None:
        """Do not outlive what serves the browser: nobody could ever see us again."""
        if has_hung_up(sys.__stdin__.fileno() if sys.__stdin__ else 0):
            self.exit()

    def _save_state(self) -> None:
        if not self.dashboard.is_mounted:
            return
        state = self.with_alerts(self.dashboard.state())
        if state == self._state:
            return
        try:
            save_state(state, self._launch)
        except OSError as error:
            self.session.errors.report(
                ErrorCategory.CONFIG,
                f"the state file {locations.state_file()} cannot be written: {error.strerror}",
            )
        self._state = state


def run(launch: Launch, sim: SimProcess | None = None) -> int:
    """Run the program until the user leaves it; returns the exit code.

    `sim` is the embedded market's process, where the launch needs one.

    Raises:
        RecordingError: the recording cannot be played.
    """
    source = choose_source(launch, sim)
    launch = msgspec.structs.replace(
        launch,
        instruments=launch.instruments or source.instruments[:4],
        watchlist=launch.watchlist or source.instruments,
    )
    app = TradeTuiApp(launch, source)
    # What lives as long as the program is never garbage: looking through it again and again holds up
    # frames for a tenth of a second.
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        mouse = choose_mouse(launch.settings.mouse, app.environment).value == "on"
        app.run(mouse=mouse, loop=runner.get_loop())
    return app.return_code or 0
