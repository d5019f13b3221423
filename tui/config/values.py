"""What a single setting may be: each reader gives the checked value or says what was wrong."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from tui.config.settings import (
    GRIDS,
    Background,
    Colours,
    Glyphs,
    LowBandwidth,
    Multiplexer,
    Synchronised,
    UpDown,
)
from tui.feed.settings import FeedSettings
from tui.model.errors import InstrumentError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

Reader = Callable[[object], object]
MAX_SYMBOL_LENGTH: Final = 64


class WrongValue(Exception):
    """What was wrong with a value, and the remedy."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def read_instrument(text: str, *, default_venue: str | None = None) -> Instrument:
    """Read an instrument that the user typed.

    Raises:
        InstrumentError: it is none, or its symbol holds what no venue's symbols hold.
    """
    instrument = Instrument.parse(text, default_venue=default_venue)
    symbol = instrument.symbol
    if len(symbol) > MAX_SYMBOL_LENGTH or any(
        char.isspace() or not char.isprintable() for char in symbol
    ):
        raise InstrumentError(
            f"{text[:80]!r} is not an instrument",
            f"a symbol has no spaces and at most {MAX_SYMBOL_LENGTH} characters",
        )
    return instrument


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint: the known name that was probably meant, or else what to do."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), by_lower, 1)
    return f"did you mean {by_lower[near[0]]}?" if near else otherwise


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongValue(f"{value!r} is not a text", "put it in quotes")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(f"{value!r} is neither true nor false", "write true or false")
    return value


def _flag_or_auto(value: object) -> bool | None:
    if value == "auto":
        return None
    if not isinstance(value, bool):
        raise WrongValue(f"{value!r} is not true, false or auto", 'write true, false or "auto"')
    return value


def _timeframe(value: object) -> Timeframe:
    try:
        return Timeframe.parse(_text(value))
    except InstrumentError as error:
        raise WrongValue(error.message, error.hint) from None


def _instruments(value: object) -> tuple[Instrument, ...]:
    if not isinstance(value, list | tuple):
        raise WrongValue(f"{value!r} is not a list", 'write a list, such as ["BINANCE:BTCUSDT"]')
    try:
        return tuple(dict.fromkeys(read_instrument(_text(item)) for item in value))
    except InstrumentError as error:
        raise WrongValue(error.message, error.hint) from None


def _time_zone(value: object) -> str:
    name = _text(value)
    if name == "UTC":
        return name
    import zoneinfo  # it reads the system's time zone table: only for those who want one

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(
            name, zoneinfo.available_timezones(), "write UTC or a name such as Europe/Berlin"
        )
        raise WrongValue(f"{name!r} is not a time zone here", hint) from None
    return name


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise WrongValue(
                f"{value!r} is not a whole number from {low} to {high}", "change the number"
            )
        return value

    return read


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not low <= value <= high
        ):
            raise WrongValue(f"{value!r} is not a number from {low:g} to {high:g}", "change it")
        return float(value)

    return read


def _grid(value: object) -> int:
    if isinstance(value, bool) or value not in GRIDS:
        raise WrongValue(f"{value!r} is not a grid", "choose 1, 2, 4, 6 or 9 panels")
    return int(str(value))


def _choice(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    def read(value: object) -> StrEnum:
        words = [str(member) for member in kind]
        if value not in words:
            hint = nearest(str(value), words, f"choose {', '.join(words)}")
            raise WrongValue(f"{value!r} is not one of {', '.join(words)}", hint)
        return kind(value)

    return read


def _colours(value: object) -> StrEnum:
    # Two of the words look like numbers, and may be written so.
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return _choice(Colours)(str(value) if is_number else value)


def _url(schemes: tuple[str, str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _text(value)
        try:
            parts = urlsplit(text)
            sound = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or not text.isprintable() or " " in text:
            raise WrongValue(
                f"{mask_url(text)!r} is not such an address",
                f"write {schemes[1]}://host or {schemes[1]}://host:port",
            )
        return text.rstrip("/")

    return read


def _protocol(value: object) -> str:
    # Which ones there are only the venue's adapter knows.
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,31}", value):
        raise WrongValue(f"{value!r} is not a protocol", 'write its name, such as "v2"')
    return value


def _studies(value: object) -> str:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) and name.strip() and "," not in name for name in names
    ):
        raise WrongValue(f"{value!r} is not a list of studies", 'write a list such as ["STD;RSI"]')
    return ",".join(name.strip() for name in names)


