"""Query parameters of the Binance REST protocol: reading them, and the errors they earn."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

from tui.model.timeframe import MS, Timeframe
from tui.sim.streams import TIMEFRAMES

_SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_ZONE = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-5][0-9]))?")
_STATUSES = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
_US_FROM = 10**14
"""Times above this count microseconds: as milliseconds they would lie past the year 5000."""


class ApiError(Exception):
    """A refused request: the venue's code and words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Params:
    """The query of one request, checked against what its endpoint knows."""

    def __init__(
        self, query: Sequence[tuple[str, str]], known: Collection[str], listed: Collection[str]
    ) -> None:
        """Check the names.

        Raises:
            ApiError: a name comes twice or is unknown, or a value is empty.
        """
        self._values: dict[str, str] = {}
        self._listed = listed
        for name, value in query:
            if name in self._values:
                raise ApiError(-1101, f"Duplicate values for parameter '{_shorten(name)}'.")
            if name not in known:
                raise ApiError(
                    -1101,
                    f"Too many parameters; expected '{len(known)}' and received '{len(query)}'.",
                )
            if not value:
                raise ApiError(-1105, f"Parameter '{name}' was empty.")
            self._values[name] = value

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, allowed: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self._values.get(name, default)
        if value not in allowed:
            raise ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
        return value

    def symbol(self) -> str:
        """The mandatory symbol."""
        value = self._values.get("symbol")
        if value is None:
            raise ApiError(
                -1102,
                "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
            )
        self._check_symbol("symbol", value)
        if self.text("symbolStatus", _STATUSES, "TRADING") != "TRADING":
            raise ApiError(-1220, "The symbol's status does not match the requested symbolStatus.")
        return value

    def symbols(self) -> tuple[list[str], bool]:
        """The symbols that `symbol`, `symbols` or neither name; True when it was `symbol`."""
        if "symbol" in self._values and "symbols" in self._values:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        if "symbol" in self._values:
            return [self.symbol()], True
        if self.text("symbolStatus", _STATUSES, "TRADING") != "TRADING":
            return [], False
        if "symbols" not in self._values:
            return list(self._listed), False
        try:
            names = json.loads(self._values["symbols"])
        except (ValueError, RecursionError):
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ApiError(
                -1100,
                "Illegal characters found in parameter 'symbols'; legal range is "
                '\'^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$\'.',
            )
        for name in names:
            self._check_symbol("symbols", name)
        return names, False

    def _check_symbol(self, parameter: str, value: str) -> None:
        if _SYMBOL.fullmatch(value) is None:
            raise ApiError(
                -1100,
                f"Illegal characters found in parameter '{parameter}'; "
                "legal range is '^[A-Z0-9-_.]{1,20}$'.",
            )
        if value not in self._listed:
            raise ApiError(-1121, "Invalid symbol.")

    def number(self, name: str) -> int | None:
        """A whole number that is not negative."""
        value = self._values.get(name)
        if value is None:
            return None
        if _NUMBER.fullmatch(value) is None:
            raise ApiError(
                -1100,
                f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.",
            )
        if int(value) < 0:
            raise ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
        return int(value)

    def limit(self, default: int, maximum: int) -> int:
        """How many rows; more than the maximum counts as the maximum."""
        value = self.number("limit")
        if value is None:
            return default
        if value == 0:
            raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(value, maximum)

    def time_ns(self, name: str) -> int | None:
        """A moment in ms or us, as ns."""
        value = self.number(name)
        if value is None:
            return None
        return value * (1_000 if value >= _US_FROM else MS)

    def interval(self) -> Timeframe:
        value = self._values.get("interval")
        if value is None:
            raise ApiError(
                -1102,
                "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.",
            )
        if value not in TIMEFRAMES:
            raise ApiError(-1120, "Invalid interval.")
        return TIMEFRAMES[value]

    def offset_s(self) -> int:
        """The time zone, seconds east of Greenwich."""
        match = _ZONE.fullmatch(self._values.get("timeZone", "0"))
        if match is not None:
            seconds = int(match[2]) * 3_600 + int(match[3] or 0) * 60
            seconds = -seconds if match[1] == "-" else seconds
            if -12 * 3_600 <= seconds <= 14 * 3_600:
                return seconds
        raise ApiError(-1130, "Data sent for parameter 'timeZone' is not valid.")


def scan_weight(query: Mapping[str, str], one: int, few: int, many: int) -> int:
    """The weight of a request that names one symbol, up to 20, up to 100, or all."""
    if "symbol" in query:
        return one
    if "symbols" not in query:
        return many
    count = query["symbols"].count(",") + 1
    return one if count <= 20 else few if count <= 100 else many


def _shorten(text: str) -> str:
    return text[:40]
