"""What passes tmux and screen reaches the terminal around them as it was."""

from __future__ import annotations

import importlib
import re
from base64 import b64decode

import pytest
from textual.app import App

from tui.terminal import clipboard
from tui.terminal.clipboard import keep_copy, pass_copy
from tui.terminal.passing import pass_through

BY_BELL = "\x1b]52;c;cQ==\x07"
BY_END = "\x1b]9;rose\x1b\\"


def test_tmux_gets_it_in_a_string_of_its_own_with_each_escape_twice() -> None:
    assert pass_through(BY_END, "tmux") == "\x1bPtmux;\x1b\x1b]9;rose\x1b\x1b\\\x1b\\"


@pytest.mark.parametrize(("sequence", "passed"), [(BY_BELL, BY_BELL), (BY_END, "\x1b]9;rose\x07")])
def test_screen_gets_it_in_a_string_that_it_does_not_end(sequence: str, passed: str) -> None:
    assert pass_through(sequence, "screen") == f"\x1bP{passed}\x1b\\"


def test_what_is_longer_than_a_string_of_screen_comes_in_several() -> None:
    written = pass_through(f"\x1b]52;c;{'x' * 2000}\x07", "screen")

    parts = re.findall(r"\x1bP(.*?)\x1b\\", written, re.DOTALL)
    assert len(parts) == 3
    assert max(map(len, parts)) < 768
    assert "".join(parts) == f"\x1b]52;c;{'x' * 2000}\x07"


def test_without_a_multiplexer_it_goes_as_it_is() -> None:
    assert pass_through(BY_END, "") == BY_END


# -- copies ------------------------------------------------------------------------------------


class Driver:
    """Keeps what is written."""

    is_web = False

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text


@pytest.mark.parametrize("multiplexer", ["tmux", "screen"])
def test_a_copy_passes_a_multiplexer(multiplexer: str) -> None:
    app, driver = App[None](), Driver()
    app._driver = driver  # type: ignore[assignment]

    pass_copy(app, "é 61,837", multiplexer)

    [packed] = re.findall(r"\]52;c;([A-Za-z0-9+/=]+)\x07", driver.written)
    assert b64decode(packed).decode() == "é 61,837"


def test_without_a_multiplexer_nothing_is_to_be_passed() -> None:
    app, driver = App[None](), Driver()
    app._driver = driver  # type: ignore[assignment]

    pass_copy(app, "text", "")

    assert driver.written == ""


def test_a_kept_copy_is_for_the_programs_own_fields() -> None:
    app, driver = App[None](), Driver()
    app._driver = driver  # type: ignore[assignment]

    keep_copy(app, "text")

    assert app.clipboard == "text"
    assert driver.written == ""


@pytest.mark.parametrize(("owner", "names"), clipboard.PRIVATE_NAMES.items())
def test_textual_still_has_what_is_used_of_it(owner: str, names: tuple[str, ...]) -> None:
    module, _, name = owner.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    instance_names = vars(cls()) if name == "App" else {}

    assert [each for each in names if not (hasattr(cls, each) or each in instance_names)] == []
