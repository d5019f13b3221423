"""What a described venue writes, read: texts, numbers with their digits, times in any unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_SCIENTIFIC: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?[eE][+-]?[0-9]{1,2}")
_WHOLE: Final = re.compile(r"[0-9]{1,19}")
_LARGEST: Final = 2**63 - 1
_LONGEST_SYMBOL: Final = 64
_SHOWN: Final = 40


class Digits(str):
    """A number of a message, as it was written."""

    __slots__ = ()


class TimeUnit(StrEnum):
    """What a venue's times count, or ISO for texts such as 2024-08-08T23:54:13.250Z."""

    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"
    ISO = "iso"


_NS_OF: Final = {
    TimeUnit.S: 1_000_000_000,
    TimeUnit.MS: 1_000_000,
    TimeUnit.US: 1_000,
    TimeUnit.NS: 1,
}

parse_json: Final = msgspec.json.Decoder(float_hook=Digits).decode
"""JSON whose numbers keep their digits.

Raises:
    msgspec.MsgspecError, UnicodeDecodeError, RecursionError: it is none.
"""


def to_text(value: Any) -> str:
    """A value as a text to compare: the digits of a number, true and false, JSON of what is larger."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "null" if value is None else msgspec.json.encode(value).decode()


def to_word(value: Any) -> str:
    """A short text, or a number's digits.

    Raises:
        ValueError: something else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{_shown(value)} is not a text")
    return str(value)


def to_symbol(value: Any) -> str:
    """What may name an instrument.

    Raises:
        ValueError: it may not.
    """
    text = to_word(value)
    if not 0 < len(text) <= _LONGEST_SYMBOL or not text.isprintable() or " " in text:
        raise ValueError(f"{_shown(value)} is not a symbol")
    return text


def to_number(value: Any) -> str:
    """The digits of a number, which a text may hold as well.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            return str(value)
        if _SCIENTIFIC.fullmatch(value):
            return format(Decimal(value), "f")
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        return str(value)
    raise ValueError(f"{_shown(value)} is not a number")


def to_whole(value: Any) -> int:
    """A whole number from 0 to 2**63 - 1.

    Raises:
        ValueError: it is none.
    """
    text = str(value)
    if isinstance(value, bool) or not _WHOLE.fullmatch(text) or int(text) > _LARGEST:
        raise ValueError(f"{_shown(value)} is not a whole number")
    return int(text)


def to_time(value: Any, unit: TimeUnit) -> int:
    """Nanoseconds since the epoch.

    Raises:
        ValueError: it is no time of this unit, or not one after 1970 and before 2262.
    """
    if unit is TimeUnit.ISO:
        ns = _read_iso(value)
    else:
        whole, _, fraction = to_number(value).partition(".")
        scale = _NS_OF[unit]
        ns = int(whole) * scale + int((fraction + "0" * 9)[:9]) * scale // 10**9
    if not 0 <= ns <= _LARGEST:
        raise ValueError(f"{_shown(value)} is not a time in {unit}")
    return ns


def write_time(ns: int, unit: TimeUnit, *, up: bool) -> str:
    """A time for a request, rounded up or down to the unit."""
    if unit is TimeUnit.ISO:
        seconds = -(-ns // 10**9) if up else ns // 10**9
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    scale = _NS_OF[unit]
    return str(-(-ns // scale) if up else ns // scale)


def _read_iso(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is not an ISO time")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(value)} is not an ISO time") from None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _shown(value: Any) -> str:
    text = to_text(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
