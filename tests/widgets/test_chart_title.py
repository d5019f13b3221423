"""What a candle panel's title tells of the price, the view and what is pointed at, in little room."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rich.style import Style

from tui.charts.view import Bar
from tui.market.candle_series import Past
from tui.market.market import InstrumentState
from tui.model.chart import ChartStyle, PanelView, PriceScale
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import TransportKind
from tui.widgets.chart_crosshair import Measured
from tui.widgets.chart_title import Heading, chart_title
from tui.widgets.look import Look

BTC = Instrument("BINANCE", "BTCUSDT")
NOW = 1_723_161_255 * NS  # 2024-08-08 23:54:15 UTC
LOOK = Look(*[Style() for _ in Look.__struct_fields__])
BAR = Bar(0, NOW - 15 * NS, 61_000.0, 61_100.5, 60_900.0, 61_050.25, 12.5)


def title(width: int, height: int = 30, *, timeframe: str = "1m", **parts: Any) -> list[str]:
    state = InstrumentState(BTC)
    state.note_price(61_837.64, "61837.64", NOW)
    heading = Heading(
        number=1,
        badge=parts.pop("badge", ""),
        subscription=Subscription(BTC, Channel.CANDLES, Timeframe.parse(timeframe)),
        state=state,
        decimals=2,
        view=parts.pop("view", PanelView()),
        truth=Truth(SubscriptionStatus.LIVE, "", NOW, transport=TransportKind.WEBSOCKET),
        now=NOW,
        price_width=9,
        **parts,
    )
    rows = ["".join(text for text, _ in row) for row in chart_title(heading, width, height, LOOK)]
    assert all(len(row) == width for row in rows)
    return [row.rstrip() for row in rows]


def test_a_view_of_now_with_the_usual_style_needs_no_words() -> None:
    assert title(80) == [" 1 BINANCE:BTCUSDT 1m  61,837.64  —".ljust(70) + "ws ● live"]


@pytest.mark.parametrize(("width", "is_chosen"), [(40, False), (40, True), (80, False), (80, True)])
def test_a_price_of_a_stale_feed_does_not_stand_out(width: int, is_chosen: bool) -> None:
    state = InstrumentState(BTC)
    state.note_price(61_837.64, "61837.64", NOW)
    look = msgspec.structs.replace(
        LOOK, muted=Style(color="red"), bold=Style(bold=True), title=Style(bgcolor="blue")
    )
    heading = Heading(
        number=1,
        badge="",
        subscription=Subscription(BTC, Channel.CANDLES, Timeframe.parse("1m")),
        state=state,
        decimals=2,
        view=PanelView(),
        truth=Truth(SubscriptionStatus.STALE, "", NOW - 12 * NS),
        now=NOW,
        is_chosen=is_chosen,
    )

    parts = [part for row in chart_title(heading, width, 30, look) for part in row]

    [style] = [style for text, style in parts if "61,837.64" in text]
    in_colours_of_the_title = is_chosen and width == 80
    assert (style.dim, style.color and style.color.name) == (
        (True, None) if in_colours_of_the_title else (None, "red")
    )
    assert not style.bold


def test_what_is_not_usual_is_said_as_far_as_there_is_room() -> None:
    view = PanelView(ChartStyle.AREA, PriceScale.LOG, columns=1, merge=12)
    until = NOW - 3600 * NS

    assert "◀ 08-08 22:54 area log ×12" in title(100, view=view, until=until)[0]
    assert title(50, view=view, until=until)[1] == " 61,837.64   — ◀ 08-08 22:54 area log ×12"
    assert title(30, view=view, until=until)[1] == " 61,837.64   — ◀ 08-08 22:54"
    assert title(24, view=view, until=until)[1] == " 61,837.64   — ◀"


@pytest.mark.parametrize(
    ("timeframe", "days", "expected"),
    [("1m", 3, "◀ 08-05 23:54"), ("1m", 400, "◀ 2023-07-05"), ("1d", 3, "◀ 2024-08-05")],
)
def test_the_moment_of_the_view_is_written_as_short_as_it_is_clear(
    timeframe: str, days: int, expected: str
) -> None:
    until = NOW - days * 86_400 * NS

    assert expected in title(100, timeframe=timeframe, until=until)[0]


def test_on_the_way_to_the_oldest_candle_what_is_going_on_comes_first() -> None:
    past = Past(note="loading older…")

    assert "loading older… ◀ 08-08" in title(100, until=NOW, past=past, seeks_first=True)[0]
    assert "◀ 08-08 23:54 loading older…" in title(100, until=NOW, past=past)[0]


def test_at_the_oldest_candle_its_moment_comes_first() -> None:
    past = Past(begins=True, note="beginning of the data")

    assert title(80, until=NOW, past=past, seeks_first=True, badge="SIMULATED") == [
        " 1 BINANCE:BTCUSDT 1m  61,837.64  — ◀ 08-08 23:54           SIMULATED ws ● live"
    ]


def test_a_venues_words_cannot_control_the_terminal() -> None:
    assert "\x1b" not in title(120, past=Past(note="no \x1b[31mred"))[0]


def test_a_candle_that_is_pointed_at_stands_in_the_first_row_where_there_is_room() -> None:
    rows = title(140, points=True, bar=BAR)

    assert len(rows) == 1
    assert (
        " 2024-08-08 23:54 O 61,000.00 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08% V 12.50000"
        in rows[0]
    )


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            90,
            " 2024-08-08 23:54 O 61,000.00 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08% V 12.50000",
        ),
        (80, " 2024-08-08 23:54 O 61,000.00 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08%"),
        (72, " 08-08 23:54 O 61,000.00 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08%"),
        (66, " 23:54 O 61,000.00 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08%"),
        (60, " 08-08 23:54 H 61,100.50 L 60,900.00 C 61,050.25 ▲  +0.08%"),
        (40, " 2024-08-08 23:54 C 61,050.25 ▲  +0.08%"),
        (30, " 23:54 C 61,050.25 ▲  +0.08%"),
    ],
)
def test_in_less_room_it_has_a_row_of_its_own_with_what_matters_most(
    width: int, expected: str
) -> None:
    assert title(width, points=True, bar=BAR)[1] == expected


def test_a_moment_without_a_candle_says_so() -> None:
    assert title(80, points=True)[1] == " no candle here"


def test_seconds_are_told_of_candles_of_seconds_and_no_time_of_days() -> None:
    assert " 2024-08-08 23:54:00 O" in title(160, timeframe="1s", points=True, bar=BAR)[0]
    assert " 2024-08-08 O" in title(160, timeframe="1d", points=True, bar=BAR)[0]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0s"),
        (-45.0, "-45s"),
        (60.0, "1m"),
        (3_725.0, "1h 2m"),
        (-180_000.0, "-2d 2h"),
        (86_400.0, "1d"),
        (90_000_000.0, "1041d"),
    ],
)
def test_what_is_measured_is_told_in_percent_price_bars_and_time(
    seconds: float, expected: str
) -> None:
    measured = Measured(-12, seconds, -1_234.5, -2.0)

    assert title(60, points=True, bar=BAR, measured=measured)[1] == (
        f" ▼  -2.00%  -1,234.50   -12 bars {expected:>8}"
    )


def test_of_a_price_that_is_not_above_zero_there_is_no_percent() -> None:
    measured = Measured(3, 180.0, 5.0, None)

    assert (
        title(60, points=True, measured=measured)[1] == " ▲" + f"{'+5.00':>19}    +3 bars       3m"
    )
