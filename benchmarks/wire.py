"""What the program sends to a terminal of 200x50: bytes a second, idle, calm and hot; bytes of a switch.

The market is `_exchange.py`, in a process of its own: five products; calm is 50 tickers, 20 book
updates and 20 trades a second each, hot is 2000 tickers and 400 trades a second in all, with the same
books. From tick to paint is the time between the moment when a price was sent and the moment when the
emulated screen shows it in its panel's title; it is taken where a price is painted at all.

python wire.py [idle calm hot switch]: chosen scenes, or all. --profile says what the bytes are.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from _exchange import PRODUCTS
from _watched import Watched, kind_of

RATES = {
    "idle": (0, 0, 0),
    "calm": (50, 20, 20),
    "hot": (400, 20, 80),
}
BUDGETS = {"idle": 0.2, "calm": 8.0, "hot": 15.0, "switch": 8.0}
WARM_UP_S = 6.0
MEASURED_S = 15.0
SYNCHRONISED = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
PRICE = re.compile(r"\d[\d,]*\.\d+")
HERE = Path(__file__).parent


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Market:
    """The market's process."""

    def __init__(self, rates: tuple[float, ...]) -> None:
        self.stream, self.rest = free_ports(2)
        self._process = subprocess.Popen(
            [sys.executable, HERE / "_exchange.py", *map(str, (self.stream, self.rest, *rates))],
            stdout=subprocess.PIPE,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}{path}", timeout=10) as answer:
            return json.load(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def settings(market: Market, home: Path) -> Path:
    """Write settings that lead to the market."""
    file = home / "bench.toml"
    file.write_text(
        f'[venues.coinbase]\nstream = "ws://127.0.0.1:{market.stream}"\n'
        f'rest = "http://127.0.0.1:{market.rest}"\n'
    )
    return file


def command(market: Market, home: Path, *more: str) -> list[str]:
    program = Path(sys.executable).with_name("tradetui")
    config = str(settings(market, home))
    return [str(program), "--config", config, "--venue", "coinbase", *more, *PRODUCTS]


def is_started(text: str) -> bool:
    """Tell whether charts have their history, and something is live."""
    return "Vol " in text and "● live" in text


class Sightings:
    """Prices as they were first seen on the screen: the first of the panel that a title begins."""

    def __init__(self, title: str, columns: int = 40) -> None:
        self._title = title
        self._columns = columns
        self.seen: dict[str, int] = {}

    def look(self, watched: Watched, moment: int) -> None:
        """Note what the screen shows at a moment (ns)."""
        rows = watched.display
        for y, row in enumerate(rows):
            if (x := row.find(self._title)) >= 0:
                found = PRICE.search("\n".join(r[x : x + self._columns] for r in rows[y : y + 2]))
                if found is not None:
                    self.seen.setdefault(found[0].replace(",", ""), moment)
                break

    def latencies_ms(self, moments: dict[str, dict[str, int]], since: int) -> list[float]:
        """Of the prices first told after a moment (ns), ascending."""
        told = {price: at for prices in moments.values() for price, at in prices.items()}
        return sorted(
            (at - told[price]) / 1e6
            for price, at in self.seen.items()
            if price in told and told[price] > since
        )


def quantile(values: list[float], fraction: float) -> float:
    return values[min(len(values) - 1, int(fraction * len(values)))] if values else float("nan")


def watch_scene(name: str, *, profile: bool) -> bool:
    market = Market(RATES[name])
    watched = None
    try:
        home = Path(tempfile.mkdtemp(prefix="wire-"))
        watched = Watched(command(market, home), answers=SYNCHRONISED)
        watched.watch(20, lambda: is_started(watched.text))
        before = watched.record(WARM_UP_S)
        watched.begin()
        since = time.monotonic_ns()
        sent_before = market.ask("/_stats")["sent"]
        sightings = Sightings("1 COINBASE:BTC-USD")
        chunks = watched.record(MEASURED_S)
        rate = watched.rate / 1024
        load = watched.load
        watched.replay(before)
        watched.replay(chunks, lambda moment: sightings.look(watched, moment))
        messages = (market.ask("/_stats")["sent"] - sent_before) / MEASURED_S
        took = sightings.latencies_ms(market.ask("/_moments"), since)
        kept = watched.kept
        frames = len(chunks)
        print(
            f"{name:6} {rate:7.2f} KiB/s (zlib {watched.packed_rate / 1024:6.2f}), "
            f"{frames / MEASURED_S:4.1f} frames/s, {load:4.1f}% of a core, "
            f"{watched.memory_mib:.0f} MiB, {messages:,.0f} messages/s; tick to paint "
            f"p50 {quantile(took, 0.5):.0f} ms, p95 {quantile(took, 0.95):.0f} ms ({len(took)})",
            flush=True,
        )
        if profile:
            total = max(1, len(kept))
            print(
                "       "
                + ", ".join(f"{kind} {size / total:.0%}" for kind, size in kind_of(kept).items())
            )
            (home / "written").write_bytes(kept)
            print(f"       {home / 'written'}")
        return rate <= BUDGETS[name]
    finally:
        if watched is not None:
            watched.end()
        market.close()


def watch_switch(*, profile: bool) -> bool:
    """Put the watchlist's other symbols into the first panel of an idle market."""
    market = Market(RATES["idle"])
    home = Path(tempfile.mkdtemp(prefix="wire-"))
    watched = Watched(command(market, home), answers=SYNCHRONISED)
    sizes = []
    try:
        watched.watch(20, lambda: is_started(watched.text))
        watched.watch(WARM_UP_S)
        for _ in range(4):
            watched.begin()
            watched.write(b"j\r")
            watched.watch(2.5)
            sizes.append(watched.taken)
        if profile:
            print("       ", kind_of(watched.kept))
            (home / "written").write_bytes(watched.kept)
            print(f"       {home / 'written'}")
    finally:
        watched.end()
        market.close()
    print(f"switch {', '.join(f'{size / 1024:.2f}' for size in sizes)} KiB")
    return max(sizes) / 1024 <= BUDGETS["switch"]


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    profile = "--profile" in sys.argv
    scenes = words or [*RATES, "switch"]
    kept = True
    for scene in scenes:
        if scene == "switch":
            is_within = watch_switch(profile=profile)
        else:
            is_within = watch_scene(scene, profile=profile)
        if not is_within:
            print(f"       over the budget of {BUDGETS[scene]} KiB")
        kept = kept and is_within
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
