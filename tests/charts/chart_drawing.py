"""What the chart tests share: candles in one line, a palette, and strips as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from textual.strip import Strip

from tui.charts import EIGHTHS, ChartPainter, Palette
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("SIM", "BTCUSDT")
MINUTE = Timeframe(1, "m")
START = 1_795_255_200 * NS  # 2026-11-21 10:00:00 UTC

PALETTE = Palette(
    background="#000000",
    text="#ffffff",
    muted="#888888",
    grid="#222222",
    axis="#aaaaaa",
    up="#00ff00",
    down="#ff0000",
    up_volume="#008800",
    down_volume="#880000",
    last_price="#ffff00",
    highlight="#eeeeee",
)


def candle(
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float = 1.0,
    *,
    at: int = 0,
    timeframe: Timeframe = MINUTE,
    start: int = START,
) -> Candle:
    """A candle that opens `at` spans after the start."""
    open_time = start + at * timeframe.seconds * NS
    return Candle(BTC, timeframe, open_time, opened, high, low, close, volume, closed=True)


def series(prices: Iterable[tuple[float, float, float, float]], **options: Any) -> list[Candle]:
    """Candles one after another, given as open, high, low, close."""
    return [candle(*each, at=at, **options) for at, each in enumerate(prices)]


def wave(count: int, **options: Any) -> list[Candle]:
    """Candles that rise and fall, some up and some down, always the same ones."""
    prices = []
    price = 100.0
    for number in range(count):
        close = price + (number * 7 % 11 - 5) * 0.5
        prices.append((price, max(price, close) + 0.75, min(price, close) - 0.5, close))
        price = close
    return series(prices, **options)


def paint(candles: Sequence[Candle], width: int, height: int, **options: Any) -> list[Strip]:
    """Paint with a painter of its own."""
    options = {
        "timeframe": MINUTE,
        "price_decimals": 2,
        "palette": PALETTE,
        "glyphs": EIGHTHS,
    } | options
    painter = options.pop("painter", None) or ChartPainter()
    return painter.paint(candles, width=width, height=height, **options)


def picture(strips: Sequence[Strip]) -> str:
    """The strips as text, a line each, blanks at the right cut off."""
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def colour_at(strips: Sequence[Strip], column: int, row: int) -> tuple[str, str]:
    """Foreground and background of a cell."""
    for segment in strips[row].crop(column, column + 1):
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.bgcolor is not None
        return segment.style.color.name, segment.style.bgcolor.name
    raise AssertionError("no such cell")
