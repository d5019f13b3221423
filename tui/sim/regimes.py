"""The market's mood: quiet, normal, busy and crash, when each rules, and the moves that all share."""

from __future__ import annotations

import math
import random
from collections import deque
from enum import StrEnum

import msgspec


class Regime(StrEnum):
    """A mood of the market; AUTO lets it change on its own."""

    AUTO = "auto"
    QUIET = "quiet"
    NORMAL = "normal"
    BUSY = "busy"
    CRASH = "crash"


class Mood(msgspec.Struct, frozen=True):
    """What a regime multiplies.

    Attributes:
        rate: order events. volatility: the fair value's moves. spread: the makers' distance.
        taker_share: part of the events that take. size: takers' sizes. cancel: makers' nerves.
    """

    rate: float
    volatility: float
    spread: float
    taker_share: float
    size: float
    cancel: float


MOODS: dict[Regime, Mood] = {
    Regime.QUIET: Mood(0.3, 0.45, 1.3, 0.05, 0.7, 0.46),
    Regime.NORMAL: Mood(1.0, 1.0, 1.0, 0.08, 1.0, 0.46),
    Regime.BUSY: Mood(3.5, 2.0, 1.3, 0.13, 1.5, 0.43),
    Regime.CRASH: Mood(7.0, 4.0, 3.0, 0.20, 2.4, 0.42),
}

_NEXT: dict[Regime, tuple[tuple[Regime, float], ...]] = {
    Regime.QUIET: ((Regime.NORMAL, 0.85), (Regime.BUSY, 0.15)),
    Regime.NORMAL: ((Regime.QUIET, 0.45), (Regime.BUSY, 0.5), (Regime.CRASH, 0.05)),
    Regime.BUSY: ((Regime.NORMAL, 0.85), (Regime.CRASH, 0.15)),
    Regime.CRASH: ((Regime.BUSY, 1.0),),
}
_MEAN_S = {Regime.QUIET: 240.0, Regime.NORMAL: 420.0, Regime.BUSY: 150.0, Regime.CRASH: 100.0}
_FALL_S = 25
_EPISODE_S = 120
_REBOUND_S = 60
_RECOVERY_S = 1200


class Second(msgspec.Struct, frozen=True, gc=False):
    """The mood of one second, blended over a transition, and the return that all instruments share."""

    mood: Mood
    drift: float


class Weather:
    """The mood and the common move of every second since the start, the same for every instrument.

    Instruments may lag behind one another by `keep_s` seconds at most.
    """

    def __init__(self, rng: random.Random, regime: Regime, *, keep_s: int = 1800) -> None:
        self._rng = rng
        self._seconds: deque[Second] = deque(maxlen=keep_s)
        self._count = 0
        self.regime: Regime = Regime.NORMAL if regime is Regime.AUTO else regime
        self._left_s = self._span() if regime is Regime.AUTO else math.inf
        self._mood = MOODS[self.regime]
        self._episode_s = 0
        self._fall = 0.0
        self._lost = 0.0

    def set_regime(self, regime: Regime) -> None:
        """Turn to a regime from the next second on; AUTO lets the present one end when it will."""
        if regime is Regime.AUTO:
            self._left_s = self._span()
        else:
            self._left_s = math.inf
            self._turn(regime)

    def second(self, index: int) -> Second:
        """The weather of the second `index` after the start.

        Raises:
            IndexError: it is further back than what is kept.
        """
        while self._count <= index:
            self._seconds.append(self._make())
            self._count += 1
        back = self._count - index
        if back > len(self._seconds):
            raise IndexError(f"the weather {back} s ago is forgotten")
        return self._seconds[-back]

    def _make(self) -> Second:
        if self._left_s <= 0:
            self._turn(self._choose())
            self._left_s = self._span()
        self._left_s -= 1
        target = MOODS[self.regime]
        if self._mood != target:
            self._mood = _blend(self._mood, target, 0.2)
        return Second(self._mood, self._drift())

    def _drift(self) -> float:
        drift = self._rng.gauss(0.0, 4e-5) * self._mood.volatility
        if self.regime is Regime.CRASH:
            position = self._episode_s % _EPISODE_S
            if position == 0:
                self._fall = -self._rng.uniform(0.03, 0.07)
            self._episode_s += 1
            if position < _FALL_S:
                self._lost += self._fall / _FALL_S
                return drift + self._fall / _FALL_S
        # The fall is steep and short. What it took comes back, fast at first and then for an hour:
        # otherwise the market would sink from crash to crash.
        back = self._lost / (_REBOUND_S if self.regime is Regime.CRASH else _RECOVERY_S)
        self._lost -= back
        return drift - back

    def _turn(self, regime: Regime) -> None:
        if regime is not self.regime:
            self._episode_s = 0
        self.regime = regime

    def _choose(self) -> Regime:
        dice = self._rng.random()
        for regime, share in _NEXT[self.regime]:
            dice -= share
            if dice < 0:
                return regime
        return _NEXT[self.regime][0][0]

    def _span(self) -> float:
        return max(20.0, self._rng.expovariate(1.0 / _MEAN_S[self.regime]))


def _blend(here: Mood, there: Mood, share: float) -> Mood:
    """A step from one mood towards another; a small rest is taken at once."""
    mixed = [
        b if abs(b - a) < 0.02 * abs(b) else a + (b - a) * share
        for a, b in zip(msgspec.structs.astuple(here), msgspec.structs.astuple(there), strict=True)
    ]
    return Mood(*mixed)
