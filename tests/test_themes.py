"""Themes: sound files load, broken ones become a text, and every shipped one can be read on screen."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from rich.color import Color, ColorSystem
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.app import App, ComposeResult
from textual.theme import BUILTIN_THEMES
from textual.widgets import Static

from tui.themes import (
    Colours,
    Theme,
    load_themes,
    read_theme,
    swap_up_and_down,
    to_textual,
    variable_defaults,
)

FOLDER = Path(__file__).resolve().parents[1] / "themes"
SHIPPED = sorted(file.stem for file in FOLDER.glob("*.toml"))
SOUND = (FOLDER / "dark.toml").read_text()
ROLES = Colours.__struct_fields__


def shipped(name: str) -> Theme:
    return read_theme(FOLDER / f"{name}.toml")


# -- files -------------------------------------------------------------------------------------


def test_the_promised_themes_are_shipped() -> None:
    themes, problems = load_themes()

    assert problems == []
    assert set(themes) == set(SHIPPED)
    assert {
        "dark",
        "light",
        "high-contrast",
        "colour-blind-dark",
        "colour-blind-light",
        "monochrome",
    } <= set(themes)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_named_like_its_theme(name: str) -> None:
    assert shipped(name).name == name


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_built_in_colours_are_those_of_the_files(name: str) -> None:
    from tui import themes

    built_in = {"dark": themes._FALLBACK, "light": themes._FALLBACK_LIGHT}[name]

    assert built_in == shipped(name).colours


def test_a_users_theme_replaces_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SOUND.replace("#0b0e14", "#123"))

    themes, problems = load_themes([FOLDER, tmp_path])

    assert problems == []
    assert themes["dark"].colours.background == "#112233"


def test_the_users_folder_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.themes.user_themes_dir", lambda: tmp_path)
    (tmp_path / "mine.toml").write_text(SOUND.replace('"dark"', '"mine"'))

    themes, _ = load_themes()

    assert themes["mine"].colours == themes["dark"].colours


def test_a_folder_that_is_not_there_has_no_themes_but_the_built_in_one(tmp_path: Path) -> None:
    themes, problems = load_themes([tmp_path / "none"])

    assert list(themes) == ["dark"]
    assert problems == []


def test_a_file_in_the_folders_place_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "themes").touch()

    themes, problems = load_themes([FOLDER, tmp_path / "themes"])

    assert set(themes) == set(SHIPPED)
    assert problems == [f"themes {tmp_path / 'themes'}: cannot be read: Not a directory"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dark = true", "dark = ", "not valid TOML: Invalid value (at line 3, column 8)"),
        ("dark = true\n", "", "dark: missing"),
        ("dark = true", "dark = 1", "dark: 1 is neither true nor false (write true or false)"),
        ('name = "dark"', 'name = "[red]Dark"', "name: '[red]Dark' is not a name"),
        ('up = "#2ebd8b"', 'up = "greenish"', "colors.up: 'greenish' is not a colour"),
        ('up = "#2ebd8b"', "up = 5", "colors.up: 5 is not a colour (write #rrggbb)"),
        (
            'up = "#2ebd8b"',
            'upp = "#2ebd8b"',
            "colors.upp: there is no such key (did you mean up?)",
        ),
        ('up = "#2ebd8b"\n', "", "colors.up: missing"),
        ("[colors]", "[colours]", "colours: there is no such key (did you mean colors?)"),
    ],
)
def test_a_broken_file_becomes_a_text_that_names_file_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = tmp_path / "broken.toml"
    assert old in SOUND
    file.write_text(SOUND.replace(old, new))

    themes, problems = load_themes([FOLDER, tmp_path])

    assert set(themes) == set(SHIPPED)
    assert len(problems) == 1
    assert problems[0].startswith(f"theme {file}: {message}")


def test_bytes_that_are_no_text_become_a_text(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")

    assert load_themes([tmp_path])[1] == [f"theme {tmp_path / 'bytes.toml'}: not UTF-8 text"]


def test_a_folder_named_like_a_theme_becomes_a_text(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()

    assert "cannot be read" in load_themes([tmp_path])[1][0]


def test_rising_and_falling_can_be_exchanged() -> None:
    theme = shipped("dark")

    swapped = swap_up_and_down(theme)

    assert (swapped.colours.up, swapped.colours.down) == ("#f2616f", "#2ebd8b")
    assert (swapped.colours.bid, swapped.colours.ask) == ("#f2616f", "#2ebd8b")
    assert swapped.colours.text == theme.colours.text


# -- what Textual makes of them ----------------------------------------------------------------


class ThemedApp(App[None]):
    CSS = "#box { color: $tt-up; background: $tt-panel; border: solid $tt-border; }"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield Static("x", id="box")


@pytest.mark.parametrize("name", SHIPPED)
async def test_textual_shows_a_shipped_theme_in_its_colours(name: str) -> None:
    theme = shipped(name)
    app = ThemedApp()
    app.register_theme(to_textual(theme))

    async with app.run_test() as pilot:
        app.theme = name
        await pilot.pause()

        assert app.query_one("#box").styles.color.hex.lower() == theme.colours.up
        for role in ROLES:
            assert app.theme_variables[f"tt-{role}"] == getattr(theme.colours, role)


async def test_textuals_own_themes_work_too() -> None:
    app = ThemedApp()

    async with app.run_test() as pilot:
        for name in BUILTIN_THEMES:
            app.theme = name
            await pilot.pause()

            colours = {role: app.theme_variables[f"tt-{role}"] for role in ROLES}
            assert all(colour.startswith("#") for colour in colours.values()), name


def test_defaults_exist_for_every_colour_without_a_theme() -> None:
    assert set(variable_defaults()) == {f"tt-{role}" for role in ROLES}


# -- contrast (WCAG 2.2) and colour blindness --------------------------------------------------


def linear(colour: str) -> list[float]:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def contrast(one: str, other: str) -> float:
    light = [
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True)) + 0.05
        for colour in (one, other)
    ]
    return max(light) / min(light)


# Machado, Oliveira and Fernandes 2009, full severity.
BLINDNESS = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def lab(channels: list[float]) -> list[float]:
    r, g, b = (min(1.0, max(0.0, c)) for c in channels)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def difference(one: str, other: str, kind: str) -> float:
    """CIE76 colour difference as someone with this colour blindness sees it; 2.3 is just noticeable."""
    seen = [
        lab(
            [
                sum(m * c for m, c in zip(row, linear(colour), strict=True))
                for row in BLINDNESS[kind]
            ]
        )
        for colour in (one, other)
    ]
    return math.dist(*seen)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
def test_text_can_be_read(name: str, ground: str) -> None:
    colours = msgspec.structs.asdict(shipped(name).colours)

    for role in ("text", "muted", "accent", "warning", "error", "success"):
        assert contrast(colours[role], colours[ground]) >= 4.5, role


@pytest.mark.parametrize("name", SHIPPED)
def test_text_can_be_read_on_the_chosen_row(name: str) -> None:
    colours = shipped(name).colours

    assert contrast(colours.text, colours.highlight) >= 4.5


@pytest.mark.parametrize("name", SHIPPED)
def test_prices_can_be_read(name: str) -> None:
    colours = msgspec.structs.asdict(shipped(name).colours)

    for role in ("up", "down", "bid", "ask", "axis"):
        assert contrast(colours[role], colours["background"]) >= 4.5, role
        assert contrast(colours[role], colours["highlight"]) >= 3.0, role


@pytest.mark.parametrize("name", SHIPPED)
def test_the_grid_stays_behind_the_candles(name: str) -> None:
    colours = shipped(name).colours

    assert 1.05 < contrast(colours.grid, colours.background) < 2.0


def reduced(name: str, system: ColorSystem) -> dict[str, str]:
    """The theme's colours on a terminal that has fewer."""
    colours = msgspec.structs.asdict(shipped(name).colours)
    return {
        role: Color.parse(colour).downgrade(system).get_truecolor(DEFAULT_TERMINAL_THEME).hex
        for role, colour in colours.items()
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_256_colours_are_enough(name: str) -> None:
    colours = reduced(name, ColorSystem.EIGHT_BIT)

    for role in ("text", "muted", "accent", "axis"):
        assert contrast(colours[role], colours["background"]) >= 4.5, role
    for role in ("up", "down", "bid", "ask", "warning", "error", "success"):
        assert contrast(colours[role], colours["background"]) >= 3.0, role
    for role in ("panel", "grid", "highlight", "border"):
        assert colours[role] != colours["background"], role
    assert contrast(colours["text"], colours["highlight"]) >= 4.5
    assert colours["up"] != colours["down"]


def test_high_contrast_can_be_read_with_16_colours() -> None:
    colours = reduced("high-contrast", ColorSystem.STANDARD)

    for role in ("text", "muted", "accent", "axis", "up", "down", "warning", "error"):
        assert contrast(colours[role], colours["background"]) >= 4.5, role
    assert contrast(colours["text"], colours["highlight"]) >= 4.5


def test_high_contrast_means_seven_to_one() -> None:
    colours = msgspec.structs.asdict(shipped("high-contrast").colours)

    for role in ("text", "muted", "accent", "focus", "border", "up", "down", "axis", "error"):
        assert contrast(colours[role], colours["background"]) >= 7.0, role


@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
@pytest.mark.parametrize("kind", ["protan", "deutan", "tritan"])
def test_the_colour_blind_pair_is_told_apart(name: str, kind: str) -> None:
    colours = shipped(name).colours

    assert difference(colours.up, colours.down, kind) > 40
    assert difference(colours.bid, colours.ask, kind) > 40


def test_monochrome_has_no_hue() -> None:
    for colour in msgspec.structs.asdict(shipped("monochrome").colours).values():
        assert colour[1:3] == colour[3:5] == colour[5:7]


def test_the_guides_theme_is_the_dark_one(tmp_path: Path) -> None:
    guide = (FOLDER.parent / "docs" / "themes.md").read_text("utf-8")
    file = tmp_path / "guide.toml"

    file.write_text(guide.split("```toml\n")[1].split("```")[0], encoding="utf-8")

    assert read_theme(file) == shipped("dark")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_guide_names_every_theme(name: str) -> None:
    assert f"`{name}`" in (FOLDER.parent / "docs" / "themes.md").read_text("utf-8")
