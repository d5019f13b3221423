"""What the driver asks of the terminal, and what it leaves alone."""

from __future__ import annotations

import pytest
from textual.app import App

from tui.terminal.driver import TerminalDriver


@pytest.mark.parametrize(("wanted", "written"), [(True, ["\x1b[?2004h"]), (False, [])])
async def test_pasted_text_is_marked_unless_that_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, written: list[str]
) -> None:
    app = App[None]()
    app.bracketed_paste = wanted  # type: ignore[attr-defined]
    sent: list[str] = []
    monkeypatch.setattr(TerminalDriver, "write", lambda driver, text: sent.append(text))

    async with app.run_test():
        TerminalDriver(app)._enable_bracketed_paste()

    assert sent == written
