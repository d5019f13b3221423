"""What a chart shows besides its candles: plain values in time and price, which the painter places."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class PlotKind(StrEnum):
    """How one line of a plot is drawn."""

    LINE = "line"
    DOTS = "dots"
    HISTOGRAM = "histogram"


class Plot(msgspec.Struct, frozen=True):
    """Lines that belong to candles: over them, on the scale of prices, or in a pane below.

    Attributes:
        name: plain text. lines: the names of its lines; without any, there is one and `name` is its
            name.
        times: open times (ns) of candles, rising. They may run on behind the newest candle.
        values: for each of them one value a line, in the lines' order; None where there is none. One
            that changes is another object: what is drawn of those that are the same is kept.
        kinds: of the lines, in their order; those left out are lines.
        colours: "#rrggbb" of the lines; those left out, or "", are chosen for the theme.
        bands: pairs of lines, by index, with a faint filling between them.
        levels: values that get a faint line across, such as 30 and 70.
        bounds: the pane's lowest and highest value, where they are fixed.
        said: what the legend over the candles tells of the lines instead of their values: of those that
            are in another measure than the prices.
    """

    name: str
    times: Sequence[int]
    values: Sequence[Sequence[float | None]]
    lines: Sequence[str] = ()
    kinds: Sequence[PlotKind] = ()
    colours: Sequence[str] = ()
    bands: Sequence[tuple[int, int]] = ()
    levels: Sequence[float] = ()
    bounds: tuple[float, float] | None = None
    said: Sequence[str] = ()


class Reach(StrEnum):
    """How far a stroke goes on behind its second point."""

    NONE = "none"
    RIGHT = "right"
    BOTH = "both"


class Stroke(msgspec.Struct, frozen=True):
    """A straight line from one point (time in ns, price) to another.

    Attributes:
        label: plain text at its right end. colour: "#rrggbb"; "" for the theme's.
        chosen: drawn so that it stands out, with its corners marked.
    """

    start: tuple[int, float]
    end: tuple[int, float]
    reach: Reach = Reach.NONE
    label: str = ""
    colour: str = ""
    chosen: bool = False


class Box(msgspec.Struct, frozen=True):
    """A rectangle with two opposite corners (time in ns, price); what is inside stays visible."""

    start: tuple[int, float]
    end: tuple[int, float]
    label: str = ""
    colour: str = ""
    chosen: bool = False


class Note(msgspec.Struct, frozen=True):
    """Plain text at a point (time in ns, price)."""

    at: tuple[int, float]
    text: str
    colour: str = ""
    chosen: bool = False


class Mark(msgspec.Struct, frozen=True):
    """One cell at a point: where an alert fired, or a large trade. The texts are one cell wide."""

    at: tuple[int, float]
    glyph: str
    ascii: str
    colour: str = ""


class PriceLine(msgspec.Struct, frozen=True):
    """A line across the whole chart with a label on the price axis, such as an alert's price."""

    price: float
    label: str = ""
    colour: str = ""


class Profile(msgspec.Struct, frozen=True):
    """Volume by price, drawn as bars from the right edge of the view behind everything else.

    Attributes:
        rows: lower price, upper price, volume, and what takers bought of it.
        control: middle price of the row with the most volume.
    """

    rows: Sequence[tuple[float, float, float, float]]
    control: float


class Heat(msgspec.Struct, frozen=True):
    """The book over time: backgrounds behind everything else.

    Attributes:
        times: starts (ns) of its columns, rising; a column lasts `span` ns.
        columns: for each of them price and size of the levels that rested then. One that changes is
            another object: what was summed of those that are the same is kept.
        most: the size that is drawn strongest.
        bests: for each column the best bid and the best ask; None where one was not known.
    """

    times: Sequence[int]
    span: int
    columns: Sequence[Sequence[tuple[float, float]]]
    most: float
    bests: Sequence[tuple[float | None, float | None]] = ()


class Crosshair(msgspec.Struct, frozen=True):
    """Where the cross is: the open time (ns) of a candle, and a price or None for the line down only.

    `since` is the other end (time in ns, price) of what is being measured.
    """

    time: int
    price: float | None = None
    since: tuple[int, float] | None = None


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything besides the candles; what is further down is drawn over what is further up.

    The candles hide the lines of all of it. Only texts stand before them: notes, labels, marks, and what
    a crosshair tells.
    """

    heat: Heat | None = None
    profile: Profile | None = None
    overlays: Sequence[Plot] = ()
    price_lines: Sequence[PriceLine] = ()
    drawings: Sequence[Stroke | Box | Note] = ()
    marks: Sequence[Mark] = ()
    crosshair: Crosshair | None = None

    @property
    def has_any(self) -> bool:
        """Tell whether there is anything besides the candles."""
        return any(msgspec.structs.astuple(self))


NOTHING = Layers()
"""A chart of candles alone."""
