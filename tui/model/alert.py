"""What the user wants to be told of, and how: conditions on an instrument, and the rules made of them.

What venues announce themselves is `tui.model.events.Alert`, and has nothing to do with these.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tui.model.chart import IndicatorChoice
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe


class Direction(StrEnum):
    """Which way something moves or crosses."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


class SpreadUnit(StrEnum):
    """What a spread is measured in: hundredths of a percent of the middle price, or the price itself."""

    BASIS_POINTS = "bp"
    PRICE = "price"


class PriceCrosses(msgspec.Struct, frozen=True):
    """The price reaches a level that it was below (up) or above (down) before."""

    level: float
    direction: Direction = Direction.EITHER


class PriceMoves(msgspec.Struct, frozen=True):
    """The price is so many percent away from where it was at any moment of the window (seconds)."""

    percent: float
    window_s: float
    direction: Direction = Direction.EITHER


class SpreadAbove(msgspec.Struct, frozen=True):
    """Best ask minus best bid is more than this."""

    limit: float
    unit: SpreadUnit = SpreadUnit.BASIS_POINTS


class PrintAbove(msgspec.Struct, frozen=True):
    """One trade is larger than this: its size, or what it is worth in the quote asset."""

    size: float
    is_notional: bool = False


class VolumeAbove(msgspec.Struct, frozen=True):
    """More than this was traded (base asset) within the window (seconds)."""

    volume: float
    window_s: float


class CandleVolumeAbove(msgspec.Struct, frozen=True):
    """More than this was traded (base asset) in one candle."""

    volume: float
    timeframe: Timeframe


class IndicatorCrosses(msgspec.Struct, frozen=True):
    """A line of an indicator reaches a value that it was on one side of, or crosses another line.

    Attributes:
        line: which of its lines; "" for the first.
        level: the value; None where `other` names a line instead.
    """

    indicator: IndicatorChoice
    timeframe: Timeframe
    line: str = ""
    direction: Direction = Direction.EITHER
    level: float | None = None
    other: str = ""


class DrawingTouched(msgspec.Struct, frozen=True):
    """The price reaches a line that the user drew: those with this label, or "" for any."""

    label: str = ""


class FeedStale(msgspec.Struct, frozen=True):
    """A channel is wanted and has not been live for so many seconds."""

    seconds: float
    channel: Channel = Channel.TICKER


class BookUnverified(msgspec.Struct, frozen=True):
    """The book has not been verified for so many seconds."""

    seconds: float


Condition: TypeAlias = (
    PriceCrosses
    | PriceMoves
    | SpreadAbove
    | PrintAbove
    | VolumeAbove
    | CandleVolumeAbove
    | IndicatorCrosses
    | DrawingTouched
    | FeedStale
    | BookUnverified
)


class Notice(StrEnum):
    """How the user is told."""

    BELL = "bell"
    TOAST = "toast"
    DESKTOP = "desktop"


USUAL_NOTICES: Final = (Notice.BELL, Notice.TOAST)


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """Tell me when this happens to that instrument.

    Attributes:
        id: names it for as long as it is kept.
        cooldown_s: seconds after which it may fire again; None for a rule that fires once and is off.
        notices: how the user is told.
        command: a command to run and its arguments, with placeholders; () for none.
        note: the user's own words, told with it.
        is_from_settings: it stands in config.toml and can only be changed there.
    """

    id: str
    instrument: Instrument
    condition: Condition
    cooldown_s: float | None = None
    notices: tuple[Notice, ...] = USUAL_NOTICES
    command: tuple[str, ...] = ()
    note: str = ""
    enabled: bool = True
    is_from_settings: bool = False


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """A rule came true.

    Attributes:
        ts: when (ns), by our clock. ts_exchange: the venue's time of the fact; 0 when there is none.
        value: what was measured: a price, a spread, a volume, seconds.
        price: the newest price at that moment; None when none was known. price_text: in the venue's
            precision, or "".
        text: what happened, in a few words.
    """

    rule: AlertRule
    ts: int
    ts_exchange: int
    value: float
    price: float | None
    price_text: str
    text: str
