"""The past of an instrument: made up when it is asked for, the same for the same seed."""

from __future__ import annotations

import hashlib
import math
import random
from collections import OrderedDict

from tui.sim.bars import Bar, divide, flat
from tui.sim.instruments import Listing

DAY = 86_400
SPANS = (1, 60, 900, 3_600, DAY)
"""Seconds of the spans that are divided into each other, the finest first."""
DAYS = 2_200
_CACHED_PARENTS = 400
_DAILY_VOLUME = 0.066 * DAY  # what the order flow trades in a normal day, in typical orders
_DAILY_TRADES = 0.16 * DAY
_TREND = 0.0004  # mean daily growth of the price that it wanders around
_PULL = 1 / 250


class History:
    """Bars before the market's start, from days down to seconds.

    The days come from a random walk backwards from the start; every finer span divides the one
    above it exactly, so all spans agree.

    Attributes:
        first_day: the first day, counted from the epoch.
        last_day: the day of the start; it is made whole and only its past is told.
    """

    def __init__(self, listing: Listing, seed: int, start_s: int) -> None:
        digest = hashlib.sha256(f"{seed}:{listing.symbol}:history".encode()).digest()
        self._key = int.from_bytes(digest[:8], "big")
        self._listing = listing
        self.last_day = start_s // DAY
        self.first_day = self.last_day - DAYS + 1
        self._days: list[Bar] = []
        self._walk = random.Random(self._key)
        self._anchor = math.log(listing.ticks(listing.price))
        self._level = self._anchor + self._walk.gauss(0.0, 0.02)
        self._mood = 0.0
        self._dice = random.Random()
        self._parts: OrderedDict[tuple[int, int], list[Bar]] = OrderedDict()

    def bar(self, level: int, index: int) -> Bar:
        """The bar of a span; `level` counts in SPANS, `index` counts spans since the epoch."""
        if level == len(SPANS) - 1:
            return self._day(index)
        parent, place = divmod(index, SPANS[level + 1] // SPANS[level])
        return self.parts(level + 1, parent)[place]

    def parts(self, level: int, index: int) -> list[Bar]:
        """The bars that the bar of a span divides into."""
        key = (level, index)
        found = self._parts.get(key)
        if found is not None:
            self._parts.move_to_end(key)
            return found
        whole = self.bar(level, index)
        return self._keep(key, self.split(level, index, whole, whole.open))

    def split(self, level: int, index: int, whole: Bar, before: int) -> list[Bar]:
        """Divide a span's bar into the next finer ones."""
        self._dice.seed((self._key << 72) | (level << 64) | index)
        return divide(whole, SPANS[level] // SPANS[level - 1], self._dice, before)

    def _keep(self, key: tuple[int, int], parts: list[Bar]) -> list[Bar]:
        self._parts[key] = parts
        if len(self._parts) > _CACHED_PARENTS:
            self._parts.popitem(last=False)
        return parts

    def _day(self, index: int) -> Bar:
        if index < self.first_day:
            return flat(self._day(self.first_day).open)
        back = self.last_day - index
        while len(self._days) <= back:
            self._days.append(self._make_day(len(self._days)))
        return self._days[back]

    def _make_day(self, back: int) -> Bar:
        """The day before the last one made: its close is known, its open is walked to."""
        gauss = self._walk.gauss
        listing = self._listing
        self._mood = 0.93 * self._mood + gauss(0.0, 0.13)
        sigma = listing.volatility * math.exp(self._mood)
        close = self._level
        pull = _PULL * (self._anchor - _TREND * back - close)
        change = gauss(0.0, sigma)
        self._level = max(math.log(60.0), close + pull - change)
        opened = self._days[-1].open if self._days else round(math.exp(close))
        first, last = round(math.exp(self._level)), opened
        high = math.ceil(max(first, last) * math.exp(abs(gauss(0.0, 0.5 * sigma))))
        low = math.floor(min(first, last) * math.exp(-abs(gauss(0.0, 0.5 * sigma))))
        strength = math.exp(gauss(0.0, 0.25) + 0.6 * self._mood) * (
            0.75 + 0.35 * abs(change) / sigma
        )
        size = listing.activity * strength
        trades = max(4, round(_DAILY_TRADES * size))
        volume = trades + listing.lots(_DAILY_VOLUME * size * listing.order_size)
        mean = (first + high + low + last) / 4 + 0.1 * gauss(0.0, 1.0) * (high - low)
        value = round(volume * min(float(high), max(float(low), mean)))
        share = 0.5 + 0.03 * math.tanh((last - first) / max(1, high - low)) + gauss(0.0, 0.006)
        bought = round(volume * min(0.56, max(0.44, share)))
        return Bar(first, high, low, last, volume, value, trades, bought, value * bought // volume)
