"""Pictures of the alerts: their list, their form, and what they add to a chart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from staging import INSTRUMENTS, NOW, StagedApp, staged_app
from textual.pilot import Pilot

from tui.market.alerts import read_condition
from tui.model.alert import AlertRule, Notice
from tui.model.events import Side, Trade
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

pytestmark = pytest.mark.snapshot

BTC, ETH, SOL, *_ = INSTRUMENTS


def rule(number: int, instrument: Instrument, when: str, **more: Any) -> AlertRule:
    condition = read_condition(when, Timeframe(1, "m"))
    return AlertRule(id=str(number), instrument=instrument, condition=condition, **more)


def alerted(*pressed: str) -> tuple[StagedApp, Callable[[Pilot[Any]], Awaitable[None]]]:
    """An app with one alert in every state, and what opens what is pictured."""
    app = staged_app(grid=1)
    newest = app.session.market[BTC].last_price
    assert newest is not None

    async def run(pilot: Pilot[Any]) -> None:
        app.alerts.put(
            rule(1, BTC, f"price > {newest + 60:.2f}", note="take [profit]"),
            rule(2, BTC, "macd(12,26,9) crosses signal 4h", cooldown_s=300.0),
            rule(3, SOL, "print > 5", cooldown_s=60.0, notices=(Notice.DESKTOP,)),
            rule(4, Instrument("KRAKEN", "BTC/USD"), "spread > 5bp", command=("beep", "{text}")),
            rule(5, ETH, "book unverified 10s", enabled=False),
            rule(6, BTC, f"price < {newest - 60:.2f}", notices=()),
        )
        trades = [(BTC, newest - 70, 1.0), (BTC, newest, 1.0), (SOL, 159.0, 7.5)]
        for number, (instrument, price, size) in enumerate(trades, 5000):
            app.session.market.apply_trade(
                Trade(
                    instrument, price, size, Side.BUY, NOW, NOW, number, f"{price:.2f}", f"{size}"
                )
            )
        await pilot.press(*pressed)
        await pilot.pause()
        app.frame()
        await pilot.pause()

    return app, run


@pytest.mark.parametrize("size", [(120, 40), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_list_of_alerts(snap_compare: Any, size: tuple[int, int]) -> None:
    app, run = alerted("A", "down", "down", "down")

    assert snap_compare(app, terminal_size=size, run_before=run)


def test_the_form_of_an_alert(snap_compare: Any) -> None:
    app, run = alerted("A", "down", "down", "down", "enter")

    assert snap_compare(app, terminal_size=(80, 24), run_before=run)
