"""Asks tmux about itself and about the terminal around it."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

_PATIENCE_S: Final = 2


def ask_option(name: str) -> str:
    """Return the value of tmux's option; "" where tmux cannot be asked."""
    return _ask("show-options", "-gqv", name) or _ask("show-options", "-sqv", name)


def passes_utf8() -> bool:
    """Tell whether tmux shows more than ASCII on the terminal around it; True where it cannot tell."""
    return _ask("display-message", "-p", "#{client_utf8}") != "0"


def _ask(*words: str) -> str:
    tmux = shutil.which("tmux")
    if tmux is None:
        return ""
    try:
        return subprocess.run(
            [tmux, *words], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
