"""The program on a terminal that takes few bytes a second, or stops: is it still there, and right?

A pseudo-terminal of 120x40 is read at a fixed rate, the embedded market busy, and what is read goes
into an emulator, which answers as a terminal at the far end of such a link would. 1,200 bytes a second
are a modem's 9.6 kbit/s. "key to paint" is from a key to its effect on the emulated screen: "cursor"
moves it in the watchlist, "symbol" puts another into the first panel (until its title says so),
"dialog" opens the search, "typing" writes a letter into it, "help" opens the help (until its first
heading), "help, all" is until its last line, "pause" holds the view still. The loop's lag is measured
within the program, before there are any keys and (the worst) with them, without the time for which the
system gave it no processor. At the end the screen must equal a full repaint of the same moment. With
--stop nobody reads for half a minute before that: what was received and what grew meanwhile is told,
and how long after that the screen was right.

python slow_links.py [1,200 4 40 unthrottled] [--stop]: chosen links, or all.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyte
from _keys import Key, Sight, shows
from _watched import Watched
from wire import SYNCHRONISED, quantile

RATES = {
    "1,200 B/s (9.6 kbit/s)": 1_200,
    "4 KiB/s": 4_096,
    "40 KiB/s": 40_960,
    "unthrottled": 10_000_000,
}
WATCHED_S = 15.0
SETTLED_S = 1.0
STOPPED_S = 30.0
PATIENCE_S = 60.0
ROUNDS = 3
PROGRAM = Path(__file__).parents[1] / "tests/e2e/apps/probed_program.py"
SEARCH = "symbol, for example"
HELP_FIRST, HELP_LAST = "Order book and tape", "next, previous symbol"

# One after the other; those without a kind only put back what was before.
KEYS = [
    Key("cursor", b"j", shows("▸ETHUSDT")),
    Key("symbol", b"\r", shows("^.?1 SIM:ETHUSDT")),
    Key("cursor", b"k", shows("▸BTCUSDT")),
    Key("symbol", b"\r", shows("^.?1 SIM:BTCUSDT")),
    Key("dialog", b"/", shows(SEARCH)),
    Key("typing", b"z", shows(SEARCH, gone=True)),
    Key("", b"\x1b", shows("esc close", gone=True)),
    Key("help", b"?", shows(HELP_FIRST)),
    Key("help, all", b"", shows(HELP_LAST)),
    Key("", b"\x1b", shows(f"{HELP_FIRST}|{HELP_LAST}", gone=True)),
    Key("pause", b" ", shows("VIEW PAUSED")),
    Key("pause", b" ", shows("VIEW PAUSED", gone=True)),
]
KINDS = list(dict.fromkeys(key.kind for key in KEYS if key.kind))


class Throttled:
    """Reads so many bytes a second, in small steps."""

    def __init__(self, watched: Watched, byte_rate: int) -> None:
        self.watched = watched
        self.byte_rate = byte_rate
        self.total = 0
        self._next = time.monotonic()

    def watch(self, seconds: float, is_done: Sight | None = None) -> bool:
        """Read for a time, or until the screen says something."""
        if is_done is not None and is_done(self.watched.display):
            return True
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.read() and is_done is not None and is_done(self.watched.display):
                return True
        return False

    def read(self, most: int = 65_536) -> bytes:
        """Take what is due, if anything."""
        now = time.monotonic()
        if now < self._next:
            time.sleep(min(0.005, self._next - now))
            return b""
        data = self.watched.read(0.02, min(most, max(16, self.byte_rate // 100)))
        self._next = max(self._next, now - 0.02) + len(data) / self.byte_rate
        self.total += len(data)
        return data


class Probed:
    """The program with a probe in it, at the far end of a link."""

    def __init__(self, byte_rate: int) -> None:
        self._report = Path(tempfile.mkdtemp(prefix="slow-")) / "report"
        command = [sys.executable, str(PROGRAM), str(self._report), "--regime", "busy"]
        self.watched = Watched(command, columns=120, rows=40, answers=SYNCHRONISED)
        self.link = Throttled(self.watched, byte_rate)
        self._told = 0

    def figures(self, number: signal.Signals = signal.SIGUSR1, *, reads: bool = True) -> Any:
        """Ask for a line of its report."""
        os.kill(self.watched.pid, number)
        self._told += 1
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            lines = self._report.read_text().splitlines(True) if self._report.exists() else []
            if len(lines) >= self._told and lines[-1].endswith("\n"):
                return json.loads(lines[self._told - 1])
            if reads:
                self.link.read()
            else:
                time.sleep(0.01)
        raise SystemExit(f"no answer within a minute:\n{self.watched.text}")

    def wrong_rows(self) -> list[str]:
        """Read to a moment at which nothing is left out, and compare that with a full repaint."""
        for _ in range(20):
            moment = self.figures(signal.SIGUSR2)
            if self.link.total <= moment["written"]:
                break
        while self.link.total < moment["written"]:
            self.link.read(moment["written"] - self.link.total)
        right = pyte.Screen(self.watched.columns, self.watched.rows)
        right.reset_mode(7, private=True)
        pyte.Stream(right).feed(moment["repaint"])
        return [
            f"{row.rstrip()!r} instead of {wanted.rstrip()!r}"
            for row, wanted in zip(self.watched.display, right.display, strict=True)
            if row != wanted
        ]


def press(link: Throttled, took: dict[str, list[float]]) -> bool:
    """Press all keys in turn; False when one had no effect."""
    began = 0.0
    for key in KEYS:
        if key.typed:
            began = time.monotonic()
            link.watched.write(key.typed)
        if not link.watch(PATIENCE_S, key.is_done):
            print(f"{key.kind or key.typed!r} had no effect within a minute:\n{link.watched.text}")
            return False
        if key.kind:
            took[key.kind].append(time.monotonic() - began)
        if key.kind != "help":
            link.watch(SETTLED_S)
    return True


def stop(program: Probed) -> str:
    """Do not read for a while, then read on; tell what happened."""
    before = program.figures(reads=False)
    time.sleep(STOPPED_S)
    after = program.figures(reads=False)
    began, held = time.monotonic(), after["written"] - program.link.total
    wrong = program.wrong_rows()
    grown = {name: after[name] - before[name] for name in ("messages", "frames", "held", "memory")}
    return (
        f"   stopped for {STOPPED_S:.0f} s: {grown['messages']:,} messages taken, "
        f"{grown['frames']} frames sent, {grown['held']} skipped, "
        f"memory {after['memory'] / 2**20:.1f} MiB ({grown['memory'] / 2**20:+.1f}), "
        f"lag p99 {after['own p99']:.1f} ms; {held:,} bytes on the way, right after "
        f"{time.monotonic() - began:.2f} s" + (f", but {len(wrong)} rows differ" if wrong else "")
    )


def watch_rate(name: str, byte_rate: int) -> bool:
    program = Probed(byte_rate)
    watched, link = program.watched, program.link
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    stopped = ""
    try:
        if not link.watch(120, shows("● live")):
            print(f"{name}: it does not start:\n{watched.text}")
            return False
        link.watch(max(5.0, 20_000 / byte_rate))
        program.figures()
        watched.begin()
        link.watch(WATCHED_S)
        rate, lag = watched.rate, program.figures()
        for _ in range(ROUNDS):
            if not press(link, took):
                return False
        worst = program.figures()["own worst"]
        if "--stop" in sys.argv:
            stopped = stop(program)
        wrong = program.wrong_rows()
    finally:
        watched.end()
    delays = (sorted(values) for values in took.values())
    shown = " | ".join(f"{quantile(one, 0.5):.2f}, {quantile(one, 0.95):.2f}" for one in delays)
    print(
        f"| {name} | {rate:,.0f} B/s | {shown} | {lag['own p50']:.1f} | {lag['own p99']:.1f} | "
        f"{worst:.0f} ms | {f'{len(wrong)} rows differ' if wrong else 'yes'} |",
        flush=True,
    )
    for line in [*filter(None, [stopped]), *(f"    {row}" for row in wrong[:5])]:
        print(line, flush=True)
    return not wrong and "differ" not in stopped and bool(lag["own p99"] < 50)


def main() -> int:
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")]
    print(
        f"| link | sent | {' | '.join(f'{kind}: p50, p95 in s' for kind in KINDS)} | lag p50 | p99 | "
        f"worst, with keys | right at the end |\n|{'---|' * (len(KINDS) + 6)}",
        flush=True,
    )
    kept = True
    for name, byte_rate in RATES.items():
        if not chosen or name.split()[0] in chosen:
            kept = watch_rate(name, byte_rate) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
