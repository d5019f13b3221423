"""The installed command on a real pseudo-terminal: what its user sees, and what it leaves behind."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("reads processes from /proc", allow_module_level=True)

from pseudo_terminal import PseudoTerminal, children_of, end, is_running, is_stopped

pytestmark = pytest.mark.xdist_group("terminal")

COMMAND = Path(sysconfig.get_path("scripts")) / "tradetui"
HOW_TO_GO_LIVE = "go live: tradetui --venue binance BTCUSDT"
ESCAPE, ENTER, BACKSPACE, SUSPEND = "\x1b", "\r", "\x7f", "\x1a"

Start = Callable[..., PseudoTerminal]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts the command with a home of its own; whatever a failed test leaves is ended."""
    opened: list[PseudoTerminal] = []
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        # As some parents export it; the terminal's own size is what counts.
        "COLUMNS": "80",
        "LINES": "24",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        # Coverage follows the command where it is asked to.
        **{name: value for name, value in os.environ.items() if name.startswith("COV_CORE")},
    }

    def begin(*arguments: str, columns: int = 120, rows: int = 40) -> PseudoTerminal:
        terminal = PseudoTerminal(
            [str(COMMAND), *arguments], environment=environment, columns=columns, rows=rows
        )
        opened.append(terminal)
        return terminal

    yield begin
    for terminal in opened:
        left = children_of(terminal.process.pid)
        terminal.close()
        end(left)


def state_file(home: Path) -> Path:
    return home / ".local/state/tradetui/state.toml"


def log_file(home: Path) -> Path:
    return home / ".local/state/tradetui/errors.log"


def has_candles(terminal: PseudoTerminal) -> bool:
    """True once the first panel has candles, a last price and a word that it is live."""
    title = next((row for row in terminal.rows if row.startswith(" 1 SIM:BTCUSDT")), "")
    return (
        "● live" in title
        and re.search(r"\S {1,2}\d\d,\d{3}\.\d\d", terminal.text) is not None
        and "loading" not in terminal.text
    )


def panels(terminal: PseudoTerminal) -> list[str]:
    """What the panels' titles name: number, instrument, timeframe."""
    return re.findall(r"(\d SIM:[A-Z]+ \d+\w)", terminal.text)


def wait_until_gone(pid: int, timeout_s: float = 5.0) -> None:
    """Wait for the end of a process that is not ours to wait for."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            ended = select.select([handle], [], [], timeout_s)[0]
        finally:
            os.close(handle)
        assert ended, f"process {pid} still runs"


def background(terminal: PseudoTerminal) -> str:
    """The colour of the chart's ground."""
    colour: str = terminal.screen.buffer[5][1].bg
    return colour


# -- the default run ---------------------------------------------------------------------------


def test_the_default_run_is_driven_by_keys_and_remembered(start: Start, home: Path) -> None:
    terminal = start()

    terminal.wait_for(lambda: has_candles(terminal))
    terminal.see("● verified")
    assert " SIMULATED " in terminal.rows[0]
    assert HOW_TO_GO_LIVE in terminal.rows[0]
    titles = [row for row in terminal.rows if re.match(r" \d SIM:", row)]
    panels_of_a_row = [title.partition("Watchlist")[0] for title in titles]
    assert [title.count("SIMULATED") for title in panels_of_a_row] == [2, 2]
    for name in ("Watchlist", "Book BTCUSDT", "Trades BTCUSDT"):
        [title] = [row for row in terminal.rows if name in row]
        assert "SIMULATED" in title.partition(name)[2]

    terminal.type("2")
    terminal.see("Book ETHUSDT")
    terminal.type("[")
    terminal.see("2 SIM:ETHUSDT 1s")
    terminal.type("]]")
    terminal.see("2 SIM:ETHUSDT 3m")
    terminal.type("g")
    terminal.see("6 SIM:ADAUSDT")
    terminal.type("b")
    terminal.see_gone("Book ETHUSDT")
    terminal.type("b")
    terminal.see("Book ETHUSDT")
    terminal.type("e")
    terminal.see("Errors 0 · all")
    terminal.type("e")
    terminal.see_gone("Errors 0 · all")
    terminal.type("m")
    terminal.see("latency p50")
    terminal.type("m")
    terminal.see_gone("latency p50")

    terminal.wait_for(lambda: len(panels(terminal)) == 6)
    before = panels(terminal)
    terminal.type("/")
    terminal.see("12 of 12")
    terminal.type("qgebmT[]")  # hotkeys, but for the text field
    terminal.see(" qgebmT[] ")
    terminal.see("0 of 12")
    terminal.type(BACKSPACE * 8)
    terminal.see("12 of 12")
    terminal.type("doge")
    terminal.see("1 of 12")
    terminal.type(ENTER)
    terminal.see("2 SIM:DOGEUSDT 3m")
    terminal.see("Book DOGEUSDT")
    terminal.wait_for(lambda: len(panels(terminal)) == 6)
    assert panels(terminal) == [name.replace("ETHUSDT", "DOGEUSDT") for name in before]
    assert "Errors 0" not in terminal.text
    assert "latency p50" not in terminal.text

    dark = background(terminal)
    terminal.type("T")
    terminal.see("theme colour-blind-dark")
    terminal.type("?")
    terminal.see("shorter, longer timeframe")
    terminal.type(ESCAPE)
    terminal.see_gone("shorter, longer timeframe")
    terminal.type(" ")
    terminal.see("VIEW PAUSED")
    terminal.type(" ")
    terminal.see_gone("VIEW PAUSED")
    assert background(terminal) != dark

    terminal.type(SUSPEND)
    terminal.wait_for(lambda: is_stopped(terminal.process.pid))
    assert terminal.leftovers() == []
    terminal.process.send_signal(signal.SIGCONT)
    terminal.wait_for(lambda: terminal.leftovers() != [])
    terminal.see("2 SIM:DOGEUSDT 3m")

    [market] = children_of(terminal.process.pid)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    assert terminal.leftovers() == []
    assert not is_running(market)
    assert state_file(home).stat().st_mode & 0o777 == 0o600

    again = start()
    again.wait_for(lambda: len(panels(again)) == 6)
    assert panels(again) == [name.replace("ETHUSDT", "DOGEUSDT") for name in before]
    again.see("Book DOGEUSDT")
    again.type("q")
    assert again.wait_for_end() == 0


