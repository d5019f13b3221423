"""Symbols are put over a panel's candles by key, and taken away the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from dialogs import asking
from staging import INSTRUMENTS, MINUTE, staged_app
from textual.widgets import Static

from tui.model.instrument import Instrument, InstrumentInfo, VenueListing
from tui.model.subscription import Channel, Subscription
from tui.screens.overlays import OverlaysScreen
from tui.screens.symbol_search import SymbolSearch

BTC, ETH, SOL, XRP, PEPE, ETHBTC = INSTRUMENTS


class Listed:
    """The dialog, and what it had drawn last."""

    def __init__(self, *offered: Instrument, listed: Sequence[Instrument] = ()) -> None:
        self.drawn: tuple[Instrument, ...] = ()

        async def listings() -> AsyncIterator[VenueListing]:
            infos = [InstrumentInfo(one, one.symbol[:3], "USDT") for one in listed]
            yield VenueListing("BINANCE", infos)

        self.dialog = OverlaysScreen(
            BTC,
            (),
            (BTC, *offered),
            change=self._change,
            search=lambda: SymbolSearch(listings, lambda instrument: None),
        )

    def _change(self, drawn: tuple[Instrument, ...]) -> None:
        self.drawn = drawn


async def test_enter_draws_a_symbol_and_takes_it_away() -> None:
    listed = Listed(ETH, SOL, XRP)
    async with asking(listed.dialog) as (app, pilot):
        await pilot.press("enter", "down", "enter")
        assert app.lines == [" ● BINANCE:ETHUSDT", " ● BINANCE:SOLUSDT", "   BINANCE:XRPUSDT"]
        assert listed.drawn == (ETH, SOL)

        await pilot.press("up", "enter")
        assert listed.drawn == (SOL,)

        await pilot.press("x")
        assert listed.drawn == ()


async def test_more_than_can_be_told_apart_are_refused() -> None:
    listed = Listed(ETH, SOL, XRP, PEPE, ETHBTC)
    async with asking(listed.dialog) as (app, pilot):
        await pilot.press(*["enter", "down"] * 5)

        assert listed.drawn == (ETH, SOL, XRP, PEPE)
        await pilot.press("enter")
        note = app.screen.query_one("#overlays-note", Static)
        assert str(note.content) == "4 are drawn already: switch one off first"


async def test_a_symbol_is_found_by_search() -> None:
    listed = Listed(ETH, listed=[SOL, XRP])
    async with asking(listed.dialog) as (app, pilot):
        await pilot.press("slash")
        await pilot.press(*"sol", "enter")
        await pilot.pause()

        assert app.lines == ["   BINANCE:ETHUSDT", " ● BINANCE:SOLUSDT"]
        assert listed.drawn == (SOL,)


async def test_the_list_fits_a_tiny_terminal() -> None:
    async with asking(Listed(*INSTRUMENTS[1:]).dialog, size=(40, 12)) as (app, _):
        assert app.screen.query_one("#overlays-note", Static).region.bottom <= 12


async def test_what_is_drawn_is_subscribed_fetched_and_told_in_the_legend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        wishes: list[dict[Subscription, int]] = []
        monkeypatch.setattr(app.session, "look_back", wishes.append)
        await pilot.press("O", "enter", "escape", "home")
        app.frame()

        own, over = (Subscription(each, Channel.CANDLES, MINUTE) for each in (BTC, ETH))
        assert over in app.dashboard.wanted()
        assert wishes[-1] == {own: 0, over: 0}
        panel = app.dashboard.chosen
        assert panel.view.overlays == (ETH,)
        chart = [panel.render_line(y).text for y in range(panel.size.height)]
        assert any("ETHUSDT" in row and "%" in row for row in chart[1:4])
