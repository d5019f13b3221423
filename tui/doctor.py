"""`tradetui doctor`: what the terminal can do, what is chosen for it, why, and how to change it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Final, NamedTuple

from tui import __version__, locations
from tui.config import Settings
from tui.model.text import clean
from tui.terminal import detection, tmux
from tui.terminal.detection import AUTO, Choice
from tui.terminal.probe import DEFAULT_TIMEOUT_S, WIDTHS, Answers, ask_all, ask_background

_THEME_TIMEOUT_S: Final = 0.5
_LABEL: Final = 17
_LONGEST_ANSWER: Final = 60
_CLIPBOARD_NAMES: Final = ("alacritty", "contour", "foot", "ghostty", "iterm2", "kitty", "wezterm")
_COLOURS: Final = {
    "truecolor": "16 million (truecolor)",
    "256": "256",
    "16": "16",
    "none": "none: only bold, underlined and reversed",
}


class Finding(NamedTuple):
    """A line of the report.

    Attributes:
        label: what it is about.
        value: how it is.
        reason: how that is known; may be empty.
        remedy: how to have it otherwise; may be empty.
    """

    label: str
    value: str
    reason: str = ""
    remedy: str = ""


def choose_theme(settings: Settings, environment: Mapping[str, str]) -> Choice:
    """Choose a theme; with "auto" the terminal is asked for its background, for half a second at most."""
    background = None
    if settings.theme != AUTO or settings.background != AUTO:
        return _theme(settings, background, environment)
    with _terminal() as terminal:
        if terminal is not None and environment.get("TERM") not in ("dumb", "linux", None):
            background = ask_background(terminal, _THEME_TIMEOUT_S)
    return _theme(settings, background, environment)


def examine(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Examine the terminal that the program was started in; returns the report's lines."""
    with _terminal() as terminal:
        size = None
        answers = Answers()
        if terminal is not None:
            with suppress(OSError):
                size = os.get_terminal_size(terminal)
            if not detection.is_dumb(environment):
                answers = ask_all(
                    terminal,
                    DEFAULT_TIMEOUT_S,
                    may_name=environment.get("TERM_PROGRAM") != "Apple_Terminal",
                )
        found = describe(settings, environment, answers, size, is_terminal=terminal is not None)
    return [f"tradetui {__version__}: this terminal, and what is chosen for it", "", *_lines(found)]


def describe(
    settings: Settings,
    environment: Mapping[str, str],
    answers: Answers,
    size: tuple[int, int] | None,
    *,
    is_terminal: bool = True,
) -> list[Finding]:
    """Say what follows from settings, environment and a terminal's answers."""
    environment = detection.taken_for(environment, settings.multiplexer)
    return [
        *_surroundings(settings, environment, answers, size, is_terminal=is_terminal),
        _colours(settings, environment),
        *_glyphs(settings, environment, answers),
        *_modes(settings, environment, answers),
        _clipboard(settings, environment, answers),
        *_background(settings, environment, answers),
        Finding(
            "low bandwidth",
            {"on": "on", "off": "off"}.get(settings.low_bandwidth, "while the link stays slow"),
            remedy='--low-bandwidth, or low_bandwidth = "on", "off" or "auto"',
        ),
        Finding(
            "event loop",
            "uvloop" if find_spec("uvloop") else "asyncio's own",
            remedy="" if find_spec("uvloop") else "pip install 'tradetui[uvloop]' for less work",
        ),
        Finding("settings", str(locations.config_file())),
    ]


# -- what is found -----------------------------------------------------------------------------


