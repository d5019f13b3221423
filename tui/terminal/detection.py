"""What the terminal can do, judged by the environment: each choice with its reason.

What a terminal is asked and answers is in `tui.terminal.probe`; what is drawn follows the environment
alone, so that starting does not wait for answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

AUTO: Final = "auto"
DEPTHS: Final = ("truecolor", "256", "16", "none")
"""Colour depths, the finest first."""

_TRUECOLOR_TERMS: Final = (
    "alacritty",
    "contour",
    "foot",
    "rio",
    "wezterm",
    "xterm-ghostty",
    "xterm-kitty",
)
_TRUECOLOR_PROGRAMS: Final = ("ghostty", "iterm.app", "rio", "vscode", "warpterminal", "wezterm")
DUMB: Final = ("dumb", "unknown")
"""Values of TERM for what can place no text anywhere, such as a shell inside an editor."""
_NO_LOCALE: Final = ("", "C", "POSIX")
_NO_COLOUR_TERMS: Final = (*DUMB, "vt", "ansi-m", "linux-m", "xterm-mono")


class Choice(NamedTuple):
    """Something that was chosen, and why."""

    value: str
    reason: str


class Multiplexer(NamedTuple):
    """What stands between the program and the terminal.

    Attributes:
        name: "tmux", "screen", or "" where there is none.
        reason: what tells it.
    """

    name: str
    reason: str


def choose_colours(wanted: str, environment: Mapping[str, str]) -> Choice:
    """Choose a colour depth; `wanted` is one of `DEPTHS`, or auto."""
    if wanted != AUTO:
        return Choice(wanted, "as set")
    if environment.get("NO_COLOR"):
        return Choice("none", "NO_COLOR is set")
    colorterm = environment.get("COLORTERM", "").strip().lower()
    term = environment.get("TERM", "").strip().lower()
    program = environment.get("TERM_PROGRAM", "").strip().lower()
    if colorterm in ("truecolor", "24bit") and is_screen(environment):
        # It hands COLORTERM on, and takes the three parts of a colour for codes of their own.
        return Choice("256" if "256color" in term else "16", "screen shows no more than its TERM")
    if colorterm in ("truecolor", "24bit"):
        return Choice("truecolor", f"COLORTERM is {colorterm}")
    if term.endswith("-direct") or term.startswith(_TRUECOLOR_TERMS):
        return Choice("truecolor", f"TERM is {term}")
    if not term:
        return Choice("none", "TERM is not set")
    if term.startswith(_NO_COLOUR_TERMS) and "color" not in term:
        return Choice("none", f"TERM is {term}")
    if not find_multiplexer(environment).name:
        if program in _TRUECOLOR_PROGRAMS:
            return Choice("truecolor", f"TERM_PROGRAM is {program}")
        if environment.get("WT_SESSION"):
            return Choice("truecolor", "it is Windows Terminal")
    if "256color" in term:
        hint = " and COLORTERM is not set; SSH does not pass it on" if not colorterm else ""
        return Choice("256", f"TERM is {term}{hint}")
    return Choice("16", f"TERM is {term}")


def choose_glyphs(wanted: str, environment: Mapping[str, str], encoding: str) -> Choice:
    """Choose a set of glyphs, "eighths", "halves" or "ascii", unless one is wanted.

    `encoding` is that of the stream that is drawn on.
    """
    if wanted != AUTO:
        return Choice(wanted, "as set")
    locale = _locale(environment)
    if not encoding.lower().startswith("utf"):
        return Choice("ascii", f"the output is {encoding or 'of no known encoding'}")
    if "." in locale and not _is_utf8(locale):
        return Choice("ascii", f"the locale is {locale}")
    if environment.get("TERM", "") == "linux":
        # Its font has 256 characters, halves among them and eighths not.
        return Choice("halves", "it is the Linux console")
    if not has_locale(environment):
        return Choice("eighths", "no locale is set, and nearly all show UTF-8")
    return Choice("eighths", f"the locale is {locale}")


def choose_mouse(wanted: bool | None, environment: Mapping[str, str]) -> Choice:
    """Choose whether to take the mouse, "on" or "off"; None for wherever that costs no key."""
    if wanted is not None:
        return Choice("on" if wanted else "off", "as set")
    if is_screen(environment):
        # It takes the key for the beginning of news of the mouse, and waits for the rest.
        return Choice("off", "with it, screen keeps an escape key until another key is pressed")
    return Choice("on", "mode 1006")


def has_locale(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody has set a locale; Python itself sets one where there is none."""
    if everywhere := environment.get("LC_ALL"):
        return everywhere not in _NO_LOCALE
    of_letters, usual = environment.get("LC_CTYPE", ""), environment.get("LANG", "")
    return of_letters not in (*_NO_LOCALE, "C.UTF-8") or usual not in _NO_LOCALE


