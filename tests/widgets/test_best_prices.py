"""Best prices over the last minutes: what is drawn of them, and the holes where they were not known."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual.app import App, ComposeResult

from tui.charts.glyphs import ASCII, EIGHTHS
from tui.market.book_history import Best, BookHistories
from tui.market.market import Market
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.subscription import Channel, Subscription, SubscriptionStatus, Truth
from tui.model.timeframe import NS
from tui.themes import DEFAULT_THEME, load_themes, to_textual, variable_defaults
from tui.widgets.best_prices import BestPrices, best_spans, holes_between, summary

START = 1_723_161_240 * NS  # 23:54:00 UTC
BTC = Instrument("KRAKEN", "BTC/USD")


def bests(*prices: tuple[float, float | None, float | None]) -> list[Best]:
    """Seconds since the start, bid, ask."""
    return [Best(START + int(at * NS), bid, ask) for at, bid, ask in prices]


def test_a_column_has_the_last_prices_and_the_average_spread_of_its_ten_seconds() -> None:
    spans = best_spans(bests((0, 99.0, 101.0), (1, 99.5, 100.5), (9, 99.0, 101.0), (10, 98, 102)))

    assert [((span.time - START) // NS, span.bid, span.ask) for span in spans] == [
        (0, 99.0, 101.0),
        (10, 98.0, 102.0),
    ]
    assert spans[0].middles == (100.0, 100.0, 100.0)
    assert spans[0].spread_bp == pytest.approx(500 / 3)


def test_one_sided_and_crossed_moments_are_left_out() -> None:
    assert best_spans(bests((0, 99.0, None), (1, None, 101.0), (2, 101.0, 100.0))) == []


def test_columns_without_anything_known_are_holes() -> None:
    def seconds(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        return [((start - START) // NS, (end - START) // NS) for start, end in spans]

    times = [START + at * NS for at in (0, 10, 40)]

    assert seconds(holes_between(times, START + 40 * NS)) == [(20, 40)]
    assert seconds(holes_between(times, START + 70 * NS)) == [(20, 40), (50, 70)]
    assert holes_between([], START) == []


def test_prices_are_not_told_while_the_book_is_not_known() -> None:
    spans = best_spans(bests((0, 99.0, 101.0), (10, 99.5, 100.5), (20, 99.0, 101.0)))

    assert summary(spans, 1, 44, EIGHTHS, is_now=True) == [
        " 99.0 / 101.0".ljust(44),
        " spread 202.02 bp  average 166.67       █▁█ ",
    ]
    assert summary(spans, 1, 30, ASCII, is_now=False) == [
        " " * 30,
        " spread average 166.67    ^_^ ",
    ]
    assert summary([], 1, 10, ASCII, is_now=True) == [" " * 10] * 2


class Stage(App[object]):
    def __init__(self) -> None:
        super().__init__()
        self.market = Market()
        self.market.set_info(InstrumentInfo(BTC, "BTC", "USD", "0.1", "0.001"))
        self.histories = BookHistories(self.market)
        self.view = BestPrices(self.market, self.histories, glyphs=ASCII)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.available_themes.get(self.theme))

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        for theme in load_themes()[0].values():
            self.register_theme(to_textual(theme))
        self.theme = DEFAULT_THEME

    def live(self, status: SubscriptionStatus) -> None:
        truth = Truth(status, "", START, status is SubscriptionStatus.LIVE)
        self.market.set_truth(Subscription(BTC, Channel.BOOK), truth)

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]


async def test_the_lines_are_broken_where_the_book_was_not_verified() -> None:
    app = Stage()
    async with app.run_test(size=(44, 14)) as pilot:
        app.view.instrument = BTC
        app.view.sync(START)
        assert "waiting for the book" in "".join(app.rows())
        for second in range(300):
            known = not 100 <= second < 200
            app.live(SubscriptionStatus.LIVE if known else SubscriptionStatus.SYNCING)
            price = 100.0 + second // 20 % 3
            app.market[BTC].book.replace([(f"{price - 0.5}", "1")], [(f"{price + 0.5}", "1")])
            app.histories.sample(START + second * NS, [BTC], [])
        app.view.sync(START + 299 * NS)
        await pilot.pause()

        assert app.rows() == [
            " Best BTC/USD                    ● verified",
            " 101.5 / 102.5",
            " spread 98.52 bp  average 99.02 ---__^^--__",
            " * 101.5 + 102.5  ////////",
            "                //////////",
            "        102.0   //////////  ++    ++",
            "          **+   //////////  **+   **",
            "        ++*** ++//////////++*** ++**",
            "        *** * **//////////*** * ***",
            "      ++**  *+**//////////**  *+**",
            ".   . ***   *** //////////  . ***   . 100.0",
            "    100.0   **  //////////    **",
            "                //////////",
            "    23:54               23:57           UTC",
        ]
