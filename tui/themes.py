"""Themes: TOML files of colours, checked one by one, and what Textual makes of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tui.config import nearest
from tui.locations import shipped_themes_dir, user_themes_dir
from tui.model.errors import ThemeError

if TYPE_CHECKING:
    from textual.theme import Theme as TextualTheme

DEFAULT_THEME: Final = "dark"
VARIABLE_PREFIX: Final = "tt-"
"""Our colours' names in Textual's CSS: `$tt-up`. Textual has a `$text` and others of its own."""

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Colours(msgspec.Struct, frozen=True, kw_only=True):
    """A theme's colours as `#rrggbb`, by what they are for.

    Attributes:
        background, surface, panel: of charts, of what lies on top of them, of title and status lines.
        text, muted: what is read first, and what only explains.
        border, focus: frames, and the frame of what has the focus.
        accent: names, keys, the present choice.
        up, down: rising and falling; equal in a theme that does without.
        bid, ask: the sides of the order book.
        grid, axis: a chart's lines and its numbers.
        highlight: the background of the chosen row.
    """

    background: str
    surface: str
    panel: str
    text: str
    muted: str
    border: str
    focus: str
    accent: str
    up: str
    down: str
    bid: str
    ask: str
    warning: str
    error: str
    success: str
    grid: str
    axis: str
    highlight: str


class Theme(msgspec.Struct, frozen=True):
    """A named set of colours. `dark` tells which way shades go."""

    name: str
    dark: bool
    colours: Colours


def load_themes(
    folders: Iterable[Path] | None = None,
) -> tuple[dict[str, Theme], list[str]]:
    """Read every theme there is.

    Args:
        folders: where to look; a later folder's theme replaces an earlier one of the same name.
            None means the shipped themes, then the user's.

    Returns:
        The sound themes by name, "dark" always among them, and a text for each file that is not one.
    """
    if folders is None:
        folders = (shipped_themes_dir(), user_themes_dir())
    themes = {DEFAULT_THEME: Theme(DEFAULT_THEME, True, _FALLBACK)}
    problems: list[str] = []
    for folder in folders:
        for file in _theme_files(folder, problems):
            try:
                theme = read_theme(file)
            except ThemeError as error:
                problems.append(str(error))
            else:
                themes[theme.name] = theme
    return themes, problems


def read_theme(file: Path) -> Theme:
    """Read one theme file.

    Raises:
        ThemeError: naming file, key, what was wrong and what to do.
    """
    try:
        document = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ThemeError(f"theme {file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ThemeError(f"theme {file}: not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"theme {file}: not valid TOML: {error}", "correct that line") from None
    return _check_theme(str(file), document)


def swap_up_and_down(theme: Theme) -> Theme:
    """The theme with rising and falling exchanged, the book's sides with them."""
    c = theme.colours
    swapped = msgspec.structs.replace(c, up=c.down, down=c.up, bid=c.ask, ask=c.bid)
    return msgspec.structs.replace(theme, colours=swapped)


def to_textual(theme: Theme) -> TextualTheme:
    """The theme as Textual wants it; every colour of ours is also the CSS variable `$tt-<name>`."""
    from textual.theme import Theme as TextualTheme

    c = theme.colours
    return TextualTheme(
        name=theme.name,
        primary=c.accent,
        secondary=c.focus,
        accent=c.accent,
        warning=c.warning,
        error=c.error,
        success=c.success,
        foreground=c.text,
        background=c.background,
        surface=c.surface,
        panel=c.panel,
        dark=theme.dark,
        variables={
            **_variables(c),
            "border": c.focus,
            "border-blurred": c.border,
            "footer-background": c.panel,
            "footer-foreground": c.muted,
            "footer-key-foreground": c.accent,
            "footer-description-foreground": c.muted,
            "block-cursor-background": c.highlight,
            "block-cursor-foreground": c.text,
            "block-cursor-blurred-background": c.panel,
            "block-hover-background": c.panel,
            "input-selection-background": c.highlight,
            "scrollbar": c.border,
            "scrollbar-hover": c.muted,
            "scrollbar-active": c.accent,
            "scrollbar-background": c.background,
            "scrollbar-background-hover": c.background,
            "scrollbar-background-active": c.background,
            "scrollbar-corner-color": c.background,
        },
    )


