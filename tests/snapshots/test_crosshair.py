"""A chart of the past that is pointed at and measured, and the same moment in the other panels."""

from __future__ import annotations

from typing import Any

import pytest
from staging import StagedApp, staged_app
from textual.pilot import Pilot

pytestmark = pytest.mark.snapshot


async def measure(pilot: Pilot[Any]) -> None:
    await pilot.press("left", "o", "shift+left", "M", "shift+left", "up", "up")
    assert isinstance(pilot.app, StagedApp)
    pilot.app.frame()
    await pilot.pause()


def test_what_is_measured_in_one_panel(snap_compare: Any) -> None:
    assert snap_compare(staged_app(), terminal_size=(160, 50), run_before=measure)


def test_a_candle_that_is_pointed_at_where_there_is_little_room(snap_compare: Any) -> None:
    async def point(pilot: Pilot[Any]) -> None:
        await pilot.press("minus", "t", "t", "t", "t", "S", "S", "o", "shift+left")
        assert isinstance(pilot.app, StagedApp)
        pilot.app.frame()
        await pilot.pause()

    app = staged_app(badge="SIMULATED", grid=1)
    assert snap_compare(app, terminal_size=(60, 20), run_before=point)
