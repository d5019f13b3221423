"""Labels for axes: round price steps, numbers of stable width, times and dates in UTC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tui.model.timeframe import NS, Timeframe

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TIME_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
    *(_DAY, 7 * _DAY),
)
_MONTH_STEPS = (1, 3, 6, 12, 24, 60, 120, 240, 600)
_MONTH = 2_629_746
_FIRST_MONDAY = 4 * _DAY
_COMPACT_WIDTH = 7
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59, the end of the calendar


def price_step(span: float, at_most: int, decimals: int) -> float:
    """The smallest 1, 2, 2.5 or 5 times a power of ten that cuts the span in `at_most` pieces.

    Args:
        decimals: digits after the point that prices have; the step needs no more of them.
    """
    finest = 10.0**-decimals
    rough = max(span / max(at_most, 1), finest)
    power = math.floor(math.log10(rough))
    unit = 10.0**power
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if factor == 2.5 and power - 1 < -decimals:
            continue
        if factor * unit >= rough * (1 - 1e-9):
            return factor * unit
    return 10.0 * unit


def round_up(value: float) -> float:
    """The value raised to two leading digits; 0 where it is nothing that can be scaled."""
    if not 1e-100 < value < 1e100:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / unit) * unit


def step_decimals(step: float) -> int:
    """Digits after the point that multiples of a price step need."""
    power = math.floor(math.log10(step) + 1e-9)
    lead = step / 10.0**power
    return max(0, -power + (abs(lead - round(lead)) > 1e-6))


def round_prices(low: float, high: float, step: float) -> list[float]:
    """The multiples of the step from low to high, lowest first; at most a thousand."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 999) + 1)]


class PriceFormat(msgspec.Struct, frozen=True):
    """How prices are written: digits after the point, grouped or not, or abbreviated."""

    decimals: int
    grouped: bool = True
    abbreviated: bool = False

    def __call__(self, price: float) -> str:
        if self.abbreviated:
            return compact(price)
        text = f"{price:,.{self.decimals}f}" if self.grouped else f"{price:.{self.decimals}f}"
        return text[1:] if text[0] == "-" and not text.strip("-0.,") else text


def fit_price_format(
    prices: Sequence[float], *, decimals: int, least: int, limit: int
) -> tuple[PriceFormat, int]:
    """The fullest format whose labels fit, and the width they need.

    Args:
        decimals: the venue's digits. least: digits that tell neighbouring labels apart.
        limit: most cells a label may have, 7 or more.
    """
    formats = [
        PriceFormat(digits, grouped)
        for grouped in (True, False)
        for digits in range(decimals, min(least, decimals) - 1, -1)
    ]
    for form in formats:
        width = max(len(form(price)) for price in prices)
        if width <= limit:
            return form, width
    return PriceFormat(0, abbreviated=True), min(_COMPACT_WIDTH, limit)


def compact(value: float) -> str:
    """At most seven cells for any number: 950, 1.23K, 45.6M, 0.012, 1e-9."""
    size = abs(value)
    if not math.isfinite(value):
        return "-"
    if size >= 1e15:
        return f"{value:.0e}".replace("+", "")
    for threshold, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= threshold * 0.9995:
            return _three_digits(value / threshold) + unit
    if size == 0:
        return "0"
    if size < 0.001:
        return f"{value:.0e}".replace("e-0", "e-")
    return _three_digits(value)


