"""What the keys do on the dashboard, and what is subscribed because of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from staging import CONNECTED, INSTRUMENTS, MINUTE, StagedApp, StagedSource, staged_app, tell
from textual.pilot import Pilot
from textual.widgets import Input

from tui import locations
from tui.adapters.binance import BinanceAdapter
from tui.model.events import Status, Ticker
from tui.model.health import ConnectionState, ErrorCategory
from tui.model.instrument import InstrumentInfo, VenueListing
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.screens.help import HelpScreen
from tui.screens.symbol_search import SymbolSearch

BTC, ETH, SOL, XRP, PEPE, ETHBTC = INSTRUMENTS


@asynccontextmanager
async def running(
    app: StagedApp | None = None, size: tuple[int, int] = (200, 60)
) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    app = app or staged_app()
    async with app.run_test(size=size) as pilot:
        app.frame()
        await pilot.pause()
        yield app, pilot


def row(widget: Any, y: int) -> str:
    return str(widget.render_line(y).text)


async def test_a_digit_chooses_a_panel_that_then_drives_book_and_tape() -> None:
    async with running() as (app, pilot):
        await pilot.press("3")

        assert app.dashboard.chosen.instrument == SOL
        assert app.dashboard.ladder.instrument == SOL
        assert app.dashboard.tape.instrument == SOL


async def test_a_digit_without_a_panel_changes_nothing() -> None:
    async with running(staged_app(grid=2)) as (app, pilot):
        await pilot.press("9")

        assert app.dashboard.chosen.instrument == BTC


async def test_tab_goes_around_the_panels_in_both_directions() -> None:
    async with running() as (app, pilot):
        await pilot.press("tab", "tab")
        assert app.dashboard.grid.chosen == 2

        await pilot.press("shift+tab", "shift+tab", "shift+tab")
        assert app.dashboard.grid.chosen == 3


async def test_enter_puts_the_watchlists_symbol_into_the_panel_at_once() -> None:
    async with running() as (app, pilot):
        await pilot.press("j", "down", "k", "j", "j", "j", "enter")

        assert app.dashboard.chosen.instrument == PEPE
        assert "BINANCE:PEPEUSDT" in row(app.dashboard.panels[0], 0)
        assert "0.0000081" in row(app.dashboard.panels[0], 0)


async def test_what_is_shown_is_subscribed_and_nothing_else() -> None:
    async with running(staged_app(grid=2)) as (app, pilot):
        await pilot.press("2")

        assert app.dashboard.wanted() == {
            *(Subscription(instrument, Channel.TICKER) for instrument in INSTRUMENTS),
            Subscription(BTC, Channel.CANDLES, MINUTE),
            Subscription(BTC, Channel.TRADES),
            Subscription(ETH, Channel.CANDLES, MINUTE),
            Subscription(ETH, Channel.TRADES),
            Subscription(ETH, Channel.BOOK),
        }


async def test_a_symbol_that_is_no_longer_shown_keeps_only_its_ticker() -> None:
    async with running(staged_app(grid=1)) as (app, pilot):
        await pilot.press("j", "j", "enter")

        of_btc = {one.channel for one in app.dashboard.wanted() if one.instrument == BTC}
        of_sol = {one.channel for one in app.dashboard.wanted() if one.instrument == SOL}

        assert of_btc == {Channel.TICKER}
        assert of_sol == set(Channel)


async def test_brackets_change_the_timeframe_and_stop_at_the_ends() -> None:
    app = staged_app(grid=1)
    app.session._adapters["BINANCE"] = BinanceAdapter()
    async with running(app) as (app, pilot):
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert app.dashboard.chosen.timeframe == Timeframe(5, "m")

        await pilot.press(*["left_square_bracket"] * 9)
        assert app.dashboard.chosen.timeframe == Timeframe(1, "s")


async def test_the_grid_grows_with_symbols_of_the_watchlist() -> None:
    async with running(staged_app(grid=1)) as (app, pilot):
        await pilot.press("g")
        assert [panel.instrument for panel in app.dashboard.grid.visible_panels] == [BTC, ETH]

        await pilot.press("g", "g")
        assert [panel.instrument for panel in app.dashboard.grid.visible_panels] == [*INSTRUMENTS]

        await pilot.press("g", "g")
        assert [panel.instrument for panel in app.dashboard.grid.visible_panels] == [BTC]


async def test_the_chosen_panel_can_be_shown_alone() -> None:
    async with running() as (app, pilot):
        await pilot.press("4", "z")
        assert [panel.instrument for panel in app.dashboard.grid.visible_panels] == [XRP]

        await pilot.press("z")
        assert len(app.dashboard.grid.visible_panels) == 4


async def test_panes_are_shown_and_hidden() -> None:
    async with running() as (app, pilot):
        await pilot.press("e", "m", "b", "v")

        assert app.dashboard.errors.is_on_screen
        assert app.dashboard.metrics.is_on_screen
        assert not app.dashboard.ladder.is_on_screen
        await pilot.press("b")
        assert not app.dashboard.curve.is_on_screen
        assert app.dashboard.ladder.is_on_screen


async def test_pausing_holds_the_view_while_data_goes_on() -> None:
    async with running(staged_app(grid=1)) as (app, pilot):
        await pilot.press("space")
        app.session.market.apply_ticker(
            Ticker(instrument=BTC, ts_exchange=2**62, ts_local=2**62, last=1.0, last_text="1.00")
        )
        app.frame()
        assert "61,8" in row(app.dashboard.panels[0], 0)
        assert "VIEW PAUSED" in row(app.dashboard.status_bar, 0)

        await pilot.press("space")
        app.frame()
        assert "61,8" not in row(app.dashboard.panels[0], 0)


async def test_nothing_but_the_search_hears_the_keys_while_typing() -> None:
    async with running() as (app, pilot):
        before = app.dashboard.state()

        await pilot.press("slash", *"qegmbr1 T[]?")

        assert isinstance(app.screen, SymbolSearch)
        assert app.screen.query_one(Input).value == "qegmbr1 T[]?"
        await pilot.press("escape")
        assert app.dashboard.state() == before


async def test_letters_typed_in_one_go_with_the_searchs_key_reach_it() -> None:
    async with running() as (app, pilot):
        before = app.dashboard.state()

        for key in ("slash", "b", "x", "3"):
            app.simulate_key(key)
        await pilot.pause()
        await pilot.pause()

        assert isinstance(app.screen, SymbolSearch)
        assert app.screen.query_one(Input).value == "bx3"
        assert app.dashboard.state() == before


async def test_a_found_symbol_goes_into_the_panel_and_into_the_watchlist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = staged_app(grid=1, instruments=INSTRUMENTS[:2])

    async def listed() -> AsyncIterator[VenueListing]:
        infos = [InstrumentInfo(one, one.symbol[:3], one.symbol[3:]) for one in INSTRUMENTS]
        yield VenueListing("SIM", infos)

    monkeypatch.setattr(app.session, "instruments", listed)
    async with running(app) as (app, pilot):
        await pilot.press("slash", *"sol", "enter")

        assert app.dashboard.chosen.instrument == SOL
        assert app.dashboard.watchlist.instruments == (BTC, ETH, SOL)


async def test_symbols_are_added_to_the_watchlist_and_removed_from_it() -> None:
    async with running(staged_app(grid=1)) as (app, pilot):
        await pilot.press("x")
        assert BTC not in app.dashboard.watchlist.instruments

        await pilot.press("a")
        assert app.dashboard.watchlist.instruments[-1] == BTC


async def test_a_click_chooses_a_panel_and_a_symbol_and_presses_a_key() -> None:
    async with running() as (app, pilot):
        await pilot.click("#panel-2")
        assert app.dashboard.grid.chosen == 1

        await pilot.click("#watchlist", offset=(5, 6))
        assert app.dashboard.chosen.instrument == ETHBTC

        x = row(app.dashboard.key_bar, 0).index("errors")
        await pilot.click("#keys", offset=(x, 0))
        await pilot.pause()
        assert app.dashboard.errors.display


async def test_the_error_log_is_filtered_copied_and_cleared() -> None:
    app = staged_app()
    app.session.errors.report(ErrorCategory.PARSE, "k.t: not a number", venue="BINANCE")
    app.session.errors.report(ErrorCategory.SERVER, "busy", venue="BINANCE")
    async with running(app) as (app, pilot):
        await pilot.press("e", "f")
        app.frame()
        assert "Errors 0 · connection" in row(app.dashboard.errors, 0)

        await pilot.press("f", "c")
        assert app.clipboard.endswith("server BINANCE busy x1")

        await pilot.press("ctrl+l")
        app.frame()
        assert len(app.session.errors) == 0


async def test_a_long_error_is_wrapped_so_that_its_remedy_can_be_read() -> None:
    app = staged_app()
    app.session.errors.report(ErrorCategory.CONFIG, f"{'too long ' * 12}(make it shorter)")
    async with running(app, size=(100, 40)) as (app, pilot):
        await pilot.press("e")
        app.frame()

        assert row(app.dashboard.errors, 1).startswith(" 23:54:15 config       too long")
        assert "make it shorter" in row(app.dashboard.errors, 2)


async def test_a_terminal_that_is_too_small_shows_its_sentence_whatever_was_open() -> None:
    async with running(size=(26, 6)) as (app, pilot):
        await pilot.press("e", "m")

        assert app.dashboard.query_one("#too-small").display
        assert not app.dashboard.errors.is_on_screen
        assert not app.dashboard.metrics.is_on_screen


async def test_an_empty_category_does_not_claim_that_nothing_went_wrong() -> None:
    app = staged_app()
    app.session.errors.report(ErrorCategory.PARSE, "k.t: not a number", venue="BINANCE")
    async with running(app) as (app, pilot):
        await pilot.press("e", "f", "c")
        app.frame()

        assert row(app.dashboard.errors, 1).strip() == "no connection errors"
        assert app.clipboard == ""


async def test_a_picture_is_saved_where_there_is_no_folder_for_downloads() -> None:
    async with running() as (_app, pilot):
        await pilot.press("ctrl+s")

        [picture] = Path.home().glob("tradetui-*.svg")
        assert picture.read_text().startswith("<svg")


async def test_panels_that_nobody_named_begin_with_the_watchlist() -> None:
    two = staged_app(grid=2)
    two._log_file.close()
    settings = msgspec.structs.replace(two._launch.settings, grid=4)
    launch = msgspec.structs.replace(two._launch, settings=settings)

    async with running(StagedApp(launch, StagedSource(), CONNECTED)) as (app, _pilot):
        shown = [panel.instrument for panel in app.dashboard.panels[:5]]

    assert shown == [BTC, ETH, SOL, XRP, None]


async def test_the_footer_shows_what_can_be_done_now() -> None:
    async with running() as (app, pilot):
        assert "filter" not in row(app.dashboard.key_bar, 0)
        assert "speed" not in row(app.dashboard.key_bar, 0)

        await pilot.press("e")
        app.frame()
        assert "f filter" in row(app.dashboard.key_bar, 0)


async def test_keys_can_be_rebound() -> None:
    app = staged_app()
    settings = msgspec.structs.replace(app._launch.settings, keys={"grid": ("Z",)})
    app._launch = msgspec.structs.replace(app._launch, settings=settings)
    async with running(app) as (app, pilot):
        await pilot.press("g")
        assert app.dashboard.grid.count == 4

        await pilot.press("Z")
        assert app.dashboard.grid.count == 6
        app.frame()
        assert "Z grid" in row(app.dashboard.key_bar, 0)


async def test_actions_can_swap_their_keys() -> None:
    app = staged_app()
    keys = {"errors": ("m",), "metrics": ("e", "f9")}
    settings = msgspec.structs.replace(app._launch.settings, keys=keys)
    app._launch = msgspec.structs.replace(app._launch, settings=settings)
    async with running(app) as (app, pilot):
        await pilot.press("m")
        assert (app.dashboard.errors.display, app.dashboard.metrics.display) == (True, False)

        await pilot.press("m", "e")
        assert (app.dashboard.errors.display, app.dashboard.metrics.display) == (False, True)

        await pilot.press("f9")
        assert (app.dashboard.errors.display, app.dashboard.metrics.display) == (False, False)


async def test_help_lists_the_keys_as_they_are_bound() -> None:
    async with running() as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)

        await pilot.press("question_mark")
        assert app.screen is app.dashboard


async def test_every_action_is_in_the_palette() -> None:
    async with running() as (app, _pilot):
        titles = [command.title for command in app.get_system_commands(app.screen)]

        assert "Next grid" in titles
        assert "Quit" in titles
        assert "Theme: monochrome" in titles
        assert "Replay: faster" not in titles


async def test_the_theme_changes_and_is_remembered() -> None:
    async with running() as (app, pilot):
        first = app.theme
        await pilot.press("T")

        assert app.theme != first
        assert app.theme in app._launch.themes

    assert f'theme = "{app.theme}"' in locations.state_file().read_text()


async def test_what_was_shown_is_shown_again_at_the_next_start() -> None:
    async with running(staged_app()) as (app, pilot):
        await pilot.press("2", "j", "j", "j", "j", "enter", "e", "x")

    again = staged_app(filled=False)

    async with running(again) as (app, pilot):
        assert app.dashboard.panels[1].instrument == PEPE
        assert app.dashboard.grid.chosen == 1
        assert app.dashboard.errors.display
        assert PEPE not in app.dashboard.watchlist.instruments


async def test_a_lost_connection_is_told_in_the_status_bar() -> None:
    health = msgspec.structs.replace(
        CONNECTED,
        state=ConnectionState.RECONNECTING,
        cause="connection refused",
        retry_in_s=7.0,
    )
    async with running(staged_app(health=health)) as (app, _pilot):
        assert "RECONNECTING retry in 7s · connection refused" in row(app.dashboard.status_bar, 0)


async def test_a_venue_that_does_not_trade_as_usual_says_so_in_the_status_bar() -> None:
    app = staged_app(health=CONNECTED)
    async with running(app):
        told = Status(CONNECTED.venue, None, "cancel_only", "", 0, 1)
        app.session.market.notices.apply(told)
        app.frame()
        app.dashboard.status_bar.draw()
        assert f"● {CONNECTED.venue} cancel only" in row(app.dashboard.status_bar, 0)

        app.session.market.notices.apply(msgspec.structs.replace(told, word="online"))
        app.frame()
        app.dashboard.status_bar.draw()
        assert "online" not in row(app.dashboard.status_bar, 0)


async def test_a_long_cause_is_cut_and_never_hides_the_state_and_the_retry() -> None:
    health = msgspec.structs.replace(
        CONNECTED,
        state=ConnectionState.DISCONNECTED,
        cause="cannot connect to stream.binance.com:9443: the name cannot be resolved",
        retry_in_s=7.0,
    )
    async with running(staged_app(health=health), size=(80, 24)) as (app, _pilot):
        shown = row(app.dashboard.status_bar, 0)

        assert "DISCONNECTED retry in 7s · cannot connect" in shown
        assert "… " in shown
        assert shown.endswith("23:54:15 UTC ")


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord"])
async def test_textuals_own_themes_work_too(theme: str) -> None:
    async with running() as (app, pilot):
        app.theme = theme
        await pilot.pause()
        app.frame()

        assert "BINANCE:BTCUSDT" in row(app.dashboard.panels[0], 0)


async def test_a_chart_that_waits_for_a_connection_says_why() -> None:
    app = staged_app(filled=False)
    tell(app, BTC, SubscriptionStatus.PENDING, "disconnected: connection refused")
    async with running(app) as (app, _pilot):
        panel = app.dashboard.panels[0]

        assert any("disconnected: connection refused" in row(panel, y) for y in range(20))