def _variable(value: object) -> str:
    # What is wrong is not repeated: it may be the token itself.
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", value):
        raise WrongValue(
            "that is not the name of an environment variable",
            "write the variable's name in capitals, never the token",
        )
    return value


def _command(value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(word, str) and "\0" not in word for word in value)
        or not value[0].strip()
    ):
        raise WrongValue(
            "that is not a command as a list of texts",
            'no shell reads it: write a list, such as ["pass", "show", "venue"]',
        )
    return tuple(value)


def read_keys(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) for key in value):
        raise WrongValue(f"{value!r} is not a key", 'write "b", or a list such as ["b", "f2"]')
    return tuple(value)


def read_large_sizes(value: object) -> dict[Instrument, float]:
    """Sizes from which prints or orders are large, by instrument.

    Raises:
        WrongValue: naming the instrument.
    """
    if not isinstance(value, Mapping):
        raise WrongValue(
            f"{value!r} is not a table", "write it as a table: a size for each instrument"
        )
    found = {}
    for name, size in value.items():
        try:
            instrument = read_instrument(name)
            found[instrument] = _number(0, 1e18)(size)
        except InstrumentError as error:
            raise WrongValue(error.message, error.hint) from None
        except WrongValue as error:
            raise WrongValue(f"{name}: {error.problem}", error.hint) from None
    return found


TOP_LEVEL: Mapping[str, Reader] = {
    "symbols": _instruments,
    "watchlist": _instruments,
    "timeframe": _timeframe,
    "theme": _text,
    "grid": _grid,
    "up_down": _choice(UpDown),
    "time_zone": _time_zone,
    "frame_rate": _whole(1, 30),
    "mouse": _flag_or_auto,
    "crosshair_sync": _flag,
    "hollow_candles": _flag,
    "glyphs": _choice(Glyphs),
    "colours": _colours,
    "low_bandwidth": _choice(LowBandwidth),
    "background": _choice(Background),
    "synchronised": _choice(Synchronised),
    "bracketed_paste": _flag,
    "clipboard": _flag,
    "multiplexer": _choice(Multiplexer),
    "passthrough": _flag,
}
ENDPOINTS: Mapping[str, Reader] = {
    "stream": _url(("ws", "wss")),
    "rest": _url(("http", "https")),
    "protocol": _protocol,
    "studies": _studies,
}
TOKENS: Mapping[str, Reader] = {"token_env": _variable, "token_command": _command}
LIMITS: Mapping[str, Reader] = {
    name: _whole(1, 1_000_000) if isinstance(default, int) else _number(0.001, 86_400)
    for name, default in zip(
        FeedSettings.__struct_fields__, FeedSettings.__struct_defaults__, strict=True
    )
} | {
    "backoff_factor": _number(1, 100),
    "max_attempts": _whole(0, 1_000_000),
    "flat_candles": _flag,
    "ping_interval_s": _number(1, 86_400),  # pings count among the messages that a venue allows
    "history_candles": _whole(1, 10_000),  # a series holds no more
}


def is_open_to_all(url: str) -> bool:
    """True of an address whose bytes anybody between here and there can read."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_here = host == "localhost" or host == "::1" or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))
    return parts.scheme in ("ws", "http") and not is_here


def mask_url(url: str) -> str:
    """An address without what may be a secret: its user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if "@" not in parts.netloc and not parts.query:
        return url
    host = parts.netloc.rpartition("@")[2]
    user = "***@" if "@" in parts.netloc else ""
    return urlunsplit(parts._replace(netloc=user + host, query="***" if parts.query else ""))
