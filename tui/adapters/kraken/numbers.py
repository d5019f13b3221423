"""Numbers and times as Kraken writes them, read without losing a digit."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from tui.model.errors import ProtocolError
from tui.model.timeframe import NS

NumberText: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9]{1,40}(\.[0-9]{1,40})?\Z")]
"""A price or a size: digits only, so that it is safe to draw and means the same to `float`."""

Positive: TypeAlias = Annotated[float, Meta(ge=0)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
UnixSeconds: TypeAlias = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Up to the last that a calendar can show."""

_MOST_INT: Final = 10**20
_PLAIN: Final = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z"
)
_UNIX: Final = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9})[0-9]*)?")


def read_number(value: object, path: str) -> str:
    """The digits of a number that was decoded as text (or as an int, where it had no point).

    Raises:
        ProtocolError: not a number, or below zero; it names `path`.
    """
    if type(value) is str:
        if _PLAIN.fullmatch(value):
            return value
        if _SCIENTIFIC.fullmatch(value):
            plain = format(Decimal(value), "f")
            if _PLAIN.fullmatch(plain):
                return plain
    elif type(value) is int and 0 <= value < _MOST_INT:
        return str(value)
    raise ProtocolError(f"{str(value)[:40]!r} is not a price or a size - at `{path}`")


def read_unix(text: str, path: str) -> int:
    """Nanoseconds of seconds such as `1616333924.737428`.

    Raises:
        ProtocolError: not a time; it names `path`.
    """
    match = _UNIX.fullmatch(text)
    if match is None:
        raise ProtocolError(f"{text[:40]!r} is not a time - at `{path}`")
    return int(match[1]) * NS + int((match[2] or "").ljust(9, "0"))


class TimeReader:
    """Reads times such as `2026-08-02T03:35:51.660084Z`; those of one second cost little."""

    def __init__(self) -> None:
        self._second = ""
        self._second_ns = 0

    def __call__(self, text: str, path: str) -> int:
        """Nanoseconds since the epoch.

        Raises:
            ProtocolError: not a time; it names `path`.
        """
        if text[:20] == self._second and len(text) == 27 and text[26] == "Z":
            fraction = text[20:26]
            if fraction.isdecimal() and fraction.isascii():
                return self._second_ns + int(fraction) * 1000
        match = _TIME.fullmatch(text)
        if match is None:
            raise ProtocolError(f"{text[:40]!r} is not a time - at `{path}`")
        try:
            seconds = int(datetime.fromisoformat(f"{match[1]}+00:00").timestamp())
        except ValueError as error:
            raise ProtocolError(f"{error} - at `{path}`") from error
        self._second, self._second_ns = f"{match[1]}.", seconds * NS
        return self._second_ns + int((match[2] or "").ljust(9, "0"))
