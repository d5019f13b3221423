"""What the environment tells of a terminal, and what is chosen by it."""

from __future__ import annotations

import pytest

from tui.terminal.detection import (
    background_of,
    can_erase,
    choose_colours,
    choose_glyphs,
    choose_mouse,
    choose_theme,
    find_multiplexer,
    has_locale,
    is_dumb,
    is_remote,
    taken_for,
)

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environment", "depth", "reason"),
    [
        ({**XTERM, "COLORTERM": "truecolor"}, "truecolor", "COLORTERM is truecolor"),
        (
            {"TERM": "screen.xterm-256color", "COLORTERM": "truecolor", "STY": "1.pts"},
            "256",
            "screen shows no more",
        ),
        (
            {"TERM": "screen", "COLORTERM": "truecolor", "STY": "1.pts"},
            "16",
            "screen shows no more",
        ),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, "truecolor", "COLORTERM is"),
        ({**XTERM, "COLORTERM": "24bit", "NO_COLOR": "1"}, "none", "NO_COLOR is set"),
        ({**XTERM, "NO_COLOR": ""}, "256", "TERM is xterm-256color"),
        (XTERM, "256", "SSH does not pass it on"),
        ({"TERM": "xterm-kitty"}, "truecolor", "TERM is xterm-kitty"),
        ({"TERM": "tmux-direct"}, "truecolor", "TERM is tmux-direct"),
        ({**XTERM, "TERM_PROGRAM": "WezTerm"}, "truecolor", "TERM_PROGRAM is wezterm"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, "256", "TERM is tmux-256color"),
        ({**XTERM, "WT_SESSION": "x"}, "truecolor", "Windows Terminal"),
        ({"TERM": "linux"}, "16", "TERM is linux"),
        ({"TERM": "screen"}, "16", "TERM is screen"),
        ({"TERM": "vt220"}, "none", "TERM is vt220"),
        ({"TERM": "dumb"}, "none", "TERM is dumb"),
        ({}, "none", "TERM is not set"),
    ],
)
def test_the_colours_are_those_that_the_environment_promises(
    environment: dict[str, str], depth: str, reason: str
) -> None:
    choice = choose_colours("auto", environment)

    assert choice.value == depth
    assert reason in choice.reason


def test_what_is_asked_for_is_chosen_whatever_the_environment_says() -> None:
    environment = {"NO_COLOR": "1", "TERM": "dumb", "LANG": "C"}

    assert choose_colours("truecolor", environment).value == "truecolor"
    assert choose_glyphs("braille", environment, "ascii").value == "braille"
    assert choose_theme("paper", (0, 0, 0)).value == "paper"


@pytest.mark.parametrize(
    ("environment", "encoding", "glyphs"),
    [
        ({"LANG": "en_GB.UTF-8"}, "utf-8", "eighths"),
        ({"LANG": "C.utf8"}, "UTF-8", "eighths"),
        ({}, "utf-8", "eighths"),
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, "utf-8", "halves"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "de_DE.ISO-8859-1"}, "utf-8", "ascii"),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, "iso8859-15", "ascii"),
        ({"LANG": "en_GB.UTF-8"}, "ascii", "ascii"),
    ],
)
def test_the_glyphs_are_those_that_the_encoding_has(
    environment: dict[str, str], encoding: str, glyphs: str
) -> None:
    assert choose_glyphs("auto", environment, encoding).value == glyphs


@pytest.mark.parametrize(
    ("background", "theme"),
    [
        ((255, 255, 255), "light"),
        ((253, 246, 227), "light"),
        ((0, 43, 54), "dark"),
        ((0, 0, 255), "dark"),
        (None, "dark"),
    ],
)
def test_the_theme_follows_the_background(
    background: tuple[int, int, int] | None, theme: str
) -> None:
    assert choose_theme("auto", background).value == theme


@pytest.mark.parametrize(
    ("told", "background"),
    [
        ("15;0", (0, 0, 0)),
        ("0;15", (255, 255, 255)),
        ("0;default;7", (255, 255, 255)),
        ("12;8", (0, 0, 0)),
        ("0;default", None),
        ("", None),
    ],
)
def test_some_terminals_tell_their_background_in_the_environment(
    told: str, background: tuple[int, int, int] | None
) -> None:
    assert background_of({"COLORFGBG": told}) == background


@pytest.mark.parametrize(
    ("environment", "name", "erases"),
    [
        (XTERM, "", True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, "tmux", True),
        ({"TERM": "tmux-256color"}, "tmux", True),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, "screen", False),
        ({"TERM": "screen-256color"}, "screen", False),
        ({"TERM": "screen.tmux-256color", "TMUX": "/tmp/x,1,0", "STY": "1.pts"}, "screen", False),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0", "STY": "1.pts"}, "tmux", True),
        ({"TERM": "dumb"}, "", False),
    ],
)
def test_multiplexers_are_told_apart(environment: dict[str, str], name: str, erases: bool) -> None:
    assert find_multiplexer(environment).name == name
    assert can_erase(environment) is erases


def test_the_far_end_of_ssh_is_told() -> None:
    assert is_remote({"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"})
    assert not is_remote(XTERM)


@pytest.mark.parametrize("inside", [{"TMUX": "/tmp/x,1,0"}, {"STY": "1.pts"}, {}])
@pytest.mark.parametrize("term", ["screen-256color", "tmux-256color", "xterm-256color"])
def test_a_multiplexer_can_be_taken_for_another_and_for_none(
    inside: dict[str, str], term: str
) -> None:
    environment = {"TERM": term, **inside}

    assert taken_for(environment, "auto") == environment
    for wanted, name in (("tmux", "tmux"), ("screen", "screen"), ("none", "")):
        taken = taken_for(environment, wanted)
        assert find_multiplexer(taken).name == name
        assert choose_colours("auto", taken).value == "256"


def test_a_background_can_be_taken_for_another() -> None:
    assert choose_theme("auto", (0, 0, 0), taken="light").value == "light"
    assert choose_theme("paper", (0, 0, 0), taken="light").value == "paper"


@pytest.mark.parametrize(
    ("environment", "has_one"),
    [
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LC_CTYPE": "de_DE.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # as Python has it for what it starts
        ({}, False),
    ],
)
def test_a_locale_that_nobody_has_set_is_none(environment: dict[str, str], has_one: bool) -> None:
    assert has_locale(environment) is has_one


def test_a_browser_draws_whatever_the_terminal_of_its_server_is() -> None:
    assert is_dumb({"TERM": "dumb"})
    assert not is_dumb({"TERM": "dumb", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"})


@pytest.mark.parametrize(
    ("wanted", "environment", "chosen"),
    [
        (None, XTERM, "on"),
        (None, {"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}, "on"),
        (None, {"TERM": "screen-256color"}, "on"),  # which may be tmux as well
        (None, {"TERM": "screen.xterm-256color"}, "off"),
        (None, {"TERM": "screen", "STY": "1.pts"}, "off"),
        (True, {"TERM": "screen", "STY": "1.pts"}, "on"),
        (False, XTERM, "off"),
    ],
)
def test_the_mouse_is_left_alone_where_it_costs_the_escape_key(
    wanted: bool | None, environment: dict[str, str], chosen: str
) -> None:
    assert choose_mouse(wanted, environment).value == chosen