def variable_defaults(theme: TextualTheme | None = None) -> dict[str, str]:
    """Values of our CSS variables for a theme that is not ours, for `App.get_theme_variable_defaults`.

    Args:
        theme: the present Textual theme, whose own colours are used; None gives the default theme's.
    """
    if theme is None:
        return _variables(_FALLBACK)
    if theme.ansi:
        # Its colours are the terminal's own, which nobody knows: only a fixed set is sure to be read.
        return _variables(_FALLBACK if theme.dark else _FALLBACK_LIGHT)
    generated = theme.to_color_system().generate()

    def colour(name: str, otherwise: str) -> str:
        text = generated.get(name, "")
        return text if _HEX.fullmatch(text) else otherwise

    f = _FALLBACK if theme.dark else _FALLBACK_LIGHT
    up, down = colour("success", f.up), colour("error", f.down)
    return _variables(
        Colours(
            background=colour("background", f.background),
            surface=colour("surface", f.surface),
            panel=colour("panel", f.panel),
            text=colour("foreground", f.text),
            muted=f.muted,
            border=colour("panel-lighten-2", f.border),
            focus=colour("primary", f.focus),
            accent=colour("primary", f.accent),
            up=up,
            down=down,
            bid=up,
            ask=down,
            warning=colour("warning", f.warning),
            error=down,
            success=up,
            grid=colour("panel", f.grid),
            axis=f.axis,
            highlight=colour("panel-lighten-1", f.highlight),
        )
    )


def _variables(colours: Colours) -> dict[str, str]:
    return {
        f"{VARIABLE_PREFIX}{role}": colour
        for role, colour in msgspec.structs.asdict(colours).items()
    }


def _theme_files(folder: Path, problems: list[str]) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(f"themes {folder}: cannot be read: {error.strerror}")
        return []


def _check_theme(file: str, document: Mapping[str, object]) -> Theme:
    _check_names(file, "", document, ("name", "dark", "colors"))
    name, dark, colours = document["name"], document["dark"], document["colors"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ThemeError(
            f"theme {file}: name: {name!r} is not a name",
            "write lower-case letters, digits and hyphens, at most 40",
        )
    if not isinstance(dark, bool):
        raise ThemeError(
            f"theme {file}: dark: {dark!r} is neither true nor false", "write true or false"
        )
    if not isinstance(colours, Mapping):
        raise ThemeError(
            f"theme {file}: colors: {colours!r} is not a table",
            "write [colors] on a line of its own",
        )
    _check_names(file, "colors.", colours, Colours.__struct_fields__)
    for role, colour in colours.items():
        if not isinstance(colour, str) or not _HEX.fullmatch(colour):
            raise ThemeError(
                f"theme {file}: colors.{role}: {colour!r} is not a colour", "write #rrggbb"
            )
    return Theme(name, dark, Colours(**{role: _long(text) for role, text in colours.items()}))


def _check_names(
    file: str, prefix: str, table: Mapping[str, object], expected: Iterable[str]
) -> None:
    expected = list(expected)
    missing = [name for name in expected if name not in table]
    for name in table:
        if name not in expected:
            hint = nearest(name, missing or expected, f"known are {', '.join(expected)}")
            raise ThemeError(f"theme {file}: {prefix}{name}: there is no such key", hint)
    if missing:
        raise ThemeError(
            f"theme {file}: {prefix}{missing[0]}: missing", "a theme sets every key; see the guide"
        )


def _long(colour: str) -> str:
    """`#rrggbb` of a colour that may be written `#rgb`."""
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


# What stands when no file does: the colours of themes/dark.toml and themes/light.toml.
_FALLBACK = Colours(
    background="#0b0e14",
    surface="#10141c",
    panel="#1b1e24",
    text="#d8dce6",
    muted="#8b94a7",
    border="#2a3240",
    focus="#6ea8f7",
    accent="#8ab4f8",
    up="#2ebd8b",
    down="#f2616f",
    bid="#2ebd8b",
    ask="#f2616f",
    warning="#e6b566",
    error="#ff7b72",
    success="#57c98f",
    grid="#1b1e24",
    axis="#7d8699",
    highlight="#22304a",
)
_FALLBACK_LIGHT = Colours(
    background="#fbfbf9",
    surface="#f4f4f0",
    panel="#e9eae5",
    text="#1f2430",
    muted="#5b6370",
    border="#c9cbc4",
    focus="#1d5fd0",
    accent="#1b56b8",
    up="#0a7a52",
    down="#c22f3e",
    bid="#0f7f58",
    ask="#c43a48",
    warning="#8a5a00",
    error="#b3261e",
    success="#167041",
    grid="#e9eae6",
    axis="#626a77",
    highlight="#d5e2f8",
)
