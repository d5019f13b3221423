"""The dashboard's actions on layouts, and on groups of panels that follow one another."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tui.model.groups import GROUPS, find_group
from tui.model.instrument import Instrument
from tui.model.text import clean
from tui.model.timeframe import Timeframe
from tui.screens.board import Board
from tui.screens.layouts import LayoutsScreen
from tui.state import Layout, State
from tui.widgets.candle_panel import CandlePanel

KEYED = 9
"""Layouts that have keys."""


class LayoutActions(Board):
    """Part of the dashboard.

    Attributes:
        layouts: those that were saved.
        key_of: gives an action's key as people read it.
    """

    layouts: tuple[Layout, ...] = ()
    key_of: Callable[[str], str]

    def state(self) -> State:
        """What the dashboard shows."""
        raise NotImplementedError

    def show_panes(self, *, book: bool, errors: bool, metrics: bool, book_view: str) -> None:
        """Show these panes and no others."""
        raise NotImplementedError

    # -- layouts ---------------------------------------------------------------------------

    async def action_layouts(self) -> None:
        """Open the list of layouts."""

        def keep(layouts: tuple[Layout, ...]) -> None:
            self.layouts = layouts

        def chosen(layout: Layout | None) -> None:
            if layout is not None:
                self.lay_out(layout)

        keys = [self.key_of(f"layout_{number}") for number in range(1, KEYED + 1)]
        # Waited for, so that the key that follows finds it.
        await self.app.push_screen(
            LayoutsScreen(self.layouts, self.present_layout(), keep=keep, keys=keys), chosen
        )

    def action_layout(self, number: int) -> None:
        """Switch to a layout by its number, from 1."""
        if number <= len(self.layouts):
            layout = self.layouts[number - 1]
            self.lay_out(layout)
            text = f"layout {clean(layout.name, 40)}"
        else:
            text = f"there is no layout {number}: {self.key_of('layouts')} saves one"
        self.notify(text, markup=False, timeout=3)

    def present_layout(self) -> Layout:
        """What the screen shows now, as a layout without a name."""
        state = self.state()
        return Layout(
            name="",
            panels=state.panels[: state.grid],
            grid=state.grid,
            focused=state.focused,
            book_view=state.book_view,
            book_shown=state.book_shown,
            errors_shown=state.errors_shown,
            metrics_shown=state.metrics_shown,
        )

    def lay_out(self, layout: Layout) -> None:
        """Show a layout."""
        for index, panel in enumerate(self.panels):
            held = layout.panels[index] if index < len(layout.panels) else None
            if held is None:
                panel.instrument = None
                continue
            panel.view = held.view
            panel.timeframe = held.timeframe
            panel.instrument = held.instrument
        self.grid.alone = False
        self.grid.chosen = min(max(layout.focused, 0), layout.grid - 1)
        self.grid.count = layout.grid
        self.show_panes(
            book=layout.book_shown,
            errors=layout.errors_shown,
            metrics=layout.metrics_shown,
            book_view=layout.book_view,
        )

    # -- groups ----------------------------------------------------------------------------

    def action_link_group(self) -> None:
        """Put the chosen panel into the next group, and behind the last one into none."""
        panel = self.chosen
        number = (panel.view.group + 1) % (len(GROUPS) + 1)
        panel.view = msgspec.structs.replace(panel.view, group=number)
        group = find_group(number)
        if group is None:
            text = "this panel is in no group"
        else:
            text = f"group {group.letter}: its panels follow one another's {group.shares}"
            leader = next((one for one in self._members(number) if one is not panel), None)
            if leader is not None and leader.instrument is not None:
                if group.timeframe:
                    panel.timeframe = leader.timeframe
                if group.symbol:
                    panel.instrument = leader.instrument
                self.follow()
        self.notify(text, markup=False, timeout=4)

    def put_instrument(self, instrument: Instrument) -> None:
        """Show an instrument in the chosen panel, and in those that follow its symbol."""
        group = find_group(self.chosen.view.group)
        for panel in self._followers() if group is not None and group.symbol else [self.chosen]:
            panel.instrument = instrument

    def put_timeframe(self, timeframe: Timeframe) -> None:
        """Show a timeframe in the chosen panel, and in those that follow it."""
        group = find_group(self.chosen.view.group)
        for panel in self._followers() if group is not None and group.timeframe else [self.chosen]:
            panel.timeframe = timeframe

    def _followers(self) -> list[CandlePanel]:
        """The chosen panel and the others of its group."""
        return [self.chosen, *self._members(self.chosen.view.group)]

    def _members(self, number: int) -> list[CandlePanel]:
        """The panels of a group that the grid has room for, or had: hidden ones too."""
        return [panel for panel in self.panels[: self.grid.count] if panel.view.group == number]
