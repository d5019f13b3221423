"""Which candles of a series a chart shows: how wide they are, how many make a bar, where it ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from tui.model.chart import PanelView
from tui.model.timeframe import NS, Timeframe

ZOOMS: Final = (
    *((columns, 1) for columns in range(8, 0, -1)),
    *((1, merge) for merge in (2, 3, 4, 6, 12, 24, 48)),
)
"""Cells a candle takes and candles in a bar, from the nearest look to the widest."""
_WIDTHS: Final = [merge / columns for columns, merge in ZOOMS]
SCREENS_AHEAD: Final = 1
"""Views of candles that are held, where there are any, beyond the left edge."""


def zoomed(view: PanelView, steps: int) -> PanelView:
    """The view so many steps nearer, or further away where that is negative."""
    if not steps:
        return view
    # What was remembered may lie between two of them.
    width = view.merge / view.columns
    at = bisect_left(_WIDTHS, width) if steps > 0 else bisect_right(_WIDTHS, width) - 1
    columns, merge = ZOOMS[min(max(at - steps, 0), len(ZOOMS) - 1)]
    return msgspec.structs.replace(view, columns=columns, merge=merge)


class Viewport:
    """Where the right edge of a chart stands: at the newest candle, or at a moment of the past.

    The moment is kept, so that whatever comes at either end of the series, or another timeframe, leaves
    it where it is. Every method is given the open times (ns) of the series' candles as they are now,
    oldest first.

    Attributes:
        anchor: the moment (ns) at the right edge; None for the newest candle.
        seeks_first: the chart is on its way to the oldest candle that there is.
        begins: nothing is older than the oldest candle.
    """

    def __init__(self, anchor: int | None = None) -> None:
        self.anchor = anchor
        self.seeks_first = self.begins = False

    @property
    def follows(self) -> bool:
        """True while the newest candle is in sight, whichever that is."""
        return self.anchor is None and not self.seeks_first

    def follow(self) -> None:
        """Go to the newest candle, and stay there."""
        self.anchor = None
        self.seeks_first = False

    def seek_first(self) -> None:
        """Go to the oldest candle, however many come."""
        self.seeks_first = True

    def settle(self, times: Sequence[int], slots: int, view: PanelView) -> None:
        """On the way to the oldest candle: go as far as there are candles now."""
        if self.seeks_first and times:
            self.stand_at(min(slots * view.merge, len(times)) - 1, times)

    def offset(self, times: Sequence[int], slots: int, view: PanelView) -> int:
        """Candles between the right edge and the newest."""
        return len(times) - 1 - self.edge(times, slots, view) if times else 0

    def edge(self, times: Sequence[int], slots: int, view: PanelView) -> int:
        """Index of the candle at the right edge; -1 without any candles."""
        last = len(times) - 1
        if self.anchor is None or not times:
            return last
        index = bisect_right(times, self.anchor) - 1
        if index < 0 or self.begins:
            # There are no candles before these, or not yet: the view is full of those that there are.
            index = max(index, min(slots * view.merge - 1, last))
        return index

    def span(self, times: Sequence[int], slots: int, view: PanelView) -> tuple[int, int]:
        """Open times (ns) of the oldest and the newest candle in sight; zeros without candles."""
        if not times:
            return 0, 0
        edge = self.edge(times, slots, view)
        return times[max(edge - slots * view.merge + 1, 0)], times[edge]

    def stand_at(self, index: int, times: Sequence[int]) -> None:
        """Put the right edge at a candle; at the newest it follows."""
        if index >= len(times) - 1:
            self.anchor = None
        else:
            # The end of the candle: candles of a shorter timeframe go on as far as this one does.
            self.anchor = times[max(index, 0) + 1] - 1

    def pan(self, bars: int, times: Sequence[int], slots: int, view: PanelView) -> None:
        """Move by so many bars, to the past where that is negative, no further than there are
        candles."""
        self.seeks_first = False
        if not times:
            return
        edge = self.edge(times, slots, view)
        least = min(slots * view.merge, len(times)) - 1
        # Who stands further back than there are candles is not moved on by looking back.
        least = min(least, edge)
        self.stand_at(max(edge + bars * view.merge, least), times)

    def zoom(
        self,
        before: PanelView,
        after: PanelView,
        times: Sequence[int],
        *,
        slots: int,
        focus: int | None = None,
    ) -> None:
        """Keep the candle that holds the moment `focus` (ns) in its column while the view changes; the
        right edge without one.

        Args:
            slots: bars in sight after the change.
        """
        self.seeks_first = False
        if focus is None or not times:
            return
        edge = self.edge(times, slots, after)
        index = min(max(bisect_right(times, focus) - 1, 0), edge)
        cells = (edge - index) / before.merge * before.columns
        moved = index + round(cells / after.columns * after.merge)
        least = min(slots * after.merge, len(times)) - 1
        if moved != edge:
            self.stand_at(max(moved, least), times)

    def wanted_since(
        self, times: Sequence[int], slots: int, view: PanelView, timeframe: Timeframe
    ) -> int | None:
        """The time (ns) back to which candles should be held for this view; 0 for all that there are,
        None where nobody can tell."""
        if self.seeks_first:
            return 0
        if not times:
            return None
        needed = slots * view.merge * (1 + SCREENS_AHEAD)
        if self.anchor is not None and self.anchor < times[0]:
            return max(self.anchor - needed * timeframe.seconds * NS, 1)
        first = self.edge(times, slots, view) - needed + 1
        if first >= 0:
            return times[first]
        return max(times[0] + first * timeframe.seconds * NS, 1)

    def step(self, time: int, bars: int, times: Sequence[int], view: PanelView) -> int:
        """The open time (ns) of the candle so many bars from the one that holds `time`, stopping at the
        ends."""
        if not times:
            return time
        index = max(bisect_right(times, time) - 1, 0) + bars * view.merge
        return times[min(max(index, 0), len(times) - 1)]

    def show(self, time: int, times: Sequence[int], slots: int, view: PanelView) -> None:
        """Move as little as it takes to have the candle of a time (ns) in sight."""
        if not times:
            return
        index, edge = bisect_left(times, time), self.edge(times, slots, view)
        if index > edge:
            self.stand_at(index, times)
        elif index <= edge - slots * view.merge:
            self.stand_at(max(index + slots * view.merge - 1, 0), times)
