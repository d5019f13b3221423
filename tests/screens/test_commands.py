"""The command palette is there in a terminal of any size."""

from __future__ import annotations

import pytest
from staging import staged_app
from textual.command import CommandList, CommandPalette
from textual.widgets import Input


@pytest.mark.parametrize("key", ["pagedown", "pageup"])
async def test_pages_are_turned_where_there_is_no_line_for_the_list(key: str) -> None:
    app = staged_app()

    async with app.run_test(size=(10, 3)) as pilot:
        await pilot.press("ctrl+p", "down", "down", key)
        await pilot.pause()

        assert isinstance(app.screen, CommandPalette)
        assert app.is_running


async def test_pages_are_turned_where_there_is_room() -> None:
    app = staged_app()

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p", "down")
        await pilot.pause()
        await pilot.press("pagedown")
        await pilot.pause()

        assert (app.screen.query_one(CommandList).highlighted or 0) > 2


async def test_the_cursor_does_not_blink() -> None:
    app = staged_app()

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()

        assert not app.screen.query_one(Input).cursor_blink
