"""The market in a process of its own: it comes up, answers, and never outlives its parent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import aiohttp
import pytest

from tui.model.errors import TradeTuiError
from tui.sim.process import start_sim


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui.sim"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(number)

        assert process.wait(10) == 0
