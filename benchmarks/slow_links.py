"""The program on a terminal that takes few bytes a second, or stops: is it still there, and right?

A pseudo-terminal is read at a fixed rate, and what is read goes into an emulator, which answers as a
terminal at the far end of such a link would. 1.2 KB/s are a modem's 9.6 kbit/s. "key to paint" is from
a key to its effect on the emulated screen. The loop's lag is measured within the program. At the end
the screen must equal one that is painted anew; with --stop nobody reads for half a minute before that.

python slow_links.py [1.2 4 40 un] [--stop]: chosen links, or all.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from _watched import Watched

RATES = {"1.2 KB/s": 1_200, "4 KiB/s": 4_096, "40 KiB/s": 40_960, "unthrottled": 10_000_000}
MEASURED_S = 20.0
STOPPED_S = 30.0
PAUSED = "VIEW PAUSED"
HERE = Path(__file__).parent


class Throttled:
    """Reads so many bytes a second, in small steps."""

    def __init__(self, watched: Watched, byte_rate: int) -> None:
        self.watched = watched
        self.byte_rate = byte_rate
        self._next = time.monotonic()

    def watch(self, seconds: float, text: str | None = None, *, gone: bool = False) -> bool:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now < self._next:
                time.sleep(min(0.005, self._next - now))
                continue
            size = max(16, self.byte_rate // 100)
            data = self.watched.read(0.02, size)
            self._next = max(self._next, now - 0.02) + len(data) / self.byte_rate
            if data and text is not None and (text in self.watched.text) != gone:
                return True
        return False


def quantile(values: list[float], fraction: float) -> float:
    return sorted(values)[min(len(values) - 1, int(fraction * len(values)))]


def watch_rate(name: str, byte_rate: int, *arguments: str) -> bool:
    home = Path(tempfile.mkdtemp(prefix="slow-"))
    report = home / "report"
    command = [sys.executable, str(HERE / "_lagging.py"), str(report), *arguments]
    watched = Watched(command, columns=120, rows=40)
    link = Throttled(watched, byte_rate)
    try:
        link.watch(120, "live")
        link.watch(max(5.0, 20_000 / byte_rate))
        watched.begin()
        link.watch(MEASURED_S)
        rate = watched.rate
        took = []
        for turn in range(6):
            began = time.monotonic()
            watched.write(b" ")
            if not link.watch(60, PAUSED, gone=bool(turn % 2)):
                print(f"{name}: a key had no effect within a minute:\n{watched.text}")
                return False
            took.append(time.monotonic() - began)
            link.watch(1.5)
        if "--stop" in sys.argv:
            time.sleep(STOPPED_S)
        watched.write(b" ")  # paused: nothing moves but the clock
        link.watch(60, PAUSED)
        link.watch(12.0)
        before = list(watched.screen.display)
        link.byte_rate = 10_000_000
        watched.screen.reset()
        watched.screen.reset_mode(7, private=True)
        watched.resize(watched.columns, watched.rows)
        link.watch(4.0)
        after = watched.screen.display
        differing = [
            f"{row.rstrip()!r} instead of {right.rstrip()!r}"
            for y, (row, right) in enumerate(zip(before, after, strict=True))
            if y and row != right
        ]
    finally:
        watched.end()
    lag = json.loads(report.read_text())
    print(
        f"| {name} | {rate:,.0f} B/s | {quantile(took, 0.5):.2f} s | {max(took):.2f} s | "
        f"{lag['p50']:.1f} ms | {lag['p99']:.1f} ms | {lag['worst']:.0f} ms | "
        f"{'yes' if not differing else f'{len(differing)} rows differ'} |",
        flush=True,
    )
    for row in differing[:5]:
        print("   ", row)
    return not differing and lag["p99"] < 50


def main() -> int:
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")]
    print("| link | sent | key to paint, p50 | worst | lag p50 | p99 | worst | right at the end |")
    print("|---|---|---|---|---|---|---|---|")
    kept = True
    for name, byte_rate in RATES.items():
        if not chosen or any(name.startswith(word) for word in chosen):
            kept = watch_rate(name, byte_rate, "--regime", "busy") and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
