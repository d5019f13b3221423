"""Flat candles in a fetched page, for those who want one for every span."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.events import Candle

_MOST_ADDED = 2000


def with_flats(page: Sequence[Candle]) -> list[Candle]:
    """A page, oldest first, with flat candles where the venue has none because nothing was traded."""
    full: list[Candle] = []
    for candle in page:
        while (
            full and (follows := candle.timeframe.next_open(full[-1].open_time)) < candle.open_time
        ):
            price = full[-1].close
            full.append(
                Candle(
                    candle.instrument,
                    candle.timeframe,
                    follows,
                    price,
                    price,
                    price,
                    price,
                    0.0,
                    True,
                    follows,
                    candle.ts_local,
                )
            )
            if len(full) > _MOST_ADDED + len(page):
                return list(page)  # a symbol that hardly trades: its flats would drown what did
        full.append(candle)
    return full
