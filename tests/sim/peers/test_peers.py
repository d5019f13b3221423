"""Existing Binance clients work unchanged with the embedded market.

They live in environments of their own: `TRADETUI_PEERS_PYTHON` names the python of one, or of several
separated as in PATH (python-binance and binance-connector cannot share one). A client that none of
them has is skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tui.sim.process import start_sim

PYTHONS = [path for path in os.environ.get("TRADETUI_PEERS_PYTHON", "").split(os.pathsep) if path]
CLIENTS = Path(__file__).parent / "clients"

pytestmark = pytest.mark.skipif(
    not PYTHONS, reason="TRADETUI_PEERS_PYTHON does not name a python with the peers"
)


@pytest.fixture
async def rest() -> AsyncIterator[str]:
    process = start_sim(seed=3, regime="busy")
    yield (await process.ready())["rest"]
    process.stop()


def run_client(name: str, needed: str, rest: str) -> dict[str, Any]:
    """Run a client script to its end and return what it found; skips where its library is absent."""
    for python in PYTHONS:
        if subprocess.run([python, "-c", needed], capture_output=True).returncode == 0:
            break
    else:
        pytest.skip(f"no python of TRADETUI_PEERS_PYTHON can: {needed}")
    done = subprocess.run(
        [python, str(CLIENTS / name), rest], capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_ccxt_reads_everything_and_keeps_an_order_book(rest: str) -> None:
    found = run_client("with_ccxt.py", "import ccxt.pro", rest)

    assert found == {
        "markets": 12,
        "tick": 0.01,
        "pepe_tick": 1e-08,
        "tickers": 12,
        "hours": 1000,
        "hours_contiguous": True,
        "trades": 500,
        "snapshot_crossed": False,
        "book_updates": 20,
        "book_crossed": False,
        "book_moves_on": True,
        "candle_timeframe_s": 60,
        "live_trades": True,
        "live_ticker": True,
        "live_best": True,
    }


def test_python_binance_reads_everything_and_keeps_a_depth_cache(rest: str) -> None:
    found = run_client("with_python_binance.py", "from binance import AsyncClient", rest)

    assert found == {
        "ping": {},
        "symbols": 12,
        "minutes": 180,
        "aggregates": 500,
        "tickers": 12,
        "combined_stream": "btcusdt@trade",
        "kline": "kline",
        "aggregate": "aggTrade",
        "partial_levels": 5,
        "cache_deep": True,
        "cache_crossed": False,
        "wrong_symbol": -1121,
    }


def test_binance_connector_reads_everything_and_streams(rest: str) -> None:
    found = run_client("with_connector.py", "import binance.spot", rest)

    assert found == {
        "symbols": 12,
        "klines": 500,
        "depth": 100,
        "weight": True,
        "events": ["24hrMiniTicker", "aggTrade", "depthUpdate", "kline"],
        "wrong_interval": -1120,
    }


def test_unicorn_streams(rest: str) -> None:
    found = run_client("with_unicorn.py", "import unicorn_binance_websocket_api", rest)

    assert found == {"events": ["24hrTicker", "aggTrade", "depthUpdate", "kline"]}
