"""Reads the values that stand on the command line; each mistake is an argparse.ArgumentTypeError."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

REGIMES: Final = ("auto", "quiet", "normal", "busy", "crash")
"""How lively the simulated market can be."""
_NUMBERS: Final = ("grid", "frame_rate")


class Start(NamedTuple):
    """Where a replay begins; one of the three is set, or none.

    Attributes:
        offset_s: seconds after the first frame.
        clock_s: seconds after midnight UTC.
        moment: an instant, ns since the epoch.
    """

    offset_s: float | None = None
    clock_s: float | None = None
    moment: int | None = None


def read_setting(key: str) -> Callable[[str], object]:
    """A reader of a setting's value, by the rules of the settings file."""

    def read(text: str) -> object:
        from tui.config.values import TOP_LEVEL, WrongValue

        is_number = key in _NUMBERS and re.fullmatch(r"[0-9]{1,9}", text)
        value: object = int(text) if is_number else text
        try:
            TOP_LEVEL[key](value)
        except WrongValue as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise argparse.ArgumentTypeError(f"{error.problem}{hint}") from None
        return value

    return read


def read_whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


def read_seconds(text: str) -> float:
    """Read seconds, from 1 to 600."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) or not 1 <= float(text) <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 600")
    return float(text)


def read_regime(text: str) -> str:
    """Read how lively the simulated market is to be."""
    if text not in REGIMES:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(REGIMES)}")
    return text


def read_speed(text: str) -> float:
    """Read how many times faster than real time a replay runs: `2`, `0.5x`, `max`."""
    if text == "max":
        return math.inf
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = math.nan
    if not 0.1 <= speed <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.1 to 100, nor max")
    return speed


def read_start(text: str) -> Start:
    """Read `90`, `1:30`, `23:55:00` or an ISO time; a time without zone is UTC."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return Start(offset_s=float(text))
    if match := re.fullmatch(r"([0-9]{1,5}):([0-5][0-9](?:\.[0-9]+)?)", text):
        return Start(offset_s=int(match[1]) * 60 + float(match[2]))
    if match := re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)Z?", text):
        return Start(clock_s=int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time: write 90, 1:30, 23:55:00 or 2024-08-08T23:55:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Start(moment=since // timedelta(microseconds=1) * 1000)
