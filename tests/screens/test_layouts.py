"""Layouts are saved, switched, renamed and deleted by keys; panels of a group follow one another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
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


def lines(app: StagedApp) -> list[str]:
    options = app.screen.query_one(OptionList)
    return [
        str(options.get_option_at_index(index).prompt).rstrip()
        for index in range(options.option_count)
    ]


def note(app: StagedApp) -> str:
    return str(app.screen.query_one("#layouts-note", Static).content)


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


async def test_a_layout_is_saved_under_a_name_and_remembered() -> None:
    async with running(grid=2) as (app, pilot):
        await pilot.press("L")
        assert lines(app) == [" none yet: press s to save this one"]

        await pilot.press("s", *"my [b]", "enter")
        assert lines(app) == ["● my [b]          alt+1  BTCUSDT 1m, ETHUSDT 1m"]
        await pilot.press("escape")

        (saved,) = app.dashboard.state().layouts
        assert saved == msgspec.structs.replace(app.dashboard.present_layout(), name="my [b]")


async def test_a_name_is_given_once() -> None:
    async with running(PLAIN) as (app, pilot):
        await pilot.press("L", "s", *"plain", "enter")

        assert note(app) == "a layout has that name already: choose another one"
        assert len(app.dashboard.layouts) == 1
        await pilot.press("escape", "s", "enter")
        assert len(app.dashboard.layouts) == 1


async def test_a_layout_is_renamed() -> None:
    async with running(PLAIN, WIDE) as (app, pilot):
        await pilot.press("L", "down", "r", *["backspace"] * 4, *"two", "enter")

        assert [layout.name for layout in app.dashboard.layouts] == ["plain", "two"]
        assert app.dashboard.layouts[1].panels == WIDE.panels


async def test_deleting_and_overwriting_ask_first() -> None:
    async with running(PLAIN, WIDE, grid=1) as (app, pilot):
        await pilot.press("L", "x")
        assert note(app) == "press x again to delete plain"
        await pilot.press("down", "x")
        assert note(app) == "press x again to delete wide"
        assert len(app.dashboard.layouts) == 2
        await pilot.press("x")
        assert [layout.name for layout in app.dashboard.layouts] == ["plain"]

        await pilot.press("o", "o")
        (layout,) = app.dashboard.layouts
        assert layout == msgspec.structs.replace(app.dashboard.present_layout(), name="plain")


async def test_enter_switches_to_the_layout_under_the_cursor() -> None:
    async with running(PLAIN, WIDE) as (app, pilot):
        await pilot.press("L", "down", "enter")

        assert charts(app) == [("SOLUSDT", "1h"), ("ETHUSDT", "1m")]
        assert app.dashboard.chosen.instrument == ETH


async def test_a_layout_that_is_moved_takes_another_key() -> None:
    async with running(PLAIN, WIDE) as (app, pilot):
        await pilot.press("L", "greater_than_sign", "escape", "alt+1")

        assert [layout.name for layout in app.dashboard.layouts] == ["wide", "plain"]
        assert charts(app)[0] == ("SOLUSDT", "1h")


async def test_a_key_without_a_layout_changes_nothing() -> None:
    async with running(PLAIN, grid=2) as (app, pilot):
        before = app.dashboard.present_layout()
        await pilot.press("alt+7")

        assert app.dashboard.present_layout() == before


async def test_what_a_layout_shows_is_subscribed() -> None:
    async with running(WIDE, grid=1) as (app, pilot):
        await pilot.press("alt+1")
        await pilot.pause()

        candles = {(s.instrument, s.timeframe) for s in app.dashboard.wanted() if s.timeframe}
        assert candles == {(SOL, HOUR), (BTC, HOUR), (ETH, MINUTE)}


async def test_the_list_fits_a_tiny_terminal() -> None:
    many = [msgspec.structs.replace(WIDE, name=f"layout {number}") for number in range(20)]
    async with running(*many, size=(40, 12)) as (app, pilot):
        await pilot.press("L", *["down"] * 19)

        assert isinstance(app.screen, LayoutsScreen)
        assert app.screen.query_one(OptionList).highlighted == 19
        assert app.screen.query_one("#layouts-note", Static).region.bottom <= 12


# -- groups ------------------------------------------------------------------------------------


async def grouped(pilot: Pilot[Any], **presses: int) -> None:
    """Put panels into groups: panel_1=2 presses the key twice on panel 1."""
    for panel, times in presses.items():
        await pilot.press(panel[-1], *["G"] * times)


async def test_the_key_goes_through_the_groups_and_back_to_none() -> None:
    async with running() as (app, pilot):
        found = []
        for _ in range(5):
            await pilot.press("G")
            found.append(app.dashboard.chosen.view.group)

        assert found == [1, 2, 3, 4, 0]


async def test_panels_of_the_first_group_share_symbol_and_timeframe() -> None:
    async with running() as (app, pilot):
        await grouped(pilot, panel_1=1, panel_2=1)
        assert charts(app)[:2] == [("BTCUSDT", "1m"), ("BTCUSDT", "1m")]

        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.press("j", "j", "enter")
        assert charts(app) == [
            ("SOLUSDT", "5m"),
            ("SOLUSDT", "5m"),
            ("SOLUSDT", "1m"),
            ("XRPUSDT", "1m"),
        ]


@pytest.mark.parametrize(
    ("presses", "after"),
    [
        (2, [("ETHUSDT", "1m"), ("ETHUSDT", "3m")]),
        (3, [("BTCUSDT", "3m"), ("ETHUSDT", "3m")]),
        (4, [("ETHUSDT", "1m"), ("ETHUSDT", "3m")]),
    ],
)
async def test_other_groups_share_one_of_the_two(
    presses: int, after: list[tuple[str, str]]
) -> None:
    async with running(grid=2) as (app, pilot):
        for panel in app.dashboard.panels[:2]:
            panel.view = PanelView(group=presses)
        await pilot.press("2", "right_square_bracket", "j", "enter")

        assert charts(app) == after


async def test_who_joins_a_group_takes_over_what_it_shares() -> None:
    async with running(grid=2) as (app, pilot):
        app.dashboard.panels[0].view = PanelView(group=1)
        app.dashboard.panels[0].timeframe = HOUR
        await pilot.press("2", "G")

        assert charts(app) == [("BTCUSDT", "1h"), ("BTCUSDT", "1h")]


async def test_the_letter_of_the_group_stands_in_the_title() -> None:
    async with running() as (app, pilot):
        await pilot.press("G", "2", "G", "G")
        app.frame()

        titles = [panel.render_line(0) for panel in app.dashboard.panels[:3]]
        assert [title.text[:12] for title in titles] == [
            " 1A BINANCE:",
            " 2B BINANCE:",
            " 3 BINANCE:S",
        ]
        (letter,) = [segment for segment in titles[0] if segment.text == "A"]
        (other,) = [segment for segment in titles[1] if segment.text == "B"]
        assert letter.style is not None
        assert other.style is not None
        assert letter.style.bgcolor != other.style.bgcolor
