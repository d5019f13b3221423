"""Pictures by key: of the panel or of the screen, to a file or to the clipboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dialogs import asking
from staging import StagedApp, staged_app
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from tui import picturing
from tui.screens.pictures import Form, PicturesScreen, Wish


@asynccontextmanager
async def running(size: tuple[int, int] = (120, 32)) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = staged_app(grid=1)
    async with app.run_test(size=size) as pilot:
        app.frame()
        await pilot.pause()
        yield app, pilot


def saved() -> list[Path]:
    return sorted(Path.home().glob("tradetui-*"))


async def test_a_key_keeps_an_svg_of_the_whole_screen() -> None:
    async with running() as (_, pilot):
        await pilot.press("ctrl+s")

        (path,) = saved()
        assert path.suffix == ".svg"
        assert "BINANCE:BTCUSDT" in path.read_text()
        assert "Watchlist" in path.read_text()


async def test_a_picture_of_the_panel_has_nothing_else_on_it() -> None:
    async with running() as (_, pilot):
        await pilot.press("P", "s")

        (path,) = saved()
        assert path.name.startswith("tradetui-BINANCE-BTCUSDT-1m-")
        assert "BINANCE:BTCUSDT" in path.read_text()
        assert "Watchlist" not in path.read_text()


async def test_the_menu_is_not_on_the_picture_of_the_screen() -> None:
    async with running() as (_, pilot):
        await pilot.press("P", "tab", "t")

        text = saved()[0].read_text()
        assert "Watchlist" in text
        assert "Picture of" not in text
        assert len(text.splitlines()) == 32


async def test_text_goes_to_the_clipboard_by_keys_pressed_in_one_go() -> None:
    async with running() as (app, pilot):
        app.simulate_key("P")
        app.simulate_key("c")
        await pilot.pause()
        await pilot.pause()

        assert app.clipboard.splitlines()[0].startswith(" 1 BINANCE:BTCUSDT 1m")
        assert saved() == []


async def test_a_text_that_terminals_would_drop_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picturing, "CLIPBOARD_LIMIT", 100)
    async with running() as (app, pilot):
        await pilot.press("P", "c")

        assert app.clipboard == ""


async def test_the_candles_in_view_become_a_table() -> None:
    async with running() as (app, pilot):
        await pilot.press("P", "v")

        rows = saved()[0].read_text().splitlines()
        assert rows[0] == "time,open,high,low,close,volume"
        assert rows[-1].startswith("2024-08-08T23:54:00Z,")
        assert len(rows) - 1 == len(app.dashboard.chosen.candles_in_view())
        assert 20 < len(rows) < 120


async def test_what_cannot_be_made_says_why() -> None:
    dialog = PicturesScreen("SIM:BTCUSDT 1m", renderer="", folder=Path("/home/me"))
    async with asking(dialog) as (app, pilot):
        await pilot.press("tab", "p", "v")

        assert app.answers == []
        assert [app.lines[1], app.lines[4]] == [
            " p PNG: needs rsvg-convert, inkscape or cairosvg",
            " v candles in view as CSV: of a panel only",
        ]
        await pilot.press("escape")
        assert app.answers == [None]


async def test_what_is_under_the_cursor_is_chosen_by_enter() -> None:
    dialog = PicturesScreen("SIM:BTCUSDT 1m", renderer="", folder=Path("/home/me"))
    async with asking(dialog) as (app, pilot):
        await pilot.press("down", "enter")

        # Nothing makes PNGs, so the cursor went over that line.
        assert app.answers == [Wish(Form.TEXT, of_screen=False)]


async def test_a_panel_that_shows_nothing_leaves_the_screen() -> None:
    dialog = PicturesScreen("", renderer="inkscape", folder=Path("/home/me"))
    async with asking(dialog) as (app, pilot):
        await pilot.press("tab", "p")

        assert app.answers == [Wish(Form.PNG, of_screen=True)]


async def test_the_menu_fits_a_tiny_terminal() -> None:
    dialog = PicturesScreen("SIM:BTCUSDT 1m", renderer="", folder=Path("/home/me"))
    async with asking(dialog, size=(40, 12)) as (app, _):
        assert app.screen.query_one("#pictures-note", Static).region.bottom <= 12
        assert app.screen.query_one(OptionList).size.height == 5


async def test_a_png_is_kept_when_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rendered(svg: str) -> bytes:
        return b"\x89PNG " + str(svg.count("BTCUSDT")).encode()

    monkeypatch.setattr(picturing, "to_png", rendered)
    monkeypatch.setattr(picturing, "png_renderer", lambda: "rsvg-convert")
    async with running() as (app, pilot):
        await pilot.press("P", "p")
        await app.workers.wait_for_complete()

        assert saved()[0].read_bytes() == b"\x89PNG 1"


async def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picturing, "pictures_folder", lambda: Path("/nowhere/at/all"))
    async with running() as (app, pilot):
        await pilot.press("P", "s")

        (notice,) = app._notifications
        assert notice.message == (
            f"no picture: {Path('/nowhere/at/all')}/" + notice.message.partition("all/")[2]
        )
        assert notice.message.endswith(".svg: No such file or directory")
