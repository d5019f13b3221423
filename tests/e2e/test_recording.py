"""A real recording, served over loopback to the real application: the screen equals the recording."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.app import TradeTuiApp
from tui.launch import Launch, Mode
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.recording.player import PlayerState
from tui.sim.replay import open_replay
from tui.sources import ReplaySource
from tui.themes import load_themes

pytestmark = pytest.mark.xdist_group("recording")

MINUTE_MS = 60_000


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Let the program run until something is true."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


def replay_app(path: Path, *, speed: float, start: float = 0.0) -> TradeTuiApp:
    source = ReplaySource(open_replay(path, speed, start))
    launch = Launch(
        mode=Mode.REPLAY,
        themes=load_themes()[0],
        instruments=source.instruments[:4],
        watchlist=source.instruments,
    )
    return TradeTuiApp(launch, source, frame_clock=False)


def is_drained(app: TradeTuiApp) -> bool:
    """The last recorded frame was played, received and understood."""
    replay = app._source.replay
    assert replay is not None
    health = app.session.health()
    return (
        replay.player.state is PlayerState.ENDED
        and bool(health)
        and health[0].queue_length == 0
        and health[0].messages_in > 0
    )


def frames_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        received = [json.loads(line) for line in lines]
    return [json.loads(one["raw"]) for one in received if one["kind"] == "rx"]


def candles_of(trades: list[dict[str, Any]]) -> list[tuple[int, float, float, float, float]]:
    """Minute candles, computed the plain way: open time in ms, open, high, low, close."""
    candles: list[tuple[int, float, float, float, float]] = []
    for trade in trades:
        opened = trade["T"] - trade["T"] % MINUTE_MS
        price = float(trade["p"])
        if candles and candles[-1][0] == opened:
            _, first, high, low, _ = candles[-1]
            candles[-1] = (opened, first, max(high, price), min(low, price), price)
        else:
            candles.append((opened, price, price, price, price))
    return candles


def shown(widget: Any) -> list[str]:
    """What a widget shows now, as rows of text."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


async def test_the_screen_ends_at_the_recordings_last_price_book_and_candles(
    recordings: Path,
) -> None:
    path = recordings / "binance_spot_btcusdt.jsonl.gz"
    app = replay_app(path, speed=math.inf)

    async with app.run_test(size=(160, 50)) as pilot:
        await until(lambda: is_drained(app))
        app.dashboard.ladder.choose_grouping(0)
        app.frame()
        await pilot.pause()

        title = shown(app.dashboard.panels[0])[0]
        ladder = shown(app.dashboard.ladder)
        tape = shown(app.dashboard.tape)
        series = app.session.market[Instrument("BINANCE", "BTCUSDT")].series(Timeframe(1, "m"))
        errors = app.session.errors.records()
        offset_ms = app.session.health()[0].clock_offset_ms

    frames = frames_of(path)
    trades = [frame["data"] for frame in frames if frame["stream"] == "btcusdt@trade"]
    quotes = [frame["data"] for frame in frames if frame["stream"] == "btcusdt@bookTicker"]
    last_price = f"{float(trades[-1]['p']):,.2f}"
    best_bid, best_ask = (f"{float(quotes[-1][side]):,.2f}" for side in ("b", "a"))
    assert last_price in title
    assert "● live" in title
    assert "● verified" in ladder[0]
    spread = next(y for y, row in enumerate(ladder) if "spread" in row)
    assert ladder[spread - 1].split()[0] == best_ask
    assert ladder[spread + 1].split()[0] == best_bid
    assert last_price in next(row for row in tape[2:] if row.strip())
    assert [
        (candle.open_time // 1_000_000, candle.open, candle.high, candle.low, candle.close)
        for candle in series.candles
    ] == candles_of(trades)
    assert errors == []
    assert offset_ms == pytest.approx(-1270, abs=30)


async def test_symbols_that_hardly_trade_are_shown_side_by_side(recordings: Path) -> None:
    path = recordings / "binance_spot_4symbols.jsonl.gz"
    app = replay_app(path, speed=math.inf)

    async with app.run_test(size=(160, 50)) as pilot:
        await until(lambda: is_drained(app))
        app.frame()
        await pilot.pause()
        titles = [" ".join(shown(panel)[:2]) for panel in app.dashboard.grid.visible_panels]
        market = app.session.market
        candle = market[Instrument("BINANCE", "NKNUSDT")].series(Timeframe(1, "m")).last
        errors = app.session.errors.records()

    [kline] = [
        frame["data"]["k"] for frame in frames_of(path) if "nknusdt@kline" in frame["stream"]
    ]
    assert [title.split()[1] for title in titles] == [
        "BINANCE:NKNUSDT",
        "BINANCE:BLZETH",
        "BINANCE:LRCBTC",
        "BINANCE:RUNEEUR",
    ]
    assert "0.3528" in titles[0]
    assert "0.00000638" in titles[2]
    assert candle is not None
    assert candle.open_time == kline["t"] * 1_000_000
    assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == tuple(
        float(kline[field]) for field in "ohlcv"
    )
    assert errors == []


def verified_ladder(app: TradeTuiApp) -> bool:
    app.frame()
    return "● verified" in shown(app.dashboard.ladder)[0]


async def test_a_replay_is_paused_sped_up_and_moved_from_the_keyboard(recordings: Path) -> None:
    app = replay_app(recordings / "binance_spot_btcusdt.jsonl.gz", speed=1.0, start=120.0)
    replay = app._source.replay
    assert replay is not None
    player = replay.player

    async with app.run_test(size=(160, 50)) as pilot:
        await until(lambda: verified_ladder(app))
        await pilot.press("greater_than_sign")
        assert player.speed == 2.0
        await pilot.press("less_than_sign", "less_than_sign")
        assert player.speed == 0.5
        await pilot.press("p")
        assert player.is_paused
        before = player.position_s
        await pilot.press("comma", "comma")
        assert player.position_s == pytest.approx(before - 20, abs=1)
        await pilot.press("p")
        await until(lambda: verified_ladder(app))
        moved_to = app.session.market[Instrument("BINANCE", "BTCUSDT")].last_price_ts / 1e9
        errors = app.session.errors.records()

    assert 100 <= moved_to - 1_723_161_255 <= 120
    assert errors == []


async def test_a_replay_that_ended_plays_once_more(recordings: Path) -> None:
    app = replay_app(recordings / "binance_spot_4symbols.jsonl.gz", speed=math.inf)
    replay = app._source.replay
    assert replay is not None

    async with app.run_test(size=(160, 50)) as pilot:
        await until(lambda: is_drained(app))
        before = app.session.health()[0].messages_in
        await pilot.press("p")
        await until(lambda: app.session.health()[0].messages_in > before and is_drained(app))

    assert replay.player.generation == 1


async def test_the_programs_own_figures_go_on_while_a_replay_stands_still(
    recordings: Path,
) -> None:
    app = replay_app(recordings / "binance_spot_4symbols.jsonl.gz", speed=math.inf)

    async with app.run_test(size=(160, 50)):
        await until(lambda: is_drained(app))
        recorded = app._source.clock.monotonic()
        began = app._figures._last_look[0]
        app._health()

        assert app._source.clock.monotonic() == recorded
        assert app._figures._last_look[0] > began
