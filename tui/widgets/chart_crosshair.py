"""The crosshair of a chart: which candle and price it points at, and what is measured with it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from tui.charts.geometry import Geometry
from tui.charts.layers import Crosshair
from tui.model.timeframe import NS, Timeframe


class Measured(msgspec.Struct, frozen=True):
    """From one point of a chart to another.

    Attributes:
        bars: how many further on, negative for back. seconds: likewise.
        price: the difference. percent: of the price it began at; None where that is not above 0.
    """

    bars: int
    seconds: float
    price: float
    percent: float | None


class Pointer:
    """Points at a candle and a price, by keys or by the mouse, or at nothing.

    The price is the candle's close, until it is moved away from there.

    Attributes:
        cross: where it points; None while it is off.
    """

    def __init__(self) -> None:
        self.cross: Crosshair | None = None
        self._holds_close = False

    @property
    def time(self) -> int | None:
        """Open time (ns) of the candle that is pointed at."""
        return None if self.cross is None else self.cross.time

    def start(self, time: int, close: float) -> None:
        """Point at a candle's close."""
        self.cross = Crosshair(time, close)
        self._holds_close = True

    def move_on(self, time: int, close: float | None) -> None:
        """Point at another candle: at its close, or at the price that was moved to."""
        if self.cross is not None:
            price = close if self._holds_close else self.cross.price
            self.cross = msgspec.structs.replace(self.cross, time=time, price=price)

    def _point(self, time: int, price: float | None) -> None:
        """Point there; what is being measured goes on."""
        since = None if self.cross is None else self.cross.since
        self.cross = Crosshair(time, price, since)
        self._holds_close = False

    def end(self) -> None:
        self.cross = None

    @property
    def measures(self) -> bool:
        """True while something is measured."""
        return self.cross is not None and self.cross.since is not None

    def start_measuring(self) -> None:
        """Measure from where it points on."""
        cross = self.cross
        if cross is not None and cross.price is not None:
            self.cross = Crosshair(cross.time, cross.price, (cross.time, cross.price))

    def stop_measuring(self) -> None:
        if self.cross is not None:
            self.cross = Crosshair(self.cross.time, self.cross.price)

    def move_rows(self, rows: int, geometry: Geometry, decimals: int) -> None:
        """Point so many rows further down, as far as there are prices."""
        cross = self.cross
        if cross is None:
            return
        row = None if cross.price is None else geometry.row_of(cross.price)
        if row is None:
            row = geometry.price_rows // 2
        row = min(max(row + rows, 0), geometry.price_rows - 1)
        price = geometry.price_at(row)
        self._point(cross.time, None if price is None else round(price, decimals))

    def move_to(self, column: int, row: int, geometry: Geometry, decimals: int) -> bool:
        """Point at what a cell of the chart shows; False where that is nothing."""
        time = geometry.time_at(column)
        bar = None if time is None else geometry.bar_at(time)
        if bar is None:
            return False
        price = geometry.price_at(row)
        self._point(bar.open_time, None if price is None else round(price, decimals))
        return True

    def change_timeframe(self, timeframe: Timeframe) -> None:
        """Go on pointing at the same moment."""
        if self.cross is not None:
            self.cross = msgspec.structs.replace(self.cross, time=timeframe.floor(self.cross.time))

    def measured(self, times: Sequence[int], merge: int) -> Measured | None:
        """What is measured, among candles with these open times (ns); None where nothing is."""
        cross = self.cross
        if cross is None or cross.since is None or cross.price is None:
            return None
        start, price = cross.since
        candles = bisect_right(times, cross.time) - bisect_right(times, start)
        return Measured(
            bars=round(candles / merge),
            seconds=(cross.time - start) / NS,
            price=cross.price - price,
            percent=(cross.price - price) / price * 100 if price > 0 else None,
        )
