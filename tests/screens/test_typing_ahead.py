"""Keys that are pressed while a dialog comes up are the dialog's: none is lost, none acts beneath it."""

from __future__ import annotations

import pytest
from staging import staged_app
from textual.widgets import Input

FIELDS = {
    "search": ("slash",),
    "alert": ("A", "n"),
    "indicator": ("I", "a"),
    "other symbol": ("O", "slash"),
}


@pytest.mark.parametrize("name", FIELDS)
async def test_a_dialogs_field_has_the_focus_as_soon_as_its_key_is_done(name: str) -> None:
    app = staged_app(grid=1)
    async with app.run_test(size=(120, 40)) as pilot:
        app.frame()
        await pilot.pause()

        for key in FIELDS[name]:
            await app._check_bindings(key)

        assert isinstance(app.focused, Input)
