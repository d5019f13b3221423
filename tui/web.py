"""`tradetui serve-web`: the program in browsers, through textual-serve, a run for each visitor."""

from __future__ import annotations

import ipaddress
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress

from tui.arguments import Arguments
from tui.model.errors import TradeTuiError

_PORT = 8000
_MISSING = "serve-web needs textual-serve, which is not installed"
_REMEDY = "pip install 'tradetui[web]'"
_OF_TERMINAL = ("COLORTERM", "COLORFGBG", "NO_COLOR", "STY", "TMUX")
_EXPOSED = (
    "tradetui: whoever reaches {where} can use this program as you: there is no password. Put a proxy "
    "that asks for one before it, or leave --host out.\n"
)


def serve_web(arguments: Arguments) -> None:
    """Serve until Ctrl+C.

    Raises:
        TradeTuiError: textual-serve is missing, or the port cannot be had.
    """
    try:
        from textual_serve.server import Server
    except ImportError:
        raise TradeTuiError(_MISSING, _REMEDY) from None
    host, port = arguments.host, arguments.port or _PORT
    if not is_loopback(host):
        sys.stderr.write(_EXPOSED.format(where=f"{host}:{port}"))
    _forget_terminal()
    server = Server(
        command(arguments.handed_on),
        host=host,
        port=port,
        title="tradetui",
        public_url=arguments.public_url,
    )
    try:
        server.serve()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TradeTuiError(
            f"{host}:{port} cannot be had: {reason}", "choose another --port"
        ) from None


def command(handed_on: Sequence[str]) -> str:
    """Return the command line of one visitor's run."""
    return shlex.join([sys.executable, "-m", "tui", *handed_on])


def _forget_terminal() -> None:
    """Say nothing to the runs of the terminal that we were started in: a browser has its place."""
    for name in _OF_TERMINAL:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
