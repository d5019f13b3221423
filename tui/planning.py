"""Decides what a run of the app shows: arguments, settings and themes become a launch."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Final

import msgspec

from tui import locations
from tui.adapters.registry import load_adapter, venues
from tui.argument_values import Start
from tui.arguments import COMMANDS, Arguments
from tui.config import (
    COMMAND_LINE,
    SIM_VENUE,
    LoadedSettings,
    UpDown,
    load_settings,
    nearest,
    read_instrument,
)
from tui.feed.timeframes import available_timeframes
from tui.launch import Launch, Mode, Replay, Sim
from tui.model.errors import ConfigError, InstrumentError, RecordingError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel
from tui.model.timeframe import Timeframe, longest_part
from tui.recording.format import RecordingReader
from tui.terminal.detection import AUTO
from tui.themes import DEFAULT_THEME, Theme, load_themes, swap_up_and_down

_DAY_S: Final = 86_400
_FEWEST_COMPARED: Final = 2
_MOST_COMPARED: Final = 8
_LOOKS: Final = (
    "timeframe",
    "theme",
    "grid",
    "frame_rate",
    "mouse",
    "glyphs",
    "colours",
    "low_bandwidth",
    "background",
    "synchronised",
    "bracketed_paste",
    "clipboard",
    "multiplexer",
    "passthrough",
)
"""Settings that the command line has options for."""
_SIZE: Final = {"COLUMNS": "80", "LINES": "24"}
_LEAST_FPS: Final = 30
"""Of Textual's own screen updates; below it, keys feel slow even when few frames are painted."""


def plan_launch(arguments: Arguments) -> Launch:
    """Decide what to show.

    Raises:
        TradeTuiError: the arguments, the settings or the recording are wrong.
    """
    plan = read_plan(arguments)
    launch = Launch(
        mode=Mode.SIM,
        settings=plan.loaded.settings,
        origins=plan.loaded.origins,
        themes=plan.themes,
        problems=tuple(plan.problems),
        sim=Sim.chosen(arguments.seed, arguments.regime),
        debug=arguments.debug,
    )
    if arguments.command == "replay":
        return msgspec.structs.replace(launch, mode=Mode.REPLAY, replay=_read_replay(arguments))
    instruments = _choose_instruments(arguments, plan.loaded)
    mode = _mode_of(instruments)
    _check_market_options(arguments, mode)
    _check_timeframe(launch, instruments)
    if arguments.command == "compare":
        _check_comparison(instruments)
    beside = (item for item in launch.settings.watchlist if _mode_of([item]) is mode)
    return msgspec.structs.replace(
        launch,
        mode=mode,
        instruments=instruments,
        comparing=arguments.command == "compare",
        watchlist=tuple(dict.fromkeys((*instruments, *beside))),
        origins={**launch.origins, **({"symbols": COMMAND_LINE} if arguments.symbols else {})},
    )


class Plan(msgspec.Struct, frozen=True):
    """Settings and themes that fit together, and what was wrong with others."""

    loaded: LoadedSettings
    themes: dict[str, Theme]
    problems: list[str]


def read_plan(arguments: Arguments) -> Plan:
    """Read settings and themes.

    Raises:
        ConfigError: a setting is wrong, or there is no such theme.
    """
    if arguments.config is not None and not arguments.config.exists():
        raise ConfigError(f"--config: there is no file {arguments.config}", "check its name")
    overrides = {key: value for key in _LOOKS if (value := getattr(arguments, key)) is not None}
    path = arguments.config or locations.config_file()
    loaded = load_settings(path, overrides, venues=known_venues())
    themes, problems = load_themes()
    if loaded.settings.up_down is UpDown.RED_UP:
        themes = {name: swap_up_and_down(theme) for name, theme in themes.items()}
    name = loaded.settings.theme
    if name not in themes and name != AUTO and not _is_textual_theme(name):
        if not any(f"{os.sep}{name}.toml: " in problem for problem in problems):
            hint = nearest(name, themes, f"there are {', '.join(themes)}")
            raise ConfigError(f"{loaded.origins['theme']}: theme: there is no theme {name!r}", hint)
        # Its file is broken, which the problems say: the program starts all the same.
        settings = msgspec.structs.replace(loaded.settings, theme=DEFAULT_THEME)
        loaded = msgspec.structs.replace(loaded, settings=settings)
    return Plan(loaded, themes, problems)


def prepare_textual(frame_rate: int = 0) -> None:
    """Set what Textual reads once, when it is imported; what the user set stays."""
    os.environ.setdefault("TEXTUAL_FPS", str(max(_LEAST_FPS, frame_rate)))
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # Some parents export the size that the terminal had when they started. Textual would believe
    # them for ever, and no resize would be seen. Of a browser it has no other word; nor of a serial
    # line, which has no size until somebody gives it one, and of which Textual takes two.
    if not os.environ.get("TEXTUAL_DRIVER"):
        if _has_size():
            for name in _SIZE:
                os.environ.pop(name, None)
        else:
            os.environ.update({name: os.environ.get(name) or size for name, size in _SIZE.items()})


def _has_size() -> bool:
    with suppress(OSError, ValueError, AttributeError):
        return all(os.get_terminal_size(sys.__stdout__.fileno()))  # type: ignore[union-attr]
    return True


def _is_textual_theme(name: str) -> bool:
    prepare_textual()
    from textual.theme import BUILTIN_THEMES  # slow to import, and seldom asked for

    return name in BUILTIN_THEMES


