"""Pictures of what is drawn below the candles of a chart."""

from __future__ import annotations

import math
from typing import Any

import pytest
from staging import INSTRUMENTS, MINUTE, NOW, staged_app
from textual.pilot import Pilot

from tui.model.events import StudyPoint
from tui.model.timeframe import NS

pytestmark = pytest.mark.snapshot


async def painted(pilot: Pilot[Any]) -> None:
    pilot.app.frame()  # type: ignore[attr-defined]
    await pilot.pause()


@pytest.mark.parametrize("glyphs", ["eighths", "halves", "ascii"])
def test_what_the_venue_computes_of_candles(snap_compare: Any, glyphs: str) -> None:
    app = staged_app(grid=1, glyphs=glyphs)
    for name, plots in (("STD;RSI", ("RSI",)), ("STD;MACD", ("MACD", "Signal"))):
        for age in range(60):
            values = tuple(50 + 30 * math.sin((age + 6 * at) / 7) for at in range(len(plots)))
            opened = MINUTE.floor(NOW) - age * 60 * NS
            app.session.market.studies.apply(
                StudyPoint(INSTRUMENTS[0], MINUTE, name, opened, plots, values, NOW)
            )

    assert snap_compare(app, terminal_size=(120, 40), run_before=painted)
