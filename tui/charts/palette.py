"""The colours that charts are drawn in, and the styles made of them."""

from __future__ import annotations

import msgspec
from rich.style import Style


class Palette(msgspec.Struct, frozen=True, cache_hash=True, kw_only=True):
    """Colours as "#rrggbb".

    Attributes:
        background: of the whole chart; drawn explicitly, since the upper edges of bodies are made
            by exchanging it with the foreground.
        text, muted: dates and prices that matter; the other labels.
        grid: lines at round prices and at midnight. axis: numbers on the axes.
        up, down: bodies and wicks; may be the same where the theme is monochrome.
        up_volume, down_volume: bars of volume.
        last_price: the line and the label of the last price.
        highlight: the marks of the view's highest and lowest price.
    """

    background: str
    text: str
    muted: str
    grid: str
    axis: str
    up: str
    down: str
    up_volume: str
    down_volume: str
    last_price: str
    highlight: str


class Ink(msgspec.Struct, frozen=True, eq=False):
    """A way to colour cells. `solid` inks colour the background, so a blank is visible in them."""

    style: Style
    solid: bool = False


class Inks:
    """Every ink of one palette; compared by identity, so build it once and keep it."""

    def __init__(self, palette: Palette) -> None:
        ground = palette.background
        self.palette = palette
        self.blank = _ink(palette.text, ground)
        self.text = _ink(palette.text, ground)
        self.muted = _ink(palette.muted, ground)
        self.grid = _ink(palette.grid, ground)
        self.axis = _ink(palette.axis, ground)
        self.highlight = _ink(palette.highlight, ground)
        self.last_line = _ink(blend(palette.last_price, ground, 0.35), ground)
        self.last_label = Ink(
            Style(color=readable_on(palette.last_price), bgcolor=palette.last_price), solid=True
        )
        self.up = _ink(palette.up, ground), _inverse(palette.up, ground)
        self.down = _ink(palette.down, ground), _inverse(palette.down, ground)
        # Bodies too short to have an inside cannot be hollow: without a colour of their own
        # they are told apart by being dimmer.
        short = palette.up if palette.up != palette.down else blend(palette.up, ground, 0.5)
        self.up_short = _ink(short, ground), _inverse(short, ground)
        self.up_volume = _ink(palette.up_volume, ground)
        self.down_volume = _ink(palette.down_volume, ground)


def blend(colour: str, other: str, share: float) -> str:
    """The colour with `share` (0 to 1) of the other mixed in."""
    mixed = (
        round(a + (b - a) * share)
        for a, b in zip(_components(colour), _components(other), strict=True)
    )
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def readable_on(colour: str) -> str:
    """Black or white, whichever can be read on the colour."""
    red, green, blue = _components(colour)
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "#ffffff"


def _components(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ink(colour: str, ground: str) -> Ink:
    return Ink(Style(color=colour, bgcolor=ground))


def _inverse(colour: str, ground: str) -> Ink:
    return Ink(Style(color=ground, bgcolor=colour), solid=True)
