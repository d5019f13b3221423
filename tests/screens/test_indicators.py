"""The dialogs of indicators: the panel's list, the catalogue, the editor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from candle_walks import BTCUSDT, MINUTE, make_walk
from staging import staged_app
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tui.charts.glyphs import EIGHTHS
from tui.market.indicators import library
from tui.market.indicators.catalogue import CATALOGUE
from tui.market.market import Market
from tui.model.chart import IndicatorChoice
from tui.model.events import StudyPoint
from tui.model.timeframe import NS
from tui.screens.indicator_editor import IndicatorEditor
from tui.screens.indicators import IndicatorSearch, IndicatorsScreen, find_indicators
from tui.themes import variable_defaults

NOW = ANCHOR = 1_723_158_000 * NS  # 2024-08-08 23:00 UTC


@pytest.fixture(autouse=True)
def _loaded() -> None:
    library.load()


class BareApp(App[None]):
    """Nothing but our theme."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()


class Listing:
    """An app with the list of a panel's indicators on top."""

    def __init__(self, app: BareApp, pilot: Pilot[Any], held: tuple[IndicatorChoice, ...]):
        self.app = app
        self.pilot = pilot
        self.choices = held

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def note(self) -> str:
        return str(self.app.screen.query(Static).last().content)

    def lines(self) -> list[str]:
        options = self.app.screen.query_one(OptionList)
        return [
            str(options.get_option_at_index(at).prompt).rstrip()
            for at in range(options.option_count)
        ]


@asynccontextmanager
async def listing(
    *held: IndicatorChoice, size: tuple[int, int] = (100, 36), market: Market | None = None
) -> AsyncIterator[Listing]:
    if market is None:
        market = Market()
        market.merge_candles(BTCUSDT, MINUTE, make_walk(60))
    app = BareApp()
    async with app.run_test(size=size) as pilot:
        shown = Listing(app, pilot, held)

        def change(choices: tuple[IndicatorChoice, ...]) -> None:
            shown.choices = choices

        app.push_screen(
            IndicatorsScreen(
                market, BTCUSDT, MINUTE, held, change=change, anchor=ANCHOR, glyphs=EIGHTHS
            )
        )
        await pilot.pause()
        yield shown


def names(found: tuple[IndicatorChoice, ...]) -> list[str]:
    return [choice.name for choice in found]


async def test_an_empty_list_says_how_to_begin() -> None:
    async with listing() as shown:
        assert shown.app.screen.has_class("-empty")


async def test_an_indicator_is_added_from_the_catalogue_and_edited_at_once() -> None:
    async with listing(IndicatorChoice("ema")) as shown:
        await shown.press("a", *"rela", "enter")

        assert isinstance(shown.app.screen, IndicatorEditor)
        assert names(shown.choices) == ["ema", "rsi"]

        await shown.press("backspace", "backspace", "7", "enter")
        assert shown.choices[1] == IndicatorChoice("rsi", {"length": 7.0})
        assert shown.lines() == [
            "EMA 20                 on the chart",
            "RSI 7                  pane",
        ]


async def test_leaving_the_catalogue_adds_nothing() -> None:
    async with listing() as shown:
        await shown.press("a")
        assert isinstance(shown.app.screen, IndicatorSearch)

        await shown.press("escape")
        assert isinstance(shown.app.screen, IndicatorsScreen)
        assert shown.choices == ()


async def test_leaving_the_editor_keeps_what_was() -> None:
    held = IndicatorChoice("rsi", {"length": 9.0})
    async with listing(held) as shown:
        await shown.press("enter", "backspace", "5", "escape")

        assert shown.choices == (held,)


async def test_indicators_are_removed_and_moved() -> None:
    held = [IndicatorChoice(name) for name in ("ema", "rsi", "obv")]
    async with listing(*held) as shown:
        await shown.press("down", "x")
        assert names(shown.choices) == ["ema", "obv"]

        await shown.press("<")
        assert names(shown.choices) == ["obv", "ema"]
        await shown.press("<")
        assert names(shown.choices) == ["obv", "ema"]
        await shown.press(">")
        assert names(shown.choices) == ["ema", "obv"]


async def test_what_is_not_known_any_more_is_shown_as_such_and_can_be_removed() -> None:
    async with listing(IndicatorChoice("of [b]old[/b]")) as shown:
        assert shown.lines() == ["of [b]old[/b]          there is no such indicator"]

        await shown.press("enter", "x")
        assert shown.choices == ()


async def test_there_is_an_end_to_how_many_there_can_be() -> None:
    async with listing(*[IndicatorChoice("ema")] * 12) as shown:
        await shown.press("a")

        assert isinstance(shown.app.screen, IndicatorsScreen)
        assert shown.note() == "12 are shown already: remove one first"


