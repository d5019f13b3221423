"""The grammar of the command line. It imports next to nothing, so that --help answers at once."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from tui import __version__
from tui.argument_values import (
    Start,
    read_regime,
    read_seconds,
    read_setting,
    read_speed,
    read_start,
    read_whole,
)

COMMANDS: Final = ("replay", "compare", "sim", "config", "check-feed", "doctor", "serve-web")
_OPEN_DESCRIPTION: Final = """\
Live markets in a terminal: candles, verified order books and trades of several symbols.

  tradetui                                     your configuration; without one, a simulated market
  tradetui --venue binance BTCUSDT ETHUSDT     live, public data, no key
  tradetui BINANCE:BTCUSDT --timeframe 15m     the same, venue and symbol in one word
  tradetui compare SYMBOL SYMBOL ...           the same market at several venues, side by side
  tradetui replay FILE                         play a recording
  tradetui sim                                 the simulated market alone, for other programs
  tradetui config                              the effective settings, and where each comes from
  tradetui check-feed NAME                     try a feed that config.toml describes
  tradetui doctor                              what this terminal can do, and what follows from it
  tradetui serve-web                           the same in a browser
"""
_REPLAY_DESCRIPTION: Final = (
    "Play a recording through the real client, with pause, speed and seeking."
)
_COMPARE_DESCRIPTION: Final = """\
Several sources of one market in one chart, with their best prices side by side and one joined book.

  tradetui compare KRAKEN:BTC/USD COINBASE:BTC-USD BINANCE:BTCUSDT"""
_SIM_DESCRIPTION: Final = """\
Run the simulated market alone on loopback. It speaks Binance's public protocol; its first line of
output tells other programs where: {"port": ..., "ws": ..., "rest": ...}."""
_CHECK_DESCRIPTION: Final = """\
Try a feed of config.toml: connect, show the first messages and what was understood of them, and say
which path found nothing. Ends by itself, with 0 where data came and all of it was understood."""
_CONFIG_DESCRIPTION: Final = "Print the effective settings as TOML, each with where it comes from."

_DOCTOR_DESCRIPTION: Final = """\
Ask the terminal what it can do and print what is chosen for it, why, and how to choose otherwise."""
_WEB_DESCRIPTION: Final = """\
Serve the program to browsers, a run of its own for each visitor. What stands behind -- is handed to
each run: tradetui serve-web -- BINANCE:BTCUSDT. Needs the extra: pip install 'tradetui[web]'"""


class UsageError(Exception):
    """The command line is wrong; the text is one line that says how."""


class Arguments(argparse.Namespace):
    """What the command line said; None where it said nothing."""

    command: str = ""
    symbols: Sequence[str] = ()
    venue: str | None = None
    timeframe: str | None = None
    config: Path | None = None
    theme: str | None = None
    grid: int | None = None
    frame_rate: int | None = None
    mouse: bool | None = None
    debug: bool = False
    glyphs: str | None = None
    colours: str | None = None
    low_bandwidth: str | None = None
    background: str | None = None
    synchronised: str | None = None
    bracketed_paste: bool | None = None
    clipboard: bool | None = None
    multiplexer: str | None = None
    passthrough: bool | None = None
    host: str = "127.0.0.1"
    public_url: str | None = None
    handed_on: Sequence[str] = ()
    file: Path = Path()
    speed: float = 1.0
    start: Start = Start()
    port: int = 0
    seed: int | None = None
    regime: str | None = None
    name: str = ""
    symbol: str | None = None
    seconds: float = 15.0


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read the command line.

    Raises:
        UsageError: it is wrong.
        SystemExit: --help or --version was asked for and has been answered.
    """
    command, rest = _split_command(list(argv))
    handed_on: list[str] = []
    if command == "serve-web" and "--" in rest:
        at = rest.index("--")
        rest, handed_on = rest[:at], rest[at + 1 :]
    parser = _PARSERS[command]()
    found, extra = parser.parse_known_intermixed_args(rest, Arguments())
    if extra:
        parser.refuse(extra[0])
    found.command = command
    found.handed_on = handed_on
    return found


