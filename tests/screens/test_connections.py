"""The connections over the dashboard, the debug mode, and what the pause admits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from staging import CONNECTED, INSTRUMENTS, NOW, StagedApp, StagedSession, staged_app, tell
from textual import events
from textual.pilot import Pilot

from tui import locations
from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.trace import TraceKind
from tui.model.health import ConnectionState, ErrorCategory, Transition
from tui.model.subscription import SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.screens.connections import ConnectionsScreen

BTC = INSTRUMENTS[0]
GIVEN_UP = msgspec.structs.replace(
    CONNECTED, state=ConnectionState.ERROR, cause="the certificate of x is not valid"
)


@asynccontextmanager
async def running(
    app: StagedApp | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[StagedApp, StagedSession, Pilot[Any]]]:
    app = app or staged_app()
    async with app.run_test(size=size, notifications=True) as pilot:
        app.frame()
        await pilot.pause()
        assert isinstance(app.session, StagedSession)
        yield app, app.session, pilot


def row(widget: Any, y: int) -> str:
    return str(widget.render_line(y).text)


def text_of(screen: Any) -> str:
    return "\n".join(row(screen._view, y) for y in range(screen._view.size.height))


async def test_a_key_opens_the_connections_and_escape_leaves_them() -> None:
    async with running() as (app, _, pilot):
        await pilot.press("n")
        assert isinstance(app.screen, ConnectionsScreen)

        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_the_connections_are_live_while_they_are_open() -> None:
    async with running() as (app, session, pilot):
        await pilot.press("n")
        assert "BINANCE CONNECTED" in text_of(app.screen)

        session.staged = [GIVEN_UP]
        session.staged_history = [Transition(NOW, ConnectionState.ERROR, "not valid")]
        assert isinstance(app._source.clock, ManualClock)
        await app._source.clock.advance(1.0)
        app.frame()
        await pilot.pause()

        assert "BINANCE ERROR" in text_of(app.screen)
        assert "23:54:15.250 ✗ ERROR not valid" in text_of(app.screen)


async def test_r_tries_again_from_both_screens() -> None:
    async with running(staged_app(health=GIVEN_UP)) as (_, session, pilot):
        await pilot.press("r")
        assert session.retries == 1

        await pilot.press("n", "r")
        assert session.retries == 2


async def test_a_feed_that_gave_up_names_the_key_as_it_is_bound_in_the_status_bar() -> None:
    app = staged_app(health=GIVEN_UP)
    settings = msgspec.structs.replace(app._launch.settings, keys={"reconnect": ("f9",)})
    app._launch = msgspec.structs.replace(app._launch, settings=settings)
    async with running(app) as (app, _, _):
        bar = row(app.dashboard.status_bar, 0)

        assert "✗ BINANCE ERROR f9: retry · the certificate of x is not valid" in bar


async def test_a_lesser_transport_is_marked_on_every_panel_that_it_feeds() -> None:
    app = staged_app(grid=1)
    tell(app, BTC, SubscriptionStatus.LIVE, transport=TransportKind.SSE)
    async with running(app) as (app, _, _):
        dashboard = app.dashboard
        titles = [row(w, 0) for w in (dashboard.panels[0], dashboard.ladder, dashboard.tape)]

        assert ["↓sse ● live" in title or "↓sse ● verified" in title for title in titles] == [
            True
        ] * 3


async def test_a_paused_view_does_not_claim_to_be_live_and_says_so_again_when_it_is() -> None:
    async with running() as (app, _, pilot):
        dashboard = app.dashboard
        shown = [dashboard.panels[0], dashboard.ladder, dashboard.tape]

        await pilot.press("space")
        assert [("❙❙ paused" in row(w, 0), "live" in row(w, 0)) for w in shown] == [
            (True, False)
        ] * 3
        assert "❙❙" in row(dashboard.watchlist, 1)

        await pilot.press("space")
        assert not any("paused" in row(w, 0) for w in shown)


async def test_the_debug_mode_is_switched_by_a_key_and_says_where_it_writes() -> None:
    async with running() as (app, session, pilot):
        await pilot.press("ctrl+d")
        app.frame()
        session.errors.report(ErrorCategory.SERVER, "it said no", venue="BINANCE")
        session._trace.note(TraceKind.CONNECTION, "BINANCE", "connected")
        await pilot.pause()

        assert " DEBUG " in row(app.dashboard.status_bar, 0)
        [notice] = app._notifications
        assert notice.message == f"debug mode: writing {locations.debug_file()}"

        await pilot.press("ctrl+d")
        app.frame()
        session._trace.note(TraceKind.CONNECTION, "BINANCE", "lost")
        await pilot.pause()

        assert " DEBUG " not in row(app.dashboard.status_bar, 0)
        written = [
            line.split(" ", 1)[1] for line in locations.debug_file().read_text().splitlines()
        ]
        assert written == [
            "debug - on",
            "error BINANCE it said no",
            "connection BINANCE connected",
            "debug - off",
        ]


async def test_a_debug_file_that_cannot_be_written_is_an_error_and_no_mode() -> None:
    locations.debug_file().parent.mkdir(parents=True)
    locations.debug_file().mkdir()
    async with running() as (app, session, pilot):
        await pilot.press("ctrl+d")
        app.frame()

        assert " DEBUG " not in row(app.dashboard.status_bar, 0)
        assert "debug.log cannot be written" in session.errors.records()[0].message


async def test_the_debug_option_switches_the_mode_on_from_the_start() -> None:
    app = staged_app()
    app._launch = msgspec.structs.replace(app._launch, debug=True)
    async with running(app) as (app, _, _):
        assert " DEBUG " in row(app.dashboard.status_bar, 0)


async def test_the_debug_mode_notes_how_the_program_does() -> None:
    async with running() as (app, _, pilot):
        await pilot.press("ctrl+d")
        app._note_performance()

        lines = locations.debug_file().read_text().splitlines()
        assert " performance - loop lag 0 ms, frames 9.8/s" in lines[-2]
        assert " performance BINANCE CONNECTED by websocket, in 119.4/s" in lines[-1]


async def test_keys_and_mouse_tell_that_somebody_looks() -> None:
    async with running() as (app, _, pilot):
        clock = app._source.clock
        assert isinstance(clock, ManualClock)
        for act in (pilot.press("j"), pilot.hover("#ladder"), pilot.click("#panel-2")):
            await clock.advance(60.0)
            assert app._activity.idle_s == 60.0

            await act

            assert app._activity.idle_s == 0.0
        await clock.advance(60.0)
        app.post_message(events.Idle())
        await pilot.pause()
        assert app._activity.idle_s == 60.0


async def test_the_chosen_panels_instrument_is_in_focus() -> None:
    async with running() as (_, session, pilot):
        assert session._focus == {BTC}

        await pilot.press("2")

        assert session._focus == {INSTRUMENTS[1]}


async def test_hiding_the_book_leaves_watchlist_and_trades_where_they_are() -> None:
    async with running() as (app, _, pilot):
        await pilot.press("b")
        await pilot.pause()

        shown = app.dashboard
        assert not shown.ladder.is_on_screen
        assert shown.watchlist.is_on_screen
        assert shown.tape.is_on_screen


async def test_hiding_the_book_alone_beside_the_charts_gives_them_its_room() -> None:
    async with running(size=(80, 24)) as (app, _, pilot):
        await pilot.press("b")
        await pilot.pause()

        assert app.dashboard.grid.size.width == 80


async def test_the_footer_names_the_way_back_while_the_watchlist_covers_the_book() -> None:
    async with running(size=(80, 24)) as (app, _, pilot):
        assert "back" not in row(app.dashboard.key_bar, 0)

        await pilot.press("j")
        await pilot.pause()
        assert row(app.dashboard.key_bar, 0).startswith(" esc back ")

        await pilot.press("escape")
        await pilot.pause()
        assert "back" not in row(app.dashboard.key_bar, 0)


async def test_each_widget_counts_how_often_it_was_painted() -> None:
    async with running() as (app, session, pilot):
        before = app.dashboard.ladder.repaints
        await app._source.clock.advance(1.0)
        session.market[BTC].book.replace([("1", "1")], [("2", "1")])
        session.market.book_changed(BTC)
        app.frame()
        app.frame()
        await pilot.pause()

        assert app.dashboard.ladder.repaints == before + 1
        assert app.dashboard.repaints()["ladder"] == before + 1


async def test_neighbours_in_the_footer_share_their_word_and_each_key_can_be_clicked() -> None:
    app = staged_app(grid=1)
    app.session._adapters["BINANCE"] = BinanceAdapter()
    async with running(app, size=(80, 24)) as (app, _, pilot):
        footer = row(app.dashboard.key_bar, 0)
        assert " [ ] timeframe " in footer

        await pilot.click("#keys", offset=(footer.index("]"), 0))
        assert app.dashboard.chosen.timeframe == Timeframe(3, "m")

        await pilot.click("#keys", offset=(footer.index("["), 0))
        assert app.dashboard.chosen.timeframe == Timeframe(1, "m")
