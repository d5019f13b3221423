"""The depth curve: where its lines stand, what it tells below them, and what it does not claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from textual.app import App, ComposeResult
from textual.widget import Widget

from tui.charts.glyphs import ASCII
from tui.market.market import Market
from tui.market.order_book import OrderBook
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.themes import DEFAULT_THEME, load_themes, to_textual, variable_defaults
from tui.widgets.depth_curve import DepthCurve, band_values

NOW = 1_723_161_255 * NS
BTC = Instrument("KRAKEN", "BTC/USD")


class Stage(App[object]):
    def __init__(self) -> None:
        super().__init__()
        self.market = Market()
        self.market.set_info(InstrumentInfo(BTC, "BTC", "USD", "0.1", "0.001"))
        self.curve = DepthCurve(self.market, glyphs=ASCII)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def compose(self) -> ComposeResult:
        yield self.curve

    def on_mount(self) -> None:
        for theme in load_themes()[0].values():
            self.register_theme(to_textual(theme))
        self.theme = DEFAULT_THEME

    def tell(self, status: SubscriptionStatus, reason: str = "") -> None:
        truth = Truth(status, reason, NOW, status is SubscriptionStatus.LIVE)
        self.market.set_truth(Subscription(BTC, Channel.BOOK), truth)

    def fill(self) -> None:
        self.market[BTC].book.replace(
            [(f"{100 - n / 10}", "1") for n in range(1, 21)],
            [(f"{100 + n / 10}", "2") for n in range(1, 41)],
        )
        self.market.book_changed(BTC)

    def rows(self) -> list[str]:
        found = []
        parts: list[Widget] = list(self.curve.children)
        for part in parts:
            strips = part.render_lines(part.size.region)
            found += ["".join(segment.text for segment in strip).rstrip() for strip in strips]
        return found


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    app = Stage()
    async with app.run_test(size=(50, 16)) as pilot:
        app.tell(SubscriptionStatus.LIVE, "checksum")
        app.fill()
        app.curve.instrument = BTC
        app.curve.sync(NOW)
        await pilot.pause()
        yield app


async def test_both_sides_reach_equally_far_from_a_line_in_the_middle() -> None:
    async with staged() as app:
        rows = app.rows()

    # Twenty bids of 1 reach 2.0 below the middle; so far above it there are twenty asks of 2.
    assert rows[1:4] == [
        "  ┌───────────────────────┬──────────────────────┐",
        "40┤                       │                    ##│",
        "  │                       │                  ####│",
    ]
    assert rows[-1] == ""
    assert rows[-2] == " 10bp 99.9 | 200   25bp 200 | 401"


async def test_the_level_cursor_is_a_line_and_tells_the_cost_to_reach_it() -> None:
    async with staged() as app:
        app.curve.cursor = Decimal("101.0")
        app.curve.sync(NOW + NS)

        rows = app.rows()

    assert rows[2] == "40┤                       │          │         ##│"
    assert rows[-1] == " +100.00 bp  buy 20.000 at 100.55"


async def test_of_a_book_that_is_not_verified_nothing_is_claimed() -> None:
    async with staged() as app:
        app.curve.cursor = Decimal("101.0")
        app.tell(SubscriptionStatus.SYNCING, "a gap")
        app.curve.sync(NOW + NS)

        rows = app.rows()

    assert rows[0].endswith("◌ syncing a gap")
    assert rows[-2:] == ["", " +100.00 bp  no cost: not verified"]
    # An outline instead of a filled curve.
    assert rows[3] == "  │                       │          │       ### │"


async def test_values_near_the_middle_are_told_as_far_as_the_book_reaches() -> None:
    book = OrderBook()
    book.replace(
        [("99.99", "11"), ("99.90", "1000")], [("100.01", "20"), ("100.09", "50"), ("100.5", "1")]
    )

    assert band_values(book) == ["5bp 1.10K | 2.00K", "10bp 101K | 7.00K"]
    assert band_values(OrderBook()) == []
