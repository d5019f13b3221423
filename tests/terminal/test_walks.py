"""Whatever happened before, the terminal shows what a fresh full repaint of the program would show.

The whole program runs on a pseudo-terminal and is driven at random: by the market, by keys, by new
sizes, and by a terminal that takes nothing for a while. `make walks` goes thousands of steps, another
way each time; TRADETUI_WALK_STEPS says how many. A failure prints the steps that lead to it, as few as
were found, and what the terminal shows that it should not.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the driver is for Linux", allow_module_level=True)

from hasty_loop import HastyLoop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from moved_market import HOSTILE, WALKED
from staging import CONNECTED
from walked_program import Setting, WalkedProgram

from tui.model.health import ConnectionState, ErrorCategory
from tui.model.subscription import SubscriptionStatus
from tui.themes import load_themes

STEPS = int(os.environ.get("TRADETUI_WALK_STEPS", "0"))
_STEPS_OF_A_WALK = 100 if STEPS else 50
_SHORT_WALKS = 4

THEMES = sorted(load_themes()[0])
ESCAPE, ENTER, TAB, BACK_TAB, BACKSPACE = "\x1b[27u", "\r", "\t", "\x1b[Z", "\x7f"
ARROWS = [f"\x1b[{letter}" for letter in "ABCDHF"]
PAGES = ["\x1b[5~", "\x1b[6~", "\x1b[1;2C", "\x1b[1;2D"]
OF_THE_DASHBOARD = [*"123456789jkaxgbvzetfmM{}[]+-=0hlotSHwsGFTcC r", "\x0c"]
OPENING = [*"/IdAL?niOP", "\x10"]
OF_DIALOGS = [ESCAPE, ESCAPE, ENTER, TAB, BACK_TAB, BACKSPACE, *ARROWS, *PAGES]
OF_LAYOUTS = [f"\x1b[{ord(digit)};3u" for digit in "1234"]
TYPED = ["btc", "50", "61800 ", "rsi", "e\u0301\u0301", "界面", "👩\u200d👧", "x" * 90]
SIZES = [(200, 50), (120, 40), (80, 24), (100, 31), (59, 20), (40, 12), (28, 7), (20, 5), (10, 3)]
SOMEBODY_ELSE = "\x1b[1;35;44;7m\x1b[2;3Hwas here"

instruments = st.sampled_from(WALKED)
offsets = st.integers(-9, 9)


class Walk(RuleBasedStateMachine):
    """The program's day, out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=HastyLoop)
        self.program: Any = None
        self.is_wrong = False

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def _check(self) -> None:
        wrong = self._do(self.program.settle())
        self.is_wrong = bool(wrong)
        assert not wrong, "the terminal shows something else than a repaint:\n" + "\n".join(wrong)

    def teardown(self) -> None:
        try:
            if self.program is not None and self.program.app.is_running and not self.is_wrong:
                self._check()
        finally:
            if self.program is not None:
                self._do(self.program.close())
            self.runner.close()

    @initialize(
        setting=st.builds(
            Setting,
            size=st.sampled_from(SIZES[:6]),
            theme=st.sampled_from(THEMES),
            grid=st.sampled_from([1, 4, 6]),
            glyphs=st.sampled_from(["eighths", "halves", "ascii"]),
            colours=st.sampled_from(["truecolor", "truecolor", "256", "16", "none"]),
            low_bandwidth=st.sampled_from(["off", "auto", "on"]),
            erases=st.booleans(),
            has_sync=st.booleans(),
        )
    )
    def start(self, setting: Setting) -> None:
        loop = self.runner.get_loop()
        assert isinstance(loop, HastyLoop)
        self.program = WalkedProgram(setting, loop)
        self._do(self.program.open())

    # -- what the market does ------------------------------------------------------------------

    @rule(instrument=instruments, moves=st.lists(offsets, min_size=1, max_size=12))
    def trade(self, instrument: Any, moves: list[int]) -> None:
        for offset in moves:
            self.program.market.trade(instrument, offset, 0.5 + abs(offset) ** 3)
        self.program.frame()

    @rule(moves=st.lists(st.tuples(instruments, offsets), min_size=1, max_size=4))
    def tick(self, moves: list[tuple[Any, int]]) -> None:
        for instrument, offset in moves:
            self.program.market.tick(instrument, offset)
        self.program.frame()

    @rule(
        instrument=instruments,
        levels=st.lists(
            st.tuples(st.integers(1, 40), st.sampled_from([0.0, 0.3, 1, 2000])), max_size=6
        ),
    )
    def change_book(self, instrument: Any, levels: list[tuple[int, float]]) -> None:
        self.program.market.change_book(instrument, levels)
        self.program.frame()

    @rule(instrument=instruments, offset=offsets)
    def replace_book(self, instrument: Any, offset: int) -> None:
        self.program.market.replace_book(instrument, offset * 4)
        self.program.frame()

    @rule(
        instrument=instruments, offset=st.integers(-900, 900), volume=st.sampled_from([0.1, 9, 4e6])
    )
    def change_candle(self, instrument: Any, offset: int, volume: float) -> None:
        self.program.market.change_candle(instrument, offset, volume)
        self.program.frame()

    @rule(
        instrument=instruments,
        status=st.sampled_from(SubscriptionStatus),
        reason=st.sampled_from(["", "sequence", "no such symbol", *HOSTILE]),
    )
    def tell_truth(self, instrument: Any, status: SubscriptionStatus, reason: str) -> None:
        self.program.market.tell_truth(instrument, status, reason)
        self.program.frame()

    @rule(instrument=instruments, count=st.integers(0, 40))
    def miss_trades(self, instrument: Any, count: int) -> None:
        self.program.market.miss_trades(instrument, count)
        self.program.frame()

    @rule(
        category=st.sampled_from(ErrorCategory),
        message=st.sampled_from(["it broke", "a long story " * 20, *HOSTILE]),
    )
    def report(self, category: ErrorCategory, message: str) -> None:
        self.program.app.session.errors.report(category, message, venue="BINANCE")
        self.program.frame()

    @rule(
        state=st.sampled_from(ConnectionState),
        retry=st.sampled_from([None, 0.4, 17.0]),
        latency=st.sampled_from([None, 3.0, 912.0]),
    )
    def connect(self, state: ConnectionState, retry: float | None, latency: float | None) -> None:
        self.program.app.session.staged = [
            msgspec.structs.replace(
                CONNECTED, state=state, retry_in_s=retry, latency_p50_ms=latency, cause=HOSTILE[1]
            )
        ]
        self.program.frame()

    @rule(
        instrument=instruments, text=st.sampled_from(["halted", *HOSTILE]), kind=st.integers(0, 2)
    )
    def announce(self, instrument: Any, text: str, kind: int) -> None:
        self.program.market.announce(instrument, text, kind)
        self.program.frame()

    @rule(text=st.sampled_from(["connection lost", *HOSTILE]))
    def notify(self, text: str) -> None:
        self.program.app.notify(text, markup=False)

    @rule()
    def take_notices_away(self) -> None:
        self.program.app.clear_notifications()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 6.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self._do(self.program.advance(seconds))
        self.program.frame()

    # -- what the user does --------------------------------------------------------------------

    @rule(key=st.sampled_from(OF_THE_DASHBOARD))
    def press(self, key: str) -> None:
        self._do(self.program.type(key))

    @rule(key=st.sampled_from(OPENING + OF_LAYOUTS))
    def open(self, key: str) -> None:
        self._do(self.program.type(key))

    @rule(key=st.sampled_from(OPENING), inside=st.lists(st.sampled_from(OF_DIALOGS), max_size=3))
    def look_at(self, key: str, inside: list[str]) -> None:
        """Open a dialog, and leave it again."""
        for pressed in (key, *inside):
            self._do(self.program.type(pressed))
        self._check()
        for _ in range(2):  # one may lie on another
            self._do(self.program.type(ESCAPE))

    @rule(key=st.sampled_from(OF_DIALOGS))
    def move(self, key: str) -> None:
        self._do(self.program.type(key))

    @rule(text=st.sampled_from(TYPED))
    def write(self, text: str) -> None:
        self._do(self.program.type(f"\x1b[200~{text}\x1b[201~"))

    @rule(
        button=st.sampled_from([0, 2, 35, 35, 64, 65]), x=st.integers(1, 120), y=st.integers(1, 40)
    )
    def point(self, button: int, x: int, y: int) -> None:
        codes = f"\x1b[<{button};{x};{y}M"
        if button < 3:
            codes += f"\x1b[<{button};{x};{y}m"
        self._do(self.program.type(codes))

    @rule(theme=st.sampled_from(THEMES))
    def change_theme(self, theme: str) -> None:
        self.program.app.theme = theme

    # -- what the terminal does ----------------------------------------------------------------

    @rule(sizes=st.lists(st.sampled_from(SIZES), min_size=1, max_size=4))
    def resize(self, sizes: list[tuple[int, int]]) -> None:
        for size in sizes:
            self._do(self.program.resize(*size))

    @rule()
    def stop(self) -> None:
        self.program.terminal.is_stopped = True

    @rule(most=st.sampled_from([1, 60, 700, 5000]))
    def take_some(self, most: int) -> None:
        terminal = self.program.terminal
        stopped, terminal.is_stopped = terminal.is_stopped, False
        terminal.take(most)
        terminal.is_stopped = stopped
        self._do(asyncio.sleep(0.02))

    @rule()
    def redraw(self) -> None:
        self._check()
        self.program.terminal.shown.scribble()
        self.program.terminal.shown.feed(SOMEBODY_ELSE)
        self.program.app.redraw()
        self._check()

    @rule()
    def suspend(self) -> None:
        self._do(self.program.suspend())

    @precondition(lambda self: self.program.setting.low_bandwidth == "auto")
    @rule(is_slow=st.booleans())
    def find_the_link(self, is_slow: bool) -> None:
        self.program.app.pacer._is_slow = is_slow

    @rule(byte_rate=st.sampled_from([None, 300.0, 2000.0, 20_000.0]))
    def measure_the_link(self, byte_rate: float | None) -> None:
        self.program.app.pacer.byte_rate = byte_rate

    @rule(erases=st.booleans())
    def change_erasing(self, erases: bool) -> None:
        self.program.app.can_erase = erases

    @rule(depth=st.sampled_from(["truecolor", "256", "16", "none"]))
    def change_depth(self, depth: str) -> None:
        self.program.app.colour_depth = depth

    # -- what must be so -----------------------------------------------------------------------

    @rule()
    def check(self) -> None:
        self._check()

    @rule()
    def check_again(self) -> None:
        self._check()


def test_after_any_steps_the_terminal_shows_what_a_repaint_would() -> None:
    walks = -(-STEPS // _STEPS_OF_A_WALK) or _SHORT_WALKS
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=walks,
            stateful_step_count=_STEPS_OF_A_WALK,
            derandomize=not STEPS,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
