"""The axis of prices: which ones are labelled, and how, on each kind of scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10

import msgspec

from tui.charts.axes import (
    PriceFormat,
    compact,
    countdown,
    fit_price_format,
    price_step,
    round_prices,
    step_decimals,
)
from tui.charts.canvas import Canvas, write_label
from tui.charts.palette import Ink
from tui.charts.scale import HeldRow, Scale
from tui.model.chart import PriceScale

_ROWS_PER_PRICE = 4
_LEAST_ROWS_PER_PRICE = 2.5
_EVEN = 1.6
_PERCENT_DECIMALS = 4


class PercentFormat(msgspec.Struct, frozen=True):
    """How prices are written as percent of a `base`."""

    base: float
    decimals: int

    def __call__(self, price: float) -> str:
        percent = (price / self.base - 1.0) * 100.0
        if abs(percent) >= 1e5:
            return f"{compact(percent)}%"
        text = f"{percent:+.{self.decimals}f}"
        return f"{text if text.strip('+-0.') else text[1:]}%"


class Axis(msgspec.Struct, frozen=True):
    """Prices to be labelled, how they are written, and the cells that takes."""

    ticks: Sequence[float]
    form: Callable[[float], str]
    width: int


def price_axis(scale: Scale, kind: PriceScale, *, decimals: int, base: float, limit: int) -> Axis:
    """The labels of a scale.

    Args:
        decimals: digits after the point, the venue's. base: the price that is 0 %.
        limit: most cells a label may take; 0 for no labels.
    """
    if kind is PriceScale.PERCENT:
        return _percent_axis(scale, base, limit)
    if kind is PriceScale.LOG and scale.high > scale.low * _EVEN:
        ticks = _log_ticks(scale, decimals)
        least = max((step_decimals(tick) for tick in ticks), default=decimals)
    else:
        step = price_step(scale.high - scale.low, _pieces(scale), decimals)
        ticks = _apart(round_prices(scale.low, scale.high, step), scale)
        least = step_decimals(step)
    if not limit:
        return Axis(ticks, PriceFormat(decimals), 0)
    ends = (scale.low, scale.high)
    form, width = fit_price_format(ends, decimals=decimals, least=least, limit=limit)
    return Axis(ticks, form, width)


def _pieces(scale: Scale) -> int:
    return max(scale.rows // _ROWS_PER_PRICE, 2)


def _apart(ticks: list[float], scale: Scale) -> list[float]:
    """Without those that a logarithm pushes too close to one another."""
    if not scale.is_log:
        return ticks
    kept: list[float] = []
    for tick in ticks:
        if not kept or _rows_between(scale, tick, kept[-1]) >= _LEAST_ROWS_PER_PRICE:
            kept.append(tick)
    return kept


def _rows_between(scale: Scale, one: float, other: float) -> float:
    return abs(scale.position(one) - scale.position(other))


def _log_ticks(scale: Scale, decimals: int) -> list[float]:
    """Powers of ten, and between them as many round numbers as there is room for."""
    low, high = scale.low, scale.high
    if low < 1e-300 or high > 1e300:
        return []
    first, last = floor(log10(low)), ceil(log10(high))
    finest = 10.0**-decimals
    kept: list[float] = []
    for factors in ((1.0,), (3.0,), (2.0, 5.0), (1.5, 4.0, 7.0), (2.5, 6.0, 8.0)):
        for power in range(first, last + 1):
            for factor in factors:
                tick = factor * 10.0**power
                if (
                    low <= tick <= high
                    and abs(tick / finest - round(tick / finest)) < 1e-6
                    and all(
                        _rows_between(scale, tick, other) >= _LEAST_ROWS_PER_PRICE for other in kept
                    )
                ):
                    kept.append(tick)
    return sorted(kept)


def _percent_axis(scale: Scale, base: float, limit: int) -> Axis:
    low, high = ((price / base - 1.0) * 100.0 for price in (scale.low, scale.high))
    step = price_step(high - low, _pieces(scale), _PERCENT_DECIMALS)
    ticks = [base * (1.0 + percent / 100.0) for percent in round_prices(low, high, step)]
    digits = step_decimals(step)
    if not limit:
        return Axis(ticks, PercentFormat(base, digits), 0)
    for decimals in range(max(digits, 2), -1, -1):
        form = PercentFormat(base, decimals)
        width = max(len(form(scale.low)), len(form(scale.high)))
        if width <= limit:
            break
    return Axis(ticks, form, min(width, limit))


def draw_price_axis(canvas: Canvas) -> None:
    """Label round prices, and draw a faint line through the empty cells of their rows."""
    labelled = set()
    for price in canvas.ticks:
        number = canvas.scale.row(price)
        if number is None:
            continue
        row = canvas.rows[number]
        row.fill, row.fill_ink = canvas.glyphs.grid_line, canvas.inks.grid
        row.fill_width = canvas.plot_width
        if canvas.label_width:
            labelled.add(number)
            write_label(canvas, number, canvas.form(price)[-canvas.label_width :], canvas.inks.axis)
    _name_scale(canvas, labelled)


def _name_scale(canvas: Canvas, labelled: set[int]) -> None:
    """Say where distances are not those of prices, or are although something else was wanted."""
    name = "log" if canvas.price_scale is PriceScale.LOG else ""
    if canvas.price_scale is not canvas.wanted_scale:
        name = "linear" if canvas.label_width >= len("linear") else "lin"
    free = next((row for row in range(canvas.scale.rows) if row not in labelled), None)
    if name and free is not None and len(name) <= canvas.label_width:
        write_label(canvas, free, name, canvas.inks.muted)


def draw_last_price(canvas: Canvas, held: HeldRow) -> None:
    """Draw a line through the empty cells at the last price, its label, and the time left."""
    price = canvas.last_price
    number = None if price is None else held.of(canvas.scale, price)
    if price is None or number is None:
        return
    row = canvas.rows[number]
    canvas.last_row = number
    row.fill, row.fill_ink = canvas.glyphs.last_line, canvas.inks.last_line
    row.fill_width = canvas.plot_width
    if not canvas.label_width:
        return
    text = canvas.form(price)[-canvas.label_width :]
    ink = _last_ink(canvas)
    write_label(canvas, number, text, ink)
    left = _time_left(canvas)
    below = number + 1 if number + 1 < canvas.scale.rows else number - 1
    if left and len(left) <= canvas.label_width and below >= 0:
        write_label(canvas, below, left, ink)
        canvas.countdown_row = below


def relabel_last_price(canvas: Canvas, price: float) -> None:
    """Write another last price into the label of a finished painting, in the same row."""
    number = canvas.last_row
    if number is None or not canvas.label_width:
        return
    row, ink = canvas.rows[number], _last_ink(canvas)
    text = canvas.form(price)[-canvas.label_width :]
    # Where something else stands in its place, it stood before the price already.
    if row.cells[-1][2] is ink and row.cells[-1][1].strip() != text.strip():
        row.cells = row.cells[:-1]
        write_label(canvas, number, text, ink)


def count_down(canvas: Canvas, now_ns: int) -> bool:
    """Bring the countdown of a finished painting up to date.

    Returns:
        False where that takes a new painting, since more changes than its digits.
    """
    before, canvas.now_ns = _time_left(canvas), now_ns
    left = _time_left(canvas)
    if len(left) != len(before):
        return False
    number = canvas.countdown_row
    if left == before or number is None:
        return True
    row, ink = canvas.rows[number], _last_ink(canvas)
    if not row.cells or row.cells[-1][2] is not ink or row.cells[-1][1].strip() != before:
        return False  # something stands before it
    row.cells = row.cells[:-1]
    write_label(canvas, number, left, ink)
    return True


def _last_ink(canvas: Canvas) -> Ink:
    return canvas.inks.muted if canvas.is_stale else canvas.inks.last_label


def _time_left(canvas: Canvas) -> str:
    """The countdown to the close of the newest candle; empty when it is over or unknown."""
    if not canvas.now_ns or canvas.merge > 1:
        return ""
    try:
        close = canvas.timeframe.next_open(canvas.bars[-1].open_time)
    except (ValueError, OverflowError, OSError):
        return ""  # a month outside the calendar
    return countdown(close, canvas.now_ns)