# -- ends that nobody chose --------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back_and_ends_the_market(
    start: Start, home: Path, number: signal.Signals
) -> None:
    terminal = start()
    terminal.see("1 SIM:BTCUSDT")
    [market] = children_of(terminal.process.pid)

    terminal.process.send_signal(number)

    assert terminal.wait_for_end() == 128 + number
    assert terminal.leftovers() == []
    assert "Traceback" not in terminal.text
    assert not is_running(market)
    assert state_file(home).exists()


def test_the_market_does_not_outlive_a_program_that_was_killed(start: Start) -> None:
    terminal = start()
    terminal.see("● SIM")
    [market] = children_of(terminal.process.pid)

    terminal.process.kill()

    assert terminal.wait_for_end() == -signal.SIGKILL
    wait_until_gone(market)


# -- sizes -------------------------------------------------------------------------------------


def test_every_size_of_the_window_shows_what_fits(start: Start, home: Path) -> None:
    terminal = start()
    terminal.wait_for(lambda: has_candles(terminal))

    terminal.resize(200, 60)
    terminal.wait_for(lambda: len(terminal.rows[-1]) > 120 and "4 SIM:XRPUSDT" in terminal.text)
    terminal.see("Trades BTCUSDT")
    terminal.see("Watchlist")

    terminal.resize(80, 24)
    terminal.see_gone("Watchlist")
    terminal.wait_for(lambda: panels(terminal) == ["1 SIM:BTCUSDT 1m"])
    terminal.wait_for(lambda: re.search(r" BTCUSDT +SIM ", terminal.rows[1]) is not None)

    terminal.resize(40, 12)
    terminal.wait_for(lambda: terminal.rows[1].startswith(" 1 SIM:BTCUSDT 1m"))
    terminal.wait_for(lambda: re.match(r" \d\d,\d{3}\.\d\d ", terminal.rows[2]) is not None)
    terminal.wait_for(lambda: terminal.rows[11].endswith("q quit"))

    terminal.resize(20, 5)
    terminal.see("tradetui needs a\n")
    terminal.see("little more room")
    assert "SIM:" not in terminal.text

    terminal.resize(120, 40)
    terminal.wait_for(lambda: has_candles(terminal) and len(panels(terminal)) == 4)
    terminal.see("Trades BTCUSDT")
    terminal.type("q")

    assert terminal.wait_for_end() == 0
    assert terminal.leftovers() == []
    assert log_file(home).read_text() == ""


# -- a venue that is not there -----------------------------------------------------------------


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else gets."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_venue_that_is_not_there_is_a_message_and_another_try(
    start: Start, home: Path, dead_port: int
) -> None:
    config = home / ".config/tradetui/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[venues.binance]\nstream = "ws://127.0.0.1:{dead_port}"\n'
        f'rest = "http://127.0.0.1:{dead_port}"\n'
    )
    terminal = start("BINANCE:BTCUSDT")

    terminal.see("retry in")
    terminal.type("e")
    terminal.see(f"cannot connect to 127.0.0.1:{dead_port}: connection refused")
    terminal.wait_for(lambda: "×2" in terminal.text or "×3" in terminal.text)
    terminal.type("q")

    assert terminal.wait_for_end(timeout_s=5) == 0
    assert terminal.leftovers() == []
    assert b"Traceback" not in terminal.written
    assert "connection refused" in log_file(home).read_text()


def test_wrong_arguments_are_one_line_and_exit_code_2(start: Start) -> None:
    terminal = start("--timeframe", "7x", "BTCUSDT")

    assert terminal.wait_for_end() == 2
    assert len([row for row in terminal.rows if row]) == 1
    assert terminal.rows[0].startswith("tradetui: ")
    assert sys.executable not in terminal.text
