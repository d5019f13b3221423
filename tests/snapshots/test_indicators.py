"""Pictures of every indicator on a panel, and of the dialogs that choose them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from staging import StagedApp, staged_app
from textual.pilot import Pilot

from tui.market.indicators import library
from tui.model.chart import IndicatorChoice
from tui.widgets.indicator_layers import FrameBudget

pytestmark = pytest.mark.snapshot


@pytest.fixture(autouse=True)
def _all_in_one_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scales remember what was shown before: nothing may be computed in parts."""
    library.load()
    monkeypatch.setattr(FrameBudget, "has_time", lambda self: True)


def showing(*names: str, pressed: tuple[str, ...] = ()) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Choose indicators for the panel, press keys, and paint one frame."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, StagedApp)
        panel = app.dashboard.panels[0]
        choices = tuple(IndicatorChoice(name) for name in names)
        panel.view = msgspec.structs.replace(panel.view, indicators=choices)
        await pilot.press(*pressed)
        await pilot.pause()
        app.frame()
        await pilot.pause()

    return run


def test_those_over_the_candles(snap_compare: Any) -> None:
    chosen = showing("sma", "wma", "bollinger", "keltner", "supertrend", "sar")

    assert snap_compare(staged_app(grid=1), terminal_size=(160, 48), run_before=chosen)


def test_a_cloud_ahead_and_the_volume_by_price(snap_compare: Any) -> None:
    chosen = showing("ichimoku", "profile", "donchian", "ema", "vwap", "anchored_vwap")

    assert snap_compare(staged_app(grid=1), terminal_size=(160, 48), run_before=chosen)


def test_those_in_panes(snap_compare: Any) -> None:
    chosen = showing("rsi", "macd", "stochastic")

    assert snap_compare(staged_app(grid=1), terminal_size=(160, 60), run_before=chosen)


def test_more_of_those_in_panes(snap_compare: Any) -> None:
    chosen = showing("adx", "cci", "delta")

    assert snap_compare(staged_app(grid=1), terminal_size=(160, 60), run_before=chosen)


def test_and_the_rest_of_them(snap_compare: Any) -> None:
    chosen = showing("atr", "obv", "mfi")

    assert snap_compare(staged_app(grid=1), terminal_size=(160, 60), run_before=chosen)


@pytest.mark.parametrize("size", [(120, 40), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_list_of_a_panels_indicators(snap_compare: Any, size: tuple[int, int]) -> None:
    chosen = showing("ema", "bollinger", "rsi", pressed=("I",))

    assert snap_compare(staged_app(grid=1), terminal_size=size, run_before=chosen)


def test_the_catalogue(snap_compare: Any) -> None:
    chosen = showing("ema", pressed=("I", "a", *"av"))

    assert snap_compare(staged_app(grid=1), terminal_size=(80, 24), run_before=chosen)
