"""The shell can be gone back to from every dialog."""

from __future__ import annotations

import pytest
from staging import staged_app

from tui.keymap import effective_keys


async def test_the_key_works_wherever_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    app = staged_app(grid=1)
    suspended: list[str] = []
    monkeypatch.setattr(
        app, "action_suspend_process", lambda: suspended.append(type(app.screen).__name__)
    )
    async with app.run_test(size=(120, 40)) as pilot:
        for keys in ("", "?", "/", "An", "I", "O", "L", "n", "d", "P"):
            await pilot.press(*keys, "ctrl+z")
            while app.screen is not app.dashboard:
                await pilot.press("escape")

    assert suspended == [
        "Dashboard",
        "HelpScreen",
        "SymbolSearch",
        "AlertForm",
        "IndicatorsScreen",
        "OverlaysScreen",
        "LayoutsScreen",
        "ConnectionsScreen",
        "DrawingsScreen",
        "PicturesScreen",
    ]


async def test_another_key_for_it_is_that_of_dialogs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    app = staged_app(grid=1, keys={"suspend_process": ("f12",)})
    suspended: list[str] = []
    monkeypatch.setattr(
        app, "action_suspend_process", lambda: suspended.append(type(app.screen).__name__)
    )
    async with app.run_test(size=(120, 40)) as pilot:
        app.set_keymap(effective_keys({"suspend_process": ("f12",)}))
        await pilot.press("slash", "f12")
        await pilot.pause()

    assert suspended == ["SymbolSearch"]


async def test_what_is_remembered_is_written_before_the_program_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = staged_app(grid=1)
    saved: list[int] = []
    monkeypatch.setattr("tui.app.save_state", lambda state, launch: saved.append(state.grid))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("g")

        app.app_suspend_signal.publish(app)

        assert saved == [2]
