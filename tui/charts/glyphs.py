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
        right: fills from the right; empty where they are `left` with colours exchanged.
        wick, wick_upper, wick_lower: a whole row of wick, its upper half, its lower half.
        cross: a body without height: bare, with a wick above, below, both.
        dash: what widens a cross.
        thick_cross, thick_dash: the same for a body of a quarter row or so.
        hollow: a row inside a hollow body one cell wide; `hollow_is_cut` where its foreground is
            the hole.
        hollow_left, hollow_right: the walls of a wider one.
        last_line, grid_line, separator: the last price, round prices, midnight; the first two are
            patterns that repeat along the row.
        hole: fills what could not be had.
        spark: levels of a sparkline, lowest first.
    """

    name: str
    steps: int
    lower: str
    upper: str
    volume: str
    left: str
    right: str
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
    hole: str
    spark: str


EIGHTHS = Glyphs(
    name="eighths",
    steps=8,
    lower=" ▁▂▃▄▅▆▇█",
    upper="",
    volume=" ▁▂▃▄▅▆▇█",
    left=" ▏▎▍▌▋▊▉█",
    right="",
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
    last_line="┄",
    grid_line="┈   ",
    separator="┊",
    hole="░",
    spark="▁▂▃▄▅▆▇█",
)

HALVES = Glyphs(
    name="halves",
    steps=2,
    lower=" ▄█",
    upper=" ▀█",
    volume=" ▄█",
    left=" ▌█",
    right=" ▐█",
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
    last_line="┄",
    grid_line="┈   ",
    separator="┊",
    hole="░",
    spark="▁▄█",
)

ASCII = Glyphs(
    name="ascii",
    steps=1,
    lower=" #",
    upper=" #",
    volume=" .:#",
    left=" #",
    right=" #",
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
    last_line="-",
    grid_line=".   ",
    separator=":",
    hole="/",
    spark="_.-=^",
)
