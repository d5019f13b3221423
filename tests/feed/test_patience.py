"""How long a job waits before it asks again."""

from __future__ import annotations

import asyncio
import random

import pytest

from tui.feed.clock import ManualClock
from tui.feed.patience import Patience
from tui.model.errors import TransportError


async def waited(clock: ManualClock, work: asyncio.Task[None]) -> float:
    start = clock.monotonic()
    while not work.done():
        assert clock.monotonic() - start < 1000
        await clock.advance(0.25)
    return clock.monotonic() - start


@pytest.mark.parametrize(("attempt", "least", "most"), [(0, 1, 2.5), (2, 4, 8.5), (30, 15, 30.5)])
async def test_the_wait_grows_up_to_half_a_minute(attempt: int, least: float, most: float) -> None:
    clock = ManualClock()
    patience = Patience(clock, random.Random(1))

    task = asyncio.create_task(patience.wait(attempt, None))

    assert least <= await waited(clock, task) <= most


async def test_what_the_venue_says_of_waiting_counts() -> None:
    clock = ManualClock()
    patience = Patience(clock, random.Random(1))

    task = asyncio.create_task(patience.wait(0, TransportError("later", retry_after_s=77.0)))

    assert await waited(clock, task) == 77.0


async def test_who_is_told_to_hurry_waits_no_longer_and_the_next_one_waits_again() -> None:
    clock = ManualClock()
    patience = Patience(clock, random.Random(1))
    first = asyncio.create_task(patience.wait(30, None))
    await clock.advance(1.0)

    patience.hurry()
    await asyncio.wait_for(first, 1.0)

    second = asyncio.create_task(patience.wait(30, None))
    assert await waited(clock, second) >= 15
