"""The doctor's report: what is chosen for a terminal, why, and how to choose otherwise."""

from __future__ import annotations

import pytest

from tui.config import Background, Multiplexer, Settings, Synchronised
from tui.doctor import Finding, choose_theme, describe, examine
from tui.terminal import tmux
from tui.terminal.probe import WIDTHS, Answers

KITTY = Answers(
    name="kitty(0.36.4)",
    modes={"synchronised": True, "bracketed paste": True, "mouse": True, "margins": False},
    widths=dict(WIDTHS),
    background=(253, 246, 227),
    took_s=0.034,
)
REMOTE = {
    "TERM": "xterm-256color",
    "LANG": "en_GB.UTF-8",
    "SSH_CONNECTION": "192.0.2.1 5000 192.0.2.2 22",
}


def report(
    environment: dict[str, str],
    answers: Answers = KITTY,
    settings: Settings = Settings(),  # noqa: B008
) -> dict[str, Finding]:
    found = describe(settings, environment, answers, (200, 50))
    return {finding.label: finding for finding in found}


def test_a_capable_terminal_behind_ssh() -> None:
    found = report(REMOTE)

    assert found["terminal"].value == "kitty(0.36.4)"
    assert found["size"].value == "200 columns, 50 rows"
    assert found["answers"].value == "within 34 ms"
    assert "ssh -C" in found["connection"].remedy
    assert found["colours"].value == "256"
    assert "SSH does not pass it on" in found["colours"].reason
    assert "--colours truecolor" in found["colours"].remedy
    assert found["glyphs"].value == "eighths"
    assert found["widths"].value.startswith("as they should be")
    assert found["synchronised"].value == "yes"
    assert found["clipboard"].value == "yes"
    assert found["background"].value == "light (#fdf6e3)"
    assert found["multiplexer"].value == "none"


def test_the_theme_is_chosen_by_the_background_where_that_is_set() -> None:
    found = report(REMOTE, settings=Settings(theme="auto"))

    assert found["theme"].value == "light"
    assert found["theme"].reason == "the background is #fdf6e3"


def test_wide_blocks_are_told_with_the_remedy() -> None:
    found = report(REMOTE, KITTY._replace(widths={**WIDTHS, "eighths": 6}))

    assert found["widths"].value == "eighths take 6 columns for 3"
    assert "--glyphs ascii" in found["widths"].remedy


def test_a_silent_terminal() -> None:
    found = report({"TERM": "vt220", "LANG": "de_DE.ISO-8859-1"}, Answers())

    assert found["answers"].value == "none"
    assert found["colours"].value.startswith("none")
    assert found["glyphs"].value == "ascii"
    assert found["synchronised"].value == "not used: it does not tell of it"
    assert found["background"].value == "unknown"


def test_screen_is_told_apart() -> None:
    found = report({"TERM": "screen.xterm-256color", "STY": "1.pts-0"}, Answers())

    assert found["multiplexer"].value == "screen"
    assert found["erasing"].value == "not used"


@pytest.mark.parametrize(
    ("settings", "label", "value", "remedy"),
    [
        (Settings(mouse=False), "mouse", "off", "--no-mouse"),
        (Settings(bracketed_paste=False), "bracketed paste", "off", "--no-bracketed-paste"),
        (Settings(clipboard=False), "clipboard", "not used", "clipboard = true"),
        (Settings(synchronised=Synchronised.OFF), "synchronised", "off", "--synchronised on|off"),
        (Settings(multiplexer=Multiplexer.SCREEN), "multiplexer", "screen", "--multiplexer none"),
        (Settings(multiplexer=Multiplexer.SCREEN), "erasing", "not used", ""),
        (Settings(multiplexer=Multiplexer.SCREEN), "passthrough", "yes", "--no-passthrough"),
        (
            Settings(multiplexer=Multiplexer.TMUX, passthrough=False),
            "passthrough",
            "not used",
            "passthrough = true",
        ),
        (Settings(background=Background.DARK), "background", "dark", "--background dark|light"),
        (Settings(background=Background.DARK, theme="auto"), "theme", "dark", "--theme NAME"),
    ],
)
def test_what_is_set_is_told_and_how_to_set_it(
    settings: Settings, label: str, value: str, remedy: str
) -> None:
    found = report(REMOTE, settings=settings)

    assert found[label].value == value
    assert remedy in found[label].remedy


def test_a_multiplexer_that_is_there_can_be_left_out_of_account() -> None:
    inside = {"TERM": "screen-256color", "STY": "1.pts-0"}

    found = report(inside, settings=Settings(multiplexer=Multiplexer.NONE))

    assert (found["multiplexer"].value, found["multiplexer"].reason) == ("none", "as set")
    assert found["erasing"].value == "used for long blanks"
    assert "passthrough" not in found


@pytest.mark.parametrize(
    ("options", "clipboard", "passthrough"),
    [
        ({"set-clipboard": "on", "allow-passthrough": "off"}, "yes", "no: notifications"),
        ({"set-clipboard": "external", "allow-passthrough": "on"}, "as passthrough", "yes: "),
        ({}, "unknown", "unknown: "),
    ],
)
def test_tmux_is_asked_what_it_passes_on(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str], clipboard: str, passthrough: str
) -> None:
    monkeypatch.setattr(tmux, "ask_option", lambda name: options.get(name, ""))

    found = report({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"})

    assert found["clipboard"].value == clipboard
    assert found["passthrough"].value.startswith(passthrough)


def test_a_terminal_without_a_size_is_told_how_to_get_one() -> None:
    found = {
        one.label: one for one in describe(Settings(), {**REMOTE, "COLUMNS": "132"}, KITTY, (0, 0))
    }

    assert found["size"].value == "132 columns, 24 rows"
    assert "stty columns" in found["size"].remedy


def test_a_dumb_terminal_is_told_to_be_one() -> None:
    found = report({"TERM": "dumb"}, Answers())

    assert found["TERM"].reason == "nothing can be drawn"


def test_what_a_terminal_says_of_itself_is_shown_without_codes() -> None:
    found = report({"TERM": "xterm\x1b[31m\nred"}, KITTY._replace(name=""))

    assert "\x1b" not in found["TERM"].value
    assert "\n" not in found["TERM"].value


def test_without_a_terminal_the_environment_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = examine(Settings(), {"TERM": "xterm-256color"})

    assert lines[0].startswith("tradetui 0.1.0: ")
    assert any("redirected, so it cannot be asked" in line for line in lines)
    assert any(line.startswith("colours          256") for line in lines)


def test_without_a_terminal_to_ask_an_automatic_theme_is_dark_or_what_the_environment_tells() -> (
    None
):
    assert choose_theme(Settings(theme="auto"), {"TERM": "xterm"}).value == "dark"
    tells = {"TERM": "xterm", "COLORFGBG": "0;15"}
    assert choose_theme(Settings(theme="auto"), tells).value == "light"
    assert choose_theme(Settings(theme="paper"), {}).value == "paper"
