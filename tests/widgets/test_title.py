"""The title line of a panel: what it must always say, and what gives way first."""

from __future__ import annotations

import pytest
from rich.style import Style

from tui.model.subscription import SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.widgets.line_widget import Part
from tui.widgets.look import Look
from tui.widgets.title import title_row

PLAIN = Style(color="white", bgcolor="black")
LOOK = Look(*[PLAIN] * len(Look.__struct_fields__))
LIVE = Truth(SubscriptionStatus.LIVE, transport=TransportKind.WEBSOCKET)
BOOK = Truth(SubscriptionStatus.LIVE, "sequence", verified=True, transport=TransportKind.WEBSOCKET)
CHART: list[Part] = [(" 1 ", PLAIN), ("SIM:BTCUSDT ", PLAIN), ("1m ", PLAIN)]
LADDER: list[Part] = [(" BTCUSDT ", PLAIN)]


def title(
    width: int,
    name: list[Part],
    truth: Truth,
    *,
    badge: str = "SIMULATED",
    note: str = "",
    word: str = "",
    best: TransportKind | None = TransportKind.WEBSOCKET,
    is_paused: bool = False,
) -> str:
    row = title_row(
        width,
        name=name,
        badge=badge,
        truth=truth,
        now=12 * NS,
        look=LOOK,
        focused=False,
        note=note,
        word=word,
        best=best,
        is_paused=is_paused,
    )
    text = "".join(part for part, _ in row)
    assert len(text) == width
    return text


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (44, " 1 SIM:BTCUSDT 1m       SIMULATED ws ● live "),
        (39, " 1 SIM:BTCUSDT 1m  SIMULATED ws ● live "),
        (38, " 1 SIM:BTCUSDT 1m       SIM ws ● live "),
        (33, " 1 SIM:BTCUSDT 1m  SIM ws ● live "),
        (32, " 1 SIM:BTCUSDT    SIM ws ● live "),
        (30, " 1 SIM:BTCUSDT  SIM ws ● live "),
        (29, " 1 SIM:BTCUSDT 1m   SIM ws ● "),
        (25, " 1 SIM:BTCUSDT  SIM ws ● "),
    ],
)
def test_a_charts_title_gives_way_from_the_least_important_on(width: int, expected: str) -> None:
    assert title(width, CHART, LIVE) == expected


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, " Book BTCUSDT SIMULATED ws ● verified sequence "),
        (43, " BTCUSDT SIMULATED ws ● verified sequence "),
        (39, " Book BTCUSDT SIMULATED ws ● verified "),
        (38, " BTCUSDT SIMULATED ws ● verified "),
        (30, " BTCUSDT SIM ws ● verified "),
        (22, " BTCUSDT SIM ws ● "),
    ],
)
def test_a_books_title_gives_up_its_word_before_what_is_true(width: int, expected: str) -> None:
    text = title(width, LADDER, BOOK, word="Book")

    assert text.split() == expected.split()


def test_a_long_name_is_cut_and_not_left_out() -> None:
    long: list[Part] = [(" 1 ", PLAIN), ("KRAKEN:" + "X" * 30 + " ", PLAIN), ("1m ", PLAIN)]

    assert title(40, long, LIVE, badge="") == " 1 KRAKEN:" + "X" * 22 + "…  ws ● "
    assert title(20, LADDER, BOOK).startswith(" BTCUSDT ")
    assert title(16, LADDER, BOOK).startswith(" BTC")


def test_a_lesser_transport_has_an_arrow() -> None:
    polled = Truth(SubscriptionStatus.LIVE, transport=TransportKind.POLL)

    assert title(50, CHART, polled).endswith(" ↓poll ● live ")


def test_the_only_transport_of_a_venue_has_none() -> None:
    polled = Truth(SubscriptionStatus.LIVE, transport=TransportKind.POLL)

    assert title(50, CHART, polled, best=TransportKind.POLL).endswith(" poll ● live ")
    assert title(50, CHART, polled, best=None).endswith(" poll ● live ")


def test_nothing_is_said_of_transports_while_nothing_is_connected() -> None:
    waiting = Truth(SubscriptionStatus.PENDING)

    assert title(50, CHART, waiting).endswith(" SIMULATED  ◌ pending ")


def test_a_view_that_stands_still_does_not_claim_to_be_live() -> None:
    assert title(50, CHART, LIVE, is_paused=True).endswith(" ws ❙❙ paused ")
    assert title(50, LADDER, BOOK, is_paused=True, note="2 missed").endswith(" ws ❙❙ paused ")
    assert title(24, LADDER, BOOK, is_paused=True).endswith(" ws ❙❙ ")


def test_a_note_is_said_where_there_is_room() -> None:
    assert title(60, LADDER, LIVE, note="2 missed").endswith(" ws ● live 2 missed ")
    assert title(30, LADDER, LIVE, note="2 missed").endswith(" SIMULATED ws ● live ")


APPLE: list[Part] = [(" 4 ", PLAIN), ("TRADINGVIEW:NASDAQ:AAPL ", PLAIN), ("1m ", PLAIN)]
LATE = Truth(SubscriptionStatus.LIVE, "15m late, unofficial", transport=TransportKind.WEBSOCKET)
UNOFFICIAL = Truth(SubscriptionStatus.LIVE, "unofficial", transport=TransportKind.WEBSOCKET)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (70, " 4 TRADINGVIEW:NASDAQ:AAPL 1m  ws ● live 15m late, unofficial "),
        (58, " 4 TRADINGVIEW:NASDAQ:AAPL 1m  ws ● 15m late, unofficial "),
        (53, " 4 TRADINGVIEW:NASDAQ:AAPL 1m  ws ● 15m late, unoff. "),
        (50, " 4 TRADINGVIEW:NASDAQ:AAPL  ws ● 15m late, unoff. "),
        (44, " 4 TRAD…:NASDAQ:AAPL ws ● 15m late, unoff. "),
        (40, " 4 …:NASDAQ:AAPL ws ● 15m late, unoff. "),
        (39, " 4 TRADING…:NASDAQ:AAPL ws ● 15m late "),
        (32, " 4 …:NASDAQ:AAPL ws ● 15m late "),
        (30, " 4 TRADING…:NASDAQ:AAPL ws ● "),
    ],
)
def test_late_data_says_so_before_the_venue_is_written_out(width: int, expected: str) -> None:
    text = title(width, APPLE, LATE, badge="")

    assert text.split() == expected.split()


@pytest.mark.parametrize(
    ("width", "words"),
    [(53, "● live unofficial"), (46, "● live unoff."), (30, "● unoff."), (28, "●")],
)
def test_what_is_unofficial_says_so_in_short_where_room_is_short(width: int, words: str) -> None:
    assert title(width, APPLE, UNOFFICIAL, badge="").endswith(f" ws {words} ")


def test_late_data_of_the_simulated_market_says_both() -> None:
    assert title(56, CHART, LATE).endswith(" SIMULATED ws ● 15m late, unofficial ")
    assert title(42, CHART, LATE).endswith(" SIM ws ● 15m late, unoff. ")
