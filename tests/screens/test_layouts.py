"""Layouts are saved, switched, renamed and deleted by keys; panels of a group follow one another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from dialogs import asking
from staging import INSTRUMENTS, MINUTE, StagedApp, staged_app
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from tui.adapters.binance import BinanceAdapter
from tui.model.chart import ChartStyle, PanelView
from tui.model.timeframe import Timeframe
from tui.screens.layouts import LayoutsScreen
from tui.state import Layout, PanelState

BTC, ETH, SOL, XRP, PEPE, ETHBTC = INSTRUMENTS
FIVE = Timeframe(5, "m")
HOUR = Timeframe(1, "h")
WIDE = Layout(
    name="wide",
    panels=(
        PanelState(SOL, HOUR, PanelView(style=ChartStyle.LINE, columns=4, overlays=(BTC,))),
        PanelState(ETH, MINUTE, PanelView(group=2)),
    ),
    grid=2,
    focused=1,
    book_view="curve",
    book_shown=False,
    errors_shown=True,
    metrics_shown=True,
)
NOW = Layout(name="", panels=(PanelState(ETHBTC, FIVE),))
PLAIN = Layout(name="plain", panels=(PanelState(BTC, MINUTE),), book_view="ladder")


@asynccontextmanager
async def running(
    *layouts: Layout, grid: int = 4, size: tuple[int, int] = (160, 50)
) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = staged_app(grid=grid)
    app.session._adapters["BINANCE"] = BinanceAdapter()
    app.dashboard.layouts = layouts
    async with app.run_test(size=size) as pilot:
        app.frame()
        await pilot.pause()
        yield app, pilot


def charts(app: StagedApp) -> list[tuple[str, str]]:
    panels = app.dashboard.grid.visible_panels
    return [(p.instrument.symbol if p.instrument else "", str(p.timeframe)) for p in panels]


# -- layouts -----------------------------------------------------------------------------------


async def test_what_was_saved_comes_back_exactly() -> None:
    async with running(WIDE, PLAIN) as (app, pilot):
        await pilot.press("alt+1")
        assert app.dashboard.present_layout() == msgspec.structs.replace(WIDE, name="")
        assert app.dashboard.errors.display
        assert not app.dashboard.ladder.is_on_screen

        await pilot.press("alt+2")
        assert app.dashboard.present_layout() == msgspec.structs.replace(PLAIN, name="")
        assert charts(app) == [("BTCUSDT", "1m")]

        await pilot.press("alt+1")
        assert app.dashboard.present_layout() == msgspec.structs.replace(WIDE, name="")


async def test_a_layout_is_saved_and_remembered() -> None:
    async with running(grid=1) as (app, pilot):
        await pilot.press("L", "s", "b", "enter", "escape")

        (saved,) = app.dashboard.state().layouts
        assert saved == msgspec.structs.replace(app.dashboard.present_layout(), name="b")


async def test_what_a_layout_shows_is_subscribed() -> None:
    async with running(WIDE, grid=1) as (app, pilot):
        await pilot.press("alt+1")
        await pilot.pause()

        candles = {(s.instrument, s.timeframe) for s in app.dashboard.wanted() if s.timeframe}
        assert candles == {(SOL, HOUR), (BTC, HOUR), (ETH, MINUTE)}


# -- the list of layouts -----------------------------------------------------------------------


class Listed:
    """The dialog, and the layouts as it keeps them."""

    def __init__(self, *layouts: Layout) -> None:
        self.kept = layouts
        keys = ["alt+1", "alt+2"]
        self.dialog = LayoutsScreen(layouts, NOW, keep=self._keep, keys=keys)

    def _keep(self, layouts: tuple[Layout, ...]) -> None:
        self.kept = layouts

    @property
    def names(self) -> list[str]:
        return [layout.name for layout in self.kept]

    @property
    def note(self) -> str:
        return str(self.dialog.query_one("#layouts-note", Static).content)


async def test_an_empty_list_says_how_to_begin() -> None:
    async with asking(Listed().dialog) as (app, pilot):
        assert app.lines == [" none yet: press s to save this one"]

        await pilot.press("s", *"my [b]", "enter")
        assert app.lines == ["● my [b]          alt+1  ETHBTC 5m"]


async def test_a_name_is_given_once() -> None:
    listed = Listed(PLAIN)
    async with asking(listed.dialog) as (_, pilot):
        await pilot.press("s", *"plain", "enter")
        assert listed.note == "a layout has that name already: choose another one"

        await pilot.press("escape", "s", "enter")
        assert listed.names == ["plain"]


async def test_a_layout_is_renamed() -> None:
    listed = Listed(PLAIN, WIDE)
    async with asking(listed.dialog) as (_, pilot):
        await pilot.press("down", "r", *["backspace"] * 4, *"two", "enter")

        assert listed.names == ["plain", "two"]
        assert listed.kept[1].panels == WIDE.panels


async def test_deleting_and_overwriting_ask_first() -> None:
    listed = Listed(PLAIN, WIDE)
    async with asking(listed.dialog) as (_, pilot):
        await pilot.press("x")
        assert listed.note == "press x again to delete plain"
        await pilot.press("down", "x")
        assert listed.note == "press x again to delete wide"
        assert listed.names == ["plain", "wide"]
        await pilot.press("x")
        assert listed.names == ["plain"]

        await pilot.press("o", "o")
        assert listed.kept == (msgspec.structs.replace(NOW, name="plain"),)


async def test_the_layout_under_the_cursor_is_chosen_by_enter() -> None:
    async with asking(Listed(PLAIN, WIDE).dialog) as (app, pilot):
        await pilot.press("down", "enter")

        assert app.answers == [WIDE]


async def test_a_layout_that_is_moved_takes_another_key() -> None:
    listed = Listed(PLAIN, WIDE)
    async with asking(listed.dialog) as (app, pilot):
        await pilot.press("greater_than_sign")

        assert listed.names == ["wide", "plain"]
        assert [line[18:23] for line in app.lines] == ["alt+1", "alt+2"]


async def test_the_list_fits_a_tiny_terminal() -> None:
    many = [msgspec.structs.replace(WIDE, name=f"layout {number}") for number in range(9)]
    listed = Listed(*many)
    async with asking(listed.dialog, size=(40, 12)) as (app, pilot):
        await pilot.press(*["down"] * 8)

        assert app.screen.query_one(OptionList).highlighted == 8
        assert app.screen.query_one("#layouts-note", Static).region.bottom <= 12


# -- groups ------------------------------------------------------------------------------------


async def test_panels_of_the_first_group_share_symbol_and_timeframe() -> None:
    async with running() as (app, pilot):
        await pilot.press("1", "G", "2", "G")
        assert charts(app)[:2] == [("BTCUSDT", "1m"), ("BTCUSDT", "1m")]

        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.press("j", "j", "enter")
        assert charts(app) == [
            ("SOLUSDT", "5m"),
            ("SOLUSDT", "5m"),
            ("SOLUSDT", "1m"),
            ("XRPUSDT", "1m"),
        ]


async def test_other_groups_share_one_of_the_two() -> None:
    async with running(grid=2, size=(100, 24)) as (app, _):
        for group, after in (
            (2, [("ETHUSDT", "1m"), ("ETHUSDT", "3m")]),
            (3, [("BTCUSDT", "3m"), ("ETHUSDT", "3m")]),
            (4, [("ETHUSDT", "1m"), ("ETHUSDT", "3m")]),
        ):
            for panel, instrument in zip(app.dashboard.panels, (BTC, ETH), strict=False):
                panel.view = PanelView(group=group)
                panel.instrument = instrument
                panel.timeframe = MINUTE
            app.dashboard.grid.chosen = 1
            app.dashboard.put_timeframe(Timeframe(3, "m"))
            app.dashboard.put_instrument(ETH)

            assert [
                (str(panel.instrument.symbol), str(panel.timeframe))
                for panel in app.dashboard.panels[:2]
                if panel.instrument
            ] == after


async def test_who_joins_a_group_takes_over_what_it_shares() -> None:
    async with running(grid=2) as (app, pilot):
        app.dashboard.panels[0].view = PanelView(group=1)
        app.dashboard.panels[0].timeframe = HOUR
        await pilot.press("2", "G")

        assert charts(app) == [("BTCUSDT", "1h"), ("BTCUSDT", "1h")]


async def test_the_key_goes_through_the_groups_whose_letters_stand_in_the_title() -> None:
    async with running(grid=1, size=(80, 24)) as (app, pilot):
        panel = app.dashboard.chosen
        titles, colours = [], set()
        for _ in range(5):
            await pilot.press("G")
            title = panel.render_line(0)
            titles.append(title.text[:11])
            colours |= {
                segment.style.bgcolor
                for segment in title
                if segment.style and segment.text in "ABCD"
            }

        assert titles == [
            " 1A BINANCE",
            " 1B BINANCE",
            " 1C BINANCE",
            " 1D BINANCE",
            " 1 BINANCE:",
        ]
        assert len(colours) == 4


async def test_the_palette_shows_a_name_as_it_was_written() -> None:
    async with running(msgspec.structs.replace(PLAIN, name="[/b] mine")) as (app, pilot):
        await pilot.press("ctrl+p", *"[/b")
        await app.workers.wait_for_complete()
        await pilot.pause()

        options = app.screen.query_one(OptionList)
        shown = [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]
        assert shown == ["Layout: [/b] mine\nswitch to it"]
