"""Contestants taking turns on the same frames, and the table that comes of it."""

from __future__ import annotations

import gc
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple, Protocol

from tui.recording.format import RecordingReader

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"


class Frame(NamedTuple):
    """What arrived, in the types that clients hand over: bytes to us, text to the others."""

    raw: bytes
    text: str
    ts_local: int


class Contestant(Protocol):
    """One way through the frames; made anew for every round."""

    name: str

    async def play(self, frames: list[Any]) -> None:
        """Take all frames; timed."""

    def outcome(self) -> Any:
        """What came of it, to compare with the first one's; raises when it went wrong."""


def load(path: Path, is_wanted: Callable[[str], bool] = bool) -> list[Frame]:
    """The frames that were received and are wanted."""
    return [
        Frame(line.raw.encode(), line.raw, line.time_ns)
        for line in RecordingReader(path)
        if line.kind == "rx" and is_wanted(line.raw)
    ]


def announce(rounds: int) -> None:
    print(
        f"Python {sys.version.split()[0]}, {platform.machine()}, {rounds} interleaved rounds, "
        "processor time; ratio: how many times the first line's time",
        end="\n\n",
    )


async def compare(
    title: str, frames: list[Any], field: Sequence[Callable[[], Contestant]], rounds: int
) -> None:
    """Measure `field`, one after the other in each round, and print the medians.

    The ratio is the median over the rounds. An outcome that is not the first one's is told.
    """
    times: dict[str, list[float]] = {}
    outcomes: dict[str, Any] = {}
    for _ in range(rounds):
        for make in field:
            contestant = make()
            gc.collect()  # nobody pays for the garbage of the one before
            began = process_time()
            await contestant.play(frames)
            times.setdefault(contestant.name, []).append(process_time() - began)
            outcomes[contestant.name] = contestant.outcome()

    first = next(iter(times))
    print(f"{title}: {len(frames)} messages")
    print(f"  {'':52}{'messages/s':>11}{'best':>9}{'us each':>9}{'ratio':>8}")
    for name, spent in times.items():
        mid = median(spent)
        ratio = median(own / ours for own, ours in zip(spent, times[first], strict=True))
        known = outcomes[name]
        note = "" if known is None or known == outcomes[first] else "  (its outcome differs)"
        print(
            f"  {name:52}{len(frames) / mid:11,.0f}{len(frames) / min(spent):9,.0f}"
            f"{mid / len(frames) * 1e6:9.2f}{ratio:8.2f}{note}"
        )
    print()