class _Parser(argparse.ArgumentParser):
    """argparse with one line for an error, and with the nearest option for a mistyped one."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"tradetui {command}".strip(),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
        )

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        more = "" if message.endswith(")") else f" (see {self.prog} --help)"
        raise UsageError(message + more)

    def refuse(self, word: str) -> NoReturn:
        """Say that there is no such option or argument."""
        if not word.startswith("-"):
            self.error(f"{word!r} is one argument too many")
        name = word.partition("=")[0]
        near = difflib.get_close_matches(name, self._option_string_actions, 1)
        if near:
            raise UsageError(f"there is no option {name} (did you mean {near[0]}?)")
        self.error(f"there is no option {name}")


def _open_parser() -> _Parser:
    return _add_symbols(_Parser("", _OPEN_DESCRIPTION), "[SYMBOL ...]")


def _compare_parser() -> _Parser:
    return _add_symbols(_Parser("compare", _COMPARE_DESCRIPTION), "SYMBOL SYMBOL ...")


def _add_symbols(parser: _Parser, usage: str) -> _Parser:
    parser.usage = f"{parser.prog} [options] {usage}"
    what = parser.add_argument_group("what to show")
    what.add_argument("symbols", nargs="*", metavar="SYMBOL", help="BTCUSDT, or BINANCE:BTCUSDT")
    what.add_argument("--venue", metavar="NAME", help="the venue of symbols that name none")
    _add_timeframe(what)
    _add_look(parser)
    _add_market(parser.add_argument_group("the simulated market"))
    _add_debug(_add_common(parser))
    return parser


def _replay_parser() -> _Parser:
    parser = _Parser("replay", _REPLAY_DESCRIPTION)
    parser.usage = "tradetui replay [options] FILE"
    what = parser.add_argument_group("what to play")
    what.add_argument("file", type=Path, metavar="FILE", help="a recording, plain or gzip")
    what.add_argument(
        "--speed",
        type=read_speed,
        default=1.0,
        metavar="X",
        help="times real time, 0.1 to 100, or max",
    )
    what.add_argument(
        "--from",
        dest="start",
        type=read_start,
        default=Start(),
        metavar="T",
        help="seconds (90) or minutes (1:30) after the beginning, or a time in UTC (23:55:00, "
        "2024-08-08T23:55:00)",
    )
    _add_timeframe(what)
    _add_look(parser)
    _add_debug(_add_common(parser))
    return parser


def _sim_parser() -> _Parser:
    parser = _Parser("sim", _SIM_DESCRIPTION)
    parser.usage = "tradetui sim [options]"
    market = parser.add_argument_group("the simulated market")
    market.add_argument(
        "--port", type=read_whole(0, 65_535), default=0, metavar="N", help="default: any free one"
    )
    _add_market(market)
    _add_help(parser)
    return parser


def _config_parser() -> _Parser:
    parser = _Parser("config", _CONFIG_DESCRIPTION)
    parser.usage = "tradetui config [options]"
    _add_timeframe(parser.add_argument_group("what to show"))
    _add_look(parser)
    _add_common(parser)
    return parser


def _check_parser() -> _Parser:
    parser = _Parser("check-feed", _CHECK_DESCRIPTION)
    parser.usage = "tradetui check-feed [options] NAME [SYMBOL]"
    what = parser.add_argument_group("what to try")
    what.add_argument("name", metavar="NAME", help="of [feeds.NAME] in config.toml")
    what.add_argument("symbol", nargs="?", metavar="SYMBOL", help="default: the first it lists")
    what.add_argument(
        "--seconds", type=read_seconds, default=15.0, metavar="N", help="listen at most so long"
    )
    _add_common(parser)
    return parser


def _doctor_parser() -> _Parser:
    parser = _Parser("doctor", _DOCTOR_DESCRIPTION)
    parser.usage = "tradetui doctor [options]"
    _add_look(parser)
    _add_common(parser)
    return parser


def _web_parser() -> _Parser:
    parser = _Parser("serve-web", _WEB_DESCRIPTION)
    parser.usage = "tradetui serve-web [options] [-- ARGUMENT ...]"
    where = parser.add_argument_group("where to serve it")
    where.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="default: this machine only"
    )
    where.add_argument("--port", type=read_whole(1, 65_535), metavar="N", help="default: 8000")
    where.add_argument(
        "--public-url", metavar="URL", help="how browsers reach it, behind a proxy of yours"
    )
    _add_help(parser)
    return parser


_PARSERS: Final[dict[str, Callable[[], _Parser]]] = {
    "": _open_parser,
    "compare": _compare_parser,
    "replay": _replay_parser,
    "sim": _sim_parser,
    "config": _config_parser,
    "check-feed": _check_parser,
    "doctor": _doctor_parser,
    "serve-web": _web_parser,
}
_OPTIONS_WITH_VALUE: Final = frozenset(
    (
        "--venue",
        "--timeframe",
        "-t",
        "--config",
        "--theme",
        "--grid",
        "--fps",
        "--glyphs",
        "--colours",
        "--colors",
        "--background",
        "--synchronised",
        "--multiplexer",
        "--seconds",
    )
)


def _split_command(argv: list[str]) -> tuple[str, list[str]]:
    """The command, which may stand behind options, and everything else."""
    skip = False
    for index, word in enumerate(argv):
        if skip:
            skip = False
        elif word in COMMANDS:
            return word, argv[:index] + argv[index + 1 :]
        elif word == "--" or not word.startswith("-"):
            break
        else:
            skip = word in _OPTIONS_WITH_VALUE
    return "", argv


# argparse's own type of what takes arguments is private.
_Target = Any


def _add_timeframe(target: _Target) -> None:
    target.add_argument(
        "--timeframe",
        "-t",
        type=read_setting("timeframe"),
        metavar="T",
        help="1m, 15m, 4h, 1d, 1w, 1M",
    )


def _add_look(parser: _Parser) -> None:
    look = parser.add_argument_group("how to show it")
    look.add_argument("--theme", metavar="NAME", help="dark, light, high-contrast, ..., or auto")
    look.add_argument(
        "--grid", type=read_setting("grid"), metavar="N", help="panels: 1, 2, 4, 6 or 9"
    )
    look.add_argument(
        "--fps",
        dest="frame_rate",
        type=read_setting("frame_rate"),
        metavar="N",
        help="paintings a second at most, 1 to 30",
    )
    look.add_argument(
        "--glyphs",
        type=read_setting("glyphs"),
        metavar="SET",
        help="auto, eighths, halves, braille or ascii",
    )
    look.add_argument(
        "--colours",
        "--colors",
        type=read_setting("colours"),
        metavar="DEPTH",
        help="auto, truecolor, 256, 16 or none",
    )
    look.add_argument(
        "--low-bandwidth",
        dest="low_bandwidth",
        action="store_const",
        const="on",
        help="for slow links: fewer frames, fewer colours, no grid",
    )
    for name, mouse, meaning in (
        ("--mouse", True, "take the mouse, also where that costs a key"),
        ("--no-mouse", False, "leave the mouse to the terminal"),
    ):
        look.add_argument(name, dest="mouse", action="store_const", const=mouse, help=meaning)
    _add_terminal(parser)


def _add_terminal(parser: _Parser) -> None:
    terminal = parser.add_argument_group("what the terminal is taken for; tradetui doctor tells")
    for name, metavar, meaning in (
        ("background", "KIND", "auto, dark or light; --theme auto goes by it"),
        ("synchronised", "WHEN", "auto, on or off: frames that are shown at once"),
        ("multiplexer", "NAME", "auto, none, tmux or screen"),
    ):
        terminal.add_argument(f"--{name}", type=read_setting(name), metavar=metavar, help=meaning)
    for name, meaning in (
        ("bracketed-paste", "do not have the terminal mark what is pasted"),
        ("clipboard", "keep what is copied from the terminal's clipboard"),
        ("passthrough", "pass nothing through tmux or screen"),
    ):
        terminal.add_argument(
            f"--no-{name}",
            dest=name.replace("-", "_"),
            action="store_const",
            const=False,
            help=meaning,
        )


def _add_market(target: _Target) -> None:
    target.add_argument(
        "--seed", type=read_whole(0, 2**63 - 1), metavar="N", help="the same seed, the same market"
    )
    target.add_argument(
        "--regime",
        type=read_regime,
        metavar="MOOD",
        help="auto, quiet, normal, busy or crash",
    )


def _add_common(parser: _Parser) -> _Target:
    group = _add_help(parser)
    group.add_argument("--config", type=Path, metavar="FILE", help="settings to read")
    return group


def _add_debug(group: _Target) -> None:
    group.add_argument(
        "--debug", action="store_true", help="write down what connections do, secrets left out"
    )


def _add_help(parser: _Parser) -> _Target:
    group = parser.add_argument_group("and")
    group.add_argument("--help", "-h", action="help", help="show this and exit")
    group.add_argument(
        "--version",
        action="version",
        version=f"tradetui {__version__}",
        help="show the version and exit",
    )
    return group
