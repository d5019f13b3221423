"""The program with its event loop watched: python _lagging.py REPORT [ARGUMENT ...].

Writes how late the loop was, in ms: median, 99th percentile, worst; then the frames that were painted
and skipped.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from time import monotonic

import tui.event_loop
from tui.cli import main

EVERY_S = 0.01
lags: list[float] = []
make_loop = tui.event_loop.new_event_loop


def watched_loop() -> asyncio.AbstractEventLoop:
    loop = make_loop()

    def look(due: float) -> None:
        now = monotonic()
        lags.append(now - due)
        loop.call_later(EVERY_S, look, now + EVERY_S)

    loop.call_later(EVERY_S, look, monotonic() + EVERY_S)
    return loop


if __name__ == "__main__":
    tui.event_loop.new_event_loop = watched_loop
    code = main(sys.argv[2:])
    late = sorted(lags[300:] or lags)  # without the start, which imports
    at = {"p50": 0.5, "p99": 0.99, "worst": 1.0}
    report = {name: late[min(len(late) - 1, int(q * len(late)))] * 1e3 for name, q in at.items()}
    Path(sys.argv[1]).write_text(json.dumps(report))
    sys.exit(code)
