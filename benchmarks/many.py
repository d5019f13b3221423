"""Ten of the whole program at once on this machine: what each of them takes, and how many of them fit.

Each has a pseudo-terminal of 200x50 of its own; all take the same market (`_exchange.py`), a process of
its own: "idle" is its heartbeats, "calm" 50 tickers, 20 book updates and 20 trades a second for each of
five products. Nobody emulates a terminal while it is measured: what comes is read, and looked at
afterwards. The machine is saturated where it has no time left, or where the market no longer manages to
send what it should; then programs are ended until it is not, and the most that fit are told as well.
"disturbed" says that others took so much of the machine that nothing can be said of that.

python many.py [idle calm] [--count=10] [--uvloop | --asyncio]: chosen scenes and loops, or all.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from _watched import Watched
from wire import RATES, SYNCHRONISED, Market, Sightings, command, is_started, quantile

HERE = Path(__file__).parent
LOAD_LIMIT = {"idle": 2.0, "calm": 15.0}  # per cent of a core, each
MEMORY_LIMIT_MIB = 90.0
WARM_UP_S = 6.0
MEASURED_S = 15.0
MEASURED_AGAIN_S = 8.0
BUSY = 95.0  # per cent of all cores: beyond, there is no time left
OTHERS = 10.0  # per cent that others take: beyond, nothing can be said of how many fit
KEPT_UP = 0.97  # of the messages that should be sent


class Spent(NamedTuple):
    """Processor time so far, in seconds: of all the machine's, ours, and of its idle one."""

    at: float
    each: list[float]
    market: float
    reader: float
    idle: float


class Row(NamedTuple):
    """What one measurement of several programs told."""

    count: int
    loads: list[float]
    machine: dict[str, float]
    kept_up: float
    text: str

    @property
    def is_saturated(self) -> bool:
        return not self.is_disturbed and (self.machine["all"] > BUSY or self.kept_up < KEPT_UP)

    @property
    def is_disturbed(self) -> bool:
        return self.machine["others"] > OTHERS


