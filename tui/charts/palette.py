"""The colours that charts are drawn in, and the styles made of them."""

from __future__ import annotations

from functools import lru_cache

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
    """A way to colour cells. `solid` inks colour the background, so a blank is visible in them; of those
    that are `is_cut` the foreground is what lies behind the cell."""

    style: Style
    solid: bool = False
    is_cut: bool = False


class Inks:
    """Every ink of one palette, equal colours sharing one; compared by identity."""

    def __init__(self, palette: Palette) -> None:
        ground = palette.background
        self.palette = palette
        self._known: dict[tuple[str, str], Ink] = {}
        self.blank = Ink(Style(color=palette.text, bgcolor=ground))
        self.text = self._on_ground(palette.text)
        self.muted = self._on_ground(palette.muted)
        self.grid = self._on_ground(palette.grid)
        self.axis = self._on_ground(palette.axis)
        self.hole = self._on_ground(blend(palette.muted, ground, 0.4))
        self.highlight = self._on_ground(palette.highlight)
        self.last_line = self._on_ground(blend(palette.last_price, ground, 0.35))
        self.last_label = self._solid(cut_into(palette.last_price, ground), palette.last_price)
        self.line = self._on_ground(palette.text)
        self.up = self.pair(palette.up)
        self.down = self.pair(palette.down)
        # Bodies too short to have an inside cannot be hollow: without a colour of their own
        # they are told apart by being dimmer.
        same = palette.up == palette.down
        self.up_short = self.pair(blend(palette.up, ground, 0.5) if same else palette.up)
        self.up_volume = self._on_ground(palette.up_volume)
        self.down_volume = self._on_ground(palette.down_volume)

    def pair(self, colour: str) -> tuple[Ink, Ink]:
        """The colour on the background, and the background on the colour."""
        key = (self.palette.background, colour)
        if key not in self._known:
            style = Style(color=self.palette.background, bgcolor=colour)
            self._known[key] = Ink(style, solid=True, is_cut=True)
        return self._on_ground(colour), self._known[key]

    def _on_ground(self, colour: str) -> Ink:
        key = (colour, self.palette.background)
        if key not in self._known:
            self._known[key] = Ink(Style(color=colour, bgcolor=self.palette.background))
        return self._known[key]

    def _solid(self, colour: str, ground: str) -> Ink:
        key = (colour, ground)
        if key not in self._known:
            self._known[key] = Ink(Style(color=colour, bgcolor=ground), solid=True)
        return self._known[key]


@lru_cache(maxsize=16)
def inks_of(palette: Palette) -> Inks:
    """The inks of a palette, the same ones for every chart."""
    return Inks(palette)


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


def cut_into(colour: str, ground: str) -> str:
    """The ground, as if text were cut into the colour; black or white where it cannot be read there."""
    readable = readable_on(colour)
    return ground if readable_on(ground) != readable else readable


def _components(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# Okabe and Ito's colours, which people with any kind of colour vision tell apart; the first two are the
# furthest from each other.
_LINE_COLOURS = (
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#f0e442",
    "#d55e00",
    "#0072b2",
)
_LEAST_CONTRAST = 2.4


@lru_cache(maxsize=16)
def line_colours(palette: Palette, count: int) -> tuple[str, ...]:
    """Colours for lines that have to be told apart, all of them readable on the background: shades of
    the text's where the theme has no hue."""
    ground = palette.background
    colours = [each for each in _LINE_COLOURS if contrast(each, ground) >= _LEAST_CONTRAST]
    if len({*_components(palette.up)}) == 1 == len({*_components(palette.down)}):
        colours = [blend(palette.text, ground, share) for share in (0.0, 0.45, 0.2, 0.6)]
    return tuple(colours[number % len(colours)] for number in range(count))


def contrast(one: str, other: str) -> float:
    """How well two colours stand out from each other: WCAG's ratio, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if (part := value / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for value in _components(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=512)
def line_ink(colour: str, ground: str) -> Ink:
    """The ink of a line; the same one for the same colours."""
    return Ink(Style(color=colour, bgcolor=ground))


@lru_cache(maxsize=512)
def mark_ink(colour: str) -> Ink:
    """The ink of a line's letter: readable on the line's colour."""
    return Ink(Style(color=readable_on(colour), bgcolor=colour, bold=True), solid=True)
