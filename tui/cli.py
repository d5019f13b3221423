"""The command `tradetui`: reads the command line, runs what it asks for, gives the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.arguments import Arguments, UsageError, parse_arguments

if TYPE_CHECKING:
    from tui.launch import Launch

# Modules of ours are imported where they are needed: --help and --version must answer at once.

OK: Final = 0
FAILED: Final = 1
WRONG_ARGUMENTS: Final = 2
INTERRUPTED: Final = 130
_LONGEST_LINE: Final = 600


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit code: 0, 1 for a failure, 2 for wrong arguments or settings, 130 for Ctrl+C.
    """
    commands: dict[str, Callable[[Arguments], int]] = {
        "": _run_app,
        "replay": _run_app,
        "compare": _run_app,
        "sim": _run_sim,
        "config": _print_config,
        "check-feed": _check_feed,
        "doctor": _doctor,
        "serve-web": _serve_web,
    }
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
        return commands[arguments.command](arguments)
    except UsageError as error:
        return _complain(str(error), WRONG_ARGUMENTS)
    except SystemExit:  # --help and --version have answered
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left. Python would complain of it once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _run_app(arguments: Arguments) -> int:
    from tui.model.errors import RecordingError, TradeTuiError
    from tui.planning import plan_launch, prepare_textual
    from tui.terminal.detection import is_dumb

    try:
        launch = plan_launch(arguments)
    except TradeTuiError as error:
        return _complain(str(error), WRONG_ARGUMENTS)
    if not _has_terminal():
        return _complain(
            "this needs a terminal, but its input or output is redirected", WRONG_ARGUMENTS
        )
    if is_dumb(os.environ):
        return _complain(
            f"TERM is {os.environ['TERM']}, which means that nothing can be drawn here; where that is "
            "wrong, set it to what the terminal is: TERM=xterm-256color tradetui",
            WRONG_ARGUMENTS,
        )
    launch = _fit_to_terminal(launch)
    prepare_textual(launch.settings.frame_rate)
    try:
        return _start(launch)
    except RecordingError as error:  # a fault far inside the file, or a start behind its end
        return _complain(str(error), WRONG_ARGUMENTS)
    except TradeTuiError as error:
        return _complain(str(error), FAILED)


def _fit_to_terminal(launch: Launch) -> Launch:
    """Settle what was left to the terminal: the number of colours, and the theme."""
    import msgspec

    from tui.config import Colours
    from tui.doctor import choose_theme
    from tui.terminal.detection import choose_colours, taken_for

    settings = launch.settings
    environment = taken_for(os.environ, settings.multiplexer)
    if not os.environ.get("TEXTUAL_COLOR_SYSTEM") or settings.colours is not Colours.AUTO:
        depth = choose_colours(settings.colours, environment).value
        settings = msgspec.structs.replace(settings, colours=Colours(depth))
        if depth == Colours.NONE:
            # Textual would paint greys instead, in full colour depth.
            os.environ.pop("NO_COLOR", None)
    theme = choose_theme(settings, environment).value
    settings = msgspec.structs.replace(settings, theme=theme)
    return msgspec.structs.replace(launch, settings=settings)


def _has_terminal() -> bool:
    if os.environ.get("TEXTUAL_DRIVER"):  # a browser has the place of the terminal
        return True
    # The screen is drawn on the standard error, as Textual does it.
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return all(stream is not None and stream.isatty() for stream in streams)


def _start(launch: Launch) -> int:
    from tui.launch import Mode

    sim = None
    if launch.mode is Mode.SIM:
        from tui.sim.process import start_sim

        # Before Textual is imported, so that both start at the same time.
        sim = start_sim(seed=launch.sim.seed, regime=launch.sim.regime)
    try:
        from tui.app import run

        return run(launch, sim)
    finally:
        if sim is not None:
            sim.stop()


def _print_config(arguments: Arguments) -> int:
    from tui import __version__, locations
    from tui.config import describe_settings
    from tui.model.errors import TradeTuiError
    from tui.planning import read_plan

    try:
        plan = read_plan(arguments)
    except TradeTuiError as error:
        return _complain(str(error), WRONG_ARGUMENTS)
    file = arguments.config or locations.config_file()
    note = "" if file.exists() else " (not there: everything is default)"
    lines = [
        f"# tradetui {__version__}",
        f"# settings  {file}{note}",
        f"# themes    {locations.user_themes_dir()}",
        f"# state     {locations.state_file()}",
        f"# log       {locations.log_file()}",
        f"# debug     {locations.debug_file()}",
        *(f"# problem   {_one_line(problem)}" for problem in plan.problems),
        "",
        describe_settings(plan.loaded).rstrip(),
    ]
    print("\n".join(lines), flush=True)
    return OK


def _check_feed(arguments: Arguments) -> int:
    import asyncio

    from tui.check_feed import check_feed
    from tui.model.errors import TradeTuiError
    from tui.planning import read_plan

    def write(line: str) -> None:
        print(line, flush=True)

    try:
        settings = read_plan(arguments).loaded.settings
        is_good = asyncio.run(
            check_feed(
                arguments.name,
                arguments.symbol,
                settings,
                write=write,
                seconds=arguments.seconds,
            )
        )
    except TradeTuiError as error:
        return _complain(str(error), WRONG_ARGUMENTS)
    return OK if is_good else FAILED


def _doctor(arguments: Arguments) -> int:
    from tui.doctor import examine
    from tui.model.errors import TradeTuiError
    from tui.planning import read_plan

    try:
        settings = read_plan(arguments).loaded.settings
    except TradeTuiError as error:
        return _complain(str(error), WRONG_ARGUMENTS)
    print("\n".join(examine(settings, os.environ)), flush=True)
    return OK


def _serve_web(arguments: Arguments) -> int:
    from tui.model.errors import TradeTuiError
    from tui.web import serve_web

    try:
        serve_web(arguments)
    except TradeTuiError as error:
        return _complain(str(error), FAILED)
    return OK


def _run_sim(arguments: Arguments) -> int:
    import asyncio

    from tui.launch import Sim
    from tui.sim.__main__ import serve

    market = Sim.chosen(arguments.seed, arguments.regime)
    if sys.stderr.isatty():
        sys.stderr.write("tradetui: the simulated market, until Ctrl+C\n")
    try:
        asyncio.run(
            serve(port=arguments.port, seed=market.seed, regime=market.regime, watch_stdin=False)
        )
    except OSError as error:
        reason = error.strerror or str(error)
        return _complain(f"port {arguments.port} of 127.0.0.1 cannot be had: {reason}", FAILED)
    return OK


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"tradetui: {_one_line(text)}\n")
    return code


def _one_line(text: str) -> str:
    from tui.model.text import clean

    return clean(text, _LONGEST_LINE)