def spent_by(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def spent(programs: Sequence[Watched], market: Market) -> Spent:
    own = psutil.Process().cpu_times()
    return Spent(
        time.monotonic(),
        [spent_by(program.pid) for program in programs],
        spent_by(market.pid),
        own.user + own.system,
        psutil.cpu_times().idle + psutil.cpu_times().iowait,
    )


def start(market: Market, scene: str, count: int, loop: str) -> list[Watched]:
    """Start one after the other, and watch each until it shows the market."""
    programs: list[Watched] = []
    for _ in range(count):
        words = command(market, Path(tempfile.mkdtemp(prefix="many-")))
        if loop == "asyncio":
            words = [sys.executable, str(HERE / "_without_uvloop.py"), *words[1:]]
        programs.append(Watched(words, answers=SYNCHRONISED))
        newest = programs[-1]
        deadline = time.monotonic() + 40
        while not is_started(newest.text):
            if time.monotonic() > deadline:
                raise SystemExit(f"program {len(programs)} does not start:\n{newest.text}")
            came = Watched.record_all(programs, 0.1)
            newest.replay(came[-1])
            if len(programs) > 1:
                programs[0].replay(came[0])
    return programs


def measure(programs: Sequence[Watched], market: Market, seconds: float) -> Row:
    shown = Watched.record_all(programs, WARM_UP_S if seconds == MEASURED_S else 1.0)[0]
    for program in programs:
        program.begin()
    told_before, before = market.ask("/_stats")["sent"], spent(programs, market)
    since = time.monotonic_ns()
    chunks = Watched.record_all(programs, seconds)
    after, told = spent(programs, market), market.ask("/_stats")["sent"] - told_before
    took_s = after.at - before.at
    rates = [program.taken / took_s for program in programs]
    sightings = Sightings("1 COINBASE:BTC-USD")
    programs[0].replay(shown)
    programs[0].replay(chunks[0], lambda moment: sightings.look(programs[0], moment))
    ticks = sightings.latencies_ms(market.ask("/_moments"), since)
    loads = [
        (end - begin) / took_s * 100 for begin, end in zip(before.each, after.each, strict=True)
    ]
    cores = psutil.cpu_count() or 1
    share = 100 / took_s / cores
    machine = {
        "programs": sum(loads) / cores,
        "market": (after.market - before.market) * share,
        "reader": (after.reader - before.reader) * share,
        "all": 100 - (after.idle - before.idle) * share,
    }
    machine["others"] = machine["all"] - sum(
        machine[who] for who in ("programs", "market", "reader")
    )
    resident = [program.memory_mib for program in programs]
    shares = [program.memory_alone_mib for program in programs]
    kept_up = told / took_s / market.ask("/_stats")["asked"]
    text = (
        f"{median(loads):.1f}% | {max(loads):.1f}% | "
        f"{median(resident):.0f} ({max(resident):.0f}) MiB | "
        f"{median(pss for pss, _ in shares):.0f} MiB | {median(uss for _, uss in shares):.0f} MiB | "
        f"{median(rates) / 1024:.2f} KiB/s | "
        f"{median(len(came) for came in chunks) / took_s:.1f} | "
        + " | ".join(f"{quantile(ticks, q):.0f} ms" if ticks else "-" for q in (0.5, 0.95))
        + " | "
        + " + ".join(f"{machine[who]:.0f}" for who in ("programs", "market", "reader", "others"))
        + f"% | {kept_up:.0%} |"
    )
    return Row(len(programs), loads, machine, kept_up, text)


def fewer(count: int) -> int:
    return count - max(1, count // 5)


def watch_scene(scene: str, loop: str, count: int) -> bool:
    market = Market(RATES[scene])
    programs: list[Watched] = []
    try:
        programs = start(market, scene, count, loop)
        row = measure(programs, market, MEASURED_S)
        name = f"{scene}, {loop}"
        word = ", saturated" if row.is_saturated else ", disturbed" * row.is_disturbed
        print(f"| {name}: {row.count}{word} | {row.text}", flush=True)
        resident = max(program.memory_mib for program in programs)
        is_within = median(row.loads) <= LOAD_LIMIT[scene] and resident <= MEMORY_LIMIT_MIB
        while row.is_saturated and len(programs) > 1:
            for _ in range(len(programs) - fewer(len(programs))):
                programs.pop().end()
            Watched.record_all(programs, 2.0)
            row = measure(programs, market, MEASURED_AGAIN_S)
            word = "still saturated" if row.is_saturated else "the most that fit"
            print(f"| {name}: {row.count}, {word} | {row.text}", flush=True)
        return is_within
    finally:
        for program in programs:
            program.end(within_s=1.0)
        market.close()


def main() -> int:
    words = sys.argv[1:]
    scenes = [word for word in words if word in LOAD_LIMIT] or list(LOAD_LIMIT)
    count = next((int(word.split("=")[1]) for word in words if word.startswith("--count=")), 10)
    loops = [loop for loop in ("uvloop", "asyncio") if f"--{loop}" in words]
    loops = loops or ["uvloop", "asyncio"]
    if "uvloop" in loops and not find_spec("uvloop"):
        print("uvloop is not installed: asyncio's own loop alone\n")
        loops = ["asyncio"]
    print(
        f"{psutil.cpu_count()} cores; processor in per cent of a core, memory as the system counts it "
        "(RSS, median and most), with its share of what others hold too (PSS), and what it alone holds "
        "(USS)\n\n"
        "| programs | core, median | worst | RSS | PSS | USS | sent, each | frames/s | "
        "tick to paint, p50 | p95 | machine: programs + market + reader + others | market kept up |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    kept = [watch_scene(scene, loop, count) for scene in scenes for loop in loops]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
