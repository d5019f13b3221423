"""Alerts on the embedded market: of symbols that no panel shows, and through a real terminal."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("reads processes from /proc", allow_module_level=True)

from pseudo_terminal import PseudoTerminal, children_of, end
from server_source import ServerSource

from tui.app import TradeTuiApp
from tui.feed.clock import SystemClock
from tui.launch import Launch, Mode
from tui.market.alerts import RuleStatus, read_condition
from tui.model.alert import AlertRule
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.sim.market import SimMarket
from tui.sim.server import SimServer
from tui.themes import load_themes

pytestmark = pytest.mark.xdist_group("terminal")

BTC, SOL = Instrument("SIM", "BTCUSDT"), Instrument("SIM", "SOLUSDT")
COMMAND = Path(sysconfig.get_path("scripts")) / "tradetui"
CONFIG = """
symbols = ["SIM:BTCUSDT"]
watchlist = ["SIM:BTCUSDT"]

[[alerts]]
instrument = "SIM:SOLUSDT"
when = "print > 0"
tell = ["bell", "desktop"]
note = "seen; \\u001b]0;title\\u0007"
command = [
    '/usr/bin/env', 'sh', '-c', 'printf "%s\\n" "$@" > "$HOME/said"', 'sh',
    '{instrument}', '$(id); {text}',
]
"""


@asynccontextmanager
async def running() -> AsyncIterator[tuple[TradeTuiApp, SimServer]]:
    server = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns()))
    await server.start()
    launch = Launch(mode=Mode.SIM, themes=load_themes()[0], instruments=(BTC,), watchlist=(BTC,))
    app = TradeTuiApp(
        launch, ServerSource(int(server.url.rpartition(":")[2]), (BTC,)), frame_clock=False
    )
    try:
        async with app.run_test(size=(120, 40)):
            yield app, server
    finally:
        await server.close()


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


async def test_symbols_that_no_panel_shows_are_watched_and_let_go_again() -> None:
    async with running() as (app, server):
        conditions = [
            "print > 0",
            "volume > 0 5m",
            "candle volume > 0 1m",
            "candle volume > 0 2m",  # no venue has such candles: they are built
            "spread > 0",
            "macd.macd > -1000000 1m",
            "book unverified 1h",
        ]
        app.alerts.put(
            *(
                AlertRule(
                    id=condition,
                    instrument=SOL,
                    condition=read_condition(condition, Timeframe(1, "m")),
                    notices=(),
                )
                for condition in conditions
            )
        )
        app.check_alerts()

        await until(lambda: len(app.alerts.history) == 5)
        await until(lambda: app.alerts.state("macd.macd > -1000000 1m").status is RuleStatus.ARMED)

        assert {firing.rule.id for firing in app.alerts.history} == {*conditions[:5]}
        assert {one.instrument for one in app.dashboard.wanted()} == {BTC}
        assert any(name.startswith("solusdt@") for name in server.streams)

        for rule in app.alerts.rules:
            app.alerts.remove(rule.id)
        app.check_alerts()
        await until(lambda: not any(name.startswith("solusdt@") for name in server.streams))
        assert app.session.errors.records() == []


def test_the_terminal_is_told_in_sequences_that_hold_no_more_than_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    terminal = PseudoTerminal(
        [str(COMMAND), "--config", str(tmp_path / "config.toml")],
        environment={
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TMUX": "/tmp/tmux-0/default,1,0",
            "SOME_TOKEN": "secret",
        },
    )
    try:
        said = tmp_path / "said"
        terminal.wait_for(lambda: said.exists() and said.read_text().count("\n") == 2)
        terminal.see("1 alert")
        text = (
            "SIM:SOLUSDT one trade: (buy|sell) of [0-9.]+ at [0-9.]+"
            " \\(seen%s \N{REPLACEMENT CHARACTER}\\)"
        )
        body = (text % ",").encode()
        before = re.escape(b"\x1bPtmux;\x1b\x1b]")
        after = re.escape(b"\x1b\x1b\\\x1b\\")
        titled = re.escape("tradetui · SIMULATED".encode())

        assert re.search(before + b"9;" + titled + b": " + body + after, terminal.written)
        assert re.search(before + b"777;notify;" + titled + b";" + body + after, terminal.written)
        assert b"\x07" in terminal.written
        assert b"\x1b]0;title" not in terminal.written
        instrument, told = said.read_text().splitlines()
        assert instrument == "SIM:SOLUSDT"
        assert re.fullmatch(r"\$\(id\); " + text % ";", told)

        terminal.type("q")
        assert terminal.wait_for_end() == 0
    finally:
        left = children_of(terminal.process.pid)
        terminal.close()
        end(left)
