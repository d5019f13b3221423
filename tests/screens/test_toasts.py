"""Toasts on a small screen are a line at its edge, over nothing that a dialog says."""

from __future__ import annotations

import pytest
from staging import staged_app
from textual.widgets._toast import Toast

TOLD = "BTCUSDT rose above 61,900.00: it is at 61,912.34"


@pytest.mark.parametrize("keys", [("slash",), ("A", "n"), ("question_mark",)])
async def test_at_40_by_12_a_toast_is_below_what_a_dialog_says(keys: tuple[str, ...]) -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(40, 12), notifications=True) as pilot:
        await pilot.press(*keys)
        before = [line.text for line in app.lines_shown()]

        app.notify(TOLD, severity="warning", markup=False, timeout=60)
        await pilot.pause()

        while not app.screen.query(Toast):
            await pilot.pause()
        shown = [line.text for line in app.lines_shown()]
        assert shown[:-1] == before[:-1]
        assert shown[-1].startswith("▌ BTCUSDT rose above 61,900.00: it is")


async def test_on_a_larger_screen_a_toast_says_all() -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify(TOLD, severity="warning", markup=False, timeout=60)
        while not app.screen.query(Toast):
            await pilot.pause()

        shown = "\n".join(line.text for line in app.lines_shown())

        assert "61,912.34" in shown
