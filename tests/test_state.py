"""What is remembered between runs, what wins over it, and what happens to a broken file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tui.config import COMMAND_LINE, Settings
from tui.launch import Launch, Mode
from tui.locations import state_file
from tui.model.chart import (
    ChartStyle,
    Drawing,
    DrawingKind,
    IndicatorChoice,
    PanelView,
    PriceScale,
)
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.state import Layout, PanelState, State, load_state, save_state

BTC, ETH, SOL = (Instrument("BINANCE", symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
SIM_BTC = Instrument("SIM", "BTCUSDT")
M1, M15 = Timeframe(1, "m"), Timeframe(15, "m")

LIVE = Launch(
    mode=Mode.LIVE,
    instruments=(BTC, ETH),
    watchlist=(BTC, ETH),
    origins={"symbols": "/home/me/config.toml"},
)
SIM = Launch(mode=Mode.SIM, instruments=(SIM_BTC,), watchlist=(SIM_BTC,))
LEFT = State(
    watchlist=(SOL, BTC),
    panels=(
        PanelState(
            SOL,
            M15,
            PanelView(
                style=ChartStyle.HEIKIN_ASHI,
                scale=PriceScale.LOG,
                columns=4,
                indicators=(IndicatorChoice("sma", {"length": 50.0}, ("#ff0000",)),),
                overlays=(BTC,),
                group=2,
            ),
        ),
        PanelState(BTC, M1),
    ),
    grid=6,
    theme="light",
    focused=1,
    book_view="curve",
    book_shown=False,
    errors_shown=True,
    metrics_shown=True,
    layouts=(
        Layout(
            name="two [bold] = 'days'",
            panels=(PanelState(SOL, M15, PanelView(group=3, overlays=(ETH,))), PanelState(SOL, M1)),
            grid=2,
            focused=1,
            book_view="curve",
            book_shown=False,
            errors_shown=True,
            metrics_shown=True,
        ),
        Layout(name="plain", panels=(PanelState(BTC, M1),)),
    ),
    drawings={
        SOL: (
            Drawing(DrawingKind.LEVEL, ((1_800_000_000_000_000_000, 123.25),)),
            Drawing(DrawingKind.NOTE, ((5, 1.0),), text="bought = here"),
        )
    },
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.toml"


def with_settings(launch: Launch, origin: str = "", **settings: object) -> Launch:
    """The launch with other settings, said to come from `origin`."""
    changed = msgspec.structs.replace(launch.settings, **settings)
    origins = {**launch.origins, **(dict.fromkeys(settings, origin) if origin else {})}
    return msgspec.structs.replace(launch, settings=changed, origins=origins)


def test_without_a_file_the_settings_say_what_opens(path: Path) -> None:
    state, problem = load_state(LIVE, path)

    assert problem == ""
    assert state == State(
        watchlist=(BTC, ETH), panels=(PanelState(BTC, M1), PanelState(ETH, M1)), grid=2
    )


def test_what_was_left_comes_back(path: Path) -> None:
    save_state(LEFT, LIVE, path)

    assert load_state(LIVE, path) == (LEFT, "")


def test_the_usual_place_is_the_state_folder() -> None:
    save_state(LEFT, LIVE)

    assert load_state(LIVE)[0] == LEFT
    assert state_file().is_relative_to(os.environ["HOME"])


def test_the_file_says_whose_it_is(path: Path) -> None:
    save_state(LEFT, LIVE, path)

    assert path.read_text().startswith("# tradetui writes this file, and overwrites it")


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    save_state(LEFT, LIVE, path)
    save_state(LEFT, SIM, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_no_temporary_file_is_left(path: Path) -> None:
    save_state(LEFT, LIVE, path)

    assert [file.name for file in path.parent.iterdir()] == ["state.toml"]


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_state(LEFT, LIVE, path)

    def refuse(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(OSError, match="No space left"):
            save_state(State(), LIVE, path)

    assert load_state(LIVE, path) == (LEFT, "")
    assert [file.name for file in path.parent.iterdir()] == ["state.toml"]


def test_a_program_killed_at_any_moment_leaves_a_whole_file(path: Path) -> None:
    killed_while_saving = """
import os, random, signal, sys, time
from pathlib import Path
from tui.launch import Launch, Mode
from tui.model.instrument import Instrument
from tui.state import State, load_state, save_state

