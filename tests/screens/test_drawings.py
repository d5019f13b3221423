"""The list of drawings: tools by letter, naming, deleting, and choosing what to move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

from staging import INSTRUMENTS, staged_app
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tui.market.drawings import Drawings
from tui.model.chart import Drawing, DrawingKind
from tui.screens.drawings import DrawingsScreen, Move, Place

BTC = INSTRUMENTS[0]
NOON = 1_723_118_400 * 10**9
LEVEL = Drawing(DrawingKind.LEVEL, ((NOON, 61_000.0),))
TREND = Drawing(DrawingKind.TREND, ((NOON, 61_000.0), (NOON + 3600 * 10**9, 61_500.5)), "support")


class Stage:
    """The screen, open over its drawings, and what it was left with."""

    def __init__(self, *drawings: Drawing) -> None:
        self.drawings = Drawings({BTC: drawings})
        self.screen = DrawingsScreen(
            self.drawings, BTC, write=lambda price: f"{price:,.2f}", zone=UTC
        )
        self.answers: list[Place | Move | None] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Pilot[object]]:
        app = staged_app(grid=1, filled=False)
        async with app.run_test(size=(100, 30)) as pilot:
            app.push_screen(self.screen, self.answers.append)
            await pilot.pause()
            yield pilot

    @property
    def lines(self) -> list[str]:
        options = self.screen.query_one(OptionList)
        return [
            str(options.get_option_at_index(n).prompt).rstrip() for n in range(options.option_count)
        ]


async def test_drawings_are_listed_with_their_points_and_texts() -> None:
    stage = Stage(LEVEL, TREND)
    async with stage.opened():
        assert stage.lines == [
            "price line   61,000.00",
            "trend line   08-08 12:00 61,000.00 → 08-08 13:00 61,500.50  support",
        ]


async def test_without_drawings_it_says_so_and_nothing_can_be_deleted() -> None:
    stage = Stage()
    async with stage.opened() as pilot:
        await pilot.press("x", "e", "enter")

        assert stage.lines == ["nothing is drawn yet"]
        assert stage.answers == []


async def test_a_letter_chooses_a_tool() -> None:
    stage = Stage()
    async with stage.opened() as pilot:
        await pilot.press("f")

    assert stage.answers == [Place(DrawingKind.FIBONACCI)]


async def test_the_newest_is_chosen_first_and_enter_moves_it() -> None:
    stage = Stage(LEVEL, TREND)
    async with stage.opened() as pilot:
        await pilot.press("enter")

    assert stage.answers == [Move(1)]


async def test_a_drawing_is_deleted() -> None:
    stage = Stage(LEVEL, TREND)
    async with stage.opened() as pilot:
        await pilot.press("up", "x")

        assert stage.drawings.of(BTC) == (TREND,)
        assert len(stage.lines) == 1


async def test_a_drawing_is_named_and_letters_typed_then_are_no_tools() -> None:
    stage = Stage(LEVEL)
    async with stage.opened() as pilot:
        await pilot.press("e", *"flat", "enter")

        assert stage.drawings.of(BTC)[0].text == "flat"
        assert stage.lines == ["price line   61,000.00  flat"]
        assert stage.answers == []


async def test_escape_ends_the_writing_first_and_then_the_list() -> None:
    stage = Stage(LEVEL)
    async with stage.opened() as pilot:
        await pilot.press("e", "a", "escape")
        assert stage.drawings.of(BTC) == (LEVEL,)
        assert not stage.screen.query_one(Input).has_focus
        await pilot.press("escape")

    assert stage.answers == [None]


async def test_a_note_keeps_its_text_when_nothing_is_written() -> None:
    note = Drawing(DrawingKind.NOTE, ((NOON, 1.0),), "here")
    stage = Stage(note)
    async with stage.opened() as pilot:
        await pilot.press("e", *["backspace"] * 4, "enter")

        assert stage.drawings.of(BTC) == (note,)
