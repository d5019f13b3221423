"""Plays a recording: a position on its timeline that moves at a chosen speed and gives the frames due."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum

from tui.feed.clock import Clock
from tui.recording.format import RecordedFrame
from tui.recording.recording import Recording

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, math.inf)
"""The steps of `faster` and `slower`; infinity is as fast as the consumer takes frames."""

_DUE_WITHIN_S = 1e-6  # rounding of the clock must not cost another sleep
_SHORTEST_SLEEP_S = 0.002  # frames that are due closer together than this leave together
_LONGEST_SLEEP_S = 0.05  # how late a pause, a seek or a new speed may be noticed
_LONGEST_DEBT_S = 1.0  # a consumer that fell behind further than this is not chased
_FRAMES_BETWEEN_YIELDS = 32


class PlayerState(StrEnum):
    """waiting: nobody takes frames; paused: by the user; ended: all frames were delivered."""

    WAITING = "waiting"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"


class Player:
    """A position on a recording's timeline. It moves only while somebody takes the frames, and never
    past a frame that was not taken: nothing is lost, however slow the consumer is.

    Attributes:
        index: how many frames were delivered, so the next one is `recording.frames[index]`.
        generation: counts the seeks.
    """

    def __init__(self, recording: Recording, clock: Clock, *, speed: float = 1.0) -> None:
        """Stand at the start, ready to play at `speed`, paced by `clock`.

        Raises:
            ValueError: the speed is not above zero.
        """
        self.recording = recording
        self.index = 0
        self.generation = 0
        self._clock = clock
        self._speed = _checked(speed)
        self._paused = False
        self._consumed = False
        self._anchor_position = 0.0
        self._anchor_base = clock.monotonic()
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    # -- where it stands -------------------------------------------------------------------

    @property
    def state(self) -> PlayerState:
        if self.index >= len(self.recording):
            return PlayerState.ENDED
        if self._paused:
            return PlayerState.PAUSED
        return PlayerState.PLAYING if self._consumed else PlayerState.WAITING

    @property
    def is_paused(self) -> bool:
        return self._paused

    @property
    def speed(self) -> float:
        """Recorded seconds a second; infinity for as fast as possible."""
        return self._speed

    @property
    def position_s(self) -> float:
        """Seconds since the first frame."""
        if self.index >= len(self.recording):
            return self.duration_s
        return min(self._ideal(), self.recording.offsets[self.index])

    @property
    def duration_s(self) -> float:
        return self.recording.duration_s

    @property
    def now_ns(self) -> int:
        """The recorded time at the position."""
        return self.recording.start_ns + round(self.position_s * 1e9)

    # -- what the user does ----------------------------------------------------------------

    def play(self) -> None:
        self._anchor()
        self._paused = False
        self._tell()

    def pause(self) -> None:
        self._anchor()
        self._paused = True
        self._tell()

    def toggle(self) -> None:
        if self._paused:
            self.play()
        else:
            self.pause()

    def set_speed(self, speed: float) -> None:
        """Go on at another speed.

        Raises:
            ValueError: it is not above zero.
        """
        _checked(speed)
        self._anchor()
        self._speed = speed
        self._tell()

    def faster(self) -> None:
        """Take the next step up; the last one is as fast as possible."""
        self.set_speed(next((step for step in SPEEDS if step > self._speed), SPEEDS[-1]))

    def slower(self) -> None:
        self.set_speed(next((step for step in reversed(SPEEDS) if step < self._speed), SPEEDS[0]))

    def seek(self, position_s: float) -> None:
        """Go to a moment, in seconds after the first frame; frames from then on come next."""
        position = min(max(position_s, 0.0), self.duration_s)
        self.index = bisect_left(self.recording.offsets, position)
        self._anchor_position = position
        self._anchor_base = self._clock.monotonic()
        self.generation += 1
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of state or speed, and after every seek."""
        self._listeners.append(listener)

    # -- who takes the frames --------------------------------------------------------------

    async def frames(self) -> AsyncGenerator[tuple[int, RecordedFrame], None]:
        """Give the frames with their indexes as they fall due, until the end. One iteration at a time.

        Seeking while it runs makes it go on from there. The clock of the recording runs only while
        this is iterated; close it (`contextlib.aclosing`) to make it wait.
        """
        recording = self.recording
        frames, offsets = recording.frames, recording.offsets
        self._anchor()
        self._consumed = True
        self._tell()
        since_yield = 0
        try:
            while self.index < len(frames):
                wait = self._wait_s()
                if wait is None:
                    self._changed.clear()
                    await self._changed.wait()
                elif wait > _DUE_WITHIN_S:
                    since_yield = 0
                    await self._clock.sleep(min(max(wait, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
                elif since_yield >= _FRAMES_BETWEEN_YIELDS:
                    since_yield = 0
                    await asyncio.sleep(0)
                else:
                    since_yield += 1
                    index = self.index
                    self._forgive_debt(offsets[index])
                    self.index = index + 1
                    if self.index == len(frames):
                        self._tell()
                    yield index, frames[index]
        finally:
            self._anchor()
            self._consumed = False
            self._tell()

    async def until_playable(self) -> None:
        """Wait while the position is at the end: until somebody seeks."""
        while self.index >= len(self.recording):
            self._changed.clear()
            await self._changed.wait()

    # -- time ------------------------------------------------------------------------------

    def _ideal(self) -> float:
        """Where the position would be if every frame were taken at once."""
        if self._paused or not self._consumed:
            return self._anchor_position
        if math.isinf(self._speed):
            delivered = self.recording.offsets[self.index - 1] if self.index else 0.0
            return max(self._anchor_position, delivered)
        elapsed = self._clock.monotonic() - self._anchor_base
        return self._anchor_position + elapsed * self._speed

    def _wait_s(self) -> float | None:
        """Seconds of the base clock until the next frame is due; None while paused."""
        if self._paused:
            return None
        if math.isinf(self._speed):
            return 0.0
        return (self.recording.offsets[self.index] - self._ideal()) / self._speed

    def _forgive_debt(self, due: float) -> None:
        if not math.isinf(self._speed) and self._ideal() - due > _LONGEST_DEBT_S * self._speed:
            self._anchor_position = due
            self._anchor_base = self._clock.monotonic()

    def _tell(self) -> None:
        self._changed.set()
        for listener in self._listeners:
            listener()

    def _anchor(self) -> None:
        """Start counting anew from the present position."""
        self._anchor_position = self.position_s
        self._anchor_base = self._clock.monotonic()


def _checked(speed: float) -> float:
    if not speed > 0.0:
        raise ValueError(f"a speed must be above zero, not {speed}")
    return speed
