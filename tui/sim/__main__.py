"""Runs the embedded market alone: `python -m tui.sim`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import time

from tui.sim.market import NS, SimMarket
from tui.sim.regimes import Regime
from tui.sim.server import SimServer

_LONGEST_PAST_S = 1_800


async def serve(
    *, port: int, seed: int, regime: str, watch_stdin: bool, began_ns: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input ends where it is watched.

    Args:
        began_ns: when the market began that is to go on; one that began long ago would take too long
            to catch up, and a new one begins instead.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    now_ns = time.time_ns()
    if began_ns is None or not 0 <= now_ns - began_ns <= _LONGEST_PAST_S * NS:
        began_ns = now_ns
    market = SimMarket(seed, began_ns, regime=regime)
    market.advance(now_ns)
    server = SimServer(market)
    bound = await server.start(port=port)
    endpoints = server.endpoints
    line = {
        "port": bound,
        "ws": endpoints["stream"],
        "rest": endpoints["rest"],
        "native": server.native_endpoints,
        "coinbase": server.coinbase_endpoints,
        "advanced": server.advanced_endpoints,
        "kraken": server.kraken_endpoints,
        "tradingview": server.tradingview_endpoints,
    }
    print(json.dumps(line), flush=True)
    if watch_stdin:
        threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
    ends = [asyncio.create_task(stop.wait()), asyncio.create_task(server.failed())]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await ends[
                1
            ]  # a market that stands still is worse than none: who watches starts another
    finally:
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        await server.close()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tui.sim", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--regime", choices=[str(regime) for regime in Regime], default="auto")
    parser.add_argument(
        "--began", type=int, help="ns since 1970: the market that began then goes on"
    )
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    given = parser.parse_args()
    try:
        asyncio.run(
            serve(
                port=given.port,
                seed=given.seed,
                regime=given.regime,
                watch_stdin=given.watch_stdin,
                began_ns=given.began,
            )
        )
    except OSError as error:
        print(f"port {given.port} of 127.0.0.1 cannot be had: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
