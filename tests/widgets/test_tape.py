"""The tape as it looks: one row an order, large ones marked, a filter that says what it hides."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult

from tui.charts.glyphs import ASCII, EIGHTHS, Glyphs
from tui.market.market import Market
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.model.transport import TransportKind
from tui.terminal.canvas import Canvas, DirtyLine
from tui.themes import load_themes, to_textual, variable_defaults
from tui.widgets.tape import TapeView

BTC = Instrument("BINANCE", "BTCUSDT")
ETH = Instrument("BINANCE", "ETHUSDT")
START = 1_723_161_255 * NS  # 23:54:15 UTC


class TapeApp(App[None]):
    """A tape and nothing else."""

    def __init__(self, glyphs: Glyphs, large: dict[Instrument, float] | None) -> None:
        super().__init__()
        self.market = Market()
        for each in (BTC, ETH):
            self.market.set_info(InstrumentInfo(each, "BTC", "USDT", "0.01", "0.001"))
            self.market.set_truth(
                Subscription(each, Channel.TRADES),
                Truth(SubscriptionStatus.LIVE, "", START, False, TransportKind.WEBSOCKET),
            )
        self.tape = TapeView(self.market, glyphs=glyphs, large_sizes=large)
        self.tape.set_reactive(TapeView.instrument, BTC)
        self._number = 0

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def on_mount(self) -> None:
        self.register_theme(to_textual(load_themes()[0]["dark"]))
        self.theme = "dark"

    def compose(self) -> ComposeResult:
        yield self.tape

    def trade(
        self, price: float, size: float = 0.5, side: Side = Side.BUY, after_s: float = 0.0
    ) -> None:
        """A trade so long after the start."""
        self._number += 1
        moment = START + round(after_s * NS)
        self.market.apply_trade(
            Trade(BTC, price, size, side, moment, moment, self._number, f"{price:.2f}", f"{size}")
        )

    def rows(self, after_s: float = 0.0) -> list[str]:
        """What is shown so long after the start."""
        self.tape.sync(START + round(after_s * NS))
        return [self.tape.render_line(y).text.rstrip() for y in range(self.size.height)]


@asynccontextmanager
async def running(
    size: tuple[int, int] = (39, 9),
    glyphs: Glyphs = EIGHTHS,
    large: dict[Instrument, float] | None = None,
) -> AsyncIterator[TapeApp]:
    app = TapeApp(glyphs, large)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app


async def test_an_order_is_a_row_with_its_mean_price_its_size_and_its_trades() -> None:
    async with running() as app:
        app.trade(61_000.5)
        app.trade(60_999.0, 1.0, Side.SELL, 1.0)
        app.trade(60_998.0, 2.0, Side.SELL, 1.0)
        app.trade(60_998.0, 1.0, Side.SELL, 1.0)

        assert app.rows(1.5)[2:4] == [
            " 23:54:16 ▼ 60,998.25    4.000 x3",
            " 23:54:15 ▲ 61,000.50    0.500",
        ]


async def test_a_time_stands_for_the_rows_above_it() -> None:
    async with running() as app:
        for tenth in range(5):
            app.trade(61_000.0 - tenth, after_s=0.7 + tenth / 10)

        assert app.rows(2.0)[2:7] == [
            "          ▲ 60,996.00    0.500",
            " 23:54:16 ▲ 60,997.00    0.500",
            "          ▲ 60,998.00    0.500",
            "          ▲ 60,999.00    0.500",
            " 23:54:15 ▲ 61,000.00    0.500",
        ]


async def test_the_lowest_row_always_has_a_time() -> None:
    async with running() as app:
        for number in range(30):
            app.trade(61_000.0 - number, after_s=number / 100)

        shown = [row for row in app.rows(2.0)[2:] if row]
        assert [row[1:9] for row in shown][-2:] == [" " * 8, "23:54:15"]


async def test_rows_stay_where_they_are_while_prints_come_fast() -> None:
    async with running(size=(39, 18)) as app:
        for number in range(96):
            app.trade(61_000.0 - number, after_s=number / 10)
            app.rows(number / 10)
        before = app.rows(9.9)
        app.trade(50_000.0, after_s=9.95)
        after = app.rows(10.06)

        top = before.index("          ▲ 60,905.00    0.500")
        assert before[2:top] == [""] * (top - 2) != []
        assert after[top - 1] == "          ▲ 50,000.00    0.500"
        assert after[top:] == before[top:]


async def test_prints_that_come_fast_are_shown_at_every_frame() -> None:
    async with running() as app:
        shown = []
        for number in range(6):
            app.trade(61_000.0 - number, after_s=1 + number / 10)
            shown.append(next(row for row in app.rows(1 + number / 10)[2:] if row).split()[-2])

        assert shown == [f"{61_000 - number:,}.00" for number in range(6)]


async def test_rate_shares_and_speed_stand_above_the_prints() -> None:
    async with running() as app:
        for number in range(40):
            side = Side.SELL if number % 4 == 0 else Side.BUY
            app.trade(61_000.0, side=side, after_s=number / (4 if number < 20 else 20))

        assert app.rows(6.0)[1] == "   7.2/s ▲ 75% ▼ 25%             █▂▂▂▁"


async def test_a_large_print_is_told_by_a_mark_and_by_weight() -> None:
    async with running(large={BTC: 3.0}) as app:
        app.trade(61_000.0, 3.0)
        app.trade(61_000.0, 2.999, Side.SELL)

        rows = app.rows(1.0)
        assert [row[:1] for row in rows[2:4]] == [" ", "▌"]
        weights = [
            [bool(segment.style and segment.style.bold) for segment in app.tape.render_line(y)]
            for y in (2, 3)
        ]
        assert not any(weights[0])
        assert any(weights[1])


async def test_the_filter_goes_from_large_ones_over_sizes_back_to_all() -> None:
    async with running(size=(60, 9), large={BTC: 90.0}) as app:
        for number in range(1, 101):
            app.trade(61_000.0 - number % 2, number, Side.BUY if number % 2 else Side.SELL)
        titles = []
        for _ in range(5):
            app.rows(2.0)
            app.tape.cycle_filter()
            titles.append(app.rows(2.0)[0].split("BTCUSDT")[1].split("ws")[0].strip())

        assert titles == ["large", "≥50", "", "large", "≥50"]


async def test_the_filter_says_how_many_it_hides() -> None:
    async with running(size=(60, 9), large={BTC: 2.0}) as app:
        for number in range(10):
            app.trade(61_000.0 - number, 2.0 if number == 4 else 1.0, after_s=number / 10)
        app.rows(2.0)
        app.tape.cycle_filter()
        app.trade(60_000.0, 1.0, after_s=2.5)
        rows = app.rows(3.0)

        assert rows[2:4] == ["▌23:54:15 ▲ 60,996.00    2.000", ""]
        assert rows[1].endswith("hides 10")
        app.trade(60_000.0, 5.0, after_s=3.5)
        assert app.rows(4.0)[1].endswith("hides 10")


async def test_a_filter_that_nothing_passes_says_so() -> None:
    async with running(large={BTC: 99.0}) as app:
        app.trade(61_000.0)
        app.rows(1.0)
        app.tape.cycle_filter()

        assert app.rows(1.0)[2] == " no print of that size yet"


async def test_each_instrument_has_a_filter_of_its_own() -> None:
    async with running() as app:
        app.tape.cycle_filter()
        app.tape.instrument = ETH
        assert app.tape.size_filter is None

        app.tape.instrument = BTC
        assert app.tape.size_filter is not None


async def test_without_trades_it_says_so() -> None:
    async with running() as app:
        assert app.rows()[1] == " no trades yet"


async def test_a_low_panel_has_only_prints() -> None:
    async with running(size=(39, 4)) as app:
        app.trade(61_000.5)

        assert app.rows(1.0)[1] == " 23:54:15 ▲ 61,000.50    0.500"


async def test_a_narrow_tape_leaves_out_the_hour() -> None:
    async with running(size=(30, 9)) as app:
        app.trade(61_000.5)
        app.trade(61_000.5)

        assert app.rows(1.0)[2] == " 54:15 ▲ 61,000.50    1.000 x2"


async def test_missed_trades_are_told_whatever_else_is() -> None:
    async with running(size=(39, 9), large={BTC: 2.0}) as app:
        app.trade(61_000.5)
        app.trade(61_000.5, after_s=1.5)
        app.market.mark_missed(BTC, 1234567)
        assert app.rows(3.0)[1].endswith(" 1234567 missed")

        app.tape.cycle_filter()
        assert app.rows(3.0)[1] == "   0.5/s     █▁ hides 2 1234567 missed"


async def test_missed_trades_are_told_in_the_title_of_a_low_panel() -> None:
    async with running(size=(60, 4)) as app:
        app.trade(61_000.5)
        app.market.mark_missed(BTC, 7)

        assert app.rows(1.0)[0].endswith("7 missed")


async def test_plain_terminals_get_plain_characters() -> None:
    async with running(size=(60, 9), glyphs=ASCII, large={BTC: 9.0}) as app:
        for number in range(9):
            app.trade(61_000.0, number + 1.0, after_s=number)
        app.rows(9.0)
        app.tape.cycle_filter()
        app.tape.cycle_filter()

        rows = app.rows(9.0)
        assert ">=5" in rows[0]
        assert rows[2].startswith("#23:54:23")


async def test_a_print_costs_the_terminal_few_bytes() -> None:
    async with running(size=(44, 18)) as app:
        rng = random.Random(7)
        canvas = Canvas("truecolor")
        sent = []
        for frame in range(100):
            for part in range(2):
                side = rng.choice([Side.BUY, Side.SELL])
                price = 61_000.0 + rng.randint(-500, 500) / 100
                app.trade(price, rng.randint(1, 9999) / 1000, side, frame / 10 + part / 25)
            app.rows(frame / 10 + 0.09)
            canvas.prepare((44, 18), "truecolor")
            lines = [DirtyLine(y, [(0, 44)], [(0, 44, app.tape.render_line(y))]) for y in range(18)]
            sent.append(len(canvas.paint(lines, full=True).encode()))

        # A list that moves by a row with every print takes about 250 bytes for each of them.
        assert sum(sent[20:]) / (2 * len(sent[20:])) < 120


async def test_a_flood_is_looked_at_a_few_times_a_second() -> None:
    async with running() as app:
        number = 0
        seen = 0
        for frame in range(20):
            for _ in range(40):
                number += 1
                app.trade(61_000.0 - number, after_s=frame / 10)
            before = app.tape.repaints
            app.rows(frame / 10)
            seen += app.tape.repaints > before

        assert seen <= 9
        # What came last is shown as soon as the flood is over.
        assert f"{61_000 - number:,.2f}" in app.rows(2.5)[2]
