"""Pictures of the order book: its ladder with the level cursor, its history, and the heatmap."""

from __future__ import annotations

import random
from typing import Any

import pytest
from staging import INSTRUMENTS, NOW, staged_app, tell
from textual.pilot import Pilot

from tui.model.subscription import SubscriptionStatus
from tui.model.timeframe import NS

pytestmark = pytest.mark.snapshot

BTC = INSTRUMENTS[0]


async def settle(pilot: Pilot[Any]) -> None:
    pilot.app.frame()  # type: ignore[attr-defined]
    await pilot.pause()


async def point(pilot: Pilot[Any]) -> None:
    await settle(pilot)
    await pilot.press("}", "}", "w", "w", "w")
    await settle(pilot)


async def remember(pilot: Pilot[Any]) -> None:
    """Half an hour of a book whose price wanders, and that was rebuilt for a while."""
    app: Any = pilot.app
    await pilot.press("v", "v", "H")
    rng = random.Random(5)
    market, price = app.session.market, 61_837.0
    seconds = range(-1800, 1, 2)
    for second in seconds:
        price += rng.gauss(0, 2.5)
        known = not -900 < second < -600
        tell(app, BTC, SubscriptionStatus.LIVE if known else SubscriptionStatus.SYNCING)
        steps = [(n, 1 + 6 * (n % 9 == 0) + 20 * (n == 25)) for n in range(1, 60)]
        market[BTC].book.replace(
            [(f"{price - 2.5 * n - second % 7 * 0.3:.2f}", str(size)) for n, size in steps],
            [(f"{price + 2.5 * n:.2f}", str(size)) for n, size in steps],
        )
        market.book_changed(BTC)
        app.dashboard.histories.sample(NOW + second * NS, [BTC], [BTC])
    app.clear_notifications()
    await settle(pilot)


def test_the_level_cursor_in_a_ladder_of_larger_steps(snap_compare: Any) -> None:
    app = staged_app(grid=1, instruments=INSTRUMENTS[:2])

    assert snap_compare(app, terminal_size=(120, 40), run_before=point)


def test_the_book_over_time_behind_the_candles_and_its_best_prices(snap_compare: Any) -> None:
    app = staged_app(grid=1, instruments=INSTRUMENTS[:2])

    assert snap_compare(app, terminal_size=(160, 50), run_before=remember)
