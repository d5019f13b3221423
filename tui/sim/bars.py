"""Candles in whole ticks and lots: joining small ones to a big one, and dividing a big one exactly."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import msgspec

_MIN_TRADES = 4  # a bar whose four prices all differ needs as many trades


class Bar(msgspec.Struct, frozen=True, gc=False):
    """What happened in a span, without saying which.

    Attributes:
        open, high, low, close: ticks. A bar without trades has the previous close in all four.
        volume: lots. value: the sum of ticks times lots.
        taker_volume, taker_value: the part where the taker bought.
    """

    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    trades: int
    taker_volume: int
    taker_value: int


def flat(price: int) -> Bar:
    """A span in which nothing was traded after `price` (ticks)."""
    return Bar(price, price, price, price, 0, 0, 0, 0, 0)


class BarSum:
    """A bar under construction from trades or from smaller bars."""

    __slots__ = (
        "close",
        "high",
        "low",
        "open",
        "taker_value",
        "taker_volume",
        "trades",
        "value",
        "volume",
    )

    def __init__(self, price: int) -> None:
        self.open = self.high = self.low = self.close = price
        self.volume = self.value = self.trades = self.taker_volume = self.taker_value = 0

    def add_trade(self, price: int, lots: int, *, is_buy: bool) -> None:
        if self.trades == 0:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.trades += 1
        self.volume += lots
        self.value += price * lots
        if is_buy:
            self.taker_volume += lots
            self.taker_value += price * lots

    def add(self, bar: Bar | BarSum) -> None:
        """Append a later span; one without trades changes nothing."""
        if bar.trades == 0:
            return
        if self.trades == 0:
            self.open, self.high, self.low = bar.open, bar.high, bar.low
        else:
            if bar.high > self.high:
                self.high = bar.high
            if bar.low < self.low:
                self.low = bar.low
        self.close = bar.close
        self.volume += bar.volume
        self.value += bar.value
        self.trades += bar.trades
        self.taker_volume += bar.taker_volume
        self.taker_value += bar.taker_value

    def bar(self) -> Bar:
        return Bar(
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.value,
            self.trades,
            self.taker_volume,
            self.taker_value,
        )


def join(bars: Iterable[Bar | BarSum], price: int) -> Bar:
    """The bar of several that follow each other; `price` (ticks) is the close before them."""
    total = BarSum(price)
    for bar in bars:
        total.add(bar)
    return total.bar()


def divide(parent: Bar, count: int, rng: random.Random, before: int) -> list[Bar]:
    """Divide a bar into `count` that follow each other and join to exactly the same bar again.

    Args:
        before: the close before it (ticks), which leading bars without trades repeat.
    """
    active = min(count, parent.trades // _MIN_TRADES) if parent.trades else 0
    if active <= 1:
        where = rng.randrange(count)
        last = [flat(parent.close)] * (count - where - 1)
        first = [flat(before)] * where
        return [*first, parent if parent.trades else flat(before), *last]
    weights = [rng.random() + 0.15 for _ in range(active)]
    points = _path(parent, active, rng)
    spans = _spans(parent, points, rng)
    trades = _share(parent.trades, _MIN_TRADES, weights)
    volumes = _volumes(parent, spans, trades, weights, rng)
    values = _values(parent.value, spans, volumes)
    taker_volumes = _part(parent.taker_volume, volumes, rng)
    taker_values = _taker_values(parent.taker_value, values, volumes, taker_volumes)
    children = [
        Bar(*span, *numbers)
        for span, *numbers in zip(
            spans, volumes, values, trades, taker_volumes, taker_values, strict=True
        )
    ]
    if active == count:
        return children
    result: list[Bar] = []
    chosen = set(rng.sample(range(count), active))
    remaining = iter(children)
    close = before
    for index in range(count):
        bar = next(remaining) if index in chosen else flat(close)
        close = bar.close
        result.append(bar)
    return result


def _path(parent: Bar, count: int, rng: random.Random) -> list[int]:
    """`count + 1` prices from open to close, bound to the parent's range, that visit its extremes."""
    low, high = parent.low, parent.high
    anchors: dict[int, int] = {0: parent.open, count: parent.close}
    if count >= 3:
        first, second = sorted(rng.sample(range(1, count), 2))
        rises_first = rng.random() < (0.35 if parent.close > parent.open else 0.65)
        anchors[first] = high if rises_first else low
        anchors[second] = low if rises_first else high
    places = sorted(anchors)
    points = [parent.open]
    noise = 0.55 * (high - low) / count**0.5
    gauss = rng.gauss
    for start, end in pairwise(places):
        price = float(points[-1])
        target = anchors[end]
        for index in range(start + 1, end):
            price += (target - price) / (end - index + 1) + gauss(0.0, noise)
            price = low if price < low else high if price > high else price
            points.append(round(price))
        points.append(target)
    return points


