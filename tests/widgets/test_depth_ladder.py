"""The depth ladder, row by row: what it says of a book, and what it does not claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui.charts.glyphs import ASCII, EIGHTHS, Glyphs
from tui.market.market import Market
from tui.model.events import Level
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.themes import DEFAULT_THEME, load_themes, to_textual, variable_defaults
from tui.widgets.depth_ladder import DepthLadder
from tui.widgets.look import look_of

NOW = 1_723_161_255 * NS
BTC = Instrument("KRAKEN", "BTC/USD")
ETH = Instrument("KRAKEN", "ETH/USD")
ASKS: list[Level] = [
    ("100.1", "1.5"),
    ("100.2", "0.25"),
    ("100.3", "2"),
    ("100.4", "1"),
    ("100.5", "0.5"),
    ("100.7", "1.25"),
    ("100.8", "3"),
]
BIDS: list[Level] = [
    ("100.0", "0.75"),
    ("99.9", "1"),
    ("99.8", "12"),
    ("99.7", "1"),
    ("99.6", "0.5"),
    ("99.5", "0.5"),
    ("99.4", "2"),
]


class Stage(App[object]):
    """One ladder over a market that the test fills."""

    def __init__(
        self, glyphs: Glyphs = EIGHTHS, large: dict[Instrument, float] | None = None
    ) -> None:
        self.market = Market()
        super().__init__()
        self.ladder = DepthLadder(self.market, glyphs=glyphs, large_sizes=large)
        self.now = NOW

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def compose(self) -> ComposeResult:
        yield self.ladder

    def on_mount(self) -> None:
        for theme in load_themes()[0].values():
            self.register_theme(to_textual(theme))
        self.theme = DEFAULT_THEME

    def tell(
        self,
        status: SubscriptionStatus = SubscriptionStatus.LIVE,
        reason: str = "checksum",
        *,
        verified: bool = True,
        instrument: Instrument = BTC,
    ) -> None:
        truth = Truth(status, reason, NOW, verified)
        self.market.set_truth(Subscription(instrument, Channel.BOOK), truth)

    def fill(
        self, bids: list[Level], asks: list[Level], instrument: Instrument = BTC, tick: str = "0.1"
    ) -> None:
        base, quote = instrument.symbol.split("/")
        self.market.set_info(InstrumentInfo(instrument, base, quote, tick, "0.001"))
        self.market[instrument].book.replace(bids, asks)
        self.market.book_changed(instrument)

    def frame(self, after_s: float = 0.0) -> list[str]:
        """The rows of the ladder so much later."""
        self.now += int(after_s * NS)
        self.ladder.sync(self.now)
        return self.rows()

    def rows(self) -> list[str]:
        return [self.ladder.render_line(y).text.rstrip() for y in range(self.ladder.size.height)]


@asynccontextmanager
async def staged(
    size: tuple[int, int] = (36, 13), **options: Any
) -> AsyncIterator[tuple[Stage, Pilot[object]]]:
    app = Stage(**options)
    async with app.run_test(size=size) as pilot:
        app.tell()
        app.fill(BIDS, ASKS)
        app.ladder.instrument = BTC
        app.frame()
        app.now += NS
        await pilot.pause()
        yield app, pilot


def style_at(app: Stage, y: int, text: str) -> Any:
    """The style in which a text of a row is drawn."""
    for segment in app.ladder.render_line(y):
        if text in segment.text:
            return segment.style
    raise AssertionError(f"{text!r} is not in row {y}")


async def test_asks_above_bids_below_and_bars_of_all_that_rests_up_to_a_price() -> None:
    async with staged() as (app, _):
        assert app.rows() == [
            " Book BTC/USD   ● verified checksum",
            "     100.5    0.500 ████▍",
            "     100.4    1.000 ████",
            "     100.3    2.000 ███▏",
            "     100.2    0.250 █▌",
            "     100.1    1.500 █▎",
            " 100.05  spread 0.1 (10.00 bp)",
            "     100.0    0.750 ▋",
            "      99.9    1.000 █▌",
            "      99.8   12.000◆███████████▌",
            "      99.7    1.000 ████████████▍",
            "      99.6    0.500 ████████████▊",
            " 0.1 auto █████▎ bid  74%  10bp  33%",
        ]


async def test_a_price_that_is_traded_through_leaves_the_other_prices_in_their_rows() -> None:
    async with staged() as (app, _):
        app.fill(BIDS, ASKS[1:])

        assert app.frame(0.5)[1:9] == [
            "     100.5    0.500 ███▏",
            "     100.4    1.000 ██▊",
            "     100.3    2.000 █▉",
            "     100.2    0.250 ▎",
            "     100.1",
            " 100.10  spread 0.2 (19.98 bp)",
            "     100.0    0.750 ▋",
            "      99.9    1.000 █▌",
        ]


async def test_a_small_change_changes_the_size_and_no_bar() -> None:
    async with staged() as (app, _):
        before = app.rows()
        app.fill([("100.0", "0.9"), *BIDS[1:]], ASKS)
        after = app.frame(0.1)

        assert after[7] == "     100.0    0.900 ▋"
        assert [y for y in range(12) if after[y] != before[y]] == [7]


async def test_bars_and_balance_follow_twice_a_second_and_sizes_at_once() -> None:
    async with staged() as (app, _):
        app.fill([("100.0", "0.76"), *BIDS[1:]], ASKS)
        app.frame()
        app.fill([("100.0", "2.75"), *BIDS[1:]], ASKS)
        soon = app.frame(0.2)
        assert soon[7:9] == ["     100.0    2.750 ▋", "      99.9    1.000 █▌"]
        assert soon[-1] == " 0.1 auto █████▎ bid  74%  10bp  34%"

        later = app.frame(0.4)
        assert later[7:9] == ["     100.0    2.750 ██▎", "      99.9    1.000 ███▏"]
        assert later[-1] == " 0.1 auto █████▍ bid  77%  10bp  65%"


async def test_another_step_has_its_balance_at_once() -> None:
    async with staged() as (app, _):
        assert "bid  74%" in app.rows()[-1]
        app.ladder.change_grouping(2)

        assert "bid  65%" in app.rows()[-1]


async def test_a_book_that_changes_all_the_time_is_drawn_at_every_frame() -> None:
    async with staged() as (app, _):
        app.frame(0.5)
        shown = []
        for number in range(1, 7):
            app.fill([("100.0", f"0.7{number}"), *BIDS[1:]], ASKS)
            shown.append(app.frame(0.1)[7][:19])

        assert shown[0] == "     100.0    0.710"
        assert len(set(shown)) == 6


async def test_prices_are_taken_together_in_steps_and_that_is_remembered() -> None:
    async with staged() as (app, _):
        app.tell(instrument=ETH)
        app.fill(BIDS, ASKS, ETH)
        app.ladder.change_grouping(2)

        assert app.rows()[4:10] == [
            "     101.0    4.250+██████▉",
            "     100.5    5.250 ███▊",
            " 100.05  spread 0.1 (10.00 bp)",
            "     100.0    0.750 ▌",
            "      99.5   15.000◆███████████▍",
            "      99.0    2.000+████████████▊",
        ]
        app.ladder.instrument = ETH
        assert app.rows()[-1].startswith(" 0.1 auto ")
        app.ladder.instrument = BTC
        assert app.rows()[-1].startswith(" 0.5 ")


async def test_below_one_tick_the_ladder_chooses_by_itself_again() -> None:
    async with staged() as (app, _):
        app.ladder.change_grouping(1)
        app.ladder.change_grouping(-1)
        assert app.rows()[-1].startswith(" 0.1 █")

        app.ladder.change_grouping(-1)
        assert app.rows()[-1].startswith(" 0.1 auto ")


async def test_a_book_too_sparse_for_its_ticks_is_shown_in_steps_that_fill_the_rows() -> None:
    async with staged() as (app, _):
        bids = [(f"{1000 - 0.7 * number:.2f}", "1") for number in range(60)]
        asks = [(f"{1000.5 + 0.7 * number:.2f}", "1") for number in range(60)]
        app.tell(instrument=ETH)
        app.fill(bids, asks, ETH, tick="0.01")
        app.ladder.instrument = ETH

        assert app.rows()[4:8] == [
            "     1,002    2.000 █████▌",
            "     1,001    1.000 █▉",
            " 1,000.250  spread 0.50 (5.00 bp)",
            "     1,000    1.000 █▉",
        ]
        assert app.rows()[-1].startswith(" 1.00 auto ")


async def test_the_level_cursor_tells_distance_and_the_cost_to_reach_it() -> None:
    async with staged(size=(36, 20)) as (app, _):
        for _ in range(3):
            app.ladder.move_cursor(-1)

        rows = app.rows()
        assert rows[6] == "▸    100.3    2.000 ██▊"
        # 1.5 at 100.1, 0.25 at 100.2 and 2 at 100.3; the middle is 100.05.
        assert rows[-4:-1] == [
            " +0.25  +24.99 bp  +0.250%",
            " buy 3.750 for 375.80",
            " average 100.21  slips 16.33 bp",
        ]


async def test_in_a_short_ladder_the_cost_is_one_line() -> None:
    async with staged(size=(30, 12), glyphs=ASCII) as (app, _):
        for _ in range(3):
            app.ladder.move_cursor(1)

        assert app.rows()[-5:] == [
            "      99.9    1.000 #",
            ">     99.8   12.000*#######",
            "      99.7    1.000 ########",
            " -25bp sell 13.750 at 99.82",
            " 0.1 auto  bid  76%  10bp  33%",
        ]


async def test_between_the_sides_nothing_is_in_the_way() -> None:
    async with staged(size=(36, 20)) as (app, _):
        app.fill(BIDS, ASKS[2:])
        app.frame(0.1)
        app.ladder.move_cursor(-1)
        app.ladder.move_cursor(1)

        assert app.rows()[-4:-1] == [" +0.05  +4.99 bp  +0.050%", " nothing in the way", ""]


async def test_the_cursor_follows_a_click_and_ends_with_another() -> None:
    async with staged() as (app, pilot):
        await pilot.click(app.ladder, offset=(4, 9))
        assert str(app.ladder.cursor) == "99.8"
        assert app.rows()[9].startswith("▸     99.8 ")

        await pilot.click(app.ladder, offset=(4, 6))
        assert str(app.ladder.cursor) == "99.8"
        await pilot.click(app.ladder, offset=(4, 9))
        assert app.ladder.cursor is None


async def test_the_cursor_stays_at_its_price_in_other_steps() -> None:
    async with staged() as (app, _):
        app.ladder.move_cursor(1)
        app.ladder.move_cursor(1)
        app.ladder.choose_grouping(2)

        assert [row for row in app.rows() if row.startswith("▸")] == [
            "▸     99.5   15.000◆███████████▍"
        ]


async def test_what_changed_much_stands_out_for_half_a_second_and_moves_nothing() -> None:
    async with staged() as (app, _):
        before = app.rows()
        highlight = look_of(app).base + Style(bold=True)
        app.fill([BIDS[0], ("99.9", "2.1"), *BIDS[2:]], ASKS)

        after = app.frame(0.1)
        assert [row[:10] for row in after] == [row[:10] for row in before]
        assert style_at(app, 8, "2.100") == highlight
        assert style_at(app, 7, "0.750") != highlight

        app.frame(0.3)
        assert style_at(app, 8, "2.100") == highlight
        app.frame(0.2)
        assert style_at(app, 8, "2.100") != highlight


@pytest.mark.parametrize(
    ("status", "verified"),
    [
        (SubscriptionStatus.SYNCING, False),
        (SubscriptionStatus.STALE, False),
        (SubscriptionStatus.LIVE, False),
    ],
)
async def test_a_book_that_is_not_verified_fades_and_nothing_is_claimed_of_it(
    status: SubscriptionStatus, verified: bool
) -> None:
    async with staged(size=(44, 20)) as (app, _):
        app.ladder.move_cursor(-1)
        app.tell(status, "a gap", verified=verified)
        app.fill([("100.0", "50"), *BIDS[1:]], ASKS)

        rows = app.frame(0.1)

        muted = look_of(app).muted
        assert style_at(app, 10, "100.0") == style_at(app, 10, "50.000") == muted
        assert style_at(app, 5, "100.4") == muted
        assert " no cost: not verified" in rows
        assert "buy" not in "".join(rows)
        assert "%" not in rows[-1]
        assert {"syncing": "syncing a gap", "stale": "stale", "live": "unverified"}[status] in rows[
            0
        ]


async def test_after_a_resync_nothing_is_said_to_have_changed() -> None:
    async with staged() as (app, _):
        app.tell(SubscriptionStatus.SYNCING, "a gap", verified=False)
        app.frame(0.1)
        app.tell()
        app.fill([("100.0", "7"), *BIDS[1:]], ASKS)
        app.frame(0.1)

        assert style_at(app, 7, "7.000") != look_of(app).cursor


async def test_the_user_says_from_what_size_on_an_order_is_large() -> None:
    async with staged(large={BTC: 1.5}) as (app, _):
        assert [row[5:20].strip() for row in app.rows() if "◆" in row] == [
            "100.3    2.000◆"[:15].strip(),
            "100.1    1.500◆"[:15].strip(),
            "99.8   12.000◆"[:15].strip(),
        ]


async def test_books_of_few_levels_one_side_or_none_are_shown_as_they_are() -> None:
    async with staged() as (app, _):
        app.fill([("101", "1"), ("50", "2"), ("3", "1")], [("102", "2"), ("7000", "1")])
        assert app.frame(6)[4:10] == [
            "   7,000.0    1.000 █████████▋",
            "     102.0    2.000 ██████▍",
            " 101.50  spread 1.0 (98.52 bp)",
            "     101.0    1.000 ███▎",
            "      50.0    2.000 █████████▋",
            "       3.0    1.000 ████████████▊",
        ]

        app.fill([], [("102", "2")])
        assert app.frame(6)[5:8] == ["     102.0    2.000 ████████████▊", " one-sided", ""]

        app.fill([("101", "1")], [("100", "2")])
        assert app.frame(6)[5:8] == [
            "     100.0    2.000 ████████████▊",
            " crossed by 1.0",
            "     101.0    1.000 ██████▍",
        ]

        app.fill([], [])
        assert "checksum" in app.frame(6)[6]


@pytest.mark.parametrize("size", [(1, 1), (8, 3), (20, 5), (200, 60)])
async def test_any_size_is_no_trouble(size: tuple[int, int]) -> None:
    async with staged(size=size) as (app, _):
        app.ladder.move_cursor(-1)
        app.frame(0.1)

        assert len(app.rows()) == size[1]


async def test_a_huge_book_in_huge_steps_is_looked_at_twice_a_second() -> None:
    async with staged(size=(30, 9)) as (app, _):
        bids = [(f"{20_000 - number}", "1") for number in range(19_999)]
        app.fill(bids, [("20001", "1")], tick="1")
        app.ladder.choose_grouping(12)
        app.frame(1)
        before = app.ladder.repaints
        for _ in range(10):
            app.market[BTC].book.bids.apply([("20000", str(app.now % 1000 + 2))])
            app.market.book_changed(BTC)
            app.frame(0.1)

        assert app.ladder.repaints - before <= 3
