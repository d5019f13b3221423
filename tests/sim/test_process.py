"""The market in a process of its own: it comes up, answers, and never outlives its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import Any

import aiohttp
import pytest

from tui.feed.clock import ManualClock
from tui.model.errors import TradeTuiError
from tui.sim.market import NS, SimMarket
from tui.sim.process import SimProcess, start_sim


async def test_a_started_process_answers_and_stops() -> None:
    process = start_sim(seed=5, regime="quiet")
    try:
        endpoints = await process.ready()
        async with (
            aiohttp.ClientSession() as session,
            session.get(endpoints["rest"] + "/api/v3/exchangeInfo") as response,
        ):
            body = await response.json()
    finally:
        process.stop()

    assert len(body["symbols"]) == 12
    assert endpoints["stream"].startswith("ws://127.0.0.1:")
    assert not process.is_running
    process.stop()


async def test_a_process_that_cannot_start_says_why() -> None:
    process = start_sim(regime="stormy")

    with pytest.raises(TradeTuiError, match="invalid choice: 'stormy'"):
        await process.ready()

    process.stop()


async def test_a_taken_port_is_one_clear_line() -> None:
    first = start_sim()
    port = int((await first.ready())["rest"].rpartition(":")[2])

    second = start_sim(port=port)
    with pytest.raises(TradeTuiError, match=f"port {port} of 127.0.0.1 cannot be had"):
        await second.ready()

    second.stop()
    first.stop()


def test_it_ends_when_its_standard_input_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui.sim", "--watch-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())

        process.stdin.close()

        assert process.wait(10) == 0
    assert told["ws"] == f"ws://127.0.0.1:{told['port']}"
    assert told["native"] == {
        "stream": f"ws://127.0.0.1:{told['port']}/native/v1",
        "rest": f"http://127.0.0.1:{told['port']}/native/v1",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui.sim"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(number)

        assert process.wait(10) == 0


async def until_ended(process: SimProcess) -> str:
    async with asyncio.timeout(10):
        return await process.ended()


async def trades(rest: str, **query: str) -> list[dict[str, Any]]:
    query = {"symbol": "ETHBTC", "limit": "1000", **query}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{rest}/api/v3/aggTrades", params=query) as response,
    ):
        found: list[dict[str, Any]] = await response.json()
        return found


async def test_its_end_is_noticed_with_its_last_words() -> None:
    process = start_sim()
    await process.ready()

    os.kill(process.pid, signal.SIGKILL)

    assert await until_ended(process) == "exit code -9"
    assert not process.is_running
    process.stop()


async def test_it_is_started_again_where_it_was_and_the_market_goes_on() -> None:
    process = start_sim(seed=5)
    before = await process.endpoints()
    first = await trades(before.binance["rest"])
    os.kill(process.pid, signal.SIGKILL)
    await until_ended(process)

    process.restart()
    after = await process.endpoints()

    assert after == before
    again = await trades(after.binance["rest"], fromId=str(first[0]["a"]))
    assert again[: len(first)] == first
    process.stop()


async def test_a_death_is_reported_and_answered_by_a_new_start() -> None:
    process = start_sim()
    await process.ready()
    told: list[str] = []
    clock = ManualClock()
    keeper = asyncio.create_task(process.keep_running(told.append, clock))
    first = process.pid

    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while process.pid == first:
            await clock.advance(0.1)
            await asyncio.sleep(0.005)
        await process.ready()

    assert told == ["the embedded market ended (exit code -9) and is started again"]
    process.stop()
    async with asyncio.timeout(10):
        await keeper
    assert len(told) == 1


async def test_a_market_that_was_stopped_is_not_started_again() -> None:
    process = start_sim()
    process.stop()

    with pytest.raises(TradeTuiError, match="was stopped"):
        process.restart()


def test_a_later_market_has_higher_ids_than_any_before() -> None:
    first = SimMarket(1, 1_800_000_030 * NS, regime="crash", symbols=["BTCUSDT"])
    first.pair("BTCUSDT")
    first.advance(first.now_ns + 30 * NS)
    then = first.pair("BTCUSDT")

    later = SimMarket(1, first.now_ns, regime="crash", symbols=["BTCUSDT"]).pair("BTCUSDT")

    assert later.executions[0].trade_id > then.last_trade_id
    assert later.aggregates[0].aggregate_id > then.aggregates[-1].aggregate_id
    assert later.engine.update_id > then.engine.update_id
