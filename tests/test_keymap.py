"""The actions, their default keys and the check of the user's keys."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui.keymap import ACTIONS, changed_keys, effective_keys, parse_key
from tui.model.errors import ConfigError


def test_the_default_keys_belong_to_one_action_each() -> None:
    keys = [key for action in ACTIONS.values() for key in action.keys]

    assert len(keys) == len(set(keys))


def test_the_default_keys_are_written_as_textual_reports_them() -> None:
    for action in ACTIONS.values():
        for key in action.keys:
            assert parse_key(key) == key


def test_the_default_keys_are_joined_for_textual() -> None:
    keys = effective_keys()

    assert keys["watch_down"] == "down,j"
    assert keys["focus_panel_3"] == "3"
    assert keys["theme"] == "T"
    assert set(keys) == set(ACTIONS)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("q", "q"),
        ("Q", "Q"),
        ("shift+q", "Q"),
        ("ctrl+Q", "ctrl+q"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("F5", "f5"),
        ("?", "question_mark"),
        ("/", "slash"),
        ("[", "left_square_bracket"),
        (",", "comma"),
        (".", "full_stop"),
        ("-", "minus"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("plus_sign", "plus"),
        ("solidus", "slash"),
        (" ", "space"),
        ("PageUp", "pageup"),
        ("ctrl+i", "tab"),
        ("ctrl+m", "enter"),
        ("ä", "ä"),
    ],
)
def test_a_key_gets_textuals_name(written: str, name: str) -> None:
    assert parse_key(written) == name


@pytest.mark.parametrize(
    "written", ["", "quit", "ctrl+", "contrl+s", "+s", "a,b", "f99", "\x1b", "ctrl+ctrl+left+x"]
)
def test_a_text_that_is_no_key_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        parse_key(written)


def test_a_mistyped_key_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_key("pagup")

    assert str(caught.value) == "'pagup' is not a key (did you mean pageup?)"


def test_the_names_agree_with_textual() -> None:
    from textual.keys import _character_to_key

    for code in range(33, 127):
        assert parse_key(chr(code)) == _character_to_key(chr(code))


def test_the_users_keys_replace_the_defaults_of_their_action() -> None:
    keys = effective_keys({"book": ["f9", "ctrl+b"]})

    assert keys["book"] == "f9,ctrl+b"
    assert keys["errors"] == "e"


def test_a_freed_default_key_can_be_given_to_another_action() -> None:
    keys = effective_keys({"book": ["f9"], "errors": ["b"]})

    assert keys["errors"] == "b"


def test_two_actions_can_swap_their_keys() -> None:
    keys = effective_keys({"book": ["e"], "errors": ["b"]})

    assert (keys["book"], keys["errors"]) == ("e", "b")


def test_textual_is_told_of_the_users_keys_alone() -> None:
    assert changed_keys({}) == {}
    assert changed_keys({"book": ["f9", "ctrl+b"], "grid": ["Z"]}) == {
        "book": "f9,ctrl+b",
        "grid": "Z",
    }


def test_a_key_of_another_action_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        effective_keys({"book": ["q"]})

    assert str(caught.value) == (
        "book: the key q already belongs to quit (choose another key, or give quit another one)"
    )


def test_the_same_key_for_two_of_the_users_actions_is_refused() -> None:
    with pytest.raises(ConfigError, match="already belongs to"):
        effective_keys({"book": ["f9"], "errors": ["f9"]})


def test_an_unknown_action_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        effective_keys({"quiet": ["f9"]})

    assert str(caught.value) == "quiet: there is no such action (did you mean quit?)"


def test_quit_cannot_be_left_without_a_key() -> None:
    with pytest.raises(ConfigError, match="quit: no key"):
        effective_keys({"quit": []})


def test_a_key_named_twice_for_one_action_counts_once() -> None:
    assert effective_keys({"book": ["f9", "f9"]})["book"] == "f9"


def test_the_keymap_is_known_without_textual() -> None:
    code = "import sys, tui.keymap; sys.exit('textual' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