@cache
def known_venues() -> list[str]:
    """Every venue with an installed adapter, and the embedded market."""
    # It looks into every installed package: once is enough.
    return [*venues(), SIM_VENUE]


# -- instruments -------------------------------------------------------------------------------


def _choose_instruments(arguments: Arguments, loaded: LoadedSettings) -> tuple[Instrument, ...]:
    """What to open in panels: the command line's symbols, else the settings'."""
    known = [*known_venues(), *loaded.settings.feeds]
    venue = arguments.venue.upper() if arguments.venue is not None else None
    if venue is not None and venue not in known:
        hint = nearest(venue, known, f"there are {', '.join(known)}")
        raise ConfigError(f"--venue: there is no venue {arguments.venue!r}", hint)
    if arguments.symbols:
        typed = (_read_symbol(symbol, venue, known) for symbol in arguments.symbols)
        return tuple(dict.fromkeys(typed))
    listed = loaded.settings.symbols or loaded.settings.watchlist
    if venue is None:
        return listed
    chosen = tuple(instrument for instrument in listed if instrument.venue == venue)
    if not chosen and venue != SIM_VENUE:
        raise ConfigError(
            f"--venue {arguments.venue}: no symbols",
            f"name some: tradetui --venue {arguments.venue} BTCUSDT ETHUSDT",
        )
    return chosen


def _read_symbol(text: str, venue: str | None, known: Collection[str]) -> Instrument:
    first, colon, _ = text.partition(":")
    if venue is None and not colon:
        hint = nearest(text, COMMANDS, "write VENUE:SYMBOL, or add --venue, such as binance")
        raise InstrumentError(f"{text[:80]!r} names no venue", hint)
    if venue is not None and colon and first.upper() not in known:
        # A venue's own symbols may hold a colon.
        return read_instrument(f"{venue}:{text}")
    if text.islower():
        # Typed in a hurry: venues write their symbols in capitals.
        text = text.upper()
    instrument = read_instrument(text, default_venue=venue)
    if instrument.venue not in known:
        hint = nearest(instrument.venue, known, f"there are {', '.join(known)}")
        raise InstrumentError(f"{text[:80]!r}: there is no such venue", hint)
    return instrument


def _mode_of(instruments: Iterable[Instrument]) -> Mode:
    simulated = {instrument.venue == SIM_VENUE for instrument in instruments}
    if simulated == {True, False}:
        raise InstrumentError(
            "the simulated market and live venues cannot be shown together",
            f"name {SIM_VENUE}: symbols only, or none",
        )
    return Mode.LIVE if simulated == {False} else Mode.SIM


def _check_market_options(arguments: Arguments, mode: Mode) -> None:
    if mode is Mode.LIVE and (arguments.seed is not None or arguments.regime is not None):
        option = "--seed" if arguments.seed is not None else "--regime"
        raise ConfigError(f"{option} is for the simulated market", "leave it out")


def _check_comparison(instruments: Sequence[Instrument]) -> None:
    if not _FEWEST_COMPARED <= len(instruments) <= _MOST_COMPARED:
        raise ConfigError(
            f"compare: {len(instruments)} symbol{'' if len(instruments) == 1 else 's'}",
            f"name {_FEWEST_COMPARED} to {_MOST_COMPARED}, such as KRAKEN:BTC/USD COINBASE:BTC-USD",
        )


def _check_timeframe(launch: Launch, instruments: Sequence[Instrument]) -> None:
    timeframe = launch.settings.timeframe
    for venue in sorted({instrument.venue for instrument in instruments} - {SIM_VENUE}):
        if venue in launch.settings.feeds:
            continue  # what the user describes is known once it is opened
        adapter = load_adapter(venue)
        offered: tuple[Timeframe, ...] = getattr(adapter, "timeframes", ())
        # Which channels there are may depend on the protocol that the settings choose.
        channels = getattr(adapter, "channels", frozenset(Channel))
        available = available_timeframes(offered, channels)
        if offered and timeframe not in available and longest_part(offered, timeframe) is None:
            raise ConfigError(
                f"{launch.origins['timeframe']}: timeframe: {venue} has no candles of {timeframe}",
                f"it has {' '.join(map(str, available))}",
            )


# -- recordings --------------------------------------------------------------------------------


def _read_replay(arguments: Arguments) -> Replay:
    first = next(iter(RecordingReader(arguments.file)), None)
    if first is None:
        raise RecordingError(f"{arguments.file} holds no frames")
    return Replay(arguments.file, arguments.speed, find_start(arguments.start, first.time_ns))


def find_start(start: Start, first_ns: int) -> float:
    """Seconds after the first frame (ns) where a replay begins.

    Raises:
        RecordingError: that is before the recording.
    """
    if start.offset_s is not None:
        return start.offset_s
    seconds = 0.0
    if start.moment is not None:
        seconds = (start.moment - first_ns) / 1e9
    elif start.clock_s is not None:
        # The clock's next such time, so that a recording may pass midnight.
        seconds = (start.clock_s - first_ns / 1e9) % _DAY_S
        if seconds > _DAY_S / 2:
            seconds -= _DAY_S
    if seconds < -1:
        begin = datetime.fromtimestamp(first_ns // 10**9, UTC)
        raise RecordingError(
            f"--from: that is before the recording, which begins {begin:%Y-%m-%dT%H:%M:%S}",
            "choose a later time",
        )
    return max(0.0, seconds)
