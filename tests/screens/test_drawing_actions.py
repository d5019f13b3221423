"""Drawings are placed, moved and deleted where the chart points, by keys and by the mouse."""

from __future__ import annotations

import pytest
from staging import INSTRUMENTS, MINUTE, NOW, StagedApp, staged_app
from textual.pilot import Pilot

from tui.model.chart import Drawing, DrawingKind
from tui.model.timeframe import NS

BTC, ETH = INSTRUMENTS[:2]
LEVEL = Drawing(DrawingKind.LEVEL, ((NOW, 61_800.0),), "floor")


def drawn(app: StagedApp) -> tuple[Drawing, ...]:
    return app.dashboard.drawings.of(BTC)


def title(app: StagedApp) -> str:
    return app.dashboard.chosen.render_line(0).text


async def begin(app: StagedApp, pilot: Pilot[int], *keys: str) -> None:
    app.frame()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
    await pilot.pause()


async def test_a_trend_line_is_placed_by_two_points_and_remembered() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "t")
        start = app.dashboard.chosen.cross
        assert "trend line 1/2" in title(app)

        await pilot.press("enter", *["shift+left"] * 2, "up", "up")
        assert "trend line 2/2" in title(app)
        end = app.dashboard.chosen.cross
        await pilot.press("enter")
        await pilot.pause()

        assert start is not None
        assert end is not None
        assert drawn(app) == (Drawing(DrawingKind.TREND, (start, end)),)  # type: ignore[arg-type]
        assert start[0] - end[0] == 20 * MINUTE.seconds * NS
        assert app.dashboard.state().drawings == {BTC: drawn(app)}
        assert "trend line" in title(app)


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (165, "trend line 1/2: enter sets, esc ends"),
        (200, "trend line 1/2"),
        (120, "trend line 1/2: enter sets, esc ends"),
        (40, "trend line 1/2"),
    ],
)
async def test_what_is_to_be_done_is_told_at_every_width(width: int, told: str) -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(width, 30)) as pilot:
        await begin(app, pilot, "d", "t")

        assert told in title(app) + app.dashboard.chosen.render_line(1).text


async def test_escape_gives_up_what_is_placed() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "r", "enter", "left", "escape")

        assert app.dashboard.drawn.editor is None
        assert drawn(app) == ()
        assert not app.dashboard.chosen.points
        assert "ray" not in title(app)
        await pilot.press("enter")
        assert drawn(app) == ()


async def test_a_note_asks_for_its_text() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "n", "enter", *"[b]hi", "enter")
        await pilot.pause()

        (note,) = drawn(app)
        assert (note.kind, note.text) == (DrawingKind.NOTE, "[b]hi")


async def test_a_note_without_a_text_is_none() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "n", "enter", "escape")
        await pilot.pause()

        assert drawn(app) == ()


async def test_what_the_cross_meets_is_moved_or_deleted() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "l", "enter")
        placed = drawn(app)[0].points[0][1]

        await pilot.press("enter", "up", "up", "enter")
        await pilot.pause()
        (level,) = drawn(app)
        cell = app.dashboard.chosen.cell
        assert cell is not None
        assert 1.0 < (level.points[0][1] - placed) / cell[1] < 3.0

        await pilot.press("x")
        await pilot.pause()
        assert drawn(app) == ()
        assert app.dashboard.watchlist.instruments == INSTRUMENTS  # x had another meaning here


async def test_one_of_the_list_is_moved_by_its_corner() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot)
        app.dashboard.drawings.add(
            BTC, Drawing(DrawingKind.TREND, ((NOW - 600 * NS, 61_000.0), (NOW, 62_000.0)))
        )
        await pilot.press("d", "enter", "tab", "tab", "left", "enter")
        await pilot.pause()

        (moved,) = drawn(app)
        assert moved.points[0] == (NOW - 600 * NS, 61_000.0)
        assert moved.points[1][0] == NOW - MINUTE.seconds * NS


async def test_the_mouse_places_a_point_by_a_click() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "l")
        await pilot.hover("#panel-1", offset=(20, 10))
        await pilot.click("#panel-1", offset=(20, 10))
        await pilot.pause()

        assert len(drawn(app)) == 1
        assert drawn(app)[0].points[0] == app.dashboard.chosen.cross


async def test_drawings_belong_to_the_instrument_and_end_with_another_one() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "d", "t", "enter")

        app.dashboard.show_instrument(ETH)
        await pilot.pause()

        assert app.dashboard.drawn.editor is None
        assert "trend" not in title(app)


async def test_a_text_from_the_state_is_no_markup() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.dashboard.drawings.add(BTC, Drawing(DrawingKind.LEVEL, LEVEL.points, "[red]\x1b[2J"))
        await begin(app, pilot)

        picture = "\n".join(app.dashboard.chosen.render_line(y).text for y in range(30))
        assert "[red]" in picture
        assert "\x1b" not in picture


async def test_the_list_may_delete_what_is_being_moved() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.dashboard.drawings.add(BTC, LEVEL)
        await begin(app, pilot, "d", "enter")
        assert app.dashboard.drawn.editor is not None

        await pilot.press("d", "x")
        app.frame()
        await pilot.press("escape", "enter")
        await pilot.pause()

        assert drawn(app) == ()
        assert app.dashboard.drawn.editor is None
        assert app.dashboard.chosen.task_note == ""


async def test_the_list_may_delete_what_is_pointed_at() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, pilot, "o", "left")
        moment, price = app.dashboard.chosen.cross or (0, None)
        assert price is not None
        app.dashboard.drawings.add(BTC, Drawing(DrawingKind.LEVEL, ((moment, price),)))
        await pilot.press("right", "left")
        await pilot.pause()
        assert "x deletes" in app.dashboard.chosen.task_note

        await pilot.press("d", "x", "escape", "x")
        await pilot.pause()

        assert drawn(app) == ()
        assert app.dashboard.chosen.task_note == ""