path, launch, rng = Path(sys.argv[1]), Launch(mode=Mode.LIVE), random.Random(1)
save_state(State(watchlist=(Instrument("BINANCE", "S0"),)), launch, path)
first = path.stat().st_mtime_ns
for _ in range(25):
    child = os.fork()
    if child == 0:
        for count in range(10_000):
            symbols = [f"S{number}" for number in range(1 + 97 * count % 200)]
            watchlist = tuple(Instrument("BINANCE", symbol) for symbol in symbols)
            save_state(State(watchlist=watchlist), launch, path)
        os._exit(0)
    time.sleep(rng.uniform(0.005, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state, problem = load_state(launch, path)
    assert not problem, problem
    assert state.watchlist
assert path.stat().st_mtime_ns > first
"""
    done = subprocess.run(
        [sys.executable, "-c", killed_while_saving, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""


def test_what_a_killed_program_left_half_written_is_thrown_away(path: Path) -> None:
    path.parent.mkdir()
    old, fresh = path.with_name(".state.toml.abc"), path.with_name(".state.toml.def")
    for left in (old, fresh):
        left.write_text("half")
    os.utime(old, (0, 0))

    load_state(LIVE, path)

    assert not old.exists()
    assert fresh.exists(), "somebody may be writing it"


def test_simulated_and_live_runs_do_not_mix(path: Path) -> None:
    save_state(LEFT, LIVE, path)
    sim = State(watchlist=(SIM_BTC,), panels=(PanelState(SIM_BTC, M15),), grid=1, theme="light")
    save_state(sim, SIM, path)

    assert load_state(SIM, path)[0] == sim
    assert load_state(LIVE, path)[0] == LEFT


def test_the_theme_is_one_for_all(path: Path) -> None:
    save_state(LEFT, LIVE, path)

    assert load_state(SIM, path)[0].theme == "light"


def test_a_replay_leaves_no_trace_and_sees_the_theme_only(path: Path) -> None:
    replay = msgspec.structs.replace(LIVE, mode=Mode.REPLAY, instruments=(ETH,), watchlist=())
    save_state(LEFT, LIVE, path)
    before = path.read_bytes()

    save_state(State(), replay, path)

    assert path.read_bytes() == before
    assert load_state(replay, path)[0] == State(
        panels=(PanelState(ETH, M1),), grid=1, theme="light"
    )


# -- who wins ----------------------------------------------------------------------------------


def test_the_command_line_wins_over_what_was_left(path: Path) -> None:
    save_state(LEFT, LIVE, path)
    launch = with_settings(LIVE, COMMAND_LINE, theme="paper", grid=4, timeframe=Timeframe(1, "h"))

    state, _ = load_state(launch, path)

    assert (state.theme, state.grid) == ("paper", 4)
    assert [str(panel.timeframe) for panel in state.panels] == ["1h", "1h"]


def test_symbols_of_the_command_line_fill_the_panels(path: Path) -> None:
    save_state(LEFT, LIVE, path)
    launch = msgspec.structs.replace(
        LIVE, instruments=(ETH, SOL), watchlist=(ETH, SOL), origins={"symbols": COMMAND_LINE}
    )

    state, _ = load_state(launch, path)

    # SOL keeps the timeframe that was chosen for it.
    assert state.panels == (PanelState(ETH, M1), PanelState(SOL, M15))
    assert state.grid == 2
    assert state.focused == 0
    assert state.watchlist == (ETH, SOL, BTC)


def test_a_changed_setting_wins_over_a_choice_made_over_the_old_one(path: Path) -> None:
    save_state(LEFT, LIVE, path)

    state, _ = load_state(with_settings(LIVE, "/home/me/config.toml", theme="paper"), path)

    assert state.theme == "paper"
    assert state.panels == LEFT.panels


def test_a_setting_that_stays_does_not_undo_a_choice(path: Path) -> None:
    configured = with_settings(LIVE, "/home/me/config.toml", theme="paper", grid=9)
    save_state(LEFT, configured, path)

    state, _ = load_state(configured, path)

    assert (state.theme, state.grid) == ("light", 6)


def test_the_grid_of_the_settings_is_used_as_it_is(path: Path) -> None:
    assert load_state(with_settings(LIVE, "/home/me/config.toml", grid=9), path)[0].grid == 9


@pytest.mark.parametrize(("count", "grid"), [(1, 1), (3, 4), (5, 6), (7, 9), (12, 9)])
def test_without_a_grid_the_smallest_that_holds_the_symbols_is_taken(
    path: Path, count: int, grid: int
) -> None:
    instruments = tuple(Instrument("BINANCE", f"S{number}") for number in range(count))
    launch = Launch(mode=Mode.LIVE, instruments=instruments)

    state, _ = load_state(launch, path)

    assert state.grid == grid
    assert len(state.panels) == min(count, 9)


def test_a_focus_outside_the_grid_moves_inside(path: Path) -> None:
    save_state(msgspec.structs.replace(LEFT, grid=2, focused=8), LIVE, path)

    assert load_state(LIVE, path)[0].focused == 1


# -- broken files ------------------------------------------------------------------------------

OURS = "version = 1\n[live]\n"


@pytest.mark.parametrize(
    "text",
    [
        "watchlist = [",
        "hello = 1",
        "version = 99",
        "version = 1\n[live]\nwatchlist = 3",
        OURS + 'watchlist = ["BTCUSDT"]',
        OURS + 'watchlist = ["BINANCE:\\u001b[31m"]',
        OURS + 'panels = [{ instrument = "BINANCE:BTCUSDT", timeframe = "soon" }]',
        OURS + 'panels = [{ symbol = "BINANCE:BTCUSDT" }]',
    ],
)
def test_a_file_that_is_not_ours_is_kept_aside_and_reported(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)

    state, problem = load_state(LIVE, path)

    assert state == load_state(LIVE, path.with_name("none"))[0]
    assert problem.startswith(f"{path}: not a state of this program (")
    assert problem.endswith("; it is kept as state.toml.broken")
    assert not path.exists()
    assert path.with_name("state.toml.broken").read_text() == text


def test_bytes_that_are_no_text_are_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")

    assert "state.toml.broken" in load_state(LIVE, path)[1]


def test_a_folder_in_the_files_place_is_reported(path: Path) -> None:
    path.mkdir(parents=True)

    state, problem = load_state(LIVE, path)

    assert state.panels == (PanelState(BTC, M1), PanelState(ETH, M1))
    assert "cannot be read" in problem


def test_a_grid_that_does_not_exist_is_ignored(path: Path) -> None:
    save_state(msgspec.structs.replace(LEFT, grid=5), LIVE, path)

    assert load_state(LIVE, path)[0].grid == 2


def test_a_broken_file_does_not_stop_the_next_write(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("][")

    save_state(LEFT, LIVE, path)

    assert load_state(LIVE, path) == (LEFT, "")


def test_settings_are_what_they_were_when_nothing_was_chosen() -> None:
    assert load_state(Launch(mode=Mode.SIM, instruments=(SIM_BTC,)))[0].theme == Settings().theme