async def test_the_editor_says_what_is_wrong_and_does_not_keep_it() -> None:
    async with listing(IndicatorChoice("bollinger")) as shown:
        await shown.press("enter", "tab", "x")

        note = shown.app.screen.query_one("#editor-note", Static)
        assert str(note.content) == "Deviations is a number"
        await shown.press("enter")
        assert isinstance(shown.app.screen, IndicatorEditor)

        await shown.press("backspace", "backspace", "9", "9")
        assert str(note.content) == "Deviations is from 0.1 to 50"


async def test_a_colour_that_is_none_is_refused_and_empty_ones_are_the_themes() -> None:
    async with listing(IndicatorChoice("bollinger")) as shown:
        await shown.press("enter", "tab", "tab", "tab", "tab", *"#ff00")
        note = shown.app.screen.query_one("#editor-note", Static)
        assert str(note.content) == "upper: a colour is written #rrggbb; empty for the theme's"

        await shown.press("F", "f", "enter")
        assert shown.choices == (IndicatorChoice("bollinger", {}, ("", "#ff00ff")),)


async def test_page_up_and_down_step_through_the_values_of_a_field() -> None:
    async with listing(IndicatorChoice("bollinger")) as shown:
        await shown.press("enter", "pageup", "pageup", "pagedown")
        await shown.press("down", "pageup", "down", "pagedown", "down", "pageup", "enter")

        assert shown.choices == (
            IndicatorChoice(
                "bollinger", {"length": 21.0, "deviations": 2.1, "source": 6.0}, ("#f0b90b",)
            ),
        )


async def test_an_anchor_begins_where_the_panel_says_and_is_a_date() -> None:
    async with listing() as shown:
        await shown.press("a", *"avw", "enter")
        field = shown.app.screen.query_one("#parameter-anchor", Input)
        assert field.value == "2024-08-08 23:00"

        field.value = "2024-08-08 22:30"
        await shown.press("enter")
        assert shown.choices == (
            IndicatorChoice("anchored_vwap", {"anchor": float(ANCHOR // NS - 1800)}),
        )


async def test_the_preview_shows_the_indicator_over_the_panels_candles() -> None:
    async with listing(IndicatorChoice("rsi")) as shown:
        await shown.press("enter")
        screen = shown.app.screen
        assert isinstance(screen, IndicatorEditor)
        screen.frame(NOW)

        preview = screen.query_one("#editor-preview")
        text = "\n".join(preview.render_line(y).text for y in range(preview.size.height))
        assert "RSI 14 " in text

        await shown.press("pageup")
        screen.frame(NOW + NS)
        text = "\n".join(preview.render_line(y).text for y in range(preview.size.height))
        assert "RSI 15 " in text


@pytest.mark.parametrize("name", ["ichimoku", "obv", "profile"])
async def test_indicators_can_be_edited_on_a_small_screen(name: str) -> None:
    async with listing(IndicatorChoice(name), size=(40, 12)) as shown:
        await shown.press("enter", "pageup")
        screen = shown.app.screen
        assert isinstance(screen, IndicatorEditor)
        note = screen.query_one("#editor-note")
        assert screen.region.contains_region(note.region)
        assert note.region.height == 2

        await shown.press("enter")
        assert names(shown.choices) == [name]


async def test_what_the_venue_computes_is_told_beside() -> None:
    market = Market()
    market.studies.apply(StudyPoint(BTCUSDT, MINUTE, "STD;RSI", 60, ("plot_0",), (50.0,), 60))
    async with listing(market=market) as shown:
        told = shown.app.screen.query_one("#indicators-venue", Static)

        assert str(told.content) == "and computed by BINANCE: STD;RSI"


async def test_the_key_opens_the_chosen_panels_and_they_are_remembered() -> None:
    app = staged_app(grid=2)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "I", "a", *"rsi", "enter", "enter", "escape")
        await pilot.pause()

        assert app.screen is app.dashboard
        views = [panel.view.indicators for panel in app.dashboard.state().panels]
        assert views == [(), (IndicatorChoice("rsi"),)]


async def test_letters_typed_before_the_catalogue_is_there_are_not_lost() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("I")
        for key in ("a", "c", "c", "i"):
            app.post_message(events.Key(key, key))
        await pilot.pause()

        assert isinstance(app.screen, IndicatorSearch)
        assert app.screen.query_one(Input).value == "cci"


def test_indicators_are_found_by_their_short_names_first() -> None:
    assert find_indicators("ma")[0].name == "macd"
    assert find_indicators("rsi")[0].name == "rsi"
    assert find_indicators("cloud")[0].name == "ichimoku"
    assert find_indicators("volume delta")[0].name == "delta"
    assert find_indicators("gibberish") == []
    assert len(find_indicators("")) == len(CATALOGUE)
