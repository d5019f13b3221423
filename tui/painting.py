"""Part of the app: the frame clock, and how it does."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from time import thread_time

from tui.debug_log import DebugLog
from tui.feed.activity import Activity
from tui.feed.clock import Clock
from tui.launch import Launch
from tui.model.health import AppHealth
from tui.program_figures import ProgramFigures
from tui.screens.dashboard import Dashboard
from tui.screens.live import LiveScreen
from tui.session import Session
from tui.sources import Source
from tui.terminal.diffing_app import DiffingApp
from tui.terminal.pacing import Rest

_MOST_REPAINTED = 4


class Painting(DiffingApp[int]):
    """Part of the app."""

    dashboard: Dashboard
    session: Session
    _launch: Launch
    _source: Source
    _real: Clock
    _activity: Activity
    _rest: Rest
    _figures: ProgramFigures
    _debug_log: DebugLog

    def frame(self) -> None:
        """Paint what changed since the last frame."""
        self._figures.note_frame()
        if self.screen_stack and self.dashboard.is_mounted:
            now = self._source.clock.time_ns()
            real = None if self._source.replay is None else self._real.time_ns()
            self.dashboard.frame(now, real)
            if isinstance(self.screen, LiveScreen):
                self.screen.frame(now)

    def _beat(self) -> None:
        """Paint a frame, or skip it where the link or the processor takes fewer."""
        if self.is_behind or not self.pacer.is_due():
            self.terminal_meter.frames_skipped += 1
        elif self._rest.passes(self._news(), self._activity.idle_s):
            self._figures.note_frame()
        else:
            began = thread_time()
            self.frame()
            self.pacer.note_work(thread_time() - began)

    def _news(self) -> Hashable:
        """What is another whenever the market has changed, or something was painted."""
        return self.session.applied, self.terminal_meter.frames_sent

    def _note_performance(self) -> None:
        lag = self._figures.take_lag_s(1 / self._launch.settings.frame_rate)
        if self._debug_log.is_on:
            self._debug_log.performance(self.session.health(), self.dashboard.last_health(), lag)

    def _health(self) -> AppHealth:
        """The figures since the last call; the metrics panel calls once a second."""
        return self._figures.health(
            {
                "instruments": len(self.session.market),
                "tasks": len(asyncio.all_tasks()),
                "errors": len(self.session.errors),
                **self._most_repainted(),
            }
        )

    def _most_repainted(self) -> dict[str, int]:
        counts = list(self.dashboard.repaints().items())[:_MOST_REPAINTED]
        return {f"painted {name}": count for name, count in counts}
