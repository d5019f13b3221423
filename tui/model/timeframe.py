"""The span of a candle, and the arithmetic of where candles open. All times are UTC nanoseconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from tui.model.errors import InstrumentError

NS = 1_000_000_000
MS = 1_000_000
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_629_746}
_DAY_SECONDS = 86_400
_FIRST_MONDAY = 4 * 86_400  # 1970-01-05, the first Monday after the epoch
_PATTERN = re.compile(r"([1-9][0-9]{0,3})([smhdwM])")


class Timeframe(msgspec.Struct, frozen=True, cache_hash=True):
    """A number of units, for example 15 minutes; `m` is the minute and `M` the month.

    Candles open at multiples of the span since the epoch, weeks on Mondays, months on the first.
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read `1m`, `4h`, `1d`, `1w`, `1M`.

        Raises:
            InstrumentError: not a number and a unit of s m h d w M.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise InstrumentError(
                f"{text!r} is not a timeframe", "write a number and one of s m h d w M, such as 15m"
            )
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def seconds(self) -> int:
        """Nominal length in seconds; a month counts as a twelfth of a mean year."""
        return self.count * _UNIT_SECONDS[self.unit]

    def floor(self, ts: int) -> int:
        """Open time (ns) of the candle that holds `ts` (ns)."""
        if self.unit == "M":
            months = self._months(ts)
            return _month_start(months - months % self.count)
        origin = _FIRST_MONDAY * NS if self.unit == "w" else 0
        span = self.seconds * NS
        return ts - (ts - origin) % span

    def next_open(self, ts: int) -> int:
        """Open time (ns) of the candle after the one that holds `ts` (ns)."""
        if self.unit == "M":
            months = self._months(ts)
            return _month_start(months - months % self.count + self.count)
        return self.floor(ts) + self.seconds * NS

    @staticmethod
    def _months(ts: int) -> int:
        moment = datetime.fromtimestamp(ts // NS, UTC)
        return moment.year * 12 + moment.month - 1


USUAL: tuple[Timeframe, ...] = (
    Timeframe(1, "s"),
    *(Timeframe(count, "m") for count in (1, 3, 5, 15, 30)),
    *(Timeframe(count, "h") for count in (1, 2, 4, 6, 8, 12)),
    *(Timeframe(count, "d") for count in (1, 3)),
    Timeframe(1, "w"),
    Timeframe(1, "M"),
)
"""The timeframes that charts are offered in, shortest first."""


def adds_up(part: Timeframe, whole: Timeframe) -> bool:
    """True where candles of `part`, whatever their number, make up each candle of `whole` exactly."""
    if part.unit == "M" or (part.unit == "w" and whole.unit != "w"):
        return part.unit == whole.unit and whole.count % part.count == 0
    if whole.unit == "M" or (whole.unit == "w" and part.unit != "w"):
        return _DAY_SECONDS % part.seconds == 0
    return whole.seconds % part.seconds == 0


def longest_part(offered: Iterable[Timeframe], whole: Timeframe) -> Timeframe | None:
    """The longest of those offered whose candles add up to those of `whole`; None without any."""
    parts = [part for part in offered if adds_up(part, whole)]
    return max(parts, key=lambda part: part.seconds, default=None)


def step_timeframe(offered: Iterable[Timeframe], present: Timeframe, steps: int) -> Timeframe:
    """The timeframe that is `steps` longer (or shorter, where negative) of those offered, stopping at
    the ends; `present` where none is offered."""
    ordered = sorted(offered, key=lambda timeframe: timeframe.seconds)
    if not ordered:
        return present
    if present in ordered:
        index = ordered.index(present) + steps
    else:
        longer = sum(timeframe.seconds <= present.seconds for timeframe in ordered)
        index = longer + steps - 1 if steps > 0 else longer + steps
    return ordered[max(0, min(index, len(ordered) - 1))]


def _month_start(months: int) -> int:
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp()) * NS