def _spans(parent: Bar, points: list[int], rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Open, high, low, close of each child; the parent's high and low are reached."""
    wick = 0.35 * (parent.high - parent.low) / len(points) ** 0.5
    spans = []
    for start, end in pairwise(points):
        top, bottom = (start, end) if start > end else (end, start)
        high = min(parent.high, top + int(rng.random() * wick))
        low = max(parent.low, bottom - int(rng.random() * wick))
        spans.append((start, high, low, end))
    if max(span[1] for span in spans) < parent.high:
        index = max(range(len(spans)), key=lambda i: spans[i][1])
        start, _, low, end = spans[index]
        spans[index] = (start, parent.high, low, end)
    if min(span[2] for span in spans) > parent.low:
        index = min(range(len(spans)), key=lambda i: spans[i][2])
        start, high, _, end = spans[index]
        spans[index] = (start, high, parent.low, end)
    return spans


def _share(total: int, least: int, weights: list[float]) -> list[int]:
    """Divide a whole number by weights so that each part has at least `least`."""
    free = total - least * len(weights)
    scale = free / sum(weights)
    shares = []
    reached = 0.0
    given = 0
    for weight in weights[:-1]:
        reached += weight * scale
        upto = min(free, int(reached))
        shares.append(least + upto - given)
        given = upto
    shares.append(least + free - given)
    return shares


def _volumes(
    parent: Bar,
    spans: list[tuple[int, int, int, int]],
    trades: list[int],
    weights: list[float],
    rng: random.Random,
) -> list[int]:
    """Volumes that sum to the parent's and whose mean price comes near the parent's own."""
    middle = [(o + h + low + c) / 4 for o, h, low, c in spans]
    raw = [w * (0.5 + rng.random()) for w in weights]
    total = sum(raw)
    mean = sum(w * m for w, m in zip(raw, middle, strict=True)) / total
    spread = sum(w * (m - mean) ** 2 for w, m in zip(raw, middle, strict=True)) / total
    if spread > 0.0:
        tilt = (parent.value / parent.volume - mean) / spread
        raw = [
            w * min(4.0, max(0.1, 1.0 + tilt * (m - mean)))
            for w, m in zip(raw, middle, strict=True)
        ]
    extra = _share(parent.volume - parent.trades, 0, raw)
    return [count + lots for count, lots in zip(trades, extra, strict=True)]


def _values(total: int, spans: list[tuple[int, int, int, int]], volumes: list[int]) -> list[int]:
    """Values that sum to the parent's, each between its bar's low and high where that can be."""
    values = [v * (o + h + low + c) // 4 for v, (o, h, low, c) in zip(volumes, spans, strict=True)]
    missing = total - sum(values)
    if missing > 0:
        room = [v * span[1] - held for v, span, held in zip(volumes, spans, values, strict=True)]
    else:
        room = [held - v * span[2] for v, span, held in zip(volumes, spans, values, strict=True)]
    space = sum(room)
    if space < abs(missing):
        room, space = volumes, sum(volumes)
    sign = 1 if missing > 0 else -1
    given = reached = 0
    for index, part in enumerate(room):
        reached += part
        upto = abs(missing) * reached // space if space else 0
        values[index] += sign * (upto - given)
        given = upto
    return values


def _part(total: int, volumes: list[int], rng: random.Random) -> list[int]:
    """Divide what takers bought; no child's part is more than its volume."""
    wanted = [v * (0.9 + 0.2 * rng.random()) for v in volumes]
    parts = [min(p, v) for p, v in zip(_share(total, 0, wanted), volumes, strict=True)]
    missing = total - sum(parts)
    for index, volume in enumerate(volumes):
        if not missing:
            break
        more = min(missing, volume - parts[index])
        parts[index] += more
        missing -= more
    return parts


def _taker_values(total: int, values: list[int], volumes: list[int], parts: list[int]) -> list[int]:
    """Divide the takers' value in proportion, exactly in sum."""
    wanted = [
        value * part // volume for value, part, volume in zip(values, parts, volumes, strict=True)
    ]
    space = sum(wanted)
    if not space:
        return [0] * (len(values) - 1) + [total]
    given = reached = 0
    shares = []
    for part in wanted:
        reached += part
        upto = total * reached // space
        shares.append(upto - given)
        given = upto
    return shares
