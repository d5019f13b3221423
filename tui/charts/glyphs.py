"""The characters that charts are drawn with, for terminals and fonts of different ability."""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True, cache_hash=True, kw_only=True):
    """One set of characters, each a single cell wide.

    Attributes:
        steps: levels a row is divided into by `lower`.
        lower: fills from the bottom, from empty to full, `steps + 1` of them.
        upper: fills from the top likewise; empty where they are `lower` with foreground and
            background exchanged.
        volume: `lower`, or finer where it would be too coarse for bars of volume.
        left: fills from the left, likewise from empty to full, for horizontal bars.
        wick, wick_upper, wick_lower: a whole row of wick, its upper half, its lower half.
        cross: a body without height: bare, with a wick above, below, both.
        dash: what widens a cross.
        thick_cross, thick_dash: the same for a body of a quarter row or so.
        hollow: a row inside a hollow body one cell wide; `hollow_is_cut` where its foreground is
            the hole.
        hollow_left, hollow_right: the walls of a wider one.
        last_line, grid_line, separator: the last price, round prices, midnight; the first two are
            patterns that repeat along the row.
        price_line: a price that is watched, in every second column.
        hole: fills what could not be had. band: dots what lies between two lines.
        shades: levels of a cell's shade, from none to the strongest, for what has to do without
            backgrounds of its own; none of them is what bodies are made of.
        dots: across and down a cell, for lines: 2 by 4 is braille, 1 by 2 half blocks, 1 by 1 letters.
        ticks: of bars without bodies: open, close, both in one row.
        corner: marks the corners of what is chosen. cross_down, cross_across, cross_centre: a cross.
        spark: levels of a sparkline, lowest first.
    """

    name: str
    steps: int
    lower: str
    upper: str
    volume: str
    left: str
    wick: str
    wick_upper: str
    wick_lower: str
    cross: str
    dash: str
    thick_cross: str
    thick_dash: str
    hollow: str
    hollow_is_cut: bool
    hollow_left: str
    hollow_right: str
    last_line: str
    grid_line: str
    separator: str
    price_line: str
    hole: str
    band: str
    shades: str
    dots: tuple[int, int]
    ticks: str
    corner: str
    cross_down: str
    cross_across: str
    cross_centre: str
    spark: str

    @property
    def is_ascii(self) -> bool:
        """True where lines are letters, and nothing but letters can be shown."""
        return self.dots == (1, 1)


EIGHTHS = Glyphs(
    name="eighths",
    steps=8,
    lower=" ▁▂▃▄▅▆▇█",
    upper="",
    volume=" ▁▂▃▄▅▆▇█",
    left=" ▏▎▍▌▋▊▉█",
    wick="│",
    wick_upper="╵",
    wick_lower="╷",
    cross="─┴┬┼",
    dash="─",
    thick_cross="━┷┯┿",
    thick_dash="━",
    hollow="┃",
    hollow_is_cut=True,
    hollow_left="█",
    hollow_right="█",
    last_line="- ",
    grid_line="┈   ",
    separator="┊",
    price_line="╌",
    hole="░",
    band="·",
    shades=" ░▒▓",
    dots=(2, 4),
    ticks="┤├┼",
    corner="◆",
    cross_down="│",
    cross_across="─",
    cross_centre="┼",
    spark="▁▂▃▄▅▆▇█",
)

HALVES = msgspec.structs.replace(
    EIGHTHS,
    name="halves",
    steps=2,
    lower=" ▄█",
    upper=" ▀█",
    volume=" ▄█",
    left=" ▌█",
    dots=(1, 2),
    spark="▁▄█",
)

# For fonts whose blocks leave seams or stand askew: bodies and bars of braille dots, to a quarter of a
# row; wicks are the lines that every font with braille has too.
BRAILLE = msgspec.structs.replace(
    EIGHTHS,
    name="braille",
    steps=4,
    lower=" ⣀⣤⣶⣿",
    upper=" ⠉⠛⠿⣿",
    volume=" ⣀⣤⣶⣿",
    left=" ⡇⣿",
    hollow="⢕",
    hollow_is_cut=False,
    hollow_left="⡇",
    hollow_right="⢸",
    hole="⠌",
    band="⠂",
    shades=" ⠄⠕⢷",
    spark="⣀⣤⣶⣿",
)

ASCII = Glyphs(
    name="ascii",
    steps=1,
    lower=" #",
    upper=" #",
    volume=" .:#",
    left=" #",
    wick="|",
    wick_upper="'",
    wick_lower=".",
    cross="-+++",
    dash="-",
    thick_cross="=###",
    thick_dash="=",
    hollow="O",
    hollow_is_cut=False,
    hollow_left="[",
    hollow_right="]",
    last_line="- ",
    grid_line=".   ",
    separator=":",
    price_line="-",
    hole="/",
    band=".",
    shades=" .:%",
    dots=(1, 1),
    ticks="+++",
    corner="@",
    cross_down="|",
    cross_across="-",
    cross_centre="+",
    spark="_.-=^",
)
