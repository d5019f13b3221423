"""Existing clients of the venues work with the embedded market, pointed at it by URL alone.

They live in environments of their own: `TRADETUI_PEERS_PYTHON` names the python of one, or of several
separated as in PATH (some clients cannot share one). A client that none of them has is skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tui.sim.process import SimEndpoints, start_sim

PYTHONS = [path for path in os.environ.get("TRADETUI_PEERS_PYTHON", "").split(os.pathsep) if path]
CLIENTS = Path(__file__).parent / "clients"

pytestmark = pytest.mark.skipif(
    not PYTHONS, reason="TRADETUI_PEERS_PYTHON does not name a python with the peers"
)


@pytest.fixture
async def places() -> AsyncIterator[SimEndpoints]:
    process = start_sim(seed=3, regime="busy")
    yield await process.endpoints()
    process.stop()


@pytest.fixture
def rest(places: SimEndpoints) -> str:
    return places.binance["rest"]


def run_client(name: str, needed: str, place: str | dict[str, str]) -> dict[str, Any]:
    """Run a client script to its end and return what it found; skips where its library is absent.

    Args:
        place: the one URL that the script needs, or its endpoints.
    """
    told = place if isinstance(place, str) else json.dumps(place)
    for python in PYTHONS:
        if subprocess.run([python, "-c", needed], capture_output=True).returncode == 0:
            break
    else:
        pytest.skip(f"no python of TRADETUI_PEERS_PYTHON can: {needed}")
    done = subprocess.run(
        [python, str(CLIENTS / name), told], capture_output=True, text=True, timeout=90
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


# -- Coinbase ---------------------------------------------------------------------------------


def test_ccxt_reads_coinbase_exchange_and_keeps_an_order_book(places: SimEndpoints) -> None:
    found = run_client("with_ccxt_coinbase_exchange.py", "import ccxt.pro", places.coinbase)

    assert found == {
        "markets": 12,
        "tick": 0.01,
        "minutes": True,
        "minutes_ascend": True,
        "candles_sound": True,
        "trades": 100,
        "snapshot_crossed": False,
        "book_updates": 20,
        "book_crossed": False,
        "book_moves": True,
        "live_trades": True,
        "ticker": True,
    }


def test_cbpro_reads_coinbase_exchange_and_streams(places: SimEndpoints) -> None:
    found = run_client("with_cbpro.py", "import cbpro", places.coinbase)

    assert found == {
        "kinds": [
            "heartbeat",
            "l2update",
            "last_match",
            "match",
            "snapshot",
            "subscriptions",
            "ticker",
        ],
        "ids_contiguous": True,
        "products": 12,
        "hours": True,
        "newest_first": True,
        "crossed": False,
        "time": True,
    }


def test_ccxt_reads_coinbase_advanced_and_keeps_an_order_book(places: SimEndpoints) -> None:
    found = run_client("with_ccxt_coinbase.py", "import ccxt.pro", places.advanced)

    assert found == {
        "markets": 12,
        "minutes": True,
        "minutes_ascend": True,
        "trades": 50,
        "snapshot_crossed": False,
        "book_updates": 20,
        "book_crossed": False,
        "book_moves": True,
        "live_trades": True,
        "ticker": True,
    }


def test_coinbases_own_client_gets_every_frame_of_advanced_in_sequence(
    places: SimEndpoints,
) -> None:
    needed = "import coinbase.websocket, websockets; assert int(websockets.__version__[:2]) < 14"
    found = run_client("with_coinbase_advanced.py", needed, places.advanced)

    assert found == {
        "channels": [
            "candles",
            "heartbeats",
            "l2_data",
            "market_trades",
            "subscriptions",
            "ticker",
        ],
        "contiguous": True,
        "crossed": False,
        "deep": True,
    }


def test_cryptofeed_streams_coinbase_advanced(places: SimEndpoints) -> None:
    found = run_client("with_cryptofeed_coinbase.py", "import cryptofeed", places.advanced)

    assert found == {"books": True, "trades": True, "ids_contiguous": True, "complaints": 0}


# -- Kraken -----------------------------------------------------------------------------------


def test_ccxt_reads_kraken_and_keeps_an_order_book(places: SimEndpoints) -> None:
    found = run_client("with_ccxt_kraken.py", "import ccxt.pro", places.kraken)

    assert found == {
        "markets": 12,
        "minutes": 720,
        "minutes_contiguous": True,
        "trades": 200,
        "snapshot_crossed": False,
        "book_updates": 20,
        "book_crossed": False,
        "book_moves": True,
        "live_trades": True,
        "candle_on_a_minute": True,
        "ticker": True,
    }


def test_python_kraken_sdk_finds_every_checksum_of_the_second_protocol_right(
    places: SimEndpoints,
) -> None:
    needed = "import kraken.spot, krakenex"
    found = run_client("with_kraken_sdk.py", needed, places.kraken)

    assert found == {
        "valid": True,
        "crossed": False,
        "moves": True,
        "channels": ["ohlc", "ticker", "trade"],
        "complaints": 0,
        "hours": 720,
        "wrong": ["EQuery:Unknown asset pair"],
    }


def test_cryptofeed_finds_every_checksum_of_the_first_protocol_right(places: SimEndpoints) -> None:
    found = run_client("with_cryptofeed_kraken.py", "import cryptofeed", places.kraken)

    assert found == {
        "books": True,
        "crossed": False,
        "trades": True,
        "candles": True,
        "tickers": True,
        "complaints": 0,
    }


# -- TradingView ------------------------------------------------------------------------------


def test_tvdatafeed_downloads_history(places: SimEndpoints) -> None:
    found = run_client("with_tvdatafeed.py", "import tvDatafeed", places.tradingview)

    fine = {"rows": 60, "sound": True, "ascending": True}
    assert found == {"in_1_minute": fine, "in_1_hour": fine, "in_monthly": fine}


def test_tradingview_scraper_streams(places: SimEndpoints) -> None:
    needed = "import tradingview_scraper"
    found = run_client("with_tradingview_scraper.py", needed, places.tradingview)

    assert found == {"rows": 30, "updates": True}