def _surroundings(
    settings: Settings,
    environment: Mapping[str, str],
    answers: Answers,
    size: tuple[int, int] | None,
    *,
    is_terminal: bool,
) -> Iterator[Finding]:
    term = environment.get("TERM", "")
    name = answers.name or environment.get("TERM_PROGRAM", "")
    if not is_terminal:
        yield Finding("terminal", "none: input or output is redirected, so it cannot be asked")
    else:
        how = "it told its name" if answers.name else "TERM_PROGRAM" if name else ""
        yield Finding("terminal", _safe(name or "unknown"), how)
        if size is not None:
            yield _size(environment, size)
    if detection.is_dumb(environment):
        yield Finding("TERM", _safe(term), "nothing can be drawn", "TERM=xterm-256color tradetui")
    else:
        yield Finding("TERM", _safe(term) or "not set")
    if detection.is_remote(environment):
        yield Finding("connection", "SSH", remedy="ssh -C packs what is sent: a fifth is left")
    if is_terminal:
        yield Finding(
            "answers",
            "none"
            if answers.took_s is None
            else f"within {max(1, round(answers.took_s * 1000))} ms",
            "" if answers.took_s is not None else "a link is then judged by what the line takes",
        )
    multiplexer = detection.find_multiplexer(environment)
    yield Finding(
        "multiplexer",
        multiplexer.name or "none",
        multiplexer.reason if settings.multiplexer == AUTO else "as set",
        '--multiplexer none|tmux|screen, or multiplexer = "none"',
    )
    if multiplexer.name:
        yield _passthrough(settings, environment, multiplexer.name)


def _size(environment: Mapping[str, str], size: tuple[int, int]) -> Finding:
    if all(size):
        return Finding("size", f"{size[0]} columns, {size[1]} rows")
    columns, rows = environment.get("COLUMNS") or "80", environment.get("LINES") or "24"
    return Finding(
        "size",
        f"{_safe(columns)} columns, {_safe(rows)} rows",
        "it does not know its own",
        "stty columns 120 rows 40, or COLUMNS and LINES",
    )


def _passthrough(settings: Settings, environment: Mapping[str, str], multiplexer: str) -> Finding:
    remedy = "--no-passthrough, or passthrough = false"
    if not settings.passthrough:
        return Finding("passthrough", "not used", "as set", "passthrough = true")
    if multiplexer == "screen":
        return Finding("passthrough", "yes", "screen always passes", remedy)
    allowed = _tmux_option(environment, "allow-passthrough")
    value = {"on": "yes", "all": "yes", "off": "no"}.get(allowed, "unknown")
    return Finding(
        "passthrough",
        f"{value}: notifications and copies need it",
        "tmux's option allow-passthrough",
        remedy if value == "yes" else "tmux: set -g allow-passthrough on",
    )


def _colours(settings: Settings, environment: Mapping[str, str]) -> Finding:
    choice = detection.choose_colours(settings.colours, environment)
    return Finding(
        "colours",
        _COLOURS[choice.value],
        choice.reason,
        '--colours truecolor|256|16|none, or colours = "256"',
    )


def _glyphs(
    settings: Settings, environment: Mapping[str, str], answers: Answers
) -> Iterator[Finding]:
    # Brings charts along, and a start need not wait for them.
    from tui.glyph_choice import name_glyphs

    choice = name_glyphs(settings.glyphs, environment)
    yield Finding(
        "glyphs",
        choice.value,
        choice.reason,
        '--glyphs eighths|halves|braille|ascii, or glyphs = "halves"',
    )
    if answers.widths:
        wrong = [
            f"{name} take {answers.widths[name]} columns for {width}"
            for name, width in WIDTHS.items()
            if answers.widths.get(name) != width
        ]
        yield Finding(
            "widths",
            "; ".join(wrong) if wrong else "as they should be: blocks, dots, lines, wide, combined",
            "measured",
            "--glyphs ascii, or have the terminal draw ambiguous characters narrow"
            if wrong
            else "",
        )