def _three_digits(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def countdown(close_ns: int, now_ns: int) -> str:
    """Time until a candle closes, "04:32", "1:04:32" or "3d 04h"; empty once it is over."""
    left = -(-(close_ns - now_ns) // NS)
    if left <= 0:
        return ""
    if left >= _DAY:
        return f"{left // _DAY}d {left % _DAY // _HOUR:02}h"
    minutes, seconds = divmod(left, 60)
    if minutes < 60:
        return f"{minutes:02}:{seconds:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def span_text(span_ns: int) -> str:
    """A length of time in two units, "45s", "12m", "3h 20m", "2d 4h"."""
    seconds = abs(span_ns) // NS
    for unit, below, size, part in (
        ("d", "h", _DAY, _HOUR),
        ("h", "m", _HOUR, _MINUTE),
        ("m", "s", _MINUTE, 1),
    ):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size}{unit}" + (f" {rest}{below}" if rest else "")
    return f"{seconds}s"


def full_time(time: int, timeframe: Timeframe) -> str:
    """The open time (ns) of a candle as exactly as its timeframe needs, in UTC; empty outside the
    calendar."""
    moment = _moment(time // NS)
    if moment is None:
        return ""
    if timeframe.unit == "M":
        return f"{moment:%b %Y}"
    if timeframe.seconds >= _DAY:
        return f"{moment.day} {moment:%b %Y}"
    clock = "%H:%M:%S" if timeframe.seconds < _MINUTE else "%H:%M"
    return f"{moment.day} {moment:%b} {moment.strftime(clock)}"


class TimeLabel(msgspec.Struct, frozen=True):
    """A label for the candle at an index; `is_date` where a new day, month or year begins."""

    index: int
    text: str
    is_date: bool


def time_labels(times: Sequence[int], timeframe: Timeframe, *, every: float) -> list[TimeLabel]:
    """Label the candles that open at round times.

    Args:
        times: open times (ns), rising; `timeframe` the span of one of them.
        every: candles that should lie between two labels at least.
    """
    wanted = max(every, 1.0) * timeframe.seconds
    step = next((step for step in _TIME_STEPS if step >= wanted), None)
    if step is None or timeframe.unit == "M":
        return _month_labels(times, wanted)
    origin = _FIRST_MONDAY if step == 7 * _DAY else 0
    seconds = [time // NS for time in times]
    parts = [(second - origin) // step for second in seconds]
    marks = [at for at in range(1, len(parts)) if parts[at] != parts[at - 1]]
    if parts and seconds[0] == parts[0] * step + origin:
        marks.insert(0, 0)
    labels = []
    day = seconds[0] // _DAY if seconds else 0
    for at in marks:
        second = seconds[at]
        boundary = parts[at] * step + origin
        # The first candle of a day may open after midnight where there is a gap.
        is_date = second // _DAY != day or second % _DAY == 0
        day = second // _DAY
        if is_date:
            text = _date(second, step)
        else:
            text = _clock(boundary if second - boundary < timeframe.seconds else second, step)
        if text:
            labels.append(TimeLabel(at, text, is_date))
    return labels


def day_starts(times: Sequence[int]) -> list[int]:
    """Indices of the candles that are the first of their UTC day, the first candle excepted."""
    days = [time // (_DAY * NS) for time in times]
    return [index for index in range(1, len(days)) if days[index] != days[index - 1]]


def _month_labels(times: Sequence[int], wanted: float) -> list[TimeLabel]:
    months = next((n for n in _MONTH_STEPS if n * _MONTH >= wanted), _MONTH_STEPS[-1])
    labels = []
    before: int | None = None
    for index, time in enumerate(times):
        moment = _moment(time // NS)
        if moment is None:
            continue
        part = (moment.year * 12 + moment.month - 1) // months
        if part != before and (before is not None or moment.day == 1):
            is_year = moment.month == 1 or months >= 12
            labels.append(TimeLabel(index, f"{moment:%Y}" if is_year else f"{moment:%b}", is_year))
        before = part
    return labels


def _date(second: int, step: int) -> str:
    moment = _moment(second)
    if moment is None:
        return ""
    if step >= _DAY and moment.day == 1:
        return f"{moment:%Y}" if moment.month == 1 else f"{moment:%b}"
    return f"{moment.day} {moment:%b}"


def _clock(second: int, step: int) -> str:
    if not 0 <= second <= _LAST_SECOND:
        return ""
    minutes = second // 60 % 1440
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second % 60:02}" if step < _MINUTE else text


def _moment(second: int) -> datetime | None:
    return datetime.fromtimestamp(second, UTC) if 0 <= second <= _LAST_SECOND else None
