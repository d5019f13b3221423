"""The colours of the present theme as ready-made styles, made once for each theme."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from rich.style import Style
from textual.app import App
from textual.color import Color

from tui.charts.palette import Palette, blend, line_colours, readable_on
from tui.model.groups import GROUPS, find_group


class Look(msgspec.Struct, frozen=True):
    """Styles by what they are for; all of them carry a background."""

    base: Style
    muted: Style
    bold: Style
    title: Style
    title_focused: Style
    title_muted: Style
    up: Style
    down: Style
    bid: Style
    ask: Style
    bid_bar: Style
    ask_bar: Style
    accent: Style
    warning: Style
    error: Style
    success: Style
    badge: Style
    cursor: Style
    key: Style


@lru_cache(maxsize=8)
def _build(colours: tuple[tuple[str, str], ...]) -> Look:
    named = dict(colours)

    def style(front: str, back: str = "background", *, bold: bool = False) -> Style:
        return Style(color=named[front], bgcolor=named[back], bold=bold)

    return Look(
        base=style("text"),
        muted=style("muted"),
        bold=style("text", bold=True),
        title=style("text", "panel"),
        title_focused=Style(color=readable_on(named["accent"]), bgcolor=named["accent"], bold=True),
        title_muted=style("muted", "panel"),
        up=style("up"),
        down=style("down"),
        bid=style("bid"),
        ask=style("ask"),
        bid_bar=Style(
            color=blend(named["bid"], named["background"], 0.55), bgcolor=named["background"]
        ),
        ask_bar=Style(
            color=blend(named["ask"], named["background"], 0.55), bgcolor=named["background"]
        ),
        accent=style("accent", bold=True),
        warning=style("warning"),
        error=style("error"),
        success=style("success"),
        badge=Style(color=readable_on(named["warning"]), bgcolor=named["warning"], bold=True),
        cursor=style("text", "highlight", bold=True),
        key=style("accent", "panel", bold=True),
    )


@lru_cache(maxsize=256)
def on(front: Style, back: Style) -> Style:
    """The colour of one style on the background of another."""
    return back + Style(color=front.color)


_ROLES = (
    "background",
    "panel",
    "text",
    "muted",
    "accent",
    "up",
    "down",
    "bid",
    "ask",
    "warning",
    "error",
    "success",
    "highlight",
)


def look_of(app: App[object]) -> Look:
    """The look of the app's present theme."""
    return _build(tuple((role, theme_colour(app, role)) for role in _ROLES))


def theme_colour(app: App[object], role: str) -> str:
    """A colour of the present theme, "#rrggbb"."""
    return app.theme_variables[f"tt-{role}"]


def plot_colour(app: App[object], role: str) -> tuple[int, int, int]:
    """The same for plotext, which wants red, green and blue."""
    return Color.parse(theme_colour(app, role)).rgb


def group_mark(app: App[object], number: int) -> tuple[str, Style] | None:
    """Letter and style of a panel's colour group; None where it is in none."""
    group = find_group(number)
    if group is None:
        return None
    colour = line_colours(chart_palette(app), len(GROUPS))[number - 1]
    return group.letter, Style(color=readable_on(colour), bgcolor=colour, bold=True)


def has_fine_colours(app: App[object]) -> bool:
    """True where shades of one colour can be told apart."""
    # What our own app sends may be less than what the console could show.
    depth = getattr(app, "color_system", app.console.color_system)
    return not app.no_color and depth in (None, "truecolor", "256")


def chart_palette(app: App[object]) -> Palette:
    """The present theme's colours as the charts want them."""
    return _build_palette(tuple((role, theme_colour(app, role)) for role in _CHART_ROLES))


_CHART_ROLES = ("background", "text", "muted", "grid", "axis", "up", "down", "accent")


@lru_cache(maxsize=8)
def _build_palette(colours: tuple[tuple[str, str], ...]) -> Palette:
    named = dict(colours)
    ground = named["background"]
    return Palette(
        background=ground,
        text=named["text"],
        muted=named["muted"],
        grid=named["grid"],
        axis=named["axis"],
        up=named["up"],
        down=named["down"],
        up_volume=blend(named["up"], ground, 0.55),
        down_volume=blend(named["down"], ground, 0.55),
        last_price=named["accent"],
        highlight=named["text"],
    )
