"""Keys that come in one go, as over a slow link: each goes to what the one before it has brought up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from staging import INSTRUMENTS, StagedApp, staged_app
from textual import events
from textual._xterm_parser import XTermParser
from textual.widgets import Input

from tui.model.instrument import InstrumentInfo, VenueListing

ESCAPE = "\x1b"
PATIENCE_S = 20.0
DIALOGS = {
    "symbol search": "/",
    "a new alert": "An",
    "indicators": "I",
    "a symbol to overlay": "O/",
    "layouts": "L",
    "help": "?",
}
ACTS_BENEATH = "gbm e[]T12"
"""The dashboard's keys that no dialog closes with."""


def type_at_once(app: StagedApp, *typed: str) -> None:
    """Let keys come in one go, as they are read of a terminal."""
    for text in typed:
        parsed = [events.Key("escape", text)] if text == ESCAPE else XTermParser().feed(text)
        for event in list(parsed):
            app.post_message(event)


async def listing() -> AsyncIterator[VenueListing]:
    """What a venue lists that takes a while to answer."""
    await asyncio.sleep(0.05)
    found = [InstrumentInfo(instrument, "", "") for instrument in INSTRUMENTS]
    yield VenueListing("BINANCE", found)


async def wait_until_done(app: StagedApp) -> None:
    """Wait until nothing that was typed is still to be done."""
    deadline = monotonic() + PATIENCE_S
    while True:
        await asyncio.sleep(0)
        if app._message_queue.empty() and not app._held_keys and not app._key_laps:
            return
        assert monotonic() < deadline


@pytest.mark.parametrize("opening", DIALOGS.values(), ids=DIALOGS)
async def test_what_is_typed_with_the_key_of_a_dialog_does_nothing_beneath_it(opening: str) -> None:
    app = staged_app(grid=4)
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()
        before = app.dashboard.state()

        type_at_once(app, opening + ACTS_BENEATH)
        await wait_until_done(app)

        assert app.screen is not app.dashboard
        assert app.dashboard.state() == before


async def test_a_symbol_typed_before_the_venue_has_listed_any_is_shown_once_it_is_listed() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()
        app.session.instruments = listing  # type: ignore[method-assign]

        type_at_once(app, "/ethbtc\r")
        await wait_until_done(app)
        async with asyncio.timeout(PATIENCE_S):
            while app.dashboard.state().panels[0].instrument.symbol != "ETHBTC":  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        assert app.screen is app.dashboard


async def test_keys_are_done_in_their_order_and_none_is_lost() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()

        type_at_once(app, "/abc\x7f", ESCAPE, "gg/d\x1b[De", ESCAPE, "?", ESCAPE, "b")
        await wait_until_done(app)

        assert app.screen is app.dashboard
        assert app.dashboard.state().grid == 4
        assert not app.dashboard.state().book_shown


async def test_a_paste_goes_to_the_field_that_the_key_before_it_has_brought_up() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()

        type_at_once(app, "/\x1b[200~eth\x1b[201~b")
        await wait_until_done(app)

        assert isinstance(app.focused, Input)
        assert app.focused.value == "ethb"


async def test_keys_go_on_after_the_panel_that_had_them_is_gone() -> None:
    app = staged_app(grid=4)
    async with app.run_test(size=(200, 60)) as pilot:
        app.frame()
        await pilot.pause()

        type_at_once(app, "4ggggb")
        await wait_until_done(app)

        assert app.dashboard.state().grid == 2
        assert not app.dashboard.state().book_shown
