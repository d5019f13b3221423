"""How a chart shares its room: which parts there are, and which rows and columns they take."""

from __future__ import annotations

import msgspec

_LEAST_ROWS_WITH_PANES = 18


class Layout(msgspec.Struct, frozen=True):
    """Rows and columns of each part; a part without room has none.

    Attributes:
        price_rows, volume_rows, time_rows: from top to bottom, together the height but for the panes,
            which stand above the time.
        axis_limit: most cells that a price label may take; 0 for no price axis.
        panes: how many of them have room. pane_rows: of each one, its heading included.
    """

    price_rows: int
    volume_rows: int
    time_rows: int
    axis_limit: int
    panes: int = 0
    pane_rows: int = 0


def share_room(width: int, height: int, *, volume: bool, panes: int = 0) -> Layout:
    """Give each part its room, leaving out what would crowd the candles.

    Panes take rows of the volume first, then of the candles, which keep half of them all.
    """
    time_rows = 1 if height >= 5 and width >= 16 else 0
    rows = height - time_rows
    volume_rows = round(rows * 0.18) if volume and height >= 12 else 0
    axis_limit = 0 if width < 20 or height < 4 else 7 if width < 36 else min(width // 4, 20)
    if panes <= 0 or height < _LEAST_ROWS_WITH_PANES or not axis_limit:
        return Layout(rows - volume_rows, volume_rows, time_rows, axis_limit)
    pane_rows = max(round(rows * 0.16), 4)
    panes = min(panes, rows // 2 // pane_rows)
    rows -= panes * pane_rows
    if rows - volume_rows < (height - time_rows) / 2:
        volume_rows = 0
    return Layout(rows - volume_rows, volume_rows, time_rows, axis_limit, panes, pane_rows)
