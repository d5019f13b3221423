"""The heatmap of the book behind a panel's candles, with large trades as marks."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from math import ceil, floor, isfinite

from tui.charts.layers import Heat, Layers, Mark
from tui.market.book_history import TIERS, BookColumn, BookHistories, BookHistory
from tui.market.depth import step_ticks
from tui.market.market import Market
from tui.market.prints import Print, PrintRun
from tui.model.events import Side
from tui.model.instrument import Instrument
from tui.model.timeframe import NS
from tui.widgets.chart_layers import LayerSource, Sight

_ROWS = 24
"""About as many rows the candles of a chart take: sizes are compared as they add up in one of them."""
_STRONG_SHARE = 0.95
_MOST_FELL = 0.5
_MEASURED = 40  # columns
_MARKS_KEPT = 400
_LEAST_COLUMNS_FOR_MARKS = 2
_HUGE = 3.0


class BookHeat(LayerSource):
    """What rested in the books of panels whose view has the heatmap on, as far as it was known."""

    def __init__(self, market: Market, histories: BookHistories) -> None:
        self._market = market
        self._histories = histories
        self._pictures: dict[str, _Picture] = {}
        self._prints: dict[Instrument, _LargePrints] = {}

    def revision(self, sight: Sight) -> Hashable:
        if not sight.view.heatmap:
            return None
        history = self._histories.depth(sight.instrument)
        return None if history is None else (id(history), history.revision)

    def layers(self, sight: Sight) -> Layers:
        if not sight.view.heatmap:
            self._pictures.pop(sight.panel, None)
            if not any(self._histories.depth(one) for one in self._prints):
                self._prints.clear()
            return Layers()
        history = self._histories.depth(sight.instrument)
        if history is None:
            return Layers()
        picture = self._pictures.get(sight.panel)
        if picture is None or picture.history is not history:
            picture = self._pictures[sight.panel] = _Picture(history)
        # Charts are painted with every tick of the price, this changes once a second.
        key = (
            history.revision,
            sight.since,
            sight.until,
            sight.is_now,
            sight.view,
            sight.timeframe,
        )
        if picture.key != key:
            picture.key = key
            prints = self._prints.setdefault(sight.instrument, _LargePrints())
            prints.follow(self._market, sight.instrument)
            picture.layers = Layers(
                heat=picture.heat(sight, self._price_range(sight)),
                marks=print_marks(prints.held, sight),
            )
        return picture.layers

    def _price_range(self, sight: Sight) -> float:
        """From the lowest to the highest price of the candles in sight; 0 without any, and where one
        is no number."""
        candles = self._market[sight.instrument].series(sight.timeframe).candles
        low, high = 0.0, 0.0
        for candle in reversed(candles):
            if candle.open_time < sight.since:
                break
            if candle.open_time <= sight.until:
                low = min(low or candle.low, candle.low)
                high = max(high, candle.high)
        return high - low if isfinite(high - low) else 0.0


class _Picture:
    """The heat of one panel: columns once made stay the same objects while nothing else is wanted."""

    def __init__(self, history: BookHistory) -> None:
        self.history = history
        self.key: object = None
        self.layers = Layers()
        self._measure: object = None
        self._made: dict[int, tuple[int, Sequence[tuple[float, float]]]] = {}
        self._most = 0.0

    def heat(self, sight: Sight, price_range: float) -> Heat | None:
        number = tier_for(sight)
        span = TIERS[number][0] * NS
        bar = sight.timeframe.seconds * NS * sight.view.merge
        end = sight.until + bar if not sight.is_now else sight.now + bar
        columns = self.history.columns(number, sight.since - span, end)
        if not columns:
            return None
        coarseness = TIERS[number][2]
        height = self.history.step * coarseness
        row = price_range / _ROWS
        together, pieces = rows_of_cells(height, row)
        measure = (number, together, pieces)
        if measure != self._measure:
            self._measure, self._made, self._most = measure, {}, 0.0
        made = {}
        for column in columns:
            held = self._made.get(column.time)
            if held is None or held[0] != column.seconds:
                held = (column.seconds, _levels(column, height, together, pieces))
            made[column.time] = held
        self._made = made
        in_a_row = row / (height * together / pieces) if row else 1.0
        self._fit([levels for _, levels in made.values()], pieces, in_a_row)
        return Heat(
            times=[column.time for column in columns],
            span=span,
            columns=[made[column.time][1] for column in columns],
            most=self._most,
            bests=[(column.bid, column.ask) for column in columns],
        )

    def _fit(
        self, columns: Sequence[Sequence[tuple[float, float]]], pieces: int, in_a_row: float
    ) -> None:
        """Keep the size that is drawn strongest while it is about right."""
        sizes = sorted(size for levels in columns[-_MEASURED:] for _, size in levels[::pieces])
        if not sizes:
            return
        strong = sizes[int(_STRONG_SHARE * (len(sizes) - 1))] * in_a_row
        if not self._most * _MOST_FELL <= strong <= self._most:
            self._most = strong * 1.3


def tier_for(sight: Sight) -> int:
    """The number of the tier with the longest columns that still tell a candle's cells apart."""
    seconds = sight.timeframe.seconds * sight.view.merge / max(sight.view.columns, 1)
    fitting = [number for number, (span, _, _) in enumerate(TIERS) if span <= seconds]
    return fitting[-1] if fitting else 0


