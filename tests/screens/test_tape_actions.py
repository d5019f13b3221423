"""The tape's keys, and its place where there is not room for it beside the book."""

from __future__ import annotations

from staging import staged_app


async def test_a_small_terminal_shows_the_tape_in_the_books_place() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(80, 24)) as pilot:
        tape, ladder = app.dashboard.tape, app.dashboard.ladder
        await pilot.press("F")
        assert tape.size_filter is None

        await pilot.press("v", "v", "v")
        app.frame()
        assert tape.is_on_screen
        assert not ladder.is_on_screen
        assert tape.render_line(0).text.startswith(" Trades BTCUSDT ")

        await pilot.press("F")
        assert tape.size_filter is not None
        await pilot.press("j")
        assert not tape.is_on_screen
        await pilot.press("escape", "v")
        assert ladder.is_on_screen
