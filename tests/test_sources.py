"""Where the data of a run comes from."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tui.feed.clock import ManualClock
from tui.feed.connection import ConnectionMachine
from tui.feed.outbox import Outbox
from tui.feed.settings import FeedSettings
from tui.model.subscription import Channel, Subscription
from tui.recording.format import RecordedFrame, write_recording
from tui.sim.replay import open_replay
from tui.sources import ReplaySource

TRADE = (
    '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","a":1,'
    '"p":"100.00","q":"1.0","f":1,"l":1,"T":1700000000000,"m":false,"M":true}}'
)


def recorded(folder: Path) -> ReplaySource:
    path = folder / "trades.jsonl"
    write_recording(path, [RecordedFrame(1_700_000_000.0 + i, "rx", TRADE) for i in range(3)])
    return ReplaySource(open_replay(path))


async def test_no_venues_budget_holds_back_who_moves_through_a_recording(tmp_path: Path) -> None:
    source = recorded(tmp_path)

    [adapter] = await source.open(["BINANCE"], lambda problem: None)
    # Time stands still, as it does for a feed while the recording is paused.
    machine = ConnectionMachine(ManualClock(), random.Random(1), FeedSettings(), adapter.limits)
    for _ in range(1000):
        machine.attempt()
        machine.hung_up("moved to another moment", at_once=True)

    assert machine.retry_in_s == 0.0
    assert adapter.limits.rest_weight >= 1000 * 6000
    await source.close()


async def test_what_is_asked_of_a_paused_recording_is_sent_at_once(tmp_path: Path) -> None:
    source = recorded(tmp_path)
    [adapter] = await source.open(["BINANCE"], lambda problem: None)
    outbox = Outbox(adapter, ManualClock(), lambda subscription, error: None)
    ticker = Subscription(source.instruments[0], Channel.TICKER)

    async with asyncio.timeout(5.0):
        for _ in range(10):
            outbox.subscribe([ticker])
            await outbox.next()

    await source.close()
