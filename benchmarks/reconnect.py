"""Drop to live again: how long after the loss of all connections price and book are right again.

A market on loopback (the Coinbase Exchange protocol: 50 prices, 20 changes of the book and 20 trades
a second, 6000 levels in a snapshot) cuts every connection at once, ours and the peer's, and both find
their own way back: the same server, the same moment, the same process. "Live again" is for us a
price that is live and a book that is verified, as the screen says them; for crypto-terminal its
status "live" on both of its connections, with a snapshot in the book. Neither draws anything here.

Every cut counts as one after a long time online: an own backoff that grows with each cut of a
benchmark would say nothing of a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import crypto_terminal.book
import crypto_terminal.feed

from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

CUTS = 15
RATES = ("50", "20", "20")
PATIENCE_S = 30.0
PRODUCT = "BTC-USD"
SERVER = Path(__file__).resolve().parents[2] / "shared/bench/terminal_peers/load_server.py"


class Contestant(Protocol):
    name: str

    def is_live(self) -> bool: ...

    async def run(self) -> None: ...


class Ours:
    def __init__(self, stream: str, rest: str) -> None:
        self.name = f"tradetui {version('tradetui')}"
        clock, self.market, self.rest = SystemClock(), Market(), RestTransport()
        self.feed = Feed(
            CoinbaseAdapter({"stream": stream, "rest": rest}),
            self.market,
            transports={TransportKind.WEBSOCKET: WebSocketTransport()},
            rest=self.rest,
            clock=clock,
            rng=random.Random(),
            errors=ErrorLog(clock),
            settings=FeedSettings(min_uptime_s=0.0),
        )
        instrument = Instrument("COINBASE", PRODUCT)
        channels = (Channel.TICKER, Channel.BOOK, Channel.TRADES)
        wanted = [Subscription(instrument, channel) for channel in channels]
        self.price, self.book = wanted[:2]
        self.feed.want(wanted)

    def is_live(self) -> bool:
        truths = self.market.truth(self.price), self.market.truth(self.book)
        return (
            all(truth.status is SubscriptionStatus.LIVE for truth in truths) and truths[1].verified
        )

    async def run(self) -> None:
        try:
            await self.feed.run()
        finally:
            await self.rest.close()


class CryptoTerminal:
    """Its two connections, as its program opens them: prices of the watchlist, and one pair's book."""

    def __init__(self, stream: str) -> None:
        self.name = f"crypto-terminal {version('crypto-terminal')}"
        self.status = ""
        self.prices = crypto_terminal.feed.Feed(
            [PRODUCT], lambda tick: None, self._on_status, url=stream
        )
        self.book = crypto_terminal.book.BookFeed(PRODUCT, url=stream)

    def is_live(self) -> bool:
        return self.status == self.book.status == "live" and self.book.book.ready

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.prices.run())
            group.create_task(self.book.run())

    def _on_status(self, status: str) -> None:
        self.status = status


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(done: Any) -> float:
    """The moment when this is true for the first time, seconds; looked at every few milliseconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not done():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.002)
    return time.perf_counter()


async def back_after(contestant: Contestant, cut: float) -> float:
    await until(lambda: not contestant.is_live())
    return await until(contestant.is_live) - cut


async def measure(contestants: list[Contestant], rest: str, how: str) -> list[list[float]]:
    """Seconds from each cut until each contestant is live again."""
    times: list[list[float]] = [[] for _ in contestants]
    for _ in range(CUTS):
        await asyncio.gather(*(until(one.is_live) for one in contestants))
        await asyncio.sleep(0.3)
        cut = time.perf_counter()
        request = asyncio.to_thread(urllib.request.urlopen, f"{rest}/{how}")
        spent = await asyncio.gather(*(back_after(one, cut) for one in contestants), request)
        for own, seconds in zip(times, spent[:-1], strict=True):
            own.append(seconds)
    return times


def show(title: str, contestants: list[Contestant], times: list[list[float]]) -> None:
    print(f"{title}: seconds until price and book are live again, {CUTS} cuts")
    print(f"  {'':28}{'median':>8}{'best':>8}{'worst':>8}{'ratio':>8}")
    for contestant, spent in zip(contestants, times, strict=True):
        ratio = statistics.median(own / ours for own, ours in zip(spent, times[0], strict=True))
        print(
            f"  {contestant.name:28}{statistics.median(spent):8.2f}{min(spent):8.2f}"
            f"{max(spent):8.2f}{ratio:8.1f}"
        )
    print()


async def run() -> None:
    ports = free_port(), free_port()
    stream, rest = f"ws://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SERVER),
        *map(str, ports),
        *RATES,
        stderr=subprocess.DEVNULL,  # it complains of every connection that it cut itself
    )
    try:
        await wait_for(*ports)
        contestants: list[Contestant] = [Ours(stream, rest), CryptoTerminal(stream)]
        tasks = [asyncio.create_task(one.run()) for one in contestants]
        print(
            f"Python {sys.version.split()[0]}, {platform.machine()}; all connections are cut at once; "
            "ratio: median of how many times our time the same cut took"
        )
        print()
        try:
            show("Reset (RST)", contestants, await measure(contestants, rest, "_kill"))
            show("Closed by the server", contestants, await measure(contestants, rest, "_drop"))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        server.terminate()
        await server.wait()


async def wait_for(*ports: int) -> None:
    for port in ports:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)


def main() -> int:
    if not SERVER.is_file():
        print(f"no market beside the checkout ({SERVER}): nothing measured")
        return 0
    logging.disable()  # what peers log is not what is measured
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