def rows_of_cells(height: float, row: float) -> tuple[int, int]:
    """How many cells of a `height` in price are taken together, in a round number, so that they are not
    finer than a `row`; and into how many pieces each is cut, so that it is not coarser."""
    if row <= 0 or height <= 0:
        return 1, 1
    number = 0
    while step_ticks(number + 1) * height <= row:
        number += 1
    return step_ticks(number), max(1, min(ceil(height / row - 0.25), 8))


def _levels(
    column: BookColumn, height: float, together: int, pieces: int
) -> Sequence[tuple[float, float]]:
    """Prices and sizes of a column, as a chart's rows will add them up."""
    sums: dict[int, float] = {}
    for cell, size in zip(column.cells, column.sizes, strict=True):
        row = floor(cell / together)
        sums[row] = sums.get(row, 0.0) + size
    tall = height * together
    return tuple(
        (tall * (row + (piece + 0.5) / pieces), size / pieces)
        for row, size in sums.items()
        for piece in range(pieces)
    )


class _LargePrints:
    """The large prints of one tape since somebody first wanted them."""

    def __init__(self) -> None:
        self._run = PrintRun()
        self._next = 0
        self.held: deque[Print] = deque(maxlen=_MARKS_KEPT)

    def follow(self, market: Market, instrument: Instrument) -> None:
        """Take in what is new. The newest print may still grow: it is waited for."""
        self._run.follow(market[instrument].tape)
        done = list(self._run.prints)[:-1]
        self.held.extend(each for each in done if each.is_large and each.number >= self._next)
        if done:
            self._next = done[-1].number + 1


def print_marks(prints: Iterable[Print], sight: Sight) -> list[Mark]:
    """The largest print of each candle and direction, where candles have room for a mark.

    The triangle points up for a buyer who took, down for a seller; it is filled where the print is much
    larger than most of those marked.
    """
    if sight.view.merge > 1 or sight.view.columns < _LEAST_COLUMNS_FOR_MARKS:
        return []
    span = sight.timeframe.seconds * NS
    largest: dict[tuple[int, Side], Print] = {}
    for each in prints:
        key = (each.ts_exchange // span, each.aggressor)
        if sight.since <= each.ts_exchange < sight.until + span and (
            key not in largest or largest[key].size < each.size
        ):
            largest[key] = each
    sizes = sorted(each.size for each in largest.values())
    huge = _HUGE * sizes[len(sizes) // 2] if sizes else 0.0
    return [_mark(each, each.size >= huge) for each in largest.values()]


def _mark(each: Print, is_huge: bool) -> Mark:
    glyph, plain = {
        (Side.BUY, False): ("△", "^"),
        (Side.BUY, True): ("▲", "A"),
        (Side.SELL, False): ("▽", "v"),
        (Side.SELL, True): ("▼", "V"),
    }[each.aggressor, is_huge]
    return Mark((each.ts_exchange, each.price), glyph, plain)
