"""Notifications by escape sequences: to whom which, and that no text can say more than text."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.terminal import notifications
from tui.terminal.notifications import notification

XTERM = {"TERM": "xterm-256color"}
BY_9 = "\x1b]9;tradetui: BTC rose\x1b\\"
BY_777 = "\x1b]777;notify;tradetui;BTC rose\x1b\\"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (XTERM, BY_9 + BY_777),
        ({"TERM": "foot"}, BY_777),
        ({"TERM": "rxvt-unicode-256color"}, BY_777),
        ({**XTERM, "VTE_VERSION": "7600"}, BY_777),
        ({**XTERM, "TERM_PROGRAM": "WezTerm"}, BY_777),
        ({**XTERM, "TERM_PROGRAM": "iTerm.app"}, BY_9),
        ({"TERM": "xterm-kitty"}, BY_9),
        ({"TERM": "linux"}, ""),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
    ],
)
def test_each_terminal_gets_what_it_understands(environment: dict[str, str], expected: str) -> None:
    assert notification("tradetui", "BTC rose", environment) == expected


def test_inside_tmux_they_are_handed_on_to_the_terminal_around_it() -> None:
    written = notification(
        "tradetui", "BTC rose", {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}
    )

    assert written == (
        "\x1bPtmux;\x1b\x1b]9;tradetui: BTC rose\x1b\x1b\\\x1b\\"
        "\x1bPtmux;\x1b\x1b]777;notify;tradetui;BTC rose\x1b\x1b\\\x1b\\"
    )


def test_inside_screen_they_are_handed_on_too() -> None:
    written = notification("tradetui", "BTC rose", {"TERM": "screen.xterm", "STY": "1.pts"})

    assert written == (
        "\x1bP\x1b]9;tradetui: BTC rose\x07\x1b\\\x1bP\x1b]777;notify;tradetui;BTC rose\x07\x1b\\"
    )


def test_nothing_is_handed_on_where_that_is_not_wanted() -> None:
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}

    assert notification("tradetui", "BTC rose", inside, passes=False) == ""
    assert notification("tradetui", "BTC rose", XTERM, passes=False) == BY_9 + BY_777


@given(st.text(), st.text())
def test_no_text_ends_its_field_or_its_sequence(title: str, body: str) -> None:
    written = notification(title, body, XTERM)

    assert written.count("\x1b") == 4
    assert all(written.count(one) == 0 for one in "\x07\x00\n\r\x9b\x9c\x9d")
    first, second, end = written.split("\x1b\\")
    assert end == ""
    assert first.count(";") == 1
    assert second.count(";") == 3


def test_long_texts_are_cut() -> None:
    written = notification("t" * 500, "b" * 5000, {"TERM": "foot"})

    assert written == f"\x1b]777;notify;{'t' * 60};{'b' * 200}\x1b\\"


@pytest.mark.parametrize(("owner", "names"), notifications.PRIVATE_NAMES.items())
def test_textual_still_has_what_is_used_of_it(owner: str, names: tuple[str, ...]) -> None:
    module, _, name = owner.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    instance_names = vars(cls()) if name == "App" else {}

    assert [each for each in names if not (hasattr(cls, each) or each in instance_names)] == []
