"""The whole pipeline under load: from the socket's bytes to facts in the market, at three rates.

A market in a process of its own offers 1000, 5000 and 10,000 messages a second (trades, tickers,
changes of a verified book, candles), and one client at a time takes them, in a process of its own:
our feed, with the instrument in focus (every slice reaches the market at once) and without (every
100 ms), and a naive client: `websockets`, `json.loads`, and dictionaries that nobody verifies.

Processor time is the client's, for each message that it read, TCP and WebSocket included. Latency is
from the moment when a trade was sent until it is in the market. Rounds are interleaved.
"""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import random
import socket
import sys
import time
from collections import deque
from pathlib import Path
from statistics import median
from typing import Any

import websockets

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.market.market import Market
from tui.model.events import Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

RATES = (1_000, 5_000, 10_000)
ROUNDS = 3
WARM_UP_S = 1.0
MEASURED_S = 4.0
PATIENCE_S = 20.0
BTCUSDT = Instrument("BINANCE", "BTCUSDT")
FLOOD = Path(__file__).with_name("_flood.py")


class Sample:
    """What a client measures of itself, once it is told to begin."""

    def __init__(self) -> None:
        self.latencies: list[int] = []
        self._messages = 0
        self._began = self._worked = 0.0

    def begin(self, messages: int) -> None:
        self.latencies.clear()
        self._messages = messages
        self._began, self._worked = time.perf_counter(), time.process_time()

    def end(self, messages: int) -> dict[str, float]:
        elapsed, worked = time.perf_counter() - self._began, time.process_time() - self._worked
        count = max(1, messages - self._messages)
        ordered = sorted(self.latencies) or [0]
        return {
            "rate": count / elapsed,
            "us": worked / count * 1e6,
            "core": worked / elapsed * 100,
            "p50": ordered[len(ordered) // 2] / 1e6,
            "p99": ordered[len(ordered) * 99 // 100] / 1e6,
        }


# -- ours ------------------------------------------------------------------------------------


class TimedMarket(Market):
    """Notes when each trade arrives."""

    def __init__(self, latencies: list[int]) -> None:
        super().__init__()
        self._latencies = latencies

    def apply_trade(self, trade: Trade) -> bool:
        self._latencies.append(time.monotonic_ns() - int(trade.size_text[2:]))
        return super().apply_trade(trade)


def is_live(market: Market, subscription: Subscription) -> bool:
    return market.truth(subscription).status is SubscriptionStatus.LIVE


async def take_with_feed(port: int, *, focus: bool) -> dict[str, float]:
    sample, clock, rest = Sample(), SystemClock(), RestTransport()
    market = TimedMarket(sample.latencies)
    errors = ErrorLog(clock)
    feed = Feed(
        BinanceAdapter({"stream": f"ws://127.0.0.1:{port}", "rest": f"http://127.0.0.1:{port}"}),
        market,
        transports={TransportKind.WEBSOCKET: WebSocketTransport()},
        rest=rest,
        clock=clock,
        rng=random.Random(),
        errors=errors,
    )
    wanted = [
        *(Subscription(BTCUSDT, one) for one in (Channel.TICKER, Channel.TRADES, Channel.BOOK)),
        Subscription(BTCUSDT, Channel.CANDLES, Timeframe(1, "m")),
    ]
    feed.want(wanted)
    feed.focus(frozenset({BTCUSDT} if focus else ()))
    running = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not all(is_live(market, one) for one in wanted):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(WARM_UP_S)
        before = feed.health()
        sample.begin(before.messages_in)
        await asyncio.sleep(MEASURED_S)
        after = feed.health()
        found = sample.end(after.messages_in)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await rest.close()
    conflated, lost = after.conflated - before.conflated, after.dropped - before.dropped
    return {**found, "conflated": conflated / MEASURED_S, "lost": lost}


# -- the naive client ------------------------------------------------------------------------


async def take_naively(port: int) -> dict[str, float]:
    sample, messages = Sample(), 0
    trades: deque[Any] = deque(maxlen=1000)
    tickers: dict[str, Any] = {}
    candles: dict[int, Any] = {}
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    names = [f"btcusdt@{kind}" for kind in ("ticker", "aggTrade", "depth@100ms", "kline_1m")]
    begins, ends = time.perf_counter() + WARM_UP_S, float("inf")
    async with websockets.connect(f"ws://127.0.0.1:{port}/stream") as connection:
        await connection.send(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
        async for raw in connection:
            messages += 1
            data = json.loads(raw).get("data", {})
            kind = data.get("e")
            if kind == "aggTrade":
                sample.latencies.append(time.monotonic_ns() - int(data["q"][2:]))
                trades.append((data["a"], float(data["p"]), float(data["q"]), data["m"]))
            elif kind == "24hrTicker":
                tickers[data["s"]] = data
            elif kind == "depthUpdate":
                for side, levels in ((bids, data["b"]), (asks, data["a"])):
                    for price, size in levels:
                        if float(size):
                            side[float(price)] = float(size)
                        else:
                            side.pop(float(price), None)
            elif kind == "kline":
                candles[data["k"]["t"]] = data["k"]
            now = time.perf_counter()
            if now >= ends:
                break
            if now >= begins and ends == float("inf"):
                sample.begin(messages)
                ends = now + MEASURED_S
        return sample.end(messages)


# -- the run ---------------------------------------------------------------------------------

CLIENTS = {
    "tradetui, in focus": lambda port: take_with_feed(port, focus=True),
    "tradetui, batches of 100 ms": lambda port: take_with_feed(port, focus=False),
    "websockets, json, dicts": take_naively,
}


async def measure(client: str, rate: int) -> dict[str, float]:
    """Run a market and a client, each in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = await asyncio.create_subprocess_exec(sys.executable, str(FLOOD), str(port), str(rate))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await is_up(port):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        taker = await asyncio.create_subprocess_exec(
            sys.executable, __file__, client, str(port), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await taker.communicate()
        if taker.returncode:
            raise RuntimeError(f"{client} failed")
        found: dict[str, float] = json.loads(output)
        return found
    finally:
        server.terminate()
        await server.wait()


async def is_up(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def compare(rate: int) -> None:
    rounds: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
    for _ in range(ROUNDS):
        for client, found in rounds.items():
            found.append(await measure(client, rate))
    naive = rounds["websockets, json, dicts"]
    print(f"{rate:,} messages a second offered")
    print(
        f"  {'':30}{'taken/s':>9}{'us each':>9}{'core':>7}{'ratio':>7}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'conflated/s':>13}{'lost':>6}"
    )
    for client, found in rounds.items():

        def mid(name: str, found: list[dict[str, float]] = found) -> float:
            return median(one.get(name, 0.0) for one in found)

        lost = sum(one.get("lost", 0) for one in found)
        ratio = median(own["us"] / other["us"] for own, other in zip(found, naive, strict=True))
        print(
            f"  {client:30}{mid('rate'):9,.0f}{mid('us'):9.1f}{mid('core'):6.0f}%{ratio:7.2f}"
            f"{mid('p50'):9.2f}{mid('p99'):9.2f}{mid('conflated'):13,.0f}{lost:6.0f}"
        )
    print()


async def run() -> None:
    print(
        f"Python {sys.version.split()[0]}, {platform.machine()}, {ROUNDS} interleaved rounds, medians; "
        "ratio: how many times the naive client's processor time"
    )
    print()
    for rate in RATES:
        await compare(rate)


def main(arguments: list[str]) -> int:
    logging.disable()
    if arguments[:1] and arguments[0] in CLIENTS:
        print(json.dumps(asyncio.run(CLIENTS[arguments[0]](int(arguments[1])))))
        return 0
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
