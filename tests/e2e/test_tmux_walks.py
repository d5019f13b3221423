"""In tmux itself, whatever happened before, the program's screen stays the same when painted anew.

`make walks` goes hundreds of steps, another way each time; TRADETUI_WALK_STEPS says how many, of which
this takes a tenth.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep
from typing import TypeAlias

import pytest

if shutil.which("tmux") is None:
    pytest.skip("there is no tmux", allow_module_level=True)

from emulator import Cell, Emulator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pseudo_terminal import PATIENCE_S

pytestmark = pytest.mark.xdist_group("terminal")

APP = Path(__file__).parents[1] / "terminal/apps/staged.py"
STEPS = int(os.environ.get("TRADETUI_WALK_STEPS", "0")) // 10
_STEPS_OF_A_WALK = 25 if STEPS else 6
_SHORT_WALKS = 2

Step: TypeAlias = "tuple[str, ...] | tuple[int, int]"
"""Keys by tmux's names, pressed in one go, or a size."""

MOVES = ["F8"] * 8 + ["F9"]
OF_THE_DASHBOARD = [*"123456789jkaxgbvzetfmM{}[]+-=0hlotSHwsGFTcC", "Space", "C-l", "M-1", "M-2"]
OPENING = [*"/IdAL?niOP", "C-p"]
OF_DIALOGS = ["Escape", "Enter", "Tab", "BTab", "BSpace", "Up", "Down", "Left", "Right", "NPage"]
TYPED = ["b", "t", "c", "5", "界", "é", "👧"]
SIZES = [(200, 50), (120, 40), (80, 24), (59, 20), (40, 12), (20, 5), (10, 3)]

keys = st.one_of(map(st.sampled_from, (MOVES, OF_THE_DASHBOARD, OPENING, OF_DIALOGS, TYPED)))
steps = st.one_of(
    st.lists(keys, min_size=1, max_size=5).map(tuple),
    st.lists(keys, min_size=1, max_size=5).map(tuple),
    st.sampled_from(SIZES),
)

_names = itertools.count()


class Pane:
    """A tmux server of our own with the program on it."""

    def __init__(self, home: str, *, erases: bool) -> None:
        self._server = f"walk-{os.getpid()}-{next(_names)}"
        self._done = 0
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "COLORTERM": "truecolor",
            "TEXTUAL_ANIMATIONS": "none",
            "PYTHONPATH": f"{APP.parents[3]}:{APP.parents[2]}",
        }
        self._environment = environment
        self._tmux(
            *("-f", os.devnull, "new-session", "-d", "-x", "120", "-y", "40"),
            *(f"-e{name}={value}" for name, value in environment.items()),
            *(sys.executable, str(APP), "erases" if erases else "writes"),
        )

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._server, *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def do(self, step: Step) -> None:
        if isinstance(step[0], int):
            self._tmux("resize-window", "-x", str(step[0]), "-y", str(step[1]))
        else:
            self._tmux("send-keys", *map(str, step))

    def wait(self) -> None:
        """Wait until nothing more is to be painted, and tmux has taken it all."""
        self._done += 1
        self._tmux("send-keys", "F12")
        deadline = monotonic() + PATIENCE_S
        while self._tmux("display-message", "-p", "#{pane_title}") != f"done {self._done}\n":
            assert monotonic() < deadline, self._tmux("capture-pane", "-p")
            sleep(0.01)

    def capture(self) -> str:
        """The size, whether there is a cursor, and what the lines show."""
        told = "#{pane_width} #{pane_height} #{cursor_flag}"
        return self._tmux("display-message", "-p", told, ";", "capture-pane", "-p", "-e", "-N")

    def close(self) -> None:
        self._tmux("kill-server")


def _cells(captured: str) -> list[list[Cell]]:
    """What each line shows, as far as tmux tells: nothing of what was erased up to the end."""
    head, *lines = captured.splitlines()
    columns, rows, cursor = map(int, head.split())
    assert cursor == 0, "the cursor is shown"
    emulator = Emulator(columns, rows)
    ends = []
    for y, line in enumerate(lines):
        emulator.feed(f"\x1b[{y + 1}H{line}")
        ends.append(emulator.screen.cursor.x)
    return [row[:end] for row, end in zip(emulator.cells(), ends, strict=True)]


def _differences(shown: str, painted: str, *, to_the_end: bool) -> list[str]:
    if shown == painted:
        return []
    found = []
    for y, (row, right) in enumerate(zip(_cells(shown), _cells(painted), strict=True)):
        end = max(len(row), len(right)) if to_the_end else min(len(row), len(right))
        if row[:end] != right[:end]:
            wrong = [x for x, cell in enumerate(row[:end]) if right[x : x + 1] != [cell]]
            found.append(
                f"line {y}, {len(wrong)} columns from {wrong[:1]}:\n  {_text(row)!r}\n"
                f"  painted anew {_text(right)!r}"
            )
            found += [f"  {row[x]} became {right[x : x + 1]}" for x in wrong[:1]]
    return found


def _text(row: list[Cell]) -> str:
    return "".join(cell[0] for cell in row)


@given(
    erases=st.booleans(),
    walk=st.lists(steps, min_size=_STEPS_OF_A_WALK, max_size=_STEPS_OF_A_WALK),
)
@settings(
    max_examples=-(-STEPS // _STEPS_OF_A_WALK) or _SHORT_WALKS,
    derandomize=not STEPS,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
def test_after_any_steps_tmux_shows_what_a_repaint_would(erases: bool, walk: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as home:
        pane = Pane(home, erases=erases)
        try:
            pane.wait()
            for number, step in enumerate(walk, 1):
                pane.do(step)
                pane.wait()
                shown = pane.capture()
                pane.do(("F11",))
                pane.wait()
                wrong = _differences(shown, pane.capture(), to_the_end=not erases)
                assert not wrong, "\n".join([f"after step {number}, {step}:", *wrong[:8]])
        finally:
            pane.close()
