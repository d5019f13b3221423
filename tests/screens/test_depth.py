"""The book's keys on the dashboard: its views, its steps of price, its level cursor, its heatmap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from staging import INSTRUMENTS, NOW, StagedApp, staged_app, tell
from textual.pilot import Pilot

from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS

BTC, ETH = INSTRUMENTS[:2]


@asynccontextmanager
async def running(grid: int = 1) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = staged_app(grid=grid)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.frame()
        await pilot.pause()
        yield app, pilot


def rows(widget: Any) -> list[str]:
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


async def test_the_key_of_the_books_views_goes_around_them() -> None:
    async with running() as (app, pilot):
        board = app.dashboard
        shown = []
        for _ in range(4):
            views = {
                "ladder": board.ladder,
                "curve": board.curve,
                "history": board.bests,
                "tape": board.tape,
            }
            shown.append([name for name, view in views.items() if view.is_on_screen])
            await pilot.press("v")

        assert shown == [["ladder", "tape"], ["curve", "tape"], ["history", "tape"], ["tape"]]
        assert board.state().book_view == "ladder"


async def test_braces_change_the_steps_of_price() -> None:
    async with running() as (app, pilot):
        assert rows(app.dashboard.ladder)[-1].startswith(" 0.01 auto ")

        await pilot.press("}", "}")
        assert rows(app.dashboard.ladder)[-1].startswith(" 0.05 ")

        await pilot.press("{")
        assert rows(app.dashboard.ladder)[-1].startswith(" 0.02 ")


@pytest.mark.parametrize("key", ["}", "w"])
async def test_keys_of_a_ladder_that_is_not_in_sight_say_so(key: str) -> None:
    async with running() as (app, pilot):
        await pilot.press("v", "v")
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()

        assert app.dashboard.ladder.cursor is None
        assert [note.message for note in app._notifications if "ladder" in note.message]


async def test_the_level_cursor_moves_in_ladder_and_curve_and_ends() -> None:
    async with running() as (app, pilot):
        board = app.dashboard
        assert "no level" not in rows(board.key_bar)[0]

        await pilot.press("w", "w")
        await pilot.pause()
        pointed = [row for row in rows(board.ladder) if row.startswith("▸")]
        assert [row.split()[0] for row in pointed] == ["▸61,837.66"]
        assert board.curve.cursor == board.ladder.cursor
        assert rows(board.key_bar)[0].startswith(" esc no level ")

        await pilot.press("s", "s", "s")
        assert str(board.ladder.cursor) == "61837.63"
        await pilot.press("escape")
        assert board.ladder.cursor is None
        assert board.curve.cursor is None


async def test_the_heatmap_subscribes_the_book_of_its_panel_and_remembers_it() -> None:
    async with running(grid=4) as (app, pilot):
        board = app.dashboard
        await pilot.press("2", "H")
        await pilot.press("1")
        for second in range(1, 4):
            board.frame(NOW + second * NS)

        assert Subscription(ETH, Channel.BOOK) in board.wanted()
        assert board.histories.depth(ETH) is not None
        assert board.histories.depth(BTC) is None
        # Of the chosen panel the best prices are always remembered, for the history.
        assert len(board.histories.bests(BTC)) >= 3
        assert [panel.view.heatmap for panel in board.state().panels] == [False, True, False, False]

        await pilot.press("2", "H")
        board.frame(NOW + 4 * NS)
        assert board.histories.depth(ETH) is None


async def test_books_are_remembered_while_the_view_is_paused() -> None:
    async with running() as (app, pilot):
        await pilot.press("space")
        before = len(app.dashboard.histories.bests(BTC))
        app.dashboard.frame(NOW + 5 * NS)

        assert len(app.dashboard.histories.bests(BTC)) == before + 1


async def test_a_book_that_is_rebuilt_says_so_in_every_view() -> None:
    async with running() as (app, pilot):
        board = app.dashboard
        tell(app, BTC, SubscriptionStatus.SYNCING, "a gap in the sequence")
        for view in (board.ladder, board.curve, board.bests):
            app.frame()
            await pilot.pause()
            title = rows(view.children[0] if view.children else view)[0]
            assert "◌ syncing" in title
            await pilot.press("v")
