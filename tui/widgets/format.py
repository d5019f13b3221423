"""Numbers and times as the screen writes them: venue's precision, grouped digits, fixed widths."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal, InvalidOperation

from tui.model.instrument import InstrumentInfo
from tui.model.moment import date_of
from tui.model.timeframe import NS

DAY_NS = 86_400 * NS

UP, DOWN, SAME = "▲", "▼", "▬"


def price_decimals(info: InstrumentInfo | None, last_text: str = "") -> int:
    """Digits after the point for prices: the venue's tick size, or else the digits it last sent."""
    if info is not None and info.tick_size:
        return info.price_decimals
    _, _, fraction = last_text.partition(".")
    return min(len(fraction.rstrip("0")) or 2, 12) if last_text else 2


def price(value: float | None, decimals: int) -> str:
    """A price with grouped thousands; an em dash when unknown."""
    return "—" if value is None else f"{value:,.{decimals}f}"


def digits(text: str, decimals: int) -> str:
    """The venue's own digits with `decimals` of them after the point and grouped thousands.

    Digits beyond are kept when they are not zero: nothing that the venue said is rounded away.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    _, _, fraction = text.partition(".")
    return f"{number:,.{max(decimals, len(fraction.rstrip('0')))}f}"


def percent(value: float | None) -> str:
    """A signed percentage of fixed width for values below 1000."""
    return "—" if value is None else f"{value:+.2f}%"


def basis_points(value: float) -> str:
    """Two digits behind the point; four where the spread is a tick of a high price."""
    return f"{value:.2f}" if value >= 0.005 or value == 0 else f"{value:.4f}"


def arrow(value: float | None) -> str:
    """The direction as a shape, so that colour is never the only cue."""
    if value is None or value == 0:
        return SAME if value == 0 else " "
    return UP if value > 0 else DOWN


def size(value: float, decimals: int = 8) -> str:
    """A size in at most eight characters: 0.00012345, 12.345678, 1.234K, 56.78M, 1e+20, inf."""
    if not abs(value) < 1e15:  # nor is it, where it is not a number
        return f"{value:.0e}"
    for bound, unit in ((1e9, "B"), (1e6, "M"), (1e4, "K")):
        if abs(value) >= bound:
            scaled = value / {"B": 1e9, "M": 1e6, "K": 1e3}[unit]
            return f"{scaled:.{max(0, 5 - len(str(int(abs(scaled)))))}f}{unit}"
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, min(decimals, 7 - whole))}f}"


def age(seconds: float) -> str:
    """A duration in three or four characters: 12s, 4m, 3h, 2d."""
    if seconds < 100:
        return f"{max(0, int(seconds))}s"
    if seconds < 6000:
        return f"{int(seconds // 60)}m"
    if seconds < 100 * 3600:
        return f"{int(seconds // 3600)}h"
    return f"{int(seconds // 86400)}d"


def byte_rate(value: float) -> str:
    """Bytes a second."""
    if value < 1000:
        return f"{value:.0f} B/s"
    if value < 1000 * 1024:
        return f"{value / 1024:.1f} KiB/s"
    return f"{value / 1024 / 1024:.1f} MiB/s"


def byte_count(value: float) -> str:
    if value < 1000 * 1024:
        return f"{value / 1024:.0f} KiB"
    return f"{value / 1024 / 1024:.0f} MiB"


def milliseconds(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1f} ms" if abs(value) < 100 else f"{value:,.0f} ms"


def clock_time(ts: int, zone: tzinfo, *, millis: bool = False) -> str:
    """HH:MM:SS, with milliseconds where asked, of a time in ns."""
    moment = date_of(ts, zone)
    text = f"{moment:%H:%M:%S}"
    return f"{text}.{ts % NS // 1_000_000:03d}" if millis else text


def when(ts: int, now: int, zone: tzinfo, *, millis: bool = False) -> str:
    """The same, behind the month and the day where it is a day or more from `now` (ns)."""
    time = clock_time(ts, zone, millis=millis)
    return time if abs(now - ts) < DAY_NS else f"{date_of(ts, zone):%m-%d} {time}"


def day_change(open_24h: float | None, last: float | None, told: float | None) -> float | None:
    """The 24 h change in percent: from the day's open and the last price, else the venue's figure."""
    if open_24h and last is not None:
        return (last / open_24h - 1) * 100
    return told
