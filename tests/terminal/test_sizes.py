"""A terminal that changes its size while news of another size is under way settles at the last one."""

from __future__ import annotations

from textual import events
from textual.geometry import Size
from textual.screen import ModalScreen

from tui.terminal.diffing_app import DiffingApp


def news_of(width: int, height: int) -> events.Resize:
    return events.Resize(Size(width, height), Size(width, height))


async def test_late_news_of_a_size_that_is_no_more_changes_nothing() -> None:
    app: DiffingApp[None] = DiffingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.post_message(news_of(85, 28))
        await pilot.pause()

        assert app.screen.size == (80, 24)


async def test_a_new_size_reaches_the_screen_and_those_behind_it() -> None:
    app: DiffingApp[None] = DiffingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        beneath = app.screen
        await app.push_screen(ModalScreen())

        await pilot.resize_terminal(90, 30)
        await pilot.pause()

        assert [screen.size for screen in (beneath, app.screen)] == [(90, 30), (90, 30)]