def choose_theme(
    wanted: str, background: tuple[int, int, int] | None, how: str = "", *, taken: str = AUTO
) -> Choice:
    """Choose the theme dark or light by the terminal's background, unless another is wanted.

    The background may also be `taken` for "dark" or "light".
    """
    if wanted != AUTO:
        return Choice(wanted, "as set")
    if taken != AUTO:
        return Choice(taken, "the background is taken for it, as set")
    if background is None:
        return Choice("dark", "the terminal does not tell its background")
    named = "#{:02x}{:02x}{:02x}".format(*background)
    return Choice("light" if is_bright(background) else "dark", f"the background is {named}{how}")


def is_bright(colour: tuple[int, int, int]) -> bool:
    """Tell whether dark ink reads better on this colour (red, green, blue, 0 to 255)."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue > 140


def background_of(environment: Mapping[str, str]) -> tuple[int, int, int] | None:
    """Return the background that COLORFGBG tells of, as some terminals set it; None without."""
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdecimal() or int(number) > 15:
        return None
    return (255, 255, 255) if int(number) in (7, *range(9, 16)) else (0, 0, 0)


def find_multiplexer(environment: Mapping[str, str]) -> Multiplexer:
    """Tell tmux and screen, also those at the near end of an SSH connection."""
    term = environment.get("TERM", "")
    if term.startswith("screen."):  # also where it runs in tmux, whose TMUX it hands on
        return Multiplexer("screen", f"TERM is {term}")
    if environment.get("TMUX"):
        return Multiplexer("tmux", "TMUX is set")
    if term.startswith("tmux"):
        return Multiplexer("tmux", f"TERM is {term}")
    if environment.get("STY"):
        return Multiplexer("screen", "STY is set")
    if term.startswith("screen"):
        # tmux calls itself so too, by default up to 3.x.
        return Multiplexer("screen", f"TERM is {term}")
    return Multiplexer("", "neither TMUX nor STY is set")


def is_dumb(environment: Mapping[str, str]) -> bool:
    """Tell whether nothing can be drawn: TERM says so, and no browser has the terminal's place."""
    return environment.get("TERM") in DUMB and not environment.get("TEXTUAL_DRIVER")


def is_screen(environment: Mapping[str, str]) -> bool:
    """Tell screen for certain; TERM is `screen` or `screen-256color` inside of tmux as well."""
    inside = environment.get("STY") and not environment.get("TMUX")
    return bool(inside) or environment.get("TERM", "").startswith("screen.")


def taken_for(environment: Mapping[str, str], multiplexer: str) -> Mapping[str, str]:
    """Return the environment as it is inside another multiplexer ("tmux" or "screen"), or in "none".

    With "auto" it is as it is.
    """
    if multiplexer == AUTO:
        return environment
    taken = {name: value for name, value in environment.items() if name not in ("TMUX", "STY")}
    term = taken.get("TERM", "")
    if term.startswith(("tmux", "screen")):
        taken["TERM"] = "xterm-256color" if "256color" in term else "xterm"
    if multiplexer == "none":
        return taken
    return taken | {"TMUX" if multiplexer == "tmux" else "STY": "as set"}


def can_erase(environment: Mapping[str, str]) -> bool:
    """Tell whether erasing leaves the background of the moment, as all do but screen."""
    return find_multiplexer(environment).name != "screen" and environment.get("TERM") != "dumb"


def is_remote(environment: Mapping[str, str]) -> bool:
    """Tell whether this is the far end of an SSH connection."""
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def _locale(environment: Mapping[str, str]) -> str:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if environment.get(name):
            return environment[name]
    return ""


def _is_utf8(locale: str) -> bool:
    return locale.partition(".")[2].partition("@")[0].lower().replace("-", "") == "utf8"
