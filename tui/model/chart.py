"""How a chart is to look and what is drawn on it: the user's choices, as they are remembered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from tui.model.instrument import Instrument


class ChartStyle(StrEnum):
    """How candles are drawn."""

    CANDLES = "candles"
    HEIKIN_ASHI = "heikin-ashi"
    BARS = "bars"
    LINE = "line"
    AREA = "area"


class PriceScale(StrEnum):
    """How prices are spread over the rows; percent is of the close at the view's left edge."""

    LINEAR = "linear"
    LOG = "log"
    PERCENT = "percent"


class IndicatorChoice(msgspec.Struct, frozen=True):
    """An indicator that a panel shows.

    Attributes:
        name: its key in the catalogue, such as "bollinger".
        parameters: by name; those left out have their default.
        colours: "#rrggbb" for its lines in their order; those left out, or "", are chosen for the theme.
    """

    name: str
    parameters: dict[str, float] = {}
    colours: tuple[str, ...] = ()


class PanelView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a panel shows beside its instrument and timeframe.

    Attributes:
        columns: cells a candle takes, its gap included, 1 to 8. merge: candles in one bar.
        overlays: other instruments, drawn as lines of percent over the candles.
        group: colour group whose panels follow one another, from 1; 0 for none.
        heatmap: show the book over time behind the candles.
    """

    style: ChartStyle = ChartStyle.CANDLES
    scale: PriceScale = PriceScale.LINEAR
    columns: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    merge: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    indicators: tuple[IndicatorChoice, ...] = ()
    overlays: tuple[Instrument, ...] = ()
    group: int = 0
    heatmap: bool = False


class DrawingKind(StrEnum):
    LEVEL = "level"
    TREND = "trend"
    RAY = "ray"
    RECTANGLE = "rectangle"
    FIBONACCI = "fibonacci"
    NOTE = "note"


class Drawing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the user drew on an instrument's charts; every timeframe shows it.

    Attributes:
        points: time (ns) and price of its corners: one for a level and a note, else two.
        text: of a note; of others a label, or "".
        colour: "#rrggbb"; "" for the theme's.
    """

    kind: DrawingKind
    points: tuple[tuple[int, float], ...]
    text: str = ""
    colour: str = ""
