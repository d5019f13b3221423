"""What a candle panel draws below its candles of what the venue computes of them."""

from __future__ import annotations

import math

import pytest
from staging import INSTRUMENTS, MINUTE, NOW, StagedApp, staged_app

from tui.config import Colours
from tui.feed.settings import FeedSettings
from tui.model.events import StudyPoint
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe
from tui.widgets.look import has_fine_colours

BTC, ETH = INSTRUMENTS[:2]


def study(
    app: StagedApp,
    name: str,
    *plots: str,
    instrument: Instrument = BTC,
    timeframe: Timeframe = MINUTE,
    newest: float = 61.5,
) -> None:
    """Let the venue say a value of each line at each of a hundred candles, the newest of all alike."""
    opened = timeframe.floor(NOW)
    for age in range(100):
        values = tuple(newest + 9 * math.sin(age / 6) + 5 * at for at in range(len(plots)))
        time = opened - age * timeframe.seconds * NS
        app.session.market.studies.apply(
            StudyPoint(instrument, timeframe, name, time, plots, values, NOW)
        )


async def panel(app: StagedApp, size: tuple[int, int]) -> list[str]:
    """The rows of the chosen panel."""
    async with app.run_test(size=size) as pilot:
        app.frame()
        await pilot.pause()
        chosen = app.dashboard.chosen
        return [chosen.render_line(y).text for y in range(chosen.size.height)]


def headings(rows: list[str]) -> list[str]:
    return [row.split(" ─")[0] for row in rows if "──────" in row]


async def test_each_study_has_a_pane_with_its_name_and_newest_value() -> None:
    app = staged_app(grid=1)
    study(app, "STD;RSI", "RSI")
    study(app, "PUB;5a", "Fast", "Slow", newest=3.25)

    rows = await panel(app, (120, 40))

    assert headings(rows) == ["PUB;5a Fast 3.25 Slow 8.25", "RSI 61.50"]


async def test_studies_of_other_charts_are_not_drawn() -> None:
    app = staged_app(grid=1)
    study(app, "STD;RSI", "RSI", timeframe=Timeframe(1, "h"))
    study(app, "STD;RSI", "RSI", instrument=ETH)

    assert headings(await panel(app, (120, 40))) == []


@pytest.mark.parametrize(
    ("size", "expected"), [((120, 40), ["RSI 61.50"]), ((80, 24), ["RSI 61.50"]), ((40, 12), [])]
)
async def test_a_pane_is_drawn_where_there_is_room(
    size: tuple[int, int], expected: list[str]
) -> None:
    app = staged_app(grid=1)
    study(app, "STD;RSI", "RSI")

    assert headings(await panel(app, size)) == expected


async def test_a_new_value_is_drawn_with_the_next_frame() -> None:
    app = staged_app(grid=1)
    study(app, "STD;RSI", "RSI")
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()
        point = StudyPoint(BTC, MINUTE, "STD;RSI", MINUTE.floor(NOW), ("RSI",), (62.75,), NOW)
        app.session.market.studies.apply(point)

        app.frame()
        await pilot.pause()

        chosen = app.dashboard.chosen
        rows = [chosen.render_line(y).text for y in range(chosen.size.height)]
        assert headings(rows) == ["RSI 62.75"]


async def test_names_from_outside_cannot_control_the_terminal() -> None:
    app = staged_app(grid=1)
    study(app, "STD;RSI", "a\x1b[31mb", "[red]c")

    rows = await panel(app, (120, 40))

    assert headings(rows) == ["RSI a\ufffdb 61.50 [red]c 66.50"]


async def test_rising_candles_are_hollow_unless_the_user_wants_them_filled() -> None:
    hollow = await panel(staged_app(grid=1), (120, 40))
    filled = await panel(staged_app(grid=1, hollow_candles=False), (120, 40))

    assert any("┃" in row for row in hollow)
    assert not any("┃" in row for row in filled)


@pytest.mark.parametrize("is_flat", [False, True])
async def test_candles_without_a_trade_are_absent_unless_the_user_wants_them_flat(
    is_flat: bool,
) -> None:
    app = staged_app(grid=1, limits=FeedSettings(flat_candles=is_flat))
    series = app.session.market[BTC].series(MINUTE)
    held = [each for at, each in enumerate(series.candles) if not -9 <= at - len(series) < -4]
    series.clear()
    series.merge(held)

    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()
        geometry = app.dashboard.chosen._painter.geometry

    assert geometry is not None
    gap = held[-5].open_time + MINUTE.seconds * NS
    assert (geometry.bar_at(gap) is not None) is is_flat


@pytest.mark.parametrize(
    ("colours", "is_fine"),
    [
        (Colours.TRUECOLOR, True),
        (Colours.EIGHT_BITS, True),
        (Colours.SIXTEEN, False),
        (Colours.NONE, False),
    ],
)
async def test_where_colours_are_few_there_are_no_shades(colours: Colours, is_fine: bool) -> None:
    app = staged_app(colours=colours)

    async with app.run_test():
        assert has_fine_colours(app) is is_fine
