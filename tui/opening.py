"""The app's venues: opened at the start for what it shows, and later for what is wanted of others."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import Any

from tui.alerting import AlertActions
from tui.config import SIM_VENUE
from tui.launch import Mode
from tui.model.errors import TradeTuiError
from tui.model.health import ErrorCategory
from tui.model.text import clean
from tui.planning import known_venues

_NOTICE = 300  # characters: a notice must not cover the screen


class VenueOpening(AlertActions):
    """Part of the app."""

    _may_open = False
    """True from the moment on at which the first venues are opened, where there may be others."""

    async def open_source(self) -> None:
        """Open what the start asks for, and keep up what the program itself runs for it."""
        venues = {instrument.venue for instrument in self.dashboard.instruments()}
        self._may_open = self._launch.mode is Mode.LIVE
        if await self._open_venues(venues | self.session.missing_venues):
            self.start_work("keep source", self._source.keep(self._report_connection))

    async def _open_venues(self, venues: Collection[str]) -> bool:
        """Open those that are not open yet; False where that failed."""
        try:
            wanted = set(venues).difference(self.session.venues)
            adapters = await self._source.open(wanted, self.report_config)
        except TradeTuiError as error:
            self.session.errors.report(ErrorCategory.CONNECTION, str(error))
            self.notify(clean(str(error), _NOTICE), severity="error", markup=False)
            return False
        for adapter in adapters:
            if adapter.venue not in self.session.venues:
                token = self._launch.settings.tokens.get(adapter.venue)
                self.session.open_feed(adapter, token)
        self.dashboard.feed_opened()
        return True

    def venue_wanted(self, venue: str) -> None:
        """Something is to be shown of a venue that nothing was shown of so far."""
        if self._may_open:
            self.start_work(f"open {venue}", self._open_venue(venue))

    async def _open_venue(self, venue: str) -> None:
        await self._open_venues({venue})

    def openable_venues(self) -> Collection[str]:
        """Venues that open as soon as one of their symbols is named."""
        known = [*known_venues(), *self._launch.settings.feeds] if self._may_open else []
        return [name for name in known if name not in (SIM_VENUE, *self.session.venues)]

    def start_work(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on beside everything else; what ends it with an error is reported."""
        self.run_worker(work, name=name, group="feeds", exit_on_error=False)

    def report_config(self, text: str) -> None:
        """Say on the error log what is wrong with the settings."""
        self.session.errors.report(ErrorCategory.CONFIG, text)

    def _report_connection(self, text: str) -> None:
        self.session.errors.report(ErrorCategory.CONNECTION, text)
