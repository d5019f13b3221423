"""Symbols are put over a panel's candles by key, and taken away the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from staging import INSTRUMENTS, MINUTE, StagedApp, staged_app
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from tui.model.instrument import InstrumentInfo, VenueListing
from tui.model.subscription import Channel, Subscription

BTC, ETH, SOL, XRP, PEPE, ETHBTC = INSTRUMENTS


@asynccontextmanager
async def running(
    size: tuple[int, int] = (120, 40), watched: int = 6
) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = staged_app(grid=1, instruments=INSTRUMENTS[:watched])
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


async def test_enter_puts_a_symbol_over_the_candles_and_takes_it_away() -> None:
    async with running() as (app, pilot):
        await pilot.press("O", "enter", "down", "enter")
        assert lines(app)[:3] == [" ● BINANCE:ETHUSDT", " ● BINANCE:SOLUSDT", "   BINANCE:XRPUSDT"]
        assert app.dashboard.chosen.view.overlays == (ETH, SOL)

        await pilot.press("up", "enter")
        assert app.dashboard.chosen.view.overlays == (SOL,)


async def test_what_is_drawn_is_subscribed_and_told_in_the_legend() -> None:
    async with running() as (app, pilot):
        await pilot.press("O", "enter", "escape")
        app.frame()

        assert Subscription(ETH, Channel.CANDLES, MINUTE) in app.dashboard.wanted()
        panel = app.dashboard.chosen
        chart = [panel.render_line(y).text for y in range(panel.size.height)]
        assert any("ETHUSDT" in row and "%" in row for row in chart[1:4])


async def test_older_candles_are_fetched_of_what_is_drawn_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as (app, pilot):
        wishes: list[dict[Subscription, int]] = []
        monkeypatch.setattr(app.session, "look_back", wishes.append)
        await pilot.press("O", "enter", "escape", "home")
        app.frame()

        own, over = (Subscription(each, Channel.CANDLES, MINUTE) for each in (BTC, ETH))
        assert wishes[-1] == {own: 0, over: 0}


async def test_all_of_them_are_taken_away_at_once() -> None:
    async with running() as (app, pilot):
        await pilot.press("O", "enter", "down", "enter", "x")

        assert app.dashboard.chosen.view.overlays == ()


async def test_more_than_can_be_told_apart_are_refused() -> None:
    async with running() as (app, pilot):
        await pilot.press("O", *["enter", "down"] * 5)
        await pilot.press("enter")

        assert app.dashboard.chosen.view.overlays == (ETH, SOL, XRP, PEPE)
        note = app.screen.query_one("#overlays-note", Static)
        assert str(note.content) == "4 are drawn already: switch one off first"


async def test_a_symbol_is_found_by_search(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(watched=2) as (app, pilot):

        async def listed() -> AsyncIterator[VenueListing]:
            yield VenueListing("SIM", [InstrumentInfo(SOL, "SOL", "USDT")])

        monkeypatch.setattr(app.session, "instruments", listed)
        await pilot.press("O", "slash", *"sol", "enter")

        assert lines(app) == ["   BINANCE:ETHUSDT", " ● BINANCE:SOLUSDT"]
        assert app.dashboard.chosen.view.overlays == (SOL,)


async def test_the_list_fits_a_tiny_terminal() -> None:
    async with running(size=(40, 12)) as (app, pilot):
        await pilot.press("O")

        assert app.screen.query_one("#overlays-note", Static).region.bottom <= 12
