"""The dashboard's actions around the watchlist: walking it, and what goes into panels and list."""

from __future__ import annotations

from textual import on

from tui.model.instrument import Instrument
from tui.screens.board import Board
from tui.widgets.watchlist import Watchlist


class WatchActions(Board):
    """Part of the dashboard."""

    @on(Watchlist.Picked)
    def _watchlist_clicked(self, event: Watchlist.Picked) -> None:
        self.show_instrument(event.instrument)

    def show_instrument(self, instrument: Instrument) -> None:
        """Put an instrument into the chosen panel; what is known of it is shown at once."""
        self._watch(False)
        self.put_instrument(instrument)
        self.follow()

    def action_watch_down(self) -> None:
        self._walk(1)

    def action_watch_up(self) -> None:
        self._walk(-1)

    def _walk(self, rows: int) -> None:
        if not self.watchlist.is_on_screen:
            self._watch(True)
            self.call_after_refresh(self.follow)
        else:
            self.watchlist.cursor += rows

    def action_stop_watching(self) -> None:
        self._watch(False)
        self.call_after_refresh(self.follow)

    def _watch(self, watching: bool) -> None:
        """Let the watchlist take the book's place where there is not room for both, or end that."""
        self.set_class(watching, "-watching")
        self.refresh_bindings()

    def action_put_symbol(self) -> None:
        instrument = self.watchlist.at_cursor
        if instrument is not None:
            self.show_instrument(instrument)

    def action_add_watch(self) -> None:
        if self.chosen.instrument is not None:
            self.add_to_watchlist(self.chosen.instrument)

    def add_to_watchlist(self, instrument: Instrument) -> None:
        """Add an instrument to the watchlist, if it is not there."""
        if instrument not in self.watchlist.instruments:
            self.watchlist.instruments = (*self.watchlist.instruments, instrument)
            self.follow()

    def action_remove_watch(self) -> None:
        gone = self.watchlist.at_cursor
        self.watchlist.instruments = tuple(i for i in self.watchlist.instruments if i != gone)
        self.follow()
