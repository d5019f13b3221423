"""Serving browsers: what is started for each, who can reach it, and what is said of both."""

from __future__ import annotations

import builtins
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tui import cli, planning, web
from tui.arguments import parse_arguments


class Served:
    """Stands for textual-serve; holds what it was started with."""

    def __init__(self, command: str, **options: object) -> None:
        Served.command, Served.options = command, options

    command = ""
    options: dict[str, object] = {}  # noqa: RUF012

    def serve(self) -> None:
        pass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> type[Served]:
    for name in ("TERM", "TMUX", "STY", "NO_COLOR", "COLORTERM", "COLORFGBG"):
        monkeypatch.setenv(name, "dumb")  # and put back when the test is over
    monkeypatch.setitem(sys.modules, "textual_serve", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "textual_serve.server", SimpleNamespace(Server=Served))
    return Served


def test_each_visitor_gets_a_run_with_the_words_behind_the_dashes(
    served: type[Served], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve-web", "--port", "8123", "--", "BINANCE:BTCUSDT", "--grid", "1"]) == 0

    assert served.command == f"{sys.executable} -m tui BINANCE:BTCUSDT --grid 1"
    assert (served.options["host"], served.options["port"]) == ("127.0.0.1", 8123)
    assert capsys.readouterr().err == ""


def test_the_runs_hear_nothing_of_the_terminal_that_it_was_started_in(
    served: type[Served],
) -> None:
    cli.main(["serve-web"])

    assert os.environ["TERM"] == "xterm-256color"
    assert not {"TMUX", "STY", "NO_COLOR", "COLORTERM", "COLORFGBG"} & os.environ.keys()


def test_who_serves_to_others_is_warned(
    served: type[Served], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["serve-web", "--host", "0.0.0.0"])

    warning = capsys.readouterr().err
    assert "0.0.0.0:8000" in warning
    assert "no password" in warning


def test_what_is_missing_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("textual_serve"):
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)

    assert cli.main(["serve-web"]) == 1
    assert capsys.readouterr().err == (
        "tradetui: serve-web needs textual-serve, which is not installed "
        "(pip install 'tradetui[web]')\n"
    )


def test_a_port_that_is_taken_is_one_line(
    served: type[Served], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(self: Served) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(served, "serve", refuse)

    assert cli.main(["serve-web"]) == 1
    assert "127.0.0.1:8000 cannot be had: Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("example.org", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, is_here: bool) -> None:
    assert web.is_loopback(host) is is_here


def test_words_for_the_command_itself_stay_with_it() -> None:
    arguments = parse_arguments(["serve-web", "--public-url", "https://x.example", "--", "--debug"])

    assert arguments.public_url == "https://x.example"
    assert arguments.handed_on == ["--debug"]
    assert arguments.debug is False


def test_a_browser_has_the_place_of_the_terminal_and_tells_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    monkeypatch.setenv("COLUMNS", "155")
    for name in ("TEXTUAL_FPS", "TEXTUAL_ANIMATIONS"):
        monkeypatch.setenv(name, "x")

    planning.prepare_textual()

    assert cli._has_terminal()
    assert os.environ["COLUMNS"] == "155"
