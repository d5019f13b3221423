"""The effective settings as values, and the words they are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from tui.feed.settings import FeedSettings
from tui.model.alert import AlertRule
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

if TYPE_CHECKING:
    from tui.adapters.generic.description import Description

SIM_VENUE: Final = "SIM"
"""The embedded market's name among the venues."""
GRIDS: Final = (1, 2, 4, 6, 9)
DEFAULT: Final = "default"
COMMAND_LINE: Final = "command line"


class UpDown(StrEnum):
    """Which of a theme's two colours means rising. Much of East Asia reads red as up."""

    GREEN_UP = "green-up"
    RED_UP = "red-up"


class Glyphs(StrEnum):
    """What charts are drawn with; auto takes what the terminal can show."""

    AUTO = "auto"
    EIGHTHS = "eighths"
    HALVES = "halves"
    BRAILLE = "braille"
    ASCII = "ascii"


class Colours(StrEnum):
    """How many colours are drawn with; auto takes as many as the terminal has."""

    AUTO = "auto"
    TRUECOLOR = "truecolor"
    EIGHT_BITS = "256"
    SIXTEEN = "16"
    NONE = "none"


class LowBandwidth(StrEnum):
    """Whether fewer and plainer frames are painted; auto while the link stays slow."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Synchronised(StrEnum):
    """Whether frames are marked to be shown at once; auto where the terminal knows the marks."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Multiplexer(StrEnum):
    """What the program takes itself to run in; auto for what the environment tells."""

    AUTO = "auto"
    NONE = "none"
    TMUX = "tmux"
    SCREEN = "screen"


class Background(StrEnum):
    """How bright the terminal is, for `theme = "auto"`; auto for what the terminal tells."""

    AUTO = "auto"
    DARK = "dark"
    LIGHT = "light"


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a venue's token comes from; the token itself is never in the settings.

    Attributes:
        variable: name of an environment variable; "" for none.
        command: a command whose first line of output is the token, and its arguments; () for none.
    """

    variable: str = ""
    command: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings.

    Attributes:
        symbols: instruments to open in panels, in their order.
        watchlist: instruments to watch beside them.
        grid: number of panels: 1, 2, 4, 6 or 9.
        theme: its name, or "auto" for dark or light by the terminal's background.
        time_zone: "UTC" or an IANA name; of the times on screen.
        frame_rate: paintings a second at most.
        hollow_candles: bodies of rising candles are hollow, so that shape tells what colour tells.
        crosshair_sync: all panels show the moment that one of them points at.
        mouse: the program takes the mouse; None for wherever that costs no key.
        bracketed_paste: the terminal marks what is pasted, so that no pasted letter is a key.
        clipboard: what is copied goes to the terminal's clipboard too.
        passthrough: notifications and copies pass tmux and screen to the terminal around them.
        venues: endpoints ("stream", "rest") and the "protocol" spoken there, by upper-case venue
            name; only what the user set.
        tokens: where the token comes from, by upper-case venue name; only what the user set.
        keys: the user's keys by action id, as written; `effective_keys` gives all of them.
        feeds: venues that the user describes, by upper-case name.
        alerts: what the user wants to be told of.
        large_prints: sizes from which a print on the tape is large, where the user set one.
        large_orders: the same for what rests at a price of the book.
    """

    symbols: tuple[Instrument, ...] = ()
    watchlist: tuple[Instrument, ...] = ()
    timeframe: Timeframe = Timeframe(1, "m")
    theme: str = "dark"
    grid: int = 4
    up_down: UpDown = UpDown.GREEN_UP
    time_zone: str = "UTC"
    frame_rate: int = 10
    mouse: bool | None = None
    crosshair_sync: bool = True
    hollow_candles: bool = True
    glyphs: Glyphs = Glyphs.AUTO
    colours: Colours = Colours.AUTO
    low_bandwidth: LowBandwidth = LowBandwidth.AUTO
    background: Background = Background.AUTO
    synchronised: Synchronised = Synchronised.AUTO
    bracketed_paste: bool = True
    clipboard: bool = True
    multiplexer: Multiplexer = Multiplexer.AUTO
    passthrough: bool = True
    venues: dict[str, dict[str, str]] = {}
    tokens: dict[str, TokenSettings] = {}
    limits: FeedSettings = FeedSettings()
    keys: dict[str, tuple[str, ...]] = {}
    feeds: dict[str, Description] = {}
    alerts: tuple[AlertRule, ...] = ()
    large_prints: dict[Instrument, float] = {}
    large_orders: dict[Instrument, float] = {}

    def endpoints(self, venue: str) -> dict[str, str]:
        """The user's endpoints of a venue; empty where the venue's own are right."""
        return self.venues.get(venue.upper(), {})


class LoadedSettings(msgspec.Struct, frozen=True):
    """Settings, and where each came from.

    Attributes:
        origins: by dotted key ("grid", "limits.ack_timeout_s", "keys.quit"): "default", the
            file's path, or "command line".
    """

    settings: Settings
    origins: dict[str, str]
