"""Brings a finished chart up to date where nothing but its newest candle moved: a few cells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from tui.charts.canvas import Canvas
from tui.charts.frame import volume_cells
from tui.charts.price_axis import count_down, relabel_last_price
from tui.charts.rows import Cell
from tui.charts.scale import HeldRow, Scale
from tui.charts.styles import Stylist
from tui.charts.view import Bar, look
from tui.model.events import Candle


class Finished(msgspec.Struct, eq=False, kw_only=True):
    """A painting of plain candles, and what decides whether it can be retouched.

    Attributes:
        key: whatever it depends on besides its newest candle, the last price and the time.
        fit: the scale that a lowest and a highest price need.
        volume_top: what fills the part of the volume.
        last_row: where the last price is shown.
    """

    key: object
    canvas: Canvas
    fit: Callable[[float, float], Scale]
    volume_top: float
    last_row: HeldRow
    low: float = 0.0
    high: float = 0.0
    most: float = 0.0

    def __post_init__(self) -> None:
        head = self.canvas.bars[:-1]
        self.low = min((bar.low for bar in head), default=0.0)
        self.high = max((bar.high for bar in head), default=0.0)
        self.most = max((bar.volume for bar in head), default=0.0)

    def retouch(
        self, candle: Candle, last_price: float | None, now_ns: int, stylist: Stylist
    ) -> set[int] | None:
        """Move the newest candle, the last price and the countdown.

        Returns:
            Numbers of the rows that changed; None where more than that changes, and nothing was done.
        """
        canvas = self.canvas
        before, bar = canvas.bars[-1], self._bar_of(candle)
        if bar is None or not self._stays(before, bar, last_price):
            return None
        held = [row.cells for row in canvas.rows]
        changed = None
        if count_down(canvas, now_ns):
            changed = self._moved(stylist, before, bar)
        if changed is None:
            for row, cells in zip(canvas.rows, held, strict=True):
                row.cells = cells
            return None
        for number, cells in changed.items():
            canvas.rows[number].cells = cells
        canvas.bars[-1], canvas.last_price = bar, last_price
        if last_price is not None:
            relabel_last_price(canvas, last_price)
        return {
            number
            for number, (row, cells) in enumerate(zip(canvas.rows, held, strict=True))
            if row.cells is not cells
        }

    def _bar_of(self, candle: Candle) -> Bar | None:
        """The candle in the newest one's place; None where it is another, or makes no sense."""
        before = self.canvas.bars[-1]
        bars = look([candle], self.canvas.timeframe, slots=1).bars
        if not bars or bars[0].open_time != before.open_time:
            return None
        bars[0].slot = before.slot
        return bars[0]

    def _stays(self, before: Bar, bar: Bar, last_price: float | None) -> bool:
        """Tell whether scales and the marks of the highest and the lowest price stay as they are."""
        canvas = self.canvas
        row = None if last_price is None else self.last_row.of(canvas.scale, last_price)
        most = max(self.most, bar.volume)
        return (
            row == canvas.last_row
            and self.low <= min(before.low, bar.low)
            and max(before.high, bar.high) <= self.high
            and (last_price is None or self.low <= last_price <= self.high)
            and self.fit(self.low, self.high) is canvas.scale
            and (not canvas.layout.volume_rows or self.volume_top * 0.5 <= most <= self.volume_top)
        )

    def _moved(self, stylist: Stylist, before: Bar, bar: Bar) -> dict[int, list[Cell]] | None:
        """The cells of the rows where the candle or its volume is drawn otherwise than before."""
        canvas = self.canvas
        volumes = volume_cells(canvas, self.volume_top)
        gone = {*stylist.cells_of(canvas, before), *volumes(before)}
        come = {*stylist.cells_of(canvas, bar), *volumes(bar)}
        changed: dict[int, list[Cell]] = {}
        for row in {row for row, _ in gone ^ come}:
            cells = _exchanged(
                canvas.rows[row].cells,
                {cell for at, cell in gone if at == row},
                (cell for at, cell in come if at == row),
            )
            if cells is None:
                return None
            changed[row] = cells
        return changed


def _exchanged(cells: list[Cell], gone: set[Cell], come: Iterable[Cell]) -> list[Cell] | None:
    """The cells with some in place of others; None where something else stands there."""
    kept = [cell for cell in cells if cell not in gone]
    if len(kept) != len(cells) - len(gone):
        return None
    for cell in come:
        column, text, _ = cell
        at = len(kept)
        while at and kept[at - 1][0] > column:
            at -= 1
        if at and kept[at - 1][0] + len(kept[at - 1][1]) > column:
            return None
        if at < len(kept) and kept[at][0] < column + len(text):
            return None
        kept.insert(at, cell)
    return kept
