"""Pictures of every state of the screen, at every size that the design names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from comparing import COINBASE, comparing_app
from staging import CONNECTED, INSTRUMENTS, NOW, StagedApp, StagedSession, fill, staged_app, tell
from textual.pilot import Pilot

from tui.model.events import Alert, AlertLevel, Metric, Status
from tui.model.health import ConnectionState, ErrorCategory, Transition
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS
from tui.model.transport import TransportKind

pytestmark = pytest.mark.snapshot

SIZES = [(200, 60), (120, 40), (80, 24), (40, 12)]
Prepare = Callable[[Pilot[Any]], Awaitable[None]]


def keys(*pressed: str) -> Prepare:
    """Press keys, then paint one frame."""

    async def run(pilot: Pilot[Any]) -> None:
        await pilot.press(*pressed)
        await pilot.pause()
        assert isinstance(pilot.app, StagedApp)
        pilot.app.frame()
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_dashboard(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(staged_app(), terminal_size=size, run_before=keys())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_before_any_data(snap_compare: Any, size: tuple[int, int]) -> None:
    health = msgspec.structs.replace(
        CONNECTED, state=ConnectionState.CONNECTING, cause="", latency_p50_ms=None
    )

    assert snap_compare(
        staged_app(filled=False, health=health), terminal_size=size, run_before=keys()
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_data_that_is_not_live_says_so_everywhere(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app(badge="SIMULATED")

    assert snap_compare(app, terminal_size=size, run_before=keys())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_lost_connection(snap_compare: Any, size: tuple[int, int]) -> None:
    health = msgspec.structs.replace(
        CONNECTED,
        state=ConnectionState.RECONNECTING,
        cause="connection refused",
        retry_in_s=7.0,
    )
    app = staged_app(health=health)
    for instrument in INSTRUMENTS:
        tell(app, instrument, SubscriptionStatus.STALE)

    assert snap_compare(app, terminal_size=size, run_before=keys())


def test_a_rejected_symbol_and_a_book_that_is_rebuilt(snap_compare: Any) -> None:
    app = staged_app(filled=False)
    fill(app, INSTRUMENTS[:2])
    tell(app, INSTRUMENTS[0], SubscriptionStatus.SYNCING, "gap of 3 updates")
    tell(app, INSTRUMENTS[2], SubscriptionStatus.REJECTED, "unknown symbol")

    assert snap_compare(app, terminal_size=(120, 40), run_before=keys())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_error_log(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app()
    report = app.session.errors.report
    report(ErrorCategory.CONNECTION, "connection refused", venue="BINANCE")
    report(ErrorCategory.CONNECTION, "connection refused", venue="BINANCE")
    report(ErrorCategory.SUBSCRIPTION, "unknown symbol", instrument=Instrument("BINANCE", "NOPE"))
    report(ErrorCategory.PARSE, "k.t: expected an integer", venue="BINANCE")

    assert snap_compare(app, terminal_size=size, run_before=keys("e"))


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24)], ids=lambda size: f"{size[0]}")
def test_the_metrics(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(staged_app(), terminal_size=size, run_before=keys("m"))


def test_the_depth_curve(snap_compare: Any) -> None:
    assert snap_compare(staged_app(grid=1), terminal_size=(120, 40), run_before=keys("v"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_help(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(staged_app(), terminal_size=size, run_before=keys("question_mark"))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_watchlist_takes_the_books_place_where_room_is_short(
    snap_compare: Any, size: tuple[int, int]
) -> None:
    assert snap_compare(staged_app(), terminal_size=size, run_before=keys("j", "j", "j"))


def test_the_book_takes_the_charts_place_in_the_smallest_terminal(snap_compare: Any) -> None:
    assert snap_compare(staged_app(), terminal_size=(40, 12), run_before=keys("b"))


def test_a_terminal_that_is_too_small_gets_a_sentence(snap_compare: Any) -> None:
    assert snap_compare(staged_app(), terminal_size=(26, 6), run_before=keys())


@pytest.mark.parametrize("grid", [1, 2, 6, 9])
def test_grids(snap_compare: Any, grid: int) -> None:
    assert snap_compare(staged_app(grid=grid), terminal_size=(200, 60), run_before=keys())


@pytest.mark.parametrize(
    "theme", ["light", "high-contrast", "colour-blind-dark", "colour-blind-light", "monochrome"]
)
def test_themes(snap_compare: Any, theme: str) -> None:
    assert snap_compare(staged_app(theme=theme), terminal_size=(120, 40), run_before=keys())


@pytest.mark.parametrize("glyphs", ["halves", "ascii"])
def test_glyphs(snap_compare: Any, glyphs: str) -> None:
    assert snap_compare(staged_app(glyphs=glyphs), terminal_size=(120, 40), run_before=keys())


def test_the_paused_view(snap_compare: Any) -> None:
    assert snap_compare(staged_app(), terminal_size=(80, 24), run_before=keys("space"))


POLLED = msgspec.structs.replace(
    CONNECTED,
    transport=TransportKind.POLL,
    transports=(TransportKind.WEBSOCKET, TransportKind.POLL),
    cause="connected by poll",
    fallback="websocket failed 3 times in a row, last: connection refused",
    probe_in_s=25.4,
    breakers={"stream.binance.com:9443": 42.0},
)
GIVEN_UP = msgspec.structs.replace(
    CONNECTED,
    venue="KRAKEN",
    endpoint="wss://ws.kraken.com/v2",
    state=ConnectionState.ERROR,
    cause="the certificate of ws.kraken.com is not valid (check the endpoint and the date)",
    uptime_s=0.0,
    latency_p50_ms=None,
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_connections(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app(health=POLLED)
    assert isinstance(app.session, StagedSession)
    app.session.staged = [POLLED, GIVEN_UP]
    nope = Instrument("BINANCE", "NOPE")
    app.session.staged_subscriptions = [
        (Subscription(nope, Channel.TICKER), SubscriptionStatus.REJECTED, "Invalid symbol."),
        *((Subscription(INSTRUMENTS[0], c), SubscriptionStatus.LIVE, "") for c in Channel),
        (Subscription(INSTRUMENTS[1], Channel.BOOK), SubscriptionStatus.STALE, "no data for 10 s"),
    ]
    app.session.staged_history = [
        Transition(NOW - 9 * NS, ConnectionState.CONNECTING, "starting"),
        Transition(NOW - 8 * NS, ConnectionState.CONNECTED, "connected by websocket"),
        Transition(NOW - 5 * NS, ConnectionState.DISCONNECTED, "no pong within 5 s"),
        Transition(NOW - 4 * NS, ConnectionState.RECONNECTING, "no pong within 5 s"),
        Transition(NOW - 3 * NS, ConnectionState.CONNECTED, "connected by poll"),
    ]

    assert snap_compare(app, terminal_size=size, run_before=keys("n"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_data_that_comes_by_a_lesser_transport(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app(health=POLLED)
    for instrument in INSTRUMENTS:
        tell(app, instrument, SubscriptionStatus.LIVE, transport=TransportKind.POLL)

    assert snap_compare(app, terminal_size=size, run_before=keys("m"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_feed_that_gave_up(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app(health=msgspec.structs.replace(GIVEN_UP, venue="BINANCE"))
    for instrument in INSTRUMENTS:
        tell(app, instrument, SubscriptionStatus.STALE)

    async def debugging(pilot: Pilot[Any]) -> None:
        app._debug_log.switch(True)  # not by its key: the file's place differs from run to run
        await keys()(pilot)

    assert snap_compare(app, terminal_size=size, run_before=debugging)


@pytest.mark.parametrize(
    "size", [(200, 50), (120, 40), (80, 24), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_a_comparison_of_which_one_source_failed(snap_compare: Any, size: tuple[int, int]) -> None:
    app = comparing_app()
    tell(app, COINBASE, SubscriptionStatus.STALE)

    assert snap_compare(app, terminal_size=size, run_before=keys())


@pytest.mark.parametrize("theme", ["light", "monochrome"])
def test_a_comparison_in_other_themes(snap_compare: Any, theme: str) -> None:
    assert snap_compare(comparing_app(theme=theme), terminal_size=(120, 40), run_before=keys())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_venues_announce(snap_compare: Any, size: tuple[int, int]) -> None:
    app = staged_app()
    market = app.session.market
    for number in range(40):
        load = Metric("NATIVE", None, "load", number * 7 % 11 / 10, NOW + number, NOW)
        market.metrics.apply(load)
    market.notices.apply(Status("NATIVE", None, "degraded", "slow disks", NOW, NOW - 3 * NS))
    for level in AlertLevel:
        text = f"wider than usual ({level})"
        wide = Alert("NATIVE", INSTRUMENTS[0], level, "spread", text, NOW, NOW)
        market.notices.apply(wide)

    assert snap_compare(app, terminal_size=size, run_before=keys("i"))
