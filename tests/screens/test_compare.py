"""Several sources of one market over the dashboard, and what venues announce."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from comparing import BINANCE, COINBASE, KRAKEN, SOURCES, comparing_app
from staging import INSTRUMENTS, MINUTE, NOW, StagedApp, staged_app, tell
from textual.pilot import Pilot

from tui.feed.clock import ManualClock
from tui.market.market import Market
from tui.model.events import Alert, AlertLevel, Metric, Status
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.screens.announcements import AnnouncementsScreen
from tui.screens.compare import CompareScreen, find_comparable


@asynccontextmanager
async def running(
    app: StagedApp, size: tuple[int, int] = (120, 30)
) -> AsyncIterator[tuple[StagedApp, Pilot[Any]]]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        await next_look(app, pilot)
        yield app, pilot


async def next_look(app: StagedApp, pilot: Pilot[Any]) -> None:
    clock = app._source.clock
    assert isinstance(clock, ManualClock)
    await clock.advance(0.5)
    app.frame()
    await pilot.pause()


def text_of(app: StagedApp, selector: str) -> str:
    widget = app.screen.query_one(selector)
    return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))


async def test_a_launch_that_compares_opens_with_the_comparison() -> None:
    async with running(comparing_app()) as (app, pilot):
        assert isinstance(app.screen, CompareScreen)

        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_what_is_compared_is_wanted_while_it_is_open_only() -> None:
    async with running(comparing_app()) as (app, pilot):
        book = Subscription(KRAKEN, Channel.BOOK)
        assert book in app.session._share("KRAKEN")
        assert Subscription(KRAKEN, Channel.CANDLES, MINUTE) in app.session._share("KRAKEN")

        await pilot.press("escape")
        await pilot.pause()

        assert book not in app.session._share("KRAKEN")
        assert Subscription(KRAKEN, Channel.TICKER) in app.session._share("KRAKEN")


async def test_best_prices_say_who_leads_and_how_far_apart_they_are() -> None:
    async with running(comparing_app()) as (app, _):
        assert text_of(app, "#quotes").splitlines() == [
            " Best prices                  bid           ask  spread bp  bid behind"
            "  ask behind from A bp",
            " A BINANCE:BTCUSDT      61,837.63    ▸61,837.65      0.003        2.18"
            "        0.00     +0.00  ● verified 12s · sequence",
            " B COINBASE:BTC-USD    ▸61,851.09     61,851.11      0.003        0.00"
            "        2.18     +2.18  ● verified 12s · sequence",
            " C KRAKEN:BTC/USD        61,839.9      61,840.1      0.032        1.81"
            "        0.40     +0.38  ● verified 12s · sequence",
            " bid B, ask A: crossed by 2.17 bp  in USD and USDT: not the same money",
        ]


async def test_each_source_fails_alone_and_says_so() -> None:
    app = comparing_app()
    tell(app, COINBASE, SubscriptionStatus.STALE)
    tell(app, KRAKEN, SubscriptionStatus.REJECTED, "unknown symbol")

    async with running(app) as (app, _):
        table = text_of(app, "#quotes").splitlines()
        assert "● verified 12s" in table[1]
        assert table[2].endswith("—  ○ stale 12s")
        assert "✗ rejected: unknown" in table[3]
        assert table[4].startswith(" bid A, ask A: apart 0.00 bp")
        title = text_of(app, "#lines").splitlines()[0]
        assert "A -" in title or "A +" in title
        assert "B" in title
        assert "○ 12s" in title or "○ stale 12s" in title
        joined = text_of(app, "#joined").splitlines()
        assert joined[0].startswith(" Joined book A ")
        assert "without B ○ 12s, C ✗" in joined[0]
        assert {line[1] for line in joined[1:] if line[1:2].isalpha()} <= {"A", "a"}


async def test_prices_of_the_joined_book_can_be_taken_together() -> None:
    async with running(comparing_app()) as (app, pilot):
        await pilot.press("g")
        await next_look(app, pilot)

        joined = text_of(app, "#joined").splitlines()
        assert joined[0] == " Joined book ABC by 1"
        assert " AC      " in "\n".join(joined)


async def test_where_room_is_short_the_joined_book_takes_the_lines_place() -> None:
    async with running(comparing_app(), size=(80, 24)) as (app, pilot):
        assert not app.screen.query_one("#joined").is_on_screen

        await pilot.press("b")
        await next_look(app, pilot)

        assert "crossed by 2.17 bp" in text_of(app, "#joined")
        assert not app.screen.query_one("#lines").is_on_screen


async def test_a_comparison_of_what_is_not_live_says_so() -> None:
    async with running(comparing_app(badge="SIMULATED"), size=(40, 12)) as (app, _):
        assert "SIMULATED" in text_of(app, "#lines")


async def test_a_key_compares_the_chosen_panels_market_with_the_same_elsewhere() -> None:
    app = comparing_app()
    app._launch = msgspec.structs.replace(app._launch, comparing=False)

    async with running(app) as (app, pilot):
        await pilot.press("2", "C")
        await next_look(app, pilot)

        table = text_of(app, "#quotes").splitlines()
        assert [line[:12] for line in table[1:4]] == [
            " A COINBASE:",
            " B BINANCE:B",
            " C KRAKEN:BT",
        ]


async def test_one_instrument_alone_is_not_compared() -> None:
    async with running(staged_app(instruments=INSTRUMENTS[:1], grid=1)) as (app, pilot):
        await pilot.press("C")

        assert app.screen is app.dashboard


def test_the_same_market_is_found_by_whatever_name_a_venue_gives_it() -> None:
    eth, xbt = Instrument("BINANCE", "ETHUSDT"), Instrument("KRAKEN", "XBT/USD")

    found = find_comparable(BINANCE, [eth, COINBASE, BINANCE, xbt], Market())

    assert found == [BINANCE, COINBASE, xbt]


def test_without_the_same_elsewhere_all_that_is_held_is_compared() -> None:
    eth = Instrument("BINANCE", "ETHUSDT")

    assert find_comparable(BINANCE, [eth, BINANCE], Market()) == [BINANCE, eth]
    assert find_comparable(None, SOURCES, Market()) == list(SOURCES)


# -- what venues announce ----------------------------------------------------------------------


def announce(app: StagedApp) -> None:
    market = app.session.market
    for number in range(40):
        stamp = NOW - (40 - number) * 10**9
        market.metrics.apply(
            Metric("NATIVE", None, "[red]load[/] \x1b[31m", number % 7 / 10, stamp, stamp)
        )
        market.metrics.apply(Metric("NATIVE", BINANCE, "depth", None, stamp, stamp))
    market.notices.apply(Status("NATIVE", None, "degraded", "[b]slow[/b] disks", NOW, NOW - 10**9))
    for level in AlertLevel:
        market.notices.apply(
            Alert("NATIVE", BINANCE, level, "spread", f"{level} \u202e[link=x]", NOW, NOW)
        )


async def test_figures_states_and_alerts_have_a_panel_each() -> None:
    app = staged_app()
    announce(app)

    async with running(app) as (app, pilot):
        await pilot.press("i")
        assert isinstance(app.screen, AnnouncementsScreen)
        await next_look(app, pilot)

        figures = text_of(app, "#figures").splitlines()
        assert figures[0].startswith(" Figures")
        assert figures[1].startswith(" NATIVE [red]load[/] \ufffd")
        assert " 0.4 " in figures[1]
        assert "▅" in figures[1]
        assert "BINANCE:BTCUSDT depth" in figures[2]
        assert "—" in figures[2]
        assert " 2s NATIVE degraded [b]slow[/b] disks" in text_of(app, "#states")
        alerts = text_of(app, "#alerts")
        assert "23:54:15 ✗ BINANCE:BTCUSDT spread: critical \ufffd[link=x]" in alerts
        assert "▲ BINANCE:BTCUSDT spread: warning" in alerts


async def test_announcements_go_on_while_they_are_looked_at() -> None:
    async with running(staged_app()) as (app, pilot):
        await pilot.press("i")
        assert "no venue publishes figures" in text_of(app, "#figures")

        announce(app)
        await next_look(app, pilot)

        assert "load" in text_of(app, "#figures")


async def test_tab_chooses_which_panel_the_arrows_scroll() -> None:
    app = staged_app()
    for number in range(60):
        app.session.market.notices.apply(
            Alert("NATIVE", None, AlertLevel.INFO, "", f"number {number}", NOW + number, NOW)
        )

    async with running(app) as (app, pilot):
        await pilot.press("i", "tab", "tab", "down")
        await pilot.pause()

        lines = text_of(app, "#alerts").splitlines()
        assert lines[0].endswith("of 60")
        assert lines[1].endswith("number 58")
