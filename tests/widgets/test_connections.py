"""What the connections view says, at every width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from staging import CONNECTED, MINUTE, NOW
from textual.app import ComposeResult

from tui.market.announced import Notices
from tui.model.events import Alert, AlertLevel, Status
from tui.model.health import ConnectionState, FeedHealth, Transition
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.terminal.diffing_app import DiffingApp
from tui.themes import load_themes, to_textual, variable_defaults
from tui.widgets.connections import ConnectionsView

BTC, NOPE = Instrument("BINANCE", "BTCUSDT"), Instrument("BINANCE", "NOPE")
POLLED = msgspec.structs.replace(
    CONNECTED,
    transport=TransportKind.POLL,
    transports=(TransportKind.WEBSOCKET, TransportKind.POLL),
    fallback="websocket failed 3 times: connection refused",
    probe_in_s=25.4,
    breakers={"api.example:443": 42.0},
)
GIVEN_UP = msgspec.structs.replace(
    CONNECTED, state=ConnectionState.ERROR, cause="the certificate of x is not valid", uptime_s=0.0
)
PAST = [
    Transition(NOW - 9 * NS, ConnectionState.CONNECTING, "starting"),
    Transition(NOW - 8 * NS, ConnectionState.CONNECTED, "connected by websocket"),
    Transition(NOW - 2 * NS, ConnectionState.DISCONNECTED, "no pong within 5 s"),
]
STATES = [
    (Subscription(BTC, Channel.TRADES), SubscriptionStatus.LIVE, ""),
    (Subscription(BTC, Channel.CANDLES, MINUTE), SubscriptionStatus.LIVE, ""),
    (Subscription(BTC, Channel.BOOK), SubscriptionStatus.STALE, "no data for 10 s"),
    (Subscription(NOPE, Channel.TICKER), SubscriptionStatus.REJECTED, "Invalid symbol."),
]


class Stage(DiffingApp[None]):
    """Nothing but the view."""

    def __init__(
        self,
        feeds: Sequence[FeedHealth],
        *,
        past: Sequence[Transition] = (),
        states: Sequence[tuple[Subscription, SubscriptionStatus, str]] = (),
        notices: Notices | None = None,
    ) -> None:
        super().__init__()
        self.view = ConnectionsView(
            lambda: feeds, lambda venue: past, lambda venue: states, notices=notices or Notices()
        )

    def compose(self) -> ComposeResult:
        yield self.view

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def on_mount(self) -> None:
        themes, _ = load_themes()
        self.register_theme(to_textual(themes["dark"]))
        self.theme = "dark"


async def lines(app: Stage, size: tuple[int, int] = (100, 40)) -> list[str]:
    """The rows that say something."""
    async with app.run_test(size=size) as pilot:
        app.view.sync(NOW)
        await pilot.pause()
        return [text for text in rows(app, size[1]) if text]


def rows(app: Any, height: int) -> list[str]:
    return [app.view.render_line(y).text.rstrip() for y in range(height)]


async def test_the_transport_in_use_is_told_with_why_and_when_the_better_is_tried() -> None:
    said = await lines(Stage([POLLED]))

    assert said[1:7] == [
        " ● BINANCE CONNECTED  up 72m",
        "   cause      connected",
        "   endpoint   wss://stream.binance.com:9443/stream",
        "   transport  ↓poll  of websocket, poll",
        "   because    websocket failed 3 times: connection refused",
        "   better     websocket is tried again in 25 s",
    ]
    assert said[7] == "   resting    api.example:443 failed too often: left alone for 42 s"


async def test_a_feed_that_gave_up_names_the_key() -> None:
    said = await lines(Stage([GIVEN_UP]))

    assert " ✗ BINANCE ERROR" in said
    assert "   cause      the certificate of x is not valid" in said
    assert "   next try   none by itself: r tries again" in said


async def test_the_next_attempt_is_counted_down() -> None:
    waiting = msgspec.structs.replace(
        CONNECTED, state=ConnectionState.DISCONNECTED, retry_in_s=7.2, cause="connection refused"
    )

    assert "   next try   in 7 s" in await lines(Stage([waiting]))


async def test_rejected_subscriptions_come_first_with_the_venues_reason() -> None:
    said = await lines(Stage([CONNECTED], states=STATES))

    first = said.index("   subscribed 1 rejected 1 stale 2 live")
    assert said[first + 1 : first + 4] == [
        "              ✗ NOPE ticker: rejected: Invalid symbol.",
        "              ○ BTCUSDT book: stale: no data for 10 s",
        "              ● BTCUSDT trades, candles 1m",
    ]


async def test_the_history_is_listed_newest_first() -> None:
    said = await lines(Stage([CONNECTED], past=PAST))

    assert said[-4:] == [
        " History, newest first",
        " 23:54:13.250 ○ DISCONNECTED no pong within 5 s",
        " 23:54:07.250 ● CONNECTED connected by websocket",
        " 23:54:06.250 ◌ CONNECTING starting",
    ]


async def test_what_is_older_than_a_day_has_its_date() -> None:
    old = Transition(NOW - 90_000 * NS, ConnectionState.CONNECTED, "connected by websocket")

    said = await lines(Stage([CONNECTED], past=[old]))

    assert said[-1] == " 08-07 22:54:15.250 ● CONNECTED connected by websocket"


async def test_what_a_venue_tells_of_itself_is_shown() -> None:
    notices = Notices()
    notices.apply(Status("BINANCE", None, "maintenance", "until 02:00", NOW, NOW))
    alert = Alert("BINANCE", None, AlertLevel.WARNING, "", "spreads widen", NOW - NS, NOW)
    notices.apply(alert)

    said = await lines(Stage([CONNECTED], notices=notices))

    assert "   venue is   maintenance until 02:00" in said
    assert "   warning    23:54:14 spreads widen" in said


async def test_text_from_outside_is_drawn_harmlessly() -> None:
    hostile = msgspec.structs.replace(CONNECTED, cause="[red]a\x1b[2Jb\nc[/red]")

    assert "   cause      [red]a\ufffdb c[/red]" in await lines(Stage([hostile]))


@pytest.mark.parametrize("width", [40, 80, 120, 129, 130, 180])
async def test_nothing_is_cut_off_at_any_width(width: int) -> None:
    reason = " ".join(f"word{number}" for number in range(30))
    feed = msgspec.structs.replace(POLLED, cause=reason)
    past = [Transition(NOW, ConnectionState.ERROR, reason)]

    said = await lines(Stage([feed], past=past, states=STATES), (width, 90))

    text = " ".join(" ".join(said).split())
    found = [text.count(f"word{number} ") + text.count(f"word{number}…") for number in range(29)]
    assert min(found) >= 2
    assert all(len(line) <= width for line in said)


async def test_a_wide_terminal_has_the_history_beside_the_rest() -> None:
    said = await lines(Stage([CONNECTED], past=PAST), (160, 20))

    assert said[1].startswith(" ● BINANCE CONNECTED  up 72m")
    assert said[1].endswith(" History, newest first")


async def test_a_long_list_is_scrolled_to_its_end_and_back() -> None:
    past = [Transition(NOW - n * NS, ConnectionState.CONNECTED, f"number {n}") for n in range(50)]
    past.reverse()
    app = Stage([CONNECTED], past=past)
    async with app.run_test(size=(80, 12)) as pilot:
        app.view.sync(NOW)
        await pilot.pause()
        top = rows(app, 12)

        app.view.scroll_by(100_000)
        await pilot.pause()
        bottom = rows(app, 12)
        app.view.scroll_by(-100_000)
        await pilot.pause()

        assert bottom[-1].endswith("CONNECTED number 49")
        assert bottom[0].endswith("of 58")
        assert rows(app, 12) == top


async def test_before_any_venue_is_open_it_says_so() -> None:
    assert " no venue is open yet" in await lines(Stage([]))
