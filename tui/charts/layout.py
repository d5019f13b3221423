"""How a chart shares its room: which parts there are, and which rows and columns they take."""

from __future__ import annotations

import msgspec


class Layout(msgspec.Struct, frozen=True):
    """Rows and columns of each part; a part without room has none.

    Attributes:
        price_rows, volume_rows, time_rows: from top to bottom, together the height.
        axis_limit: most cells that a price label may take; 0 for no price axis.
    """

    price_rows: int
    volume_rows: int
    time_rows: int
    axis_limit: int


def share_room(width: int, height: int, *, volume: bool) -> Layout:
    """Give each part its room, leaving out what would crowd the candles."""
    time_rows = 1 if height >= 5 and width >= 16 else 0
    volume_rows = round((height - time_rows) * 0.18) if volume and height >= 12 else 0
    axis_limit = 0 if width < 20 or height < 4 else 7 if width < 36 else min(width // 4, 20)
    return Layout(height - time_rows - volume_rows, volume_rows, time_rows, axis_limit)
