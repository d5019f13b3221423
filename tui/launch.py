"""What the command line asks of the app: one frozen value, complete and checked."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from tui.config import Settings
from tui.model.instrument import Instrument
from tui.themes import Theme


class Mode(StrEnum):
    """Where the data comes from; instruments of different modes are never mixed."""

    SIM = "sim"
    LIVE = "live"
    REPLAY = "replay"


class Replay(msgspec.Struct, frozen=True):
    """A recording to play.

    Attributes:
        speed: times real time, 0.1 to 100; `math.inf` for as fast as possible.
        start_s: where to begin, seconds after the recording's first frame.
    """

    path: Path
    speed: float = 1.0
    start_s: float = 0.0


class Sim(msgspec.Struct, frozen=True):
    """How the embedded market is to behave: the same seed gives the same market."""

    seed: int = 1
    regime: str = "auto"

    @classmethod
    def chosen(cls, seed: int | None, regime: str | None) -> Sim:
        """What was asked for, and the usual where nothing was."""
        usual = cls()
        return cls(usual.seed if seed is None else seed, regime or usual.regime)


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the app.

    Attributes:
        origins: where each setting came from, by dotted key.
        instruments: to open in panels, in their order; empty where the mode has its own.
        watchlist: to watch; holds the instruments too. Empty like `instruments`.
        themes: all that were found, by name; `settings.theme` is one of them or one of Textual's.
        comparing: show the instruments side by side first of all.
        debug: write down what connections do, from the start.
        problems: what was wrong and did not prevent the start; for the error log.
    """

    mode: Mode
    settings: Settings = Settings()
    origins: dict[str, str] = {}
    instruments: tuple[Instrument, ...] = ()
    watchlist: tuple[Instrument, ...] = ()
    themes: dict[str, Theme] = {}
    replay: Replay | None = None
    sim: Sim = Sim()
    comparing: bool = False
    debug: bool = False
    problems: tuple[str, ...] = ()
