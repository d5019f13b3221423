"""What keys and mouse do on a chart: zoom, pan, crosshair, measuring, style, scale, timeframe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from staging import INSTRUMENTS, MINUTE, NOW, StagedApp, staged_app
from textual import events
from textual.pilot import Pilot

from tui.adapters.coinbase import CoinbaseAdapter
from tui.market.candle_series import Past
from tui.model.chart import ChartStyle, PanelView, PriceScale
from tui.model.events import Candle
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.state import PanelState
from tui.widgets.candle_panel import CandlePanel

BTC, ETH = INSTRUMENTS[:2]
SPAN = 60 * NS
NEWEST = MINUTE.floor(NOW)


class Stage:
    """A running application with its chosen panel."""

    def __init__(self, app: StagedApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot
        self.series = app.session.market[BTC].series(MINUTE)

    @property
    def panel(self) -> CandlePanel:
        return self.app.dashboard.chosen

    @property
    def title(self) -> str:
        return self.rows[0]

    @property
    def rows(self) -> list[str]:
        return [self.panel.render_line(y).text for y in range(self.panel.size.height)]

    @property
    def ages(self) -> tuple[int, int]:
        """Minutes before the newest candle of the oldest and the newest one in sight."""
        geometry = self.panel._painter.geometry
        assert geometry is not None
        first, last = geometry.first_time, geometry.last_time
        return (NEWEST - first) // SPAN, (NEWEST - last) // SPAN

    def column(self, age: int) -> int:
        """Where the candle of so many minutes ago is."""
        geometry = self.panel._painter.geometry
        assert geometry is not None
        column = geometry.column_of(NEWEST - age * SPAN)
        assert column is not None
        return column

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        self.app.frame()
        await self.pilot.pause()

    async def send(self, kind: type[events.MouseEvent], x: int, y: int, **held: Any) -> None:
        """Let the mouse do something in a cell of the panel."""
        flags = {"button": 0, "shift": False, "meta": False, "ctrl": False, **held}
        region = self.panel.region
        event = kind(
            widget=None,
            x=region.x + x,
            y=region.y + y,
            delta_x=0,
            delta_y=0,
            screen_x=region.x + x,
            screen_y=region.y + y,
            **flags,
        )
        self.app.post_message(event)
        await self.pilot.pause()
        self.app.frame()
        await self.pilot.pause()

    async def add_candle(self) -> None:
        newest = self.series.last
        assert newest is not None
        candle = msgspec.structs.replace(
            newest, open_time=newest.open_time + SPAN, close=newest.close + 1, ts_exchange=NOW
        )
        self.app.session.market.apply_candle(candle)
        self.app.frame()
        await self.pilot.pause()


@asynccontextmanager
async def stage(
    size: tuple[int, int] = (160, 40), *, grid: int = 1, older: int = 0
) -> AsyncIterator[Stage]:
    app = staged_app(grid=grid)
    if older:
        series = app.session.market[BTC].series(MINUTE)
        first = series.candles[0]
        series.merge(
            msgspec.structs.replace(first, open_time=first.open_time - age * SPAN)
            for age in range(older, 0, -1)
        )
    async with app.run_test(size=size) as pilot:
        app.frame()
        await pilot.pause()
        yield Stage(app, pilot)


async def test_plus_and_minus_zoom_and_the_newest_candle_stays() -> None:
    async with stage() as made:
        before = made.ages

        await made.press("plus")
        assert made.panel.view.columns == 3
        assert made.ages[0] < before[0]
        assert made.ages[1] == 0

        await made.press("minus", "minus", "minus")
        assert (made.panel.view.columns, made.panel.view.merge) == (1, 2)
        assert "×2" in made.title
        assert made.ages == (199, 0)


async def test_arrows_move_the_view_which_then_stands_still() -> None:
    async with stage() as made:
        await made.press("left", "left", "right", "h")
        assert made.ages[1] == 8
        assert "◀ 08-08 23:46" in made.title

        await made.add_candle()
        assert made.ages[1] == 8

        await made.press("end")
        assert made.ages[1] == -1
        assert "◀" not in made.title


async def test_a_page_leaves_some_of_what_was_seen() -> None:
    async with stage(older=300) as made:
        oldest, _ = made.ages
        # As much again as is in sight is wanted of the venue.
        wanted = made.app.session._looked_back[Subscription(BTC, Channel.CANDLES, MINUTE)]
        assert (NEWEST - wanted) // SPAN == 2 * oldest + 1

        await made.press("pageup")

        assert made.ages[0] > oldest > made.ages[1] > 0
        await made.press("shift+right")
        assert made.ages == (oldest, 0)


async def test_home_goes_back_as_far_as_candles_come_and_says_what_is_going_on() -> None:
    async with stage() as made:
        made.series.tell_past(Past(note="loading older…"))
        await made.press("home")
        assert made.ages[0] == 199
        assert "loading older…" in made.title
        wanted = made.app.session._looked_back
        assert wanted[Subscription(BTC, Channel.CANDLES, MINUTE)] == 0

        oldest = made.series.candles[0]
        made.series.merge(
            msgspec.structs.replace(oldest, open_time=oldest.open_time - age * SPAN)
            for age in range(300, 0, -1)
        )
        made.series.tell_past(Past(begins=True, note="beginning of the data"))
        await made.press("home")
        assert made.ages[0] == 499
        assert "beginning of the data" in made.title

        await made.press("0")
        assert "beginning" not in made.title


async def test_older_candles_leave_the_view_where_it_is() -> None:
    async with stage() as made:
        await made.press("left", "left")
        before = made.rows[1:]
        oldest = made.series.candles[0]

        made.series.merge(
            msgspec.structs.replace(oldest, open_time=oldest.open_time - age * SPAN)
            for age in range(500, 0, -1)
        )
        await made.press("f12")

        assert made.rows[1:] == before


async def test_the_crosshair_tells_a_candle_and_arrows_move_it() -> None:
    async with stage() as made:
        candles = made.series.candles

        await made.press("o")
        assert made.panel.cross == (NEWEST, candles[-1].close)

        await made.press("left", "left", "left")
        fourth = candles[-4]
        assert made.panel.cross == (NEWEST - 3 * SPAN, fourth.close)
        shown = "".join(made.rows[:2])
        for letter, price in zip(
            "OHLC", (fourth.open, fourth.high, fourth.low, fourth.close), strict=True
        ):
            assert f"{letter} {price:,.2f}" in shown
        assert "2024-08-08 23:51" in shown

        await made.press("up")
        cross = made.panel.cross
        assert cross is not None
        assert cross[1] is not None
        assert cross[1] > fourth.close
        assert made.app.dashboard.watchlist.cursor == 0
        assert "esc end crosshair" in made.app.dashboard.key_bar.render_line(0).text

        await made.press("escape")
        assert "crosshair" not in made.app.dashboard.key_bar.render_line(0).text
        assert made.panel.cross is None
        assert " C " not in made.title
        await made.press("down")
        assert made.app.dashboard.watchlist.cursor == 1


async def test_shift_moves_the_crosshair_by_ten_and_the_view_follows() -> None:
    async with stage() as made:
        await made.press("o", *["shift+left"] * 9)

        assert made.panel.cross is not None
        assert made.panel.cross[0] == NEWEST - 90 * SPAN
        assert made.ages[0] == 90

        await made.press("shift+right")
        assert made.panel.cross[0] == NEWEST - 80 * SPAN
        assert made.ages[0] == 90


async def test_the_title_does_not_move_while_the_crosshair_does() -> None:
    async with stage() as made:
        await made.press("o")
        places = set()
        for _ in range(6):
            await made.press("left")
            row = next(row for row in made.rows[:2] if " O " in row)
            places.add(tuple(row.index(f" {letter} ") for letter in "OHLC"))

        assert len(places) == 1


async def test_measuring_tells_percent_price_bars_and_time() -> None:
    async with stage() as made:
        candles = made.series.candles
        start, end = candles[-1].close, candles[-31].close

        await made.press("o", "M", *["shift+left"] * 3)

        shown = "".join(made.rows[:2])
        assert f"{end - start:+,.2f}" in shown
        assert f"{(end / start - 1) * 100:+.2f}%" in shown
        assert "-30 bars" in shown
        assert "-30m" in shown

        await made.press("M")
        assert "bars" not in "".join(made.rows[:2])
        assert made.panel.points


async def test_style_and_scale_are_chosen_by_key_said_in_a_word_and_remembered() -> None:
    async with stage() as made:
        await made.press("t")
        assert made.panel.view.style is ChartStyle.HEIKIN_ASHI
        assert "heikin-ashi" in made.title

        await made.press("S")
        assert "log" in made.title
        held = PanelView(ChartStyle.HEIKIN_ASHI, PriceScale.LOG)
        assert made.app.dashboard.state().panels[0] == PanelState(BTC, MINUTE, held)

        await made.press("S")
        assert made.panel.view.scale is PriceScale.PERCENT
        assert "percent" in made.title

        await made.press("t", "t", "t", "t", "S")
        assert made.panel.view == PanelView()
        assert "candles" not in made.title


async def test_another_timeframe_keeps_the_moment_and_another_symbol_begins_at_now() -> None:
    async with stage() as made:
        made.app.session._adapters["BINANCE"] = CoinbaseAdapter()
        await made.press(*["left"] * 20)
        hours = made.app.session.market[BTC].series(Timeframe(1, "h"))

        await made.press(*["right_square_bracket"] * 5)

        assert made.panel.timeframe == Timeframe(1, "h")
        geometry = made.panel._painter.geometry
        assert geometry is not None
        assert geometry.last_time == Timeframe(1, "h").floor(NEWEST - 80 * SPAN)
        assert len(hours) == 200

        made.panel.instrument = ETH
        await made.press("f12")
        assert made.panel.follows


async def test_brackets_walk_through_built_timeframes_too() -> None:
    async with stage() as made:
        made.app.session._adapters["BINANCE"] = CoinbaseAdapter()
        seen = []
        await made.press(*["left_square_bracket"] * 3)
        for _ in range(17):
            seen.append(str(made.panel.timeframe))
            await made.pilot.press("right_square_bracket")

        assert " ".join(dict.fromkeys(seen)) == "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"


async def test_all_panels_show_the_moment_of_the_crosshair_until_another_is_chosen() -> None:
    async with stage(grid=4, size=(200, 60)) as made:
        await made.press("o", "left")

        others = [
            panel for panel in made.app.dashboard.grid.visible_panels if panel is not made.panel
        ]
        assert [panel.shadow for panel in others] == [NEWEST - SPAN] * 3

        await made.press("2")
        assert not any(panel.points for panel in made.app.dashboard.panels)
        assert {panel.shadow for panel in made.app.dashboard.panels} == {None}
        await made.press("down")
        assert made.app.dashboard.watchlist.cursor == 1

        made.app.dashboard.crosshair_sync = False
        await made.press("o")
        assert {panel.shadow for panel in made.app.dashboard.panels} == {None}


async def test_the_wheel_zooms_around_now_or_the_mouse_and_with_shift_or_sideways_it_pans() -> None:
    async with stage(older=300) as made:
        await made.send(events.MouseScrollUp, made.column(20), 10)
        assert (made.panel.view.columns, made.ages[1]) == (3, 0)

        column = made.column(20)
        await made.send(events.MouseScrollDown, column, 10, ctrl=True)
        assert (made.panel.view.columns, made.ages[1]) == (2, 0)
        column = made.column(20)
        await made.send(events.MouseScrollUp, column, 10, ctrl=True)
        assert abs(made.column(20) - column) <= 2
        assert made.ages[1] > 0

        column = made.column(30)
        await made.send(events.MouseScrollUp, column, 10)
        assert made.panel.view.columns == 4
        assert abs(made.column(30) - column) <= 2

        _, age = made.ages
        await made.send(events.MouseScrollUp, 20, 10, shift=True)
        await made.send(events.MouseScrollLeft, 20, 10)
        assert made.ages[1] == age + 6
        await made.send(events.MouseScrollRight, 20, 10)
        await made.send(events.MouseScrollDown, 20, 10, shift=True)
        assert made.ages[1] == age


async def test_dragging_moves_the_view_and_with_shift_it_measures() -> None:
    async with stage(older=300) as made:
        await made.send(events.MouseDown, 30, 10, button=1)
        await made.send(events.MouseMove, 50, 10, button=1)
        assert made.ages[1] == 10
        await made.send(events.MouseMove, 40, 10, button=1)
        assert made.ages[1] == 5
        await made.send(events.MouseUp, 40, 10, button=1)

        assert not made.panel.points
        await made.send(events.MouseMove, 90, 10)
        assert made.ages[1] == 5

        start, end = made.column(40), made.column(30)
        await made.send(events.MouseDown, start, 10, button=1, shift=True)
        await made.send(events.MouseMove, end, 12, button=1, shift=True)
        await made.send(events.MouseUp, end, 12, button=1, shift=True)
        assert "+10 bars" in "".join(made.rows[:2])
        assert made.ages[1] == 5


async def test_a_click_points_and_the_next_one_ends_that() -> None:
    async with stage() as made:
        await made.pilot.click(made.panel, offset=(made.column(40), 10))
        made.app.frame()
        assert made.panel.cross is not None
        assert made.panel.cross[0] == NEWEST - 40 * SPAN

        await made.send(events.MouseMove, made.column(35), 12)
        assert made.panel.cross[0] == NEWEST - 35 * SPAN

        await made.pilot.click(made.panel, offset=(made.column(35), 12))
        assert made.panel.cross is None


async def test_a_click_into_another_panel_only_chooses_it() -> None:
    async with stage(grid=4, size=(200, 60)) as made:
        other = made.app.dashboard.panels[1]

        await made.pilot.click(other, offset=(20, 8))

        assert made.panel is other
        assert not other.points


async def test_a_panel_without_a_symbol_takes_keys_and_mouse() -> None:
    app = staged_app(grid=1, filled=False)
    async with app.run_test(size=(80, 24)) as pilot:
        made = Stage(app, pilot)
        made.panel.instrument = None
        await made.press("plus", "left", "home", "o", "M", "t", "end", "pageup", "shift+right")
        await made.send(events.MouseScrollUp, 10, 5, ctrl=True)
        await made.send(events.MouseScrollLeft, 10, 5)
        await pilot.click(made.panel, offset=(10, 5))

        assert not made.panel.points


async def test_a_chart_without_candles_takes_them_too() -> None:
    async with stage() as made:
        made.series.clear()
        await made.press("f12", "plus", "left", "home", "o", "M", "up", "end", "shift+left")

        assert not made.panel.points


async def test_a_frame_costs_the_same_however_long_the_history_is() -> None:
    """Of a long history, only what is in sight is looked at."""
    async with stage() as made:
        looked: list[object] = []
        newest = made.series.last
        assert newest is not None

        class Counted(list[Candle]):
            def __getitem__(self, at: Any) -> Any:
                found = super().__getitem__(at)
                looked.append(len(found) if isinstance(found, list) else 1)
                return found

            def __iter__(self) -> Any:
                raise AssertionError("somebody looks at all candles")

        old = [
            msgspec.structs.replace(newest, open_time=newest.open_time - age * SPAN, closed=True)
            for age in range(20_000, 199, -1)
        ]
        made.series.keep(50_000)
        made.series.merge(old)
        made.series._candles = Counted(made.series._candles)

        for keys in (["left"], ["minus", "minus"], ["o"], ["left"], ["plus"], ["escape"], ["end"]):
            looked.clear()
            await made.press(*keys)
            assert sum(map(int, map(str, looked))) < 3000  # a few frames of a few hundred candles
