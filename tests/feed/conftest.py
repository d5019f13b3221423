"""Fixtures of the feed's tests: a scripted venue on loopback, and a feed that talks to it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

# Tests are imported one by one, without a package: what they share is found by its folder.
sys.path.insert(0, str(Path(__file__).parent))

from scripted_venue import QUICK, Bench, ScriptedVenue

from tui.feed.settings import FeedSettings


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def bench(venue: ScriptedVenue) -> AsyncIterator[Bench]:
    """A feed with quick settings, not started yet."""
    made = Bench(venue, QUICK)
    yield made
    await made.stop()


@pytest.fixture
async def make_bench(venue: ScriptedVenue) -> AsyncIterator[Callable[..., Bench]]:
    """Feeds with settings or an adapter of their own, none started yet; however the test ends, all
    are stopped."""
    made: list[Bench] = []

    def make(settings: FeedSettings = QUICK, adapter: Any = None) -> Bench:
        made.append(Bench(venue, settings, adapter))
        return made[-1]

    yield make
    for bench in made:
        await bench.stop()
