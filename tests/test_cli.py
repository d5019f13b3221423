"""The command line: what each form launches, what is refused, and what is never imported."""

from __future__ import annotations

import gzip
import json
import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tui import cli, planning
from tui.argument_values import read_start
from tui.arguments import parse_arguments
from tui.config import Glyphs
from tui.launch import Launch, Mode, Replay, Sim
from tui.model.errors import RecordingError, TradeTuiError
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BTC, ETH, SOL = (Instrument("BINANCE", symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
START = 1_723_161_253  # 2024-08-08 23:54:13 UTC
FRAME = json.dumps({"t": START + 0.5, "kind": "rx", "url": "wss://x", "raw": "{}"}) + "\n"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are read from; the file is not there yet."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("TRADETUI_CONFIG", str(path))
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "some.jsonl"
    path.write_text(FRAME)
    return path


class Stage:
    """Stands for the app and the market's process; holds what they were started with."""

    def __init__(self) -> None:
        self.launches: list[Launch] = []
        self.sims: list[dict[str, object]] = []
        self.stopped = 0
        self.result: int | Exception = 0

    def run(self, launch: Launch, sim: object) -> int:
        self.launches.append(launch)
        assert (sim is not None) == (launch.mode is Mode.SIM)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def start_sim(self, **wishes: object) -> SimpleNamespace:
        self.sims.append(wishes)
        return SimpleNamespace(stop=self._stop)

    def _stop(self) -> None:
        self.stopped += 1

    @property
    def launch(self) -> Launch:
        (launch,) = self.launches
        return launch


@pytest.fixture
def stage(config: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    for name in ("TEXTUAL_FPS", "TEXTUAL_ANIMATIONS"):
        monkeypatch.setenv(name, "")  # so that what the command sets is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setitem(sys.modules, "tui.app", SimpleNamespace(run=stage.run))
    monkeypatch.setattr("tui.sim.process.start_sim", stage.start_sim)
    monkeypatch.setattr(cli, "_has_terminal", lambda: True)
    return stage


def run_command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def modules_after(code: str) -> set[str]:
    """The top-level modules that a piece of code makes Python import."""
    listing = "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code + listing], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


# -- help and version --------------------------------------------------------------------------


def test_version_is_one_line() -> None:
    done = run_command("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, "tradetui 0.1.0\n", "")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--help"], "tradetui --venue binance BTCUSDT ETHUSDT"),
        (["-h"], "tradetui replay FILE"),
        (["replay", "--help"], "--speed X"),
        (["sim", "--help"], "--port N"),
        (["config", "--help"], "where it comes from"),
        (["--theme", "light", "replay", "--help"], "--speed X"),
    ],
)
def test_help_is_printed(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    assert text in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_slow(option: str) -> None:
    modules = modules_after(f"from tui.cli import main; main([{option!r}])")

    assert not modules & {
        "textual",
        "rich",
        "aiohttp",
        "websockets",
        "msgspec",
        "asyncio",
        "platformdirs",
        "typer",
    }


def test_a_launch_is_planned_without_textual_or_the_network() -> None:
    modules = modules_after(
        "from tui.arguments import parse_arguments; from tui.planning import plan_launch;"
        "plan_launch(parse_arguments(['BINANCE:BTCUSDT', '--theme', 'light']))"
    )

    assert not modules & {"textual", "rich", "aiohttp", "websockets"}


# -- what is launched --------------------------------------------------------------------------


def test_without_arguments_the_simulated_market_opens(stage: Stage) -> None:
    assert cli.main([]) == 0

    assert stage.launch.mode is Mode.SIM
    assert stage.launch.instruments == ()
    assert stage.launch.settings.theme == "dark"
    assert "dark" in stage.launch.themes
    assert stage.sims == [{"seed": 1, "regime": "auto"}]
    assert stage.stopped == 1


def test_symbols_of_a_venue_go_live(stage: Stage) -> None:
    cli.main(["--venue", "binance", "BTCUSDT", "ETHUSDT", "--timeframe", "15m"])

    assert stage.launch.mode is Mode.LIVE
    assert stage.launch.instruments == (BTC, ETH)
    assert stage.launch.watchlist == (BTC, ETH)
    assert stage.launch.settings.timeframe == Timeframe(15, "m")
    assert stage.launch.origins["symbols"] == "command line"
    assert stage.launch.origins["timeframe"] == "command line"
    assert stage.sims == []


@pytest.mark.parametrize(
    "words",
    [
        ["BINANCE:BTCUSDT", "binance:ETHUSDT"],
        ["--venue", "BINANCE", "BTCUSDT", "BINANCE:ETHUSDT", "BTCUSDT"],
        ["BINANCE:BTCUSDT", "--grid", "2", "BINANCE:ETHUSDT"],
        ["--venue=binance", "--", "BTCUSDT", "ETHUSDT"],
        ["--venue", "binance", "btcusdt", "binance:ethusdt"],
    ],
)
def test_symbols_may_be_written_in_several_ways(stage: Stage, words: list[str]) -> None:
    cli.main(words)

    assert stage.launch.instruments == (BTC, ETH)


@pytest.mark.parametrize("timeframe", ["1s", "2h", "1w", "1M", "7m"])
def test_a_timeframe_that_the_venue_lacks_is_built_of_what_it_has(
    stage: Stage, timeframe: str
) -> None:
    cli.main(["KRAKEN:BTC/USD", "COINBASE:BTC-USD", "-t", timeframe])

    assert stage.launch.settings.timeframe == Timeframe.parse(timeframe)


def test_symbols_of_the_settings_open(stage: Stage, config: Path) -> None:
    config.write_text('symbols = ["BINANCE:BTCUSDT"]\nwatchlist = ["BINANCE:SOLUSDT"]')

    cli.main([])

    assert stage.launch.mode is Mode.LIVE
    assert stage.launch.instruments == (BTC,)
    assert stage.launch.watchlist == (BTC, SOL)
    assert stage.launch.origins["symbols"] == str(config)


def test_symbols_of_the_command_line_replace_those_of_the_settings(
    stage: Stage, config: Path
) -> None:
    config.write_text('symbols = ["BINANCE:BTCUSDT"]\nwatchlist = ["BINANCE:SOLUSDT"]')

    cli.main(["BINANCE:ETHUSDT"])

    assert stage.launch.instruments == (ETH,)
    assert stage.launch.watchlist == (ETH, SOL)


def test_a_watchlist_alone_fills_the_panels(stage: Stage, config: Path) -> None:
    config.write_text('watchlist = ["BINANCE:SOLUSDT"]')

    cli.main([])

    assert stage.launch.instruments == (SOL,)


def test_the_simulated_market_can_be_asked_for(stage: Stage, config: Path) -> None:
    config.write_text('symbols = ["BINANCE:BTCUSDT"]')

    cli.main(["--venue", "sim", "--seed", "7", "--regime", "crash"])

    assert stage.launch.mode is Mode.SIM
    assert stage.launch.instruments == ()
    assert stage.launch.watchlist == ()
    assert stage.launch.sim == Sim(7, "crash")
    assert stage.sims == [{"seed": 7, "regime": "crash"}]


def test_a_symbol_of_the_simulated_market_opens_it(stage: Stage) -> None:
    cli.main(["SIM:BTCUSDT"])

    assert stage.launch.mode is Mode.SIM
    assert stage.launch.instruments == (Instrument("SIM", "BTCUSDT"),)


def test_looks_are_settings(stage: Stage) -> None:
    words = ["--theme", "light", "--grid", "6", "--fps", "5", "--no-mouse", "--glyphs", "ascii"]

    cli.main(words)

    settings = stage.launch.settings
    assert (settings.theme, settings.grid, settings.frame_rate) == ("light", 6, 5)
    assert (settings.mouse, settings.glyphs) == (False, Glyphs.ASCII)
    assert stage.launch.origins["frame_rate"] == "command line"


def test_colours_and_bandwidth_are_settings(stage: Stage) -> None:
    cli.main(["--colors", "16", "--low-bandwidth"])

    settings = stage.launch.settings
    assert (settings.colours, settings.low_bandwidth) == ("16", "on")


def test_what_the_terminal_is_taken_for_are_settings(stage: Stage) -> None:
    named = ["--multiplexer", "none", "--synchronised", "off", "--background", "light"]
    switched = ["--no-bracketed-paste", "--no-clipboard", "--no-passthrough"]

    cli.main([*named, *switched, "--theme", "auto"])

    settings = stage.launch.settings
    assert (settings.multiplexer, settings.synchronised) == ("none", "off")
    assert (settings.background, settings.theme) == ("light", "light")
    switches = (settings.bracketed_paste, settings.clipboard, settings.passthrough)
    assert switches == (False, False, False)


def test_what_is_left_to_the_terminal_is_settled_before_the_start(
    stage: Stage, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('theme = "auto"')
    monkeypatch.delenv("TEXTUAL_COLOR_SYSTEM", raising=False)
    for name, value in {"NO_COLOR": "1", "TERM": "xterm", "COLORFGBG": "0;15"}.items():
        monkeypatch.setenv(name, value)

    cli.main([])

    settings = stage.launch.settings
    assert (settings.colours, settings.theme) == ("none", "light")
    assert "NO_COLOR" not in os.environ  # or Textual would paint greys in full colour depth


def test_the_debug_mode_can_be_on_from_the_start(stage: Stage) -> None:
    cli.main(["SIM:BTCUSDT"])
    cli.main(["SIM:BTCUSDT", "--debug"])

    assert [launch.debug for launch in stage.launches] == [False, True]


@pytest.mark.parametrize("option", ["--token", "--token=abc", "--api-key"])
def test_a_token_cannot_be_given_where_others_could_read_it(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([option]) == 2

    assert "abc" not in capsys.readouterr().err


def test_another_settings_file_can_be_named(stage: Stage, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("grid = 9")

    cli.main(["--config", str(other)])

    assert stage.launch.settings.grid == 9


def test_textuals_own_themes_can_be_chosen(stage: Stage) -> None:
    assert cli.main(["--theme", "nord"]) == 0

    assert stage.launch.settings.theme == "nord"


def test_a_broken_theme_file_is_a_problem_and_no_obstacle(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text("name = 3")
    monkeypatch.setattr("tui.themes.user_themes_dir", lambda: tmp_path)

    assert cli.main(["--theme", "mine"]) == 0

    assert stage.launch.settings.theme == "dark"
    assert len(stage.launch.problems) == 1
    assert "mine.toml" in stage.launch.problems[0]


def test_red_up_exchanges_the_colours(stage: Stage, config: Path) -> None:
    config.write_text('up_down = "red-up"')

    cli.main([])

    assert stage.launch.themes["dark"].colours.up == "#f2616f"


def test_the_apps_exit_code_is_the_commands(stage: Stage) -> None:
    stage.result = 3

    assert cli.main([]) == 3


def test_a_failure_of_the_app_is_one_line(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.result = TradeTuiError("no room", "make some")

    assert cli.main([]) == 1
    assert capsys.readouterr().err == "tradetui: no room (make some)\n"
    assert stage.stopped == 1


def test_a_recording_that_cannot_be_played_is_a_wrong_argument(
    stage: Stage, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.result = RecordingError("it ends before that")

    assert cli.main(["replay", str(recording), "--from", "90"]) == 2
    assert capsys.readouterr().err == "tradetui: it ends before that\n"


def test_ctrl_c_is_no_traceback(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(launch: Launch, sim: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "run", interrupt)
    monkeypatch.setitem(sys.modules, "tui.app", SimpleNamespace(run=interrupt))

    assert cli.main([]) == 130
    assert stage.stopped == 1


def test_textual_is_told_what_it_reads_at_import(stage: Stage) -> None:
    cli.main([])

    assert os.environ["TEXTUAL_FPS"] == "30"
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"


def test_what_the_user_told_textual_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_FPS", "12")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "full")

    planning.prepare_textual(10)

    assert os.environ["TEXTUAL_FPS"] == "12"
    assert os.environ["TEXTUAL_ANIMATIONS"] == "full"


@pytest.mark.parametrize(
    ("size", "told"),
    [((120, 40), None), ((0, 0), ("155", "24"))],
    ids=["of a terminal", "of a serial line"],
)
def test_a_size_is_taken_from_the_environment_only_where_the_terminal_has_none(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], told: tuple[str, str] | None
) -> None:
    monkeypatch.setenv("COLUMNS", "155")
    monkeypatch.setenv("LINES", "")
    monkeypatch.setattr(sys, "__stdout__", SimpleNamespace(fileno=lambda: 1))
    monkeypatch.setattr(os, "get_terminal_size", lambda descriptor: size)

    planning.prepare_textual(10)

    found = (os.environ.get("COLUMNS"), os.environ.get("LINES"))
    assert found == (told or (None, None))


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_what_cannot_be_drawn_on_is_one_line(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    term: str,
) -> None:
    monkeypatch.setenv("TERM", term)

    assert cli.main([]) == 2

    said = capsys.readouterr().err
    assert said.startswith(f"tradetui: TERM is {term}, which means that nothing can be drawn here")
    assert said.endswith("TERM=xterm-256color tradetui\n")
    assert stage.launches == []


def test_the_market_is_started_before_textual_is_imported() -> None:
    code = """
import sys
from types import SimpleNamespace
import tui.cli, tui.sim.process
def start_sim(**wishes):
    print("textual" in sys.modules)
    return SimpleNamespace(stop=lambda: None)
tui.sim.process.start_sim = start_sim
tui.cli._has_terminal = lambda: True
sys.modules["tui.app"] = SimpleNamespace(run=lambda launch, sim: 0)
sys.exit(tui.cli.main([]))
"""
    environment = {**os.environ, "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


# -- replays -----------------------------------------------------------------------------------


def test_a_recording_is_played_from_its_beginning(stage: Stage, recording: Path) -> None:
    cli.main(["replay", str(recording)])

    assert stage.launch.mode is Mode.REPLAY
    assert stage.launch.replay == Replay(recording, 1.0, 0.0)
    assert stage.sims == []


def test_a_packed_recording_is_played(stage: Stage, tmp_path: Path) -> None:
    packed = tmp_path / "some.jsonl.gz"
    packed.write_bytes(gzip.compress(FRAME.encode()))

    assert cli.main(["replay", str(packed)]) == 0


@pytest.mark.parametrize(
    ("text", "speed"), [("10", 10.0), ("0.1", 0.1), ("100x", 100.0), ("max", math.inf)]
)
def test_the_speed_can_be_chosen(stage: Stage, recording: Path, text: str, speed: float) -> None:
    cli.main(["replay", str(recording), "--speed", text])

    assert stage.launch.replay is not None
    assert stage.launch.replay.speed == speed


@pytest.mark.parametrize(
    ("text", "start_s"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("1:30", 90.0),
        ("23:55:00", 46.5),
        ("23:55:00Z", 46.5),
        ("00:04:13", 599.5),  # after midnight
        ("2024-08-08T23:55:00", 46.5),
        ("2024-08-08T23:55:00Z", 46.5),
        ("2024-08-09T01:55:00+02:00", 46.5),
        ("23:54:13", 0.0),  # the very second of the first frame
    ],
)
def test_the_beginning_can_be_chosen(
    stage: Stage, recording: Path, text: str, start_s: float
) -> None:
    assert cli.main(["replay", str(recording), "--from", text]) == 0

    assert stage.launch.replay is not None
    assert stage.launch.replay.start_s == pytest.approx(start_s, abs=1e-3)


@pytest.mark.parametrize("text", ["23:50:00", "2024-08-08T12:00:00Z"])
def test_a_time_before_the_recording_is_refused(text: str) -> None:
    with pytest.raises(RecordingError, match="which begins 2024-08-08T23:54:13"):
        planning.find_start(read_start(text), START * 10**9)


def test_a_real_recording_is_accepted(stage: Stage, recordings: Path) -> None:
    file = recordings / "binance_spot_btcusdt.jsonl.gz"

    assert cli.main(["replay", str(file), "--from", "23:55:00"]) == 0

    assert stage.launch.replay is not None
    assert 40 < stage.launch.replay.start_s < 50


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--thme", "x"], "there is no option --thme (did you mean --theme?)"),
        (["--xyzzy"], "there is no option --xyzzy (see tradetui --help)"),
        (["--theme"], "--theme: expected one argument (see tradetui --help)"),
        (["--theme", "drak"], "command line: theme: there is no theme 'drak' (did you mean dark?)"),
        (["--grid", "3"], "--grid: 3 is not a grid (choose 1, 2, 4, 6 or 9 panels)"),
        (["--grid", "-1"], "--grid: '-1' is not a grid (choose 1, 2, 4, 6 or 9 panels)"),
        (["--fps", "31"], "--fps: 31 is not a whole number from 1 to 30 (change the number)"),
        (
            ["--glyphs", "asci"],
            "--glyphs: 'asci' is not one of auto, eighths, halves, braille, ascii (did you mean ascii?)",
        ),
        (
            ["-t", "5"],
            "--timeframe/-t: '5' is not a timeframe "
            "(write a number and one of s m h d w M, such as 15m)",
        ),
        (
            ["BINANCE:BTCUSDT", "KRAKEN:BTC/USD", "-t", "45s"],
            "command line: timeframe: KRAKEN has no candles of 45s (it has 1s 1m 3m 5m 15m 30m 1h "
            "2h 4h 6h 8h 12h 1d 3d 1w 1M)",
        ),
        (
            ["--venue", "binanse", "BTCUSDT"],
            "--venue: there is no venue 'binanse' (did you mean BINANCE?)",
        ),
        (
            ["BINANSE:BTCUSDT"],
            "'BINANSE:BTCUSDT': there is no such venue (did you mean BINANCE?)",
        ),
        (
            ["--venue", "binance"],
            "--venue binance: no symbols (name some: tradetui --venue binance BTCUSDT ETHUSDT)",
        ),
        (
            ["BTCUSDT"],
            "'BTCUSDT' names no venue (write VENUE:SYMBOL, or add --venue, such as binance)",
        ),
        (["repaly", "x"], "'repaly' names no venue (did you mean replay?)"),
        (
            ["BINANCE:"],
            "'BINANCE:' is not an instrument (write VENUE:SYMBOL, for example BINANCE:BTCUSDT)",
        ),
        (
            ["BINANCE:\x1b[31mX"],
            "'BINANCE:\\x1b[31mX' is not an instrument "
            "(a symbol has no spaces and at most 64 characters)",
        ),
        (
            ["SIM:BTCUSDT", "BINANCE:BTCUSDT"],
            "the simulated market and live venues cannot be shown together "
            "(name SIM: symbols only, or none)",
        ),
        (["--seed", "3", "BINANCE:BTCUSDT"], "--seed is for the simulated market (leave it out)"),
        (
            ["--regime", "wild"],
            "--regime: 'wild' is not one of auto, quiet, normal, busy, crash (see tradetui --help)",
        ),
        (["--config", "/none.toml"], "--config: there is no file /none.toml (check its name)"),
        (["replay"], "the following arguments are required: FILE (see tradetui replay --help)"),
        (["replay", "/none.jsonl"], "cannot read /none.jsonl: No such file or directory"),
        (["replay", "/"], "cannot read /: Is a directory"),
        (
            ["replay", "x", "--speed", "0"],
            "--speed: '0' is not a number from 0.1 to 100, nor max (see tradetui replay --help)",
        ),
        (
            ["replay", "x", "--speed", "nan"],
            "--speed: 'nan' is not a number from 0.1 to 100, nor max (see tradetui replay --help)",
        ),
        (
            ["replay", "x", "--from", "soon"],
            "--from: 'soon' is not a time: write 90, 1:30, 23:55:00 or 2024-08-08T23:55:00 "
            "(see tradetui replay --help)",
        ),
        (["replay", "x", "y"], "'y' is one argument too many (see tradetui replay --help)"),
        (
            ["sim", "--port", "70000"],
            "--port: '70000' is not a whole number from 0 to 65535 (see tradetui sim --help)",
        ),
        (["sim", "x"], "'x' is one argument too many (see tradetui sim --help)"),
        (["config", "x"], "'x' is one argument too many (see tradetui config --help)"),
    ],
)
def test_wrong_arguments_are_one_clear_line(
    stage: Stage, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code = cli.main(words)

    assert (code, capsys.readouterr()) == (2, ("", f"tradetui: {message}\n"))
    assert stage.launches == []
    assert stage.sims == []


@pytest.mark.parametrize("words", [[], ["config"], ["BINANCE:BTCUSDT"]])
def test_wrong_settings_are_one_clear_line(
    stage: Stage, config: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    config.write_text("grid = 5")

    assert cli.main(words) == 2
    assert capsys.readouterr().err == (
        f"tradetui: {config}: grid: 5 is not a grid (choose 1, 2, 4, 6 or 9 panels)\n"
    )


def test_a_file_that_is_no_recording_is_one_clear_line(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")

    assert cli.main(["replay", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"tradetui: {file}, line 1: not a recorded frame: ")
    assert error.count("\n") == 1


def test_an_empty_recording_is_one_clear_line(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()

    assert cli.main(["replay", str(file)]) == 2
    assert capsys.readouterr().err == f"tradetui: {file} holds no frames\n"


def test_a_very_long_argument_is_shortened(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["BINANCE:" + "A" * 10_000]) == 2
    assert len(capsys.readouterr().err) < 700


@pytest.mark.parametrize("words", [[], ["BINANCE:BTCUSDT"]])
def test_without_a_terminal_the_app_says_so(words: list[str]) -> None:
    done = run_command(*words)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tradetui: this needs a terminal, but its input or output is redirected\n"
    )


# -- config ------------------------------------------------------------------------------------


def test_config_prints_settings_and_where_they_come_from(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('[venues.binance]\nrest = "http://127.0.0.1:1"')

    assert cli.main(["config", "--theme", "light"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["# tradetui 0.1.0", f"# settings  {config}"]
    assert 'theme = "light"  # command line' in lines
    assert "grid = 4  # default" in lines
    assert lines[lines.index("[venues.BINANCE]") + 1] == f'rest = "http://127.0.0.1:1"  # {config}'


def test_config_says_when_there_is_no_file(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["config"]) == 0

    assert f"# settings  {config} (not there: everything is default)" in capsys.readouterr().out


def test_config_needs_no_terminal_and_survives_a_closed_pipe() -> None:
    command = f'"{sys.executable}" -m tui config | true; exit ${{PIPESTATUS[0]}}'

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode in (0, 1)  # it may have finished before the reader left
    assert done.stderr == ""


# -- sim ---------------------------------------------------------------------------------------


def test_the_market_alone_tells_where_it_is_and_ends_on_request() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "sim", "--seed", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", told["port"]), timeout=10):
            pass
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)
        rest = process.stdout.read() + process.stderr.read()

    assert told["ws"] == f"ws://127.0.0.1:{told['port']}"
    assert told["rest"] == f"http://127.0.0.1:{told['port']}"
    assert (code, rest) == (0, "")


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command("sim", "--port", str(port))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"tradetui: port {port} of 127.0.0.1 cannot be had: ")
    assert done.stderr.count("\n") == 1


# -- grammar -----------------------------------------------------------------------------------


def test_a_command_may_stand_behind_options() -> None:
    arguments = parse_arguments(["--theme", "light", "config"])

    assert (arguments.command, arguments.theme) == ("config", "light")


def test_an_options_value_is_no_command() -> None:
    assert parse_arguments(["--theme", "config"]).command == ""


# -- compare -----------------------------------------------------------------------------------


def test_compare_opens_the_comparison_of_several_venues(stage: Stage) -> None:
    assert cli.main(["compare", "KRAKEN:BTC/USD", "COINBASE:BTC-USD", "BINANCE:BTCUSDT"]) == 0

    assert stage.launch.comparing
    assert stage.launch.mode is Mode.LIVE
    assert [str(instrument) for instrument in stage.launch.instruments] == [
        "KRAKEN:BTC/USD",
        "COINBASE:BTC-USD",
        "BINANCE:BTCUSDT",
    ]


def test_without_compare_the_dashboard_opens(stage: Stage) -> None:
    cli.main(["BINANCE:BTCUSDT", "BINANCE:ETHUSDT"])

    assert not stage.launch.comparing


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "compare: 1 symbol (name 2 to 8, such as KRAKEN:BTC/USD COINBASE:BTC-USD)"),
        (9, "compare: 9 symbols (name 2 to 8, such as KRAKEN:BTC/USD COINBASE:BTC-USD)"),
    ],
)
def test_compare_wants_two_to_eight_symbols(
    count: int, told: str, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *(f"BINANCE:S{number}USDT" for number in range(count))]) == 2

    assert capsys.readouterr().err == f"tradetui: {told}\n"
    assert stage.launches == []