def _modes(
    settings: Settings, environment: Mapping[str, str], answers: Answers
) -> Iterator[Finding]:
    known = _known(answers, "synchronised") if answers.modes else "not used: it does not tell of it"
    is_set = settings.synchronised != AUTO
    mouse = detection.choose_mouse(settings.mouse, environment)
    yield Finding(
        "synchronised",
        settings.synchronised if is_set else known,
        f"mode 2026: a frame is shown at once, never half{'; as set' if is_set else ''}",
        '--synchronised on|off, or synchronised = "on"',
    )
    yield Finding(
        "mouse",
        "off" if mouse.value == "off" else _known(answers, "mouse"),
        mouse.reason,
        "--mouse, --no-mouse, or mouse = false",
    )
    yield Finding(
        "bracketed paste",
        _known(answers, "bracketed paste") if settings.bracketed_paste else "off",
        "mode 2004" if settings.bracketed_paste else "asked for",
        "--no-bracketed-paste, or bracketed_paste = false",
    )
    erases = detection.can_erase(environment)
    yield Finding(
        "erasing",
        "used for long blanks" if erases else "not used",
        "" if erases else "screen would leave its own background",
    )


def _clipboard(settings: Settings, environment: Mapping[str, str], answers: Answers) -> Finding:
    how = "by OSC 52, which is written and never answered"
    remedy = "--no-clipboard, or clipboard = false"
    if not settings.clipboard:
        return Finding("clipboard", "not used", "as set", "clipboard = true")
    if detection.find_multiplexer(environment).name == "tmux":
        # What is "external" takes nothing from programs; what passes through does not ask for it.
        option = _tmux_option(environment, "set-clipboard")
        if option in ("external", "off"):
            return Finding("clipboard", "as passthrough", how, "or tmux: set -g set-clipboard on")
        return Finding("clipboard", "yes" if option == "on" else "unknown", how, remedy)
    name = f"{answers.name} {environment.get('TERM', '')}".lower()
    has_it = any(known in name for known in _CLIPBOARD_NAMES)
    value = "yes" if has_it else "depends on the terminal's settings"
    return Finding("clipboard", value, how, remedy)


def _background(
    settings: Settings, environment: Mapping[str, str], answers: Answers
) -> Iterator[Finding]:
    background = answers.background
    told = background or detection.background_of(environment)
    value = "unknown"
    if told is not None:
        named = "#{:02x}{:02x}{:02x}".format(*told)
        value = f"{'light' if detection.is_bright(told) else 'dark'} ({named})"
    how = "it told its colour" if background else "COLORFGBG" if told else "it does not tell"
    if settings.background != AUTO:
        value, how = settings.background, "as set"
    yield Finding("background", value, how, '--background dark|light, or background = "light"')
    choice = _theme(settings, background, environment)
    yield Finding(
        "theme", choice.value, choice.reason, '--theme NAME, or theme = "auto" for dark or light'
    )


def _theme(
    settings: Settings, background: tuple[int, int, int] | None, environment: Mapping[str, str]
) -> Choice:
    how = "" if background else " by COLORFGBG"
    background = background or detection.background_of(environment)
    return detection.choose_theme(settings.theme, background, how, taken=settings.background)


# -- how -----------------------------------------------------------------------------------------


def _known(answers: Answers, mode: str) -> str:
    if answers.took_s is None or not answers.modes:
        return "unknown, and used all the same"
    if mode in answers.modes:
        return "yes" if answers.modes[mode] else "no"
    return "no, as far as it tells"


def _safe(text: str) -> str:
    return clean(text, _LONGEST_ANSWER)


def _tmux_option(environment: Mapping[str, str], name: str) -> str:
    # The one at the near end of an SSH connection cannot be asked.
    return _safe(tmux.ask_option(name)) if environment.get("TMUX") else ""


@contextmanager
def _terminal() -> Iterator[int | None]:
    """The terminal that the program was started in; None where there is none to ask."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        yield None
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        os.close(terminal)


def _lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        reason = f"  ({finding.reason})" if finding.reason else ""
        yield f"{finding.label:{_LABEL}}{finding.value}{reason}"
        if finding.remedy:
            yield f"{'':{_LABEL}}  {finding.remedy}"
